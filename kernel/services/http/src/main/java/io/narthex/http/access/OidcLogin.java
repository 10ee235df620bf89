package io.narthex.http.access;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.model.go.GoUrl;
import io.narthex.service.config.AccessConfig.Oidc;
import io.narthex.service.config.AccessConfig.Role;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Login at an OpenID provider: authorisation code with PKCE, state and nonce. A login that has
 * begun is bound to the browser by a cookie and can be completed once. Requests to the provider are
 * bounded in size, time and number. Thread-safe.
 */
public final class OidcLogin {
  /** The cookie that binds a login to a browser. */
  public static final String COOKIE = "narthex_oidc";

  private static final Logger LOG = LoggerFactory.getLogger(OidcLogin.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int MAX_ANSWER = 1 << 20;
  private static final int MAX_PENDING = 5000;
  private static final int MAX_PARAMETER = 8192;
  private static final int MAX_NEXT = 1000;
  private static final long PENDING_MILLIS = Duration.ofMinutes(10).toMillis();
  private static final long KEPT_MILLIS = Duration.ofHours(1).toMillis();
  private static final long AGAIN_MILLIS = Duration.ofSeconds(30).toMillis();
  private static final List<Role> BEST_FIRST =
      List.of(Role.ADMIN, Role.OPERATOR, Role.PLUGIN_ADMIN, Role.VIEWER);

  private final HttpTransport http;
  private final Logins logins;
  private final GoUrl externalUrl;
  private final Clock clock;
  private final Semaphore exchanges = new Semaphore(8);
  private final Map<String, Pending> pending = new LinkedHashMap<>() { // guarded by itself
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Pending> eldest) {
          return size() > MAX_PENDING;
        }
      };
  private @Nullable Provider provider; // guarded by this

  /** Creates one. */
  public OidcLogin(HttpTransport http, Logins logins, GoUrl externalUrl, Clock clock) {
    this.http = http;
    this.logins = logins;
    this.externalUrl = externalUrl;
    this.clock = clock;
  }

  /** A login that has begun. */
  private record Pending(
      Oidc oidc, String browser, String nonce, String verifier, String next, long sinceMs) {}

  /** The metadata of the provider. */
  private record Provider(Oidc oidc, JsonNode document, JsonNode keys, long readMs) {}

  /** A login that failed; the message is for users. */
  public static final class Failed extends Exception {
    private static final long serialVersionUID = 1;
    private final int status;

    Failed(int status, String message) {
      super(message);
      this.status = status;
    }

    /** Returns the HTTP status. */
    public int status() {
      return status;
    }
  }

  /** Where to send the browser, and the content of its cookie. */
  public record Begun(String location, String cookie) {}

  /** How a login ended, and the page to go to after it. */
  public record Ended(Logins.Login login, String next) {}

  private Oidc configured() throws Failed {
    Oidc oidc = logins.config().oidc();
    if (oidc == null) {
      throw new Failed(404, "access.oidc of narthex.yml names no provider");
    }
    return oidc;
  }

  /** Returns whether a provider is configured. */
  public boolean isConfigured() {
    return logins.config().oidc() != null;
  }

  private String callback() {
    return externalUrl + "/narthex/api/v1/oidc/callback";
  }

  /** Returns a page of this server, without leading slash, so that it cannot name another host. */
  private static String ownPage(@Nullable String next) {
    return next != null
            && next.length() <= MAX_NEXT
            && next.matches(
                "[A-Za-z0-9][A-Za-z0-9._~!$&*+,;=@%/-]*(\\?[A-Za-z0-9._~!$&*+,;=:@%?/-]*)?")
            && !next.startsWith("login")
        ? next
        : "query";
  }

  /** Begins a login. */
  public Begun begin(@Nullable String next) throws Failed, InterruptedException {
    Oidc oidc = configured();
    if (!exchanges.tryAcquire()) {
      throw new Failed(503, "too many logins at a time; log in once more");
    }
    GoUrl endpoint;
    try {
      endpoint = endpoint(provider(oidc, false), "authorization_endpoint");
    } finally {
      exchanges.release();
    }
    String state = Digests.random();
    String browser = Digests.random();
    Pending login =
        new Pending(
            oidc, browser, Digests.random(), Digests.random(), ownPage(next), clock.millis());
    synchronized (pending) {
      pending.put(Digests.sha256Hex(state), login);
    }
    StringBuilder scopes = new StringBuilder("openid");
    oidc.scopes().stream()
        .filter(s -> !s.equals("openid"))
        .forEach(s -> scopes.append(' ').append(s));
    Map<String, String> query = new LinkedHashMap<>();
    query.put("response_type", "code");
    query.put("client_id", oidc.clientId());
    query.put("redirect_uri", callback());
    query.put("scope", scopes.toString());
    query.put("state", state);
    query.put("nonce", login.nonce());
    query.put(
        "code_challenge",
        Base64.getUrlEncoder().withoutPadding().encodeToString(Digests.sha256(login.verifier())));
    query.put("code_challenge_method", "S256");
    String separator = endpoint.query().isEmpty() ? "?" : "&";
    return new Begun(endpoint + separator + form(query), browser);
  }

