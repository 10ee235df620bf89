package io.narthex.alerting;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Labels;
import io.narthex.service.alerts.AlertmanagerService.PostedAlert;
import io.narthex.service.alerts.AlertmanagerService.SilenceRequest;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.service.notify.NotifierService;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.SendResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Plays the timelines of the acceptance suite in simulated time. */
@org.jspecify.annotations.NullUnmarked
class AcceptanceTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  @Test
  void playsAllTimelines() throws IOException {
    Suite suite = new Suite("alertmanager-timelines");
    try (Stream<Path> files = Files.list(Suite.folder("alertmanager-acceptance"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        JsonNode scenario = Suite.json(file);
        boolean scripted = false;
        for (JsonNode step : scenario.path("steps")) {
          scripted |= step.path("do").asText().equals("amtool");
        }
        if (scenario.get("kind").asText().equals("timeline") && !scripted) {
          String problem = new Timeline(scenario).play();
          suite.check(scenario.get("name").asText(), problem.isEmpty(), problem);
        }
      }
    }
    suite.finish(21);
  }

  private static Instant at(double seconds) {
    return START.plusNanos((long) (seconds * 1e9));
  }

  private static Map<String, String> map(JsonNode n) {
    Map<String, String> map = new LinkedHashMap<>();
    n.properties().forEach(e -> map.put(e.getKey(), e.getValue().asText()));
    return map;
  }

  /** One run. */
  private static final class Timeline implements NotifierService {
    private record Received(double at, Notification notification) {}

    private final JsonNode scenario;
    private final SimulatedTimers timers = new SimulatedTimers(START);
    private final AlertmanagerConfig config;
    private final AlertmanagerCore core;
    private final Map<String, List<Received>> received = new LinkedHashMap<>();
    private final Map<String, String> silenceIds = new LinkedHashMap<>();

    Timeline(JsonNode scenario) {
      this.scenario = scenario;
      config =
          AlertmanagerConfigLoader.load(
              YamlReader.read("alertmanager.yml", scenario.get("config").asText()));
      Silences silences = new Silences(null, Duration.ofHours(120), false, START);
      NotificationLog log = new NotificationLog(null, START);
      Deliveries deliveries = new Deliveries(timers, log, null, Duration.ofHours(120));
      deliveries.notifiers(this);
      Duration delay = Duration.ZERO;
      for (JsonNode flag : scenario.path("server").path("flags")) {
        if (flag.asText().startsWith("--dispatch.start-delay=")) {
          // the process of the reference starts a little before the scenario's clock
          delay =
              io.narthex.model.go.PromDuration.parse(
                  flag.asText().substring("--dispatch.start-delay=".length()));
          delay = delay.minusMillis(200);
        }
      }
      core =
          new AlertmanagerCore(
              timers, MatcherSyntax.Mode.FALLBACK, silences, log, deliveries, null, delay);
      core.apply(config);
    }

    String play() {
      for (JsonNode step : scenario.get("steps")) {
        timers.advanceTo(at(step.get("at").asDouble()));
        switch (step.get("do").asText()) {
          case "push" -> push(step.get("alerts"));
          case "set_silence" -> {
            List<LabelMatcher> matchers = new ArrayList<>();
            for (JsonNode m : step.get("matchers")) {
              boolean regex = m.path("isRegex").asBoolean(m.path("is_regex").asBoolean(false));
              boolean equal = m.path("isEqual").asBoolean(m.path("is_equal").asBoolean(true));
              matchers.add(
                  new LabelMatcher(
                      m.get("name").asText(),
                      m.has("op")
                          ? m.get("op").asText()
                          : regex ? (equal ? "=~" : "!~") : equal ? "=" : "!=",
                      m.get("value").asText()));
            }
            String id =
                core.silences()
                    .put(
                        new SilenceRequest(
                            "",
                            matchers,
                            at(step.get("starts_at").asDouble()),
                            at(step.get("ends_at").asDouble()),
                            "t",
                            "t",
                            Map.of()),
                        timers.now());
            silenceIds.put(step.path("id").asText(), id);
          }
          case "delete_silence" -> {
            String id = silenceIds.get(step.path("id").asText());
            core.silences().expire(String.valueOf(id), timers.now());
          }
          case "reload" -> core.apply(config);
          default -> {
            return "unknown step " + step;
          }
        }
      }
      timers.advanceTo(at(scenario.get("end_at").asDouble()));
      return judge();
    }

    private void push(JsonNode alerts) {
      List<PostedAlert> posted = new ArrayList<>();
      for (JsonNode a : alerts) {
        posted.add(
            new PostedAlert(
                map(a.get("labels")),
                a.has("annotations") ? map(a.get("annotations")) : Map.of(),
                a.path("starts_at").isNumber() ? at(a.get("starts_at").asDouble()) : null,
                a.path("ends_at").isNumber() ? at(a.get("ends_at").asDouble()) : null,
                ""));
      }
      core.post(posted);
    }

    private String judge() {
      StringBuilder problems = new StringBuilder();
      double tolerance = scenario.path("tolerance_s").asDouble(0.15);
      scenario
          .get("expect")
          .properties()
          .forEach(e -> {
            List<Received> got = received.getOrDefault(e.getKey(), List.of());
            int expectedAlerts = 0;
            for (JsonNode want : e.getValue()) {
              double from = want.get("between").get(0).asDouble() - 1e-9;
              double to = want.get("between").get(1).asDouble() + 1e-9;
              expectedAlerts += want.get("alerts").size();
              List<Received> inWindow =
                  got.stream().filter(r -> r.at >= from && r.at <= to).toList();
              boolean ok =
                  want.get("alerts").isEmpty()
                      ? inWindow.isEmpty()
                      : inWindow.stream().anyMatch(r -> equal(r, want.get("alerts"), tolerance));
              if (!ok) {
                problems.append("missing ").append(want).append('\n');
              }
            }
            int alerts = got.stream().mapToInt(r -> r.notification.alerts().size()).sum();
            if (alerts != expectedAlerts) {
              problems.append("got ").append(alerts).append(" alerts in all, want ");
              problems.append(expectedAlerts).append('\n');
            }
            if (!problems.isEmpty()) {
              got.forEach(r ->
                  problems
                      .append("  at ")
                      .append(r.at)
                      .append(' ')
                      .append(r.notification.alerts())
                      .append('\n'));
            }
          });
      return problems.toString();
    }

    private static boolean equal(Received r, JsonNode want, double tolerance) {
      Set<String> a = new TreeSet<>();
      for (Notification.NotifiedAlert n : r.notification.alerts()) {
        a.add(
            n.alert().labels()
                + "/"
                + n.alert().annotations()
                + "/"
                + round(seconds(n.alert().startsAt()), tolerance)
                + "/"
                + (n.firing() ? "" : round(seconds(n.alert().endsAt()), tolerance)));
      }
      Set<String> b = new TreeSet<>();
      for (JsonNode w : want) {
        b.add(
            Labels.of(map(w.get("labels")))
                + "/"
                + (w.has("annotations") ? Labels.of(map(w.get("annotations"))) : Labels.EMPTY)
                + "/"
                + round(w.get("starts_at").asDouble(), tolerance)
                + "/"
                + (w.path("ends_at").isNumber()
                    ? round(w.get("ends_at").asDouble(), tolerance)
                    : ""));
      }
      return a.equals(b);
    }

    private static String round(double seconds, double tolerance) {
      return Long.toString(Math.round(seconds * 10));
    }

    private static double seconds(Instant t) {
      return Duration.between(START, t).toNanos() / 1e9;
    }

    // --- the notifiers: one webhook per block

    private static String webhook(ConfigNode node) {
      String url = ((ConfigNode.Scalar) ((ConfigNode.Mapping) node).get("url")).text();
      return url.replaceFirst("^.*\\$\\{webhook\\.([^}]*)}.*$", "$1");
    }

    private AlertmanagerConfig.@Nullable Block block(String receiver, int index) {
      for (AlertmanagerConfig.Receiver r : config.receivers()) {
        if (r.name().equals(receiver)) {
          return r.blocks().get(index);
        }
      }
      return null;
    }

    @Override
    public List<Integration> integrations(String receiver) {
      List<Integration> out = new ArrayList<>();
      for (AlertmanagerConfig.Receiver r : config.receivers()) {
        if (r.name().equals(receiver)) {
          r.blocks()
              .forEach(b ->
                  out.add(
                      new Integration(
                          receiver,
                          b.type(),
                          b.index(),
                          b.sendResolved() == null || b.sendResolved())));
        }
      }
      return out;
    }

    @Override
    public SendResult send(Integration integration, Notification notification) {
      AlertmanagerConfig.Block block = block(integration.receiver(), integration.index());
      ConfigNode.Mapping node = (ConfigNode.Mapping) block.node();
      String name = webhook(node);
      double now = seconds(timers.now());
      JsonNode behaviour = scenario.path("webhooks").path(name);
      Notification shown = notification;
      if (node.get("max_alerts") instanceof ConfigNode.Scalar most) {
        shown = notification.limitedTo(Integer.parseInt(most.text()));
      }
      double delay =
          behaviour.has("delay_before") && now < behaviour.get("delay_before").asDouble()
              ? behaviour.get("delay_s").asDouble()
              : 0;
      if (node.get("timeout") instanceof ConfigNode.Scalar t) {
        double timeout = io.narthex.model.go.PromDuration.parseMs(t.text()) / 1000.0;
        if (timeout > 0 && delay > timeout) {
          timers.spend(Duration.ofMillis((long) (timeout * 1000)));
          return SendResult.retryLater("timeout");
        }
      }
      timers.spend(Duration.ofMillis((long) (delay * 1000)));
      if (!behaviour.has("discard_before") || now >= behaviour.get("discard_before").asDouble()) {
        received
            .computeIfAbsent(name, k -> new ArrayList<>())
            .add(new Received(seconds(timers.now()), shown));
      }
      return SendResult.delivered();
    }
  }
}
