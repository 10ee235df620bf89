package io.narthex.format.exposition;

import java.nio.charset.StandardCharsets;

/** UTF-8 in byte arrays. */
final class Utf8 {
  private Utf8() {}

  /** Tells whether {@code [start, end)} is well-formed UTF-8. */
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

  /** Returns the text of {@code [start, end)}. */
  static String text(byte[] b, int start, int end) {
    for (int i = start; i < end; i++) {
      if (b[i] < 0) {
        return new String(b, start, end - start, StandardCharsets.UTF_8);
      }
    }
    return new String(b, start, end - start, StandardCharsets.ISO_8859_1);
  }

  /** Returns the text with {@code \\}, {@code \n} and, where asked, {@code \"} resolved. */
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
