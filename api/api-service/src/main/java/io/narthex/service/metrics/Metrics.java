package io.narthex.service.metrics;

import io.narthex.spi.exporter.MetricSink;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Registry of the server's own metrics. Asking twice for a name gives the same metric, so that an
 * updated bundle goes on counting. Thread-safe; all increments are cheap and allocate nothing once
 * the child has been looked up.
 */
@ProviderType
public interface Metrics {
  /** Returns a counter; the name ends in {@code _total}. */
  Counter counter(String name, String help, String... labelNames);

  /** Returns a gauge. */
  Gauge gauge(String name, String help, String... labelNames);

  /** Returns a histogram with these upper bounds, rising, +Inf implied. */
  Histogram histogram(String name, String help, double[] bounds, String... labelNames);

  /** Returns a summary with quantiles 0.01, 0.05, 0.5, 0.9, 0.99 over the last ten minutes. */
  Summary summary(String name, String help, String... labelNames);

  /** Writes all metrics, those of {@link MetricCollector}s included. */
  void collect(MetricSink sink);

  /** A number that only rises. */
  @ProviderType
  interface Counter {
    /** Returns the child of these label values, creating it at 0. */
    Counter with(String... labelValues);

    /** Adds 1. */
    void inc();

    /** Adds {@code amount}, 0 or more. */
    void add(double amount);

    /** Returns the present value. */
    double value();

    /** Forgets the child of these label values. */
    void remove(String... labelValues);
  }

  /** A number that rises and falls. */
  @ProviderType
  interface Gauge {
    /** Returns the child of these label values, creating it at 0. */
    Gauge with(String... labelValues);

    /** Sets the value. */
    void set(double value);

    /** Adds {@code amount}, negative allowed. */
    void add(double amount);

    /** Returns the present value. */
    double value();

    /** Forgets the child of these label values. */
    void remove(String... labelValues);
  }

  /** A distribution in buckets. */
  @ProviderType
  interface Histogram {
    /** Returns the child of these label values. */
    Histogram with(String... labelValues);

    /** Takes an observation. */
    void observe(double value);
  }

  /** A distribution in quantiles. */
  @ProviderType
  interface Summary {
    /** Returns the child of these label values. */
    Summary with(String... labelValues);

    /** Takes an observation. */
    void observe(double value);
  }
}
