package io.narthex.http;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Redirects paths with empty segments, {@code //api/v1/query} for example, to the path without
 * them, as the original does. No handler behind it sees such a path, so rules about paths cannot be
 * bypassed by one.
 */
final class SingleSlashes extends Handler.Wrapper {
  /** Allows empty segments, which this class redirects, and what {@link EncodedPaths} checks. */
  static final UriCompliance COMPLIANCE =
      UriCompliance.DEFAULT
          .with("EMPTY_SEGMENTS", UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT)
          .with("PUSHES", EncodedPaths.ALLOWED.toArray(UriCompliance.Violation[]::new));

  SingleSlashes(Handler handler) {
    super(handler);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    String path = request.getHttpURI().getPath();
    if (path == null || !path.contains("//")) {
      return super.handle(request, response, callback);
    }
    String query = request.getHttpURI().getQuery();
    response.setStatus(301);
    // begins with one slash, so it cannot name a host
    response
        .getHeaders()
        .put(HttpHeader.LOCATION, path.replaceAll("/+", "/") + (query == null ? "" : "?" + query));
    response.write(true, null, callback);
    return true;
  }
}
