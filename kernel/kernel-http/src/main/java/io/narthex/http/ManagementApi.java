package io.narthex.http;

import io.narthex.service.config.ConfigService;
import io.narthex.service.server.ServerInfo;
import io.narthex.spi.config.ConfigException;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HEAD;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

/**
 * Health and life cycle: {@code /-/healthy}, {@code /-/ready}, {@code /-/reload}, {@code /-/quit}.
 */
@Path("/-")
public final class ManagementApi {
  private static final String LIFECYCLE_OFF = "Lifecycle API is not enabled.";

  private final ServerInfo server;
  private final ConfigService config;

  ManagementApi(ServerInfo server, ConfigService config) {
    this.server = server;
    this.config = config;
  }

  private static Response text(int status, String text) {
    return Response.status(status).entity(text + "\n").type(MediaType.TEXT_PLAIN_TYPE).build();
  }

  /** Tells that the process answers. */
  @GET
  @Path("healthy")
  public Response healthy() {
    return text(200, "Prometheus Server is Healthy.");
  }

  /** As {@link #healthy}, head only. */
  @HEAD
  @Path("healthy")
  public Response healthyHead() {
    return Response.ok().type(MediaType.TEXT_PLAIN_TYPE).build();
  }

  /** Tells whether queries are answered. */
  @GET
  @Path("ready")
  public Response ready() {
    return server.ready()
        ? text(200, "Prometheus Server is Ready.")
        : Response.status(503)
            .header("X-Prometheus-Stopping", server.stopping())
            .entity("Service Unavailable")
            .type(MediaType.TEXT_PLAIN_TYPE)
            .build();
  }

  /** As {@link #ready}, head only. */
  @HEAD
  @Path("ready")
  public Response readyHead() {
    return Response.status(server.ready() ? 200 : 503).type(MediaType.TEXT_PLAIN_TYPE).build();
  }

  /** Reads the configuration again. */
  @POST
  @Path("reload")
  public Response reload() {
    if (!server.enabled("web.enable-lifecycle")) {
      return text(403, LIFECYCLE_OFF);
    }
    try {
      return CoreCall.in(
          config,
          () -> {
            config.reload();
            return Response.ok().build();
          });
    } catch (ConfigException e) {
      return text(500, "failed to reload config: " + e.getMessage());
    }
  }

  /** As {@link #reload}. */
  @PUT
  @Path("reload")
  public Response reloadPut() {
    return reload();
  }

  /** Tells that GET does not reload. */
  @GET
  @Path("reload")
  public Response reloadGet() {
    return server.enabled("web.enable-lifecycle")
        ? text(405, "Only POST or PUT requests allowed")
        : text(403, LIFECYCLE_OFF);
  }

  /** Ends the server. */
  @POST
  @Path("quit")
  public Response quit() {
    if (!server.enabled("web.enable-lifecycle")) {
      return text(403, LIFECYCLE_OFF);
    }
    Thread.ofVirtual().name("quit").start(server::stop);
    return text(200, "Requesting termination... Goodbye!");
  }

  /** As {@link #quit}. */
  @PUT
  @Path("quit")
  public Response quitPut() {
    return quit();
  }

  /** Tells that GET does not quit. */
  @GET
  @Path("quit")
  public Response quitGet() {
    return server.enabled("web.enable-lifecycle")
        ? text(405, "Only POST or PUT requests allowed")
        : text(403, LIFECYCLE_OFF);
  }
}
