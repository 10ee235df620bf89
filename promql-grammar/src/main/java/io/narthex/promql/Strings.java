package io.narthex.promql;

import java.nio.charset.StandardCharsets;

/**
 * String literals with Go's rules. Bytes that are not UTF-8 (from {@code \xff}) are held as the
 * lone surrogates U+DC80 to U+DCFF, so that no text is lost.
 */
public final class Strings {
  private Strings() {}

  /** Returns {@code text} as a Go string literal in double quotes. */
  public static String quote(String text) {
    StringBuilder b = new StringBuilder(text.length() + 2);
    b.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> b.append("\\\"");
        case '\\' -> b.append("\\\\");
        case '\n' -> b.append("\\n");
        case '\r' -> b.append("\\r");
        case '\t' -> b.append("\\t");
        case '\u0007' -> b.append("\\a");
        case '\b' -> b.append("\\b");
        case '\f' -> b.append("\\f");
        case '\u000b' -> b.append("\\v");
        default -> {
          if (Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1))) {
            b.append(c).append(text.charAt(++i));
          } else if (c >= 0xDC80 && c <= 0xDCFF) {
            hex(b, c - 0xDC00);
          } else if (c < 0x20 || c == 0x7f) {
            hex(b, c);
          } else {
            b.append(c);
          }
        }
      }
    }
    return b.append('"').toString();
  }

  private static void hex(StringBuilder b, int value) {
    b.append("\\x")
        .append(Character.forDigit(value >> 4, 16))
        .append(Character.forDigit(value & 15, 16));
  }

  /**
   * Returns the text of a literal in single, double or back quotes.
   *
   * @throws IllegalArgumentException when it is not a complete literal
   */
  public static String unquote(String literal) {
    int n = literal.length();
    if (n < 2 || literal.charAt(0) != literal.charAt(n - 1)) {
      throw new IllegalArgumentException("invalid syntax");
    }
    char quote = literal.charAt(0);
    String body = literal.substring(1, n - 1);
    if (quote == '`') {
      if (body.indexOf('`') >= 0) {
        throw new IllegalArgumentException("invalid syntax");
      }
      return body;
    }
    if (quote != '"' && quote != '\'') {
      throw new IllegalArgumentException("invalid syntax");
    }
    if (body.indexOf('\\') < 0) {
      if (body.indexOf(quote) >= 0 || body.indexOf('\n') >= 0) {
        throw new IllegalArgumentException("invalid syntax");
      }
      return body;
    }
    StringBuilder out = new StringBuilder(body.length());
    int i = 0;
    boolean rawBytes = false;
    while (i < body.length()) {
      char c = body.charAt(i++);
      if (c == quote || c == '\n') {
        throw new IllegalArgumentException("invalid syntax");
      }
      if (c != '\\') {
        out.append(c);
        continue;
      }
      if (i >= body.length()) {
        throw new IllegalArgumentException("invalid syntax");
      }
      char e = body.charAt(i++);
      switch (e) {
        case 'a' -> out.append('\u0007');
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case 'n' -> out.append('\n');
        case 'r' -> out.append('\r');
        case 't' -> out.append('\t');
        case 'v' -> out.append('\u000b');
        case '\\' -> out.append('\\');
        case '\'', '"' -> {
          if (e != quote) {
            throw new IllegalArgumentException("invalid syntax");
          }
          out.append(e);
        }
        case 'x', 'u', 'U' -> {
          int digits = e == 'x' ? 2 : e == 'u' ? 4 : 8;
          long value = number(body, i, digits, 16);
          i += digits;
          if (e == 'x' && value >= 0x80) {
            rawBytes = true;
            out.append((char) (0xDC00 + value));
          } else if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
            throw new IllegalArgumentException("invalid syntax");
          } else {
            out.appendCodePoint((int) value);
          }
        }
        default -> {
          long value = number(body, i - 1, 3, 8);
          i += 2;
          if (value > 255) {
            throw new IllegalArgumentException("invalid syntax");
          }
          if (value >= 0x80) {
            rawBytes = true;
            out.append((char) (0xDC00 + value));
          } else {
            out.append((char) value);
          }
        }
      }
    }
    return rawBytes ? joinBytes(out) : out.toString();
  }

  private static long number(String s, int from, int digits, int base) {
    if (from + digits > s.length()) {
      throw new IllegalArgumentException("invalid syntax");
    }
    long value = 0;
    for (int k = from; k < from + digits; k++) {
      int d = Character.digit(s.charAt(k), base);
      if (d < 0) {
        throw new IllegalArgumentException("invalid syntax");
      }
      value = value * base + d;
    }
    return value;
  }

  /** Turns runs of raw bytes that together are UTF-8 back into characters. */
  private static String joinBytes(CharSequence s) {
    StringBuilder out = new StringBuilder(s.length());
    int i = 0;
    while (i < s.length()) {
      int end = i;
      while (end < s.length()
          && s.charAt(end) >= 0xDC80
          && s.charAt(end) <= 0xDCFF
          && isLone(s, end)) {
        end++;
      }
      if (end == i) {
        out.append(s.charAt(i++));
        continue;
      }
      while (i < end) {
        int used = 0;
        for (int len = 2; len <= 4 && i + len <= end && used == 0; len++) {
          byte[] bytes = new byte[len];
          for (int k = 0; k < len; k++) {
            bytes[k] = (byte) (s.charAt(i + k) - 0xDC00);
          }
          String text = new String(bytes, StandardCharsets.UTF_8);
          if (text.codePointCount(0, text.length()) == 1 && text.codePointAt(0) != 0xFFFD) {
            out.append(text);
            used = len;
          }
        }
        if (used == 0) {
          out.append(s.charAt(i));
          used = 1;
        }
        i += used;
      }
    }
    return out.toString();
  }

  private static boolean isLone(CharSequence s, int at) {
    return at == 0 || !Character.isHighSurrogate(s.charAt(at - 1));
  }

  /** Tells whether the text holds bytes that are not UTF-8. */
  public static boolean hasRawBytes(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0xDC80 && c <= 0xDCFF && isLone(text, i)) {
        return true;
      }
    }
    return false;
  }
}
