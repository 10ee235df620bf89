package io.narthex.promql;

/**
 * A part of the query text in bytes of its UTF-8 form.
 *
 * @param start offset of the first byte
 * @param end offset after the last byte
 */
public record PosRange(int start, int end) {
  /**
   * Returns the position of {@link #start} as {@code line:column}, both counted from 1, as
   * Prometheus prints it; {@code invalid position} when it lies outside the text, {@code unknown
   * position} when there is no text.
   */
  public String startIn(String query) {
    return lineAndColumn(query, start);
  }

  static String lineAndColumn(String query, int bytePos) {
    if (query.isEmpty()) {
      return "unknown position";
    }
    int line = 1;
    int lastBreak = -1;
    int at = 0;
    for (int i = 0; i < query.length() && at < bytePos; i++) {
      char c = query.charAt(i);
      if (c == '\n') {
        lastBreak = at;
        line++;
      }
      at += utf8Length(c);
    }
    if (bytePos < 0 || bytePos > at) {
      return "invalid position";
    }
    return line + ":" + (bytePos - lastBreak);
  }

  /** Returns how many bytes a char takes in UTF-8; each half of a surrogate pair counts two. */
  static int utf8Length(char c) {
    if (c < 0x80) {
      return 1;
    }
    if (c < 0x800) {
      return 2;
    }
    return Character.isSurrogate(c) ? 2 : 3;
  }
}
