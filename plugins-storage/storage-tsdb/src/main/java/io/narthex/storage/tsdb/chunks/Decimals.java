package io.narthex.storage.tsdb.chunks;

/**
 * Finds the decimal number that a double was written as: mantissa {@code m} and scale {@code k}
 * with {@code m / 10^k} equal to the double bit by bit.
 *
 * <p>With {@code |m| < 2^53} and {@code k <= 22} both are exact doubles, so the quotient is the
 * double nearest to the decimal number: the one a parser would give for its text. The same decimal
 * number at a larger scale gives the same double, which lets all values of a chunk share one scale.
 * What passes the test is reproduced exactly; what does not is stored another way.
 */
public final class Decimals {
  /** Largest scale. */
  public static final int MAX_SCALE = 18;

  /** Returned by {@link #scale} for "not a short decimal number". */
  public static final int NONE = -1;

  private static final long EXACT = 1L << 53;
  private static final double WHOLE_LIMIT = 0x1p62;

  private static final double[] POWERS = new double[MAX_SCALE + 1];
  private static final long[] LONG_POWERS = new long[MAX_SCALE + 1];

  static {
    long p = 1;
    for (int i = 0; i <= MAX_SCALE; i++) {
      POWERS[i] = p;
      LONG_POWERS[i] = p;
      p *= 10;
    }
  }

  private Decimals() {}

  /** Returns {@code m / 10^k}. */
  public static double value(long mantissa, int scale) {
    return scale == 0 ? (double) mantissa : mantissa / POWERS[scale];
  }

  /** Returns the mantissa at a scale that fits; the result is meaningless otherwise. */
  public static long mantissa(double value, int scale) {
    return scale == 0 ? (long) value : Math.round(value * POWERS[scale]);
  }

  /** Returns whether {@code m / 10^k} gives these very bits back. */
  public static boolean fits(double value, long mantissa, int scale) {
    if (scale > 0 && (mantissa >= EXACT || mantissa <= -EXACT)) {
      return false;
    }
    return Double.doubleToRawLongBits(value(mantissa, scale)) == Double.doubleToRawLongBits(value);
  }

  /** Returns the smallest scale up to {@code most} that fits, or {@link #NONE}. */
  public static int scale(double value, int most) {
    if (value < WHOLE_LIMIT && value > -WHOLE_LIMIT) {
      if (Double.doubleToRawLongBits((double) (long) value) == Double.doubleToRawLongBits(value)) {
        return 0;
      }
    }
    double size = Math.abs(value);
    if (!(size < EXACT)) {
      return NONE;
    }
    for (int k = 1; k <= most; k++) {
      double scaled = value * POWERS[k];
      if (scaled >= EXACT || scaled <= -EXACT) {
        return NONE;
      }
      if (fits(value, Math.round(scaled), k)) {
        return k;
      }
    }
    return NONE;
  }

  /** Returns ten to the power of {@code n}, 0 to {@link #MAX_SCALE}. */
  static long power(int n) {
    return LONG_POWERS[n];
  }
}
