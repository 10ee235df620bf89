package io.narthex.template;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Where in CSS of a page the output stands: code, a string, a comment or a {@code url(…)}. */
final class StylePosition {
  private static final String URL = "url";

  private enum Part {
    CODE,
    URL_START, // behind "url(" until something other than a blank comes
    URL,
    STRING,
    LINE_COMMENT,
    BLOCK_COMMENT
  }

  private final UrlPosition url = new UrlPosition();
  private final StringBuilder identifier = new StringBuilder(); // the last one of the code
  private boolean identifierEnded;
  private Part part = Part.CODE;
  private boolean urlString; // whether the string is that of a url(…)
  private char quote;
  private char previous;

  void start() {
    code();
    previous = 0;
  }

  private void code() {
    part = Part.CODE;
    identifier.setLength(0);
  }

  void literal(char c) {
    char before = previous;
    previous = c;
    switch (part) {
      case CODE -> codeChar(before, c);
      case URL_START -> {
        if (c == '"' || c == '\'') {
          string(c, true);
        } else if (!Escapes.isSpace(c)) {
          part = Part.URL;
          urlChar(c);
        }
      }
      case URL -> urlChar(c);
      case STRING -> {
        if (before == '\\') {
          previous = 0;
        } else if (c == quote) {
          code();
          return;
        }
        url.literal(c);
      }
      case LINE_COMMENT -> {
        if (c == '\n' || c == '\r' || c == '\f') {
          code();
        }
      }
      case BLOCK_COMMENT -> {
        if (before == '*' && c == '/') {
          code();
          previous = 0;
        }
      }
    }
  }

  private void codeChar(char before, char c) {
    if (c == '"' || c == '\'') {
      string(c, false);
    } else if (before == '/' && (c == '/' || c == '*')) {
      part = c == '/' ? Part.LINE_COMMENT : Part.BLOCK_COMMENT;
      previous = 0;
    } else if (c == '(' && identifier.toString().equalsIgnoreCase(URL)) {
      part = Part.URL_START;
      url.start();
    } else if (Escapes.isSpace(c)) {
      identifierEnded = true;
    } else {
      if (identifierEnded || !isNameChar(c)) {
        identifier.setLength(0);
      }
      identifierEnded = false;
      if (isNameChar(c) && identifier.length() <= URL.length()) {
        identifier.append(c);
      }
    }
  }

  private void string(char delimiter, boolean ofUrl) {
    part = Part.STRING;
    quote = delimiter;
    urlString = ofUrl;
    url.start();
  }

  private void urlChar(char c) {
    if (c == ')' || Escapes.isSpace(c)) {
      code();
    } else {
      url.literal(c);
    }
  }

  private static boolean isNameChar(int c) {
    return c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c >= '0' && c <= '9'
        || c == '-'
        || c == '_'
        || c >= 0x80;
  }

  /** Returns whether a URL or a string stands here, which Go escapes alike. */
  boolean inUrl() {
    return switch (part) {
      case URL_START, URL -> true;
      case STRING -> urlString || url.isInQuery();
      case CODE, LINE_COMMENT, BLOCK_COMMENT -> false;
    };
  }

  /** Returns a value for this place. */
  String value(@Nullable Object value, String text, @Nullable Escaper last) {
    if (part == Part.URL_START) {
      part = Part.URL;
    }
    if (inUrl()) {
      return url.escape(value, text, last);
    }
    return switch (part) {
      case CODE -> isHarmless(text) ? text : Escapes.REFUSED;
      case STRING -> Escapes.css(url.filter(value, text));
      case LINE_COMMENT, BLOCK_COMMENT -> "";
      case URL_START, URL -> throw new IllegalStateException(part.name());
    };
  }

  /** Returns whether a value can neither end a declaration nor hold code. */
  private static boolean isHarmless(String text) {
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ("\0\"'()/;@[\\]`{}<>".indexOf(c) >= 0 || c == '-' && i > 0 && text.charAt(i - 1) == '-') {
        return false;
      }
      if (c < 0x80 && c != '-' && isNameChar(c)) {
        letters.append(c);
      }
    }
    String name = letters.toString().toLowerCase(Locale.ROOT);
    return !name.contains("expression") && !name.contains("mozbinding");
  }
}
