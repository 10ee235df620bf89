package io.narthex.spi.storage;

import io.narthex.model.NativeHistogram;

/** Decides which native histograms a storage accepts; the same for all storages. Thread-safe. */
public final class HistogramRules {
  private static final int MIN_SCHEMA = -4;
  private static final int MAX_SCHEMA = 8;

  private HistogramRules() {}

  /**
   * Returns whether a histogram is consistent, by the rules of Prometheus' FloatHistogram.Validate:
   * a known schema, no negative population, and for custom bounds: no zero and no negative buckets,
   * bounds finite and ascending, no bucket beyond the last bound. The count is not compared with
   * the sum of the buckets, because rounding would make valid histograms fail. A staleness marker
   * is always valid.
   */
  public static boolean isValid(NativeHistogram h) {
    if (h.isStale()) {
      return true;
    }
    if (isNegative(h.zeroCount())
        || isNegative(h.count())
        || anyNegative(h.positiveBuckets())
        || anyNegative(h.negativeBuckets())) {
      return false;
    }
    if (h.hasCustomBuckets()) {
      return validCustom(h);
    }
    return h.schema() >= MIN_SCHEMA && h.schema() <= MAX_SCHEMA && h.customBounds().length == 0;
  }

  private static boolean validCustom(NativeHistogram h) {
    if (h.zeroCount() != 0
        || h.zeroThreshold() != 0
        || h.negativeSpans().length > 0
        || h.negativeBuckets().length > 0) {
      return false;
    }
    double[] bounds = h.customBounds();
    for (int i = 0; i < bounds.length; i++) {
      boolean ascending = i == 0 || bounds[i] > bounds[i - 1];
      if (!ascending || Double.isNaN(bounds[i]) || bounds[i] == Double.POSITIVE_INFINITY) {
        return false;
      }
    }
    long reach = 0;
    for (int part : h.positiveSpans()) {
      reach += part;
    }
    return (h.positiveSpans().length == 0 || h.positiveSpans()[0] >= 0)
        && reach <= bounds.length + 1L;
  }

  private static boolean isNegative(double population) {
    return population < 0;
  }

  private static boolean anyNegative(double[] populations) {
    for (double p : populations) {
      if (isNegative(p)) {
        return true;
      }
    }
    return false;
  }
}
