package io.narthex.exposition;

import io.narthex.model.go.GoString;

/** Excerpts of a document for messages: quoted, and cut when very long. */
final class Excerpt {
  private static final int LONGEST = 16 << 10;

  private Excerpt() {}

  static String quote(byte[] b, int start, int end) {
    int from = Math.max(0, Math.min(start, b.length));
    int to = Math.max(from, Math.min(end, b.length));
    if (to - from <= LONGEST) {
      return GoString.quote(GoString.decode(b, from, to));
    }
    int cut = from + LONGEST;
    while ((b[cut] & 0xc0) == 0x80 && cut > from + LONGEST - 4) {
      cut--; // not inside a character
    }
    return GoString.quote(GoString.decode(b, from, cut)) + "...";
  }

  static String quote(String text) {
    return text.length() > LONGEST
        ? GoString.quote(text.substring(0, LONGEST)) + "..."
        : GoString.quote(text);
  }
}
