package io.narthex.query.math;

/**
 * Mathematical functions with the results of Go's math package, so that query results print the
 * same digits. Java's own differ from Go's in the last bit here and there.
 *
 * <p>Algorithms: {@code log} after FreeBSD e_log.c (Sun Microsystems, 1993) in the form of Go;
 * {@code sin}, {@code cos}, {@code tan}, {@code atan} after the Cephes library (Stephen L.
 * Moshier); {@code pow} by repeated squaring of the fraction as in Go; {@code asinh}, {@code
 * acosh}, {@code atanh} after FreeBSD. {@code exp} is Java's StrictMath (fdlibm), since Go uses
 * machine code there.
 */
public final class GoMath {
  private static final double LN2 = 0.693147180559945309417232121458176568;

  /** 1 / ln(10), rounded once. */
  private static final double ONE_BY_LN10 = 0.43429448190325182765112891891660508229;

  private static final double LN2_HI = 6.93147180369123816490e-01;
  private static final double LN2_LO = 1.90821492927058770002e-10;

  private static final double PI4A = 7.85398125648498535156e-1;
  private static final double PI4B = 3.77489470793079817668e-8;
  private static final double PI4C = 2.69515142907905952645e-15;

  /** From here on the reduction by three parts of pi/4 is not exact enough. */
  private static final double LARGE_ANGLE = 1 << 29;

  /** 4/pi in binary: the integer part, then 19 words of the fraction. */
  private static final long[] FOUR_BY_PI = {
    0x0000000000000001L,
    0x45f306dc9c882a53L,
    0xf84eafa3ea69bb81L,
    0xb6c52b3278872083L,
    0xfca2c757bd778ac3L,
    0x6e48dc74849ba5c0L,
    0x0c925dd413a32439L,
    0xfc3bd63962534e7dL,
    0xd1046bea5d768909L,
    0xd338e04d68befc82L,
    0x7323ac7306a673e9L,
    0x3908bf177bf25076L,
    0x3ff12fffbc0b301fL,
    0xde5e2316b414da3eL,
    0xda6cfd9e4f96136eL,
    0x9e8c7ecd3cbfd45aL,
    0xea4f758fd7cbe2f6L,
    0x7a0e73ef14a525d4L,
    0xd7f6bf623f1aba10L,
    0xac06608df8f6d757L
  };

  private GoMath() {}

  /* logarithms and powers */

  public static double log(double x) {
    if (Double.isNaN(x) || x == Double.POSITIVE_INFINITY) {
      return x;
    }
    if (x < 0) {
      return Double.NaN;
    }
    if (x == 0) {
      return Double.NEGATIVE_INFINITY;
    }
    int ki = exponent(x);
    double f1 = fraction(x, ki);
    if (f1 < Math.sqrt(2) / 2) {
      f1 *= 2;
      ki--;
    }
    double f = f1 - 1;
    double k = ki;
    double s = f / (2 + f);
    double s2 = s * s;
    double s4 = s2 * s2;
    double t1 =
        s2
            * (6.666666666666735130e-01
                + s4
                    * (2.857142874366239149e-01
                        + s4 * (1.818357216161805012e-01 + s4 * 1.479819860511658591e-01)));
    double t2 =
        s4
            * (3.999999999940941908e-01
                + s4 * (2.222219843214978396e-01 + s4 * 1.531383769920937332e-01));
    double r = t1 + t2;
    double hfsq = 0.5 * f * f;
    return k * LN2_HI - ((hfsq - (s * (hfsq + r) + k * LN2_LO)) - f);
  }

  /** Returns e with {@code x = f * 2^e}, f in [0.5, 1). */
  private static int exponent(double x) {
    int e = Math.getExponent(x);
    return e < Double.MIN_EXPONENT ? Math.getExponent(x * 0x1p52) + 1 - 52 : e + 1;
  }

  private static double fraction(double x, int exponent) {
    return exponent < -1000 ? Math.scalb(x * 0x1p60, -(exponent + 60)) : Math.scalb(x, -exponent);
  }

  public static double log2(double x) {
    if (!(x > 0) || Double.isInfinite(x)) {
      return log(x);
    }
    int exp = exponent(x);
    double frac = fraction(x, exp);
    if (frac == 0.5) {
      return exp - 1;
    }
    return log(frac) * (1 / LN2) + exp;
  }

