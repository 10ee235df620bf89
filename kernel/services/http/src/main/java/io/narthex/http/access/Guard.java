package io.narthex.http.access;

import io.narthex.service.metrics.Metrics;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks every request before anything answers it: headers, rate limit and logins of the web
 * configuration, networks and roles, {@link BrowserRule}, and paths and methods that nothing here
 * serves. Thread-safe.
 */
public final class Guard extends Handler.Wrapper {
  private static final Logger LOG = LoggerFactory.getLogger(Guard.class);
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS");

  private static final int MAX_NEXT = 2000;

  private final Function<Request, ListenerAccess> listeners;
  private final BrowserRule browsers;
  private final Logins logins;
  private final String prefix;
  private final UnaryOperator<String> failures;
  private final Metrics.Counter refused;

  /**
   * Creates a guard in front of a handler.
   *
   * @param listeners by which listener a request has come
   * @param prefix prefix of all routes, empty or {@code /x}
   * @param failures makes the body of a refusal by the server's own API of its message
   */
  public Guard(
      Handler handler,
      Function<Request, ListenerAccess> listeners,
      BrowserRule browsers,
      Logins logins,
      String prefix,
      UnaryOperator<String> failures,
      Metrics metrics) {
    super(handler);
    this.listeners = listeners;
    this.browsers = browsers;
    this.logins = logins;
    this.prefix = prefix;
    this.failures = failures;
    refused = refusals(metrics);
  }

  /** Returns the counter of requests that are refused before an API sees them, by reason. */
  public static Metrics.Counter refusals(Metrics metrics) {
    return metrics.counter(
        "narthex_http_requests_refused_total",
        "Requests refused before an API has seen them, by reason.",
        "reason");
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    ListenerAccess listener = listeners.apply(request);
    request.setAttribute(ListenerAccess.ATTRIBUTE, listener);
    WebConfig config = listener.file().current();
    config.httpServerConfig().headers().forEach(response.getHeaders()::put);
    if (!listener.file().allowsRequest()) {
      return refuse(request, response, callback, 429, "rate_limit", "Too Many Requests");
    }
    if (!METHODS.contains(request.getMethod())) {
      response.getHeaders().put(HttpHeader.ALLOW, "GET, HEAD, POST, PUT, DELETE, OPTIONS");
      return refuse(request, response, callback, 405, "method", "Method Not Allowed");
    }
    HttpURI uri = request.getHttpURI();
    if (uri.getPath() != null && uri.getPath().indexOf(';') >= 0) {
      // a path with matrix parameters would escape checks of prefixes; nothing here uses them
      return refuse(request, response, callback, 404, "path_parameters", "404 page not found");
    }
    AccessPolicy policy = logins.policy(listener);
    String peer = Request.getRemoteAddr(request);
    if (!policy.everybodyFrom(peer)) {
      return refuse(request, response, callback, 403, "network", "not from this network");
    }
    String method = request.getMethod();
    String path = path(uri);
    if (!listener.has(path)) {
      return refuse(request, response, callback, 404, "listener", "404 page not found");
    }
    Permission needed = Rights.needed(method, path);
    Logins.Found found =
        logins.find(
            listener,
            request.getHeaders().get("Authorization"),
            request.getHeaders().getValuesList("Cookie"));
    if (found.state() == Logins.State.BUSY) {
      response.getHeaders().put("Retry-After", "1");
      return refuse(request, response, callback, 429, "logins", "too many logins at a time");
    }
    if (found.state() == Logins.State.WRONG) {
      logins.wrong(peer);
    }
    boolean open = needed == Permission.NONE;
    Sessions.Session session = found.session();
    boolean forged =
        session != null
            && Rights.changes(method, path)
            && !open
            && !named(session, request.getHeaders().get(Logins.CSRF));
    Identity identity = forged ? null : found.identity();
    if (identity == null && (policy.strict() ? !open : !config.basicAuthUsers().isEmpty())) {
      return askForLogin(
          request, response, callback, policy.strict(), path, config.basicAuthUsers().isEmpty());
    }
    if (identity != null && !policy.roleFrom(identity.role(), peer)) {
      return refuse(
          request,
          response,
          callback,
          403,
          "network",
          "the role " + identity.roleName() + " may not be used from this network");
    }
    if (identity != null && !identity.may(needed)) {
      return refuse(request, response, callback, 403, "role", identity.refusal(needed));
    }
    Function<String, @Nullable String> header = name -> header(request, name);
    BrowserRule.Refusal refusal =
        browsers.refusal(
            new BrowserRule.Asked(method, path, header, peer, identity != null || open));
    if (refusal != null) {
      return refuse(
          request, response, callback, refusal.status(), refusal.reason(), refusal.text());
    }
    if (identity != null) {
      request.setAttribute(Identity.ATTRIBUTE, identity);
    }
    return super.handle(request, response, callback);
  }

