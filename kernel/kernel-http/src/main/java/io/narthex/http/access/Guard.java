package io.narthex.http.access;

import io.narthex.service.metrics.Metrics;
import io.narthex.spi.config.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
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
 * Stands before everything that is served, whatever serves it: headers, rate limit and logins of
 * the web configuration, {@link BrowserRule}, paths and methods that nothing here has. Thread-safe.
 */
public final class Guard extends Handler.Wrapper {
  private static final Logger LOG = LoggerFactory.getLogger(Guard.class);
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS");

  private final WebConfigFile file;
  private final BrowserRule browsers;
  private final AdminToken token;
  private final Passwords passwords = new Passwords();
  private final RateLimiter limiter = new RateLimiter();
  private final Metrics.Counter refused;

  /** Creates a guard in front of a handler. */
  public Guard(
      Handler handler,
      WebConfigFile file,
      BrowserRule browsers,
      AdminToken token,
      Metrics metrics) {
    super(handler);
    this.file = file;
    this.browsers = browsers;
    this.token = token;
    refused = refusals(metrics);
  }

  /** Returns the counter of requests that are refused before an API sees them, by reason. */
  public static Metrics.Counter refusals(Metrics metrics) {
    return metrics.counter(
        "narthex_http_requests_refused_total",
        "Requests refused before an API has seen them, by reason.",
        "reason");
  }

  /** What a login gives. */
  private enum Login {
    NONE,
    DONE,
    WRONG,
    BUSY
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    WebConfig config = file.current();
    config.httpServerConfig().headers().forEach(response.getHeaders()::put);
    if (!limiter.allows(config.rateLimit(), System.nanoTime())) {
      return refuse(request, response, callback, 429, "rate_limit", "Too Many Requests");
    }
    if (!METHODS.contains(request.getMethod())) {
      response.getHeaders().put(HttpHeader.ALLOW, "GET, HEAD, POST, PUT, DELETE, OPTIONS");
      return refuse(request, response, callback, 405, "method", "Method Not Allowed");
    }
    HttpURI uri = request.getHttpURI();
    String path = uri.getCanonicalPath() == null ? "" : uri.getCanonicalPath();
    if (uri.getPath() != null && uri.getPath().indexOf(';') >= 0) {
      // matrix parameters would pass where prefixes of paths are compared; nothing here has any
      return refuse(request, response, callback, 404, "path_parameters", "404 page not found");
    }
    Login login = login(config.basicAuthUsers(), request.getHeaders().get("Authorization"));
    if (login == Login.BUSY) {
      response.getHeaders().put("Retry-After", "1");
      return refuse(request, response, callback, 429, "logins", "too many logins at a time");
    }
    if (!config.basicAuthUsers().isEmpty() && login != Login.DONE) {
      response.getHeaders().put("WWW-Authenticate", "Basic");
      return refuse(request, response, callback, 401, "unauthorized", "Unauthorized");
    }
    Function<String, @Nullable String> header = name -> header(request, name);
    BrowserRule.Refusal refusal =
        browsers.refusal(
            new BrowserRule.Asked(
                request.getMethod(),
                path,
                header,
                Request.getRemoteAddr(request),
                login == Login.DONE));
    if (refusal != null) {
      return refuse(
          request, response, callback, refusal.status(), refusal.reason(), refusal.text());
    }
    return super.handle(request, response, callback);
  }

  /** Returns a header; HTTP/2 has the host in another place. */
  private static @Nullable String header(Request request, String name) {
    String value = request.getHeaders().get(name);
    return value == null && name.equals("Host") ? request.getHttpURI().getAuthority() : value;
  }

  private Login login(Map<String, Secret> users, @Nullable String authorization) {
    if (authorization == null) {
      return Login.NONE;
    }
    if (AdminToken.isBearer(authorization)) {
      try {
        return token.matches(authorization) ? Login.DONE : Login.WRONG;
      } catch (IOException e) {
        LOG.error("the admin token cannot be read: {}", e.toString());
        return Login.WRONG;
      }
    }
    if (users.isEmpty() || !authorization.regionMatches(true, 0, "Basic ", 0, 6)) {
      return Login.NONE;
    }
    String pair;
    try {
      byte[] decoded = Base64.getDecoder().decode(authorization.substring(6).strip());
      pair = new String(decoded, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return Login.WRONG;
    }
    int colon = pair.indexOf(':');
    return colon < 0
        ? Login.WRONG
        : switch (passwords.check(users, pair.substring(0, colon), pair.substring(colon + 1))) {
          case RIGHT -> Login.DONE;
          case WRONG -> Login.WRONG;
          case BUSY -> Login.BUSY;
        };
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
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
    response.getHeaders().put("X-Content-Type-Options", "nosniff");
    Content.Sink.write(response, true, text + "\n", callback);
    return true;
  }

  @Override
  protected void doStop() throws Exception {
    super.doStop();
    passwords.close();
  }
}
