package io.narthex.text.number;

import io.narthex.model.NativeHistogram;

/** The bounds of the buckets of native histograms. */
public final class HistogramBounds {
  /**
   * 2^(2^-s) for the schemas s from 1 to 8, to the last bit as Go's {@code math.Exp2} gives it;
   * some are one bit below the nearest double.
   */
  private static final double[] FACTORS = {
    0x1.6a09e667f3bccp0,
    0x1.306fe0a31b715p0,
    0x1.172b83c7d517bp0,
    0x1.0b5586cf9890fp0,
    0x1.059b0d3158574p0,
    0x1.02c9a3e778061p0,
    0x1.0163da9fb3335p0,
    0x1.00b1afa5abcbfp0
  };

  private static final double[] FRACTIONS = fractions();

  private HistogramBounds() {}

  /**
   * Computes the bounds of schema 8 from 0.5 to 1, which include those of the other schemas, as
   * client_golang does (prometheus/histogram.go), from which Prometheus has its table: every second
   * bound is that of the next lower schema, the others follow by multiplication. Other methods give
   * other last bits, and the API shows bounds with all their digits.
   */
  private static double[] fractions() {
    int size = 1 << FACTORS.length;
    double[] out = new double[size];
    out[0] = 0.5;
    for (int schema = 1; schema <= FACTORS.length; schema++) {
      int step = size >> schema; // distance between neighbours of this schema
      for (int i = step; i < size; i += 2 * step) {
        out[i] = out[i - step] * FACTORS[schema - 1];
      }
    }
    return out;
  }

  /**
   * Returns the upper bound of positive bucket {@code index}, which is the lower bound of the next
   * one; that of a negative bucket is the same with the opposite sign.
   *
   * @param custom the bounds of a histogram with custom buckets; not read for others
   * @return infinity outside of custom bounds and above the largest double
   */
  public static double upper(int index, int schema, double[] custom) {
    if (schema == NativeHistogram.CUSTOM_BUCKETS_SCHEMA) {
      if (index < 0) {
        return Double.NEGATIVE_INFINITY;
      }
      return index >= custom.length ? Double.POSITIVE_INFINITY : custom[index];
    }
    if (schema < 0) {
      // index times the width in powers of two
      int exp = index << -schema;
      if (exp == 1024) {
        return Double.MAX_VALUE;
      }
      return exp > 1024 ? Double.POSITIVE_INFINITY : Math.scalb(1.0, exp);
    }
    double fraction = FRACTIONS[(index & (1 << schema) - 1) << 8 - schema];
    int exp = (index >> schema) + 1;
    if (fraction == 0.5 && exp == 1025) {
      return Double.MAX_VALUE;
    }
    if (exp > 1025) {
      return Double.POSITIVE_INFINITY;
    }
    // in two steps, since 2^1024 alone is out of range
    return Math.scalb(fraction * 2, exp - 1);
  }
}