  private static boolean named(Sessions.Session session, @Nullable String csrf) {
    return csrf != null && Digests.same(session.csrf(), csrf);
  }

  /** Returns the path decoded, without dot segments and without the prefix of all routes. */
  private String path(HttpURI uri) {
    String path = uri.getCanonicalPath() == null ? "" : uri.getCanonicalPath();
    return !prefix.isEmpty() && path.startsWith(prefix + "/")
        ? path.substring(prefix.length())
        : path;
  }

  /** Returns a header; in HTTP/2 the host is the authority of the URI. */
  private static @Nullable String header(Request request, String name) {
    String value = request.getHeaders().get(name);
    return value == null && name.equals("Host") ? request.getHttpURI().getAuthority() : value;
  }

  /** Asks for a login: redirects a browser to the login page, answers 401 to a program. */
  private boolean askForLogin(
      Request request,
      Response response,
      Callback callback,
      boolean strict,
      String path,
      boolean tokensOnly) {
    String accept = request.getHeaders().get(HttpHeader.ACCEPT);
    if (strict
        && request.getMethod().equals("GET")
        && accept != null
        && accept.contains("text/html")) {
      refused.with("login_page").inc();
      String query = request.getHttpURI().getQuery();
      String next = path.replaceFirst("^/+", "") + (query == null ? "" : "?" + query);
      response.setStatus(303);
      response
          .getHeaders()
          .put(
              HttpHeader.LOCATION,
              prefix
                  + "/login"
                  + (next.isEmpty() || next.length() > MAX_NEXT
                      ? ""
                      : "?next=" + URLEncoder.encode(next, StandardCharsets.UTF_8)));
      response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
      Content.Sink.write(response, true, "", callback);
      return true;
    }
    // a browser would ask its user for a password at each request of a page
    if (!strict || request.getHeaders().get("Sec-Fetch-Mode") == null) {
      response.getHeaders().put("WWW-Authenticate", tokensOnly ? "Bearer" : "Basic");
    }
    return refuse(request, response, callback, 401, "unauthorized", "Unauthorized");
  }

  private boolean refuse(
      Request request,
      Response response,
      Callback callback,
      int status,
      String reason,
      String text) {
    refused.with(reason).inc();
    LOG.debug("{} {} refused: {}", request.getMethod(), request.getHttpURI().getPath(), reason);
    response.setStatus(status);
    boolean json = path(request.getHttpURI()).startsWith("/narthex/api/");
    response
        .getHeaders()
        .put(HttpHeader.CONTENT_TYPE, json ? "application/json" : "text/plain; charset=utf-8");
    response.getHeaders().put("X-Content-Type-Options", "nosniff");
    String body = json ? failures.apply(text) : text + "\n";
    Content.Sink.write(response, true, body, callback);
    return true;
  }

  @Override
  protected void doStop() throws Exception {
    super.doStop();
    logins.close();
  }
}
