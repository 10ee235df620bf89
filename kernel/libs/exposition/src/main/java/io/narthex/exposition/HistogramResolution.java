package io.narthex.exposition;

import io.narthex.model.NativeHistogram;
import java.util.Arrays;

/** Lowers the resolution of native histograms: each step joins pairs of buckets. */
public final class HistogramResolution {
  private HistogramResolution() {}

  /**
   * Returns a histogram with wider buckets.
   *
   * @param histogram one with exponential buckets
   * @param schema lower than that of the histogram
   */
  public static NativeHistogram lower(NativeHistogram histogram, int schema) {
    int shift = Math.min(histogram.schema() - schema, Integer.SIZE - 1);
    NativeHistogram.Builder b = histogram.toBuilder().schema(schema);
    Side up = lower(histogram.positiveSpans(), histogram.positiveBuckets(), shift);
    Side down = lower(histogram.negativeSpans(), histogram.negativeBuckets(), shift);
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
