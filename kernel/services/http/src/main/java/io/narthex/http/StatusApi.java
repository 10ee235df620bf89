package io.narthex.http;

import io.narthex.http.Notifications.Notification;
import io.narthex.model.Matcher;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.ConfigService;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.rules.RuleService.AlertmanagerUrls;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.DeletableStorage;
import io.narthex.spi.storage.SnapshotStorage;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageStats;
import io.narthex.spi.storage.StorageStats.Count;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Paths;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** The state of the server: {@code /api/v1/status/…}, and administration of the storage. */
@Path("/api/v1")
public final class StatusApi {
  private final ServerInfo server;
  private final ConfigService config;
  private final StorageGate storage;
  private final Services services;
  private final PluginService plugins;
  private final Clock clock;

  StatusApi(
      ServerInfo server,
      ConfigService config,
      StorageGate storage,
      Services services,
      PluginService plugins,
      Clock clock) {
    this.server = server;
    this.config = config;
    this.storage = storage;
    this.services = services;
    this.plugins = plugins;
    this.clock = clock;
  }

  /** Returns the configuration in effect. */
  @GET
  @Path("status/config")
  public Response configuration() {
    return Api.success(
        out -> out.object(() -> out.field("yaml", config.current().prometheusYaml())));
  }

  /** Returns the flags in effect. */
  @GET
  @Path("status/flags")
  public Response flags() {
    return Api.success(out ->
        out.object(() -> {
          for (Map.Entry<String, List<String>> e : server.flags().entrySet()) {
            out.field(e.getKey(), String.join(",", e.getValue()));
          }
        }));
  }

  /** Returns version and build. */
  @GET
  @Path("status/buildinfo")
  public Response build() {
    Map<String, String> build = server.build();
    return Api.success(out ->
        out.object(() -> {
          // clients decide by this what the API can do
          out.field("version", server.compatibleVersion());
          out.field("revision", build.getOrDefault("revision", "unknown"));
          out.field("branch", build.getOrDefault("branch", "unknown"));
          out.field("buildUser", build.getOrDefault("buildUser", "unknown"));
          out.field("buildDate", build.getOrDefault("buildDate", "unknown"));
          out.field("goVersion", "java" + Runtime.version());
          out.field("narthexVersion", server.version());
        }));
  }

  /** Returns the Alertmanagers alerts are sent to, and those that relabelling dropped. */
  @GET
  @Path("alertmanagers")
  public Response alertmanagers() {
    AlertmanagerUrls urls = services.rules().alertmanagers();
    return Api.success(out ->
        out.object(() -> {
          urls(out, "activeAlertmanagers", urls.active());
          urls(out, "droppedAlertmanagers", urls.dropped());
        }));
  }

  private static void urls(Json out, String name, List<String> urls) throws IOException {
    out.objects(name, urls, url -> out.field("url", url));
  }

