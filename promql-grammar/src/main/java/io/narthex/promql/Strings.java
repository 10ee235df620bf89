package io.narthex.promql;

import io.narthex.model.go.GoString;

/** String literals of the language: Go's, see {@link GoString}. */
public final class Strings {
  private Strings() {}

  /** Returns {@code text} as a literal in double quotes. */
  public static String quote(String text) {
    return GoString.quote(text);
  }

  /**
   * Returns the text of a literal in single, double or back quotes.
   *
   * @throws IllegalArgumentException when it is not a complete literal
   */
  public static String unquote(String literal) {
    return GoString.unquote(literal);
  }

  /** Returns whether the text holds bytes that are not UTF-8. */
  public static boolean hasRawBytes(String text) {
    return GoString.hasRawBytes(text);
  }
}
