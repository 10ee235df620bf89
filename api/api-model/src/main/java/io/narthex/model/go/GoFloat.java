package io.narthex.model.go;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Doubles as Go's strconv writes and reads them ({@code FormatFloat}, {@code ParseFloat}). The
 * styles give the shortest decimal form that reads back to the same value, which is Go's precision
 * -1. NaN is {@code NaN}, infinities are {@code +Inf} and {@code -Inf}. Thread-safe; writing whole
 * numbers and numbers with up to six decimals allocates nothing.
 */
public final class GoFloat {
  /** Most bytes of one number. */
  public static final int MAX_LENGTH = 352;

  /** Format of a number. */
  public enum Style {
    /** Format {@code 'f'}: never an exponent. */
    FIXED,
    /** Format {@code 'g'}, also {@code %v}: exponent below 1e-4 and from 1e6 on. */
    GENERAL,
    /** As the HTTP API writes sample values: exponent below 1e-6 and from 1e21 on. */
    JSON,
    /** As {@link #GENERAL}, with {@code .0} where there is neither point nor exponent. */
    OPEN_METRICS,
    /** Format {@code 'e'}: always an exponent. */
    SCIENTIFIC
  }

  private static final double[] POWERS = {1, 1e3, 1e6};
  private static final int[] SCALES = {0, 3, 6};
  private static final double EXACT = 1e15;

  /** Longest excerpt of invalid input in a message. */
  private static final int LONGEST_SHOWN = 16 << 10;

  /** The powers of ten that fit into a long. */
  private static final long[] TENS = new long[19];

  /** The two digits of each number below 100. */
  private static final byte[] PAIRS = new byte[200];

  static {
    long power = 1;
    for (int i = 0; i < TENS.length; i++, power *= 10) {
      TENS[i] = power;
    }
    for (int i = 0; i < 100; i++) {
      PAIRS[2 * i] = (byte) ('0' + i / 10);
      PAIRS[2 * i + 1] = (byte) ('0' + i % 10);
    }
  }

  private GoFloat() {}

  /** Returns a number as a string. */
  public static String toString(double value, Style style) {
    byte[] buffer = new byte[MAX_LENGTH];
    int n = write(buffer, 0, value, style);
    return new String(buffer, 0, n, StandardCharsets.ISO_8859_1);
  }

  /** Appends a number. */
  public static void append(StringBuilder out, double value, Style style) {
    if (value == (long) value
        && Math.abs(value) < 1e5
        && style != Style.OPEN_METRICS
        && style != Style.SCIENTIFIC) {
      if (value == 0 && 1 / value < 0) {
        out.append('-');
      }
      out.append((long) value);
      return;
    }
    out.append(toString(value, style));
  }

  /**
   * Writes a number in ASCII into {@code buffer}, which must have {@link #MAX_LENGTH} bytes left at
   * {@code at}.
   *
   * @return the position after the last byte written
   */
  public static int write(byte[] buffer, int at, double value, Style style) {
    int n = at;
    if (Double.isNaN(value)) {
      return ascii(buffer, n, "NaN");
    }
    if (Double.isInfinite(value)) {
      return ascii(buffer, n, value > 0 ? "+Inf" : "-Inf");
    }
    if (value < 0 || (value == 0 && 1 / value < 0)) {
      buffer[n++] = '-';
    }
    double abs = Math.abs(value);
    if (abs == 0) {
      buffer[n++] = '0';
      return switch (style) {
        case OPEN_METRICS -> ascii(buffer, n, ".0");
        case SCIENTIFIC -> ascii(buffer, n, "e+00");
        case FIXED, GENERAL, JSON -> n;
      };
    }
    if (abs * 1e6 < Long.MAX_VALUE) {
      for (int i = 0; i < POWERS.length; i++) {
        double scaled = Math.rint(abs * POWERS[i]);
        // at most 15 digits: no shorter decimal can read back to the same value
        if (scaled < EXACT && scaled > 0 && scaled / POWERS[i] == abs) {
          return layOut(buffer, n, (long) scaled, -SCALES[i], abs, style);
        }
      }
    }
    return slow(buffer, n, abs, style);
  }

