package io.narthex.notifier.xmatters;

import io.narthex.json.JsonText;
import io.narthex.json.tree.JsonTree;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Triggers a workflow for a group that fires, ends its events when it is resolved. Thread-safe. */
final class XmattersNotifier implements Notifier {
  /** The property that identifies the events of a group. */
  static final String KEY = "Group Key Hash";

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

  /** As in the other notifiers; the host's default is that of scrapes. */
  private static final String USER_AGENT = "Alertmanager/0.34.0";

  private final XmattersConfig config;
  private final HttpSettings http;
  private final PluginContext context;

  XmattersNotifier(XmattersConfig config, HttpSettings http, PluginContext context) {
    this.config = config;
    this.http = http;
    this.context = context;
  }

  /** Returns the URL, or null when the text is not an http or https URL with a host. */
  static @Nullable GoUrl url(String text) {
    try {
      return GoUrl.parseHttp(text);
    } catch (GoUrl.InvalidUrlException _) {
      return null;
    }
  }

  @Override
  public SendResult send(Notification n) throws InterruptedException {
    try {
      if (n.status().equals("resolved") && !config.eventsUrl().isEmpty()) {
        return terminate(hash(n.groupKey()));
      }
      String text;
      try {
        text =
            config.url() == null || config.url().isEmpty()
                ? Files.readString(Path.of(config.urlFile())).strip()
                : config.url().reveal();
      } catch (IOException _) {
        return SendResult.rejected("url_file " + config.urlFile() + ": cannot be read");
      }
      GoUrl url = url(text);
      if (url == null) {
        return SendResult.rejected(
            "url_file " + config.urlFile() + ": must hold an http or https URL");
      }
      return post(url, trigger(n));
    } catch (TemplateException e) {
      return SendResult.rejected("template cannot be expanded: " + e.getMessage());
    } catch (IOException _) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      return SendResult.retryLater("request failed: no answer"); // the URL holds the key
    }
  }

  private String trigger(Notification n) {
    Map<String, @Nullable Object> properties = new LinkedHashMap<>();
    properties.put("Status", n.status());
    properties.put("Receiver", n.receiver());
    properties.put("Group Key", n.groupKey());
    properties.put(KEY, hash(n.groupKey()));
    properties.put("Reason", n.reason());
    properties.put(
        "Fingerprints", String.join(",", n.alerts().stream().map(a -> a.fingerprint()).toList()));
    properties.put("External URL", n.externalUrl());
    n.commonLabels().toMap().forEach(properties::put);
    n.commonAnnotations().toMap().forEach(properties::put);
    config.properties().forEach((k, v) -> properties.put(k, n.templates().text(v)));
    Map<String, @Nullable Object> body = new LinkedHashMap<>();
    body.put("properties", properties);
    List<Object> recipients = new ArrayList<>();
    for (String r : config.recipients()) {
      String name = n.templates().text(r);
      if (!name.isEmpty()) {
        recipients.add(Map.of("targetName", name));
      }
    }
    if (!recipients.isEmpty()) {
      body.put("recipients", recipients);
    }
    String priority = n.templates().text(config.priority());
    if (!priority.isEmpty()) {
      body.put("priority", priority);
    }
    return JsonText.of(body);
  }

  /** Ends the active events of a group, page by page: ended ones are not listed again. */
  private SendResult terminate(String hash) throws IOException, InterruptedException {
    GoUrl events = GoUrl.parse(config.eventsUrl());
    String query =
        "?status=ACTIVE&propertyName=" + KEY.replace(" ", "%20") + "&propertyValue=" + hash;
    Request request =
        new Request(
            "GET",
            GoUrl.parse(events + query),
            Map.of("User-Agent", USER_AGENT),
            null,
            timeout(),
            null);
    Set<String> ended = new HashSet<>();
    while (true) {
      Object page;
      try (Response response = context.http().send(request, http)) {
        if (response.status() != 200) {
          return verdict(response);
        }
        page = JsonTree.read(response.body());
      }
      List<String> ids = ids(page);
      if (!ended.addAll(ids)) {
        return SendResult.delivered(); // none is left, or xMatters still lists ended ones
      }
      for (String id : ids) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("id", id);
        body.put("status", "TERMINATED");
        SendResult result = post(events, JsonText.of(body));
        if (!(result instanceof SendResult.Delivered)) {
          return result;
        }
      }
      if (!hasMore(page, ids.size())) {
        return SendResult.delivered();
      }
    }
  }

  private static boolean hasMore(@Nullable Object page, int taken) {
    String total = JsonTree.text(page, "total");
    return total.matches("\\d{1,9}") && Integer.parseInt(total) > taken;
  }

  /** Returns the ids of the entries of {@code data}. */
  private static List<String> ids(@Nullable Object page) {
    return JsonTree.list(page, "data").stream()
        .map(event -> JsonTree.text(event, "id"))
        .filter(id -> !id.isEmpty())
        .toList();
  }

  private SendResult post(GoUrl url, String body) throws IOException, InterruptedException {
    Request request =
        new Request(
            "POST",
            url,
            Map.of("Content-Type", "application/json", "User-Agent", USER_AGENT),
            body.getBytes(StandardCharsets.UTF_8),
            timeout(),
            null);
    try (Response response = context.http().send(request, http)) {
      return verdict(response);
    }
  }

  private Duration timeout() {
    return config.timeout().isZero() ? DEFAULT_TIMEOUT : config.timeout();
  }

  private SendResult verdict(Response response) throws IOException {
    int status = response.status();
    if (status / 100 == 2) {
      return SendResult.delivered();
    }
    String quoted = new String(response.body().readNBytes(300), StandardCharsets.UTF_8).strip();
    String text = "unexpected status code " + status + (quoted.isEmpty() ? "" : ": " + quoted);
    if (status != 429 && status / 100 != 5) {
      return SendResult.rejected(text);
    }
    return new SendResult.RetryLater(text, response.retryAfter(context.clock().instant()));
  }

  static String hash(String groupKey) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256")
                  .digest(groupKey.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  @Override
  public void close() {
    // holds nothing
  }
}
