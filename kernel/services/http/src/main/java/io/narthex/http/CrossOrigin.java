package io.narthex.http;

import io.narthex.text.re2.Re2;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;

/**
 * Lets pages of other origins use the Prometheus API, as far as {@code --web.cors.origin} allows,
 * and answers their preflight requests.
 */
@PreMatching
final class CrossOrigin implements ContainerRequestFilter, ContainerResponseFilter {
  private final Re2 allowed;
  private final boolean everybody;

  /**
   * Creates a filter.
   *
   * @param origin RE2 expression, anchored
   */
  CrossOrigin(String origin) {
    everybody = origin.equals(".*");
    allowed = Re2.compileAnchored(origin);
  }

  @Override
  public void filter(ContainerRequestContext request) {
    if (request.getMethod().equals("OPTIONS")
        && request.getUriInfo().getPath().startsWith("api/v1")) {
      request.abortWith(Response.noContent().build());
    }
  }

  @Override
  public void filter(ContainerRequestContext request, ContainerResponseContext response) {
    String origin = request.getHeaderString("Origin");
    if (origin == null || request.getUriInfo().getPath().startsWith("narthex/")) {
      return; // its own API is for its own pages alone
    }
    MultivaluedMap<String, Object> headers = response.getHeaders();
    answer(origin, headers::add);
  }

  /** Takes the headers of a response. */
  interface Headers {
    void add(String name, String value);
  }

  /** Adds the headers that say what a page of {@code origin} may do with the response. */
  void answer(String origin, Headers headers) {
    headers.add("Vary", "Origin");
    if (!everybody && !allowed.test(origin)) {
      return;
    }
    headers.add("Access-Control-Allow-Origin", everybody ? "*" : origin);
    headers.add("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin");
    headers.add("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    headers.add("Access-Control-Expose-Headers", "Date");
  }
}
