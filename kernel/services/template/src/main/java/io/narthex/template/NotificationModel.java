package io.narthex.template;

import io.narthex.service.template.TemplateService.NotificationData;
import io.narthex.spi.notifier.Notification.NotifiedAlert;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The dot of templates in notifications. */
record NotificationModel(
    String receiver,
    String status,
    AlertList alerts,
    String reason,
    LabelMap groupLabels,
    LabelMap commonLabels,
    LabelMap commonAnnotations,
    LabelMap routeLabels,
    String externalUrl)
    implements GoObject {
  static NotificationModel of(NotificationData data) {
    List<AlertModel> alerts = new ArrayList<>();
    boolean firing = false;
    for (NotifiedAlert a : data.alerts()) {
      alerts.add(AlertModel.of(a));
      firing |= a.firing();
    }
    return new NotificationModel(
        quoteRegex(data.receiver()),
        firing ? "firing" : "resolved",
        new AlertList(alerts),
        data.reason(),
        LabelMap.withPairs(data.groupLabels().toMap()),
        LabelMap.withPairs(
            common(data.alerts().stream().map(a -> a.alert().labels().toMap()).toList())),
        LabelMap.withPairs(
            common(data.alerts().stream().map(a -> a.alert().annotationTexts()).toList())),
        LabelMap.withPairs(data.routeLabels()),
        data.externalUrl());
  }

  private static Map<String, String> common(List<Map<String, String>> sets) {
    if (sets.isEmpty()) {
      return Map.of();
    }
    Map<String, String> shared = new LinkedHashMap<>(sets.get(0));
    for (Map<String, String> set : sets) {
      shared.entrySet().removeIf(e -> !set.getOrDefault(e.getKey(), "").equals(e.getValue()));
    }
    return shared;
  }

  /** As regexp.QuoteMeta of Go. */
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

  @Override
  public @Nullable Object member(String name, List<@Nullable Object> arguments) {
    return switch (name) {
      case "Receiver" -> receiver;
      case "Status" -> status;
      case "Alerts" -> alerts;
      case "NotificationReason" -> reason;
      case "GroupLabels" -> groupLabels;
      case "CommonLabels" -> commonLabels;
      case "CommonAnnotations" -> commonAnnotations;
      case "RouteLabels" -> routeLabels;
      case "ExternalURL" -> externalUrl;
      default -> NO_MEMBER;
    };
  }

  @Override
  public String print() {
    return "{"
        + String.join(
            " ",
            receiver,
            status,
            alerts.print(),
            reason,
            groupLabels.print(),
            commonLabels.print(),
            commonAnnotations.print(),
            routeLabels.print(),
            externalUrl)
        + "}";
  }

  @Override
  public Object json() {
    Map<String, @Nullable Object> m = new LinkedHashMap<>();
    m.put("receiver", receiver);
    m.put("status", status);
    m.put("alerts", alerts);
    m.put("notification_reason", reason);
    m.put("groupLabels", groupLabels);
    m.put("commonLabels", commonLabels);
    m.put("commonAnnotations", commonAnnotations);
    m.put("routeLabels", routeLabels);
    m.put("externalURL", externalUrl);
    return new GoJson.Ordered(m);
  }

  @Override
  public String typeName() {
    return "*template.Data";
  }

  /** The alerts. */
  record AlertList(List<AlertModel> list) implements GoObject {
    @Override
    public @Nullable Object member(String name, List<@Nullable Object> arguments) {
      return switch (name) {
        case "Firing" -> new ArrayList<Object>(list.stream().filter(AlertModel::firing).toList());
        case "Resolved" ->
            new ArrayList<Object>(list.stream().filter(a -> a.status.equals("resolved")).toList());
        default -> NO_MEMBER;
      };
    }

    @Override
    public String print() {
      return GoFormat.value(collection());
    }

    @Override
    public Object json() {
      return list;
    }

    @Override
    public String typeName() {
      return "template.Alerts";
    }

    @Override
    public Object collection() {
      return new ArrayList<Object>(list);
    }
  }

  /** One alert. */
  record AlertModel(
      String status,
      LabelMap labels,
      LabelMap annotations,
      ZonedDateTime startsAt,
      ZonedDateTime endsAt,
      String generatorUrl,
      String fingerprint)
      implements GoObject {
    static AlertModel of(NotifiedAlert a) {
      return new AlertModel(
          a.firing() ? "firing" : "resolved",
          LabelMap.withPairs(a.alert().labels().toMap()),
          LabelMap.withPairs(a.alert().annotationTexts()),
          time(a.alert().startsAt()),
          a.firing() ? GoTime.ZERO : time(a.alert().endsAt()),
          a.alert().generatorUrl(),
          a.fingerprint());
    }

    private static ZonedDateTime time(Instant t) {
      return GoTime.of(t);
    }

    boolean firing() {
      return status.equals("firing");
    }

    @Override
    public @Nullable Object member(String name, List<@Nullable Object> arguments) {
      return switch (name) {
        case "Status" -> status;
        case "Labels" -> labels;
        case "Annotations" -> annotations;
        case "StartsAt" -> startsAt;
        case "EndsAt" -> endsAt;
        case "GeneratorURL" -> generatorUrl;
        case "Fingerprint" -> fingerprint;
        default -> NO_MEMBER;
      };
    }

    @Override
    public String print() {
      return "{"
          + String.join(
              " ",
              status,
              labels.print(),
              annotations.print(),
              GoTime.print(startsAt),
              GoTime.print(endsAt),
              generatorUrl,
              fingerprint)
          + "}";
    }

    @Override
    public Object json() {
      Map<String, @Nullable Object> m = new LinkedHashMap<>();
      m.put("status", status);
      m.put("labels", labels);
      m.put("annotations", annotations);
      m.put("startsAt", startsAt);
      m.put("endsAt", endsAt);
      m.put("generatorURL", generatorUrl);
      m.put("fingerprint", fingerprint);
      return new GoJson.Ordered(m);
    }

    @Override
    public String typeName() {
      return "template.Alert";
    }
  }
}
