package io.narthex.model;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A native histogram with absolute, floating-point bucket populations. Integer histograms have the
 * same form: a {@code double} holds their counts exactly up to 2^53. Immutable and thread-safe; the
 * array accessors return the internal arrays, which must not be changed.
 *
 * <p>Schemas -4 to 8 are exponential with base {@code 2^(2^-schema)}: positive bucket {@code i} is
 * {@code (base^(i-1), base^i]}. Schema -53 has custom upper bounds. Buckets are given as spans, as
 * in the Prometheus protobuf: each span skips {@code offset} buckets (from index 0 for the first
 * span) and covers {@code length} consecutive ones, whose populations follow each other in one
 * array.
 *
 * <p>Example, compiled in {@code ExamplesTest} of api-testkit:
 *
 * <pre>{@code
 * // observations 0.3, 0.6, 0.7 and 5 in schema 0, whose bounds are powers of 2:
 * // bucket -1 is (0.25, 0.5], bucket 0 is (0.5, 1], buckets 1 and 2 are empty, 3 is (4, 8]
 * NativeHistogram histogram =
 *     NativeHistogram.builder()
 *         .schema(0)
 *         .positive(new int[] {-1, 2, 2, 1}, new double[] {1, 2, 1})
 *         .count(4)
 *         .sum(6.6)
 *         .build();
 *
 * int[] spans = histogram.positiveSpans();
 * int index = 0;
 * int bucket = 0;
 * for (int s = 0; s < spans.length; s += 2) {
 *   index += spans[s]; // empty buckets before the span
 *   for (int i = 0; i < spans[s + 1]; i++) {
 *     double upper = Math.pow(2, index * Math.pow(2, -histogram.schema()));
 *     buckets.put(upper, histogram.positiveBuckets()[bucket]);
 *     index++;
 *     bucket++;
 *   }
 * }
 * // buckets: 0.5 -> 1, 1 -> 2, 8 -> 1
 * }</pre>
 */
public final class NativeHistogram {
  /** The schema number of histograms with custom bounds. */
  public static final int CUSTOM_BUCKETS_SCHEMA = -53;

  /**
   * What is known about a counter reset between this histogram and the previous one of its series.
   */
  public enum ResetHint {
    /** Nothing is known: compare the buckets. */
    UNKNOWN,
    /** This is the first one after a reset. */
    RESET,
    /** No reset since the previous one. */
    NOT_RESET,
    /** A gauge histogram: resets have no meaning. */
    GAUGE
  }

  private static final int[] NO_SPANS = new int[0];
  private static final double[] NONE = new double[0];

  private final int schema;
  private final double zeroThreshold;
  private final double zeroCount;
  private final double count;
  private final double sum;
  private final int[] positiveSpans;
  private final double[] positiveBuckets;
  private final int[] negativeSpans;
  private final double[] negativeBuckets;
  private final double[] customBounds;
  private final ResetHint resetHint;

  private NativeHistogram(Builder b) {
    schema = b.schema;
    zeroThreshold = b.zeroThreshold;
    zeroCount = b.zeroCount;
    count = b.count;
    sum = b.sum;
    positiveSpans = b.positiveSpans;
    positiveBuckets = b.positiveBuckets;
    negativeSpans = b.negativeSpans;
    negativeBuckets = b.negativeBuckets;
    customBounds = b.customBounds;
    resetHint = b.resetHint;
  }

  /** Returns the schema number. */
  public int schema() {
    return schema;
  }

  /** Returns whether the bounds are custom (schema -53). */
  public boolean hasCustomBuckets() {
    return schema == CUSTOM_BUCKETS_SCHEMA;
  }

  /** Returns the half width of the zero bucket, which is {@code [-threshold, threshold]}. */
  public double zeroThreshold() {
    return zeroThreshold;
  }

  /** Returns the population of the zero bucket. */
  public double zeroCount() {
    return zeroCount;
  }

  /** Returns the number of observations, including NaN. */
  public double count() {
    return count;
  }

  /** Returns the sum of observations; the staleness marker if this histogram is one. */
  public double sum() {
    return sum;
  }

  /** Returns whether this is a staleness marker. */
  public boolean isStale() {
    return StaleMarker.is(sum);
  }

  /** Returns offset, length, offset, length, … of the positive side. Do not change. */
  public int[] positiveSpans() {
    return positiveSpans;
  }

  /** Returns the absolute populations of the buckets of {@link #positiveSpans()}. Do not change. */
  public double[] positiveBuckets() {
    return positiveBuckets;
  }

  /** Returns offset, length, … of the negative side. Do not change. */
  public int[] negativeSpans() {
    return negativeSpans;
  }

  /** Returns the absolute populations of the buckets of {@link #negativeSpans()}. Do not change. */
  public double[] negativeBuckets() {
    return negativeBuckets;
  }

