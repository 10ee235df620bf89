package io.narthex.bench.storage;

import java.util.Arrays;
import java.util.Collection;

/** Means of measurements. */
final class Medians {
  private Medians() {}

  /** Returns the median; NaN of nothing. */
  static double of(double... values) {
    if (values.length == 0) {
      return Double.NaN;
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** Returns the geometric mean; NaN of nothing. */
  static double geometric(Collection<Double> values) {
    double logs = 0;
    for (double value : values) {
      logs += Math.log(value);
    }
    return Math.exp(logs / values.size());
  }
}