  private static int slow(byte[] buffer, int at, double abs, Style style) {
    String text = Double.toString(abs); // shortest since JDK 19, but at least two digits
    long digits = 0;
    int exponent = 0;
    boolean point = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '.') {
        point = true;
      } else if (c == 'E') {
        exponent += Integer.parseInt(text, i + 1, text.length(), 10);
        break;
      } else {
        digits = digits * 10 + (c - '0');
        if (point) {
          exponent--;
        }
      }
    }
    if (abs < 1e-322 && digits >= 10 && digits % 10 != 0) {
      // next to zero one digit may suffice where Java gives two
      long one = (digits + 5) / 10;
      if (Double.parseDouble(one + "E" + (exponent + 1)) == abs) {
        return layOut(buffer, at, one, exponent + 1, abs, style);
      }
    }
    return layOut(buffer, at, digits, exponent, abs, style);
  }

  /** Writes {@code digits * 10^exponent}. */
  private static int layOut(
      byte[] buffer, int at, long digits, int exponent, double abs, Style style) {
    long d = digits;
    int e = exponent;
    while (d % 10 == 0) {
      d /= 10;
      e++;
    }
    int count = length(d);
    int leading = count + e; // digits before the decimal point, may be negative
    boolean scientific =
        switch (style) {
          case FIXED -> false;
          case SCIENTIFIC -> true;
          case GENERAL, OPEN_METRICS -> leading - 1 < -4 || leading - 1 >= 6;
          case JSON -> abs < 1e-6 || abs >= 1e21;
        };
    int n = at;
    if (scientific) {
      n = digits(buffer, n, d, count);
      if (count > 1) {
        System.arraycopy(buffer, n - count + 1, buffer, n - count + 2, count - 1);
        buffer[n - count + 1] = '.';
        n++;
      }
      buffer[n++] = 'e';
      int x = leading - 1;
      buffer[n++] = (byte) (x < 0 ? '-' : '+');
      x = Math.abs(x);
      if (x < 10) {
        buffer[n++] = '0';
      }
      return digits(buffer, n, x, length(x));
    }
    if (leading <= 0) {
      buffer[n++] = '0';
      buffer[n++] = '.';
      for (int i = leading; i < 0; i++) {
        buffer[n++] = '0';
      }
      return digits(buffer, n, d, count);
    }
    n = digits(buffer, n, d, count);
    if (e < 0) {
      System.arraycopy(buffer, n + e, buffer, n + e + 1, -e);
      buffer[n + e] = '.';
      return n + 1;
    }
    for (int i = 0; i < e; i++) {
      buffer[n++] = '0';
    }
    return style == Style.OPEN_METRICS ? ascii(buffer, n, ".0") : n;
  }

  private static int length(long digits) {
    // 1233 / 4096 is a little more than log10(2)
    int n = (64 - Long.numberOfLeadingZeros(digits)) * 1233 >>> 12;
    return n < TENS.length && digits >= TENS[n] ? n + 1 : Math.max(1, n);
  }

  private static int digits(byte[] buffer, int at, long digits, int count) {
    long rest = digits;
    int i = at + count;
    while (rest > Integer.MAX_VALUE) {
      int pair = (int) (rest % 100) * 2;
      rest /= 100;
      buffer[--i] = PAIRS[pair + 1];
      buffer[--i] = PAIRS[pair];
    }
    int small = (int) rest;
    while (i - at >= 2) {
      int left = small / 100;
      int pair = (small - left * 100) * 2;
      small = left;
      buffer[--i] = PAIRS[pair + 1];
      buffer[--i] = PAIRS[pair];
    }
    if (i > at) {
      buffer[at] = (byte) ('0' + small);
    }
    return at + count;
  }

  private static int ascii(byte[] buffer, int at, String text) {
    for (int i = 0; i < text.length(); i++) {
      buffer[at + i] = (byte) text.charAt(i);
    }
    return at + text.length();
  }

  // --- with a precision

  /**
   * Returns a number as {@code FormatFloat} does.
   *
   * @param format {@code 'e'}, {@code 'f'} or {@code 'g'}
   * @param precision digits after the point, significant digits for {@code 'g'}; negative: the
   *     fewest that identify the number
   */
  public static String format(double value, char format, int precision) {
    if (precision < 0 || Double.isNaN(value) || Double.isInfinite(value)) {
      return toString(
          value, format == 'f' ? Style.FIXED : format == 'e' ? Style.SCIENTIFIC : Style.GENERAL);
    }
    String sign = value < 0 || (value == 0 && 1 / value < 0) ? "-" : "";
    BigDecimal exact = new BigDecimal(Math.abs(value));
    return switch (format) {
      case 'f' -> sign + fixed(exact, precision);
      case 'e' -> sign + scientific(exact, precision + 1, true);
      default -> sign + general(exact, Math.max(precision, 1));
    };
  }

  private static String fixed(BigDecimal exact, int precision) {
    // trailing zeros are appended as text: as digits of a number they take hundreds of times the
    // memory
    int written = Math.min(precision, Math.max(0, exact.scale()));
    BigDecimal shown = exact.setScale(written, RoundingMode.HALF_EVEN);
    String zeros = "0".repeat(precision - written);
    return shown.toPlainString() + (written == 0 && !zeros.isEmpty() ? "." : "") + zeros;
  }

  private static String general(BigDecimal exact, int digits) {
    BigDecimal shown = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
    int exponent = exponent(shown);
    if (exponent < -4 || exponent >= digits) {
      return scientific(shown, digits, false);
    }
    BigDecimal plain = shown.signum() == 0 ? BigDecimal.ZERO : shown.stripTrailingZeros();
    return (plain.scale() < 0 ? plain.setScale(0) : plain).toPlainString();
  }

  private static String scientific(BigDecimal exact, int digits, boolean pad) {
    BigDecimal shown = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
    boolean zero = shown.signum() == 0;
    StringBuilder out =
        new StringBuilder(zero ? "0" : shown.stripTrailingZeros().unscaledValue().toString());
    if (pad) {
      out.append("0".repeat(Math.max(0, digits - out.length())));
    }
    if (out.length() > 1) {
      out.insert(1, '.');
    }
    int exponent = exponent(shown);
    out.append('e').append(exponent < 0 ? '-' : '+');
    return out.append(Math.abs(exponent) < 10 ? "0" : "").append(Math.abs(exponent)).toString();
  }

  private static int exponent(BigDecimal value) {
    return value.signum() == 0 ? 0 : value.precision() - value.scale() - 1;
  }

  // --- parsing

  /**
   * Parses a number as {@code ParseFloat} does: decimal, or hexadecimal with an exponent, with
   * underscores between digits, {@code Inf}, {@code Infinity} and {@code NaN} in any case.
   *
   * @throws NumberFormatException with Go's message when it is invalid or too large
   */
  public static double parse(String text) {
    boolean signed = text.startsWith("-") || text.startsWith("+");
    String number = (signed ? text.substring(1) : text).toLowerCase(Locale.ROOT);
    String digits = digits(number);
    double value;
    if (number.equals("inf") || number.equals("infinity")) {
      value = Double.POSITIVE_INFINITY;
    } else if (number.equals("nan") && !signed) {
      return Double.NaN;
    } else if (!digits.isEmpty()) {
      value = Double.parseDouble(digits);
      if (Double.isInfinite(value)) {
        throw refused(text, "value out of range");
      }
    } else {
      throw refused(text, "invalid syntax");
    }
    return text.startsWith("-") ? -value : value;
  }

  private static NumberFormatException refused(String text, String why) {
    String shown =
        text.length() > LONGEST_SHOWN
            ? GoString.quote(text.substring(0, LONGEST_SHOWN)) + "..."
            : GoString.quote(text);
    return new NumberFormatException("strconv.ParseFloat: parsing " + shown + ": " + why);
  }

  /** Returns the number without underscores when it is well-formed, else the empty string. */
  private static String digits(String s) {
    boolean hex = s.startsWith("0x");
    StringBuilder out = new StringBuilder(s.length());
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c != '_') {
        out.append(c);
      } else if (i == 0
          || i + 1 == s.length()
          || !(isDigit(s.charAt(i - 1), hex) || (hex && i == 2))
          || !isDigit(s.charAt(i + 1), hex)) {
        return "";
      }
    }
    return isNumber(out, hex) ? out.toString() : "";
  }

  private static boolean isNumber(CharSequence s, boolean hex) {
    int start = hex ? 2 : 0;
    int at = digits(s, start, hex);
    int count = at - start;
    if (at < s.length() && s.charAt(at) == '.') {
      start = at + 1;
      at = digits(s, start, hex);
      count += at - start;
    }
    if (count == 0 || at == s.length()) {
      return count > 0 && !hex; // a hexadecimal one needs an exponent
    }
    if (s.charAt(at++) != (hex ? 'p' : 'e')) {
      return false;
    }
    if (at < s.length() && (s.charAt(at) == '+' || s.charAt(at) == '-')) {
      at++;
    }
    return at < s.length() && digits(s, at, false) == s.length();
  }

  /** Returns the position after the digits that begin at {@code from}. */
  private static int digits(CharSequence s, int from, boolean hex) {
    int at = from;
    while (at < s.length() && isDigit(s.charAt(at), hex)) {
      at++;
    }
    return at;
  }

  private static boolean isDigit(char c, boolean hex) {
    return (c >= '0' && c <= '9') || (hex && c >= 'a' && c <= 'f');
  }
}
