package io.narthex.http;

import java.util.Set;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Lets {@code %2F} and {@code %25} pass in the labels of pushes only, where the original decodes
 * them. Rules about paths see these as they were sent, and servlets decoded, so anywhere else they
 * would go by a rule.
 */
final class EncodedPaths extends Handler.Wrapper {
  /** What is allowed below {@link #PUSHES}. */
  static final Set<Violation> ALLOWED =
      Set.of(Violation.AMBIGUOUS_PATH_SEPARATOR, Violation.AMBIGUOUS_PATH_ENCODING);

  private static final String PUSHES = "/metrics/job";

  private final String pushes;

  /** Creates one for the prefix of all routes. */
  EncodedPaths(Handler handler, String routePrefix) {
    super(handler);
    pushes = routePrefix + PUSHES;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    HttpURI uri = request.getHttpURI();
    for (Violation v : ALLOWED) {
      if (uri.hasViolation(v) && !String.valueOf(uri.getPath()).startsWith(pushes)) {
        Response.writeError(request, response, callback, 400, v.getDescription());
        return true;
      }
    }
    return super.handle(request, response, callback);
  }
}
