package io.narthex.core;

import io.narthex.core.host.StorageHost;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes a storage's figures as {@code prometheus_tsdb_*} metrics. While one storage takes the
 * place of another, the last figures stand in, so that their series do not end.
 */
final class StorageMetrics {
  private final StorageHost storage;
  private volatile @Nullable StorageStats last;

  StorageMetrics(StorageHost storage) {
    this.storage = storage;
  }

  void write(MetricSink sink) {
    StorageStats stats;
    try {
      stats = storage.stats(0);
      last = stats;
    } catch (StorageException.Closed e) {
      stats = storage.serving() ? last : null;
    }
    if (stats != null) {
      write(stats, sink);
    }
  }

  private static void write(StorageStats stats, MetricSink sink) {
    Set<String> taken =
        Set.of("head_series", "head_chunks", "blocks_loaded", "storage_blocks_bytes");
    one(
        sink,
        "prometheus_tsdb_head_series",
        MetricType.GAUGE,
        "Total number of series in the head block.",
        stats.headSeries());
    one(
        sink,
        "prometheus_tsdb_head_chunks",
        MetricType.GAUGE,
        "Total number of chunks in the head block.",
        stats.headChunks());
    one(
        sink,
        "prometheus_tsdb_blocks_loaded",
        MetricType.GAUGE,
        "Number of currently loaded data blocks",
        stats.blocks().size());
    one(
        sink,
        "prometheus_tsdb_storage_blocks_bytes",
        MetricType.GAUGE,
        "The number of bytes that are currently used for local storage by all blocks.",
        stats.bytesOnDisk());
    String family = "";
    // a key is a metric name without prefix, with its labels in braces where it has some
    for (var e : new TreeMap<>(stats.counters()).entrySet()) {
      String key = e.getKey();
      int brace = key.indexOf('{');
      String name = "prometheus_tsdb_" + (brace < 0 ? key : key.substring(0, brace));
      if (taken.contains(key)) {
        continue;
      }
      if (!name.equals(family)) {
        family = name;
        sink.family(
            new MetricMetadata(
                name,
                name.endsWith("_total") ? MetricType.COUNTER : MetricType.GAUGE,
                "Figure of the storage: " + name.substring(16).replace('_', ' ') + ".",
                ""));
      }
      sink.sample(name, brace < 0 ? Labels.EMPTY : labels(key.substring(brace)), e.getValue());
    }
  }

  /** Reads {@code {type="float"}}. */
  private static Labels labels(String text) {
    Labels.Builder b = Labels.builder();
    for (String pair : text.substring(1, text.length() - 1).split(",")) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        b.set(pair.substring(0, equals), pair.substring(equals + 1).replace("\"", ""));
      }
    }
    return b.build();
  }

  private static void one(
      MetricSink sink, String name, MetricType type, String help, double value) {
    sink.family(new MetricMetadata(name, type, help, ""));
    sink.sample(name, Labels.EMPTY, value);
  }
}
