package io.narthex.http;

import io.narthex.http.access.Permission;
import io.narthex.service.plugins.PluginHealth;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.plugins.PluginService.AuditEntry;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.service.plugins.PluginService.PluginInfo;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The plugin manager over HTTP. Reading is free; changing needs the role plugin admin and TLS or a
 * direct connection from this machine. Errors are {@code {"error": text}}; those of the plugin
 * manager also have {@code problem} and {@code blame}, for programs.
 */
@Path("/narthex/api/v1")
public final class PluginApi {
  private static final long MAX_JAR = 256L << 20;

  private final PluginService plugins;
  private final AdminGate gate;

  PluginApi(PluginService plugins, AdminGate gate) {
    this.plugins = plugins;
    this.gate = gate;
  }

  /** Returns all plugins. */
  @GET
  @Path("plugins")
  public Response list() {
    List<PluginInfo> all = plugins.plugins();
    return Api.json(
        200,
        out ->
            out.object(() -> {
              out.array("plugins", all, p -> write(out, p));
              out.objects(
                  "removed",
                  plugins.removedWithLeftovers(),
                  id -> {
                    out.field("id", id);
                    write(out, plugins.health(id));
                  });
            }));
  }

  /** Returns one plugin. */
  @GET
  @Path("plugins/{id}")
  public Response info(@PathParam("id") String id) {
    PluginInfo found = plugins.plugin(id);
    return found == null ? Api.failure(404, "there is no plugin \"" + id + "\"") : answer(found);
  }

  private void write(Json out, PluginInfo p) throws IOException {
    out.object(() -> {
      out.field("id", p.id());
      out.field("name", p.name());
      out.field("kind", p.kinds().isEmpty() ? "" : p.kinds().get(0).replaceFirst(":.*", ""));
      out.field("kinds", p.kinds());
      out.field("version", p.version());
      out.field("state", p.state().name().toLowerCase(Locale.ROOT));
      out.field("reason", p.reason());
      write(out, p.problem());
      out.field("source", p.source());
      out.field("file", p.file());
      out.field("sha256", p.sha256());
      out.field("since", p.sinceMs());
      out.field("started", p.startedMs());
      out.field("instances", p.instances());
      out.field("undoVersion", p.undoVersion());
      out.field("staleClassLoaders", p.staleLoaders());
      out.field("osgiState", p.osgiState());
      write(out, plugins.health(p.id()));
    });
  }

