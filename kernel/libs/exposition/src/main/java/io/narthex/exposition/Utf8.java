package io.narthex.exposition;

import java.nio.charset.StandardCharsets;

/** UTF-8 in byte arrays. */
final class Utf8 {
  private Utf8() {}

  /** Returns whether {@code [start, end)} is well-formed UTF-8. */
  static boolean isValid(byte[] b, int start, int end) {
    int i = start;
    while (i < end) {
      int c = b[i];
      if (c >= 0) {
        i++;
        continue;
      }
      int lead = c & 0xff;
      int more;
      int least;
      int code;
      if (lead >= 0xc2 && lead <= 0xdf) {
        more = 1;
        least = 0x80;
        code = lead & 0x1f;
      } else if (lead >= 0xe0 && lead <= 0xef) {
        more = 2;
        least = 0x800;
        code = lead & 0x0f;
      } else if (lead >= 0xf0 && lead <= 0xf4) {
        more = 3;
        least = 0x10000;
        code = lead & 0x07;
      } else {
        return false;
      }
      if (i + more >= end) {
        return false;
      }
      for (int k = 1; k <= more; k++) {
        if ((b[i + k] & 0xc0) != 0x80) {
          return false;
        }
        code = code << 6 | (b[i + k] & 0x3f);
      }
      if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return false;
      }
      i += more + 1;
    }
    return true;
  }

  /**
   * Writes a string from its character {@code first} on; half a surrogate pair becomes a question
   * mark. Needs three bytes of space for each character.
   *
   * @return the position after the last byte written
   */
  static int encode(String s, int first, byte[] out, int at) {
    int n = at;
    for (int i = first; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c < 0x80) {
        out[n++] = (byte) c;
      } else if (c < 0x800) {
        out[n++] = (byte) (0xc0 | c >> 6);
        out[n++] = (byte) (0x80 | c & 0x3f);
      } else if (!Character.isSurrogate(c)) {
        out[n++] = (byte) (0xe0 | c >> 12);
        out[n++] = (byte) (0x80 | c >> 6 & 0x3f);
        out[n++] = (byte) (0x80 | c & 0x3f);
      } else if (Character.isHighSurrogate(c)
          && i + 1 < s.length()
          && Character.isLowSurrogate(s.charAt(i + 1))) {
        int code = Character.toCodePoint(c, s.charAt(++i));
        out[n++] = (byte) (0xf0 | code >> 18);
        out[n++] = (byte) (0x80 | code >> 12 & 0x3f);
        out[n++] = (byte) (0x80 | code >> 6 & 0x3f);
        out[n++] = (byte) (0x80 | code & 0x3f);
      } else {
        out[n++] = '?';
      }
    }
    return n;
  }

  /** Returns the text of {@code [start, end)}. */
  static String text(byte[] b, int start, int end) {
    for (int i = start; i < end; i++) {
      if (b[i] < 0) {
        return new String(b, start, end - start, StandardCharsets.UTF_8);
      }
    }
    return new String(b, start, end - start, StandardCharsets.ISO_8859_1);
  }

  /** Returns the text with {@code \\}, {@code \n} and, if {@code quotes}, {@code \"} unescaped. */
  static String unescape(byte[] b, int start, int end, boolean quotes) {
    int at = start;
    while (at < end && b[at] != '\\') {
      at++;
    }
    String text = text(b, start, end);
    if (at == end) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 1 < text.length()) {
        char e = text.charAt(i + 1);
        if (e == '\\' || (quotes && e == '"')) {
          out.append(e);
          i++;
          continue;
        }
        if (e == 'n') {
          out.append('\n');
          i++;
          continue;
        }
      }
      out.append(c);
    }
    return out.toString();
  }
}
