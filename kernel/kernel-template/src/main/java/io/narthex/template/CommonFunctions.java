package io.narthex.template;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Functions that rule, console and notification templates share. */
final class CommonFunctions {
  static final Map<String, GoFunction> ALL = all();

  private CommonFunctions() {}

  private static Map<String, GoFunction> all() {
    Map<String, GoFunction> m = new HashMap<>();
    m.put("toUpper", GoFunction.of(1, a -> Arguments.text(a, 0).toUpperCase(Locale.ROOT)));
    m.put("toLower", GoFunction.of(1, a -> Arguments.text(a, 0).toLowerCase(Locale.ROOT)));
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

  /** Makes the first letter of every word a title letter and leaves the others. */
  static String title(String s) {
    StringBuilder b = new StringBuilder(s.length());
    boolean start = true;
    for (int i = 0; i < s.length(); ) {
      int c = s.codePointAt(i);
      i += Character.charCount(c);
      boolean inWord = Character.isLetterOrDigit(c) || c == '_' || c == '\'';
      b.appendCodePoint(start && inWord ? Character.toTitleCase(c) : c);
      start = !inWord;
    }
    return b.toString();
  }
}
