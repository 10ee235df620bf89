package io.narthex.config.alertmanager;

import io.narthex.model.go.GoString;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Parses matchers such as <code>{team="x", env=~"prod|stage"}</code> in both syntaxes of
 * Alertmanager. Every error is an {@link IllegalArgumentException} with Alertmanager's message.
 */
public final class MatcherSyntax {
  /** Which syntax is accepted. */
  public enum Mode {
    /** Only the classic one. */
    CLASSIC,
    /** Only the UTF-8 one, which accepts any UTF-8 label name. */
    UTF8,
    /** Both; where they differ the classic one wins. */
    FALLBACK
  }

  private static final Pattern CLASSIC =
      Pattern.compile(
          "^[ \\t\\n\\f\\r]*([a-zA-Z_:][a-zA-Z0-9_:]*)[ \\t\\n\\f\\r]*(=~|=|!=|!~)"
              + "[ \\t\\n\\f\\r]*(.*?)[ \\t\\n\\f\\r]*$",
          Pattern.DOTALL);

  private MatcherSyntax() {}

  /** Parses a list. */
  public static List<LabelMatcher> parse(String text, Mode mode) {
    return switch (mode) {
      case CLASSIC -> classic(text);
      case UTF8 -> utf8(text);
      case FALLBACK -> fallback(text);
    };
  }

  /** Parses exactly one matcher, as in filters of the API. */
  public static LabelMatcher parseOne(String text, Mode mode) {
    if (text.startsWith("{") || text.endsWith("}")) {
      if (mode != Mode.UTF8) {
        throw new IllegalArgumentException("unexpected open or close brace: " + text);
      }
    }
    return switch (mode) {
      case CLASSIC -> checked(classicOne(text));
      case UTF8 -> utf8One(text);
      case FALLBACK -> {
        LabelMatcher utf8 = null;
        try {
          utf8 = utf8One(text);
        } catch (IllegalArgumentException e) {
          // the classic syntax decides
        }
        try {
          yield checked(classicOne(text));
        } catch (IllegalArgumentException e) {
          if (utf8 != null) {
            yield utf8;
          }
          throw e;
        }
      }
    };
  }

  /** Parses exactly one matcher in the UTF-8 syntax, with or without braces. */
  public static LabelMatcher utf8One(String text) {
    List<LabelMatcher> list = utf8(text);
    if (list.isEmpty()) {
      throw new IllegalArgumentException("no matchers");
    }
    if (list.size() > 1) {
      throw new IllegalArgumentException("expected 1 matcher, found " + list.size());
    }
    return list.get(0);
  }

  private static List<LabelMatcher> fallback(String text) {
    List<LabelMatcher> utf8 = null;
    try {
      utf8 = utf8(text);
    } catch (IllegalArgumentException e) {
      // the classic syntax decides
    }
    try {
      return classic(text);
    } catch (IllegalArgumentException e) {
      if (utf8 != null) {
        return utf8;
      }
      throw e;
    }
  }

  private static LabelMatcher checked(LabelMatcher m) {
    AlertMatcher.compile(m);
    return m;
  }

  /** Parses a list in the classic syntax. */
  public static List<LabelMatcher> classic(String text) {
    String s = text.startsWith("{") ? text.substring(1) : text;
    if (s.endsWith("}")) {
      s = s.substring(0, s.length() - 1);
    }
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    boolean quoted = false;
    boolean escaped = false;
    for (char c : s.toCharArray()) {
      switch (c) {
        case ',' -> {
          if (!quoted) {
            parts.add(part.toString());
            part.setLength(0);
            continue;
          }
        }
        case '"' -> {
          if (escaped) {
            escaped = false;
          } else {
            quoted = !quoted;
          }
        }
        case '\\' -> escaped = !escaped;
        default -> escaped = false;
      }
      part.append(c);
    }
    if (!part.toString().isBlank()) {
      parts.add(part.toString().strip());
    }
    List<LabelMatcher> out = new ArrayList<>();
    for (String p : parts) {
      out.add(checked(classicOne(p)));
    }
    return List.copyOf(out);
  }

