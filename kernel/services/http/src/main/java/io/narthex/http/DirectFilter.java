package io.narthex.http;

import io.narthex.http.access.ListenerAccess;
import io.narthex.service.server.ServerInfo;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;

/**
 * Answers requests of one path in front of Jersey. Those are frequent, and Jersey takes longer than
 * a small one of them. Readiness, cross-origin headers, metrics and errors are the same as of its
 * resources. Whatever guards those must guard these filters too.
 */
abstract class DirectFilter implements Filter {
  /**
   * What all such filters need.
   *
   * @param server is ready or not
   * @param crossOrigin what pages of other origins may read
   * @param metrics count and time the requests
   */
  record Common(ServerInfo server, CrossOrigin crossOrigin, RequestMetrics metrics) {}

  private final String path;
  private final Set<String> methods;
  private final Common common;

  /**
   * Creates a filter.
   *
   * @param path also the label of its metrics
   * @param methods without OPTIONS, which is left to Jersey
   */
  DirectFilter(String path, Set<String> methods, Common common) {
    this.path = path;
    this.methods = methods;
    this.common = common;
  }

  /** Returns whether it answers before the server is ready. */
  boolean answersAlways() {
    return false;
  }

  /** Answers a request; what it throws becomes an error response of the API. */
  abstract void answer(HttpServletRequest in, HttpServletResponse out) throws IOException;

  @Override
  public final void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    HttpServletRequest in = (HttpServletRequest) request;
    HttpServletResponse out = (HttpServletResponse) response;
    String method = in.getMethod();
    if (methods.contains(method)) {
      answerWhenReady(in, out);
    } else if (method.equals("OPTIONS")) {
      chain.doFilter(request, response); // preflight requests
    } else {
      Set<String> allowed = new TreeSet<>(methods);
      allowed.add("OPTIONS");
      out.setHeader("Allow", String.join(", ", allowed));
      plain(out, 405, "Method Not Allowed");
    }
  }

  private void answerWhenReady(HttpServletRequest in, HttpServletResponse out) throws IOException {
    ServerInfo server = common.server;
    if (!server.ready() && !answersAlways()) {
      out.setHeader("X-Prometheus-Stopping", Boolean.toString(server.stopping()));
      plain(out, 503, "Service Unavailable");
      return;
    }
    long started = System.nanoTime();
    String origin = in.getHeader("Origin");
    if (origin != null) {
      common.crossOrigin.answer(origin, out::addHeader);
    }
    try {
      answer(in, out);
    } catch (RuntimeException e) {
      error(out, ErrorMappers.fault(e));
    } finally {
      if (!ListenerAccess.of(in).isWarmUp()) {
        common.metrics.observe(in, path, out.getStatus(), started);
      }
    }
  }

  static void error(HttpServletResponse out, ErrorMappers.Fault fault) throws IOException {
    Api.error(out, fault.error(), fault.text());
  }

  static void plain(HttpServletResponse out, int status, String text) throws IOException {
    out.setStatus(status);
    out.setContentType("text/plain");
    out.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
  }
}
