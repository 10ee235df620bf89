package io.narthex.http;

import io.narthex.http.access.Permission;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.service.plugins.PluginService.PluginInfo;
import io.narthex.service.plugins.PluginSettingsService.Orphan;
import io.narthex.service.plugins.PluginSettingsService.ProviderSettings;
import io.narthex.service.plugins.PluginSettingsService.WaitingBlock;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of plugins over HTTP: their schemas and tables, blocks that wait for a plugin, and
 * what removed plugins have left. Deleting needs the same permission as other changes.
 */
@Path("/narthex/api/v1")
public final class PluginSettingsApi {
  private final Services services;
  private final PluginService plugins;
  private final AdminGate gate;

  PluginSettingsApi(Services services, PluginService plugins, AdminGate gate) {
    this.services = services;
    this.plugins = plugins;
    this.gate = gate;
  }

  /**
   * Returns the settings of a plugin, an entry for each of its providers.
   *
   * @param provider {@code kind:type}: its bare JSON Schema alone
   * @param part {@code global}, with {@code provider}: the schema of its keys in {@code global:}
   * @param format {@code json}, or {@code markdown} for tables
   */
  @GET
  @Path("plugins/{id}/schema")
  public Response schema(
      @PathParam("id") String id,
      @QueryParam("provider") @Nullable String provider,
      @QueryParam("part") @Nullable String part,
      @QueryParam("format") @Nullable String format) {
    List<ProviderSettings> all;
    try {
      all = services.pluginSettings().describe(id);
    } catch (IllegalStateException e) { // its record cannot be bound
      return Api.failure(409, id + ": " + e.getMessage());
    }
    if (all.isEmpty()) {
      PluginInfo info = plugins.plugin(id);
      return info == null
          ? Api.failure(404, "there is no plugin \"" + id + "\"")
          : info.source().equals("kernel")
              ? Api.failure(404, id + " is a part of the server and has no such settings")
              : Api.failure(
                  409, id + " does not run; the settings of a plugin are known while it runs");
    }
    if (format != null && !format.equals("json") && !format.equals("markdown")) {
      return Api.failure(400, "format must be json or markdown, got \"" + format + "\"");
    }
    if (provider != null) {
      ProviderSettings found =
          all.stream()
              .filter(p -> provider.equals(p.kind() + ":" + p.type()))
              .findFirst()
              .orElse(null);
      if (found == null) {
        return Api.failure(
            404,
            id
                + " has no provider \""
                + provider
                + "\"; it has "
                + String.join(", ", all.stream().map(p -> p.kind() + ":" + p.type()).toList()));
      }
      all = List.of(found);
    }
    if ("markdown".equals(format)) {
      return Response.ok(markdown(id, all), "text/markdown; charset=utf-8").build();
    }
    if (provider != null) {
      Map<String, Object> schema =
          "global".equals(part) ? all.get(0).globalSchema() : all.get(0).schema();
      return schema == null || schema.isEmpty()
          ? Api.failure(404, provider + " has no such settings")
          : Response.fromResponse(Api.json(200, out -> out.value(schema)))
              .type("application/schema+json")
              .build();
    }
    List<ProviderSettings> shown = all;
    return Api.json(
        200,
        out ->
            out.object(() -> {
              out.field("plugin", id);
              out.array("providers", shown, p -> write(out, p));
            }));
  }

  private void write(Json out, ProviderSettings p) throws IOException {
    out.object(() -> {
      out.field("kind", p.kind());
      out.field("type", p.type());
      out.field("where", p.where());
      if (!p.schema().isEmpty()) {
        out.value("schema", p.schema());
      }
      if (p.globalSchema() != null) {
        out.value("globalSchema", p.globalSchema());
      }
    });
  }

  private static String markdown(String id, List<ProviderSettings> all) {
    StringBuilder out = new StringBuilder("# " + id + "\n");
    for (ProviderSettings p : all) {
      out.append("\n## ").append(p.kind()).append(" `").append(p.type()).append("`\n\n");
      out.append(p.where()).append("\n\n").append(p.table());
      if (p.globalTable() != null) {
        out.append("\nKeys in `global:` of `alertmanager.yml`:\n\n").append(p.globalTable());
      }
    }
    return out.toString();
  }

  /** Returns the parts of the configuration that wait for a plugin. */
  @GET
  @Path("plugins/waiting")
  public Response waiting() {
    List<WaitingBlock> waiting = services.pluginSettings().waiting();
    return Api.json(200, out -> out.object(() -> blocks(out, "waiting", waiting)));
  }

  private static void blocks(Json out, String name, List<WaitingBlock> blocks) throws IOException {
    out.objects(
        name,
        blocks,
        w -> {
          out.field("kind", w.kind());
          out.field("type", w.type());
          out.field("place", w.place());
          out.field("block", w.block());
          out.field("reason", w.reason());
        });
  }

  /** Returns what is kept of plugins that are not installed. */
  @GET
  @Path("plugins/orphans")
  public Response orphans() {
    List<Orphan> orphans = services.pluginSettings().orphans();
    return Api.json(
        200,
        out ->
            out.object(() -> {
              out.objects(
                  "orphans",
                  orphans,
                  o -> {
                    out.field("id", o.id());
                    out.field("version", o.version());
                    out.field("lastSeen", o.lastSeenMs());
                    out.field("provided", o.provided());
                    blocks(out, "blocks", o.blocks());
                    out.field("records", o.records());
                    out.field("folders", o.folders());
                    out.field("keptVersions", o.keptVersions());
                  });
            }));
  }

  /** Deletes what is kept of a plugin that is not installed. */
  @DELETE
  @Path("plugins/orphans/{id}")
  public Response forget(@PathParam("id") String id, @Context HttpServletRequest request) {
    Response refusal = gate.refusal(request, Permission.PLUGINS);
    if (refusal != null) {
      return refusal;
    }
    try {
      services.pluginSettings().forget(id, AdminGate.actor(request));
      return Api.empty();
    } catch (PluginException e) {
      return PluginApi.refused(e);
    }
  }
}
