package io.narthex.exporter.jvm;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.MetricSink;
import io.prometheus.metrics.instrumentation.jvm.JvmBufferPoolMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmClassLoadingMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmCompilationMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmGarbageCollectorMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmNativeMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmRuntimeInfoMetric;
import io.prometheus.metrics.instrumentation.jvm.JvmThreadsMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects client_java's metrics of the server's own JVM and process, under its names. Confined to
 * one thread at a time.
 */
final class OwnJvm implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OwnJvm.class);

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final AllocationMeter allocations = new AllocationMeter();
  private boolean started;

  OwnJvm() {}

  private void start() {
    JvmThreadsMetrics.builder().register(registry);
    JvmBufferPoolMetrics.builder().register(registry);
    JvmClassLoadingMetrics.builder().register(registry);
    JvmCompilationMetrics.builder().register(registry);
    JvmGarbageCollectorMetrics.builder().register(registry);
    JvmMemoryMetrics.builder().register(registry);
    JvmNativeMemoryMetrics.builder().register(registry);
    JvmRuntimeInfoMetric.builder().register(registry);
    ProcessMetrics.builder().register(registry);
    allocations.start();
    started = true;
  }

  void collect(MetricSink sink) {
    if (!started) {
      start();
    }
    for (MetricSnapshot snapshot : registry.scrape()) {
      try {
        write(snapshot, sink);
      } catch (IllegalArgumentException e) { // not what says that nobody waits for the rest
        LOG.warn("metric {} cannot be read: {}", snapshot.getMetadata().getName(), e.toString());
      }
    }
    Map<String, Long> bytes = allocations.allocated();
    if (!bytes.isEmpty()) {
      String name = "jvm_memory_pool_allocated_bytes_total";
      sink.family(
          new MetricMetadata(
              name,
              MetricType.COUNTER,
              "Total bytes allocated in a given JVM memory pool. Only updated after GC, not"
                  + " continuously.",
              ""));
      bytes.forEach((pool, n) -> sink.sample(name, Labels.of("pool", pool), n));
    }
  }

  private static void write(MetricSnapshot snapshot, MetricSink sink) {
    String name = snapshot.getMetadata().getPrometheusName();
    switch (snapshot) {
      case CounterSnapshot s -> {
        String total = name.endsWith("_total") ? name : name + "_total";
        family(sink, snapshot, total, MetricType.COUNTER);
        s.getDataPoints().forEach(p -> sink.sample(total, labels(p.getLabels()), p.getValue()));
      }
      case GaugeSnapshot s -> {
        family(sink, snapshot, name, MetricType.GAUGE);
        s.getDataPoints().forEach(p -> sink.sample(name, labels(p.getLabels()), p.getValue()));
      }
      case UnknownSnapshot s -> {
        family(sink, snapshot, name, MetricType.UNKNOWN);
        s.getDataPoints().forEach(p -> sink.sample(name, labels(p.getLabels()), p.getValue()));
      }
      case InfoSnapshot s -> {
        String info = name.endsWith("_info") ? name : name + "_info";
        family(sink, snapshot, info, MetricType.INFO);
        s.getDataPoints().forEach(p -> sink.sample(info, labels(p.getLabels()), 1));
      }
      case SummarySnapshot s -> {
        family(sink, snapshot, name, MetricType.SUMMARY);
        s.getDataPoints()
            .forEach(p -> {
              Labels labels = labels(p.getLabels());
              if (p.hasCount()) {
                sink.sample(name + "_count", labels, p.getCount());
              }
              if (p.hasSum()) {
                sink.sample(name + "_sum", labels, p.getSum());
              }
            });
      }
      default -> LOG.debug("metric {} has a type that this exporter does not write", name);
    }
  }

  private static void family(
      MetricSink sink, MetricSnapshot snapshot, String name, MetricType type) {
    String help = Objects.requireNonNullElse(snapshot.getMetadata().getHelp(), "");
    String unit =
        snapshot.getMetadata().getUnit() == null ? "" : snapshot.getMetadata().getUnit().toString();
    sink.family(new MetricMetadata(name, type, help, unit));
  }

  private static Labels labels(io.prometheus.metrics.model.snapshots.Labels labels) {
    String[] pairs = new String[labels.size() * 2];
    for (int i = 0; i < labels.size(); i++) {
      pairs[2 * i] = labels.getPrometheusName(i);
      pairs[2 * i + 1] = labels.getValue(i);
    }
    return Labels.of(pairs);
  }

  @Override
  public void close() {
    allocations.close();
    registry.clear();
    started = false;
  }
}