  /** Writes the kind of a problem, for programs, and who can solve it. */
  private static void write(Json out, @Nullable PluginProblem problem) throws IOException {
    out.field("problem", problem == null ? "" : lower(problem));
    out.field("blame", problem == null ? "" : lower(problem.blame()));
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static void write(Json out, PluginHealth health) throws IOException {
    out.objects(
        "calls",
        health.calls(),
        c -> {
          out.field("kind", c.kind());
          out.field("operation", c.operation());
          out.field("calls", c.calls());
          out.field("failures", c.exceptions() + c.timeouts() + c.rejected());
          out.field("exceptions", c.exceptions());
          out.field("timeouts", c.timeouts());
          out.field("rejected", c.rejected());
          out.field("inFlight", c.inFlight());
          out.field("meanSeconds", c.meanSeconds());
          out.field("maxSeconds", c.maxSeconds());
        });
    out.field("cpuSeconds", health.usage().cpuSeconds());
    out.field("allocatedBytes", health.usage().allocatedBytes());
    out.objects(
        "leaks",
        health.leaks(),
        l -> {
          out.field("what", l.what());
          out.field("name", l.name());
          out.field("version", l.version());
        });
  }

  private Response answer(PluginInfo info) {
    return Api.json(200, out -> write(out, info));
  }

  /** Returns the response to a change; 202 when it continues after the response. */
  private Response changed(PluginInfo info) {
    return Api.json(
        info.state() == PluginService.State.STARTING ? 202 : 200, out -> write(out, info));
  }

  /** Returns the response to a change that the plugin manager refuses. */
  static Response refused(PluginException e) {
    return Api.json(
        409,
        out ->
            out.object(() -> {
              out.field("error", String.valueOf(e.getMessage()));
              write(out, e.problem());
            }));
  }

  /** Installs or updates from the body. */
  @PUT
  @Path("plugins/upload")
  @Consumes(MediaType.WILDCARD)
  public Response upload(
      @QueryParam("file") @Nullable String file,
      @QueryParam("force") boolean force,
      @Context HttpServletRequest request,
      InputStream body)
      throws IOException {
    Response refusal = refusal(request);
    if (refusal != null) {
      return refusal;
    }
    if (file == null) {
      return Api.failure(400, "parameter file is missing; give the name of the jar");
    }
    if (request.getContentLengthLong() > MAX_JAR) {
      return Api.failure(
          413,
          "a plugin may have "
              + (MAX_JAR >> 20)
              + " MiB at most, got "
              + (request.getContentLengthLong() >> 20)
              + " MiB");
    }
    try {
      return changed(
          CoreCall.in(
              plugins,
              () ->
                  plugins.install(file, new BoundedStream(body, MAX_JAR), force, actor(request))));
    } catch (PluginException e) {
      return refused(e);
    }
  }

  /** Refuses a body that is longer than allowed, also one without {@code Content-Length}. */
  private static final class BoundedStream extends FilterInputStream {
    private long left;

    BoundedStream(InputStream in, long most) {
      super(in);
      left = most;
    }

    private int took(int n) {
      left -= Math.max(n, 0);
      if (left < 0) {
        throw new PluginException("a plugin may have " + (MAX_JAR >> 20) + " MiB at most");
      }
      return n;
    }

    @Override
    public int read() throws IOException {
      int b = super.read();
      if (b >= 0) {
        took(1);
      }
      return b;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      return took(super.read(buffer, offset, length));
    }
  }

  /** Removes a plugin. */
  @DELETE
  @Path("plugins/{id}")
  public Response remove(@PathParam("id") String id, @Context HttpServletRequest request) {
    return change(
        request,
        () -> {
          plugins.remove(id, actor(request));
          PluginInfo after = plugins.plugin(id); // the shipped version of a kernel bundle
          return after != null && after.source().equals("kernel") ? after : null;
        });
  }

  /** Starts, stops or undoes. */
  @POST
  @Path("plugins/{id}/{act}")
  @Consumes(MediaType.WILDCARD)
  public Response act(
      @PathParam("id") String id,
      @PathParam("act") String act,
      @Context HttpServletRequest request) {
    return change(
        request,
        () ->
            switch (act) {
              case "enable" -> plugins.enable(id, actor(request));
              case "disable" -> plugins.disable(id, actor(request));
              case "rollback" -> plugins.rollback(id, actor(request));
              default ->
                  throw new PluginException(
                      "there is no act \"" + act + "\"; use enable, disable or rollback");
            });
  }

  private interface Change {
    @Nullable PluginInfo run();
  }

  private Response change(HttpServletRequest request, Change change) {
    Response refusal = refusal(request);
    if (refusal != null) {
      return refusal;
    }
    try {
      PluginInfo after = CoreCall.<@Nullable PluginInfo, RuntimeException>in(plugins, change::run);
      return after == null ? Api.empty() : changed(after);
    } catch (PluginException e) {
      return refused(e);
    }
  }

  /** Returns the newest audit entries. */
  @GET
  @Path("audit")
  public Response audit(@QueryParam("plugin") @Nullable String plugin) {
    List<AuditEntry> entries = plugins.audit(plugin, 200);
    return Api.json(
        200,
        out ->
            out.object(() -> {
              out.objects(
                  "entries",
                  entries,
                  e -> {
                    out.field("timeMs", e.timeMs());
                    out.field("actor", e.actor());
                    out.field("action", e.action());
                    out.field("id", e.id());
                    out.field("version", e.version());
                    out.field("sha256", e.sha256());
                    out.field("result", e.result());
                  });
            }));
  }

  private static String actor(HttpServletRequest request) {
    return AdminGate.actor(request);
  }

  private @Nullable Response refusal(HttpServletRequest request) {
    return gate.refusal(request, Permission.PLUGINS);
  }
}
