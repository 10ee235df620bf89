package io.narthex.storage.tsdb;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What can be seen of a fully anchored RE2 expression without a parser: that it only matches some
 * literals, or that every match begins with some text. When in doubt it says nothing, which is
 * always correct: the compiled expression decides.
 *
 * @param literals the only texts that can match, or null when not known
 * @param prefix what every match begins with; may be empty
 */
record RegexShape(@Nullable List<String> literals, String prefix) {
  private static final RegexShape UNKNOWN = new RegexShape(null, "");
  private static final String META = "\\.+*?()|[]{}^$";

  /** Looks at an expression. */
  static RegexShape of(String pattern) {
    String p = pattern;
    if (p.startsWith("(") && p.endsWith(")") && p.length() > 1) {
      String inner = p.substring(p.startsWith("(?:") ? 3 : 1, p.length() - 1);
      if (isPlainAlternation(inner)) {
        p = inner;
      }
    }
    if (isPlainAlternation(p)) {
      List<String> literals = new ArrayList<>();
      int from = 0;
      for (int bar = p.indexOf('|'); bar >= 0; bar = p.indexOf('|', from)) {
        literals.add(p.substring(from, bar));
        from = bar + 1;
      }
      literals.add(p.substring(from));
      return new RegexShape(List.copyOf(literals), "");
    }
    return prefixOf(p);
  }

  private static boolean isPlainAlternation(String p) {
    for (int i = 0; i < p.length(); i++) {
      if (p.charAt(i) != '|' && META.indexOf(p.charAt(i)) >= 0) {
        return false;
      }
    }
    return true;
  }

  private static RegexShape prefixOf(String p) {
    // an alternation at the top or a flag group makes the beginning mean something else
    if (p.indexOf('|') >= 0 || p.indexOf("(?") >= 0) {
      return UNKNOWN;
    }
    StringBuilder prefix = new StringBuilder();
    int i = 0;
    while (i < p.length()) {
      char c = p.charAt(i);
      if (c == '\\') {
        if (i + 1 >= p.length() || META.indexOf(p.charAt(i + 1)) < 0) {
          break;
        }
        c = p.charAt(i + 1);
        i++;
      } else if (META.indexOf(c) >= 0) {
        if (c == '?' || c == '*' || c == '{') {
          // the character before may be missing; a surrogate pair goes whole
          int last = prefix.length();
          if (last > 0) {
            prefix.setLength(last - Character.charCount(prefix.codePointBefore(last)));
          }
        }
        break;
      }
      prefix.append(c);
      i++;
    }
    return prefix.isEmpty() ? UNKNOWN : new RegexShape(null, prefix.toString());
  }
}