  private static String form(Map<String, String> parameters) {
    StringBuilder b = new StringBuilder();
    parameters.forEach((name, value) ->
        b.append(b.isEmpty() ? "" : "&").append(name).append('=').append(encoded(value)));
    return b.toString();
  }

  private static String encoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  /**
   * Ends a login with the parameters of the provider's redirect.
   *
   * @param browser content of the browser's cookie, or null
   */
  public Ended end(
      String peer,
      @Nullable String browser,
      @Nullable String state,
      @Nullable String code,
      @Nullable String error)
      throws Failed, InterruptedException {
    Oidc oidc = configured();
    Pending login = null;
    if (state != null && state.length() <= MAX_PARAMETER) {
      synchronized (pending) {
        login = pending.remove(Digests.sha256Hex(state));
      }
    }
    if (login == null
        || browser == null
        || !Digests.same(login.browser(), browser)
        || !login.oidc().equals(oidc)
        || clock.millis() - login.sinceMs() > PENDING_MILLIS) {
      throw new Failed(400, "this login was not begun here, or is too old; log in once more");
    }
    if (error != null || code == null || code.isEmpty() || code.length() > MAX_PARAMETER) {
      LOG.info("the OpenID provider refused a login: {}", word(error));
      throw new Failed(403, "the provider refused the login: " + word(error));
    }
    if (!exchanges.tryAcquire()) {
      throw new Failed(503, "too many logins at a time; log in once more");
    }
    try {
      return new Ended(logIn(peer, oidc, login, code), login.next());
    } catch (IdToken.Invalid e) {
      LOG.warn("a login by OpenID failed: {}", e.getMessage());
      throw new Failed(403, String.valueOf(e.getMessage()));
    } finally {
      exchanges.release();
    }
  }

  /** Returns an error code of the protocol; other strings are not repeated. */
  private static String word(@Nullable String error) {
    return error != null && error.matches("[a-z_]{1,60}") ? error : "no code was sent";
  }

  private Logins.Login logIn(String peer, Oidc oidc, Pending login, String code)
      throws Failed, IdToken.Invalid, InterruptedException {
    Provider known = provider(oidc, false);
    IdToken token = IdToken.parse(idToken(oidc, known, login, code));
    if (!token.knownAlgorithm()) {
      throw new IdToken.Invalid("the ID token must be signed with RS256 or ES256");
    }
    JsonNode key = token.key(known.keys());
    if (key == null) {
      key = token.key(provider(oidc, true).keys()); // the provider may have rotated its keys
    }
    if (key == null) {
      throw new IdToken.Invalid("the ID token is signed with a key the provider does not name");
    }
    token.verify(key);
    JsonNode claims = token.check(oidc, login.nonce(), clock.instant().getEpochSecond());
    JsonNode named = claims.path(oidc.nameClaim());
    String name = named.isTextual() ? named.asText() : claims.path("sub").asText();
    if (!name.matches("[^\\p{Cntrl}\\p{Cf}]{1,200}")) {
      throw new IdToken.Invalid("the claim " + oidc.nameClaim() + " is no name");
    }
    Role role = role(oidc, claims.path(oidc.roleClaim()));
    if (role == null) {
      throw new Failed(
          403, "access.oidc.roles gives no role for what " + oidc.roleClaim() + " says of you");
    }
    Identity identity = new Identity("oidc:" + name, role, true);
    return logins.open(peer, identity, at -> oidc.equals(logins.config().oidc()) ? identity : null);
  }

  private static @Nullable Role role(Oidc oidc, JsonNode claim) {
    java.util.Set<Role> given = java.util.EnumSet.noneOf(Role.class);
    Map<String, Role> roles = new HashMap<>(oidc.roles());
    if (claim.isTextual() && roles.containsKey(claim.asText())) {
      given.add(roles.get(claim.asText()));
    }
    if (claim.isArray()) {
      for (JsonNode one : claim) {
        Role role = one.isTextual() ? roles.get(one.asText()) : null;
        if (role != null) {
          given.add(role);
        }
      }
    }
    return BEST_FIRST.stream().filter(given::contains).findFirst().orElse(null);
  }

