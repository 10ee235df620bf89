package io.narthex.alerting;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Labels;
import io.narthex.service.alerts.AlertmanagerService.InvalidRequestException;
import io.narthex.service.alerts.AlertmanagerService.Silence;
import io.narthex.service.alerts.AlertmanagerService.SilenceState;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.InhibitRule;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

@org.jspecify.annotations.NullUnmarked
class SemanticsConformanceTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant FAR = Instant.parse("2100-01-01T00:00:00Z");

  private static Labels labels(JsonNode n) {
    Map<String, String> map = new LinkedHashMap<>();
    n.properties().forEach(e -> map.put(e.getKey(), e.getValue().asText()));
    return Labels.of(map);
  }

  private static Instant time(JsonNode n, Instant absent) {
    return n.isNumber() ? NOW.plusSeconds(n.asLong()) : absent;
  }

  private static StoredAlert alert(JsonNode n) {
    return new StoredAlert(
        n.has("labels") ? labels(n.get("labels")) : Labels.EMPTY,
        Map.of(),
        time(n.path("starts_at"), Instant.EPOCH),
        time(n.path("ends_at"), FAR),
        time(n.path("updated_at"), NOW),
        "",
        n.path("timeout").asBoolean());
  }

  private static Set<Long> hashes(JsonNode n) {
    Set<Long> out = new HashSet<>();
    n.forEach(h -> out.add(h.asLong()));
    return out;
  }

  @Test
  void decidesAsAlertmanagerDoes() throws IOException {
    Suite suite = new Suite("alertmanager-semantics");
    Path folder = Suite.folder("alertmanager-semantics");
    for (JsonNode c : Suite.json(folder.resolve("dedup.json")).get("cases")) {
      JsonNode e = c.get("log_entry");
      NotificationLog.Entry entry =
          e.isNull()
              ? null
              : new NotificationLog.Entry(
                  hashes(e.get("firing")),
                  hashes(e.get("resolved")),
                  time(e.get("timestamp"), Instant.EPOCH),
                  FAR);
      String reason =
          Dedup.reason(
              entry,
              hashes(c.get("now_firing")),
              hashes(c.get("now_resolved")),
              Duration.ofSeconds(c.get("repeat_interval").asLong()),
              c.get("send_resolved").asBoolean(),
              NOW);
      suite.check(
          c.get("id").asText(), (reason != null) == c.get("notify").asBoolean(), "" + reason);
    }
    for (JsonNode c : Suite.json(folder.resolve("alert-merge.json")).get("cases")) {
      StoredAlert a = alert(c.get("a"));
      StoredAlert b = alert(c.get("b"));
      StoredAlert want = alert(c.get("result"));
      StoredAlert ab = a.merge(b, NOW);
      StoredAlert ba = b.merge(a, NOW);
      suite.check(c.get("id").asText(), ab.equals(want) && ba.equals(want), ab + ", want " + want);
    }
    int n = 0;
    for (JsonNode c : Suite.json(folder.resolve("alert-sort.json")).get("cases")) {
      List<Labels> in = new ArrayList<>();
      c.get("input").forEach(l -> in.add(labels(l)));
      List<Labels> want = new ArrayList<>();
      c.get("sorted").forEach(l -> want.add(labels(l)));
      in.sort(StoredAlert.ORDER);
      suite.check("sort-" + n++, in.equals(want), "" + in);
    }
    for (JsonNode c : Suite.json(folder.resolve("fingerprints.json")).get("cases")) {
      String got = Fingerprint.text(labels(c.get("labels")));
      suite.check("fingerprint", got.equals(c.get("fingerprint").asText()), got);
    }
    inhibition(suite, Suite.json(folder.resolve("inhibition.json")));
    silences(suite, folder);
    suite.finish(126);
  }

  private static List<LabelMatcher> matchers(JsonNode list) {
    List<LabelMatcher> out = new ArrayList<>();
    list.forEach(m -> out.addAll(MatcherSyntax.parse(m.asText(), MatcherSyntax.Mode.FALLBACK)));
    return out;
  }

  private static InhibitRule rule(JsonNode r) {
    List<String> equal = new ArrayList<>();
    r.path("equal").forEach(e -> equal.add(e.asText()));
    return new InhibitRule(
        "", matchers(r.path("source_matchers")), matchers(r.path("target_matchers")), equal);
  }

  private static void inhibition(Suite suite, JsonNode file) {
    for (JsonNode c : file.get("has_equal")) {
      Inhibitor.Rule rule = new Inhibitor.Rule(rule(c.get("rule")));
      c.get("source_alerts").forEach(a -> rule.put(alert(a)));
      boolean got = rule.firingSource(labels(c.get("target_labels")), false, NOW) != null;
      suite.check(
          c.get("id").asText(),
          got == c.get("source_with_equal_labels_active").asBoolean(),
          "" + got);
    }
    for (JsonNode set : file.get("sets")) {
      List<InhibitRule> rules = new ArrayList<>();
      set.get("rules").forEach(r -> rules.add(rule(r)));
      Inhibitor inhibitor = new Inhibitor(rules);
      set.get("alerts").forEach(a -> inhibitor.put(alert(a)));
      for (JsonNode c : set.get("cases")) {
        boolean got = inhibitor.inhibitedBy(labels(c.get("target_labels")), NOW) != null;
        suite.check(c.get("id").asText(), got == c.get("inhibited").asBoolean(), "" + got);
      }
    }
  }

  private static LabelMatcher matcher(JsonNode m) {
    String op =
        m.has("op")
            ? m.get("op").asText()
            : switch (m.path("type").asText()) {
              case "EQUAL" -> "=";
              case "NOT_EQUAL" -> "!=";
              case "REGEXP" -> "=~";
              case "NOT_REGEXP" -> "!~";
              default -> "?";
            };
    String value =
        m.has("pattern_hex")
            ? "\uFFFD"
            : m.has("pattern") ? m.get("pattern").asText() : m.path("value").asText();
    return new LabelMatcher(m.get("name").asText(), op, value);
  }

  private static void silences(Suite suite, Path folder) throws IOException {
    for (JsonNode c : Suite.json(folder.resolve("silence-can-update.json")).get("cases")) {
      Silences.Stored old =
          new Silences.Stored(
              "x",
              List.of(),
              time(c.get("old").get("starts_at"), Instant.EPOCH),
              time(c.get("old").get("ends_at"), Instant.EPOCH),
              NOW,
              "",
              "",
              Map.of());
      boolean got =
          Silences.canUpdate(
              old,
              time(c.get("new").get("starts_at"), Instant.EPOCH),
              time(c.get("new").get("ends_at"), Instant.EPOCH),
              NOW);
      suite.check(c.get("id").asText(), got == c.get("in_place").asBoolean(), "" + got);
    }
    for (JsonNode c : Suite.json(folder.resolve("silence-matcher-validation.json")).get("cases")) {
      String got = "";
      try {
        Silences.validMatcher(matcher(c), c.get("mode").asText().equals("classic"));
      } catch (IllegalArgumentException e) {
        got = String.valueOf(e.getMessage());
      }
      String want = c.get("error_contains").asText();
      suite.check(c.get("id").asText(), want.isEmpty() ? got.isEmpty() : got.contains(want), got);
    }
    for (JsonNode c : Suite.json(folder.resolve("silence-validation.json")).get("cases")) {
      List<LabelMatcher> matchers = new ArrayList<>();
      c.get("matchers").forEach(m -> matchers.add(matcher(m)));
      String got = "";
      try {
        Silences.validate(
            matchers,
            c.get("starts_at").isNull() ? null : time(c.get("starts_at"), NOW),
            c.get("ends_at").isNull() ? null : time(c.get("ends_at"), NOW),
            c.get("mode").asText().equals("classic"));
      } catch (InvalidRequestException e) {
        got = String.valueOf(e.getMessage());
      }
      String want = c.get("error_contains").asText();
      suite.check(c.get("id").asText(), want.isEmpty() ? got.isEmpty() : got.contains(want), got);
    }
    for (JsonNode c : Suite.json(folder.resolve("api-silence-filter.json")).get("cases")) {
      List<AlertMatcher> own = new ArrayList<>();
      c.get("silence_matchers").forEach(m -> own.add(AlertMatcher.compile(matcher(m))));
      List<LabelMatcher> filter = new ArrayList<>();
      c.get("filter").forEach(m -> filter.add(matcher(m)));
      boolean got = Silences.hasAll(own, filter);
      suite.check(c.get("id").asText(), got == c.get("listed").asBoolean(), "" + got);
    }
    for (JsonNode c : Suite.json(folder.resolve("api-label-filter.json")).get("cases")) {
      boolean got =
          AlertMatcher.matchAll(List.of(AlertMatcher.compile(matcher(c))), Labels.of("foo", "bar"));
      suite.check(c.get("id").asText(), got == c.get("match").asBoolean(), "" + got);
    }
    List<Silence> list = new ArrayList<>();
    for (JsonNode c : Suite.json(folder.resolve("api-silence-sort.json")).get("cases")) {
      list.add(
          new Silence(
              c.get("id").asText(),
              List.of(),
              OffsetDateTime.parse(c.get("starts_at").asText()).toInstant(),
              OffsetDateTime.parse(c.get("ends_at").asText()).toInstant(),
              NOW,
              "",
              "",
              Map.of(),
              SilenceState.valueOf(c.get("state").asText().toUpperCase(java.util.Locale.ROOT))));
    }
    list.sort(Silences.ORDER);
    for (int i = 0; i < list.size(); i++) {
      suite.check(
          "sort " + list.get(i).id(), list.get(i).id().startsWith("silence-" + i), "at " + i);
    }
  }

  @Test
  void routesAsAlertmanagerDoes() throws IOException {
    Suite suite = new Suite("alertmanager-routing");
    Path folder = Suite.folder("alertmanager-routing");
    JsonNode file = Suite.json(folder.resolve("routing.json"));
    Map<String, RouteNode> trees = new LinkedHashMap<>();
    file.get("trees")
        .properties()
        .forEach(e -> trees.put(e.getKey(), RouteNode.root(tree(e.getValue().asText()))));
    for (JsonNode c : file.get("cases")) {
      List<String> got = new ArrayList<>();
      for (RouteNode r : trees.get(c.get("tree").asText()).match(labels(c.get("labels")))) {
        got.add(
            r.route().receiver()
                + (r.route().groupByAll() ? List.of("...") : sorted(r.route().groupBy()))
                + r.route().groupWait().toSeconds()
                + "s "
                + r.route().groupInterval().toSeconds()
                + "s "
                + r.route().repeatInterval().toSeconds()
                + "s "
                + r.key());
      }
      List<String> want = new ArrayList<>();
      for (JsonNode r : c.get("routes")) {
        List<String> by = new ArrayList<>();
        r.get("group_by").forEach(g -> by.add(g.asText()));
        want.add(
            r.get("receiver").asText()
                + sorted(by)
                + r.get("group_wait").asText()
                + " "
                + r.get("group_interval").asText()
                + " "
                + r.get("repeat_interval").asText()
                + " "
                + r.get("key").asText());
      }
      suite.check(c.get("id").asText(), got.equals(want), got + ", want " + want);
    }
    for (JsonNode c : file.get("route_labels_cases")) {
      RouteNode r = trees.get(c.get("tree").asText()).match(labels(c.get("labels"))).get(0);
      suite.check(
          c.get("id").asText(),
          Labels.of(r.route().labels()).equals(labels(c.get("route_labels"))),
          "" + r.route().labels());
    }
    Set<String> ids = new TreeSet<>();
    collect(trees.get(file.get("route_ids").get("tree").asText()), ids);
    for (JsonNode id : file.get("route_ids").get("ids")) {
      suite.check("id " + id.asText(), ids.contains(id.asText()), "" + ids);
    }
    for (JsonNode c : Suite.json(folder.resolve("amtool-routes-test.json")).path("cases")) {
      AlertmanagerConfig config =
          AlertmanagerConfigLoader.load(
              YamlReader.read(
                  "f",
                  java.nio.file.Files.readString(
                      folder.resolve(Path.of(c.get("config").asText()).getFileName()))));
      List<String> got =
          RouteNode.root(config.route()).match(labels(c.get("labels"))).stream()
              .map(r -> r.route().receiver())
              .toList();
      List<String> want = new ArrayList<>();
      c.get("receivers").forEach(r -> want.add(r.asText()));
      suite.check("amtool", got.equals(want), got + ", want " + want);
    }
    suite.finish(44);
  }

  private static List<String> sorted(List<String> names) {
    return names.stream().sorted().toList();
  }

  private static void collect(RouteNode node, Set<String> ids) {
    ids.add(node.id());
    node.children().forEach(c -> collect(c, ids));
  }

  private static AlertmanagerConfig.Route tree(String yaml) {
    StringBuilder b = new StringBuilder("route:\n");
    Set<String> receivers = new TreeSet<>();
    for (String line : yaml.split("\n", -1)) {
      b.append("  ").append(line).append('\n');
      int at = line.indexOf("receiver:");
      if (at >= 0) {
        receivers.add(line.substring(at + 9).strip().replaceAll("['\"]", ""));
      }
    }
    if (!yaml.contains("\nreceiver:")) {
      b.append("  receiver: none\n");
      receivers.add("none");
    }
    b.append("receivers:\n");
    receivers.forEach(r -> b.append("- name: ").append(r).append('\n'));
    return AlertmanagerConfigLoader.load(YamlReader.read("t", b.toString())).route();
  }
}
