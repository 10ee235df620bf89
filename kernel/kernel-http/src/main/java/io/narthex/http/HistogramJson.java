package io.narthex.http;

import io.narthex.model.NativeHistogram;
import java.io.IOException;

/**
 * A native histogram as the API shows it: count, sum, and its non-empty buckets in rising order,
 * each with a boundary rule (0 open left, 1 open right, 2 both open, 3 both closed).
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
        bucket(out, '1', -bound(h, negative[i]), -bound(h, negative[i] - 1), population);
      }
    }
    if (h.zeroCount() != 0) {
      any = open(out, any);
      bucket(out, '3', -h.zeroThreshold(), h.zeroThreshold(), h.zeroCount());
    }
    int[] positive = indexes(h.positiveSpans(), h.positiveBuckets().length);
    for (int i = 0; i < positive.length; i++) {
      double population = h.positiveBuckets()[i];
      if (population != 0) {
        any = open(out, any);
        double lower = bound(h, positive[i] - 1);
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

  /** Returns the upper bound of a bucket of the positive side. */
  private static double bound(NativeHistogram h, int index) {
    if (h.hasCustomBuckets()) {
      double[] bounds = h.customBounds();
      return index < 0
          ? Double.NEGATIVE_INFINITY
          : index >= bounds.length ? Double.POSITIVE_INFINITY : bounds[index];
    }
    if (h.schema() < 0) {
      return finite(Math.scalb(1.0, index << -h.schema()), index << -h.schema());
    }
    // base^index = 2^(index / 2^schema)
    int whole = Math.floorDiv(index, 1 << h.schema());
    int rest = Math.floorMod(index, 1 << h.schema());
    return finite(
        Math.scalb(Math.pow(2, rest / (double) (1 << h.schema())), whole),
        rest == 0 ? whole : Integer.MAX_VALUE);
  }

  /** The bound 2^1024 is shown as the largest number; what lies above is infinite. */
  private static double finite(double bound, int power) {
    return power == 1024 ? Double.MAX_VALUE : bound;
  }
}
