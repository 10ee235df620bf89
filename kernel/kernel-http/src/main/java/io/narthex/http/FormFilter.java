package io.narthex.http;

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
import org.eclipse.jetty.http.BadMessageException;
import org.jspecify.annotations.Nullable;

/**
 * Reads form bodies before Jersey does, which would take them away from {@code getParameter}: the
 * API takes its parameters from the query string and from forms alike.
 */
final class FormFilter implements Filter {
  private static final String FORM = "application/x-www-form-urlencoded";

  /** The container's own reading of a query string is good enough for fewer parameters. */
  private static final int MANY = 100;

  private final int maxBytes;
  private final Metrics.Counter refused;

  /**
   * Creates it.
   *
   * @param maxBytes of a body
   * @param refused counts requests by reason
   */
  FormFilter(int maxBytes, Metrics.Counter refused) {
    this.maxBytes = maxBytes;
    this.refused = refused.with("form");
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    HttpServletRequest in = (HttpServletRequest) request;
    String type = in.getContentType();
    boolean form = type != null && type.startsWith(FORM);
    if (!form && !hasManyParameters(in.getQueryString())) {
      chain.doFilter(request, response);
      return;
    }
    FormRequest read;
    try {
      read = new FormRequest(in, form ? maxBytes : 0);
    } catch (BadMessageException e) {
      refused.inc();
      refuse(in, (HttpServletResponse) response, e);
      return;
    }
    chain.doFilter(read, response);
  }

  private static boolean hasManyParameters(@Nullable String query) {
    return query != null && query.chars().filter(c -> c == '&').limit(MANY).count() == MANY;
  }

  private static void refuse(HttpServletRequest in, HttpServletResponse out, BadMessageException e)
      throws IOException {
    out.setStatus(400);
    String text = "error parsing form values: " + e.getReason();
    if (!in.getRequestURI().startsWith(in.getContextPath() + "/api/v1/")) {
      out.setContentType("text/plain; charset=utf-8");
      out.getOutputStream().write((text + "\n").getBytes(StandardCharsets.UTF_8));
      return;
    }
    out.setContentType("application/json");
    JsonBytes json = new JsonBytes(out.getOutputStream());
    json.raw("{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":");
    json.text(text);
    json.raw('}');
    json.flush();
  }
}
