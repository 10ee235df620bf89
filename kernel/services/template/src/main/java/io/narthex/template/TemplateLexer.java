package io.narthex.template;

import io.narthex.model.go.GoString;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Splits a template into tokens with the syntax of Go's text/template: trim markers remove the
 * white space of the neighbouring text, comments are dropped, line feeds inside actions are spaces.
 */
final class TemplateLexer {
  static final Set<String> KEYWORDS =
      Set.of(
          "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with");

  private final String name;
  private final String input;
  private final List<Token> tokens = new ArrayList<>();
  private int pos;
  private int line = 1;
  private int parens;

  TemplateLexer(String name, String input) {
    this.name = name;
    this.input = input;
  }

  List<Token> tokens() {
    boolean trimNext = false;
    while (true) {
      int open = input.indexOf("{{", pos);
      int end = open < 0 ? input.length() : open;
      boolean trimLeft = open >= 0 && isTrimMarker(open + 2);
      int from = pos;
      int textLine = line;
      int to = end;
      if (trimNext) {
        while (from < to && isSpace(input.charAt(from))) {
          from++;
        }
      }
      if (trimLeft) {
        while (to > from && isSpace(input.charAt(to - 1))) {
          to--;
        }
      }
      if (to > from) {
        tokens.add(new Token(Token.Kind.TEXT, input.substring(from, to), from, textLine));
      }
      countLines(pos, end);
      pos = end;
      if (open < 0) {
        tokens.add(new Token(Token.Kind.EOF, "", pos, line));
        return tokens;
      }
      pos += 2 + (trimLeft ? 1 : 0);
      int afterMarker = trimLeft ? skipSpacesFrom(pos) : pos;
      if (input.startsWith("/*", afterMarker)) {
        trimNext = comment(afterMarker);
        continue;
      }
      tokens.add(new Token(Token.Kind.OPEN, "{{", open, line));
      trimNext = action(open);
    }
  }

  /** Returns whether there is a trim marker: a hyphen followed by white space. */
  private boolean isTrimMarker(int at) {
    return at + 1 < input.length() && input.charAt(at) == '-' && isSpace(input.charAt(at + 1));
  }

  private int skipSpacesFrom(int at) {
    int i = at;
    while (i < input.length() && isSpace(input.charAt(i))) {
      i++;
    }
    return i;
  }

  private boolean comment(int start) {
    int end = input.indexOf("*/", start + 2);
    if (end < 0) {
      throw error("unclosed comment");
    }
    int after = end + 2;
    boolean trim =
        after + 3 < input.length() + 1
            && after < input.length()
            && isSpace(input.charAt(after))
            && input.startsWith("-}}", after + 1);
    if (trim) {
      after += 2;
    }
    if (!input.startsWith("}}", after)) {
      throw error("comment ends before closing delimiter");
    }
    countLines(pos, after + 2);
    pos = after + 2;
    return trim;
  }

  private void countLines(int from, int to) {
    for (int i = from; i < to; i++) {
      if (input.charAt(i) == '\n') {
        line++;
      }
    }
  }

  /** Reads through the closing delimiter; returns whether that trims the text after it. */
  private boolean action(int open) {
    parens = 0;
    int openLine = line;
    while (true) {
      if (pos >= input.length()) {
        line = openLine;
        throw error("unclosed action");
      }
      if (isSpace(input.charAt(pos)) && input.startsWith("-}}", pos + 1)) {
        closeChecked();
        countLines(pos, pos + 1);
        add(Token.Kind.CLOSE, pos + 1, pos + 4);
        return true;
      }
      if (input.startsWith("}}", pos)) {
        closeChecked();
        add(Token.Kind.CLOSE, pos, pos + 2);
        return false;
      }
      token();
    }
  }

  private void closeChecked() {
    if (parens > 0) {
      throw error("unclosed left paren");
    }
  }

  private void add(Token.Kind kind, int from, int to) {
    tokens.add(new Token(kind, input.substring(from, to), from, line));
    pos = to;
  }

