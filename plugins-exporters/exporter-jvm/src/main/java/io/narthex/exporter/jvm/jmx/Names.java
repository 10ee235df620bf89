package io.narthex.exporter.jvm.jmx;

/**
 * Makes names of metrics and labels out of names of MBeans and attributes, as jmx_exporter does.
 */
final class Names {
  private Names() {}

  /**
   * Returns a name of letters, digits, colons and underscores: every run of other characters and
   * underscores becomes one underscore, a leading digit gets one in front.
   */
  static String safe(String text) {
    StringBuilder b = new StringBuilder(text.length() + 1);
    boolean gap = false;
    if (!text.isEmpty() && text.charAt(0) >= '0' && text.charAt(0) <= '9') {
      b.append('_');
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean kept =
          c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ':';
      if (kept) {
        b.append(c);
      } else if (!gap) {
        b.append('_');
      }
      gap = !kept;
    }
    return b.toString();
  }

  /**
   * Returns a name in lower case with an underscore where an upper-case letter follows another
   * character: {@code anAttrName} gives {@code an_attr_name}, {@code HTTPPort} gives {@code
   * httpport}.
   */
  static String snakeCase(String name) {
    StringBuilder b = new StringBuilder(name.length() + 8);
    boolean start = true; // of a word, or within a run of upper-case letters
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean upper = Character.isUpperCase(c);
      if (upper && !start) {
        b.append('_');
      }
      b.append(Character.toLowerCase(c));
      start = upper || c == '_';
    }
    return b.toString();
  }
}
