package io.narthex.http;

import io.narthex.http.access.Permission;
import io.narthex.http.pages.Dashboard;
import io.narthex.http.pages.DashboardStore;
import io.narthex.http.pages.DashboardStore.Opened;
import io.narthex.http.pages.DashboardStore.Stored;
import io.narthex.http.store.Refused;
import io.narthex.service.plugins.PluginService;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Dashboards over HTTP: Grafana's documents, kept as they are. Reading is free; changing needs the
 * role operator and TLS or a direct connection from this machine. Errors are {@code {"error":
 * text}}.
 */
@Path("/narthex/api/v1/dashboards")
public final class DashboardApi {
  private static final int MAX_UPLOADS = 4; // at a time, each with some MiB of memory
  private static final Duration WAIT = Duration.ofSeconds(10);

  private final DashboardStore store;
  private final PluginService audit;
  private final AdminGate gate;
  private final Semaphore uploads = new Semaphore(MAX_UPLOADS, true);

  DashboardApi(DashboardStore store, PluginService audit, AdminGate gate) {
    this.store = store;
    this.audit = audit;
    this.gate = gate;
  }

  /** Returns all dashboards, with the files that cannot be used. */
  @GET
  public Response list() {
    List<Dashboard> all = store.list();
    return Api.json(
        200, out -> out.object(() -> out.objects("dashboards", all, d -> write(out, d))));
  }

  private static void write(Json out, Dashboard d) throws IOException {
    out.field("uid", d.uid());
    out.field("title", d.title());
    out.field("tags", d.tags());
    out.field("folder", d.folder());
    out.field("source", d.source().text());
    out.field("file", d.file());
    out.field("changedMs", d.changedMs());
    out.value("problem", d.problem());
  }

  /** Returns a dashboard with its document. */
  @GET
  @Path("{uid}")
  public Response open(@PathParam("uid") String uid) {
    Opened opened = store.open(uid);
    if (opened == null) {
      return Api.failure(404, "there is no dashboard \"" + uid + "\"");
    }
    Dashboard d = opened.dashboard();
    String head =
        Json.text(out ->
            out.object(() -> {
              out.field("uid", d.uid());
              out.field("title", d.title());
              out.field("folder", d.folder());
              out.field("source", d.source().text());
              out.field("file", d.file());
            }));
    StreamingOutput body =
        out -> {
          out.write(head.substring(0, head.length() - 1).getBytes(StandardCharsets.UTF_8));
          out.write(",\"dashboard\":".getBytes(StandardCharsets.UTF_8));
          opened.content().writeTo(out);
          out.write('}');
          out.flush();
        };
    return Response.ok(body, MediaType.APPLICATION_JSON_TYPE).build();
  }

  /** Stores the document of the body; 201 when it is new. */
  @PUT
  @Consumes(MediaType.WILDCARD)
  public Response put(
      @QueryParam("overwrite") boolean overwrite,
      @Context HttpServletRequest request,
      InputStream body)
      throws IOException {
    Response refusal = gate.refusal(request, Permission.OPERATE);
    if (refusal != null) {
      return refusal;
    }
    try {
      if (!uploads.tryAcquire(WAIT.toSeconds(), TimeUnit.SECONDS)) {
        Response busy = Api.failure(503, MAX_UPLOADS + " dashboards are being uploaded; try again");
        busy.getHeaders().putSingle("Retry-After", "1");
        return busy;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Api.failure(503, "the server stops");
    }
    try {
      byte[] bytes = body.readNBytes(DashboardStore.MAX_BYTES + 1);
      if (bytes.length > DashboardStore.MAX_BYTES) {
        return Api.failure(
            413, "a dashboard has at most " + (DashboardStore.MAX_BYTES >> 20) + " MiB");
      }
      Stored stored = store.put(bytes, overwrite);
      Dashboard d = stored.dashboard();
      audit.audited(
          AdminGate.actor(request),
          stored.replaced() ? "replace" : "upload",
          "dashboard:" + d.uid(),
          "ok");
      return Api.json(stored.replaced() ? 200 : 201, out -> out.object(() -> write(out, d)));
    } catch (Refused e) {
      return Api.failure(e.status(), String.valueOf(e.getMessage()));
    } finally {
      uploads.release();
    }
  }

  /** Removes an uploaded dashboard. */
  @DELETE
  @Path("{uid}")
  public Response remove(@PathParam("uid") String uid, @Context HttpServletRequest request) {
    Response refusal = gate.refusal(request, Permission.OPERATE);
    if (refusal != null) {
      return refusal;
    }
    try {
      store.remove(uid);
      audit.audited(AdminGate.actor(request), "remove", "dashboard:" + uid, "ok");
      return Response.noContent().build();
    } catch (Refused e) {
      return Api.failure(e.status(), String.valueOf(e.getMessage()));
    }
  }
}
