package io.narthex.exposition;

import ch.randelshofer.fastdoubleparser.JavaDoubleParser;
import io.narthex.model.go.GoFloat;
import io.narthex.model.go.GoString;

/**
 * Parses numbers from bytes as Go's strconv does, without garbage where they are decimal and
 * finite: up to about 15 digits by itself, more with FastDoubleParser.
 */
final class FloatReader {
  /** Powers of ten that a double holds exactly. */
  private static final double[] POWERS = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22
  };

  private static final long EXACT = 1L << 53;

  private FloatReader() {}

  /**
   * Returns the number in {@code [start, end)}.
   *
   * @throws NumberFormatException with Go's message
   */
  static double read(byte[] b, int start, int end) {
    int i = start;
    boolean negative = false;
    if (i < end && (b[i] == '-' || b[i] == '+')) {
      negative = b[i] == '-';
      i++;
    }
    long mantissa = 0;
    int digits = 0;
    int exponent = 0;
    boolean any = false;
    boolean point = false;
    boolean exact = true; // whether the mantissa has all digits
    for (; i < end; i++) {
      byte c = b[i];
      if (c >= '0' && c <= '9') {
        any = true;
        if (digits < 18) {
          mantissa = mantissa * 10 + (c - '0');
          if (mantissa != 0) {
            digits++;
          }
          if (point) {
            exponent--;
          }
        } else {
          exact = false;
        }
      } else if (c == '.' && !point) {
        point = true;
      } else {
        break;
      }
    }
    if (!any) {
      return slow(b, start, end);
    }
    if (i < end) {
      if (b[i] != 'e' && b[i] != 'E') {
        return slow(b, start, end);
      }
      i++;
      boolean down = false;
      if (i < end && (b[i] == '-' || b[i] == '+')) {
        down = b[i] == '-';
        i++;
      }
      int e = 0;
      int first = i;
      while (i < end && b[i] >= '0' && b[i] <= '9' && e < 10_000) {
        e = e * 10 + (b[i++] - '0');
      }
      if (i == first || i < end) {
        return slow(b, start, end);
      }
      exponent += down ? -e : e;
    }
    if (mantissa == 0) {
      return negative ? -0.0 : 0.0;
    }
    if (exact && mantissa <= EXACT && exponent >= -22 && exponent <= 22) {
      // both operands are exact, so the single rounding is correct
      double v = exponent < 0 ? mantissa / POWERS[-exponent] : mantissa * POWERS[exponent];
      return negative ? -v : v;
    }
    double v = JavaDoubleParser.parseDouble(b, start, end - start);
    return Double.isInfinite(v) ? slow(b, start, end) : v;
  }

  private static double slow(byte[] b, int start, int end) {
    for (int i = start; i < end; i++) {
      byte c = b[i];
      if (c == 'p' || c == 'P' || c == '_') {
        throw new NumberFormatException("unsupported character in float");
      }
    }
    return GoFloat.parse(GoString.decode(b, start, end));
  }
}
