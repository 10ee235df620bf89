package io.narthex.json;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes values as JSON as Go's {@code encoding/json} does by default, and so as Prometheus and
 * Alertmanager send it: no blanks, {@code <}, {@code >} and {@code &} escaped, integral numbers
 * without a fraction. Keys keep the order of their map.
 */
public final class JsonText {
  private static final double SMALLEST_PLAIN = 1e-6;
  private static final double SMALLEST_NOT_PLAIN = 1e21;

  private JsonText() {}

  /**
   * Returns the JSON of null, a map, a list, a number or a boolean; of anything else the JSON
   * string of its {@code toString()}. NaN and infinities, which JSON does not have, become strings.
   */
  public static String of(@Nullable Object value) {
    StringBuilder out = new StringBuilder(256);
    append(out, value);
    return out.toString();
  }

  private static void append(StringBuilder out, @Nullable Object value) {
    if (value == null || value instanceof Boolean) {
      out.append(value);
    } else if (value instanceof Double || value instanceof Float) {
      number(out, ((Number) value).doubleValue());
    } else if (value instanceof Number) {
      out.append(value);
    } else if (value instanceof List<?> list) {
      char before = '[';
      for (Object item : list) {
        append(out.append(before), item);
        before = ',';
      }
      out.append(list.isEmpty() ? "[]" : "]");
    } else if (value instanceof Map<?, ?> map) {
      char before = '{';
      for (Map.Entry<?, ?> e : map.entrySet()) {
        text(out.append(before), String.valueOf(e.getKey()));
        append(out.append(':'), e.getValue());
        before = ',';
      }
      out.append(map.isEmpty() ? "{}" : "}");
    } else {
      text(out, value.toString());
    }
  }

  private static void number(StringBuilder out, double d) {
    if (Double.isNaN(d) || Double.isInfinite(d)) {
      text(out, Double.toString(d));
      return;
    }
    double size = Math.abs(d);
    if (d == 0) {
      out.append(1 / d < 0 ? "-0" : "0");
    } else if (size >= SMALLEST_PLAIN && size < SMALLEST_NOT_PLAIN) {
      out.append(BigDecimal.valueOf(d).stripTrailingZeros().toPlainString());
    } else {
      BigDecimal exact = BigDecimal.valueOf(d).stripTrailingZeros();
      String digits = exact.unscaledValue().abs().toString();
      int exponent = digits.length() - 1 - exact.scale();
      out.append(d < 0 ? "-" : "").append(digits.charAt(0));
      if (digits.length() > 1) {
        out.append('.').append(digits, 1, digits.length());
      }
      out.append(exponent < 0 ? "e-" : "e+").append(Math.abs(exponent));
    }
  }

  private static void text(StringBuilder out, String s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '<', '>', '&', '\u2028', '\u2029' -> escape(out, c);
        default -> {
          if (c < 0x20) {
            escape(out, c);
          } else if (alone(s, i)) {
            out.append('\ufffd');
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  /** Returns whether the character is a lone surrogate. */
  private static boolean alone(String s, int i) {
    char c = s.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 == s.length() || !Character.isLowSurrogate(s.charAt(i + 1));
    }
    return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(s.charAt(i - 1)));
  }

  private static void escape(StringBuilder out, char c) {
    String hex = Integer.toHexString(c);
    out.append("\\u").append("0".repeat(4 - hex.length())).append(hex);
  }
}
