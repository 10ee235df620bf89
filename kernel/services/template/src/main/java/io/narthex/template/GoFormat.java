package io.narthex.template;

import io.narthex.model.go.GoFloat;
import io.narthex.model.go.GoString;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Formats values as Go's package fmt does: {@code print}, {@code println}, {@code printf} with all
 * verbs; parses number constants.
 */
final class GoFormat {
  private static final String HEX = "0123456789abcdef";
  private static final int MAX_WIDTH = 100_000;

  /** Most characters of a single formatted value. */
  static final int MAX_TEXT = 8 << 20;

  private GoFormat() {}

  // --- numbers

  /** Parses a number constant: a Long or a Double; null when it is not one. */
  static @Nullable Object parseNumber(String text) {
    String t = text.replace("_", "");
    boolean negative = t.startsWith("-");
    String digits = negative || t.startsWith("+") ? t.substring(1) : t;
    String lower = digits.toLowerCase(Locale.ROOT);
    try {
      if (lower.startsWith("0x") && lower.indexOf('p') < 0 && lower.indexOf('.') < 0) {
        return sign(negative, Long.parseLong(lower.substring(2), 16));
      }
      if (lower.startsWith("0x")) {
        return GoFloat.parse(lower.indexOf('p') < 0 ? t + "p0" : t);
      }
      if (lower.startsWith("0b")) {
        return sign(negative, Long.parseLong(lower.substring(2), 2));
      }
      if (lower.startsWith("0o")) {
        return sign(negative, Long.parseLong(lower.substring(2), 8));
      }
      if (lower.indexOf('.') >= 0 || lower.indexOf('e') >= 0) {
        return GoFloat.parse(t);
      }
      if (lower.length() > 1 && lower.startsWith("0")) {
        return sign(negative, Long.parseLong(lower, 8));
      }
      return Long.parseLong((negative ? "-" : "") + lower);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static Long sign(boolean negative, long value) {
    return negative ? -value : value;
  }

  // --- print, println

  /** Joins values, with a space between two neighbours of which neither is a string. */
  static String sprint(List<@Nullable Object> values) {
    StringBuilder b = new StringBuilder();
    boolean previousText = true;
    for (int i = 0; i < values.size(); i++) {
      boolean text = values.get(i) instanceof String;
      if (i > 0 && !text && !previousText) {
        b.append(' ');
      }
      b.append(value(values.get(i)));
      previousText = text;
    }
    return b.toString();
  }

  static String sprintln(List<@Nullable Object> values) {
    List<String> texts = new ArrayList<>();
    values.forEach(v -> texts.add(value(v)));
    return String.join(" ", texts) + "\n";
  }

  /** Formats as {@code %v}. */
  static String value(@Nullable Object v) {
    if (v instanceof String s) {
      return s;
    }
    StringBuilder b = new StringBuilder();
    append(b, v);
    return b.toString();
  }

  private static void append(StringBuilder b, @Nullable Object v) {
    if (b.length() > MAX_TEXT) {
      throw new GoTemplateException("value is longer than " + MAX_TEXT + " characters");
    }
    switch (v) {
      case null -> b.append("<nil>");
      case String s -> b.append(s);
      case Double d -> b.append(GoFloat.format(d, 'g', -1));
      case GoObject o -> b.append(o.print());
      case SafeText s -> b.append(s.text());
      case Duration d -> b.append(GoTime.print(d));
      case ZonedDateTime t -> b.append(GoTime.print(t));
      case List<?> list -> {
        b.append('[');
        for (int i = 0; i < list.size(); i++) {
          b.append(i > 0 ? " " : "");
          append(b, list.get(i));
        }
        b.append(']');
      }
      case Map<?, ?> map -> {
        b.append("map[");
        int i = 0;
        for (Map.Entry<String, Object> e : sorted(map).entrySet()) {
          b.append(i++ > 0 ? " " : "").append(e.getKey()).append(':');
          append(b, e.getValue());
        }
        b.append(']');
      }
      default -> b.append(v);
    }
  }

  static Map<String, @Nullable Object> sorted(Map<?, ?> map) {
    Map<String, @Nullable Object> out = new TreeMap<>(io.narthex.model.Labels::compareCodePoints);
    map.forEach((k, v) -> out.put(String.valueOf(k), v));
    return out;
  }

  static String typeName(@Nullable Object v) {
    return switch (v) {
      case null -> "<nil>";
      case String s -> "string";
      case Long n -> "int";
      case Double d -> "float64";
      case Boolean b -> "bool";
      case GoObject o -> o.typeName();
      case SafeText s -> "template." + (s.kind() == SafeText.Kind.HTML ? "HTML" : "URL");
      case Duration d -> "time.Duration";
      case ZonedDateTime t -> "time.Time";
      case List<?> list -> "[]interface {}";
      case Map<?, ?> map -> "map[string]interface {}";
      default -> v.getClass().getSimpleName();
    };
  }

  // --- printf

  static String sprintf(String format, List<@Nullable Object> arguments) {
    return new Printf(format, arguments).run();
  }

  /** Formats one call of {@code printf}. */
  private static final class Printf {
    private final String format;
    private final List<@Nullable Object> arguments;
    private final StringBuilder out = new StringBuilder();
    private int at;
    private int next;
    private boolean reordered;
    private boolean minus;
    private boolean plus;
    private boolean sharp;
    private boolean space;
    private boolean zero;
    private int width;
    private int precision;

    Printf(String format, List<@Nullable Object> arguments) {
      this.format = format;
      this.arguments = arguments;
    }

    String run() {
      while (at < format.length()) {
        char c = format.charAt(at++);
        if (c != '%') {
          out.append(c);
          continue;
        }
        directive();
      }
      if (!reordered && next < arguments.size()) {
        out.append("%!(EXTRA ");
        for (int i = next; i < arguments.size(); i++) {
          Object v = arguments.get(i);
          out.append(i > next ? ", " : "");
          out.append(v == null ? "<nil>" : typeName(v) + "=" + value(v));
        }
        out.append(')');
      }
      return out.toString();
    }

    private void directive() {
      minus = plus = sharp = space = zero = false;
      width = -1;
      precision = -1;
      flags:
      while (at < format.length()) {
        switch (format.charAt(at)) {
          case '-' -> minus = true;
          case '+' -> plus = true;
          case '#' -> sharp = true;
          case ' ' -> space = true;
          case '0' -> zero = true;
          default -> {
            break flags;
          }
        }
        at++;
      }
      index();
      if (at < format.length() && format.charAt(at) == '*') {
        at++;
        width = star("%!(BADWIDTH)");
        if (width < -1) {
          minus = true;
          width = -width;
        }
      } else {
        width = digits();
      }
      if (at < format.length() && format.charAt(at) == '.') {
        at++;
        index();
        if (at < format.length() && format.charAt(at) == '*') {
          at++;
          precision = star("%!(BADPREC)");
        } else {
          precision = Math.max(0, digits());
        }
      }
      index();
      if (at >= format.length()) {
        out.append("%!(NOVERB)");
        return;
      }
      int verb = format.codePointAt(at);
      at += Character.charCount(verb);
      if (verb == '%') {
        out.append('%');
        return;
      }
      if (next >= arguments.size() || next < 0) {
        out.append("%!").appendCodePoint(verb).append(next < 0 ? "(BADINDEX)" : "(MISSING)");
        return;
      }
      out.append(pad(verb((char) verb, arguments.get(next++)), (char) verb));
    }

    private void index() {
      if (at < format.length() && format.charAt(at) == '[') {
        int end = format.indexOf(']', at);
        if (end > 0) {
          reordered = true;
          try {
            next = Integer.parseInt(format.substring(at + 1, end)) - 1;
            if (next >= arguments.size()) {
              next = -1;
            }
          } catch (NumberFormatException e) {
            next = -1;
          }
          at = end + 1;
        }
      }
    }

    private int star(String bad) {
      if (next >= 0
          && next < arguments.size()
          && arguments.get(next) instanceof Long n
          && Math.abs(n) < MAX_WIDTH) {
        next++;
        return n.intValue();
      }
      next++;
      out.append(bad);
      return -1;
    }

    private int digits() {
      int from = at;
      int value = 0;
      while (at < format.length() && Character.isDigit(format.charAt(at))) {
        value = Math.min(MAX_WIDTH, value * 10 + (format.charAt(at) - '0'));
        at++;
      }
      return at == from ? -1 : value;
    }

    private String pad(String text, char verb) {
      int length = text.codePointCount(0, text.length());
      if (width <= length) {
        return text;
      }
      String fill = " ".repeat(width - length);
      if (minus) {
        return text + fill;
      }
      boolean number = "bcdoOxXeEfFgGvU".indexOf(verb) >= 0;
      if (zero && number && !text.isEmpty() && !text.startsWith("%!")) {
        boolean signed = text.charAt(0) == '-' || text.charAt(0) == '+';
        return signed
            ? text.charAt(0) + fill.replace(' ', '0') + text.substring(1)
            : fill.replace(' ', '0') + text;
      }
      return zero && (verb == 's' || verb == 'q') ? fill.replace(' ', '0') + text : fill + text;
    }

    private String bad(char verb, @Nullable Object v) {
      return "%!" + verb + "(" + (v == null ? "<nil>" : typeName(v) + "=" + value(v)) + ")";
    }

    private String verb(char verb, @Nullable Object v) {
      if (verb == 'T') {
        return typeName(v);
      }
      if (v == null) {
        return verb == 'v' ? "<nil>" : "%!" + verb + "(<nil>)";
      }
      if (verb == 'v') {
        return sharp
            ? goSyntax(v)
            : v instanceof Double d
                ? signed(GoFloat.format(d, 'g', precision), d >= 0)
                : v instanceof Long n ? signed(Long.toString(n), n >= 0) : value(v);
      }
      return switch (v) {
        case Boolean b -> verb == 't' ? b.toString() : bad(verb, v);
        case Long n -> integer(verb, n);
        case Double d -> real(verb, d);
        case String s -> text(verb, s);
        case SafeText s -> text(verb, s.text());
        case Duration d ->
            "sqxX".indexOf(verb) >= 0 ? text(verb, value(d)) : integer(verb, GoTime.nanos(d));
        case ZonedDateTime t -> "sq".indexOf(verb) >= 0 ? text(verb, value(t)) : bad(verb, v);
        case GoEnum e ->
            "sqxX".indexOf(verb) >= 0 ? text(verb, e.print()) : integer(verb, e.number());
        case GoObject o -> "sqxX".indexOf(verb) >= 0 ? text(verb, o.print()) : bad(verb, v);
        case List<?> list -> {
          StringBuilder b = new StringBuilder("[");
          for (int i = 0; i < list.size(); i++) {
            b.append(i > 0 ? " " : "").append(verb(verb, list.get(i)));
          }
          yield b.append(']').toString();
        }
        case Map<?, ?> map -> {
          StringBuilder b = new StringBuilder("map[");
          int i = 0;
          for (Map.Entry<String, Object> e : sorted(map).entrySet()) {
            b.append(i++ > 0 ? " " : "")
                .append(verb(verb, e.getKey()))
                .append(':')
                .append(verb(verb, e.getValue()));
          }
          yield b.append(']').toString();
        }
        default -> bad(verb, v);
      };
    }

    private String goSyntax(Object v) {
      return switch (v) {
        case String s -> GoString.quote(s);
        case Double d -> GoFloat.format(d, 'g', -1);
        case Boolean b -> b.toString();
        case Long n -> n.toString();
        case GoObject o -> o.goSyntax();
        default -> value(v);
      };
    }

    private String signed(String digits, boolean positive) {
      if (!positive || digits.startsWith("+") || digits.startsWith("-")) {
        return digits;
      }
      return plus ? "+" + digits : space ? " " + digits : digits;
    }

    private String integer(char verb, long n) {
      return switch (verb) {
        case 'd' -> {
          String digits = Long.toString(Math.abs(n));
          if (precision > digits.length()) {
            digits = "0".repeat(precision - digits.length()) + digits;
          }
          yield signed((n < 0 ? "-" : "") + digits, n >= 0);
        }
        case 'b' ->
            signed(
                (n < 0 ? "-" : "") + (sharp ? "0b" : "") + Long.toString(Math.abs(n), 2), n >= 0);
        case 'o' ->
            signed((n < 0 ? "-" : "") + (sharp ? "0" : "") + Long.toString(Math.abs(n), 8), n >= 0);
        case 'O' -> signed((n < 0 ? "-" : "") + "0o" + Long.toString(Math.abs(n), 8), n >= 0);
        case 'x' ->
            signed(
                (n < 0 ? "-" : "") + (sharp ? "0x" : "") + Long.toString(Math.abs(n), 16), n >= 0);
        case 'X' ->
            signed(
                (n < 0 ? "-" : "")
                    + (sharp ? "0X" : "")
                    + Long.toString(Math.abs(n), 16).toUpperCase(Locale.ROOT),
                n >= 0);
        case 'c' -> Character.isValidCodePoint((int) n) ? Character.toString((int) n) : "\uFFFD";
        case 'q' ->
            "'"
                + (Character.isValidCodePoint((int) n) ? Character.toString((int) n) : "\uFFFD")
                + "'";
        case 'U' -> String.format(java.util.Locale.ROOT, "U+%04X", n);
        default -> bad(verb, n);
      };
    }

    private String real(char verb, double d) {
      boolean positive = !(d < 0);
      return switch (verb) {
        case 'e' -> signed(GoFloat.format(d, 'e', precision < 0 ? 6 : precision), positive);
        case 'E' ->
            signed(GoFloat.format(d, 'e', precision < 0 ? 6 : precision), positive)
                .toUpperCase(Locale.ROOT)
                .replace("NAN", "NaN")
                .replace("INF", "Inf");
        case 'f', 'F' -> signed(GoFloat.format(d, 'f', precision < 0 ? 6 : precision), positive);
        case 'g' -> signed(GoFloat.format(d, 'g', precision), positive);
        case 'G' ->
            signed(GoFloat.format(d, 'g', precision), positive)
                .toUpperCase(Locale.ROOT)
                .replace("NAN", "NaN")
                .replace("INF", "Inf");
        case 'x' -> signed(hex(d), positive);
        case 'X' -> signed(Double.isFinite(d) ? hex(d).toUpperCase(Locale.ROOT) : hex(d), positive);
        case 'b' -> signed(Double.toHexString(d), positive);
        default -> bad(verb, d);
      };
    }

    /** Returns a float in hexadecimal: the exponent has a sign and at least two digits. */
    private static String hex(double d) {
      if (!Double.isFinite(d)) {
        return GoFloat.format(d, 'g', -1);
      }
      int shift = 0;
      double normal = d;
      if (d != 0 && Math.abs(d) < Double.MIN_NORMAL) {
        normal = d * 0x1p54;
        shift = -54;
      }
      String text = Double.toHexString(normal);
      int p = text.indexOf('p');
      int exponent = Integer.parseInt(text.substring(p + 1)) + shift;
      String digits = text.substring(0, p).replaceFirst("\\.0$", "");
      int size = Math.abs(exponent);
      return digits + "p" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "") + size;
    }

    private String text(char verb, String s) {
      String cut = s;
      if (precision >= 0
          && verb != 'x'
          && verb != 'X'
          && s.codePointCount(0, s.length()) > precision) {
        cut = s.substring(0, s.offsetByCodePoints(0, precision));
      }
      return switch (verb) {
        case 's' -> cut;
        case 'q' ->
            sharp && cut.indexOf('`') < 0
                ? "`" + cut + "`"
                : plus ? GoString.quoteToAscii(cut) : GoString.quote(cut);
        case 'x', 'X' -> {
          StringBuilder b = new StringBuilder();
          for (byte x : cut.getBytes(StandardCharsets.UTF_8)) {
            if (space && !b.isEmpty()) {
              b.append(' ');
            }
            b.append(HEX.charAt((x >> 4) & 15)).append(HEX.charAt(x & 15));
          }
          yield verb == 'X' ? b.toString().toUpperCase(Locale.ROOT) : b.toString();
        }
        default -> bad(verb, s);
      };
    }
  }
}
