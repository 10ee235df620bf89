package io.narthex.promql;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;

/** Numbers as Go reads and prints them. */
public final class Numbers {
  private Numbers() {}

  /**
   * Reads a number of a query: decimal, {@code 0x} hexadecimal, leading-zero octal, exponents, hex
   * floats, {@code Inf}, {@code NaN}, underscores between digits, an optional sign.
   *
   * @throws IllegalArgumentException with Go's message when it is none or too large
   */
  public static double parse(String text) {
    String s = text;
    boolean negative = false;
    if (!s.isEmpty() && (s.charAt(0) == '-' || s.charAt(0) == '+')) {
      negative = s.charAt(0) == '-';
      s = s.substring(1);
    }
    double value = magnitude(text, s.toLowerCase(Locale.ROOT));
    return negative ? -value : value;
  }

  private static double magnitude(String text, String s) {
    if (s.equals("inf") || s.equals("infinity")) {
      return Double.POSITIVE_INFINITY;
    }
    if (s.equals("nan")) {
      return Double.NaN;
    }
    String plain = s.indexOf('_') >= 0 ? s.replace("_", "") : s;
    if (plain.isEmpty() || !(Lexer.isDigit(plain.charAt(0)) || plain.charAt(0) == '.')) {
      throw syntax(text);
    }
    try {
      if (plain.startsWith("0x")) {
        if (plain.indexOf('p') >= 0) {
          return checked(text, Double.parseDouble(plain));
        }
        if (plain.indexOf('.') >= 0) {
          throw syntax(text);
        }
        return checked(text, new BigInteger(plain.substring(2), 16).doubleValue());
      }
      if (plain.length() > 1 && plain.charAt(0) == '0' && isOctal(plain)) {
        BigInteger octal = new BigInteger(plain, 8);
        if (octal.bitLength() < 64) {
          return octal.longValue();
        }
      }
      char last = plain.charAt(plain.length() - 1);
      if (last == 'd' || last == 'f' || plain.equals(".")) {
        throw syntax(text);
      }
      return checked(text, Double.parseDouble(plain));
    } catch (NumberFormatException e) {
      throw syntax(text);
    }
  }

  private static boolean isOctal(String s) {
    for (int i = 0; i < s.length(); i++) {
      if (s.charAt(i) < '0' || s.charAt(i) > '7') {
        return false;
      }
    }
    return true;
  }

  private static double checked(String text, double value) {
    if (Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          "strconv.ParseFloat: parsing " + Strings.quote(text) + ": value out of range");
    }
    return value;
  }

  private static IllegalArgumentException syntax(String text) {
    return new IllegalArgumentException(
        "strconv.ParseFloat: parsing " + Strings.quote(text) + ": invalid syntax");
  }

  /** Returns the shortest plain decimal that reads back as {@code v}: never an exponent. */
  public static String plain(double v) {
    if (Double.isNaN(v)) {
      return "NaN";
    }
    if (Double.isInfinite(v)) {
      return v > 0 ? "+Inf" : "-Inf";
    }
    if (v == 0) {
      return 1 / v < 0 ? "-0" : "0";
    }
    String s = new BigDecimal(Double.toString(v)).stripTrailingZeros().toPlainString();
    return s;
  }

  /** Returns the shortest form as Go's {@code %g} and {@code %v}: exponents below -4 and from 6. */
  public static String general(double v) {
    if (Double.isNaN(v) || Double.isInfinite(v) || v == 0) {
      return plain(v);
    }
    BigDecimal d = new BigDecimal(Double.toString(v)).stripTrailingZeros();
    int exponent = d.precision() - d.scale() - 1;
    if (exponent >= -4 && exponent < 6) {
      return d.toPlainString();
    }
    return exponentForm(d, exponent);
  }

  private static String exponentForm(BigDecimal d, int exponent) {
    String digits = d.unscaledValue().abs().toString();
    StringBuilder b = new StringBuilder();
    if (d.signum() < 0) {
      b.append('-');
    }
    b.append(digits.charAt(0));
    if (digits.length() > 1) {
      b.append('.').append(digits, 1, digits.length());
    }
    b.append('e').append(exponent < 0 ? '-' : '+');
    int e = Math.abs(exponent);
    if (e < 10) {
      b.append('0');
    }
    return b.append(e).toString();
  }
}
