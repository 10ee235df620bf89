package io.narthex.bench.scenarios;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.narthex.bench.scenarios.WebhookSink.Received;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One run of a scenario against its own server. */
final class ScenarioRun implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double TOLERANCE = 0.15;
  private static final String NO_END = "0001-01-01T00:00:00Z";
  private static final Pattern COLUMNS = Pattern.compile("  +", 0);

  private final Scenario scenario;
  private final Amtool amtool;
  private final Path folder;
  private final Variables variables = new Variables();
  private final Map<String, WebhookSink> webhooks = new LinkedHashMap<>();
  private final Map<String, String> silences = new HashMap<>();
  private @Nullable ScenarioServer server;

  ScenarioRun(Scenario scenario, Amtool amtool, Path folder) {
    this.scenario = scenario;
    this.amtool = amtool;
    this.folder = folder;
  }

  /** Starts the receivers and the server. */
  void start(ScenarioServer.Installation installation) throws IOException, InterruptedException {
    for (var webhook : scenario.json().path("webhooks").properties()) {
      WebhookSink sink = new WebhookSink(webhook.getValue(), variables);
      webhooks.put(webhook.getKey(), sink);
      variables.set("webhook." + webhook.getKey(), List.of(sink.url()));
    }
    server =
        ScenarioServer.start(
            installation,
            folder,
            variables.expand(scenario.json().path("config").asText()),
            scenario.flags(),
            "");
  }

  private ScenarioServer server() {
    return java.util.Objects.requireNonNull(server, "not started");
  }

  /** Waits until the server has finished its start. */
  void awaitIdle() throws InterruptedException {
    server().awaitIdle();
  }

  /** Runs the steps and throws when an expectation is not met. */
  void play() throws IOException, InterruptedException {
    variables.start(Instant.now());
    if (scenario.kind().equals("timeline")) {
      for (JsonNode step : scenario.json().path("steps")) {
        sleepUntil(step.path("at").asDouble());
        timelineStep(step);
      }
      sleepUntil(scenario.json().path("end_at").asDouble());
      judge();
    } else {
      int number = 0;
      for (JsonNode step : scenario.json().path("steps")) {
        number++;
        try {
          sequenceStep(step);
        } catch (ScenarioException e) {
          throw new ScenarioException("step " + number + ": " + e.getMessage(), e);
        }
      }
    }
    if (!server().alive()) {
      throw new ScenarioException("the server ended");
    }
  }

  private void sleepUntil(double second) throws InterruptedException {
    Duration left = Duration.between(Instant.now(), at(second));
    if (left.isPositive()) {
      Thread.sleep(left);
    }
  }

  private Instant at(double second) {
    return variables.start().plusNanos((long) (second * 1e9));
  }

  private double second(String time) {
    return Duration.between(variables.start(), OffsetDateTime.parse(time).toInstant()).toNanos()
        / 1e9;
  }

  private static HttpResponse<String> successful(String what, HttpResponse<String> answer) {
    if (answer.statusCode() != 200) {
      throw new ScenarioException(what + ": " + answer.statusCode() + " " + answer.body().strip());
    }
    return answer;
  }

  // --- timelines

  private void timelineStep(JsonNode step) throws IOException, InterruptedException {
    switch (step.path("do").asText()) {
      case "push" -> push(step.path("alerts"));
      case "set_silence" -> {
        ObjectNode silence = JSON.createObjectNode();
        silence.set("matchers", variables.expand(step.path("matchers")));
        silence
            .put("startsAt", at(step.path("starts_at").asDouble()).toString())
            .put("endsAt", at(step.path("ends_at").asDouble()).toString())
            .put("createdBy", "scenario")
            .put("comment", "of the scenario");
        HttpResponse<String> answer =
            successful("set_silence", server().api("POST", "silences", silence.toString()));
        String id = JSON.readTree(answer.body()).path("silenceID").asText();
        silences.put(step.path("id").asText(), id);
        variables.set(step.path("id").asText(), List.of(id));
      }
      case "delete_silence" -> {
        String id = silences.get(step.path("id").asText());
        if (id == null) {
          throw new ScenarioException("no silence \"" + step.path("id").asText() + "\" was set");
        }
        successful("delete_silence", server().api("DELETE", "silence/" + id, null));
      }
      case "reload" -> server().reload();
      case "amtool" -> {
        Amtool.Result result = amtool(step.path("args"));
        if (!step.has("exit") && !step.has("exit_not") && result.exit() != 0) {
          throw new ScenarioException("amtool " + step.path("args") + ": " + result.all().strip());
        }
        checkOutput(step, result);
      }
      default -> throw new ScenarioException("unknown action " + step);
    }
  }

  private void push(JsonNode alerts) throws IOException, InterruptedException {
    ArrayNode posted = JSON.createArrayNode();
    for (JsonNode alert : alerts) {
      ObjectNode post = posted.addObject();
      post.set("labels", variables.expand(alert.path("labels")));
      if (alert.has("annotations")) {
        post.set("annotations", variables.expand(alert.path("annotations")));
      }
      if (alert.path("starts_at").isNumber()) {
        post.put("startsAt", at(alert.path("starts_at").asDouble()).toString());
      }
      if (alert.path("ends_at").isNumber()) {
        post.put("endsAt", at(alert.path("ends_at").asDouble()).toString());
      }
      if (alert.has("generator_url")) {
        post.put("generatorURL", variables.expand(alert.path("generator_url").asText()));
      }
    }
    successful("push", server().api("POST", "alerts", posted.toString()));
  }

  private void judge() {
    double tolerance = scenario.json().path("tolerance_s").asDouble(TOLERANCE);
    List<String> problems = new ArrayList<>();
    Set<String> names = new TreeSet<>(webhooks.keySet());
    scenario.json().path("expect").fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      WebhookSink webhook = webhooks.get(name);
      if (webhook == null) {
        problems.add("expect: there is no webhook \"" + name + "\"");
        continue;
      }
      List<Received> received = webhook.received();
      int before = problems.size();
      int wanted = 0;
      for (JsonNode entry : scenario.json().path("expect").path(name)) {
        double from = entry.path("between").path(0).asDouble();
        double to = entry.path("between").path(1).asDouble();
        JsonNode alerts = variables.expand(entry.path("alerts"));
        wanted += alerts.size();
        List<Received> inWindow =
            received.stream().filter(r -> r.at() >= from && r.at() <= to).toList();
        boolean met =
            alerts.isEmpty()
                ? inWindow.isEmpty()
                : inWindow.stream()
                    .anyMatch(r ->
                        JsonChecks.pairs(
                            r.body().path("alerts"),
                            alerts,
                            (got, want) -> same(got, want, tolerance)));
        if (!met) {
          problems.add(name + ": not met: " + entry);
        }
      }
      int got = 0;
      for (Received r : received) {
        int size = r.body().path("alerts").size();
        got += size;
        if (size == 0) {
          problems.add(name + ": a notification without alerts at " + seconds(r.at()));
        }
      }
      if (got != wanted) {
        problems.add(name + ": " + got + " alerts in all notifications, want " + wanted);
      }
      checkPayload(name, received, problems);
      if (problems.size() > before) {
        received.forEach(r ->
            problems.add(name + ": received at " + seconds(r.at()) + " s: " + shown(r.body())));
      }
    }
    if (!problems.isEmpty()) {
      throw new ScenarioException(String.join("\n  ", problems));
    }
  }

  private static String seconds(double at) {
    return Double.toString(Math.round(at * 1000) / 1000.0);
  }

  private String shown(JsonNode body) {
    List<String> alerts = new ArrayList<>();
    for (JsonNode alert : body.path("alerts")) {
      String end = alert.path("endsAt").asText();
      alerts.add(
          alert.path("labels")
              + (alert.path("annotations").isEmpty() ? "" : " " + alert.path("annotations"))
              + " from "
              + seconds(second(alert.path("startsAt").asText()))
              + (end.equals(NO_END) ? "" : " to " + seconds(second(end))));
    }
    return alerts.toString();
  }

  private boolean same(JsonNode got, JsonNode want, double tolerance) {
    JsonNode none = JsonNodeFactory.instance.objectNode();
    JsonNode annotations = want.has("annotations") ? want.path("annotations") : none;
    if (!JsonChecks.equal(got.path("labels"), want.path("labels"))
        || !JsonChecks.equal(got.path("annotations"), annotations)) {
      return false;
    }
    boolean ended = want.path("ends_at").isNumber();
    if (!got.path("status").asText().equals(ended ? "resolved" : "firing")) {
      return false;
    }
    try {
      return (!want.path("starts_at").isNumber()
              || near(got.path("startsAt").asText(), want.path("starts_at"), tolerance))
          && (ended
              ? near(got.path("endsAt").asText(), want.path("ends_at"), tolerance)
              : got.path("endsAt").asText().equals(NO_END));
    } catch (DateTimeException e) {
      throw new ScenarioException("not a time: " + got, e);
    }
  }

  private boolean near(String time, JsonNode second, double tolerance) {
    return Math.abs(second(time) - second.asDouble()) <= tolerance + 1e-9;
  }

  private void checkPayload(String name, List<Received> received, List<String> problems) {
    JsonNode payloads = scenario.json().path("payload").path(name);
    for (int i = 0; i < payloads.size(); i++) {
      if (i >= received.size()) {
        problems.add(name + ": there is no notification " + (i + 1));
        continue;
      }
      for (var field : payloads.get(i).properties()) {
        JsonNode got = JsonChecks.at(received.get(i).body(), field.getKey());
        if (!JsonChecks.equal(got, variables.expand(field.getValue()))) {
          problems.add(
              name
                  + ": notification "
                  + (i + 1)
                  + ": "
                  + field.getKey()
                  + " is "
                  + got
                  + ", want "
                  + field.getValue());
        }
      }
    }
  }

  // --- sequences of requests and commands

  private void sequenceStep(JsonNode step) throws IOException, InterruptedException {
    if (step.has("request")) {
      request(step);
    } else if (step.has("amtool")) {
      Amtool.Result result = amtool(step.path("amtool"));
      checkOutput(step, result);
      if (step.has("stdout_to")) {
        Files.writeString(file(step.path("stdout_to").asText()), result.out());
      }
      if (step.has("save_ids")) {
        variables.set(step.path("save_ids").asText(), column(rows(result), 0));
      }
    } else if (step.has("write_file")) {
      String content =
          step.has("json")
              ? variables.expand(step.path("json")).toString()
              : variables.expand(step.path("content").asText());
      Files.writeString(file(step.path("write_file").asText()), content);
    } else {
      Thread.sleep((long) (step.path("sleep").asDouble() * 1000));
    }
  }

  private Path file(String name) {
    Path file = folder.resolve(name).normalize();
    if (!folder.equals(file.getParent())) {
      throw new ScenarioException("not a plain file name: \"" + name + "\"");
    }
    return file;
  }

  private void request(JsonNode step) throws IOException, InterruptedException {
    JsonNode request = step.path("request");
    StringBuilder path = new StringBuilder(variables.expand(request.path("path").asText()));
    char separator = path.indexOf("?") < 0 ? '?' : '&';
    for (JsonNode pair : request.path("query")) {
      path.append(separator)
          .append(ScenarioServer.encode(variables.expand(pair.path(0).asText())))
          .append('=')
          .append(ScenarioServer.encode(variables.expand(pair.path(1).asText())));
      separator = '&';
    }
    String body =
        request.has("json")
            ? variables.expand(request.path("json")).toString()
            : request.has("body") ? variables.expand(request.path("body").asText()) : null;
    Map<String, String> headers = new LinkedHashMap<>();
    request
        .path("headers")
        .properties()
        .forEach(h -> headers.put(h.getKey(), variables.expand(h.getValue().asText())));
    HttpResponse<String> answer =
        server().send(request.path("method").asText("GET"), path.toString(), body, headers);
    String got = answer.statusCode() + " " + answer.body().strip();
    if (step.has("status") && answer.statusCode() != step.path("status").asInt()) {
      throw new ScenarioException(path + ": want status " + step.path("status") + ", got " + got);
    }
    for (JsonNode part : listed(step.path("body_contains"))) {
      String text = variables.expand(part.asText());
      if (!answer.body().contains(text)) {
        throw new ScenarioException(path + ": want \"" + text + "\", got " + got);
      }
    }
    boolean parsed =
        step.has("save")
            || step.has("json")
            || step.has("alerts")
            || step.has("groups")
            || step.has("silences")
            || step.has("same")
            || step.has("differs");
    if (!parsed) {
      return;
    }
    JsonNode json;
    try {
      json = JSON.readTree(answer.body());
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new ScenarioException(path + ": not JSON: " + got, e);
    }
    for (var saved : step.path("save").properties()) {
      JsonNode value = JsonChecks.at(json, saved.getValue().asText());
      if (value.isMissingNode()) {
        throw new ScenarioException(path + ": no " + saved.getValue().asText() + " in " + got);
      }
      variables.set(saved.getKey(), List.of(text(value)));
    }
    for (var field : step.path("json").properties()) {
      JsonNode value = JsonChecks.at(json, field.getKey());
      if (!JsonChecks.equal(value, variables.expand(field.getValue()))) {
        throw new ScenarioException(
            path + ": " + field.getKey() + " is " + value + ", want " + field.getValue());
      }
    }
    for (String list : List.of("alerts", "groups", "silences")) {
      if (step.has(list)) {
        JsonNode want = variables.expand(step.path(list));
        if (!JsonChecks.sameElements(json, want)) {
          throw new ScenarioException(path + ": want " + list + " " + want + ", got " + got);
        }
      }
    }
    compare(path.toString(), json, step.path("same"), true);
    compare(path.toString(), json, step.path("differs"), false);
  }

  private static String text(JsonNode value) {
    return value.isValueNode() ? value.asText() : value.toString();
  }

  private static Iterable<JsonNode> listed(JsonNode node) {
    return node.isArray() || node.isMissingNode() ? node : List.of(node);
  }

  /** Compares values of a response, or saved ones, with saved ones. */
  private void compare(String path, JsonNode answer, JsonNode pairs, boolean same) {
    if (pairs.isArray() && pairs.size() == 2 && pairs.get(0).isTextual()) {
      compare(path, answer, pairs.get(0).asText(), pairs.get(1).asText(), same);
    } else if (pairs.isObject()) {
      pairs
          .properties()
          .forEach(p -> compare(path, answer, p.getKey(), p.getValue().asText(), same));
    } else if (!pairs.isMissingNode()) {
      throw new ScenarioException("not a comparison: " + pairs);
    }
  }

  private void compare(String path, JsonNode answer, String left, String right, boolean same) {
    String got =
        variables.has(left)
            ? String.join(" ", variables.get(left))
            : text(JsonChecks.at(answer, left));
    String saved =
        variables.has(right) ? String.join(" ", variables.get(right)) : variables.expand(right);
    if (got.equals(saved) != same) {
      throw new ScenarioException(
          path + ": " + left + " is " + got + ", want " + (same ? "" : "other than ") + saved);
    }
  }

  private Amtool.Result amtool(JsonNode arguments) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>();
    arguments.forEach(a -> words.addAll(variables.arguments(a.asText())));
    return amtool.run(server(), words, folder);
  }

  private static List<String> rows(Amtool.Result result) {
    List<String> lines = result.out().lines().filter(l -> !l.isBlank()).toList();
    return lines.isEmpty() ? lines : lines.subList(1, lines.size());
  }

  private static List<String> column(List<String> rows, int index) {
    return rows.stream()
        .map(row -> COLUMNS.split(row.strip(), -1))
        .map(columns -> index < columns.length ? columns[index] : "")
        .toList();
  }

  private void checkOutput(JsonNode step, Amtool.Result result) {
    List<String> problems = new ArrayList<>();
    int exit = result.exit();
    if (step.has("exit") ? exit != step.path("exit").asInt() : exit != 0 && !step.has("exit_not")) {
      problems.add("exit " + exit);
    }
    if (step.has("exit_not") && exit == step.path("exit_not").asInt()) {
      problems.add("exit " + exit);
    }
    if (step.has("output")
        && !result.all().equals(variables.expand(step.path("output").asText()))) {
      problems.add("want output " + step.path("output"));
    }
    for (JsonNode part : listed(step.path("output_contains"))) {
      if (!result.all().contains(variables.expand(part.asText()))) {
        problems.add("want output with " + part);
      }
    }
    List<String> rows = rows(result);
    if (step.has("rows") && rows.size() != step.path("rows").asInt()) {
      problems.add("want " + step.path("rows") + " rows");
    }
    if (step.has("min_rows") && rows.size() < step.path("min_rows").asInt()) {
      problems.add("want at least " + step.path("min_rows") + " rows");
    }
    if (step.has("alertnames") && !same(column(rows, 0), step.path("alertnames"))) {
      problems.add("want alerts " + step.path("alertnames"));
    }
    if (step.has("matchers") && !same(column(rows, 1), step.path("matchers"))) {
      problems.add("want matchers " + step.path("matchers"));
    }
    if (step.has("same_ids")) {
      Set<String> ids = Set.copyOf(variables.get(step.path("same_ids").asText()));
      if (!Set.copyOf(column(rows, 0)).equals(ids)) {
        problems.add("want ids " + ids);
      }
    }
    if (step.has("ends_at_most")) {
      Instant most =
          OffsetDateTime.parse(variables.expand(step.path("ends_at_most").asText())).toInstant();
      for (String end : column(rows, 2)) {
        Instant at =
            LocalDateTime.parse(end.replace(" UTC", "").replace(' ', 'T'))
                .toInstant(ZoneOffset.UTC);
        if (at.isAfter(most)) {
          problems.add("want no end after " + most);
        }
      }
    }
    if (!problems.isEmpty()) {
      throw new ScenarioException(
          "amtool "
              + (step.has("amtool") ? step.path("amtool") : step.path("args"))
              + ": "
              + String.join("; ", problems)
              + "; got exit "
              + exit
              + ": "
              + result.all().strip());
    }
  }

  /** Returns whether texts are the wanted ones in any order. */
  private boolean same(List<String> got, JsonNode want) {
    List<String> wanted = new ArrayList<>();
    listed(want).forEach(w -> wanted.add(variables.expand(w.asText())));
    return got.stream().sorted().toList().equals(wanted.stream().sorted().toList());
  }

  @Override
  public void close() {
    if (server != null) {
      server.close();
    }
    webhooks.values().forEach(WebhookSink::close);
  }
}
