package io.narthex.promql;

import io.narthex.promql.grammar.antlr.PromQL;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.antlr.v4.runtime.CommonToken;
import org.antlr.v4.runtime.Token;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a query into tokens. A lexical error becomes one {@code ERROR} token, whose text is the
 * message, and ends the list.
 */
final class Lexer {
  private static final int EOF = -1;
  private static final Map<String, Integer> KEYWORDS = new HashMap<>();

  static {
    for (int type : PromqlTokens.KEYWORDS) {
      KEYWORDS.put(PromqlTokens.keyword(type), type);
    }
    KEYWORDS.put("inf", PromQL.NUMBER);
    KEYWORDS.put("nan", PromQL.NUMBER);
  }

  private final String input;
  private final List<Token> tokens = new ArrayList<>();
  private int pos;
  private int start;
  private int parenDepth;
  private boolean braceOpen;
  private boolean bracketOpen;
  private boolean gotColon;
  private boolean gotDuration;
  private boolean failed;

  private Lexer(String input) {
    this.input = input;
  }

  /**
   * Returns the tokens of {@code input}, the last of which is EOF.
   *
   * @throws ParseException when there are more than {@code most}
   */
  static List<Token> tokens(String input, int most) throws ParseException {
    Lexer l = new Lexer(input);
    l.run(most);
    return l.tokens;
  }

  /** Returns the token type of a keyword, or null. */
  static @Nullable Integer keyword(String word) {
    return KEYWORDS.get(word.toLowerCase(Locale.ROOT));
  }

  private void run(int most) throws ParseException {
    boolean more = true;
    while (more && !failed) {
      if (tokens.size() > most) {
        throw PromqlParser.tooManyTokens(input, most);
      }
      start = pos;
      if (braceOpen) {
        insideBraces();
      } else if (bracketOpen) {
        insideBrackets();
      } else {
        more = statement();
      }
    }
    start = pos = input.length();
    emit(Token.EOF);
  }

  private boolean statement() {
    int r = next();
    switch (r) {
      case EOF -> {
        if (parenDepth != 0) {
          fail("unclosed left parenthesis");
        }
        return false;
      }
      case '#' -> comment();
      case ' ', '\t', '\n', '\r' -> {}
      case ',' -> emit(PromQL.COMMA);
      case '*' -> emit(PromQL.MUL);
      case '/' -> emit(PromQL.DIV);
      case '%' -> emit(PromQL.MOD);
      case '+' -> emit(PromQL.ADD);
      case '-' -> emit(PromQL.SUB);
      case '^' -> emit(PromQL.POW);
      case '@' -> emit(PromQL.AT);
      case '=' -> {
        int t = peek();
        if (t == '=') {
          pos++;
          emit(PromQL.EQLC);
        } else if (t == '~') {
          fail("unexpected character after '=': " + quoteChar(t));
        } else {
          emit(PromQL.EQL);
        }
      }
      case '!' -> {
        int t = next();
        if (t == '=') {
          emit(PromQL.NEQ);
        } else {
          fail("unexpected character after '!': " + quoteChar(t));
        }
      }
      case '<' -> comparison(PromQL.LTE, PromQL.TRIM_UPPER, PromQL.LSS);
      case '>' -> comparison(PromQL.GTE, PromQL.TRIM_LOWER, PromQL.GTR);
      case '"', '\'' -> string(r);
      case '`' -> rawString();
      case '(' -> {
        int before = tokens.isEmpty() ? 0 : tokens.getLast().getType();
        boolean group = before == PromQL.GROUP_LEFT || before == PromQL.GROUP_RIGHT;
        emit(group ? PromQL.GROUP_PAREN : PromQL.LPAREN);
        parenDepth++;
      }
      case ')' -> closeParen();
      case '{' -> {
        emit(PromQL.LBRACE);
        braceOpen = true;
      }
      case '[' -> {
        if (bracketOpen) {
          fail("unexpected left bracket '['");
          return true;
        }
        emit(PromQL.LBRACKET);
        bracketOpen = true;
        gotColon = false;
        gotDuration = false;
      }
      case ']' -> fail("unexpected right bracket " + quoteChar(r));
      default -> {
        if (isDigit(r) || (r == '.' && isDigit(peek()))) {
          pos = start;
          numberOrDuration();
        } else if (isAlpha(r) || r == ':') {
          word();
        } else {
          fail("unexpected character: " + quoteChar(r));
        }
      }
    }
    return true;
  }

