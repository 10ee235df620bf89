package io.narthex.promql;

import io.narthex.model.go.GoFloat;
import java.math.BigInteger;
import java.util.Locale;

/** Numbers of the language. */
public final class Numbers {
  private Numbers() {}

  /**
   * Reads a number of a query: whole ones also in hexadecimal ({@code 0x}), octal ({@code 0},
   * {@code 0o}) and binary ({@code 0b}) form, all others as {@link GoFloat#parse}.
   *
   * @throws IllegalArgumentException with Go's message when it is none or too large
   */
  public static double parse(String text) {
    boolean signed = text.startsWith("-") || text.startsWith("+");
    String s = (signed ? text.substring(1) : text).toLowerCase(Locale.ROOT);
    boolean prefixed = s.length() > 1 && s.charAt(0) == '0';
    if (prefixed && s.chars().allMatch(c -> Character.digit(c, 36) >= 0 || c == '_')) {
      int radix =
          switch (s.charAt(1)) {
            case 'x' -> 16;
            case 'b' -> 2;
            default -> 8;
          };
      String digits = s.substring(radix == 8 && s.charAt(1) != 'o' ? 1 : 2).replace("_", "");
      try {
        BigInteger n = new BigInteger(digits, radix);
        if (n.bitLength() < 64 || radix == 16) {
          return text.startsWith("-") ? -n.doubleValue() : n.doubleValue();
        }
      } catch (NumberFormatException e) {
        // 09 is a float
      }
    }
    if (s.equals("nan")) {
      return Double.NaN; // with a sign too
    }
    return GoFloat.parse(text);
  }

  /** Returns the shortest plain decimal that reads back as {@code v}: never an exponent. */
  public static String plain(double v) {
    return GoFloat.toString(v, GoFloat.Style.FIXED);
  }

  /** Returns the shortest form as Go's {@code %g} and {@code %v}: exponents below -4 and from 6. */
  public static String general(double v) {
    return GoFloat.toString(v, GoFloat.Style.GENERAL);
  }
}
