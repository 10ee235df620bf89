package io.narthex.http;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Sends who asks for a path with empty segments, {@code //api/v1/query} for example, to the path
 * without, as the original does. Nothing behind it ever sees such a path, so that nobody passes a
 * rule about paths by it.
 */
final class SingleSlashes extends Handler.Wrapper {
  /** What requests may look like: this class is the one that answers empty segments. */
  static final UriCompliance COMPLIANCE =
      UriCompliance.DEFAULT.with("EMPTY_SEGMENTS", UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT);

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
    // begins with one slash: a host cannot follow
    response
        .getHeaders()
        .put(HttpHeader.LOCATION, path.replaceAll("/+", "/") + (query == null ? "" : "?" + query));
    response.write(true, null, callback);
    return true;
  }
}