  private void comparison(int withEquals, int withSlash, int alone) {
    int t = peek();
    if (t == '=' || t == '/') {
      pos++;
    }
    emit(t == '=' ? withEquals : t == '/' ? withSlash : alone);
  }

  private void closeParen() {
    parenDepth--;
    if (parenDepth < 0) {
      start = pos;
      fail("unexpected right parenthesis ')'");
    } else {
      emit(PromQL.RPAREN);
    }
  }

  private void insideBraces() {
    int r = next();
    switch (r) {
      case EOF -> fail("unexpected end of input inside braces");
      case '#' -> comment();
      case ' ', '\t', '\n', '\r' -> {}
      case ',' -> emit(PromQL.COMMA);
      case '"', '\'' -> string(r);
      case '`' -> rawString();
      case '=' -> {
        if (peek() == '~') {
          pos++;
          emit(PromQL.EQL_REGEX);
        } else {
          emit(PromQL.EQL);
        }
      }
      case '!' -> {
        int t = next();
        if (t == '~') {
          emit(PromQL.NEQ_REGEX);
        } else if (t == '=') {
          emit(PromQL.NEQ);
        } else {
          fail("unexpected character after '!' inside braces: " + quoteChar(t));
        }
      }
      case '{' -> fail("unexpected left brace '{'");
      case '}' -> {
        emit(PromQL.RBRACE);
        braceOpen = false;
      }
      default -> {
        if (!isAlpha(r)) {
          fail("unexpected character inside braces: " + quoteChar(r));
          return;
        }
        while (isAlphaNumeric(peek())) {
          pos++;
        }
        emit(PromQL.IDENTIFIER);
      }
    }
  }

  private void insideBrackets() {
    int r = next();
    switch (r) {
      case EOF ->
          fail(
              !gotDuration
                  ? "unexpected end of input in duration expression"
                  : parenDepth != 0 ? "unclosed left parenthesis" : "unclosed left bracket");
      case '#' -> {
        if (gotDuration) {
          comment();
        } else {
          fail("unexpected character in duration expression: '#'");
        }
      }
      case ' ', '\t', '\n', '\r' -> {}
      case ',' -> emit(PromQL.COMMA);
      case '*' -> emit(PromQL.MUL);
      case '/' -> emit(PromQL.DIV);
      case '%' -> emit(PromQL.MOD);
      case '+' -> emit(PromQL.ADD);
      case '-' -> emit(PromQL.SUB);
      case '^' -> emit(PromQL.POW);
      case '(' -> {
        emit(PromQL.LPAREN);
        parenDepth++;
      }
      case ')' -> closeParen();
      case ':' -> {
        if (!gotDuration) {
          start = pos;
          fail("unexpected colon before duration in duration expression");
        } else if (gotColon) {
          fail("unexpected colon ':'");
        } else {
          emit(PromQL.COLON);
          gotColon = true;
        }
      }
      case ']' -> {
        emit(PromQL.RBRACKET);
        bracketOpen = false;
      }
      default -> {
        if (isDigit(r) || (r == '.' && isDigit(peek()))) {
          pos = start;
          gotDuration = true;
          numberOrDuration();
        } else {
          durationWord(r);
        }
      }
    }
  }

