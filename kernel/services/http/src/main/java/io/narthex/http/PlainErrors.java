package io.narthex.http;

import io.narthex.service.metrics.Metrics;
import org.eclipse.jetty.http.BadMessageException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Errors outside the APIs as one line of plain text. */
final class PlainErrors extends ErrorHandler {
  private final Metrics.Counter refused;

  /**
   * Creates it.
   *
   * @param refused counts by reason the requests whose heads cannot be read
   */
  PlainErrors(Metrics.Counter refused) {
    this.refused = refused;
  }

  @Override
  protected void generateResponse(
      Request request,
      Response response,
      int code,
      @Nullable String message,
      @Nullable Throwable cause,
      Callback callback) {
    if (code == 414 || code == 431) {
      refused.with("head_size").inc();
    } else if (cause instanceof BadMessageException) {
      refused.with("malformed").inc();
    }
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
    response.getHeaders().put("X-Content-Type-Options", "nosniff");
    String text = (message == null ? "error " + code : message) + "\n";
    Content.Sink.write(response, true, text, callback);
  }
}
