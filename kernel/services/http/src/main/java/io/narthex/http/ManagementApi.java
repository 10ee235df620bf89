package io.narthex.http;

import io.narthex.http.access.ListenerAccess;
import io.narthex.service.config.ConfigService;
import io.narthex.service.server.ServerControl;
import io.narthex.service.server.ServerInfo;
import io.narthex.spi.config.ConfigException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HEAD;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

/**
 * Health and life cycle: {@code /-/healthy}, {@code /-/ready}, {@code /-/reload}, {@code /-/quit}.
 */
@Path("/-")
public final class ManagementApi {
  private static final String LIFECYCLE_OFF = "Lifecycle API is not enabled.";

  private final ServerInfo server;
  private final ServerControl control;
  private final ConfigService config;

  ManagementApi(ServerInfo server, ServerControl control, ConfigService config) {
    this.server = server;
    this.control = control;
    this.config = config;
  }

  private static Response text(int status, String text) {
    return Response.status(status).entity(text + "\n").type(MediaType.TEXT_PLAIN_TYPE).build();
  }

  /** Answers as long as the process does. */
  @GET
  @Path("healthy")
  public Response healthy(@Context HttpServletRequest request) {
    return ListenerAccess.of(request).isOther()
        ? Response.ok("OK", MediaType.TEXT_PLAIN_TYPE).build()
        : text(200, "Prometheus Server is Healthy.");
  }

  /** As {@link #healthy}, head only. */
  @HEAD
  @Path("healthy")
  public Response healthyHead() {
    return Response.ok().type(MediaType.TEXT_PLAIN_TYPE).build();
  }

  /** Answers 200 when the server is ready for queries. */
  @GET
  @Path("ready")
  public Response ready(@Context HttpServletRequest request) {
    if (server.ready() && ListenerAccess.of(request).isOther()) {
      return Response.ok("OK", MediaType.TEXT_PLAIN_TYPE).build();
    }
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

  /** Reads the configuration again; at Alertmanager's listener without a flag, as there. */
  @POST
  @Path("reload")
  public Response reload(@Context HttpServletRequest request) {
    if (!mayReload(request)) {
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
  public Response reloadPut(@Context HttpServletRequest request) {
    return reload(request);
  }

  /** Refuses GET. */
  @GET
  @Path("reload")
  public Response reloadGet(@Context HttpServletRequest request) {
    return mayReload(request)
        ? text(405, "Only POST or PUT requests allowed")
        : text(403, LIFECYCLE_OFF);
  }

  private boolean mayReload(HttpServletRequest request) {
    return server.enabled("web.enable-lifecycle") || ListenerAccess.of(request).isAlertmanager();
  }

  /** Ends the server. */
  @POST
  @Path("quit")
  public Response quit() {
    if (!server.enabled("web.enable-lifecycle")) {
      return text(403, LIFECYCLE_OFF);
    }
    Thread.ofVirtual().name("quit").start(control::stop);
    return text(200, "Requesting termination... Goodbye!");
  }

  /** As {@link #quit}. */
  @PUT
  @Path("quit")
  public Response quitPut() {
    return quit();
  }

  /** Refuses GET. */
  @GET
  @Path("quit")
  public Response quitGet(@Context HttpServletRequest request) {
    if (ListenerAccess.of(request).isPushgateway()) {
      return text(405, "Only POST or PUT requests allowed.");
    }
    return server.enabled("web.enable-lifecycle")
        ? text(405, "Only POST or PUT requests allowed")
        : text(403, LIFECYCLE_OFF);
  }
}
