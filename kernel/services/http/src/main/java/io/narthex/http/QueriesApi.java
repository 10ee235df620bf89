package io.narthex.http;

import io.narthex.http.access.Permission;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.query.QueryActivity.Running;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;

/** Ends queries that run: {@code /narthex/api/v1/queries}. */
@Path("/narthex/api/v1/queries")
public final class QueriesApi {
  private static final int LOGGED_TEXT = 200;

  private final Services services;
  private final PluginService audit;
  private final AdminGate gate;

  QueriesApi(Services services, PluginService audit, AdminGate gate) {
    this.services = services;
    this.audit = audit;
    this.gate = gate;
  }

  /** Ends a query; its client gets an error that says so. */
  @DELETE
  @Path("{id}")
  public Response end(@PathParam("id") String id, @Context HttpServletRequest request) {
    Response refusal = gate.refusal(request, Permission.OPERATE);
    if (refusal != null) {
      return refusal;
    }
    Running ended = services.activity().cancel(id);
    if (ended == null) {
      return Api.failure(404, "no query with this id runs; it may have ended already");
    }
    String text = ended.query();
    audit.audited(
        AdminGate.actor(request),
        "end",
        "query:" + ended.id(),
        "ok: " + (text.length() <= LOGGED_TEXT ? text : text.substring(0, LOGGED_TEXT) + "…"));
    return Response.noContent().build();
  }
}
