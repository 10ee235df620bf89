package io.narthex.notifier.pagerduty;

import io.narthex.json.JsonText;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.TemplateRenderer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The bodies of events of both versions of the API. */
final class PagerdutyEvent {
  /** Largest body that PagerDuty takes, in bytes. */
  static final int MAX_BYTES = 512_000;

  /** A detail that every event has. */
  record Detail(String name, String template) {}

  /** The details that every event has. */
  static final List<Detail> DETAILS =
      List.of(
          new Detail("firing", "{{ .Alerts.Firing | toJson }}"),
          new Detail("resolved", "{{ .Alerts.Resolved | toJson }}"),
          new Detail("num_firing", "{{ .Alerts.Firing | len }}"),
          new Detail("num_resolved", "{{ .Alerts.Resolved | len }}"));

  private static final Logger LOG = LoggerFactory.getLogger(PagerdutyEvent.class);
  private static final int MAX_SUMMARY = 1024;
  private static final Map<String, Object> TOO_LARGE =
      Map.of(
          "error",
          "Custom details have been removed because the original event exceeds the maximum size of"
              + " 512KB");

  private final PagerdutyConfig config;
  private final Notification notification;
  private final TemplateRenderer templates;

  PagerdutyEvent(PagerdutyConfig config, Notification notification) {
    this.config = config;
    this.notification = notification;
    this.templates = notification.templates();
  }

  private String action() {
    return notification.status().equals("firing") ? "trigger" : "resolve";
  }

  /** Returns the key of the group's incident: 64 hexadecimal digits. */
  String incidentKey() {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256")
                  .digest(notification.groupKey().getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Returns the body of an event of Events API v2. */
  byte[] v2(String routingKey) {
    Map<String, @Nullable Object> payload = new LinkedHashMap<>();
    payload.put("summary", summary());
    String source = config.source().isEmpty() ? config.summary().client() : config.source();
    payload.put("source", templates.text(source));
    String severity = config.summary().severity().isEmpty() ? "error" : config.summary().severity();
    payload.put("severity", templates.text(severity));
    putText(payload, "class", config.scope().eventClass());
    putText(payload, "component", config.scope().component());
    putText(payload, "group", config.scope().group());
    payload.put("custom_details", details());
    Map<String, @Nullable Object> event = new LinkedHashMap<>();
    event.put("routing_key", routingKey);
    event.put("event_action", action());
    event.put("dedup_key", incidentKey());
    putText(event, "client", config.summary().client());
    putText(event, "client_url", config.summary().clientUrl());
    List<Object> images = new ArrayList<>();
    for (PagerdutyConfig.Image i : config.images()) {
      Map<String, @Nullable Object> image = new LinkedHashMap<>();
      putText(image, "src", i.src());
      putText(image, "alt", i.alt());
      putText(image, "href", i.href());
      if (image.containsKey("src")) {
        images.add(image);
      }
    }
    List<Object> links = new ArrayList<>();
    for (PagerdutyConfig.Link l : config.links()) {
      Map<String, @Nullable Object> link = new LinkedHashMap<>();
      putText(link, "href", l.href());
      putText(link, "text", l.text());
      if (link.containsKey("href")) {
        links.add(link);
      }
    }
    if (!images.isEmpty()) {
      event.put("images", images);
    }
    if (!links.isEmpty()) {
      event.put("links", links);
    }
    event.put("payload", payload);
    return limited(event, payload, "custom_details");
  }

  /** Returns the body of an event of the Events API v1. */
  byte[] v1(String serviceKey) {
    Map<String, @Nullable Object> event = new LinkedHashMap<>();
    event.put("service_key", serviceKey);
    event.put("incident_key", incidentKey());
    event.put("event_type", action());
    event.put("description", summary());
    if (action().equals("trigger")) {
      putText(event, "client", config.summary().client());
      putText(event, "client_url", config.summary().clientUrl());
    }
    event.put("details", details());
    return limited(event, event, "details");
  }

  private byte[] limited(
      Map<String, @Nullable Object> event, Map<String, @Nullable Object> holder, String key) {
    byte[] body = bytes(event);
    if (body.length > MAX_BYTES) {
      LOG.warn(
          "event of group {} has {} bytes, PagerDuty takes {}: sent without details; make its"
              + " details or groups smaller",
          notification.groupKey(),
          body.length,
          MAX_BYTES);
      holder.put(key, TOO_LARGE);
      body = bytes(event);
    }
    return body;
  }

  /** Returns the JSON with a line feed at its end, as the original sends it. */
  private static byte[] bytes(Map<String, @Nullable Object> event) {
    return (JsonText.of(event) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private void putText(Map<String, @Nullable Object> into, String key, String template) {
    String text = templates.text(template);
    if (!text.isEmpty()) {
      into.put(key, text);
    }
  }

  private String summary() {
    String text = templates.text(config.summary().description());
    if (text.codePointCount(0, text.length()) <= MAX_SUMMARY) {
      return text;
    }
    return text.substring(0, text.offsetByCodePoints(0, MAX_SUMMARY - 1)) + "…";
  }

  private @Nullable Object details() {
    Map<String, @Nullable Object> all = new LinkedHashMap<>();
    DETAILS.forEach(d -> all.put(d.name(), d.template()));
    if (config.details() instanceof ConfigNode.Mapping own) {
      own.entries().forEach(e -> all.put(e.key(), e.value().toPlain()));
    }
    return templates.structure(all);
  }
}
