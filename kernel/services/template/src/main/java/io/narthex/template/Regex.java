package io.narthex.template;

import io.narthex.text.re2.Re2;
import io.narthex.text.re2.Re2SyntaxException;
import io.narthex.text.re2.Template;

/** Unanchored RE2 expressions of templates. */
final class Regex {
  private Regex() {}

  private static Re2 compile(String pattern) {
    try {
      return Re2.compileSearch(pattern);
    } catch (Re2SyntaxException e) {
      throw new GoTemplateException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Returns whether the text holds a match. */
  static boolean find(String pattern, String text) {
    return compile(pattern).find(text);
  }

  /** Replaces all matches; {@code $1}, <code>${name}</code> and {@code $$} as Go reads them. */
  static String replaceAll(String pattern, String replacement, String text) {
    String out = compile(pattern).replaceAll(text, Template.of(replacement), GoFormat.MAX_TEXT);
    if (out == null) {
      throw new GoTemplateException("value is longer than " + GoFormat.MAX_TEXT + " characters");
    }
    return out;
  }
}
