package io.narthex.format.exposition;

import java.nio.charset.StandardCharsets;

/** Quotes text in messages as Go's {@code %q} does; of a very long one only the beginning. */
final class GoQuote {
  private static final int LONGEST = 16 << 10;

  private GoQuote() {}

  static String quote(byte[] b, int start, int end) {
    int from = Math.max(0, Math.min(start, b.length));
    int to = Math.max(from, Math.min(end, b.length));
    if (to - from > LONGEST) {
      int cut = from + LONGEST;
      while ((b[cut] & 0xc0) == 0x80 && cut > from + LONGEST - 4) {
        cut--; // not within a character
      }
      return quote(b, from, cut) + "...";
    }
    if (Utf8.isValid(b, from, to)) {
      return quote(new String(b, from, to - from, StandardCharsets.UTF_8));
    }
    StringBuilder out = new StringBuilder("\"");
    for (int i = from; i < to; i++) {
      if (b[i] < 0) {
        hex(out, b[i] & 0xff);
      } else {
        one(out, (char) b[i]);
      }
    }
    return out.append('"').toString();
  }

  static String quote(String text) {
    if (text.length() > LONGEST) {
      return quote(text.substring(0, LONGEST)) + "...";
    }
    StringBuilder out = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      one(out, text.charAt(i));
    }
    return out.append('"').toString();
  }

  private static void one(StringBuilder out, char c) {
    switch (c) {
      case '"' -> out.append("\\\"");
      case '\\' -> out.append("\\\\");
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      default -> {
        if (c < 0x20 || c == 0x7f) {
          hex(out, c);
        } else {
          out.append(c);
        }
      }
    }
  }

  private static void hex(StringBuilder out, int c) {
    out.append("\\x").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 15, 16));
  }
}
