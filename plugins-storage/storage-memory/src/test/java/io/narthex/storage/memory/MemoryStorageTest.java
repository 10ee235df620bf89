package io.narthex.storage.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.testkit.exporter.RecordingMetrics;
import io.narthex.testkit.storage.StorageKit;
import io.narthex.testkit.storage.StoredSeries;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class MemoryStorageTest extends StorageKit {
  @Override
  protected Storage open(StorageContext context) {
    return new MemoryStorageProvider().open(MemoryConfig.DEFAULT, context);
  }

  @Override
  protected boolean isPersistent() {
    return false;
  }

  @Test
  void refusesSamplesBelowTheAppendWindow() {
    try (MemoryStorage s =
        new MemoryStorage(
            new MemoryConfig(Duration.ofHours(1), Duration.ZERO, 0), 0, Clock.systemUTC())) {
      SampleBatch batch = new SampleBatch(3);
      batch.add(s.resolve(up("a")), T0, 1);
      batch.add(s.resolve(up("b")), T0 - 3_600_000, 1);
      batch.add(s.resolve(up("c")), T0 - 3_600_001, 1);
      AppendResult result = s.append(batch);
      assertThat(result.code(1)).isEqualTo(AppendResult.OK);
      assertThat(result.code(2)).isEqualTo(AppendResult.OUT_OF_BOUNDS);
    }
  }

  @Test
  void reportsItsMetrics() {
    try (MemoryStorage s =
        new MemoryStorage(
            new MemoryConfig(Duration.ofHours(1), Duration.ZERO, 0), 0, Clock.systemUTC())) {
      SampleBatch batch = new SampleBatch(2);
      batch.add(s.resolve(up("a")), T0, 1);
      batch.add(s.resolve(up("a")), T0 - 1, 1);
      assertThat(s.append(batch).code(1)).isEqualTo(AppendResult.OUT_OF_ORDER);
      RecordingMetrics metrics = new RecordingMetrics();
      s.collect(metrics);
      assertThat(metrics.faults()).isEmpty();
      assertThat(metrics.families().get("prometheus_tsdb_head_samples_appended_total"))
          .isEqualTo(
              new MetricMetadata(
                  "prometheus_tsdb_head_samples_appended_total",
                  MetricType.COUNTER,
                  "Total number of appended samples.",
                  ""));
      assertThat(metrics.samples())
          .containsEntry(metric("head_series_created_total"), 1.0)
          .containsEntry(metric("head_samples_appended_total", "type", "float"), 1.0)
          .containsEntry(metric("out_of_order_samples_total", "type", "float"), 1.0)
          .containsEntry(metric("out_of_order_samples_total", "type", "histogram"), 0.0);
      String[] reported =
          metrics.samples().keySet().stream()
              .map(l -> l.metricName().substring("prometheus_tsdb_".length()))
              .toArray(String[]::new);
      assertThat(s.stats(0).counters().keySet())
          .map(key -> key.replaceFirst("\\{.*", ""))
          .filteredOn(key -> !key.equals("head_series"))
          .isSubsetOf(reported);
    }
  }

  private static Labels metric(String name, String... labels) {
    return Labels.of(labels).with(Labels.METRIC_NAME, "prometheus_tsdb_" + name);
  }

  @Test
  void forgetsWhatIsPastTheRetention() {
    try (MemoryStorage s =
        new MemoryStorage(
            new MemoryConfig(Duration.ZERO, Duration.ofMinutes(10), 0), 0, Clock.systemUTC())) {
      long a = s.resolve(up("a"));
      long b = s.resolve(up("b"));
      SampleBatch batch = new SampleBatch(2);
      batch.add(a, T0, 1);
      batch.add(b, T0, 1);
      s.append(batch);
      batch.clear();
      batch.add(a, T0 + 600_001, 2);
      s.append(batch);
      assertThat(StoredSeries.select(s, 9, 0, Long.MAX_VALUE, Matcher.notEqual("instance", "")))
          .containsExactly(StoredSeries.floats(up("a"), T0 + 600_001, 2));
      batch.clear();
      batch.add(b, T0 + 600_002, 2);
      assertThat(s.append(batch).code(0)).isEqualTo(AppendResult.UNKNOWN_SERIES);
    }
  }

  @Test
  void refusesTheFuture() {
    Clock now = Clock.fixed(java.time.Instant.ofEpochMilli(1_000_000), java.time.ZoneOffset.UTC);
    try (MemoryStorage storage =
        new MemoryStorage(
            new MemoryConfig(Duration.ofHours(1), Duration.ofMinutes(10), 0), 0, now)) {
      SampleBatch batch = new SampleBatch(2);
      long ref = storage.resolve(Labels.of("__name__", "m"));
      batch.add(ref, 1_600_001, NativeHistogram.stale());
      batch.add(ref, 1_000_000, 1);
      AppendResult result = storage.append(batch);
      assertThat(result.code(0)).isEqualTo(AppendResult.TOO_FAR_IN_FUTURE);
      assertThat(result.code(1)).isEqualTo(AppendResult.OK);
    }
  }
}
