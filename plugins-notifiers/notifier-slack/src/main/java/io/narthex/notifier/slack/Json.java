package io.narthex.notifier.slack;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Writes JSON, and reads single values at the top of Slack's small answers. */
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
      case Number n -> b.append(n);
      case List<?> list -> {
        b.append('[');
        for (int i = 0; i < list.size(); i++) {
          b.append(i > 0 ? "," : "");
          append(b, list.get(i));
        }
        b.append(']');
      }
      case Map<?, ?> map -> {
        b.append('{');
        int i = 0;
        for (Map.Entry<?, ?> e : map.entrySet()) {
          b.append(i++ > 0 ? "," : "");
          text(b, String.valueOf(e.getKey()));
          b.append(':');
          append(b, e.getValue());
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
          if (c < 0x20) {
            b.append(c < 0x10 ? "\\u000" : "\\u00").append(Integer.toHexString(c));
          } else {
            b.append(c);
          }
        }
      }
    }
    b.append('"');
  }

  /** Tells whether a key is true. */
  static boolean isTrue(String json, String key) {
    return Pattern.compile("\"" + key + "\"\\s*:\\s*true", 0).matcher(json).find();
  }

  /** Returns the text of a key, or the empty text. */
  static String text(String json, String key) {
    Matcher m = Pattern.compile("\"" + key + "\"\\s*:\\s*\"([^\"\\\\]*)\"", 0).matcher(json);
    return m.find() ? m.group(1) : "";
  }
}
