package io.narthex.http.access;

import io.narthex.http.access.Sessions.Session;
import io.narthex.http.access.Tokens.Token;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AccessConfig.Role;
import io.narthex.service.metrics.Metrics;
import io.narthex.spi.config.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out who sends a request: by a token, a password of the web configuration, or the session of
 * a browser. Thread-safe.
 */
public final class Logins implements AutoCloseable {
  /** The cookie of sessions. */
  static final String COOKIE = "narthex_session";

  /** The header in which requests of browsers name the CSRF token of their session. */
  public static final String CSRF = "X-Narthex-Csrf";

  private static final Logger LOG = LoggerFactory.getLogger(Logins.class);
  private static final int MAX_COOKIE = 128;

  /** Limits log lines about wrong tokens and passwords. */
  private static final WebConfig.RateLimit LINES =
      new WebConfig.RateLimit(Duration.ofSeconds(10), 5);

  private final Supplier<? extends Collection<WebConfigFile>> files;
  private final AdminToken admin;
  private final Tokens tokens;
  private final Supplier<AccessConfig> config;
  private final Passwords passwords = new Passwords();
  private final Sessions sessions = new Sessions(System::nanoTime);
  private final RateLimiter lines = new RateLimiter();
  private final LoginThrottle throttle = new LoginThrottle(System::nanoTime);
  private final Metrics.Counter failed;
  private volatile AccessConfig checked = AccessConfig.DEFAULT;

  /**
   * Creates one; {@code config} is asked for each request.
   *
   * @param files the web configurations of all listeners
   */
  public Logins(
      Supplier<? extends Collection<WebConfigFile>> files,
      AdminToken admin,
      Tokens tokens,
      Supplier<AccessConfig> config,
      Metrics metrics) {
    this.files = files;
    this.admin = admin;
    this.tokens = tokens;
    this.config = config;
    failed =
        metrics.counter(
            "narthex_http_logins_failed_total",
            "Requests and logins with a token or password that is none, by its kind.",
            "kind");
  }

  /** What the headers of a request say about its sender. */
  enum State {
    /** It has no token, password or session. */
    NONE,
    /** Its sender is known. */
    DONE,
    /** Its token or password is wrong. */
    WRONG,
    /** Too many passwords are being compared. */
    BUSY
  }

  /** The sender of a request, and its session, if any. */
  record Found(State state, @Nullable Identity identity, @Nullable Session session) {
    private static final Found NOBODY = new Found(State.NONE, null, null);
    private static final Found WRONG = new Found(State.WRONG, null, null);
  }

  /** Returns the policy in effect. */
  AccessConfig config() {
    AccessConfig now = config.get();
    if (checked != now) {
      checked = now;
      Set<String> unknown = new TreeSet<>(now.users().keySet());
      files.get().forEach(f -> unknown.removeAll(f.current().basicAuthUsers().keySet()));
      if (!unknown.isEmpty()) {
        LOG.warn(
            "access.users of narthex.yml names {}, not in basic_auth_users of --web.config.file",
            String.join(", ", unknown));
      }
    }
    return now;
  }

  /** Returns the policy in effect at a listener. */
  AccessPolicy policy(ListenerAccess listener) {
    return listener.policy(config());
  }

  /** Returns the users of a listener with the hashes of their passwords. */
  private static Map<String, Secret> users(ListenerAccess listener) {
    return listener.file().current().basicAuthUsers();
  }

  /** Logs a wrong token or password; rate-limited, so that a flood does not fill the disk. */
  void wrong(String peer) {
    if (lines.allows(LINES, System.nanoTime())) {
      LOG.warn(
          "a token or password from {} is wrong or has expired;"
              + " narthex_http_logins_failed_total counts all",
          peer);
    }
  }

  /** Finds out who sends a request by its headers. */
  Found find(ListenerAccess listener, @Nullable String authorization, List<String> cookies) {
    if (authorization != null && authorization.regionMatches(true, 0, "Bearer ", 0, 7)) {
      Identity identity = token(authorization.substring(7).strip());
      return identity == null ? Found.WRONG : new Found(State.DONE, identity, null);
    }
    Map<String, Secret> users = users(listener);
    if (authorization != null
        && !users.isEmpty()
        && authorization.regionMatches(true, 0, "Basic ", 0, 6)) {
      return basic(listener, users, authorization.substring(6).strip());
    }
    String cookie = cookie(cookies);
    Session session = cookie == null ? null : sessions.find(cookie, config().sessions());
    Identity identity = session == null ? null : session.identity(listener);
    return identity == null ? Found.NOBODY : new Found(State.DONE, identity, session);
  }

  private Found basic(ListenerAccess listener, Map<String, Secret> users, String encoded) {
    String pair;
    try {
      pair = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return Found.WRONG;
    }
    int colon = pair.indexOf(':');
    if (colon < 0) {
      return Found.WRONG;
    }
    String user = pair.substring(0, colon);
    return switch (passwords.check(users, user, pair.substring(colon + 1))) {
      case RIGHT -> new Found(State.DONE, policy(listener).user(user), null);
      case WRONG -> {
        failed.with("password").inc();
        yield Found.WRONG;
      }
      case BUSY -> new Found(State.BUSY, null, null);
    };
  }