  public static double log10(double x) {
    return log(x) * ONE_BY_LN10;
  }

  /**
   * Returns e to the power x as Go does on amd64: the argument is reduced by a multiple of ln 2 and
   * a sixteenth, a Taylor polynomial gives exp - 1, and four squarings undo the sixteenth (Naoki
   * Shibata, Efficient evaluation methods of elementary functions suitable for SIMD computation,
   * 2010), with fused multiply-adds where Go's machine code has them.
   */
  public static double exp(double x) {
    if (Double.isNaN(x) || x == Double.POSITIVE_INFINITY) {
      return x;
    }
    if (x > 7.09782712893384e+02) {
      return Double.POSITIVE_INFINITY;
    }
    if (x < -7.5e+02) {
      return 0;
    }
    double k = Math.rint(x * 1.4426950408889634073599246810018920);
    if (k >= 1024) {
      // the machine code gives up on the exponent, though some results would still fit
      return Double.POSITIVE_INFINITY;
    }
    double r = Math.fma(-0.69314718055966295651160180568695068359375, k, x);
    r = Math.fma(-0.28235290563031577122588448175013436025525412068e-12, k, r);
    r *= 0.0625;
    double t = 2.4801587301587301587e-5;
    t = Math.fma(r, t, 1.9841269841269841270e-4);
    t = Math.fma(r, t, 1.3888888888888888889e-3);
    t = Math.fma(r, t, 8.3333333333333333333e-3);
    t = Math.fma(r, t, 4.1666666666666666667e-2);
    t = Math.fma(r, t, 1.6666666666666666667e-1);
    t = Math.fma(r, t, 0.5);
    t = Math.fma(r, t, 1.0);
    r *= t;
    r *= 2 + r;
    r *= 2 + r;
    r *= 2 + r;
    r = Math.fma(2 + r, r, 1.0);
    return Math.scalb(r, (int) k);
  }

  /** Returns 2 to the power x after FreeBSD e_exp.c in the form of Go. */
  public static double exp2(double x) {
    if (Double.isNaN(x) || x == Double.POSITIVE_INFINITY) {
      return x;
    }
    if (x > 1.0239999999999999e+03) {
      return Double.POSITIVE_INFINITY;
    }
    if (x < -1.0740e+03) {
      return 0;
    }
    int k = (int) (x > 0 ? x + 0.5 : x - 0.5);
    double d = x - k;
    double hi = d * LN2_HI;
    double lo = -d * LN2_LO;
    double r = hi - lo;
    double t = r * r;
    double c =
        r
            - t
                * (1.66666666666666657415e-01
                    + t
                        * (-2.77777777770155933842e-03
                            + t
                                * (6.61375632143793436117e-05
                                    + t
                                        * (-1.65339022054652515390e-06
                                            + t * 4.13813679705723846039e-08))));
    double y = 1 - ((lo - (r * c) / (2 - c)) - hi);
    return Math.scalb(y, k);
  }

  private static boolean isOdd(double y) {
    return Math.abs(y) < 0x1p53 && y == Math.rint(y) && ((long) y & 1) == 1;
  }

  public static double pow(double x, double y) {
    if (y == 0 || x == 1) {
      return 1;
    }
    if (y == 1) {
      return x;
    }
    if (Double.isNaN(x) || Double.isNaN(y)) {
      return Double.NaN;
    }
    if (x == 0) {
      boolean negativeZero = Double.doubleToRawLongBits(x) < 0;
      boolean odd = isOdd(y);
      if (y < 0) {
        return negativeZero && odd ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
      }
      return negativeZero && odd ? x : 0;
    }
    if (Double.isInfinite(y)) {
      if (x == -1) {
        return 1;
      }
      return Math.abs(x) < 1 == y > 0 ? 0 : Double.POSITIVE_INFINITY;
    }
    if (Double.isInfinite(x)) {
      if (x < 0) {
        return pow(1 / x, -y);
      }
      return y < 0 ? 0 : Double.POSITIVE_INFINITY;
    }
    if (y == 0.5) {
      return Math.sqrt(x);
    }
    if (y == -0.5) {
      return 1 / Math.sqrt(x);
    }
    return finitePow(x, y);
  }

