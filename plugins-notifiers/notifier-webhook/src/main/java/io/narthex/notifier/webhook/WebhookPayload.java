package io.narthex.notifier.webhook;

import io.narthex.json.JsonText;
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

/** Bodies of requests, with a line feed at their end. */
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
    m.put("groupLabels", n.groupLabels().toMap());
    m.put("commonLabels", n.commonLabels().toMap());
    m.put("commonAnnotations", n.commonAnnotationTexts());
    m.put("routeLabels", n.routeLabels().toMap());
    m.put("externalURL", n.externalUrl());
    m.put("version", "4");
    m.put("groupKey", n.groupKey());
    m.put("truncatedAlerts", n.truncatedAlerts());
    return JsonText.of(m) + "\n";
  }

  private static Map<String, @Nullable Object> alert(NotifiedAlert a) {
    Map<String, @Nullable Object> m = new LinkedHashMap<>();
    m.put("status", a.firing() ? "firing" : "resolved");
    m.put("labels", a.alert().labels().toMap());
    m.put("annotations", a.alert().annotationTexts());
    m.put("startsAt", time(a.alert().startsAt()));
    m.put("endsAt", a.firing() ? NO_TIME : time(a.alert().endsAt()));
    m.put("generatorURL", a.alert().generatorUrl());
    m.put("fingerprint", a.fingerprint());
    return m;
  }

  private static String time(Instant t) {
    String text = DateTimeFormatter.ISO_INSTANT.format(t);
    // the original omits trailing zeros of the fraction
    return text.indexOf('.') < 0 ? text : text.replaceFirst("0+Z$", "Z");
  }

  /** Quotes the receiver's name for use in a regular expression, as the original does. */
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
    return JsonText.of(n.templates().structure(plain(payload))) + "\n";
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
}
