package io.narthex.bench.scenarios;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * One scenario file. An unknown key, kind or action is an error: a check that is skipped would
 * count as passed.
 *
 * @param kind {@code timeline}, {@code api} or {@code amtool}
 * @param flags flags of the server
 */
record Scenario(String name, String kind, int instances, List<String> flags, JsonNode json) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Keys for the origin of a scenario. */
  private static final Set<String> WORDS = Set.of("notes", "comment", "origin", "source");

  private static final Set<String> CHECKS =
      Set.of("status", "body_contains", "json", "alerts", "groups", "silences", "same", "differs");
  private static final Set<String> OUTPUT_CHECKS =
      Set.of(
          "exit",
          "exit_not",
          "output",
          "output_contains",
          "rows",
          "min_rows",
          "alertnames",
          "matchers",
          "same_ids",
          "ends_at_most");

  static Scenario read(Path file) throws IOException {
    JsonNode json = JSON.readTree(file.toFile());
    String name = json.path("name").asText(file.getFileName().toString());
    String kind = json.path("kind").asText();
    List<String> flags = new ArrayList<>();
    json.path("server").path("flags").forEach(f -> flags.add(f.asText()));
    return new Scenario(
        name, kind, json.path("server").path("instances").asInt(1), List.copyOf(flags), json);
  }

  /** Throws on anything unknown. */
  void check() {
    known(
        json,
        "the scenario",
        Set.of(
            "name",
            "kind",
            "server",
            "config",
            "webhooks",
            "steps",
            "tolerance_s",
            "expect",
            "payload",
            "end_at"));
    known(json.path("server"), "server", Set.of("instances", "flags", "route_prefix"));
    for (JsonNode webhook : json.path("webhooks")) {
      known(webhook, "a webhook", Set.of("discard_before", "delay_before", "delay_s"));
    }
    if (!json.path("config").isTextual()) {
      throw new ScenarioException("no config");
    }
    switch (kind) {
      case "timeline" -> checkTimeline();
      case "api", "amtool" -> {
        if (json.path("steps").isEmpty()) {
          throw new ScenarioException("no steps");
        }
        json.path("steps").forEach(Scenario::checkStep);
      }
      default -> throw new ScenarioException("unknown kind \"" + kind + "\"");
    }
  }

  private void checkTimeline() {
    for (JsonNode step : json.path("steps")) {
      String action = step.path("do").asText();
      Set<String> keys =
          switch (action) {
            case "push" -> Set.of("alerts");
            case "set_silence" -> Set.of("id", "starts_at", "ends_at", "matchers");
            case "delete_silence" -> Set.of("id");
            case "reload" -> Set.of();
            case "amtool" -> with(OUTPUT_CHECKS, "args");
            default -> throw new ScenarioException("unknown action \"" + action + "\"");
          };
      known(step, "a step", with(keys, "do", "at"));
      if (!step.path("at").isNumber()) {
        throw new ScenarioException("a step without a time: " + step);
      }
      for (JsonNode alert : step.path("alerts")) {
        known(
            alert,
            "an alert",
            Set.of("labels", "annotations", "starts_at", "ends_at", "generator_url"));
      }
    }
    if (!json.path("end_at").isNumber() || !json.path("expect").isObject()) {
      throw new ScenarioException("a timeline needs end_at and expect");
    }
    for (JsonNode webhook : json.path("expect")) {
      for (JsonNode entry : webhook) {
        known(entry, "an expectation", Set.of("between", "alerts"));
        if (entry.path("between").size() != 2 || !entry.path("alerts").isArray()) {
          throw new ScenarioException("an expectation needs between and alerts: " + entry);
        }
        for (JsonNode alert : entry.path("alerts")) {
          known(alert, "an alert", Set.of("labels", "annotations", "starts_at", "ends_at"));
        }
      }
    }
  }

  private static void checkStep(JsonNode step) {
    if (step.has("request")) {
      known(
          step.path("request"),
          "a request",
          Set.of("method", "path", "query", "json", "body", "headers"));
      known(step, "a step", with(CHECKS, "request", "save"));
    } else if (step.has("amtool")) {
      known(step, "a step", with(OUTPUT_CHECKS, "amtool", "stdout_to", "save_ids"));
    } else if (step.has("write_file")) {
      known(step, "a step", Set.of("write_file", "content", "json"));
    } else {
      known(step, "a step", Set.of("sleep"));
      if (!step.path("sleep").isNumber()) {
        throw new ScenarioException("a step that does nothing: " + step);
      }
    }
  }

  private static Set<String> with(Set<String> keys, String... more) {
    Set<String> all = new java.util.HashSet<>(keys);
    all.addAll(List.of(more));
    return all;
  }

  private static void known(JsonNode node, String where, Set<String> keys) {
    node.fieldNames()
        .forEachRemaining(key -> {
          if (!keys.contains(key) && !WORDS.contains(key)) {
            throw new ScenarioException("unknown key \"" + key + "\" of " + where);
          }
        });
  }
}
