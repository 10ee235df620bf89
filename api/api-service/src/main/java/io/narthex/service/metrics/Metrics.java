package io.narthex.service.metrics;

import io.narthex.spi.exporter.MetricSink;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Registry of the server's own metrics. A second request of a name returns the same metric, so that
 * an updated bundle continues to count. Thread-safe; increments are cheap and allocate nothing once
 * the child has been looked up.
 */
@ProviderType
public interface Metrics {
  /** Returns a counter; the name ends in {@code _total}. */
  Counter counter(String name, String help, String... labelNames);

  /** Returns a gauge. */
  Gauge gauge(String name, String help, String... labelNames);

  /** Returns a histogram with these ascending upper bounds; +Inf is implied. */
  Histogram histogram(String name, String help, double[] bounds, String... labelNames);

  /** Returns a summary with quantiles 0.01, 0.05, 0.5, 0.9, 0.99 over the last ten minutes. */
  Summary summary(String name, String help, String... labelNames);

  /** Writes all metrics, including those of {@link MetricCollector}s. */
  void collect(MetricSink sink);

  /** A number that only increases. */
  @ProviderType
  interface Counter {
    /** Returns the child with these label values; a new one starts at 0. */
    Counter with(String... labelValues);

    /** Adds 1. */
    void inc();

    /** Adds {@code amount}, which must not be negative. */
    void add(double amount);

    /** Returns the current value. */
    double value();

    /** Removes the child with these label values. */
    void remove(String... labelValues);
  }

  /** A number that increases and decreases. */
  @ProviderType
  interface Gauge {
    /** Returns the child with these label values; a new one starts at 0. */
    Gauge with(String... labelValues);

    /** Sets the value. */
    void set(double value);

    /** Adds {@code amount}, which may be negative. */
    void add(double amount);

    /** Returns the current value. */
    double value();

    /** Removes the child with these label values. */
    void remove(String... labelValues);
  }

  /** A distribution with buckets. */
  @ProviderType
  interface Histogram {
    /** Returns the child with these label values. */
    Histogram with(String... labelValues);

    /** Adds an observation. */
    void observe(double value);
  }

  /** A distribution with quantiles. */
  @ProviderType
  interface Summary {
    /** Returns the child with these label values. */
    Summary with(String... labelValues);

    /** Adds an observation. */
    void observe(double value);
  }
}
