package io.narthex.template;

import org.jspecify.annotations.Nullable;

/** Where in a URL of a page the output stands; only the template's own text moves it. */
final class UrlPosition {
  private enum Part {
    START,
    PATH,
    QUERY
  }

  private Part part = Part.START;

  void start() {
    part = Part.START;
  }

  void literal(char c) {
    if (c == '?' || c == '#') {
      part = Part.QUERY;
    } else if (part == Part.START && !Escapes.isSpace(c)) {
      part = Part.PATH;
    }
  }

  /** Returns a value with a harmful scheme replaced, when it decides about the scheme. */
  String filter(@Nullable Object value, String text) {
    boolean harmless = part != Part.START || isSafe(value) || Escapes.isSafeUrl(text);
    return harmless ? text : "#" + Escapes.REFUSED;
  }

  private static boolean isSafe(@Nullable Object value) {
    return value instanceof SafeText s && s.kind() == SafeText.Kind.URL;
  }

  boolean isInQuery() {
    return part == Part.QUERY;
  }

  String escape(@Nullable Object value, String text, @Nullable Escaper last) {
    String filtered = filter(value, text);
    return last == Escaper.URL_QUERY
        ? last.apply(filtered)
        : Escapes.url(filtered, part != Part.QUERY || isSafe(value));
  }
}
