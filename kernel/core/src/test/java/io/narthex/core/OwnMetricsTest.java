package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.metrics.ProcessMetrics;
import io.narthex.core.metrics.WorkMemoryMetrics;
import io.narthex.exposition.ExpositionWriter;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code /metrics} says of the storage and of the process. */
class OwnMetricsTest {
  @TempDir Path proc;

  private static String written(Consumer<ExpositionWriter> by) {
    ExpositionWriter writer = new ExpositionWriter(ExpositionWriter.Format.TEXT_0_0_4);
    by.accept(writer);
    writer.finish();
    return new String(writer.buffer(), 0, writer.length(), StandardCharsets.UTF_8);
  }

  @Test
  void metricsOfTheVirtualMachineAreThoseOfTheExporterOrNone() {
    ExporterStandIn exporter = new ExporterStandIn();
    assertThat(written(new OwnJvmMetrics(exporter)::collect))
        .isEqualTo("# TYPE jvm_threads_current gauge\njvm_threads_current 7\n");
    exporter.fails = true;
    assertThat(written(new OwnJvmMetrics(exporter)::collect)).isEmpty();
    exporter.fails = false;
    exporter.hangs = true;
    assertThat(written(new OwnJvmMetrics(exporter, Duration.ofMillis(50))::collect)).isEmpty();
    exporter.types = List.of("node");
    assertThat(written(new OwnJvmMetrics(exporter)::collect)).isEmpty();
  }

  /** An exporter with a metric of the JVM and one of the process. */
  private static final class ExporterStandIn implements ExporterService {
    private List<String> types = List.of("jvm", "node");
    private boolean fails;
    private boolean hangs;

    @Override
    public List<String> types() {
      return types;
    }

    @Override
    public boolean has(String type) {
      return types.contains(type);
    }

    @Override
    public void collect(String type, MetricSink sink, Map<String, List<String>> parameters)
        throws IOException, InterruptedException {
      for (String name : List.of("jvm_threads_current", "process_open_fds")) {
        sink.family(new MetricMetadata(name, MetricType.GAUGE, "", ""));
        sink.sample(name, Labels.EMPTY, 7);
      }
      if (hangs) {
        new CountDownLatch(1).await();
      }
      if (fails) {
        throw new IOException("broken");
      }
    }
  }

  @Test
  void countersOfAStorageThatReportsNoMetricsBecomeSome() {
    Map<String, Double> counters =
        Map.ofEntries(
            Map.entry("compaction_duration_seconds_count", 2.0),
            Map.entry("compaction_duration_seconds_sum", 0.5),
            Map.entry("compaction_duration_seconds_bucket{le=\"1.0\"}", 0.0),
            Map.entry("compaction_duration_seconds_bucket{le=\"2.0\"}", 1.0),
            Map.entry("compaction_duration_seconds_bucket{le=\"16384.0\"}", 2.0),
            Map.entry("compaction_duration_seconds_bucket{le=\"1.6777216E7\"}", 2.0),
            Map.entry("wal_fsync_duration_seconds{quantile=\"0.5\"}", 0.1),
            Map.entry("wal_fsync_duration_seconds{quantile=\"0.99\"}", Double.NaN),
            Map.entry("wal_fsync_duration_seconds_count", 3.0),
            Map.entry("wal_fsync_duration_seconds_sum", 0.25),
            Map.entry("head_samples_appended_total{type=\"float\"}", 7.0),
            Map.entry("head_series", 9.0),
            Map.entry("of_our_own_total", 1.0));
    StorageMetrics.Report report = StorageMetrics.Report.ofStorage();
    StorageMetrics.counters(counters, report);
    assertThat(written(report::writeTo))
        .contains(
            """
            # TYPE prometheus_tsdb_compaction_duration_seconds histogram
            prometheus_tsdb_compaction_duration_seconds_bucket{le="1"} 0
            prometheus_tsdb_compaction_duration_seconds_bucket{le="2"} 1
            prometheus_tsdb_compaction_duration_seconds_bucket{le="16384"} 2
            prometheus_tsdb_compaction_duration_seconds_bucket{le="1.6777216e+07"} 2
            prometheus_tsdb_compaction_duration_seconds_bucket{le="+Inf"} 2
            prometheus_tsdb_compaction_duration_seconds_count 2
            prometheus_tsdb_compaction_duration_seconds_sum 0.5
            """,
            """
            # TYPE prometheus_tsdb_wal_fsync_duration_seconds summary
            prometheus_tsdb_wal_fsync_duration_seconds{quantile="0.5"} 0.1
            prometheus_tsdb_wal_fsync_duration_seconds{quantile="0.99"} NaN
            prometheus_tsdb_wal_fsync_duration_seconds_count 3
            prometheus_tsdb_wal_fsync_duration_seconds_sum 0.25
            """,
            """
            # TYPE prometheus_tsdb_head_samples_appended_total counter
            prometheus_tsdb_head_samples_appended_total{type="float"} 7
            """,
            "\nprometheus_tsdb_of_our_own_total 1\n")
        .as("the server says itself how many series there are")
        .doesNotContain("prometheus_tsdb_head_series ");
  }

