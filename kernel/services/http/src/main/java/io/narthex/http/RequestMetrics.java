package io.narthex.http;

import io.narthex.service.metrics.Metrics;
import jakarta.servlet.ServletRequest;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;

/** Counts and times API requests by handler. */
final class RequestMetrics implements ContainerRequestFilter, ContainerResponseFilter {
  private static final String STARTED = "narthex.started";
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
      return; // paths of any kind would make labels of any number
    }
    String path = request.getUriInfo().getPath();
    String handler =
        path.startsWith("api/v1/label/")
            ? "/api/v1/label/:name/values"
            : path.startsWith("narthex/api/v1/plugins/")
                ? "/narthex/api/v1/plugins/:id"
                : "/" + path;
    if (path.startsWith("api/v2/silence/")) {
      handler = "/api/v2/silence/:id";
    }
    long started = request.getProperty(STARTED) instanceof Long nanos ? nanos : System.nanoTime();
    request.setProperty(ResponseSizes.HANDLER, handler); // becomes an attribute of the request
    observe(handler, response.getStatus(), started);
  }

  /** Counts a request that has been answered outside of the resources. */
  void observe(ServletRequest request, String handler, int status, long startedNanos) {
    request.setAttribute(ResponseSizes.HANDLER, handler);
    observe(handler, status, startedNanos);
  }

  private void observe(String handler, int status, long startedNanos) {
    requests.with(handler, Integer.toString(status)).inc();
    durations.with(handler).observe((System.nanoTime() - startedNanos) / 1e9);
  }
}
