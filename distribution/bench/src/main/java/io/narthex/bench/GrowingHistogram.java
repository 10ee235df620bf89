package io.narthex.bench;

import io.narthex.model.NativeHistogram;

/**
 * The native histograms of one series, which all grow by the same in each sample: schema 3 with 40
 * buckets and a zero bucket, or ten bounds of their own. Holds one sample at a time. Not
 * thread-safe.
 */
final class GrowingHistogram {
  private static final int SCHEMA = 3;
  private static final double ZERO_THRESHOLD = 1e-128;

  private static final double[] BOUNDS = new double[10];

  static {
    for (int b = 0; b < BOUNDS.length; b++) {
      BOUNDS[b] = 0.01 * (1 << b);
    }
  }

  private final boolean custom;
  private final int salt;
  private final int[] spans;
  private final long[] counts;
  private long zeroCount;
  private long count;
  private double sum;

  /**
   * Begins a series.
   *
   * @param salt makes series differ
   * @param custom whether buckets have bounds of their own
   */
  GrowingHistogram(int salt, boolean custom) {
    this.salt = salt;
    this.custom = custom;
    counts = new long[custom ? BOUNDS.length + 1 : 40];
    spans = new int[] {0, counts.length};
  }

  /** Moves to a sample; the n-th has n observations and more in each bucket. */
  void moveTo(long n) {
    zeroCount = custom ? 0 : n;
    count = zeroCount;
    sum = 0;
    for (int b = 0; b < counts.length; b++) {
      counts[b] = n * (1 + (b * 7 + salt) % 5);
      count += counts[b];
      sum += counts[b] * 0.1 * b;
    }
  }

  /** Returns this sample; samples of a series share what does not change. */
  NativeHistogram toModel() {
    double[] buckets = new double[counts.length];
    for (int b = 0; b < buckets.length; b++) {
      buckets[b] = counts[b];
    }
    NativeHistogram.Builder builder =
        NativeHistogram.builder().count(count).sum(sum).positive(spans, buckets);
    return custom
        ? builder.schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA).customBounds(BOUNDS).build()
        : builder.schema(SCHEMA).zeroBucket(ZERO_THRESHOLD, zeroCount).build();
  }
}
