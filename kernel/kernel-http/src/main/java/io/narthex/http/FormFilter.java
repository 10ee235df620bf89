package io.narthex.http;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import java.io.IOException;

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
      request.getParameterMap();
    }
    chain.doFilter(request, response);
  }
}
