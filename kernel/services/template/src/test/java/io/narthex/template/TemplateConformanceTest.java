package io.narthex.template;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.service.template.TemplateService.NotificationData;
import io.narthex.spi.notifier.Notification.NotifiedAlert;
import io.narthex.spi.notifier.TemplateRenderer;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TemplateConformanceTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Clock clock = Clock.fixed(Instant.parse("2026-03-01T12:00:00Z"), ZoneOffset.UTC);
  private final DefaultTemplateService service = new DefaultTemplateService(clock, null);
  private final List<String> failures = new ArrayList<>();
  private int passed;
  private int total;

  @Test
  void expandsAllCasesOfTheSuite() throws IOException {
    Path folder = Needs.shared("conformance/alertmanager-templates");
    functions(JSON.readTree(folder.resolve("functions.json").toFile()));
    defaults(JSON.readTree(folder.resolve("default-templates.json").toFile()));
    dataModel(JSON.readTree(folder.resolve("data-model.json").toFile()));
    structured(JSON.readTree(folder.resolve("structured-values.json").toFile()));
    pairs(JSON.readTree(folder.resolve("kv.json").toFile()));
    String line = "conformance alertmanager-templates: passed " + passed + " of " + total;
    System.out.println(line);
    Files.createDirectories(Path.of("target/conformance"));
    Files.writeString(Path.of("target/conformance/alertmanager-templates.txt"), line + "\n");
    assertThat(failures).isEmpty();
    assertThat(passed).isEqualTo(442);
  }

  private void check(String id, boolean ok, @Nullable Object expected, @Nullable Object actual) {
    total++;
    if (ok) {
      passed++;
    } else {
      failures.add(id + "\n  expected <" + expected + ">\n  actual   <" + actual + ">");
    }
  }

  private void functions(JsonNode file) {
    for (JsonNode c : file.get("cases")) {
      JsonNode data = c.path("data");
      Map<String, String> routeLabels = new LinkedHashMap<>();
      data.path("routeLabels")
          .properties()
          .forEach(e ->
              routeLabels.put(
                  e.getKey(),
                  c.path("route_labels_rendered").asBoolean(false)
                      ? "{{ `" + e.getValue().asText() + "` }}"
                      : e.getValue().asText()));
      TemplateRenderer renderer = service.renderer(value(c, data), routeLabels);
      String actual;
      boolean failed = false;
      try {
        String template = c.get("template").asText();
        actual =
            c.get("engine").asText().equals("html")
                ? renderer.html(template)
                : renderer.text(template);
      } catch (TemplateRenderer.TemplateException e) {
        failed = true;
        actual = e.getMessage();
      }
      String id = c.get("id").asText();
      if (c.path("error").asBoolean(false)) {
        check(id, failed, "an error", actual);
      } else {
        String expected = c.get("output").asText();
        check(id, !failed && expected.equals(actual), expected, actual);
      }
    }
  }

  private @Nullable Object value(JsonNode c, JsonNode data) {
    return switch (c.path("data_type").asText("")) {
      case "data" -> model(data);
      case "time" ->
          GoTime.of(
              data.has("$time")
                  ? Instant.parse(data.get("$time").asText())
                  : clock.instant().minusSeconds(data.get("$now_minus_seconds").asLong()));
      case "float list" -> {
        List<Object> list = new ArrayList<>();
        data.forEach(n -> list.add(n.asDouble()));
        yield list;
      }
      default -> plain(data);
    };
  }

  private @Nullable Object plain(JsonNode n) {
    if (n.isArray()) {
      List<@Nullable Object> list = new ArrayList<>();
      n.forEach(i -> list.add(plain(i)));
      return list;
    }
    if (n.isObject()) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      n.properties().forEach(e -> map.put(e.getKey(), plain(e.getValue())));
      return map;
    }
    if (n.isIntegralNumber()) {
      return n.asLong();
    }
    return n.isNumber()
        ? (Object) n.asDouble()
        : n.isBoolean() ? (Object) n.asBoolean() : n.isTextual() ? n.asText() : null;
  }

  private static LabelMap labels(JsonNode n) {
    Map<String, String> map = new LinkedHashMap<>();
    n.properties().forEach(e -> map.put(e.getKey(), e.getValue().asText()));
    return new LabelMap(map, true, n.isMissingNode());
  }

  private static NotificationModel model(JsonNode d) {
    List<NotificationModel.AlertModel> alerts = new ArrayList<>();
    for (JsonNode a : d.path("alerts")) {
      alerts.add(
          new NotificationModel.AlertModel(
              a.path("status").asText(""),
              labels(a.path("labels")),
              labels(a.path("annotations")),
              time(a.path("startsAt")),
              time(a.path("endsAt")),
              a.path("generatorURL").asText(""),
              a.path("fingerprint").asText("")));
    }
    return new NotificationModel(
        d.path("receiver").asText(""),
        d.path("status").asText(""),
        new NotificationModel.AlertList(alerts),
        d.path("notification_reason").asText(""),
        labels(d.path("groupLabels")),
        labels(d.path("commonLabels")),
        labels(d.path("commonAnnotations")),
        labels(d.path("routeLabels")),
        d.path("externalURL").asText(""));
  }

  private static java.time.ZonedDateTime time(JsonNode n) {
    return n.isMissingNode()
        ? GoTime.ZERO
        : GoTime.of(OffsetDateTime.parse(n.asText()).toInstant());
  }

  private void defaults(JsonNode file) {
    for (JsonNode c : file.get("cases")) {
      NotificationModel model = model(c.get("data"));
      TemplateRenderer renderer = service.renderer(model, Map.of());
      c.get("templates")
          .properties()
          .forEach(e -> {
            String dot = e.getKey().equals("pagerduty.default.instances") ? ".Alerts.Firing" : ".";
            String expected = e.getValue().asText();
            String actual = renderer.text("{{ template \"" + e.getKey() + "\" " + dot + " }}");
            check(
                c.get("id").asText() + " " + e.getKey(), expected.equals(actual), expected, actual);
          });
      if (c.has("email_html")) {
        String expected = collapse(c.get("email_html").asText());
        String actual = collapse(renderer.html("{{ template \"email.default.html\" . }}"));
        check(c.get("id").asText() + " email", expected.equals(actual), expected, actual);
      }
    }
  }

  private static String collapse(String s) {
    return s.strip().replaceAll("\\s+", " ");
  }

  private void dataModel(JsonNode file) throws IOException {
    for (JsonNode c : file.get("cases")) {
      List<NotifiedAlert> alerts = new ArrayList<>();
      JsonNode expected = c.get("expected");
      for (JsonNode a : c.get("alerts")) {
        boolean firing = !a.has("endsAt");
        Labels labels = map(a.get("labels"));
        alerts.add(
            new NotifiedAlert(
                new Alert(
                    labels,
                    map(a.get("annotations")),
                    time(a.path("startsAt")).toInstant(),
                    firing ? Instant.MAX : time(a.path("endsAt")).toInstant(),
                    ""),
                firing,
                expected.get("alerts").get(alerts.size()).get("fingerprint").asText()));
      }
      Map<String, String> routeLabels = new LinkedHashMap<>();
      c.get("route_labels")
          .properties()
          .forEach(e -> routeLabels.put(e.getKey(), e.getValue().asText()));
      NotificationModel model =
          NotificationModel.of(
              new NotificationData(
                  c.get("receiver").asText(),
                  c.get("reason").asText(),
                  map(c.get("group_labels")),
                  routeLabels,
                  alerts,
                  c.get("external_url").asText()));
      JsonNode actual = JSON.readTree(GoJson.write(model, false));
      ((com.fasterxml.jackson.databind.node.ObjectNode) actual)
          .withArray("alerts")
          .forEach(a -> {
            var o = (com.fasterxml.jackson.databind.node.ObjectNode) a;
            if (o.get("endsAt").asText().equals("0001-01-01T00:00:00Z")) {
              o.remove("endsAt");
            }
            if (o.get("generatorURL").asText().isEmpty()) {
              o.remove("generatorURL");
            }
          });
      check(c.get("id").asText(), actual.equals(expected), expected, actual);
    }
  }

  private static Labels map(JsonNode n) {
    Map<String, String> map = new LinkedHashMap<>();
    n.properties().forEach(e -> map.put(e.getKey(), e.getValue().asText()));
    return Labels.of(map);
  }

  private void structured(JsonNode file) throws IOException {
    for (JsonNode c : file.get("cases")) {
      String suffix = c.get("each_string").asText().startsWith("append") ? "-templated" : "";
      Object input =
          c.has("input_yaml") ? yaml(c.get("input_yaml").asText()) : plain(c.get("input"));
      Object actual = NotificationRenderer.StructuredValues.expand(input, s -> s + suffix);
      JsonNode shown = JSON.readTree(GoJson.write(actual, false));
      check(c.get("title").asText(), shown.equals(c.get("output")), c.get("output"), shown);
    }
  }

  private static @Nullable Object yaml(String text) {
    var mapping = (io.narthex.spi.config.ConfigNode.Mapping) YamlReader.read("t", text);
    Map<Object, @Nullable Object> out = new LinkedHashMap<>();
    mapping
        .entries()
        .forEach(e ->
            out.put(
                e.key().equals("42") ? (Object) 42L : e.key(),
                NotificationRenderer.StructuredValues.plain(e.value())));
    return out;
  }

  private void pairs(JsonNode file) {
    for (JsonNode c : file.get("cases")) {
      if (c.has("pairs_to_string")) {
        List<Map.Entry<String, String>> list = new ArrayList<>();
        c.get("pairs_to_string")
            .forEach(p -> list.add(Map.entry(p.get(0).asText(), p.get(1).asText())));
        String actual = new LabelMap.Pairs(list).print();
        check("pairs", actual.equals(c.get("string").asText()), c.get("string"), actual);
        continue;
      }
      LabelMap map = labels(c.get("input"));
      List<@Nullable Object> remove = new ArrayList<>();
      c.path("remove").forEach(r -> remove.add(r.asText()));
      LabelMap rest =
          (LabelMap)
              java.util.Objects.requireNonNull(map.member("Remove", List.of((Object) remove)));
      List<String> expected = new ArrayList<>();
      c.get("sorted_names").forEach(n -> expected.add(n.asText()));
      List<String> actual = rest.sortedPairs().names();
      check("kv", actual.equals(expected), expected, actual);
    }
  }
}