  private String idToken(Oidc oidc, Provider known, Pending login, String code)
      throws Failed, IdToken.Invalid, InterruptedException {
    Map<String, String> form = new LinkedHashMap<>();
    form.put("grant_type", "authorization_code");
    form.put("code", code);
    form.put("redirect_uri", callback());
    form.put("client_id", oidc.clientId());
    form.put("code_verifier", login.verifier());
    Map<String, String> headers = new HashMap<>();
    headers.put("Content-Type", "application/x-www-form-urlencoded");
    headers.put("Accept", "application/json");
    String secret = secret(oidc);
    if (!secret.isEmpty()) {
      if (byPost(known.document())) {
        form.put("client_secret", secret);
      } else {
        String pair = encoded(oidc.clientId()) + ":" + encoded(secret);
        headers.put(
            "Authorization",
            "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
      }
    }
    GoUrl url = endpoint(known, "token_endpoint");
    byte[] body = form(form).getBytes(StandardCharsets.UTF_8);
    JsonNode answer =
        IdToken.json(ask(oidc, new Request("POST", url, headers, body, TIMEOUT, null)));
    return answer.path("id_token").asText();
  }

  private static boolean byPost(JsonNode document) {
    boolean basic = false;
    boolean post = false;
    for (JsonNode method : document.path("token_endpoint_auth_methods_supported")) {
      basic |= method.asText().equals("client_secret_basic");
      post |= method.asText().equals("client_secret_post");
    }
    return post && !basic;
  }

  private static String secret(Oidc oidc) throws Failed {
    if (oidc.clientSecretFile().isEmpty()) {
      return oidc.clientSecret() == null ? "" : oidc.clientSecret().reveal();
    }
    try (InputStream in = Files.newInputStream(Path.of(oidc.clientSecretFile()))) {
      return new String(in.readNBytes(4096), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      LOG.error("access.oidc.client_secret_file cannot be read: {}", e.toString());
      throw new Failed(500, "the client secret cannot be read; the log says why");
    }
  }

  /** Returns the metadata of the provider, read again when it is old or keys have changed. */
  private synchronized Provider provider(Oidc oidc, boolean keysChanged)
      throws Failed, InterruptedException {
    Provider known = provider;
    long now = clock.millis();
    if (known != null && known.oidc().equals(oidc)) {
      long age = now - known.readMs();
      if (age >= 0 && age < (keysChanged ? AGAIN_MILLIS : KEPT_MILLIS)) {
        return known;
      }
    }
    try {
      String issuer = oidc.issuer().replaceFirst("/$", "");
      GoUrl where = GoUrl.parse(issuer + "/.well-known/openid-configuration");
      JsonNode document = IdToken.json(ask(oidc, Request.get(where, TIMEOUT)));
      if (!document.path("issuer").asText().equals(oidc.issuer())) {
        throw new IdToken.Invalid("the provider calls itself otherwise than access.oidc.issuer");
      }
      Provider unread = new Provider(oidc, document, document, now);
      JsonNode keys = IdToken.json(ask(oidc, Request.get(endpoint(unread, "jwks_uri"), TIMEOUT)));
      known = new Provider(oidc, document, keys, now);
      provider = known;
      return known;
    } catch (IdToken.Invalid e) {
      LOG.warn("OpenID provider {}: {}", oidc.issuer(), e.getMessage());
      throw new Failed(502, String.valueOf(e.getMessage()));
    }
  }

  /** Returns an address from the metadata; it must use TLS if the issuer does. */
  private static GoUrl endpoint(Provider of, String name) throws Failed {
    String text = of.document().path(name).asText();
    boolean tls = of.oidc().issuer().startsWith("https:");
    try {
      GoUrl url = GoUrl.parseHttp(text);
      if (text.indexOf('#') < 0 && (url.scheme().equals("https") || !tls)) {
        return url;
      }
    } catch (GoUrl.InvalidUrlException e) {
      LOG.debug("no URL", e);
    }
    throw new Failed(502, "the provider names no usable " + name);
  }

  private byte[] ask(Oidc oidc, Request request) throws Failed, InterruptedException {
    HttpSettings settings =
        HttpSettings.DEFAULT.toBuilder().followRedirects(false).tlsConfig(oidc.tlsConfig()).build();
    try (Response response = http.send(request, settings)) {
      byte[] body = response.body().readNBytes(MAX_ANSWER + 1);
      if (response.status() == 200 && body.length <= MAX_ANSWER) {
        return body;
      }
      // the body of the response may repeat the secret that was sent
      LOG.warn(
          "OpenID provider {}: status {}, {} bytes",
          request.url().path(),
          response.status(),
          body.length);
    } catch (IOException e) {
      LOG.warn("OpenID provider: {}", e.getMessage());
    }
    throw new Failed(502, "the OpenID provider cannot be used now; the server's log says more");
  }
}
