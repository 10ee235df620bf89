package io.narthex.query;

import io.narthex.query.math.GoMath;
import java.util.function.DoubleUnaryOperator;

/** The maths functions with Go's bits, for tests of other packages. */
public final class BitExact {
  private BitExact() {}

  /** Returns the function of one number that PromQL calls {@code name}. */
  public static DoubleUnaryOperator function(String name) {
    return switch (name) {
      case "exp" -> GoMath::exp;
      case "ln" -> GoMath::log;
      case "log2" -> GoMath::log2;
      case "log10" -> GoMath::log10;
      case "sin" -> GoMath::sin;
      case "cos" -> GoMath::cos;
      case "tan" -> GoMath::tan;
      case "asin" -> GoMath::asin;
      case "acos" -> GoMath::acos;
      case "atan" -> GoMath::atan;
      case "sinh" -> GoMath::sinh;
      case "cosh" -> GoMath::cosh;
      case "tanh" -> GoMath::tanh;
      case "asinh" -> GoMath::asinh;
      case "acosh" -> GoMath::acosh;
      case "atanh" -> GoMath::atanh;
      default -> throw new IllegalArgumentException("maths: unknown function, got " + name);
    };
  }

  /** Returns {@code x} to the power of {@code y}. */
  public static double pow(double x, double y) {
    return GoMath.pow(x, y);
  }

  /** Returns the angle of a point. */
  public static double atan2(double y, double x) {
    return GoMath.atan2(y, x);
  }
}