  private void durationWord(int first) {
    if (isAlpha(first)) {
      while (isAlphaNumeric(peek())) {
        pos++;
      }
      String word = input.substring(start, pos).toLowerCase(Locale.ROOT);
      switch (word) {
        case "step" -> emit(PromQL.STEP);
        case "range" -> emit(PromQL.RANGE);
        case "min_of", "max_of" -> emit(PromQL.IDENTIFIER);
        default -> {
          pos = start + 1;
          fail(
              gotDuration
                  ? "unexpected character: " + quoteChar(first) + ", expected ':'"
                  : "unexpected character in duration expression: " + quoteChar(first));
          return;
        }
      }
      return;
    }
    if (gotDuration) {
      // after a number everything is read as outside brackets
      pos = start;
      statement();
      return;
    }
    fail("unexpected character in duration expression: " + quoteChar(first));
  }

  private void word() {
    boolean colon = input.charAt(start) == ':';
    while (true) {
      int r = peek();
      if (r == ':') {
        colon = true;
      } else if (!isAlphaNumeric(r)) {
        break;
      }
      pos++;
    }
    Integer keyword = keyword(input.substring(start, pos));
    if (keyword != null) {
      emit(keyword);
    } else {
      emit(colon ? PromQL.METRIC_IDENTIFIER : PromQL.IDENTIFIER);
    }
  }

  /* numbers */

  private void numberOrDuration() {
    if (scanNumber()) {
      emit(PromQL.NUMBER);
    } else if (remainingDuration()) {
      emit(PromQL.DURATION);
    } else {
      fail(
          "bad number or duration syntax: "
              + Strings.quote(input.substring(start, Math.min(pos, input.length()))));
    }
  }

  /** Moves over a number; false when something follows that a number cannot be followed by. */
  private boolean scanNumber() {
    boolean hex = false;
    if (peek() == '0' && (peekAt(1) == 'x' || peekAt(1) == 'X')) {
      pos += 2;
      hex = true;
      if (peek() == '_') {
        pos++;
      }
    }
    boolean dot = false;
    boolean exponent = false;
    while (true) {
      if (!digits(hex && !exponent)) {
        return false;
      }
      int r = peek();
      if (r == '.') {
        pos++;
        if (dot) {
          return false;
        }
        dot = true;
      } else if (!exponent && (hex ? r == 'p' || r == 'P' : r == 'e' || r == 'E')) {
        pos++;
        if (peek() == '+' || peek() == '-') {
          pos++;
        }
        exponent = true;
      } else {
        break;
      }
    }
    return !isAlphaNumeric(peek());
  }

  /** Moves over digits with single underscores between them; false at a misplaced underscore. */
  private boolean digits(boolean hex) {
    boolean digitBefore = hex && pos > start;
    while (true) {
      int r = peek();
      if (hex ? isHexDigit(r) : isDigit(r)) {
        pos++;
        digitBefore = true;
      } else if (r == '_' && digitBefore && (hex ? isHexDigit(peekAt(1)) : isDigit(peekAt(1)))) {
        pos++;
        digitBefore = false;
      } else if (r == '_') {
        pos++;
        return false;
      } else {
        return true;
      }
    }
  }

  private boolean remainingDuration() {
    if (!accept("smhdwy")) {
      return false;
    }
    accept("s");
    while (isDigit(peek())) {
      while (isDigit(peek())) {
        pos++;
      }
      if (!accept("smhdw")) {
        return false;
      }
      accept("s");
    }
    if (isAlphaNumeric(peek())) {
      pos++;
      return false;
    }
    return true;
  }

  private boolean accept(String chars) {
    int r = peek();
    if (r != EOF && chars.indexOf(r) >= 0) {
      pos++;
      return true;
    }
    return false;
  }

  /* strings */

  private void string(int quote) {
    while (true) {
      int r = next();
      if (r == quote) {
        emit(PromQL.STRING);
        return;
      } else if (r == '\\') {
        if (!escape(quote)) {
          return;
        }
      } else if (r == EOF || r == '\n') {
        fail("unterminated quoted string");
        return;
      } else if (r == 0xFFFD || isLoneSurrogate(pos - 1)) {
        fail("invalid UTF-8 rune");
        return;
      }
    }
  }