  private void token() {
    char c = input.charAt(pos);
    if (isSpace(c)) {
      int end = pos;
      while (end < input.length() && isSpace(input.charAt(end))) {
        if (end > pos && input.startsWith("-}}", end + 1)) {
          break;
        }
        end++;
      }
      int from = pos;
      int startLine = line;
      countLines(from, end);
      tokens.add(new Token(Token.Kind.SPACE, input.substring(from, end), from, startLine));
      pos = end;
      return;
    }
    switch (c) {
      case '=' -> add(Token.Kind.ASSIGN, pos, pos + 1);
      case ':' -> {
        if (!input.startsWith(":=", pos)) {
          throw error("expected :=");
        }
        add(Token.Kind.DECLARE, pos, pos + 2);
      }
      case '|' -> add(Token.Kind.PIPE, pos, pos + 1);
      case ',' -> add(Token.Kind.COMMA, pos, pos + 1);
      case '(' -> {
        parens++;
        add(Token.Kind.LEFT_PAREN, pos, pos + 1);
      }
      case ')' -> {
        if (--parens < 0) {
          throw error("unexpected right paren");
        }
        add(Token.Kind.RIGHT_PAREN, pos, pos + 1);
      }
      case '"' -> quoted('"', Token.Kind.STRING, "unterminated quoted string");
      case '\'' -> quoted('\'', Token.Kind.CHAR, "unterminated character constant");
      case '`' -> raw();
      case '$' -> word(Token.Kind.VARIABLE, pos + 1);
      case '.' -> {
        if (pos + 1 < input.length() && isDigit(input.charAt(pos + 1))) {
          number();
        } else {
          int end = wordEnd(pos + 1);
          if (end == pos + 1) {
            add(Token.Kind.DOT, pos, pos + 1);
          } else {
            word(Token.Kind.FIELD, pos + 1);
          }
        }
      }
      default -> {
        if (c == '+' || c == '-' || isDigit(c)) {
          number();
        } else if (isAlphaNumeric(input.codePointAt(pos))) {
          identifier();
        } else {
          int cp = input.codePointAt(pos);
          throw error("unexpected " + codePoint(cp) + " in command");
        }
      }
    }
  }

  private void quoted(char quote, Token.Kind kind, String unterminated) {
    int i = pos + 1;
    while (true) {
      if (i >= input.length() || input.charAt(i) == '\n') {
        throw error(unterminated);
      }
      char c = input.charAt(i);
      if (c == '\\' && i + 1 < input.length() && input.charAt(i + 1) != '\n') {
        i += 2;
        continue;
      }
      i++;
      if (c == quote) {
        add(kind, pos, i);
        return;
      }
    }
  }

  private void raw() {
    int end = input.indexOf('`', pos + 1);
    if (end < 0) {
      throw error("unterminated raw quoted string");
    }
    int from = pos;
    int startLine = line;
    countLines(from, end);
    tokens.add(new Token(Token.Kind.RAW_STRING, input.substring(from, end + 1), from, startLine));
    pos = end + 1;
  }

  private int wordEnd(int from) {
    int i = from;
    while (i < input.length() && isAlphaNumeric(input.codePointAt(i))) {
      i += Character.charCount(input.codePointAt(i));
    }
    return i;
  }

  private void word(Token.Kind kind, int from) {
    int end = wordEnd(from);
    checkTerminator(end);
    add(kind, pos, end);
  }

  private void checkTerminator(int end) {
    if (end >= input.length()) {
      return;
    }
    char c = input.charAt(end);
    boolean ok =
        isSpace(c)
            || c == '.'
            || c == ','
            || c == '|'
            || c == ':'
            || c == '='
            || c == '('
            || c == ')'
            || input.startsWith("}}", end);
    if (!ok) {
      int cp = input.codePointAt(end);
      throw error("bad character " + codePoint(cp));
    }
  }

  private static String codePoint(int c) {
    return String.format(java.util.Locale.ROOT, "U+%04X '%s'", c, Character.toString(c));
  }

  private void identifier() {
    int end = wordEnd(pos);
    String word = input.substring(pos, end);
    checkTerminator(end);
    Token.Kind kind =
        KEYWORDS.contains(word)
            ? Token.Kind.KEYWORD
            : word.equals("true") || word.equals("false")
                ? Token.Kind.BOOL
                : word.equals("nil") ? Token.Kind.NIL : Token.Kind.IDENTIFIER;
    add(kind, pos, end);
  }

  private void number() {
    int i = pos;
    if (input.charAt(i) == '+' || input.charAt(i) == '-') {
      i++;
    }
    int digitsFrom = i;
    boolean hex = input.regionMatches(true, i, "0x", 0, 2);
    boolean other =
        input.regionMatches(true, i, "0b", 0, 2) || input.regionMatches(true, i, "0o", 0, 2);
    if (hex || other) {
      i += 2;
    }
    while (i < input.length()) {
      char c = input.charAt(i);
      boolean exponent = hex ? c == 'p' || c == 'P' : !other && (c == 'e' || c == 'E');
      if (isDigit(c) || c == '_' || c == '.' || (hex && Character.digit(c, 16) >= 0 && c < 128)) {
        i++;
      } else if (exponent) {
        i++;
        if (i < input.length() && (input.charAt(i) == '+' || input.charAt(i) == '-')) {
          i++;
        }
      } else {
        break;
      }
    }
    int end = wordEnd(i);
    if (i == digitsFrom || end > i) {
      throw error(
          "bad number syntax: "
              + GoString.quote(
                  input.substring(pos, Math.max(end, Math.min(i + 1, input.length())))));
    }
    add(Token.Kind.NUMBER, pos, i);
  }

  private GoTemplateException error(String text) {
    return new GoTemplateException("template: " + name + ":" + line + ": " + text);
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  }

  private static boolean isAlphaNumeric(int c) {
    return c == '_' || Character.isLetter(c) || Character.isDigit(c);
  }
}
