package io.narthex.text.re2;

/** Finds the literal prefix of an expression without compiling it. */
final class LiteralPrefix {
  private static final String META = "\\.+*?()|[]{}^$";

  private LiteralPrefix() {}

  /**
   * Returns a prefix of everything that the whole expression matches. When in doubt it is empty,
   * which is always correct.
   */
  static String of(String pattern) {
    // with an alternation or flags the first characters may not be a literal prefix
    if (pattern.indexOf('|') >= 0 || pattern.indexOf("(?") >= 0) {
      return "";
    }
    StringBuilder prefix = new StringBuilder();
    int start = pattern.startsWith("^") ? 1 : 0; // the expression is anchored anyway
    for (int i = start; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c == '\\') {
        if (i + 1 >= pattern.length() || META.indexOf(pattern.charAt(i + 1)) < 0) {
          break;
        }
        c = pattern.charAt(++i);
      } else if (META.indexOf(c) >= 0) {
        if (!prefix.isEmpty() && "?*{".indexOf(c) >= 0) {
          // the previous character may be absent
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
