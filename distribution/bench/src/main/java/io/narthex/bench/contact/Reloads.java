package io.narthex.bench.contact;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Files that running servers read by a reload, one after the other: whether each is accepted, and
 * what came of the accepted ones. A file never holds what would be asked from another machine.
 */
final class Reloads implements Area {
  private static final String RULES = "rules.yml";

  private final String name;
  private final List<String> files;
  private final Trial trial;

  private interface Trial {
    String outcome(Side side, Input input) throws IOException, InterruptedException;
  }

  private Reloads(String name, List<String> files, Trial trial) {
    this.name = name;
    this.files = files;
    this.trial = trial;
  }

  /** Whole configurations: the status. */
  static Area configurations() {
    return new Reloads(
        "configurations",
        List.of("configurations", "jobs"),
        (side, input) -> {
          byte[] body = input.body();
          int status = side.configure(input.kind().equals("jobs") ? job(input) : body);
          return Integer.toString(status); // the jobs come later, after discovery
        });
  }

  /** Files of rules: the status and what the server shows of the groups. */
  static Area rules() {
    return new Reloads(
        "rules",
        List.of("rules"),
        (side, input) -> {
          Files.write(side.folder().resolve(RULES), input.body());
          int status = side.configure(ruleConfig().getBytes(StandardCharsets.UTF_8));
          return status + (status == 200 ? "\n" + groups(side) : "");
        });
  }

  /** Configurations of alerts: the status and the receivers. */
  static Area alertmanagers() {
    return new Reloads(
        "alertmanagers",
        List.of("alertmanagers"),
        (side, input) -> {
          int status = side.configureAlerts(input.body());
          return status + (status == 200 ? "\n" + receivers(side) : "");
        });
  }

  static String ruleConfig() {
    return "global: {evaluation_interval: 1h}\nrule_files: [" + RULES + "]\n";
  }

  private static byte[] job(Input input) {
    StringBuilder config = new StringBuilder("scrape_configs:\n");
    String prefix = "- ";
    for (String line : new String(input.body(), StandardCharsets.ISO_8859_1).split("\n", -1)) {
      config.append(prefix).append(line).append('\n');
      prefix = "  ";
    }
    return config.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String groups(Side side) throws IOException, InterruptedException {
    StringBuilder text = new StringBuilder();
    for (JsonNode group : side.data("/api/v1/rules").path("groups")) {
      text.append(group.path("name"))
          .append(" every ")
          .append(group.path("interval").asDouble())
          .append(" limit ")
          .append(group.path("limit"))
          .append('\n');
      for (JsonNode rule : group.path("rules")) {
        Map<String, String> shown = new TreeMap<>();
        for (String key : List.of("name", "query", "type", "duration", "keepFiringFor")) {
          JsonNode value = rule.path(key);
          shown.put(key, value.isNumber() ? Double.toString(value.asDouble()) : value.toString());
        }
        shown.put("labels", Targets.labels(rule.path("labels")));
        shown.put("annotations", Targets.labels(rule.path("annotations")));
        text.append("  ").append(shown).append('\n');
      }
    }
    return text.toString();
  }

  private static String receivers(Side side) throws IOException, InterruptedException {
    return side.askAlertmanager("GET", "/api/v2/receivers", Map.of(), new byte[0]).body().strip();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<String> files() {
    return files;
  }

  @Override
  public Map<String, String> outcomes(Side side, List<Input> inputs)
      throws IOException, InterruptedException {
    Map<String, String> out = new TreeMap<>();
    Path rules = side.folder().resolve(RULES);
    for (Input input : inputs) {
      out.put(input.id(), trial.outcome(side, input));
    }
    Files.deleteIfExists(rules);
    side.configureAlerts(Side.NO_RECEIVER.getBytes(StandardCharsets.UTF_8));
    side.reset();
    return out;
  }
}
