package io.narthex.http;

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

/**
 * Has the container read form bodies before Jersey does, which would take them away from {@code
 * getParameter}: the API takes its parameters from the query string and from forms alike.
 */
final class FormFilter implements Filter {
  private static final String FORM = "application/x-www-form-urlencoded";

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    String type = request.getContentType();
    if (type != null && type.startsWith(FORM)) {
      try {
        request.getParameterMap();
      } catch (RuntimeException e) {
        HttpServletRequest in = (HttpServletRequest) request;
        if (e instanceof BadMessageException bad && response instanceof HttpServletResponse out) {
          refuse(in, out, bad);
          return;
        }
        throw e;
      }
    }
    chain.doFilter(request, response);
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
