package io.narthex.http;

import io.narthex.service.plugins.PluginService;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.server.ServerInfo;
import java.util.Map;
import java.util.TreeMap;

/** Collects what this server can do, as {@code /api/v1/features} lists it. */
final class Features {
  private static final String DISCOVERY = "discovery:";

  private final ServerInfo server;
  private final PluginService plugins;

  Features(ServerInfo server, PluginService plugins) {
    this.server = server;
    this.plugins = plugins;
  }

  /** Returns the features by category and name, and whether they are on. */
  Map<String, Map<String, Boolean>> of(QueryInspector query) {
    Map<String, Map<String, Boolean>> all = new TreeMap<>();
    query.features().forEach((category, features) -> all.put(category, new TreeMap<>(features)));
    all.computeIfAbsent("promql", _ -> new TreeMap<>())
        .put("per_step_stats", server.feature(QueryFilter.PER_STEP_STATS));
    Map<String, Boolean> api = new TreeMap<>();
    api.put("admin", server.enabled("web.enable-admin-api"));
    api.put("lifecycle", server.enabled("web.enable-lifecycle"));
    api.put("remote_write_receiver", server.enabled("web.enable-remote-write-receiver"));
    api.put("query_stats", true);
    api.put("query_warnings", true);
    all.put("api", api);
    Map<String, Boolean> tsdb = new TreeMap<>();
    tsdb.put("exemplar_storage", true);
    tsdb.put("native_histograms", true);
    all.put("tsdb", tsdb);
    all.put("rules", new TreeMap<>(Map.of("keep_firing_for", true, "query_offset", true)));
    Map<String, Boolean> discoveries = new TreeMap<>();
    for (PluginService.PluginInfo plugin : plugins.plugins()) {
      for (String kind : plugin.kinds()) {
        if (kind.startsWith(DISCOVERY)) {
          discoveries.put(kind.substring(DISCOVERY.length()), true);
        }
      }
    }
    all.put("service_discovery_providers", discoveries);
    return all;
  }
}
