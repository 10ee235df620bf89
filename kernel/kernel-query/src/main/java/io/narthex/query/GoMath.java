package io.narthex.query;

/** Mathematical functions with the results of Go's math package. */
final class GoMath {
  private GoMath() {}

  static double pow(double x, double y) {
    if (x == 1) {
      return 1;
    }
    if (x == -1 && Double.isInfinite(y)) {
      return 1;
    }
    return StrictMath.pow(x, y);
  }

  static double exp(double x) {
    return StrictMath.exp(x);
  }

  static double exp2(double x) {
    return StrictMath.pow(2, x);
  }

  static double log(double x) {
    return StrictMath.log(x);
  }

  static double log2(double x) {
    if (!(x > 0) || Double.isInfinite(x)) {
      return StrictMath.log(x);
    }
    // as Go: the exponent exactly, the fraction in [0.5, 1) by logarithm
    int exp = Math.getExponent(x) + 1;
    double frac;
    if (Math.getExponent(x) < Double.MIN_EXPONENT) {
      double scaled = x * 0x1p52;
      exp = Math.getExponent(scaled) + 1 - 52;
      frac = Math.scalb(scaled, -(Math.getExponent(scaled) + 1));
    } else {
      frac = Math.scalb(x, -exp);
    }
    if (frac == 0.5) {
      return exp - 1;
    }
    return StrictMath.log(frac) * (1 / LN2) + exp;
  }

  private static final double LN2 = 0.693147180559945309417232121458176568;
  private static final double LN10 = 2.30258509299404568401799145468436421;

  static double log10(double x) {
    return log2(x) * (LN2 / LN10);
  }

  static double sin(double x) {
    return StrictMath.sin(x);
  }

  static double cos(double x) {
    return StrictMath.cos(x);
  }

  static double tan(double x) {
    return StrictMath.tan(x);
  }

  static double asin(double x) {
    return StrictMath.asin(x);
  }

  static double acos(double x) {
    return StrictMath.acos(x);
  }

  static double atan2(double y, double x) {
    return StrictMath.atan2(y, x);
  }

  static double atan(double x) {
    return StrictMath.atan(x);
  }

  static double sinh(double x) {
    return StrictMath.sinh(x);
  }

  static double cosh(double x) {
    return StrictMath.cosh(x);
  }

  static double tanh(double x) {
    return StrictMath.tanh(x);
  }

  static double asinh(double x) {
    if (Double.isNaN(x) || Double.isInfinite(x)) {
      return x;
    }
    double a = Math.abs(x);
    double r;
    if (a > 0x1p28) {
      r = StrictMath.log(a) + LN2;
    } else if (a > 2) {
      r = StrictMath.log(2 * a + 1 / (Math.sqrt(a * a + 1) + a));
    } else if (a < 0x1p-28) {
      r = a;
    } else {
      r = StrictMath.log1p(a + a * a / (1 + Math.sqrt(1 + a * a)));
    }
    return x < 0 ? -r : r;
  }

  static double acosh(double x) {
    if (x < 1 || Double.isNaN(x)) {
      return Double.NaN;
    }
    if (x == 1) {
      return 0;
    }
    if (x >= 0x1p28) {
      return StrictMath.log(x) + LN2;
    }
    if (x > 2) {
      return StrictMath.log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
    }
    double t = x - 1;
    return StrictMath.log1p(t + Math.sqrt(2 * t + t * t));
  }

  static double atanh(double x) {
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
}
