package io.narthex.template;

import io.narthex.model.go.GoFloat;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes values as encoding/json of Go does: map keys sorted, {@code < > &} escaped. */
final class GoJson {
  private GoJson() {}

  static String write(@Nullable Object value, boolean escapeHtml) {
    StringBuilder b = new StringBuilder();
    append(b, value, escapeHtml);
    return b.toString();
  }

  private static void append(StringBuilder b, @Nullable Object value, boolean escapeHtml) {
    if (b.length() > GoFormat.MAX_TEXT) {
      throw new GoTemplateException("value is longer than " + GoFormat.MAX_TEXT + " characters");
    }
    switch (value) {
      case null -> b.append("null");
      case String s -> string(b, s, escapeHtml);
      case SafeText s -> string(b, s.text(), escapeHtml);
      case Boolean x -> b.append(x.booleanValue());
      case Double d -> b.append(number(d));
      case Number n -> b.append(n);
      case Duration d -> b.append(GoTime.nanos(d));
      case ZonedDateTime t -> string(b, GoTime.rfc3339Nano(t), escapeHtml);
      case Ordered o -> object(b, o.fields(), escapeHtml);
      case GoObject o -> append(b, o.json(), escapeHtml);
      case Iterable<?> list -> {
        b.append('[');
        int i = 0;
        for (Object item : list) {
          b.append(i++ > 0 ? "," : "");
          append(b, item, escapeHtml);
        }
        b.append(']');
      }
      case Map<?, ?> map -> object(b, GoFormat.sorted(map), escapeHtml);
      default ->
          throw new GoTemplateException("json: unsupported type: " + GoFormat.typeName(value));
    }
  }

  /** Fields of a structure in their own order. */
  record Ordered(Map<String, @Nullable Object> fields) {}

  private static void object(
      StringBuilder b, Map<String, @Nullable Object> map, boolean escapeHtml) {
    b.append('{');
    int i = 0;
    for (Map.Entry<String, @Nullable Object> e : map.entrySet()) {
      b.append(i++ > 0 ? "," : "");
      string(b, e.getKey(), escapeHtml);
      b.append(':');
      append(b, e.getValue(), escapeHtml);
    }
    b.append('}');
  }

  private static String number(double d) {
    if (Double.isNaN(d) || Double.isInfinite(d)) {
      throw new GoTemplateException("json: unsupported value: " + GoFloat.format(d, 'g', -1));
    }
    double abs = Math.abs(d);
    if (abs != 0 && (abs < 1e-6 || abs >= 1e21)) {
      String e = GoFloat.format(d, 'e', -1);
      return e.replaceFirst("e-0(\\d)$", "e-$1");
    }
    return GoFloat.format(d, 'f', -1);
  }

  private static void string(StringBuilder b, String s, boolean escapeHtml) {
    b.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> b.append("\\\"");
        case '\\' -> b.append("\\\\");
        case '\n' -> b.append("\\n");
        case '\r' -> b.append("\\r");
        case '\t' -> b.append("\\t");
        case '\b' -> b.append("\\b");
        case '\f' -> b.append("\\f");
        case '<', '>', '&' -> {
          if (escapeHtml) {
            b.append(String.format(java.util.Locale.ROOT, "\\u%04x", (int) c));
          } else {
            b.append(c);
          }
        }
        case '\u2028', '\u2029' ->
            b.append(String.format(java.util.Locale.ROOT, "\\u%04x", (int) c));
        default -> {
          if (c < 0x20) {
            b.append(String.format(java.util.Locale.ROOT, "\\u%04x", (int) c));
          } else {
            b.append(c);
          }
        }
      }
    }
    b.append('"');
  }
}
