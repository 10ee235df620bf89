package io.narthex.scrape;

import io.narthex.model.NativeHistogram;
import java.util.Arrays;

/** Lowers the resolution of native histograms until they meet the limits of the job. */
final class HistogramLimits {
  private static final int MIN_SCHEMA = -4;
  private static final int MAX_SCHEMA = 8;

  private HistogramLimits() {}

  /**
   * Returns the histogram, with fewer and wider buckets where the settings ask for it.
   *
   * @throws ScrapeFailure when it has too many buckets even at the lowest resolution
   */
  static NativeHistogram apply(NativeHistogram histogram, ScrapeSettings settings)
      throws ScrapeFailure {
    NativeHistogram h = histogram;
    if (settings.maxSchema < h.schema()) {
      h = lower(h, settings.maxSchema);
    }
    long limit = settings.bucketLimit;
    if (limit <= 0) {
      return h;
    }
    while (h.positiveBuckets().length + h.negativeBuckets().length > limit) {
      if (h.hasCustomBuckets() || h.schema() <= MIN_SCHEMA) {
        throw new ScrapeFailure(ScrapeFailure.Kind.BUCKET_LIMIT, "histogram bucket limit exceeded");
      }
      h = lower(h, h.schema() - 1);
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

  private static NativeHistogram lower(NativeHistogram h, int schema) {
    int shift = h.schema() - schema;
    NativeHistogram.Builder b = h.toBuilder().schema(schema);
    Side up = lower(h.positiveSpans(), h.positiveBuckets(), shift);
    Side down = lower(h.negativeSpans(), h.negativeBuckets(), shift);
    return b.positive(up.spans, up.buckets).negative(down.spans, down.buckets).build();
  }

  private record Side(int[] spans, double[] buckets) {}

  /** Adds up the buckets that fall together when the base is squared {@code shift} times. */
  private static Side lower(int[] spans, double[] buckets, int shift) {
    int[] outSpans = new int[Math.max(2, buckets.length * 2)];
    double[] out = new double[buckets.length];
    int spanCount = 0;
    int n = 0;
    int index = 0;
    int last = 0; // index of the bucket written last
    int at = 0;
    for (int s = 0; s < spans.length; s += 2) {
      index += spans[s];
      for (int k = 0; k < spans[s + 1]; k++, index++) {
        int wide = (index - 1 >> shift) + 1;
        double v = buckets[at++];
        if (n > 0 && wide == last) {
          out[n - 1] += v;
        } else if (n > 0 && wide == last + 1) {
          outSpans[2 * spanCount - 1]++;
          out[n++] = v;
        } else {
          outSpans[2 * spanCount] = n == 0 ? wide : wide - last - 1;
          outSpans[2 * spanCount + 1] = 1;
          spanCount++;
          out[n++] = v;
        }
        last = wide;
      }
    }
    return new Side(Arrays.copyOf(outSpans, spanCount * 2), Arrays.copyOf(out, n));
  }
}