  private static double finitePow(double x, double y) {
    double yi = Math.floor(Math.abs(y));
    double yf = Math.abs(y) - yi;
    if (yf != 0 && x < 0) {
      return Double.NaN;
    }
    if (yi >= 0x1p63) {
      if (x == -1) {
        return 1;
      }
      return Math.abs(x) < 1 == y > 0 ? 0 : Double.POSITIVE_INFINITY;
    }
    double a1 = 1;
    long ae = 0;
    if (yf != 0) {
      if (yf > 0.5) {
        yf--;
        yi++;
      }
      a1 = exp(yf * log(x));
    }
    long xe = exponent(Math.abs(x));
    double x1 = fraction(x, (int) xe);
    for (long i = (long) yi; i != 0; i >>= 1) {
      if (xe < -(1 << 12) || xe > 1 << 12) {
        // overflow or underflow is certain
        ae += xe;
        break;
      }
      if ((i & 1) == 1) {
        a1 *= x1;
        ae += xe;
      }
      x1 *= x1;
      xe <<= 1;
      if (x1 < .5) {
        x1 += x1;
        xe--;
      }
    }
    if (y < 0) {
      a1 = 1 / a1;
      ae = -ae;
    }
    return scale(a1, ae);
  }

  private static double scale(double v, long exponent) {
    return Math.scalb(v, (int) Math.max(-5000, Math.min(5000, exponent)));
  }

  /* angles */

  private static double sinPolynomial(double z, double zz) {
    return z
        + z
            * zz
            * ((((((1.58962301576546568060e-10 * zz) + -2.50507477628578072866e-8) * zz
                                        + 2.75573136213857245213e-6)
                                    * zz
                                + -1.98412698295895385996e-4)
                            * zz
                        + 8.33333333332211858878e-3)
                    * zz
                + -1.66666666666666307295e-1);
  }

  private static double cosPolynomial(double zz) {
    return 1.0
        - 0.5 * zz
        + zz
            * zz
            * ((((((-1.13585365213876817300e-11 * zz) + 2.08757008419747316778e-9) * zz
                                        + -2.75573141792967388112e-7)
                                    * zz
                                + 2.48015872888517045348e-5)
                            * zz
                        + -1.38888888888730564116e-3)
                    * zz
                + 4.16666666666665929218e-2);
  }

  /** Returns in which eighth of the circle an angle lies, odd ones rounded up. */
  private static int octant(double a) {
    long j = a < LARGE_ANGLE ? (long) (a * (4 / Math.PI)) : product(a)[0] >>> 61;
    return (int) ((j + (j & 1)) & 7);
  }

  /** Returns what is left of an angle when {@link #octant} eighths are taken away. */
  private static double remainder(double a) {
    if (a < LARGE_ANGLE) {
      double y = (long) (a * (4 / Math.PI));
      y += y % 2;
      return ((a - y * PI4A) - y * PI4B) - y * PI4C;
    }
    long[] p = product(a);
    long hi = (p[0] << 3) | (p[1] >>> 61);
    int zeros = Long.numberOfLeadingZeros(hi);
    long e = 1023 - (zeros + 1);
    hi = (zeros == 63 ? 0 : hi << (zeros + 1)) | (p[1] >>> (64 - (zeros + 1)));
    double z = Double.longBitsToDouble((hi >>> 12) | (e << 52));
    if ((p[0] >>> 61 & 1) == 1) {
      z--;
    }
    return z * (Math.PI / 4);
  }

  /** Returns the 128 bits around the binary point of an angle times 4/pi (Payne and Hanek). */
  private static long[] product(double a) {
    long bits = Double.doubleToRawLongBits(a);
    int exp = (int) (bits >>> 52 & 0x7ff) - 1023 - 52;
    long ix = (bits & ((1L << 52) - 1)) | (1L << 52);
    int digit = (exp + 61) / 64;
    int shift = (exp + 61) % 64;
    long z0 = digits(digit, shift);
    long z1 = digits(digit + 1, shift);
    long z2 = digits(digit + 2, shift);
    long z2hi = Math.unsignedMultiplyHigh(z2, ix);
    long z1hi = Math.unsignedMultiplyHigh(z1, ix);
    long lo = z1 * ix + z2hi;
    long carry = Long.compareUnsigned(lo, z2hi) < 0 ? 1 : 0;
    return new long[] {z0 * ix + z1hi + carry, lo};
  }

  private static long digits(int at, int shift) {
    return shift == 0
        ? FOUR_BY_PI[at]
        : (FOUR_BY_PI[at] << shift) | (FOUR_BY_PI[at + 1] >>> (64 - shift));
  }

