package io.narthex.exporter.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ParameterException;
import io.narthex.spi.exporter.PartialExporter;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.exporter.ExporterKit;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class NodeExporterTest extends ExporterKit {
  @Override
  protected Exporter open(PluginContext context) {
    return new NodeExporterProvider()
        .open(new NodeConfig("/proc", "/sys", "/", "/run/udev/data", List.of()), context);
  }

  @Test
  void readsThisHost() throws InterruptedException {
    try (Exporter exporter = open(context())) {
      RecordingMetrics metrics = collect(exporter);
      assertThat(metrics.families())
          .containsKeys(
              "node_cpu_seconds_total",
              "node_memory_MemTotal_bytes",
              "node_load1",
              "node_boot_time_seconds",
              "node_uname_info",
              "node_filesystem_size_bytes",
              "node_time_seconds");
    }
  }

  @Test
  void flagThatCannotBeUsedCostsNoOther() throws InterruptedException {
    NodeConfig config =
        new NodeConfig(
            "/proc",
            "/sys",
            "/",
            "/run/udev/data",
            List.of(
                "--collector.disable-defaults",
                "--collector.netdev.nosuch=x",
                "--collector.loadavg",
                "--collector.netdev.device-exclude=(",
                "--collector.nosuch",
                "--collector.netdev.device-include=^a",
                "--collector.netdev.device-exclude=^b",
                "--collector.filesystem.mount-timeout=soon",
                "--collector.uname"));
    try (PartialExporter exporter =
        (PartialExporter) new NodeExporterProvider().open(config, context())) {
      assertThat(exporter.problems())
          .containsOnlyKeys(
              "--collector.netdev.nosuch=x",
              "--collector.netdev.device-exclude=(",
              "--collector.nosuch",
              "--collector.netdev.device-exclude=^b",
              "--collector.filesystem.mount-timeout=soon")
          .hasEntrySatisfying(
              "--collector.netdev.nosuch=x",
              text -> assertThat(text).startsWith("flags: unknown flag, got"));
      assertThat(collect(exporter).families())
          .containsKeys("node_load1", "node_uname_info")
          .doesNotContainKey("node_cpu_seconds_total");
    }
  }

  @Test
  void readsFilesThatEndAfterTheirFirstPiece() throws Exception {
    // a second read from a file below /proc/sys returns nothing
    try (Exporter exporter = open(context());
        InputStream in = Files.newInputStream(Path.of("/proc/sys/fs/file-nr"))) {
      byte[] bytes = new byte[200];
      String[] f = new String(bytes, 0, in.read(bytes), UTF_8).strip().split("\\s+");
      assertThat(
              collect(exporter).samples().get(Labels.of(Labels.METRIC_NAME, "node_filefd_maximum")))
          .isEqualTo(Double.parseDouble(f[2]));
    }
  }

  @Test
  void readsTheClock() throws InterruptedException {
    try (Exporter exporter = open(context())) {
      RecordingMetrics metrics = collect(exporter);
      var tick = metrics.samples().get(Labels.of("__name__", "node_timex_tick_seconds"));
      assertThat(tick).isNotNull().isBetween(0.0005, 0.02);
    }
  }

  private RecordingMetrics collect(Exporter exporter, Map<String, List<String>> parameters)
      throws InterruptedException {
    RecordingMetrics metrics = new RecordingMetrics();
    exporter.collect(metrics, parameters);
    return metrics;
  }

  private static List<String> collectors(RecordingMetrics metrics) {
    return metrics.samples().keySet().stream()
        .filter(l -> l.metricName().equals("node_scrape_collector_success"))
        .map(l -> l.get("collector"))
        .toList();
  }

  @Test
  void aScrapeChoosesCollectors() throws InterruptedException {
    try (Exporter exporter = open(context())) {
      assertThat(collectors(collect(exporter, Map.of("collect[]", List.of("loadavg", "cpu")))))
          .containsExactly("cpu", "loadavg");
      assertThat(collectors(collect(exporter, Map.of("exclude[]", List.of("loadavg", "nope")))))
          .contains("cpu")
          .doesNotContain("loadavg");
    }
  }

  @Test
  void refusesACombinationThatTheOriginalRefuses() {
    try (Exporter exporter = open(context())) {
      assertThatThrownBy(() ->
              collect(
                  exporter, Map.of("collect[]", List.of("cpu"), "exclude[]", List.of("loadavg"))))
          .isInstanceOf(ParameterException.class)
          .hasMessage("Combined collect and exclude queries are not allowed.");
      assertThatThrownBy(() -> collect(exporter, Map.of("collect[]", List.of("nope"))))
          .isInstanceOf(ParameterException.class)
          .hasMessageEndingWith("couldn't create collector: missing collector: nope");
      assertThatThrownBy(() -> collect(exporter, Map.of("collect[]", List.of("tcpstat"))))
          .isInstanceOf(ParameterException.class)
          .hasMessageEndingWith("couldn't create collector: disabled collector: tcpstat");
    }
  }

  @Test
  void leavesOutWhatFlagsSwitchOff() throws InterruptedException {
    try (Exporter exporter =
        new NodeExporterProvider()
            .open(
                new NodeConfig(
                    "/proc",
                    "/sys",
                    "/",
                    "/run/udev/data",
                    List.of("--collector.disable-defaults", "--collector.loadavg")),
                context())) {
      assertThat(collect(exporter).families())
          .containsKey("node_load1")
          .doesNotContainKey("node_cpu_seconds_total");
    }
  }
}