  @Test
  void theBuildIsToldInTheLabelsOfPrometheus() {
    assertThat(CoreMetrics.buildLabels("3.5.0", Map.of("revision", "ab"), "Linux", "amd64").toMap())
        .containsOnly(
            Map.entry("version", "3.5.0"),
            Map.entry("revision", "ab"),
            Map.entry("branch", "unknown"),
            Map.entry("goversion", "java" + Runtime.version().feature()),
            Map.entry("goos", "linux"),
            Map.entry("goarch", "amd64"),
            Map.entry("tags", "unknown"));
    assertThat(CoreMetrics.buildLabels("3.5.0", Map.of(), "Mac OS X", "aarch64").toMap())
        .containsEntry("goos", "darwin")
        .containsEntry("goarch", "arm64");
  }

  @Test
  void memoryOfWorkIsShownByUse() {
    WorkMemory memory = new WorkMemory(1000 << 20);
    assertThat(memory.tryTake(WorkMemory.Use.SCRAPES, 4096)).isTrue();
    assertThat(written(w -> new WorkMemoryMetrics(memory).collect(w)).lines())
        .contains(
            "# TYPE narthex_work_memory_bytes gauge",
            "narthex_work_memory_bytes{use=\"scrapes\"} 4096",
            "narthex_work_memory_bytes{use=\"queries\"} 0",
            "narthex_work_memory_limit_bytes{use=\"queries\"} 3.145728e+08");
  }

  @Test
  void processMetricsAreReadFromProc() throws Exception {
    Files.writeString(
        proc.resolve("stat"),
        "12 (a) b (c) S 1 12 12 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 31 0 999 2057281536 21723 1\n");
    Files.writeString(proc.resolve("status"), "Name:\tjava\nVmRSS:\t   1024 kB\n");
    Files.writeString(
        proc.resolve("limits"),
        """
        Limit                     Soft Limit           Hard Limit           Units
        Max open files            1024                 20000                files
        Max address space         unlimited            unlimited            bytes
        """);
    for (int i = 0; i < 4; i++) {
      Files.writeString(Files.createDirectories(proc.resolve("fd")).resolve("" + i), "");
    }
    assertThat(written(w -> new ProcessMetrics(proc).collect(w)).lines())
        .filteredOn(l -> !l.startsWith("#"))
        .containsExactlyInAnyOrder(
            "process_cpu_seconds_total 3",
            "process_virtual_memory_bytes 2.057281536e+09",
            "process_resident_memory_bytes 1.048576e+06",
            "process_max_fds 1024",
            "process_virtual_memory_max_bytes 1.8446744073709552e+19",
            "process_open_fds 3");
    assertThat(written(w -> new ProcessMetrics(proc.resolve("none")).collect(w))).isEmpty();
  }

  @Test
  void newDataFoldersAreTheServersAlone() throws Exception {
    Path data = proc.resolve("a/b/data");
    PrivateFolder.create(data);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data)))
        .isEqualTo("rwx------");
    Path open = Files.createDirectories(proc.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
    PrivateFolder.create(open);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(open)))
        .as("an existing one is warned of, not changed")
        .isEqualTo("rwxr-xr-x");
  }
}
