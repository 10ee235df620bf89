package io.narthex.http;

import io.narthex.model.NativeHistogram;
import io.narthex.text.number.HistogramBounds;
import java.io.IOException;

/**
 * A native histogram as the API shows it: count, sum, and its non-empty buckets in rising order,
 * each with a boundary rule (0 open left, 1 open right, 2 both open, 3 both closed). A bucket that
 * overlaps the zero bucket is shown without that part, a zero bucket without positive count not at
 * all, as in Prometheus.
 */
final class HistogramJson {
  private HistogramJson() {}

  static void write(JsonBytes out, NativeHistogram h) throws IOException {
    out.raw("{\"count\":");
    out.value(h.count());
    out.raw(",\"sum\":");
    out.value(h.sum());
    boolean any = false;
    int[] negative = indexes(h.negativeSpans(), h.negativeBuckets().length);
    for (int i = negative.length - 1; i >= 0; i--) {
      double population = h.negativeBuckets()[i];
      if (population != 0) {
        any = open(out, any);
        double upper = Math.min(-bound(h, negative[i] - 1), -h.zeroThreshold());
        bucket(out, '1', -bound(h, negative[i]), upper, population);
      }
    }
    if (h.zeroCount() > 0) {
      any = open(out, any);
      bucket(out, '3', -h.zeroThreshold(), h.zeroThreshold(), h.zeroCount());
    }
    int[] positive = indexes(h.positiveSpans(), h.positiveBuckets().length);
    for (int i = 0; i < positive.length; i++) {
      double population = h.positiveBuckets()[i];
      if (population != 0) {
        any = open(out, any);
        double lower = bound(h, positive[i] - 1);
        if (!h.hasCustomBuckets()) {
          lower = Math.max(lower, h.zeroThreshold());
        }
        boolean closedLeft =
            h.hasCustomBuckets() && positive[i] == 0 && lower == Double.NEGATIVE_INFINITY;
        bucket(out, closedLeft ? '3' : '0', lower, bound(h, positive[i]), population);
      }
    }
    out.raw(any ? "]}" : "}");
  }

  private static boolean open(JsonBytes out, boolean already) throws IOException {
    out.raw(already ? "," : ",\"buckets\":[");
    return true;
  }

  private static void bucket(
      JsonBytes out, char rule, double lower, double upper, double population) throws IOException {
    out.raw('[');
    out.raw(rule);
    out.raw(',');
    out.value(lower);
    out.raw(',');
    out.value(upper);
    out.raw(',');
    out.value(population);
    out.raw(']');
  }

  /** Returns the index of each bucket. */
  private static int[] indexes(int[] spans, int buckets) {
    int[] out = new int[buckets];
    int n = 0;
    int index = 0;
    for (int s = 0; s < spans.length; s += 2) {
      index += spans[s];
      for (int k = 0; k < spans[s + 1]; k++) {
        out[n++] = index++;
      }
    }
    return out;
  }

  private static double bound(NativeHistogram h, int index) {
    return HistogramBounds.upper(index, h.schema(), h.customBounds());
  }
}
