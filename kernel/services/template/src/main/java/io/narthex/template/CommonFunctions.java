package io.narthex.template;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/** Functions that rule, console and notification templates share. */
final class CommonFunctions {
  static final Map<String, GoFunction> ALL = all();

  private CommonFunctions() {}

  private static Map<String, GoFunction> all() {
    Map<String, GoFunction> m = new HashMap<>();
    m.put(
        "toUpper", GoFunction.of(1, a -> eachPoint(Arguments.text(a, 0), Character::toUpperCase)));
    m.put(
        "toLower", GoFunction.of(1, a -> eachPoint(Arguments.text(a, 0), Character::toLowerCase)));
    m.put("title", GoFunction.of(1, a -> title(Arguments.text(a, 0))));
    m.put("match", GoFunction.of(2, a -> Regex.find(Arguments.text(a, 0), Arguments.text(a, 1))));
    m.put(
        "reReplaceAll",
        GoFunction.of(
            3,
            a ->
                Regex.replaceAll(
                    Arguments.text(a, 0), Arguments.text(a, 1), Arguments.text(a, 2))));
    m.put(
        "safeHtml", GoFunction.of(1, a -> new SafeText(SafeText.Kind.HTML, Arguments.text(a, 0))));
    m.put("humanizeDuration", GoFunction.of(1, a -> Humanize.duration(a.get(0))));
    return Map.copyOf(m);
  }

  /** Maps each code point by itself, as Go does: no letter becomes two, locales do not matter. */
  private static String eachPoint(String s, IntUnaryOperator mapping) {
    int[] points = s.codePoints().map(mapping).toArray();
    return new String(points, 0, points.length);
  }

  /** Makes the first letter of each word title case and leaves the others, as in rules. */
  static String title(String s) {
    return title(s, false);
  }

  /** Makes the first letter of each word title case; the others lower case if wanted. */
  static String title(String s, boolean othersSmall) {
    StringBuilder b = new StringBuilder(s.length());
    boolean start = true;
    for (int i = 0; i < s.length(); ) {
      int c = s.codePointAt(i);
      i += Character.charCount(c);
      boolean inWord = Character.isLetterOrDigit(c) || c == '_' || c == '\'';
      if (start && inWord) {
        b.append(titleCase(c));
      } else {
        b.appendCodePoint(othersSmall ? Character.toLowerCase(c) : c);
      }
      start = !inWord;
    }
    return b.toString();
  }

  /** Returns a letter in title case: that of a sharp s, which has none of its own, is "Ss". */
  private static String titleCase(int c) {
    int title = Character.toTitleCase(c);
    String upper = Character.toString(c).toUpperCase(Locale.ROOT);
    int first = upper.codePointAt(0);
    return title != c || upper.length() == Character.charCount(first)
        ? Character.toString(title)
        : Character.toString(first)
            + upper.substring(Character.charCount(first)).toLowerCase(Locale.ROOT);
  }
}
