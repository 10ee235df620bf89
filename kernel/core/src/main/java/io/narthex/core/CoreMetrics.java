package io.narthex.core;

import io.narthex.core.plugin.PluginManager;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.plugins.PluginService;
import io.narthex.spi.exporter.MetricSink;
import java.util.List;
import java.util.Map;

/** The metrics of the kernel itself. */
record CoreMetrics(ServerState server, StorageMetrics storage, PluginManager plugins)
    implements MetricCollector {
  /** The Alertmanager whose API and metrics the server has. */
  private static final String ALERTMANAGER = "0.34.0";

  private static final String PUSHGATEWAY = "1.11.3";

  private void build(MetricSink sink, String program, String version) {
    String name = program + "_build_info";
    sink.family(
        new MetricMetadata(
            name,
            MetricType.GAUGE,
            "A metric with a constant '1' value labeled by version, revision, branch, goversion"
                + " from which "
                + program
                + " was built, and the goos and goarch for the build.",
            ""));
    sink.sample(
        name,
        buildLabels(
            version,
            server.build(),
            System.getProperty("os.name", ""),
            System.getProperty("os.arch", "")),
        1);
  }

  @Override
  public void collect(MetricSink sink) {
    gauge(
        sink,
        "prometheus_ready",
        "Whether Prometheus startup was fully completed and the server is ready for normal"
            + " operation.",
        server.ready() ? 1 : 0);
    build(sink, "prometheus", server.compatibleVersion());
    build(sink, "alertmanager", ALERTMANAGER);
    build(sink, "pushgateway", PUSHGATEWAY);
    sink.family(
        new MetricMetadata(
            "narthex_build_info",
            MetricType.GAUGE,
            "Constant 1 with the version of the server in labels.",
            ""));
    sink.sample("narthex_build_info", Labels.of("version", server.version()), 1);
    gauge(
        sink,
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
        server.startTime().toEpochMilli() / 1000.0);
    // a file that is being copied is no plugin yet
    List<PluginService.PluginInfo> shown =
        plugins.plugins().stream()
            .filter(p -> !p.source().equals("kernel"))
            .filter(p -> p.state() != PluginService.State.CHECKING)
            .toList();
    sink.family(
        new MetricMetadata(
            "narthex_plugin_state",
            MetricType.GAUGE,
            "State of each plugin; 1 for the state it is in, 0 for the others.",
            ""));
    shown.forEach(p -> {
      for (PluginService.State state : PluginService.State.values()) {
        sink.sample(
            "narthex_plugin_state",
            Labels.of("plugin", p.id(), "state", state.name().toLowerCase(java.util.Locale.ROOT)),
            state == p.state() ? 1 : 0);
      }
    });
    sink.family(
        new MetricMetadata(
            "narthex_plugin_stale_class_loaders",
            MetricType.GAUGE,
            "Class loaders of former plugin versions still alive; a rise means a leak.",
            ""));
    shown.forEach(p ->
        sink.sample(
            "narthex_plugin_stale_class_loaders", Labels.of("plugin", p.id()), p.staleLoaders()));
    gauge(
        sink,
        "narthex_plugin_folder_scan_age_seconds",
        "Time since the plugin folder was last looked at; a rise means that a look hangs and new"
            + " jars are not noticed.",
        plugins.secondsSinceScan());
    storage.write(sink);
  }

  private static void gauge(MetricSink sink, String name, String help, double value) {
    sink.family(new MetricMetadata(name, MetricType.GAUGE, help, ""));
    sink.sample(name, Labels.EMPTY, value);
  }

  /** Returns the labels of {@code prometheus_build_info}. */
  static Labels buildLabels(
      String version, Map<String, String> build, String system, String processor) {
    return Labels.of(
        "version", version,
        "revision", build.getOrDefault("revision", "unknown"),
        "branch", build.getOrDefault("branch", "unknown"),
        "goversion", "java" + Runtime.version().feature(),
        "goos", goName(system),
        "goarch", goName(processor),
        "tags", "unknown");
  }

  /** Returns Go's name of an operating system or processor. */
  private static String goName(String name) {
    String lower = name.toLowerCase(java.util.Locale.ROOT);
    return switch (lower) {
      case "mac os x" -> "darwin";
      case "x86_64" -> "amd64";
      case "aarch64" -> "arm64";
      default -> lower.startsWith("windows") ? "windows" : lower;
    };
  }
}
