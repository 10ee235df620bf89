package io.narthex.model.go;

/**
 * String literals as Go's strconv writes and reads them ({@code %q}, {@code Quote}, {@code
 * Unquote}).
 *
 * <p>A Go string may contain bytes that are not UTF-8. Here each such byte is a lone surrogate
 * {@code U+DC80} to {@code U+DCFF}: byte {@code 0xff} is {@code U+DCFF} and is written {@code
 * \xff}.
 */
public final class GoString {
  private static final int RAW = 0xDC00;
  private static final int NOT_WELL_FORMED = -1;

  private GoString() {}

  // --- writing

  /** Returns {@code text} as a literal in double quotes; unprintable characters are escaped. */
  public static String quote(String text) {
    StringBuilder out = new StringBuilder(text.length() + 2);
    appendQuoted(out, text);
    return out.toString();
  }

  /** Returns {@code text} as a literal in ASCII: {@code %+q}. */
  public static String quoteToAscii(String text) {
    StringBuilder out = new StringBuilder(text.length() + 2);
    append(out, text, true);
    return out.toString();
  }

  /** Appends {@code text} as a literal in double quotes. */
  public static void appendQuoted(StringBuilder out, String text) {
    append(out, text, false);
  }

  private static void append(StringBuilder out, String text, boolean ascii) {
    out.append('"');
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (c >= 0x20 && c < 0x7f) {
        if (c == '"' || c == '\\') {
          out.append('\\');
        }
        out.append((char) c);
      } else if (c < 0x80) {
        int simple = "\u0007\b\f\n\r\t\u000b".indexOf(c);
        if (simple >= 0) {
          out.append('\\').append("abfnrtv".charAt(simple));
        } else {
          hex(out.append("\\x"), c, 2);
        }
      } else if (isRaw(c)) {
        hex(out.append("\\x"), c - RAW, 2);
      } else if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
        out.append("\\ufffd"); // a lone surrogate that is not a raw byte
      } else if (!ascii && isPrintable(c)) {
        out.appendCodePoint(c);
      } else if (c < 0x10000) {
        hex(out.append("\\u"), c, 4);
      } else {
        hex(out.append("\\U"), c, 8);
      }
    }
    out.append('"');
  }

  private static void hex(StringBuilder out, int value, int digits) {
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
      out.append(Character.forDigit(value >> shift & 15, 16));
    }
  }

  /** Returns whether Go prints a character above ASCII unescaped: graphic ones except spaces. */
  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }

  // --- reading

  /**
   * Returns the string of a literal in double, single or back quotes. Single quotes may enclose any
   * number of characters, as in PromQL.
   *
   * @throws IllegalArgumentException when it is not exactly one literal; the message is Go's
   */
  public static String unquote(String literal) {
    int n = literal.length();
    char quote = n < 2 ? 0 : literal.charAt(0);
    if ((quote != '"' && quote != '\'' && quote != '`') || literal.charAt(n - 1) != quote) {
      throw invalid();
    }
    String body = literal.substring(1, n - 1);
    boolean raw = quote == '`';
    if (raw || body.indexOf('\\') < 0) {
      if (body.indexOf(quote) >= 0 || (!raw && body.indexOf('\n') >= 0)) {
        throw invalid();
      }
      return body;
    }
    return unescape(body, quote);
  }

  private static String unescape(String body, char quote) {
    StringBuilder out = new StringBuilder(body.length());
    boolean rawBytes = false;
    for (int i = 0; i < body.length(); ) {
      char c = body.charAt(i++);
      if (c == quote || c == '\n') {
        throw invalid();
      }
      if (c != '\\') {
        out.append(c);
        continue;
      }
      if (i == body.length()) {
        throw invalid();
      }
      char escape = body.charAt(i++);
      int simple = "abfnrtv\\".indexOf(escape);
      if (simple >= 0) {
        out.append("\u0007\b\f\n\r\t\u000b\\".charAt(simple));
      } else if (escape == quote) {
        out.append(quote);
      } else if (escape == 'u' || escape == 'U') {
        int digits = escape == 'u' ? 4 : 8;
        long c32 = number(body, i, digits, 16);
        i += digits;
        boolean surrogate = c32 >= Character.MIN_SURROGATE && c32 <= Character.MAX_SURROGATE;
        if (c32 > Character.MAX_CODE_POINT || surrogate) {
          throw invalid();
        }
        out.appendCodePoint((int) c32);
      } else { // a byte: two hexadecimal digits after x, or three octal ones
        boolean hex = escape == 'x';
        long value = hex ? number(body, i, 2, 16) : number(body, i - 1, 3, 8);
        i += 2;
        if (value > 0xff) {
          throw invalid();
        }
        rawBytes |= value >= 0x80;
        out.append((char) (value < 0x80 ? value : RAW + value));
      }
    }
    return rawBytes ? joinBytes(out) : out.toString();
  }

  private static long number(String s, int from, int digits, int radix) {
    if (from + digits > s.length()) {
      throw invalid();
    }
    long value = 0;
    for (int i = from; i < from + digits; i++) {
      char c = s.charAt(i);
      int digit = c < 0x80 ? Character.digit(c, radix) : -1;
      if (digit < 0) {
        throw invalid();
      }
      value = value * radix + digit;
    }
    return value;
  }

  private static IllegalArgumentException invalid() {
    return new IllegalArgumentException("invalid syntax");
  }

  // --- bytes that are not UTF-8

  /** Decodes bytes that may be invalid UTF-8. */
  public static String decode(byte[] bytes, int start, int end) {
    StringBuilder out = new StringBuilder(end - start);
    for (int i = start; i < end; ) {
      int c = codePoint(bytes, i, end);
      if (c == NOT_WELL_FORMED) {
        out.append((char) (RAW + (bytes[i++] & 0xff)));
      } else {
        out.appendCodePoint(c);
        i += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
      }
    }
    return out.toString();
  }

  /** Returns whether a string contains bytes that are not UTF-8. */
  public static boolean hasRawBytes(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (isRawAt(text, i)) {
        return true;
      }
    }
    return false;
  }

  /** Returns a string with {@code U+FFFD} for each byte that is not UTF-8, as Go prints them. */
  public static String replaceRawBytes(String text) {
    if (!hasRawBytes(text)) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      out.append(isRawAt(text, i) ? '\uFFFD' : text.charAt(i));
    }
    return out.toString();
  }

  /** Decodes adjacent raw bytes that together are valid UTF-8. */
  private static String joinBytes(CharSequence s) {
    StringBuilder out = new StringBuilder(s.length());
    byte[] run = new byte[s.length()];
    for (int i = 0; i < s.length(); ) {
      int n = 0;
      while (i + n < s.length() && isRawAt(s, i + n)) {
        run[n] = (byte) (s.charAt(i + n) - RAW);
        n++;
      }
      if (n == 0) {
        out.append(s.charAt(i++));
      } else {
        out.append(decode(run, 0, n));
        i += n;
      }
    }
    return out.toString();
  }

  private static boolean isRaw(int c) {
    return c >= RAW + 0x80 && c <= RAW + 0xff;
  }

  private static boolean isRawAt(CharSequence s, int at) {
    return isRaw(s.charAt(at)) && (at == 0 || !Character.isHighSurrogate(s.charAt(at - 1)));
  }

  /** Returns the character that begins at a byte, or {@link #NOT_WELL_FORMED}. */
  private static int codePoint(byte[] b, int at, int end) {
    int lead = b[at] & 0xff;
    if (lead < 0x80) {
      return lead;
    }
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || at + more >= end) {
      return NOT_WELL_FORMED;
    }
    int c = lead & 0x3f >> more;
    for (int k = 1; k <= more; k++) {
      if ((b[at + k] & 0xc0) != 0x80) {
        return NOT_WELL_FORMED;
      }
      c = c << 6 | (b[at + k] & 0x3f);
    }
    boolean tooLong = c < (more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000);
    boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
    return tooLong || surrogate || c > Character.MAX_CODE_POINT ? NOT_WELL_FORMED : c;
  }
}
