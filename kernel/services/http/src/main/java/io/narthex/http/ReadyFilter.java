package io.narthex.http;

import io.narthex.service.server.ServerInfo;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Set;

/** Refuses API requests until the server is ready, but for those about its state. */
final class ReadyFilter implements ContainerRequestFilter {
  private static final Set<String> ALWAYS =
      Set.of(
          "api/v1/status/walreplay",
          "api/v1/notifications",
          "api/v1/status/flags",
          "api/v1/status/buildinfo");

  private final ServerInfo server;

  ReadyFilter(ServerInfo server) {
    this.server = server;
  }

  @Override
  public void filter(ContainerRequestContext request) {
    String path = request.getUriInfo().getPath();
    if (server.ready()
        || ALWAYS.contains(path)
        || path.startsWith("-/")
        || path.startsWith("narthex/")) {
      return;
    }
    request.abortWith(
        Response.status(503)
            .header("X-Prometheus-Stopping", server.stopping())
            .entity("Service Unavailable")
            .type(MediaType.TEXT_PLAIN_TYPE)
            .build());
  }
}