  /** Parses one matcher in the classic syntax. */
  static LabelMatcher classicOne(String text) {
    Matcher m = CLASSIC.matcher(text);
    if (!m.matches()) {
      throw new IllegalArgumentException("bad matcher format: " + text);
    }
    String raw = m.group(3);
    boolean open = raw.startsWith("\"");
    String s = open ? raw.substring(1) : raw;
    StringBuilder value = new StringBuilder();
    boolean escaped = false;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (escaped) {
        escaped = false;
        switch (c) {
          case 'n' -> value.append('\n');
          case '"', '\\' -> value.append(c);
          default -> value.append('\\').append(c);
        }
        continue;
      }
      if (c == '\\') {
        if (i < s.length() - 1) {
          escaped = true;
        } else {
          value.append(c);
        }
      } else if (c == '"') {
        if (!open || i < s.length() - 1) {
          throw unescapedQuote(raw);
        }
        open = false;
      } else {
        value.append(c);
      }
    }
    if (open) {
      throw unescapedQuote(raw);
    }
    return new LabelMatcher(m.group(1), m.group(2), value.toString());
  }

  private static IllegalArgumentException unescapedQuote(String raw) {
    return new IllegalArgumentException("matcher value contains unescaped double quote: " + raw);
  }

  /** Parses a list in the UTF-8 syntax. */
  public static List<LabelMatcher> utf8(String text) {
    return new Utf8(text).list();
  }

  /** Returns whether a code point needs quotes in a name or value. */
  static boolean isReserved(int c) {
    return isSpace(c) || (c < 128 && "{}!=,\\\"'`~".indexOf(c) >= 0);
  }

  private static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  enum Kind {
    OPEN_BRACE("OpenBrace"),
    CLOSE_BRACE("CloseBrace"),
    COMMA("Comma"),
    EQUALS("Equals"),
    NOT_EQUALS("NotEquals"),
    MATCHES("Matches"),
    NOT_MATCHES("NotMatches"),
    QUOTED("Quoted"),
    UNQUOTED("Unquoted");

    final String label;

    Kind(String label) {
      this.label = label;
    }
  }

  /** A token; columns count code points, offsets bytes, both with an exclusive end. */
  record Token(
      Kind kind, String value, int startColumn, int endColumn, int startByte, int endByte) {}

  /** Tokenizes the UTF-8 syntax. */
  static final class Lexer {
    private final int[] points;
    private int at;
    private int bytes;

    Lexer(String text) {
      points = text.codePoints().toArray();
    }

    int column() {
      return at;
    }

    private void skip() {
      bytes += Character.toString(points[at++]).getBytes(StandardCharsets.UTF_8).length;
    }

    /** Returns the next token, or null at the end. */
    @Nullable Token next() {
      while (at < points.length && isSpace(points[at])) {
        skip();
      }
      if (at == points.length) {
        return null;
      }
      int start = at;
      int startByte = bytes;
      int c = points[at];
      Kind kind;
      switch (c) {
        case '{' -> {
          skip();
          kind = Kind.OPEN_BRACE;
        }
        case '}' -> {
          skip();
          kind = Kind.CLOSE_BRACE;
        }
        case ',' -> {
          skip();
          kind = Kind.COMMA;
        }
        case '=' -> {
          skip();
          kind = Kind.EQUALS;
          if (at < points.length && points[at] == '~') {
            skip();
            kind = Kind.MATCHES;
          }
        }
        case '!' -> {
          skip();
          if (at == points.length) {
            throw error(start, at, "unexpected end of input, expected one of '=~'");
          }
          if (points[at] != '=' && points[at] != '~') {
            throw error(start, at, Character.toString(points[at]) + ": expected one of '=~'");
          }
          kind = points[at] == '=' ? Kind.NOT_EQUALS : Kind.NOT_MATCHES;
          skip();
        }
        case '"' -> {
          kind = Kind.QUOTED;
          quoted(start);
        }
        default -> {
          if (isReserved(c)) {
            throw error(start, start + 1, Character.toString(c) + ": invalid input");
          }
          kind = Kind.UNQUOTED;
          while (at < points.length && !isReserved(points[at])) {
            skip();
          }
        }
      }
      return new Token(kind, text(start), start, at, startByte, bytes);
    }

    private void quoted(int start) {
      skip();
      boolean escaped = false;
      while (at < points.length) {
        int c = points[at];
        skip();
        if (escaped) {
          escaped = false;
        } else if (c == '\\') {
          escaped = true;
        } else if (c == '"') {
          return;
        }
      }
      throw error(start, at, text(start) + ": missing end \"");
    }

    private String text(int from) {
      return new String(points, from, at - from);
    }

    static IllegalArgumentException error(int from, int to, String text) {
      return new IllegalArgumentException(from + ":" + to + ": " + text);
    }
  }

  /** Parses the UTF-8 syntax. */
  private static final class Utf8 {
    private final Lexer lexer;
    private final List<LabelMatcher> out = new ArrayList<>();
    private @Nullable Token peeked;

    Utf8(String text) {
      lexer = new Lexer(text);
    }

    private @Nullable Token peek() {
      if (peeked == null) {
        peeked = lexer.next();
      }
      return peeked;
    }

    private void drop() {
      peeked = null;
    }

    List<LabelMatcher> list() {
      Token first = peek();
      if (first == null) {
        return List.of();
      }
      boolean braces = first.kind() == Kind.OPEN_BRACE;
      if (braces) {
        drop();
      }
      Token t = peek();
      boolean more = t != null && t.kind() != Kind.CLOSE_BRACE;
      while (more) {
        matcher();
        Token end = peekOr(": expected a comma or close brace");
        if (end == null || end.kind() == Kind.CLOSE_BRACE) {
          break;
        }
        if (end.kind() != Kind.COMMA) {
          throw unexpected(end, "expected a comma or close brace");
        }
        drop();
        Token after = peekOr(": expected a matcher or close brace after comma");
        more = after != null && after.kind() != Kind.CLOSE_BRACE;
        if (more && after != null && after.kind() != Kind.UNQUOTED && after.kind() != Kind.QUOTED) {
          throw unexpected(after, "expected a matcher or close brace after comma");
        }
      }
      Token close = peek();
      if (braces) {
        if (close == null) {
          throw Lexer.error(0, lexer.column(), "end of input: expected close brace");
        }
        drop();
      } else if (close != null) {
        throw Lexer.error(0, close.endColumn(), "}: expected opening brace");
      }
      Token rest = peek();
      if (rest != null) {
        throw unexpected(rest, "expected end of input");
      }
      return List.copyOf(out);
    }

    private @Nullable Token peekOr(String context) {
      try {
        return peek();
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(e.getMessage() + context, e);
      }
    }

    private static IllegalArgumentException unexpected(Token t, String expected) {
      return Lexer.error(
          t.startColumn(), t.endColumn(), "unexpected " + t.value() + ": " + expected);
    }

    private Token expect(String expected, Kind... kinds) {
      Token t = peekOr(": " + expected);
      if (t == null) {
        throw new IllegalArgumentException("0:" + lexer.column() + ": end of input: " + expected);
      }
      for (Kind k : kinds) {
        if (t.kind() == k) {
          drop();
          return t;
        }
      }
      throw unexpected(t, expected);
    }

    private void matcher() {
      Token name = expect("expected label name", Kind.QUOTED, Kind.UNQUOTED);
      Token operator =
          expect(
              "expected an operator such as '=', '!=', '=~' or '!~'",
              Kind.EQUALS,
              Kind.NOT_EQUALS,
              Kind.MATCHES,
              Kind.NOT_MATCHES);
      Token value = expect("expected label value", Kind.QUOTED, Kind.UNQUOTED);
      LabelMatcher m = new LabelMatcher(unquote(name), operator.value(), unquote(value));
      try {
        AlertMatcher.compile(m);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("failed to create matcher: " + e.getMessage(), e);
      }
      out.add(m);
    }

    private static String unquote(Token t) {
      if (t.kind() == Kind.UNQUOTED) {
        return t.value();
      }
      try {
        String text = GoString.unquote(t.value());
        if (!GoString.hasRawBytes(text)) {
          return text;
        }
      } catch (IllegalArgumentException e) {
        // reported below
      }
      throw Lexer.error(t.startColumn(), t.endColumn(), t.value() + ": invalid input");
    }
  }
}
