package io.narthex.model;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A native histogram with absolute, floating-point bucket populations. Integer histograms are held
 * in the same form: a {@code double} holds their counts exactly up to 2^53. Immutable; the array
 * accessors return the arrays themselves, which nobody may change.
 *
 * <p>Schemas -4 to 8 are exponential with base {@code 2^(2^-schema)}: positive bucket {@code i} is
 * {@code (base^(i-1), base^i]}. Schema -53 has custom upper bounds. Buckets are given as spans, as
 * in the Prometheus protobuf: each span skips {@code offset} buckets (from index 0 for the first
 * span) and covers {@code length} consecutive ones, whose populations follow each other in one
 * array.
 */
public final class NativeHistogram {
  /** The schema number of histograms with custom bounds. */
  public static final int CUSTOM_BUCKETS_SCHEMA = -53;

  /** What is known about a counter reset between this histogram and the one before. */
  public enum ResetHint {
    /** Nothing is known: compare the buckets. */
    UNKNOWN,
    /** This is the first one after a reset. */
    RESET,
    /** No reset since the one before. */
    NOT_RESET,
    /** Not a counter at all. */
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

  /** Tells whether the bounds are custom ones. */
  public boolean hasCustomBuckets() {
    return schema == CUSTOM_BUCKETS_SCHEMA;
  }

  /** Returns the half width of the zero bucket. */
  public double zeroThreshold() {
    return zeroThreshold;
  }

  /** Returns the population of the zero bucket. */
  public double zeroCount() {
    return zeroCount;
  }

  /** Returns the number of observations, NaN observations included. */
  public double count() {
    return count;
  }

  /**
   * Returns the sum of observations; the staleness marker when this histogram marks the series'
   * end.
   */
  public double sum() {
    return sum;
  }

  /** Tells whether this is a staleness marker. */
  public boolean isStale() {
    return StaleMarker.is(sum);
  }

  /** Returns offset, length, offset, length, … of the positive side. Do not change. */
  public int[] positiveSpans() {
    return positiveSpans;
  }

  /** Returns the populations under {@link #positiveSpans()}. Do not change. */
  public double[] positiveBuckets() {
    return positiveBuckets;
  }

  /** Returns offset, length, … of the negative side. Do not change. */
  public int[] negativeSpans() {
    return negativeSpans;
  }

  /** Returns the populations under {@link #negativeSpans()}. Do not change. */
  public double[] negativeBuckets() {
    return negativeBuckets;
  }

  /** Returns the upper bounds of schema -53, without +Inf. Do not change. */
  public double[] customBounds() {
    return customBounds;
  }

  /** Returns what is known about a reset. */
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

  /** Two histograms are equal when all parts are, values bit by bit. */
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

  /** Collects the parts of a histogram. Takes over the arrays it is given. Not thread-safe. */
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

    /**
     * Sets the positive side: offset, length, … and absolute populations. Takes the arrays over.
     */
    public Builder positive(int[] spans, double[] buckets) {
      positiveSpans = spans;
      positiveBuckets = buckets;
      return this;
    }

    /**
     * Sets the negative side: offset, length, … and absolute populations. Takes the arrays over.
     */
    public Builder negative(int[] spans, double[] buckets) {
      negativeSpans = spans;
      negativeBuckets = buckets;
      return this;
    }

    /** Sets the upper bounds of schema -53, rising, without +Inf. Takes the array over. */
    public Builder customBounds(double[] bounds) {
      customBounds = bounds;
      return this;
    }

    /** Sets what is known about a reset. */
    public Builder resetHint(ResetHint hint) {
      resetHint = hint;
      return this;
    }

    /**
     * Returns the histogram.
     *
     * @throws IllegalArgumentException when spans and populations do not fit each other
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
