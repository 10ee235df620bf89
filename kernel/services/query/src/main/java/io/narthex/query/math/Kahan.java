package io.narthex.query.math;

/**
 * A compensated sum after Neumaier (ZAMM 54, 1974), step by step as util/kahansum of Prometheus:
 * the branch that keeps the lost low part is chosen by magnitude, and the compensation is given up
 * once the sum leaves the finite numbers.
 */
public final class Kahan {
  double sum;
  double c;

  void reset(double start) {
    sum = start;
    c = 0;
  }

  void add(double inc) {
    double t = sum + inc;
    if (Double.isInfinite(t)) {
      c = 0;
    } else if (Math.abs(sum) >= Math.abs(inc)) {
      c += (sum - t) + inc;
    } else {
      c += (inc - t) + sum;
    }
    sum = t;
  }

  /** Returns the compensation after adding {@code inc} to {@code sum}. */
  public static double compensation(double sum, double inc, double c) {
    double t = sum + inc;
    if (Double.isInfinite(t)) {
      return 0;
    }
    return Math.abs(sum) >= Math.abs(inc) ? c + ((sum - t) + inc) : c + ((inc - t) + sum);
  }

  double value() {
    return Double.isInfinite(sum) ? sum : sum + c;
  }
}
