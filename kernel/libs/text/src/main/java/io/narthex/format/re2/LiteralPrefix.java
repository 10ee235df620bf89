package io.narthex.format.re2;

/** The literal text that an expression begins with, seen without compiling it. */
final class LiteralPrefix {
  private static final String META = "\\.+*?()|[]{}^$";

  private LiteralPrefix() {}

  /**
   * Returns a string that everything begins with that matches the expression as a whole. When in
   * doubt it is empty, which is always right.
   */
  static String of(String pattern) {
    // an alternation at the top or a flag group makes the beginning mean something else
    if (pattern.indexOf('|') >= 0 || pattern.indexOf("(?") >= 0) {
      return "";
    }
    StringBuilder prefix = new StringBuilder();
    int start = pattern.startsWith("^") ? 1 : 0; // the whole is anchored anyway
    for (int i = start; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c == '\\') {
        if (i + 1 >= pattern.length() || META.indexOf(pattern.charAt(i + 1)) < 0) {
          break;
        }
        c = pattern.charAt(++i);
      } else if (META.indexOf(c) >= 0) {
        if (!prefix.isEmpty() && "?*{".indexOf(c) >= 0) {
          // the character before may be missing
          int last = prefix.length();
          prefix.setLength(last - Character.charCount(prefix.codePointBefore(last)));
        }
        break;
      }
      prefix.append(c);
    }
    return prefix.toString();
  }
}
