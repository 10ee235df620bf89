package io.narthex.http;

import io.narthex.service.metrics.Metrics;
import jakarta.servlet.ServletRequest;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.core.UriInfo;
import java.util.regex.Pattern;
import org.glassfish.jersey.server.ExtendedUriInfo;
import org.glassfish.jersey.uri.UriTemplate;

/** Counts and times API requests by the route that answered them. */
final class RequestMetrics implements ContainerRequestFilter, ContainerResponseFilter {
  private static final String STARTED = "narthex.started";

  /** Attribute of a request whose resource does the routing itself: the route. */
  static final String ROUTE = "narthex.route";

  private static final Pattern PARAMETER = Pattern.compile("\\{\\s*(\\w+)[^/}]*}", 0);
  private static final double[] BOUNDS = {.1, .2, .4, 1, 3, 8, 20, 60, 120};

  private final Metrics.Counter requests;
  private final Metrics.Histogram durations;

  RequestMetrics(Metrics metrics) {
    requests =
        metrics.counter(
            "prometheus_http_requests_total", "Counter of HTTP requests.", "handler", "code");
    durations =
        metrics.histogram(
            "prometheus_http_request_duration_seconds",
            "Histogram of latencies for HTTP requests.",
            BOUNDS,
            "handler");
  }

  @Override
  public void filter(ContainerRequestContext request) {
    request.setProperty(STARTED, System.nanoTime());
  }

  @Override
  public void filter(ContainerRequestContext request, ContainerResponseContext response) {
    if (response.getStatus() == 404 || request.getUriInfo().getMatchedURIs().isEmpty()) {
      return; // arbitrary paths would make unbounded label values
    }
    String handler =
        request.getProperty(ROUTE) instanceof String route ? route : route(request.getUriInfo());
    long started = request.getProperty(STARTED) instanceof Long nanos ? nanos : System.nanoTime();
    request.setProperty(ResponseSizes.HANDLER, handler); // becomes an attribute of the request
    observe(handler, response.getStatus(), started);
  }

  /** Counts a request that was answered outside of the resources. */
  void observe(ServletRequest request, String handler, int status, long startedNanos) {
    request.setAttribute(ResponseSizes.HANDLER, handler);
    observe(handler, status, startedNanos);
  }

  /** Returns the template of the resource, {@code /api/v1/label/:name/values} for example. */
  private static String route(UriInfo matched) {
    StringBuilder out = new StringBuilder();
    // the root resource comes last
    for (UriTemplate t : ((ExtendedUriInfo) matched).getMatchedTemplates().reversed()) {
      for (String part : t.getTemplate().split("/")) {
        if (!part.isEmpty()) {
          out.append('/').append(part);
        }
      }
    }
    return PARAMETER.matcher(out).replaceAll(":$1");
  }

  private void observe(String handler, int status, long startedNanos) {
    requests.with(handler, Integer.toString(status)).inc();
    durations.with(handler).observe((System.nanoTime() - startedNanos) / 1e9);
  }
}
