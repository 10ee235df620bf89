package io.narthex.http.access;

import io.narthex.model.go.GoUrl;
import io.narthex.text.re2.Re2;
import java.net.InetAddress;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which requests of browsers may change something. A browser sends requests that its user never
 * asked for: any page may post to any server the browser reaches, with the browser's cookies and
 * passwords. Programs do not, so requests without headers that only browsers send are not checked.
 *
 * <p>A request of a browser that changes something needs the server's own origin ({@code Host},
 * {@code --web.external-url}) or one that {@code --web.cors.origin} names explicitly, JSON where
 * the API is JSON, and a login or token. Without a login it has to come directly from this machine
 * and name it by a loopback host, which a page behind a rebound DNS name cannot do. Stateless.
 */
public final class BrowserRule {
  /** An origin that does not exist: a pattern that matches it is a wildcard and names none. */
  private static final String NOBODY = "https://no-such-host-7f3a.invalid";

  private final GoUrl externalUrl;
  private final @Nullable Re2 named;

  /**
   * Creates the rule.
   *
   * @param externalUrl where users reach the server
   * @param corsOrigin the pattern of {@code --web.cors.origin}
   */
  public BrowserRule(GoUrl externalUrl, String corsOrigin) {
    this.externalUrl = externalUrl;
    Re2 pattern = corsOrigin.isEmpty() ? null : Re2.compileAnchored(corsOrigin);
    named = pattern == null || pattern.test(NOBODY) ? null : pattern;
  }

  /**
   * What the rule looks at.
   *
   * @param path without the route prefix
   * @param loggedIn whether it comes with a token, a password, or a session and its CSRF token
   */
  public record Asked(
      String method,
      String path,
      Function<String, @Nullable String> header,
      String peer,
      boolean loggedIn) {}

  /** Why a request is refused; the text is for people. */
  public record Refusal(int status, String reason, String text) {}

