package io.narthex.notifier.pagerduty;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes maps, lists, texts, numbers and booleans as JSON. */
final class Json {
  private Json() {}

  static String write(@Nullable Object value) {
    StringBuilder b = new StringBuilder();
    append(b, value);
    return b.toString();
  }

  private static void append(StringBuilder b, @Nullable Object value) {
    switch (value) {
      case null -> b.append("null");
      case Boolean x -> b.append(x.booleanValue());
      case Double d when d.isNaN() || d.isInfinite() -> text(b, d.toString());
      case Double d when d == Math.rint(d) && Math.abs(d) < 1e15 -> b.append(d.longValue());
      case Number n -> b.append(n);
      case List<?> list -> {
        b.append('[');
        for (Iterator<?> i = list.iterator(); i.hasNext(); ) {
          append(b, i.next());
          b.append(i.hasNext() ? "," : "");
        }
        b.append(']');
      }
      case Map<?, ?> map -> {
        b.append('{');
        String comma = "";
        for (Map.Entry<?, ?> e : map.entrySet()) {
          b.append(comma);
          text(b, String.valueOf(e.getKey()));
          b.append(':');
          append(b, e.getValue());
          comma = ",";
        }
        b.append('}');
      }
      default -> text(b, String.valueOf(value));
    }
  }

  private static void text(StringBuilder b, String s) {
    b.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> b.append("\\\"");
        case '\\' -> b.append("\\\\");
        case '\n' -> b.append("\\n");
        case '\r' -> b.append("\\r");
        case '\t' -> b.append("\\t");
        default -> {
          if (c < 0x20 || c == '\u2028' || c == '\u2029') {
            String hex = Integer.toHexString(c);
            b.append("\\u").append("0".repeat(4 - hex.length())).append(hex);
          } else {
            b.append(c);
          }
        }
      }
    }
    b.append('"');
  }
}
