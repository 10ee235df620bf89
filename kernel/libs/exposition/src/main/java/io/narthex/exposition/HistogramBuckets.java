package io.narthex.exposition;

import java.util.Arrays;

/**
 * One side of a native histogram in its most compact form: spans without empty buckets at their
 * ends, split where more than {@code maxEmpty} empty buckets follow each other.
 */
final class HistogramBuckets {
  /** Largest absolute bucket index; schema 8 reaches about 280,000. */
  private static final int MAX_INDEX = 1 << 30;

  final int[] spans;
  final double[] values;

  private HistogramBuckets(int[] spans, double[] values) {
    this.spans = spans;
    this.values = values;
  }

  /**
   * Compacts buckets.
   *
   * @param spans offset, length, …
   * @param values absolute populations
   * @throws ExpositionException when spans and populations do not match
   */
  static HistogramBuckets compact(int[] spans, double[] values, int maxEmpty)
      throws ExpositionException {
    long covered = 0;
    for (int i = 1; i < spans.length; i += 2) {
      if (spans[i] < 0 || (i > 1 && spans[i - 1] < 0)) {
        throw new ExpositionException("histogram has a span with negative offset or length");
      }
      covered += spans[i];
    }
    if (covered != values.length) {
      throw new ExpositionException(
          "histogram spans cover " + covered + " buckets, got " + values.length);
    }
    int[] outSpans = new int[Math.max(2, 2 * values.length)];
    double[] outValues = new double[values.length * (maxEmpty + 1)];
    int spanCount = 0;
    int n = 0;
    long index = 0; // of the current bucket
    long last = 0; // index after the last bucket written
    int at = 0;
    for (int s = 0; s < spans.length; s += 2) {
      index += spans[s];
      if (index < -MAX_INDEX || index + spans[s + 1] > MAX_INDEX) {
        throw new ExpositionException(
            "histogram spans reach bucket " + (index + spans[s + 1]) + ", at most " + MAX_INDEX);
      }
      for (int k = 0; k < spans[s + 1]; k++, index++, at++) {
        if (values[at] == 0) {
          continue;
        }
        int gap = (int) (index - last);
        if (spanCount > 0 && gap <= maxEmpty) {
          for (int g = 0; g < gap; g++) {
            outValues[n++] = 0;
          }
          outSpans[2 * spanCount - 1] += gap + 1;
        } else {
          outSpans[2 * spanCount] = gap;
          outSpans[2 * spanCount + 1] = 1;
          spanCount++;
        }
        outValues[n++] = values[at];
        last = index + 1;
      }
    }
    return new HistogramBuckets(
        Arrays.copyOf(outSpans, spanCount * 2), Arrays.copyOf(outValues, n));
  }
}
