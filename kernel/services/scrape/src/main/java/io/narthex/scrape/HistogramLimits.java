package io.narthex.scrape;

import io.narthex.exposition.HistogramResolution;
import io.narthex.model.NativeHistogram;
import org.jspecify.annotations.Nullable;

/** Lowers the resolution of native histograms until they meet the limits of the job. */
final class HistogramLimits {
  private static final int MIN_SCHEMA = -4;
  private static final int MAX_SCHEMA = 8;

  private HistogramLimits() {}

  /**
   * Returns the histogram, with fewer and wider buckets where the settings ask for it; null when it
   * has too many buckets even at the lowest resolution.
   */
  static @Nullable NativeHistogram apply(NativeHistogram histogram, ScrapeSettings settings) {
    NativeHistogram h = histogram;
    if (settings.maxSchema < h.schema()) {
      h = HistogramResolution.lower(h, settings.maxSchema);
    }
    long limit = settings.bucketLimit;
    if (limit <= 0) {
      return h;
    }
    while (h.positiveBuckets().length + h.negativeBuckets().length > limit) {
      if (h.hasCustomBuckets() || h.schema() <= MIN_SCHEMA) {
        return null;
      }
      h = HistogramResolution.lower(h, h.schema() - 1);
    }
    return h;
  }

  /** Returns the highest schema whose buckets grow by at least this factor. */
  static int maxSchema(double factor) {
    if (!(factor > 1)) {
      return MAX_SCHEMA;
    }
    double floor = Math.floor(-log2(log2(factor)));
    return (int) Math.max(MIN_SCHEMA, Math.min(MAX_SCHEMA, floor));
  }

  private static double log2(double v) {
    return Math.log(v) / Math.log(2);
  }
}
