package io.narthex.http;

import io.narthex.service.metrics.Metrics;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Measures the bodies of responses as they are sent, after compression. Only of requests whose
 * handler is known: arbitrary paths would make unbounded label values.
 */
final class ResponseSizes extends Handler.Wrapper {
  /** The attribute of a request with its handler, as {@link RequestMetrics} names it. */
  static final String HANDLER = "narthex.handler";

  private static final double[] BOUNDS = {1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

  private final Metrics.Histogram sizes;

  ResponseSizes(Handler handler, Metrics metrics) {
    super(handler);
    sizes =
        metrics.histogram(
            "prometheus_http_response_size_bytes",
            "Histogram of response size for HTTP requests.",
            BOUNDS,
            "handler");
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    Request.addCompletionListener(
        request,
        failure -> {
          if (request.getAttribute(HANDLER) instanceof String handler) {
            sizes.with(handler).observe(Response.getContentBytesWritten(response));
          }
        });
    return super.handle(request, response, callback);
  }
}
