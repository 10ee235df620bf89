package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/** Alertmanager's API over HTTP: all operations against its own description, all filters. */
class AlertmanagerApiIT {
  private static final String SUITE = "alertmanager-api";
  private static final String NOBODY = "00000000-0000-4000-8000-000000000000";
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir private static Path folder = Path.of("");
  private static @Nullable Server server;
  private static String silence = "";

  @BeforeAll
  static void start() throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("alertmanager.yml"),
            """
            route:
              receiver: all
              group_by: [alertname]
              group_wait: 1s
              routes:
                - {matchers: [team=x], receiver: x, continue: true, labels: {tier: "1"}}
                - {matchers: [team=x], receiver: x, continue: true, group_by: [team]}
                - {matchers: [team=x], receiver: y}
                - {matchers: [team=night], receiver: y, mute_time_intervals: [always]}
            receivers:
              - {name: all}
              - {name: x, labels: {owner: ann}}
              - {name: y, labels: {owner: bob}}
            inhibit_rules:
              - {source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [team]}
            time_intervals:
              - {name: always, time_intervals: [{}]}
            """);
    server =
        Distribution.server(folder.resolve("data"))
            .with("--alertmanager.config.file=" + config)
            .start();
    assertThat(
            send(
                    "POST",
                    "alerts",
                    """
                    [{"labels": {"alertname": "a", "team": "x", "severity": "critical"}},
                     {"labels": {"alertname": "b", "team": "x", "severity": "warning"}},
                     {"labels": {"alertname": "c", "team": "z"}, "annotations": {"empty": ""}, "generatorURL": "http://h/g?a=b"},
                     {"labels": {"alertname": "d", "team": "z"}},
                     {"labels": {"alertname": "e", "team": "night"}}]
                    """)
                .statusCode())
        .isEqualTo(200);
    silence = silence("alertname", "d", 0, 3600);
    silence("alertname", "later", 3600, 7200);
    String gone = silence("alertname", "gone", 0, 3600);
    assertThat(send("DELETE", "silence/" + gone, "").statusCode()).isEqualTo(200);
    assertThat(send("DELETE", "silence/" + gone, "").statusCode()).as("again").isEqualTo(200);
    Server.await(
        "all groups, the muted one too",
        () -> get("alerts/groups").size() == 8 && get("alerts/groups?muted=false").size() == 7);
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
    CLIENT.close();
  }

  private static String silence(String name, String value, long from, long to) throws Exception {
    Instant now = Instant.now();
    HttpResponse<String> answer =
        send(
            "POST",
            "silences",
            "{\"matchers\":[{\"name\":\"%s\",\"value\":\"%s\",\"isRegex\":false}],\"startsAt\":\"%s\",\"endsAt\":\"%s\",\"createdBy\":\"t\",\"comment\":\"c\"}"
                .formatted(name, value, now.plusSeconds(from), now.plusSeconds(to)));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return Server.parse(answer.body()).path("silenceID").asText();
  }

  private static HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    Server running = java.util.Objects.requireNonNull(server);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(running.url("api/v2/" + path)))
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (!body.isEmpty()) {
      request.header("Content-Type", "application/json");
    }
    return CLIENT.send(request.build(), BodyHandlers.ofString());
  }

  private static JsonNode get(String path) {
    try {
      HttpResponse<String> answer = send("GET", path, "");
      assertThat(answer.statusCode()).as("%s: %s", path, answer.body()).isEqualTo(200);
      return Server.parse(answer.body());
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The letters of the alerts of an answer, of groups with their receiver before. */
  private static String names(String path) {
    StringBuilder out = new StringBuilder();
    for (JsonNode one : get(path)) {
      if (one.has("alerts")) {
        out.append(out.isEmpty() ? "" : " ").append(one.path("receiver").path("name").asText());
        out.append(':');
        one.path("alerts").forEach(a -> out.append(a.path("labels").path("alertname").asText()));
      } else {
        out.append(one.path("labels").path("alertname").asText());
      }
    }
    return out.toString();
  }

  private static String sorted(String letters) {
    return letters
        .chars()
        .sorted()
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  @Test
  void alertsAreFiltered() {
    assertThat(sorted(names("alerts"))).isEqualTo("abcde");
    assertThat(sorted(names("alerts?active=false"))).as("suppressed ones").isEqualTo("bd");
    assertThat(sorted(names("alerts?silenced=false"))).isEqualTo("abce");
    assertThat(sorted(names("alerts?inhibited=false"))).isEqualTo("acde");
    assertThat(sorted(names("alerts?unprocessed=false"))).isEqualTo("abcde");
    assertThat(sorted(names("alerts?filter=team%3Dx"))).isEqualTo("ab");
    assertThat(sorted(names("alerts?filter=team%3Dx&filter=severity!%3Dwarning"))).isEqualTo("a");
    assertThat(sorted(names("alerts?filter=severity%3D%22%22"))).isEqualTo("cde");
    assertThat(sorted(names("alerts?receiver=x"))).isEqualTo("ab");
    assertThat(sorted(names("alerts?receiver=x%7Cy"))).isEqualTo("abe");
    assertThat(sorted(names("alerts?receiver_matchers=owner%3Dbob"))).isEqualTo("abe");
    assertThat(sorted(names("alerts?receiver_matchers=owner%3D~%22a.*%22&receiver=y"))).isEmpty();
    JsonNode twice = get("alerts?filter=alertname%3Da").path(0).path("receivers");
    assertThat(twice.findValuesAsText("name")).containsExactly("x", "x", "y");
    JsonNode c = get("alerts?filter=alertname%3Dc").path(0);
    assertThat(c.path("annotations").path("empty").asText("-")).isEmpty();
    assertThat(c.path("generatorURL").asText()).isEqualTo("http://h/g?a=b");
    JsonNode d = get("alerts?filter=alertname%3Dd").path(0).path("status");
    assertThat(d.path("silencedBy").path(0).asText()).isEqualTo(silence);
  }

  @Test
  void groupsAreFiltered() {
    // a group without alertname is before one with it; then by values, then by receiver
    assertThat(names("alerts/groups")).isEqualTo("x:ab x:a y:a x:b y:b all:c all:d y:e");
    assertThat(names("alerts/groups?active=false")).isEqualTo("x:b x:b y:b all:d");
    assertThat(names("alerts/groups?silenced=false")).isEqualTo("x:ab x:a y:a x:b y:b all:c y:e");
    assertThat(names("alerts/groups?inhibited=false")).isEqualTo("x:a x:a y:a all:c all:d y:e");
    assertThat(names("alerts/groups?muted=false")).isEqualTo("x:ab x:a y:a x:b y:b all:c all:d");
    assertThat(names("alerts/groups?filter=team%3Dz")).isEqualTo("all:c all:d");
    assertThat(names("alerts/groups?receiver=y")).isEqualTo("y:a y:b y:e");
    assertThat(names("alerts/groups?receiver_matchers=owner%3Dann")).isEqualTo("x:ab x:a x:b");
    JsonNode of = get("alerts/groups?receiver=y&filter=alertname%3Da").path(0);
    assertThat(of.path("alerts").path(0).path("receivers").findValuesAsText("name"))
        .as("those that pass the filter")
        .containsExactly("y");
    assertThat(get("alerts/groups?receiver=x&filter=alertname%3Da").findValues("routeLabels"))
        .extracting(JsonNode::toString)
        .containsExactly("{}", "{\"tier\":\"1\"}");
  }

  /** The states of the silences that were there from the beginning. */
  private static List<String> states(String path) {
    List<String> out = new ArrayList<>();
    for (JsonNode s : get(path)) {
      if (s.path("matchers").path(0).path("name").asText().equals("alertname")) {
        out.add(s.path("status").path("state").asText());
      }
    }
    return out;
  }

  @Test
  void silencesAreFiltered() {
    assertThat(states("silences")).containsExactly("active", "pending", "expired");
    assertThat(states("silences?active=false")).containsExactly("pending", "expired");
    assertThat(states("silences?pending=false&expired=false")).containsExactly("active");
    assertThat(get("silences?filter=alertname%3Dd").findValuesAsText("id"))
        .containsExactly(silence);
    assertThat(get("silences?filter=alertname%3D~d")).as("compared by letter").isEmpty();
    assertThat(get("silences?filter=alertname%3Dd&filter=team%3Dz")).isEmpty();
  }

  /** An answer that the description knows, and what brings it about. */
  private record Case(String method, String path, String template, int status, String body) {}

  @Test
  void answersAreAsTheDescriptionSays() throws Exception {
    Path description = description();
    Map<String, Object> root = new Yaml().load(Files.readString(description));
    String alerts = "[{\"labels\":{\"alertname\":\"over\"},\"endsAt\":\"2020-01-01T00:00:00Z\"}]";
    String good =
        "{\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}],\"startsAt\":\"2030-01-01T00:00:00Z\",\"endsAt\":\"2031-01-01T00:00:00Z\",\"createdBy\":\"t\",\"comment\":\"c\"}";
    List<Case> cases =
        List.of(
            new Case("GET", "status", "/status", 200, ""),
            new Case("GET", "receivers", "/receivers", 200, ""),
            new Case("GET", "receivers?receiver_matchers=%7B", "/receivers", 400, ""),
            new Case("GET", "silences", "/silences", 200, ""),
            new Case("GET", "silences?filter=%7B", "/silences", 400, ""),
            new Case("POST", "silences", "/silences", 200, good),
            new Case("POST", "silences", "/silences", 400, good.replace("2031", "2029")),
            new Case(
                "POST",
                "silences",
                "/silences",
                404,
                good.replaceFirst("\\{", "{\"id\":\"" + NOBODY + "\",")),
            new Case("GET", "silence/" + silence, "/silence/{silenceID}", 200, ""),
            new Case("GET", "silence/" + NOBODY, "/silence/{silenceID}", 404, ""),
            new Case(
                "DELETE", "silence/" + silence("a", "z", 0, 60), "/silence/{silenceID}", 200, ""),
            new Case("DELETE", "silence/" + NOBODY, "/silence/{silenceID}", 404, ""),
            new Case("GET", "alerts", "/alerts", 200, ""),
            new Case("GET", "alerts?receiver=(", "/alerts", 400, ""),
            new Case("POST", "alerts", "/alerts", 200, alerts),
            new Case("POST", "alerts", "/alerts", 400, "[{\"labels\":{}}]"),
            new Case("GET", "alerts/groups", "/alerts/groups", 200, ""),
            new Case("GET", "alerts/groups?filter=a%3D~(", "/alerts/groups", 400, ""));
    List<String> wrong = new ArrayList<>();
    Set<String> operations = new TreeSet<>();
    for (Case c : cases) {
      operations.add(c.method + c.template);
      List<String> problems = new ArrayList<>();
      HttpResponse<String> answer = send(c.method, c.path, c.body);
      if (answer.statusCode() != c.status) {
        problems.add("status " + answer.statusCode() + ": " + answer.body());
      }
      if (!answer.headers().firstValue("Cache-Control").orElse("").equals("no-store")) {
        problems.add("no Cache-Control: no-store");
      }
      Object operation =
          child(
              child(child(root, "paths"), c.template), c.method.toLowerCase(java.util.Locale.ROOT));
      Object schema =
          child(resolved(root, child(child(operation, "responses"), "" + c.status)), "schema");
      if (schema != null) {
        check(root, schema, Server.parse(answer.body()), "$", problems);
      }
      problems.forEach(p -> wrong.add(c.method + " " + c.path + " " + c.status + ": " + p));
    }
    assertThat(operations).hasSize(9);
    String line =
        "conformance "
            + SUITE
            + ": passed "
            + (cases.size()
                - wrong.stream().map(w -> w.replaceFirst(": .*", "")).distinct().count())
            + " of "
            + cases.size();
    System.out.println(line);
    Path report = Tree.ROOT.resolve("distribution/itests/target/conformance/" + SUITE + ".txt");
    Files.createDirectories(report.getParent());
    Files.writeString(report, line + "\n");
    assertThat(wrong).isEmpty();
  }

  private static Path description() {
    return Needs.shared("conformance/" + SUITE + "/openapi.yaml");
  }

  private static @Nullable Object child(@Nullable Object of, String name) {
    if (!(of instanceof Map<?, ?> map)) {
      return null;
    }
    return map.containsKey(name) ? map.get(name) : null;
  }

  /** Follows a {@code $ref}. */
  private static @Nullable Object resolved(Object root, @Nullable Object node) {
    Object ref = child(node, "$ref");
    if (ref == null) {
      return node;
    }
    Object found = root;
    for (String part : ref.toString().substring(2).split("/")) {
      found = child(found, part);
    }
    return resolved(root, found);
  }

  /** Collects what is wrong with a value, by the words of Swagger 2.0 that the description uses. */
  private static void check(
      Object root, @Nullable Object of, JsonNode value, String at, List<String> problems) {
    Object schema = resolved(root, of);
    if (child(schema, "allOf") instanceof List<?> all) {
      all.forEach(s -> check(root, s, value, at, problems));
    }
    if (child(schema, "required") instanceof List<?> required) {
      required.stream()
          .filter(r -> !value.has("" + r))
          .forEach(r -> problems.add(at + ": no " + r));
    }
    if (child(schema, "enum") instanceof List<?> words && !words.contains(value.asText())) {
      problems.add(at + ": " + value + " is none of " + words);
    }
    Object type = child(schema, "type");
    boolean right =
        type == null
            || switch (type.toString()) {
              case "string" -> value.isTextual();
              case "boolean" -> value.isBoolean();
              case "array" -> value.isArray();
              case "object" -> value.isObject();
              default -> false;
            };
    if (!right) {
      problems.add(at + ": not of type " + type + ": " + value);
      return;
    }
    if ("date-time".equals(child(schema, "format"))) {
      try {
        OffsetDateTime.parse(value.asText());
      } catch (java.time.DateTimeException e) {
        problems.add(at + ": no time: " + value);
      }
    }
    if (child(schema, "properties") instanceof Map<?, ?> properties) {
      properties.forEach((name, s) -> {
        if (value.has("" + name)) {
          check(root, s, value.get("" + name), at + "." + name, problems);
        }
      });
    }
    Object other = child(schema, "additionalProperties");
    if (other != null) {
      value
          .properties()
          .forEach(e -> check(root, other, e.getValue(), at + "." + e.getKey(), problems));
    }
    if (value.isArray() && child(schema, "items") != null) {
      for (int i = 0; i < value.size(); i++) {
        check(root, child(schema, "items"), value.get(i), at + "[" + i + "]", problems);
      }
    }
  }
}