  /** Returns the ascending upper bounds of schema -53, without +Inf; else empty. Do not change. */
  public double[] customBounds() {
    return customBounds;
  }

  /** Returns what is known about a counter reset. */
  public ResetHint resetHint() {
    return resetHint;
  }

  /** Returns a staleness marker in histogram form. */
  public static NativeHistogram stale() {
    return builder().sum(StaleMarker.VALUE).build();
  }

  /** Returns a builder of an empty histogram of schema 0. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder with all parts of this histogram. */
  public Builder toBuilder() {
    Builder b = new Builder();
    b.schema = schema;
    b.zeroThreshold = zeroThreshold;
    b.zeroCount = zeroCount;
    b.count = count;
    b.sum = sum;
    b.positiveSpans = positiveSpans;
    b.positiveBuckets = positiveBuckets;
    b.negativeSpans = negativeSpans;
    b.negativeBuckets = negativeBuckets;
    b.customBounds = customBounds;
    b.resetHint = resetHint;
    return b;
  }

  /** Two histograms are equal when all parts are; doubles are compared bit by bit. */
  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof NativeHistogram h
        && schema == h.schema
        && same(zeroThreshold, h.zeroThreshold)
        && same(zeroCount, h.zeroCount)
        && same(count, h.count)
        && same(sum, h.sum)
        && resetHint == h.resetHint
        && Arrays.equals(positiveSpans, h.positiveSpans)
        && Arrays.equals(negativeSpans, h.negativeSpans)
        && Arrays.equals(positiveBuckets, h.positiveBuckets)
        && Arrays.equals(negativeBuckets, h.negativeBuckets)
        && Arrays.equals(customBounds, h.customBounds);
  }

  private static boolean same(double a, double b) {
    return Double.doubleToRawLongBits(a) == Double.doubleToRawLongBits(b);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        schema, count, sum, Arrays.hashCode(positiveBuckets), Arrays.hashCode(negativeBuckets));
  }

  @Override
  public String toString() {
    return "NativeHistogram[schema=" + schema + ", count=" + count + ", sum=" + sum + "]";
  }

  /**
   * Collects the parts of a histogram. Keeps the arrays it is given, which must not be changed
   * afterwards. Not thread-safe.
   */
  public static final class Builder {
    private int schema;
    private double zeroThreshold;
    private double zeroCount;
    private double count;
    private double sum;
    private int[] positiveSpans = NO_SPANS;
    private double[] positiveBuckets = NONE;
    private int[] negativeSpans = NO_SPANS;
    private double[] negativeBuckets = NONE;
    private double[] customBounds = NONE;
    private ResetHint resetHint = ResetHint.UNKNOWN;

    private Builder() {}

    /** Sets the schema number. */
    public Builder schema(int value) {
      schema = value;
      return this;
    }

    /** Sets the zero bucket: half width and population. */
    public Builder zeroBucket(double threshold, double population) {
      zeroThreshold = threshold;
      zeroCount = population;
      return this;
    }

    /** Sets the number of observations. */
    public Builder count(double value) {
      count = value;
      return this;
    }

    /** Sets the sum of observations. */
    public Builder sum(double value) {
      sum = value;
      return this;
    }

    /** Sets the positive side: offset, length, … and absolute populations. Keeps the arrays. */
    public Builder positive(int[] spans, double[] buckets) {
      positiveSpans = spans;
      positiveBuckets = buckets;
      return this;
    }

    /** Sets the negative side: offset, length, … and absolute populations. Keeps the arrays. */
    public Builder negative(int[] spans, double[] buckets) {
      negativeSpans = spans;
      negativeBuckets = buckets;
      return this;
    }

    /** Sets the upper bounds of schema -53, ascending, without +Inf. Keeps the array. */
    public Builder customBounds(double[] bounds) {
      customBounds = bounds;
      return this;
    }

    /** Sets what is known about a counter reset. */
    public Builder resetHint(ResetHint hint) {
      resetHint = hint;
      return this;
    }

    /**
     * Returns the histogram.
     *
     * @throws IllegalArgumentException when spans and populations do not match
     */
    public NativeHistogram build() {
      checkSpans("positive", positiveSpans, positiveBuckets.length);
      checkSpans("negative", negativeSpans, negativeBuckets.length);
      return new NativeHistogram(this);
    }

    private static void checkSpans(String side, int[] spans, int buckets) {
      long covered = 0;
      for (int i = 1; i < spans.length; i += 2) {
        if (spans[i] < 0 || (i > 1 && spans[i - 1] < 0)) {
          throw new IllegalArgumentException(
              side + " spans: offsets after the first and lengths must not be negative");
        }
        covered += spans[i];
      }
      if (spans.length % 2 != 0 || covered != buckets) {
        throw new IllegalArgumentException(
            side + " spans cover " + covered + " buckets, got " + buckets);
      }
    }
  }
}
