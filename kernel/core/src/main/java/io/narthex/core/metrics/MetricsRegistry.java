package io.narthex.core.metrics;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.metrics.Metrics;
import io.narthex.spi.exporter.MetricSink;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.datapoints.GaugeDataPoint;
import io.prometheus.metrics.core.metrics.StatefulMetric;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The server's own metrics, kept by the Prometheus client library. */
public final class MetricsRegistry implements Metrics {
  private static final Logger LOG = LoggerFactory.getLogger(MetricsRegistry.class);
  private static final long SUMMARY_AGE_NANOS = 600_000_000_000L;

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final ConcurrentMap<String, Object> byName = new ConcurrentHashMap<>();
  private final CopyOnWriteArrayList<MetricCollector> collectors = new CopyOnWriteArrayList<>();

  /** Adds a collector. */
  public void add(MetricCollector collector) {
    collectors.addIfAbsent(collector);
  }

  /** Removes a collector. */
  public void remove(MetricCollector collector) {
    collectors.remove(collector);
  }

  @Override
  public Counter counter(String name, String help, String... labelNames) {
    return (Counter)
        byName.computeIfAbsent(
            name,
            n -> {
              var metric =
                  io.prometheus.metrics.core.metrics.Counter.builder()
                      .name(n)
                      .help(help)
                      .labelNames(labelNames)
                      .register(registry);
              return new LibraryCounter(metric, metric);
            });
  }

  @Override
  public Gauge gauge(String name, String help, String... labelNames) {
    return (Gauge)
        byName.computeIfAbsent(
            name,
            n -> {
              var metric =
                  io.prometheus.metrics.core.metrics.Gauge.builder()
                      .name(n)
                      .help(help)
                      .labelNames(labelNames)
                      .register(registry);
              return new LibraryGauge(metric, metric);
            });
  }

  @Override
  public Histogram histogram(String name, String help, double[] bounds, String... labelNames) {
    return (Histogram)
        byName.computeIfAbsent(
            name,
            n -> {
              var metric =
                  io.prometheus.metrics.core.metrics.Histogram.builder()
                      .name(n)
                      .help(help)
                      .classicOnly()
                      .classicUpperBounds(bounds)
                      .labelNames(labelNames)
                      .register(registry);
              return new LibraryHistogram(metric, metric);
            });
  }

  @Override
  public Summary summary(String name, String help, String... labelNames) {
    return (Summary)
        byName.computeIfAbsent(
            name,
            n -> {
              QuantileSummary metric = new QuantileSummary(n, help, SUMMARY_AGE_NANOS, labelNames);
              registry.register(metric);
              return metric;
            });
  }

  @Override
  public void collect(MetricSink sink) {
    for (MetricSnapshot snapshot : registry.scrape()) {
      write(snapshot, sink);
    }
    for (MetricCollector collector : collectors) {
      try {
        collector.collect(sink);
      } catch (RuntimeException | LinkageError e) {
        LOG.warn(
            "own metrics: collector {} failed; its metrics are missing",
            collector.getClass().getName(),
            e);
      }
    }
  }

  private static void write(MetricSnapshot snapshot, MetricSink sink) {
    String name = snapshot.getMetadata().getName();
    String help = Objects.requireNonNullElse(snapshot.getMetadata().getHelp(), "");
    switch (snapshot) {
      case CounterSnapshot counter -> {
        sink.family(new MetricMetadata(name + "_total", MetricType.COUNTER, help, ""));
        counter
            .getDataPoints()
            .forEach(p -> sink.sample(name + "_total", labels(p.getLabels()), p.getValue()));
      }
      case GaugeSnapshot gauge -> {
        sink.family(new MetricMetadata(name, MetricType.GAUGE, help, ""));
        gauge.getDataPoints().forEach(p -> sink.sample(name, labels(p.getLabels()), p.getValue()));
      }
      case HistogramSnapshot histogram -> {
        sink.family(new MetricMetadata(name, MetricType.HISTOGRAM, help, ""));
        for (HistogramSnapshot.HistogramDataPointSnapshot p : histogram.getDataPoints()) {
          Labels labels = labels(p.getLabels());
          ClassicHistogramBuckets buckets = p.getClassicBuckets();
          long cumulative = 0;
          for (int i = 0; i < buckets.size(); i++) {
            cumulative += buckets.getCount(i);
            sink.sample(
                name + "_bucket", labels.with("le", bound(buckets.getUpperBound(i))), cumulative);
          }
          sink.sample(name + "_sum", labels, p.getSum());
          sink.sample(name + "_count", labels, cumulative);
        }
      }
      case SummarySnapshot summary -> {
        sink.family(new MetricMetadata(name, MetricType.SUMMARY, help, ""));
        for (SummarySnapshot.SummaryDataPointSnapshot p : summary.getDataPoints()) {
          Labels labels = labels(p.getLabels());
          for (Quantile q : p.getQuantiles()) {
            sink.sample(name, labels.with("quantile", bound(q.getQuantile())), q.getValue());
          }
          sink.sample(name + "_sum", labels, p.getSum());
          sink.sample(name + "_count", labels, p.getCount());
        }
      }
      default ->
          throw new IllegalStateException("metrics of type " + snapshot.getClass().getName());
    }
  }

  private static String bound(double value) {
    if (value == Double.POSITIVE_INFINITY) {
      return "+Inf";
    }
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private static Labels labels(io.prometheus.metrics.model.snapshots.Labels labels) {
    Labels.Builder b = Labels.builder();
    for (io.prometheus.metrics.model.snapshots.Label label : labels) {
      b.set(label.getName(), label.getValue());
    }
    return b.build();
  }

  /** Returns the names registered so far; for tests and docs. */
  public List<String> names() {
    return byName.keySet().stream().sorted().toList();
  }

  // the point of a metric without labels is the metric itself

  private record LibraryCounter(StatefulMetric<CounterDataPoint, ?> metric, CounterDataPoint point)
      implements Counter {
    @Override
    public Counter with(String... labelValues) {
      return new LibraryCounter(metric, metric.labelValues(labelValues));
    }

    @Override
    public void inc() {
      point.inc();
    }

    @Override
    public void add(double amount) {
      point.inc(amount);
    }

    @Override
    public double value() {
      return point.get();
    }

    @Override
    public void remove(String... labelValues) {
      metric.remove(labelValues);
    }
  }

  private record LibraryGauge(StatefulMetric<GaugeDataPoint, ?> metric, GaugeDataPoint point)
      implements Gauge {
    @Override
    public Gauge with(String... labelValues) {
      return new LibraryGauge(metric, metric.labelValues(labelValues));
    }

    @Override
    public void set(double value) {
      point.set(value);
    }

    @Override
    public void add(double amount) {
      point.inc(amount);
    }

    @Override
    public double value() {
      return point.get();
    }

    @Override
    public void remove(String... labelValues) {
      metric.remove(labelValues);
    }
  }

  private record LibraryHistogram(
      StatefulMetric<DistributionDataPoint, ?> metric, DistributionDataPoint point)
      implements Histogram {
    @Override
    public Histogram with(String... labelValues) {
      return new LibraryHistogram(metric, metric.labelValues(labelValues));
    }

    @Override
    public void observe(double value) {
      point.observe(value);
    }
  }
}