  public static double sin(double x) {
    if (x == 0 || Double.isNaN(x)) {
      return x;
    }
    if (Double.isInfinite(x)) {
      return Double.NaN;
    }
    double a = Math.abs(x);
    boolean negative = x < 0;
    int j = octant(a);
    double z = remainder(a);
    if (j > 3) {
      negative = !negative;
      j -= 4;
    }
    double zz = z * z;
    double r = j == 1 || j == 2 ? cosPolynomial(zz) : sinPolynomial(z, zz);
    return negative ? -r : r;
  }

  public static double cos(double x) {
    if (Double.isNaN(x) || Double.isInfinite(x)) {
      return Double.NaN;
    }
    double a = Math.abs(x);
    boolean negative = false;
    int j = octant(a);
    double z = remainder(a);
    if (j > 3) {
      j -= 4;
      negative = true;
    }
    if (j > 1) {
      negative = !negative;
    }
    double zz = z * z;
    double r = j == 1 || j == 2 ? sinPolynomial(z, zz) : cosPolynomial(zz);
    return negative ? -r : r;
  }

  public static double tan(double x) {
    if (x == 0 || Double.isNaN(x)) {
      return x;
    }
    if (Double.isInfinite(x)) {
      return Double.NaN;
    }
    double a = Math.abs(x);
    int j = octant(a);
    double z = remainder(a);
    double zz = z * z;
    double r = z;
    if (zz > 1e-14) {
      r =
          z
              + z
                  * (zz
                      * (((-1.30936939181383734205e4 * zz) + 1.15351664838587416140e6) * zz
                          + -1.79565251976484877988e7)
                      / ((((zz + 1.36812963470692954678e4) * zz + -1.32089234440210967447e6) * zz
                                  + 2.50083801823357915839e7)
                              * zz
                          + -5.38695755929454629881e7));
    }
    if ((j & 2) == 2) {
      r = -1 / r;
    }
    return x < 0 ? -r : r;
  }

  private static double smallAtan(double x) {
    double z = x * x;
    z =
        z
            * ((((-8.750608600031904122785e-01 * z + -1.615753718733365076637e+01) * z
                                + -7.500855792314704667340e+01)
                            * z
                        + -1.228866684490136173410e+02)
                    * z
                + -6.485021904942025371773e+01)
            / (((((z + 2.485846490142306297962e+01) * z + 1.650270098316988542046e+02) * z
                                + 4.328810604912902668951e+02)
                            * z
                        + 4.853903996359136964868e+02)
                    * z
                + 1.945506571482613964425e+02);
    return x * z + x;
  }

  private static double positiveAtan(double x) {
    final double moreBits = 6.123233995736765886130e-17;
    final double tan3pi8 = 2.41421356237309504880;
    if (x <= 0.66) {
      return smallAtan(x);
    }
    if (x > tan3pi8) {
      return Math.PI / 2 - smallAtan(1 / x) + moreBits;
    }
    return Math.PI / 4 + smallAtan((x - 1) / (x + 1)) + 0.5 * moreBits;
  }

  public static double atan(double x) {
    if (x == 0) {
      return x;
    }
    return x > 0 ? positiveAtan(x) : -positiveAtan(-x);
  }

  public static double asin(double x) {
    if (x == 0) {
      return x;
    }
    double a = Math.abs(x);
    if (!(a <= 1)) {
      return Double.NaN;
    }
    double t = Math.sqrt(1 - a * a);
    double r = a > 0.7 ? Math.PI / 2 - positiveAtan(t / a) : positiveAtan(a / t);
    return x < 0 ? -r : r;
  }

  public static double acos(double x) {
    return Math.PI / 2 - asin(x);
  }

  public static double atan2(double y, double x) {
    if (Double.isNaN(y) || Double.isNaN(x)) {
      return Double.NaN;
    }
    if (y == 0) {
      boolean left = x < 0 || (x == 0 && Double.doubleToRawLongBits(x) < 0);
      return left ? Math.copySign(Math.PI, y) : Math.copySign(0, y);
    }
    if (x == 0) {
      return Math.copySign(Math.PI / 2, y);
    }
    if (Double.isInfinite(x)) {
      if (x > 0) {
        return Math.copySign(Double.isInfinite(y) ? Math.PI / 4 : 0, y);
      }
      return Math.copySign(Double.isInfinite(y) ? 3 * Math.PI / 4 : Math.PI, y);
    }
    if (Double.isInfinite(y)) {
      return Math.copySign(Math.PI / 2, y);
    }
    double q = atan(y / x);
    if (x < 0) {
      return q <= 0 ? q + Math.PI : q - Math.PI;
    }
    return q;
  }

