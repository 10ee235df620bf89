package io.narthex.http;

import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Lets {@code %2F} and {@code %25} pass in the labels of pushes only, where the original decodes
 * them. Rules about paths see these as they were sent, and servlets decoded, so anywhere else they
 * would go by a rule. A label that is not UTF-8 is of no group: to delete it is done already, as
 * the original answers, and to push it is refused.
 */
final class EncodedPaths extends Handler.Wrapper {
  private static final Set<Violation> NOT_UTF8 =
      Set.of(Violation.BAD_UTF8_ENCODING, Violation.TRUNCATED_UTF8_ENCODING);

  /** What this handler decides about. */
  static final Set<Violation> ALLOWED =
      Set.of(
          Violation.AMBIGUOUS_PATH_SEPARATOR,
          Violation.AMBIGUOUS_PATH_ENCODING,
          Violation.BAD_UTF8_ENCODING,
          Violation.TRUNCATED_UTF8_ENCODING);

  private static final String PUSHES = "/metrics/job";
  private static final String NO_GROUP =
      "pushed metrics are invalid or inconsistent with existing metrics: "
          + "a label of the path has a value that is not utf8\n";

  private final String pushes;

  /** Creates one for the prefix of all routes. */
  EncodedPaths(Handler handler, String routePrefix) {
    super(handler);
    pushes = routePrefix + PUSHES;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    HttpURI uri = request.getHttpURI();
    boolean push = String.valueOf(uri.getPath()).startsWith(pushes);
    for (Violation v : ALLOWED) {
      if (uri.hasViolation(v) && (!push || NOT_UTF8.contains(v))) {
        // a servlet would see another text in place of the bytes, which may be that of a group
        if (push && request.getMethod().equals("DELETE")) {
          response.setStatus(202);
          callback.succeeded();
        } else if (push) {
          response.setStatus(400);
          response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
          Content.Sink.write(response, true, NO_GROUP, callback);
        } else {
          Response.writeError(request, response, callback, 400, v.getDescription());
        }
        return true;
      }
    }
    return super.handle(request, response, callback);
  }
}
