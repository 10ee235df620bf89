package io.narthex.query.histogram;

import io.narthex.model.NativeHistogram;
import io.narthex.query.math.GoMath;
import io.narthex.query.math.Kahan;

/** Calculations with native histograms. */
public final class HistogramMath {
  private HistogramMath() {}

  /** Returns whether a counter was reset between two histograms, by hint or by content. */
  public static boolean isReset(NativeHistogram before, NativeHistogram now) {
    return Hist.of(now).isResetSince(Hist.of(before));
  }

  /**
   * Returns how many of the observations of a bucket lie below a value.
   *
   * @param linear whether they are spread evenly; else their logarithms are
   */
  public static double share(double v, double from, double to, double count, boolean linear) {
    if (linear) {
      return from == Double.NEGATIVE_INFINITY ? count : count * (v - from) / (to - from);
    }
    double logLower = GoMath.log2(Math.abs(from));
    double logUpper = GoMath.log2(Math.abs(to));
    double logV = GoMath.log2(Math.abs(v));
    double fraction =
        v > 0
            ? (logV - logLower) / (logUpper - logLower)
            : 1 - (logV - logUpper) / (logLower - logUpper);
    return count * fraction;
  }

  /** Returns the variance, each bucket standing for its mean. */
  public static double variance(Hist h) {
    double mean = h.sum / h.count;
    double variance = 0;
    double c = 0;
    BucketWalk w = new BucketWalk(h, false);
    while (w.next()) {
      if (w.count == 0) {
        continue;
      }
      double v;
      if (h.isCustom()) {
        v = (w.upper + w.lower) / 2;
      } else if (w.lower <= 0 && w.upper >= 0) {
        v = 0;
      } else {
        v = Math.sqrt(w.upper * w.lower);
        if (w.upper < 0) {
          v = -v;
        }
      }
      double delta = v - mean;
      double inc = w.count * delta * delta;
      c = Kahan.compensation(variance, inc, c);
      variance += inc;
    }
    return (variance + c) / h.count;
  }
}
