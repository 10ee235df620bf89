package io.narthex.notifier.webhook;

import io.narthex.model.Labels;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notification.NotifiedAlert;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Bodies of requests, ended by a line feed. */
final class WebhookPayload {
  private static final String NO_TIME = "0001-01-01T00:00:00Z";

  private WebhookPayload() {}

  /** Returns version 4 of the format. */
  static String standard(Notification n) {
    Map<String, @Nullable Object> m = new LinkedHashMap<>();
    m.put("receiver", quoteRegex(n.receiver()));
    m.put("status", n.status());
    List<Object> alerts = new ArrayList<>();
    n.alerts().forEach(a -> alerts.add(alert(a)));
    m.put("alerts", alerts);
    m.put("notification_reason", n.reason());
    m.put("groupLabels", n.groupLabels());
    m.put("commonLabels", n.commonLabels());
    m.put("commonAnnotations", n.commonAnnotations());
    m.put("routeLabels", n.routeLabels());
    m.put("externalURL", n.externalUrl());
    m.put("version", "4");
    m.put("groupKey", n.groupKey());
    m.put("truncatedAlerts", n.truncatedAlerts());
    return Json.write(m) + "\n";
  }

  private static Map<String, @Nullable Object> alert(NotifiedAlert a) {
    Map<String, @Nullable Object> m = new LinkedHashMap<>();
    m.put("status", a.firing() ? "firing" : "resolved");
    m.put("labels", a.alert().labels());
    m.put("annotations", a.alert().annotations());
    m.put("startsAt", time(a.alert().startsAt()));
    m.put("endsAt", a.firing() ? NO_TIME : time(a.alert().endsAt()));
    m.put("generatorURL", a.alert().generatorUrl());
    m.put("fingerprint", a.fingerprint());
    return m;
  }

  private static String time(Instant t) {
    String text = DateTimeFormatter.ISO_INSTANT.format(t);
    // the reference cuts zeros off the fraction
    return text.indexOf('.') < 0 ? text : text.replaceFirst("0+Z$", "Z");
  }

  /** The reference quotes the receiver's name for use in a regular expression. */
  static String quoteRegex(String text) {
    StringBuilder b = new StringBuilder();
    for (char c : text.toCharArray()) {
      if ("\\.+*?()|[]{}^$".indexOf(c) >= 0) {
        b.append('\\');
      }
      b.append(c);
    }
    return b.toString();
  }

  /** Returns the user's own structure, expanded. */
  static String own(ConfigNode payload, Notification n) {
    return Json.write(n.templates().structure(plain(payload))) + "\n";
  }

  private static @Nullable Object plain(ConfigNode node) {
    return switch (node) {
      case ConfigNode.Scalar s ->
          switch (s.kind()) {
            case STRING -> s.text();
            case NULL -> null;
            case BOOLEAN -> s.text().matches("(?i)true|yes|on|y");
            case INTEGER -> number(s.text());
            case FLOAT -> number(s.text());
          };
      case ConfigNode.Sequence q -> {
        List<@Nullable Object> out = new ArrayList<>();
        q.items().forEach(i -> out.add(plain(i)));
        yield out;
      }
      case ConfigNode.Mapping m -> {
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        m.entries().forEach(e -> out.put(e.key(), plain(e.value())));
        yield out;
      }
    };
  }

  private static Object number(String text) {
    try {
      return Long.decode(text);
    } catch (NumberFormatException e) {
      try {
        return Double.parseDouble(text);
      } catch (NumberFormatException x) {
        return text;
      }
    }
  }

  /** Writes JSON. */
  static final class Json {
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
        case Double d ->
            b.append(
                d == Math.rint(d) && Math.abs(d) < 1e15
                    ? Long.toString(d.longValue())
                    : d.toString());
        case Number n -> b.append(n);
        case Labels l -> append(b, l.toMap());
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
          case '<', '>', '&', '\u2028', '\u2029' -> escape(b, c);
          default -> {
            if (c < 0x20) {
              escape(b, c);
            } else {
              b.append(c);
            }
          }
        }
      }
      b.append('"');
    }

    private static void escape(StringBuilder b, char c) {
      String hex = Integer.toHexString(c);
      b.append("\\u").append("0".repeat(4 - hex.length())).append(hex);
    }
  }
}
