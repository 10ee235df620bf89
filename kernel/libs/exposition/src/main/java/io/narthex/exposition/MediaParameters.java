package io.narthex.exposition;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the parameters of a media type as Go's mime.ParseMediaType does. For one use. */
final class MediaParameters {
  private static final String SPECIAL = "()<>@,;:\\\"/[]?=";

  private final String text;
  private int at;

  /**
   * Creates a reader.
   *
   * @param text from the first semicolon on
   */
  MediaParameters(String text) {
    this.text = text;
  }

  /** Returns what is wrong with them, in the words of the original, or null. */
  @Nullable String error() {
    Map<String, String> known = new HashMap<>();
    skipBlanks();
    while (at < text.length()) {
      int from = at;
      String name = take(';') ? token().toLowerCase(Locale.ROOT) : "";
      String value = name.isEmpty() || !take('=') ? null : value();
      if (value == null) {
        // a semicolon at the end is ignored
        return text.substring(from).strip().equals(";") ? null : "mime: invalid media parameter";
      }
      String before = known.putIfAbsent(name, value);
      if (before != null && !before.equals(value)) {
        return "mime: duplicate parameter name";
      }
      skipBlanks();
    }
    return null;
  }

  private void skipBlanks() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  /** Takes a character with the blanks around it, if it comes next. */
  private boolean take(char c) {
    skipBlanks();
    if (at == text.length() || text.charAt(at) != c) {
      return false;
    }
    at++;
    skipBlanks();
    return true;
  }

  private String token() {
    int from = at;
    while (at < text.length() && ExpositionFormat.isTokenChar(text.charAt(at))) {
      at++;
    }
    return text.substring(from, at);
  }

  /** Takes a token or a text in quotes; returns null when neither comes next. */
  private @Nullable String value() {
    if (at == text.length() || text.charAt(at) != '"') {
      String token = token();
      return token.isEmpty() ? null : token;
    }
    StringBuilder value = new StringBuilder();
    for (int i = at + 1; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        at = i + 1;
        return value.toString();
      }
      boolean escape = c == '\\' && i + 1 < text.length();
      if (escape && SPECIAL.indexOf(text.charAt(i + 1)) >= 0) {
        value.append(text.charAt(++i));
      } else if (c == '\r' || c == '\n') {
        return null;
      } else {
        value.append(c);
      }
    }
    return null;
  }
}
