package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TsdbMetricsTest {
  @TempDir Path dir;

  private static RecordingMetrics metrics(TsdbStorage db) {
    RecordingMetrics metrics = new RecordingMetrics();
    db.collect(metrics);
    assertThat(metrics.faults()).isEmpty();
    return metrics;
  }

  private static @Nullable Double sample(RecordingMetrics metrics, String name, String... labels) {
    return metrics
        .samples()
        .get(Labels.of(labels).with(Labels.METRIC_NAME, "prometheus_tsdb_" + name));
  }

  private static @Nullable MetricMetadata family(RecordingMetrics metrics, String name) {
    return metrics.families().get("prometheus_tsdb_" + name);
  }

  @Test
  void familiesHaveTypeAndHelpOfPrometheus() {
    TsdbStorage db = TestDb.open(dir);
    assertThat(TestDb.append(db, TestDb.series("m", 0), 1_000_000, 1)).isZero();
    db.counters().compacted(System.nanoTime());
    RecordingMetrics metrics = metrics(db);
    assertThat(family(metrics, "compaction_duration_seconds"))
        .isEqualTo(
            new MetricMetadata(
                "prometheus_tsdb_compaction_duration_seconds",
                MetricType.HISTOGRAM,
                "Duration of compaction runs",
                ""));
    assertThat(sample(metrics, "compaction_duration_seconds_count")).isEqualTo(1);
    assertThat(sample(metrics, "compaction_duration_seconds_bucket", "le", "8192.0")).isEqualTo(1);
    assertThat(sample(metrics, "compaction_duration_seconds_bucket", "le", "+Inf")).isEqualTo(1);
    assertThat(family(metrics, "wal_fsync_duration_seconds"))
        .extracting(MetricMetadata::type)
        .isEqualTo(MetricType.SUMMARY);
    assertThat(sample(metrics, "wal_fsync_duration_seconds", "quantile", "0.99")).isNaN();
    assertThat(family(metrics, "head_samples_appended_total"))
        .extracting(MetricMetadata::type, MetricMetadata::help)
        .containsExactly(MetricType.COUNTER, "Total number of appended samples.");
    assertThat(sample(metrics, "head_samples_appended_total", "type", "float")).isEqualTo(1);
    assertThat(sample(metrics, "checkpoint_deletions_failed_total")).isZero();
    assertThat(metrics.families()).doesNotContainKey("prometheus_tsdb_head_series");
    db.close();
  }

  @Test
  void everyStatisticHasItsFamily() {
    TsdbStorage db = TestDb.open(dir);
    assertThat(db.stats(0).counters().keySet())
        .map(key -> key.replaceFirst("\\{.*", ""))
        .allSatisfy(name ->
            assertThat(
                    TsdbMetrics.OF_THE_HOST.contains(name)
                        || TsdbMetrics.FAMILIES.containsKey(TsdbMetrics.familyOf(name)))
                .as(name)
                .isTrue());
    db.close();
  }
}