  /* hyperbolic functions */

  public static double sinh(double x) {
    double a = Math.abs(x);
    double r;
    if (a > 21) {
      r = exp(a) * 0.5;
    } else if (a > 0.5) {
      double e = exp(a);
      r = (e - 1 / e) * 0.5;
    } else {
      double sq = a * a;
      r =
          (((-0.2630563213397497062819489e+2 * sq + -0.2894211355989563807284660366e+4) * sq
                          + -0.8991272022039509355398013511e+5)
                      * sq
                  + -0.6307673640497716991184787251e+6)
              * a;
      r =
          r
              / (((sq + -0.173678953558233699533450911e+3) * sq + 0.1521517378790019070696485176e+5)
                      * sq
                  + -0.6307673640497716991212077277e+6);
    }
    return x < 0 ? -r : r;
  }

  public static double cosh(double x) {
    double a = Math.abs(x);
    if (a > 21) {
      return exp(a) * 0.5;
    }
    double e = exp(a);
    return (e + 1 / e) * 0.5;
  }

  public static double tanh(double x) {
    double z = Math.abs(x);
    if (z > 0.5 * 8.8029691931113054295988e+01) {
      return x < 0 ? -1 : 1;
    }
    if (z >= 0.625) {
      double s = exp(2 * z);
      double r = 1 - 2 / (s + 1);
      return x < 0 ? -r : r;
    }
    if (x == 0) {
      return x;
    }
    double s = x * x;
    return x
        + x
            * s
            * ((-9.64399179425052238628e-1 * s + -9.92877231001918586564e1) * s
                + -1.61468768441708447952e3)
            / (((s + 1.12811678491632931402e2) * s + 2.23548839060100448583e3) * s
                + 4.84406305325125486048e3);
  }

  public static double asinh(double x) {
    if (Double.isNaN(x) || Double.isInfinite(x)) {
      return x;
    }
    double a = Math.abs(x);
    double r;
    if (a > 0x1p28) {
      r = log(a) + LN2;
    } else if (a > 2) {
      r = log(2 * a + 1 / (Math.sqrt(a * a + 1) + a));
    } else if (a < 0x1p-28) {
      r = a;
    } else {
      r = StrictMath.log1p(a + a * a / (1 + Math.sqrt(1 + a * a)));
    }
    return x < 0 ? -r : r;
  }

  public static double acosh(double x) {
    if (x < 1 || Double.isNaN(x)) {
      return Double.NaN;
    }
    if (x == 1) {
      return 0;
    }
    if (x >= 0x1p28) {
      return log(x) + LN2;
    }
    if (x > 2) {
      return log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
    }
    double t = x - 1;
    return StrictMath.log1p(t + Math.sqrt(2 * t + t * t));
  }

  public static double atanh(double x) {
    if (x < -1 || x > 1 || Double.isNaN(x)) {
      return Double.NaN;
    }
    if (x == 1) {
      return Double.POSITIVE_INFINITY;
    }
    if (x == -1) {
      return Double.NEGATIVE_INFINITY;
    }
    double a = Math.abs(x);
    double r;
    if (a < 0x1p-28) {
      r = a;
    } else if (a < 0.5) {
      double t = a + a;
      r = 0.5 * StrictMath.log1p(t + t * a / (1 - a));
    } else {
      r = 0.5 * StrictMath.log1p((a + a) / (1 - a));
    }
    return x < 0 ? -r : r;
  }

  /** Returns the larger number as Go's {@code math.Max}: +Inf wins even over NaN. */
  public static double max(double a, double b) {
    return a == Double.POSITIVE_INFINITY || b == Double.POSITIVE_INFINITY
        ? Double.POSITIVE_INFINITY
        : Math.max(a, b);
  }

  /** Returns the smaller number as Go's {@code math.Min}: -Inf wins even over NaN. */
  public static double min(double a, double b) {
    return a == Double.NEGATIVE_INFINITY || b == Double.NEGATIVE_INFINITY
        ? Double.NEGATIVE_INFINITY
        : Math.min(a, b);
  }
}
