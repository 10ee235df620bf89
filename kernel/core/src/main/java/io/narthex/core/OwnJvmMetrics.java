package io.narthex.core;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

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
                exporters.collect(TYPE, new OnlyJvm(report), Map.of());
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

  /** Leaves out what is not of the JVM: the server has its own {@code process_*}. */
  private static final class OnlyJvm implements MetricSink {
    private final MetricSink sink;
    private boolean wanted;

    OnlyJvm(MetricSink sink) {
      this.sink = sink;
    }

    @Override
    public void family(MetricMetadata metadata) {
      wanted = metadata.name().startsWith("jvm_");
      if (wanted) {
        sink.family(metadata);
      }
    }

    @Override
    public void sample(String name, Labels labels, double value) {
      if (wanted) {
        sink.sample(name, labels, value);
      }
    }

    @Override
    public void sample(
        String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {
      if (wanted) {
        sink.sample(name, labels, value, timestampMs, exemplar);
      }
    }

    @Override
    public void histogram(String name, Labels labels, NativeHistogram histogram) {
      if (wanted) {
        sink.histogram(name, labels, histogram);
      }
    }
  }
}