  /** Returns why a request is refused, or null. */
  public @Nullable Refusal refusal(Asked asked) {
    Function<String, @Nullable String> header = asked.header();
    if (!Rights.changes(asked.method(), asked.path()) || !hasMarks(header) || isPassedOn(header)) {
      return null;
    }
    String origin = header.apply("Origin");
    String host = header.apply("Host");
    String site = header.apply("Sec-Fetch-Site");
    boolean own =
        origin == null
            ? site == null || site.equals("same-origin") || site.equals("none")
            : isOwn(origin, host) || named != null && named.test(origin);
    if (!own) {
      return new Refusal(
          403,
          "cross_origin",
          "a page of "
              + (origin == null ? "another origin" : shown(origin))
              + " may not change anything here; name its origin in --web.cors.origin to allow it");
    }
    String type = header.apply("Content-Type");
    if (isJsonApi(asked.path())
        && hasBody(header)
        && (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json"))) {
      return new Refusal(
          415, "content_type", "requests of browsers need Content-Type: application/json here");
    }
    if (!asked.loggedIn() && !(isLocal(asked.peer(), host, header) && !isProxied(origin, host))) {
      return new Refusal(
          403,
          "login_required",
          "changes from a browser need a login: log in, send a token as \"Authorization: Bearer"
              + " <token>\", configure basic_auth_users, or use the address of the loopback"
              + " interface on the server's machine");
    }
    return null;
  }

  private static boolean hasMarks(Function<String, @Nullable String> header) {
    return header.apply("Origin") != null
        || header.apply("Sec-Fetch-Site") != null
        || header.apply("Sec-Fetch-Mode") != null
        || header.apply("Sec-Fetch-Dest") != null
        || header.apply("Cookie") != null;
  }

  /**
   * Returns whether a program has removed the origin and the cookies from the request of one of its
   * own pages, as Grafana does before it queries a data source. A browser sends an origin with each
   * request that changes something, and no page can remove it or choose {@code Sec-Fetch-Site}.
   */
  private static boolean isPassedOn(Function<String, @Nullable String> header) {
    return header.apply("Origin") == null
        && header.apply("Cookie") == null
        && "same-origin".equals(header.apply("Sec-Fetch-Site"));
  }

  /** Returns whether the API takes JSON only; uploads of plugins do not. */
  private static boolean isJsonApi(String path) {
    return path.startsWith("/api/v2/")
        || path.equals("/narthex/api/v1/login")
        || path.startsWith("/narthex/api/v1/tokens")
        || path.startsWith("/narthex/api/v1/dashboards")
        || path.equals("/narthex/api/v1/history");
  }

  private static boolean hasBody(Function<String, @Nullable String> header) {
    String length = header.apply("Content-Length");
    return header.apply("Transfer-Encoding") != null || length != null && !length.equals("0");
  }

  private boolean isOwn(String origin, @Nullable String host) {
    try {
      GoUrl from = GoUrl.parse(origin);
      String authority = authority(from);
      if (authority.isEmpty()) {
        return false; // "null", for example
      }
      // a proxy in front may terminate TLS, so the scheme does not count for the own host
      return host != null && authority.equals(withPort(host, from.scheme()))
          || authority.equals(authority(externalUrl)) && from.scheme().equals(externalUrl.scheme());
    } catch (GoUrl.InvalidUrlException e) {
      return false;
    }
  }

  /**
   * Returns whether a page of {@code --web.external-url} was reached by another host: through a
   * proxy, also one on this machine that adds no header.
   */
  private boolean isProxied(@Nullable String origin, @Nullable String host) {
    try {
      return origin != null
          && host != null
          && !authority(GoUrl.parse(origin)).equals(withPort(host, GoUrl.parse(origin).scheme()))
          && (named == null || !named.test(origin))
          && !isLoopbackName(authority(externalUrl));
    } catch (GoUrl.InvalidUrlException e) {
      return true;
    }
  }

  private static String authority(GoUrl url) {
    return url.host().isEmpty() || url.scheme().isEmpty() ? "" : withPort(url.host(), url.scheme());
  }

  /** Returns host and port; the port is that of the scheme when none is given. */
  private static String withPort(String host, @Nullable String scheme) {
    boolean hasPort = host.lastIndexOf(':') > host.lastIndexOf(']');
    String port = "https".equalsIgnoreCase(scheme) ? ":443" : ":80";
    return (hasPort ? host : host + port).toLowerCase(Locale.ROOT);
  }

  /**
   * Returns whether a request comes directly from this machine and names it by a loopback host.
   *
   * @param peer address of the other end of the connection
   */
  public static boolean isLocal(
      String peer, @Nullable String host, Function<String, @Nullable String> header) {
    return isDirectLoopback(peer, header) && host != null && isLoopbackName(host);
  }

  /** Returns whether a request comes from this machine, and not through a proxy on it. */
  public static boolean isDirectLoopback(String peer, Function<String, @Nullable String> header) {
    for (String forwarded :
        new String[] {
          "Forwarded",
          "X-Forwarded-For",
          "X-Forwarded-Host",
          "X-Forwarded-Proto",
          "X-Real-IP",
          "Via"
        }) {
      if (header.apply(forwarded) != null) {
        return false;
      }
    }
    return isLoopback(peer);
  }

  private static boolean isLoopbackName(String host) {
    int colon = host.lastIndexOf(':');
    String name = colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
    String plain = name.toLowerCase(Locale.ROOT);
    return plain.equals("localhost") || plain.endsWith(".localhost") || isLoopback(plain);
  }

  /** Accepts addresses only: a name would need DNS. */
  private static boolean isLoopback(String address) {
    String plain = address.startsWith("[") ? address.replaceAll("[\\[\\]]", "") : address;
    try {
      return !plain.isEmpty() && InetAddress.ofLiteral(plain).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static String shown(String origin) {
    return origin.length() > 200 ? origin.substring(0, 200) + "…" : origin;
  }
}