  private boolean escape(int quote) {
    int r = next();
    int n;
    int base;
    long max;
    if (r == EOF) {
      return fail("escape sequence not terminated");
    } else if ("abfnrtv\\".indexOf(r) >= 0 || r == quote) {
      return true;
    } else if (r >= '0' && r <= '7') {
      n = 3;
      base = 8;
      max = 255;
      pos--;
    } else if (r == 'x') {
      n = 2;
      base = 16;
      max = 255;
    } else if (r == 'u') {
      n = 4;
      base = 16;
      max = 0x10FFFF;
    } else if (r == 'U') {
      n = 8;
      base = 16;
      max = 0x10FFFF;
    } else {
      return fail("unknown escape sequence " + unicode(pos - 1));
    }
    long x = 0;
    for (int i = 0; i < n; i++) {
      int c = next();
      int digit = c == EOF ? -1 : Character.digit(c, base);
      if (digit < 0) {
        return fail(
            c == EOF
                ? "escape sequence not terminated"
                : "illegal character " + unicode(pos - 1) + " in escape sequence");
      }
      x = x * base + digit;
    }
    if (x > max || (x >= 0xD800 && x < 0xE000)) {
      return fail("escape sequence is an invalid Unicode code point");
    }
    return true;
  }

  private void rawString() {
    while (true) {
      int r = next();
      if (r == '`') {
        emit(PromQL.STRING);
        return;
      } else if (r == EOF) {
        fail("unterminated raw string");
        return;
      } else if (r == 0xFFFD || isLoneSurrogate(pos - 1)) {
        fail("invalid UTF-8 rune");
        return;
      }
    }
  }

  private boolean isLoneSurrogate(int at) {
    char c = input.charAt(at);
    if (Character.isHighSurrogate(c)) {
      return at + 1 >= input.length() || !Character.isLowSurrogate(input.charAt(at + 1));
    }
    return Character.isLowSurrogate(c)
        && (at == 0 || !Character.isHighSurrogate(input.charAt(at - 1)));
  }

  private void comment() {
    while (peek() != EOF && peek() != '\n' && peek() != '\r') {
      pos++;
    }
  }

  /* small parts */

  private int next() {
    return pos < input.length() ? input.charAt(pos++) : EOF;
  }

  private int peek() {
    return pos < input.length() ? input.charAt(pos) : EOF;
  }

  private int peekAt(int offset) {
    return pos + offset < input.length() ? input.charAt(pos + offset) : EOF;
  }

  private void emit(int type) {
    CommonToken token = new CommonToken(type, type == Token.EOF ? "" : input.substring(start, pos));
    token.setStartIndex(start);
    token.setStopIndex(pos);
    token.setTokenIndex(tokens.size());
    tokens.add(token);
  }

  private boolean fail(String message) {
    CommonToken token = new CommonToken(PromQL.ERROR, message);
    token.setStartIndex(start);
    token.setStopIndex(input.length());
    token.setTokenIndex(tokens.size());
    tokens.add(token);
    failed = true;
    return false;
  }

  private String quoteChar(int c) {
    if (c == EOF) {
      return "'\ufffd'";
    }
    if (Character.isHighSurrogate((char) c) && Character.isLowSurrogate((char) peek())) {
      return "'" + (char) c + (char) peek() + "'";
    }
    return switch (c) {
      case '\'' -> "'\\''";
      case '\\' -> "'\\\\'";
      case '\n' -> "'\\n'";
      case '\t' -> "'\\t'";
      case '\r' -> "'\\r'";
      default ->
          c < 0x20 || c == 0x7f ? String.format(Locale.ROOT, "'\\x%02x'", c) : "'" + (char) c + "'";
    };
  }

  private String unicode(int at) {
    int cp = input.codePointAt(at);
    return String.format(Locale.ROOT, "U+%04X '%s'", cp, Character.toString(cp));
  }

  static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isHexDigit(int c) {
    return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  static boolean isAlpha(int c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  static boolean isAlphaNumeric(int c) {
    return isAlpha(c) || isDigit(c);
  }
}
