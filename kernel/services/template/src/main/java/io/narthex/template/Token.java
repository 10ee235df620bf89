package io.narthex.template;

import io.narthex.model.go.GoString;

/**
 * A token of a template.
 *
 * @param text as written; of text outside actions the part left after trimming
 * @param offset of its first character in the template
 * @param line from 1
 */
record Token(Kind kind, String text, int offset, int line) {
  enum Kind {
    TEXT,
    OPEN,
    CLOSE,
    SPACE,
    IDENTIFIER,
    KEYWORD,
    FIELD,
    VARIABLE,
    DOT,
    NIL,
    BOOL,
    NUMBER,
    CHAR,
    STRING,
    RAW_STRING,
    PIPE,
    LEFT_PAREN,
    RIGHT_PAREN,
    DECLARE,
    ASSIGN,
    COMMA,
    EOF
  }

  @Override
  public String toString() {
    return switch (kind) {
      case EOF -> "EOF";
      case KEYWORD -> "<" + text + ">";
      case CLOSE -> "\"}}\"";
      default ->
          text.length() > 10 ? GoString.quote(text.substring(0, 10)) + "..." : GoString.quote(text);
    };
  }
}