  /** Returns facts about the running process. */
  @GET
  @Path("status/runtimeinfo")
  public Response runtime() {
    ConfigService.Outcome reload = config.lastReload();
    return Api.success(out ->
        out.object(() -> {
          out.field("startTime", server.startTime().toString());
          out.field("CWD", Paths.get("").toAbsolutePath().toString());
          out.field("hostname", hostName());
          out.field("serverTime", Instant.ofEpochMilli(clock.millis()).toString());
          out.field("reloadConfigSuccess", reload.successful());
          out.field("lastConfigTime", reload.lastSuccess().toString());
          out.field(
              "corruptionCount",
              storage.ready()
                  ? (long)
                      (double)
                          storage.stats(0).counters().getOrDefault("wal_corruptions_total", 0.0)
                  : 0);
          out.field("goroutineCount", Thread.activeCount());
          out.field("GOMAXPROCS", Runtime.getRuntime().availableProcessors());
          out.field("GOMEMLIMIT", Runtime.getRuntime().maxMemory());
          out.field("GOGC", "");
          out.field("GODEBUG", "");
          out.field("storageRetention", retention());
        }));
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  /** Returns the limits in effect, from flags or the configuration; empty when there are none. */
  private String retention() {
    if (!storage.ready()) {
      return "";
    }
    Map<String, Double> counters = storage.stats(0).counters();
    long seconds = counters.getOrDefault("retention_limit_seconds", 0.0).longValue();
    long bytes = counters.getOrDefault("retention_limit_bytes", 0.0).longValue();
    String time = seconds > 0 ? PromDuration.formatMs(seconds * 1000) : "";
    String size = bytes > 0 ? size(bytes) : "";
    return time.isEmpty() || size.isEmpty() ? time + size : time + " or " + size;
  }

  /** Returns a size as the original shows it: {@code 1GiB512MiB}. */
  static String size(long bytes) {
    StringBuilder out = new StringBuilder();
    String[] units = {"EiB", "PiB", "TiB", "GiB", "MiB", "KiB", "B"};
    long rest = bytes;
    for (int i = 0; i < units.length; i++) {
      long unit = 1L << 10 * (units.length - 1 - i);
      if (rest >= unit) {
        out.append(rest / unit).append(units[i]);
        rest %= unit;
      }
    }
    return out.toString();
  }

  /** Returns statistics of the storage. */
  @GET
  @Path("status/tsdb")
  public Response tsdb(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    String given = p.text("limit");
    int limit =
        given.isEmpty() ? 10 : given.matches("[+]?[0-9]{1,9}") ? Integer.parseInt(given) : 0;
    if (limit < 1) {
      throw new ApiException(ApiError.BAD_DATA, "limit must be a positive number");
    }
    if (limit > 10_000) {
      throw new ApiException(ApiError.BAD_DATA, "limit must not exceed 10000");
    }
    StorageStats stats = storage.stats(limit);
    return Api.success(out ->
        out.object(() -> {
          out.object(
              "headStats",
              () -> {
                out.field("numSeries", stats.headSeries());
                out.field("numLabelPairs", stats.headLabelPairs());
                out.field("chunkCount", stats.headChunks());
                out.field("minTime", stats.headMinTimeMs());
                out.field("maxTime", stats.headMaxTimeMs());
              });
          counts(out, "seriesCountByMetricName", stats.seriesByMetric());
          counts(out, "labelValueCountByLabelName", stats.valuesByLabel());
          counts(out, "memoryInBytesByLabelName", stats.memoryByLabel());
          counts(out, "seriesCountByLabelValuePair", stats.seriesByPair());
        }));
  }

  private static void counts(Json out, String name, List<Count> counts) throws IOException {
    out.objects(
        name,
        counts,
        c -> {
          out.field("name", c.name());
          out.field("value", c.value());
        });
  }

  /** Returns the blocks of the storage. */
  @GET
  @Path("status/tsdb/blocks")
  public Response blocks() {
    StorageStats stats = storage.stats(0);
    return Api.success(out ->
        out.object(() -> {
          out.objects(
              "blocks",
              stats.blocks(),
              b -> {
                out.field("ulid", b.id());
                out.field("minTime", b.minTimeMs());
                out.field("maxTime", b.maxTimeMs());
                out.object(
                    "stats",
                    () -> {
                      out.field("numSamples", b.samples());
                      out.field("numSeries", b.series());
                      out.field("numChunks", b.chunks());
                    });
                out.object(
                    "compaction",
                    () -> {
                      out.field("level", b.level());
                      out.field("sources", b.sources());
                    });
                out.field("version", 1);
                if (stats.counters().containsKey("block_damaged{block=\"" + b.id() + "\"}")) {
                  out.field("damaged", true);
                }
              });
        }));
  }

  /** Returns the progress of the WAL replay. */
  @GET
  @Path("status/walreplay")
  public Response replay() {
    return Api.success(out ->
        out.object(() -> {
          out.field("min", 0);
          out.field("max", 100);
          out.field("current", Math.round(storage.replayProgress() * 100));
        }));
  }

  /** Returns the features of this server. */
  @GET
  @Path("features")
  public Response features() {
    Map<String, Map<String, Boolean>> all = new Features(server, plugins).of(services.inspector());
    return Api.success(out -> out.value(all));
  }

  /** Returns notifications for the web UI: a failed reload, settings without effect. */
  @GET
  @Path("notifications")
  public Response notifications() {
    List<Notification> active = Notifications.of(config);
    return Api.success(out -> out.objects(active, n -> n.write(out, true)));
  }

  private <T extends Storage> T administered(Class<T> type, String what) {
    if (!server.enabled("web.enable-admin-api")) {
      throw new ApiException(ApiError.UNAVAILABLE, "admin APIs disabled");
    }
    T found = storage.capability(type);
    if (found == null) {
      throw new ApiException(
          ApiError.UNAVAILABLE, "the storage `" + storage.type() + "` cannot " + what);
    }
    return found;
  }

  private DeletableStorage deletable() {
    return administered(DeletableStorage.class, "delete");
  }

  /** Deletes samples of matching series. */
  @POST
  @Path("admin/tsdb/delete_series")
  public Response delete(@Context HttpServletRequest request) {
    DeletableStorage target = deletable();
    Parameters p = new Parameters(request);
    List<List<Matcher>> sets;
    try {
      sets = p.narrowMatchers(services.engine());
    } catch (ApiException e) {
      throw Parameters.named("match[]", e);
    }
    if (sets.isEmpty()) {
      throw new ApiException(ApiError.BAD_DATA, "no match[] parameter provided");
    }
    long[] range = p.range();
    if (range[1] < range[0]) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "invalid parameter \"end\": end timestamp must not be before start time");
    }
    target.delete(sets, range[0], range[1]);
    return Response.noContent().build();
  }

  /** As {@link #delete}. */
  @PUT
  @Path("admin/tsdb/delete_series")
  public Response deletePut(@Context HttpServletRequest request) {
    return delete(request);
  }

  /** Frees the space of deleted samples. */
  @POST
  @Path("admin/tsdb/clean_tombstones")
  public Response clean() {
    deletable().cleanTombstones();
    return Response.noContent().build();
  }

  /** As {@link #clean}. */
  @PUT
  @Path("admin/tsdb/clean_tombstones")
  public Response cleanPut() {
    return clean();
  }

  /** Makes a copy of the storage in its data folder. */
  @POST
  @Path("admin/tsdb/snapshot")
  public Response snapshot(@Context HttpServletRequest request) {
    SnapshotStorage target = administered(SnapshotStorage.class, "make snapshots");
    String text = new Parameters(request).text("skip_head");
    boolean skip =
        switch (text) {
          case "", "0", "f", "F", "false", "FALSE", "False" -> false;
          case "1", "t", "T", "true", "TRUE", "True" -> true;
          default ->
              throw new ApiException(
                  ApiError.BAD_DATA,
                  "invalid parameter \"skip_head\": unable to parse boolean: strconv.ParseBool:"
                      + " parsing \""
                      + text
                      + "\": invalid syntax");
        };
    String name = target.snapshot(skip);
    return Api.success(out -> out.object(() -> out.field("name", name)));
  }

  /** As {@link #snapshot}. */
  @PUT
  @Path("admin/tsdb/snapshot")
  public Response snapshotPut(@Context HttpServletRequest request) {
    return snapshot(request);
  }
}
