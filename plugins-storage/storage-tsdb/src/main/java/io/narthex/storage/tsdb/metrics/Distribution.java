package io.narthex.storage.tsdb.metrics;

import java.util.Map;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** Observations in buckets, a histogram among the own metrics. Thread-safe; takes no memory. */
final class Distribution {
  private final double[] bounds;
  private final LongAdder[] counts;
  private final DoubleAdder sum = new DoubleAdder();

  /** Creates one with {@code n} bounds from {@code first}, each {@code factor} times the last. */
  Distribution(double first, double factor, int n) {
    bounds = new double[n];
    counts = new LongAdder[n + 1];
    double bound = first;
    for (int i = 0; i < n; i++) {
      bounds[i] = bound;
      bound *= factor;
    }
    for (int i = 0; i <= n; i++) {
      counts[i] = new LongAdder();
    }
  }

  void observe(double value) {
    int i = 0;
    while (i < bounds.length && value > bounds[i]) {
      i++;
    }
    counts[i].increment();
    sum.add(value);
  }

  /** Adds the samples of a histogram of this name; that of {@code +Inf} is the count. */
  void writeTo(Map<String, Double> statistics, String name) {
    long count = 0;
    for (int i = 0; i < bounds.length; i++) {
      count += counts[i].sum();
      statistics.put(name + "_bucket{le=\"" + bounds[i] + "\"}", (double) count);
    }
    statistics.put(name + "_count", (double) (count + counts[bounds.length].sum()));
    statistics.put(name + "_sum", sum.sum());
  }
}
