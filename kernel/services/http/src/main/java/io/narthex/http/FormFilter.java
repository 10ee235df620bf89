package io.narthex.http;

import io.narthex.service.memory.WorkMemory;
import io.narthex.service.memory.WorkMemory.Use;
import io.narthex.service.metrics.Metrics;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.BadMessageException;
import org.jspecify.annotations.Nullable;

/**
 * Reads form bodies before Jersey does, which would hide them from {@code getParameter}: the API
 * takes its parameters from the query string and from forms alike.
 */
final class FormFilter implements Filter {
  /** With fewer parameters the container reads a query string fast enough. */
  private static final int MANY = 100;

  /** Forms up to this size are not counted: one for each connection is affordable. */
  private static final int SMALL = 64 << 10;

  /** For the body, the decoded strings and what is parsed from them. */
  private static final int DECODED_FACTOR = 3;

  private static final long WAIT_SECONDS = 10;

  private final int maxBytes;

  private final WorkMemory memory;
  private final Metrics.Counter refused;

  /**
   * Creates it.
   *
   * @param maxBytes of a body
   * @param memory shared with other work
   * @param refused counts requests by reason
   */
  FormFilter(int maxBytes, WorkMemory memory, Metrics.Counter refused) {
    this.maxBytes = maxBytes;
    this.refused = refused;
    this.memory = memory;
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    HttpServletRequest in = (HttpServletRequest) request;
    FormRequest.Kind kind = FormRequest.kind(in);
    boolean form = kind != FormRequest.Kind.NONE;
    if (!form && in.getContentType() == null && !hasManyParameters(in.getQueryString())) {
      chain.doFilter(request, response);
      return;
    }
    HttpServletResponse out = (HttpServletResponse) response;
    long held = form ? needed(in) : 0;
    if (held > 0 && !take(held)) {
      refused.with("form_room").inc();
      out.setHeader("Retry-After", "5");
      refuse(in, out, ApiError.UNAVAILABLE_503, "too many large forms at a time");
      return;
    }
    try {
      FormRequest read;
      try {
        read = new FormRequest(in, kind, maxBytes);
      } catch (BadMessageException e) {
        refused.with("form").inc();
        refuse(in, out, ApiError.BAD_DATA, "error parsing form values: " + e.getReason());
        return;
      }
      chain.doFilter(read, response);
    } finally {
      memory.give(Use.REQUESTS, held);
    }
  }

  /** Returns the memory that a form takes; 0 when it is small. */
  private long needed(HttpServletRequest in) {
    long length = in.getContentLengthLong();
    long bytes = length < 0 ? maxBytes : length;
    if (bytes <= SMALL || bytes > maxBytes) { // too large ones are not read
      return 0;
    }
    return Math.min(memory.most(Use.REQUESTS), bytes * DECODED_FACTOR);
  }

  private boolean take(long bytes) throws ServletException {
    try {
      return memory.take(Use.REQUESTS, bytes, TimeUnit.SECONDS.toNanos(WAIT_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServletException(e);
    }
  }

  private static boolean hasManyParameters(@Nullable String query) {
    return query != null && query.chars().filter(c -> c == '&').limit(MANY).count() == MANY;
  }

  private static void refuse(
      HttpServletRequest in, HttpServletResponse out, ApiError error, String text)
      throws IOException {
    if (in.getRequestURI().startsWith(in.getContextPath() + "/api/v1/")) {
      Api.error(out, error, text);
      return;
    }
    out.setStatus(error.status);
    out.setContentType("text/plain; charset=utf-8");
    out.getOutputStream().write((text + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
