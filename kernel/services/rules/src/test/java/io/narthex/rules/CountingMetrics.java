package io.narthex.rules;

import io.narthex.service.metrics.Metrics;
import io.narthex.spi.exporter.MetricSink;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.NullUnmarked;

/** Metrics that a test can read: name and label values to value. */
@NullUnmarked
final class CountingMetrics implements Metrics {
  final Map<String, Double> values = new ConcurrentHashMap<>();

  private final class Cell implements Counter, Gauge, Histogram, Summary {
    private final String key;

    Cell(String key) {
      this.key = key;
    }

    @Override
    public Cell with(String... labelValues) {
      return new Cell(key.replaceFirst("\\[.*", "") + List.of(labelValues));
    }

    @Override
    public void inc() {
      add(1);
    }

    @Override
    public void add(double amount) {
      values.merge(key, amount, Double::sum);
    }

    @Override
    public void set(double value) {
      values.put(key, value);
    }

    @Override
    public void observe(double value) {
      values.merge(key + " count", 1.0, Double::sum);
    }

    @Override
    public double value() {
      return values.getOrDefault(key, 0.0);
    }

    @Override
    public void remove(String... labelValues) {
      values.remove(with(labelValues).key);
    }
  }

  @Override
  public Counter counter(String name, String help, String... labelNames) {
    return new Cell(name);
  }

  @Override
  public Gauge gauge(String name, String help, String... labelNames) {
    return new Cell(name);
  }

  @Override
  public Histogram histogram(String name, String help, double[] bounds, String... labelNames) {
    return new Cell(name);
  }

  @Override
  public Summary summary(String name, String help, String... labelNames) {
    return new Cell(name);
  }

  @Override
  public void collect(MetricSink sink) {}
}
