package io.narthex.core;

import io.narthex.exposition.PrefixedFamilies;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The {@code jvm_*} metrics of this process among the server's own, from the exporter plugin; none
 * while it does not run, and none of a collection that takes too long: the server's own must not
 * wait for a plugin. The page of the exporter tells when it fails, and why.
 */
final class OwnJvmMetrics implements MetricCollector {
  private static final String TYPE = "jvm";
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final ExporterService exporters;
  private final Duration patience;

  OwnJvmMetrics(ExporterService exporters) {
    this(exporters, PATIENCE);
  }

  /**
   * Creates a collector.
   *
   * @param patience longest time of a collection
   */
  OwnJvmMetrics(ExporterService exporters, Duration patience) {
    this.exporters = exporters;
    this.patience = patience;
  }

  @Override
  public void collect(MetricSink sink) {
    if (!exporters.types().contains(TYPE)) {
      return;
    }
    // what a failed collection has written so far is not shown
    StorageMetrics.Report report = new StorageMetrics.Report();
    AtomicBoolean whole = new AtomicBoolean();
    Thread collection =
        Thread.ofVirtual()
            .name("own jvm metrics")
            .start(() -> {
              try {
                exporters.collect(TYPE, new PrefixedFamilies(report, "jvm_"), Map.of());
                whole.set(true);
              } catch (IOException | InterruptedException | RuntimeException _) {
                // the page of the exporter says why
              }
            });
    try {
      if (!collection.join(patience)) {
        collection.interrupt();
        return;
      }
    } catch (InterruptedException _) {
      collection.interrupt();
      Thread.currentThread().interrupt();
      return;
    }
    if (whole.get()) {
      report.writeTo(sink);
    }
  }
}
