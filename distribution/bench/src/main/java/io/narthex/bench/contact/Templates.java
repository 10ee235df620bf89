package io.narthex.bench.contact;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.narthex.bench.push.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Templates of notifications and of annotations of alerts: the text that comes of each. */
final class Templates implements Area {
  private static final String ALERTS = "templates-alerts";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ERROR = "<error expanding template";
  private static final long PATIENCE_MS = 20_000;
  private static final long QUIET_MS = 2_500;
  private static final long POLL_MS = 100;
  private static final Map<String, String> AS_JSON = Map.of("Content-Type", "application/json");

  private final PageServer pages;
  private final boolean notifications;

  private Templates(PageServer pages, boolean notifications) {
    this.pages = pages;
    this.notifications = notifications;
  }

  /** What arrives at a receiver of Slack's kind. */
  static Area notifications(PageServer pages) {
    return new Templates(pages, true);
  }

  /** Annotations of firing alerts. */
  static Area alerts(PageServer pages) {
    return new Templates(pages, false);
  }

  @Override
  public String name() {
    return notifications ? "notifications" : "alerts";
  }

  @Override
  public List<String> files() {
    return List.of(notifications ? "templates-notifications" : ALERTS);
  }

  @Override
  public Map<String, String> outcomes(Side side, List<Input> inputs)
      throws IOException, InterruptedException {
    return notifications ? notified(side, inputs) : fired(side, inputs);
  }

  private Map<String, String> notified(Side side, List<Input> inputs)
      throws IOException, InterruptedException {
    String below = "/notified/" + side.name() + '/';
    StringBuilder routes = new StringBuilder();
    StringBuilder receivers = new StringBuilder();
    List<ObjectNode> alerts = new ArrayList<>();
    for (Input input : inputs) {
      String id = input.id();
      routes
          .append("  - {receiver: ns/")
          .append(id)
          .append(", matchers: ['input=\"" + id + "\"']}\n");
      receivers
          .append("- name: ns/")
          .append(id)
          .append("\n  slack_configs: [{api_url: 'http://127.0.0.1:" + pages.port() + below + id)
          .append("', send_resolved: false, channel: x, title: t, fallback: f, text: ")
          .append(JSON.writeValueAsString(input.text()))
          .append("}]\n");
      ObjectNode alert = JSON.createObjectNode();
      alert
          .putObject("labels")
          .put("alertname", "Some Alert")
          .put("input", id)
          .put("instance", "h_1:9100")
          .put("severity", "critical")
          .put("number", "1234.5");
      alert
          .putObject("annotations")
          .put("summary", "a <b> & \"c\" 'd' ü")
          .put("description", "line 1\nline 2");
      alert
          .put("startsAt", "2026-11-20T10:11:12.5Z")
          .put("endsAt", "2099-01-01T00:00:00Z")
          .put("generatorURL", "http://p.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
      alerts.add(alert);
    }
    String config =
        "route:\n  receiver: none\n  group_by: [input, alertname]\n  group_wait: 0s\n  group_interval: 1h\n"
            + "  repeat_interval: 4h\n  routes:\n"
            + routes
            + "receivers:\n- name: none\n"
            + receivers;
    int status = side.configureAlerts(config.getBytes(StandardCharsets.UTF_8));
    if (status != 200) {
      throw new IOException(side.name() + " answered " + status + " to the receivers of templates");
    }
    Reply reply =
        side.askAlertmanager("POST", "/api/v2/alerts", AS_JSON, JSON.writeValueAsBytes(alerts));
    if (reply.status() != 200) {
      throw new IOException(side.name() + " answered " + reply.status() + " to the alerts");
    }
    await(() -> pages.postedBelow(below), inputs.size());
    Map<String, String> out = new TreeMap<>();
    for (Input input : inputs) {
      String posted = pages.posted(below + input.id());
      if (posted != null) {
        out.put(
            input.id(), "sent\n" + JSON.readTree(posted).path("attachments").path(0).path("text"));
      }
    }
    side.configureAlerts(Side.NO_RECEIVER.getBytes(StandardCharsets.UTF_8));
    return out;
  }

  private interface Count {
    long now() throws IOException, InterruptedException;
  }

  private static void await(Count count, long wanted) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE_MS * 1_000_000;
    long changed = System.nanoTime();
    long before = 0;
    while (before < wanted
        && System.nanoTime() < deadline
        && (before == 0 || System.nanoTime() - changed < QUIET_MS * 1_000_000)) {
      Thread.sleep(POLL_MS);
      long now = count.now();
      if (now != before) {
        before = now;
        changed = System.nanoTime();
      }
    }
  }

  private static Map<String, String> fired(Side side, List<Input> inputs)
      throws IOException, InterruptedException {
    Map<String, String> out = new TreeMap<>();
    List<Input> accepted = new ArrayList<>();
    for (Input input : inputs) {
      int status = configure(side, List.of(input), "1h");
      out.put(input.id(), status + "\n");
      if (status == 200) {
        accepted.add(input);
      }
    }
    configure(side, accepted, "1s");
    await(() -> side.data("/api/v1/alerts").path("alerts").size(), accepted.size());
    for (JsonNode alert : side.data("/api/v1/alerts").path("alerts")) {
      String id = alert.path("labels").path("input").asText();
      out.merge(
          id,
          shown(alert.path("annotations").path("a")) + ' ' + shown(alert.path("labels").path("l")),
          String::concat);
    }
    side.reset();
    return out;
  }

  /** Returns a text, or that it is an error, whose words are not compared. */
  private static String shown(JsonNode text) {
    return text.asText().startsWith(ERROR) ? ERROR + '>' : text.toString();
  }

  private static int configure(Side side, List<Input> inputs, String interval)
      throws IOException, InterruptedException {
    StringBuilder rules = new StringBuilder("groups:\n- name: g\n  rules:\n");
    for (Input input : inputs) {
      String text = JSON.writeValueAsString(input.text());
      rules
          .append(
              "  - {alert: A, expr: 'label_replace(vector(1234.5), \"instance\", \"h_1:9100\", \"\", \"\")', labels: {input: ")
          .append(input.id())
          .append(", l: ")
          .append(text)
          .append("}, annotations: {a: ")
          .append(text)
          .append("}}\n");
    }
    Files.writeString(side.folder().resolve("templates.yml"), rules);
    return side.configure(
        ("global: {evaluation_interval: " + interval + "}\nrule_files: [templates.yml]\n")
            .getBytes(StandardCharsets.UTF_8));
  }
}