  /** Returns the identity of a token, or null. */
  private @Nullable Identity token(String text) {
    Token found = tokens.find(text);
    if (found != null) {
      return new Identity(found.name(), found.role(), true);
    }
    try {
      if (admin.matches(text)) {
        return admin();
      }
    } catch (IOException e) {
      LOG.error("the admin token cannot be read: {}", e.toString());
    }
    failed.with("token").inc();
    return null;
  }

  private static Identity admin() {
    return new Identity(AdminToken.NAME, Role.ADMIN, true);
  }

  /** Returns the content of the cookie of sessions, or null. */
  static @Nullable String cookie(List<String> headers) {
    for (String header : headers) {
      int at = 0;
      while (at < header.length()) {
        int end = header.indexOf(';', at);
        end = end < 0 ? header.length() : end;
        String pair = header.substring(at, end).strip();
        if (pair.startsWith(COOKIE + "=") && pair.length() <= MAX_COOKIE) {
          return pair.substring(COOKIE.length() + 1);
        }
        at = end + 1;
      }
    }
    return null;
  }

  /**
   * How a login of a browser ended.
   *
   * @param status HTTP status
   * @param text why it failed; empty when it did not
   * @param cookie content of the cookie; empty when it failed
   * @param retrySeconds after how long another attempt may be made; 0 for at once
   */
  public record Login(int status, String text, String cookie, long retrySeconds) {
    private static Login refused(int status, String text) {
      return new Login(status, text, "", 0);
    }
  }

  /**
   * Logs a user of a listener in. The session counts at those listeners that have the same user
   * with the same password.
   */
  public Login password(ListenerAccess listener, String peer, String user, String password) {
    Map<String, Secret> users = users(listener);
    long wait = throttle.attempt(peer, user);
    if (wait > 0) {
      return waiting(wait);
    }
    switch (passwords.check(users, user, password)) {
      case WRONG -> {
        failed.with("password").inc();
        wrong(peer);
        return Login.refused(401, "user or password is wrong");
      }
      case BUSY -> {
        throttle.notMade(peer, user);
        return waiting(1);
      }
      case RIGHT -> throttle.succeeded(peer, user);
    }
    Secret hash = users.get(user);
    return open(
        peer,
        policy(listener).user(user),
        at -> {
          Secret now = users(at).get(user);
          return now != null && hash != null && now.reveal().equals(hash.reveal())
              ? policy(at).user(user)
              : null;
        });
  }

  private static Login waiting(long seconds) {
    return new Login(429, "too many failed logins; wait " + seconds + " s", "", seconds);
  }

  /** Logs in with a token; the session ends with the token. */
  public Login token(String peer, String text) {
    long wait = throttle.attempt(peer, "");
    if (wait > 0) {
      return waiting(wait);
    }
    Identity identity = token(text.strip());
    if (identity == null) {
      wrong(peer);
      return Login.refused(401, "the token is not valid on this server, or has expired");
    }
    throttle.succeeded(peer, "");
    Token found = tokens.find(text.strip());
    if (found != null) {
      return open(peer, identity, at -> tokens.present(found.id()) == null ? null : identity);
    }
    String digest = digest();
    return open(peer, identity, at -> digest.equals(digest()) ? identity : null);
  }

  private String digest() {
    try {
      return admin.digest();
    } catch (IOException e) {
      return Digests.random(); // equals no other digest
    }
  }

  /** Opens a session for an authenticated user. */
  Login open(String peer, Identity who, Function<ListenerAccess, @Nullable Identity> later) {
    if (who.role() == null && who.strict()) {
      return Login.refused(403, who.refusal(Permission.READ));
    }
    if (!new AccessPolicy(config(), null).roleFrom(who.role(), peer)) {
      return Login.refused(403, "access.networks lets nobody with this role in from " + peer);
    }
    LOG.info("{} has logged in from {}", who.name(), peer);
    return new Login(200, "", sessions.open(who.name(), later), 0);
  }

  /** Ends the session of a request. */
  public void logout(List<String> cookies) {
    String cookie = cookie(cookies);
    if (cookie != null) {
      sessions.close(cookie);
    }
  }

  /** Returns the CSRF token of the session of a request, or null when there is none. */
  public @Nullable String csrf(List<String> cookies) {
    String cookie = cookie(cookies);
    Session session = cookie == null ? null : sessions.find(cookie, config().sessions());
    return session == null ? null : session.csrf();
  }

  /**
   * Returns the header that sets the cookie of sessions.
   *
   * @param value empty to delete it
   * @param prefix prefix of all routes, empty or {@code /x}
   */
  public static String setCookie(String value, String prefix, boolean secure) {
    return COOKIE
        + "="
        + value
        + "; Path="
        + (prefix.isEmpty() ? "/" : prefix)
        + "; HttpOnly; SameSite=Strict"
        + (secure ? "; Secure" : "")
        + (value.isEmpty() ? "; Max-Age=0" : "");
  }

  /** Returns whether everything needs a login. */
  public boolean strict(ListenerAccess listener) {
    return policy(listener).strict();
  }

  /** Returns whether there are users with passwords. */
  public boolean hasUsers(ListenerAccess listener) {
    return !users(listener).isEmpty();
  }

  @Override
  public void close() {
    passwords.close();
    tokens.flush();
  }
}
