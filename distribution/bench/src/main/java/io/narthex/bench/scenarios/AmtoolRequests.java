package io.narthex.bench.scenarios;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Labels;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Stands in for amtool where that program is not installed: the commands that scenarios use, as
 * requests of the API, with the output of the form {@code simple} or {@code json}.
 */
final class AmtoolRequests implements Amtool {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** Letters of flags and what they are short for. */
  private static final Map<String, String> SHORT =
      Map.ofEntries(
          Map.entry("-o", "--output"),
          Map.entry("-c", "--comment"),
          Map.entry("-a", "--author"),
          Map.entry("-d", "--duration"),
          Map.entry("-r", "--receiver"),
          Map.entry("-i", "--inhibited"),
          Map.entry("-s", "--silenced"),
          Map.entry("-u", "--unprocessed"),
          Map.entry("-q", "--quiet"),
          Map.entry("-f", "--force"),
          Map.entry("-w", "--worker"));

  private static final Set<String> SWITCHES =
      Set.of(
          "--expired",
          "--quiet",
          "--active",
          "--silenced",
          "--inhibited",
          "--unprocessed",
          "--force");
  private static final Set<String> VALUES =
      Set.of(
          "--output",
          "--comment",
          "--author",
          "--duration",
          "--start",
          "--end",
          "--annotation",
          "--within",
          "--receiver",
          "--generator-url",
          "--created-by",
          "--id",
          "--worker",
          "--verify.receivers",
          "--date.format");

  /** Ends the program with status 1 and a message. */
  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    Refusal(String message) {
      super(message);
    }
  }

  private static final class Command {
    final Map<String, List<String>> flags = new HashMap<>();
    final List<String> words = new ArrayList<>();

    boolean has(String flag) {
      return flags.containsKey(flag);
    }

    String value(String flag, String otherwise) {
      return flags.getOrDefault(flag, List.of(otherwise)).getLast();
    }
  }

  @Override
  public Result run(ScenarioServer server, List<String> arguments, Path folder)
      throws IOException, InterruptedException {
    Command command = parse(arguments);
    StringBuilder out = new StringBuilder();
    try {
      switch (String.join(" ", command.words.subList(0, Math.min(2, command.words.size())))) {
        case "alert add" -> addAlert(server, command);
        case "alert query" -> queryAlerts(server, command, out);
        case "silence add" -> addSilence(server, command, out);
        case "silence query" -> querySilences(server, command, out);
        case "silence expire" -> expireSilences(server, command);
        case "silence import" -> importSilences(server, command, folder, out);
        case "config show" -> out.append(config(server)).append('\n');
        case "config routes" -> routes(server, command, out);
        default ->
            throw new ScenarioException(
                "amtool "
                    + String.join(" ", arguments)
                    + ": not known to the stand-in of amtool; put amtool on PATH");
      }
    } catch (Refusal e) {
      return new Result(1, out.toString(), out + "amtool: error: " + e.getMessage() + "\n\n");
    }
    return new Result(0, out.toString(), out.toString());
  }

  private static Command parse(List<String> arguments) {
    Command command = new Command();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (!argument.startsWith("-") || argument.length() == 1) {
        command.words.add(argument);
        continue;
      }
      int equals = argument.indexOf('=');
      String name = equals < 0 ? argument : argument.substring(0, equals);
      boolean alert = !command.words.isEmpty() && command.words.getFirst().equals("alert");
      name = alert && name.equals("-a") ? "--active" : SHORT.getOrDefault(name, name);
      if (SWITCHES.contains(name)) {
        command.flags.put(name, List.of("true"));
      } else if (VALUES.contains(name)) {
        if (equals < 0 && i + 1 == arguments.size()) {
          throw new ScenarioException("amtool: " + name + " without a value");
        }
        String value = equals < 0 ? arguments.get(++i) : argument.substring(equals + 1);
        command.flags.computeIfAbsent(name, k -> new ArrayList<>()).add(value);
      } else {
        throw new ScenarioException(
            "amtool: flag " + name + " is not known to the stand-in of amtool");
      }
    }
    return command;
  }

  /** Takes the first word as alert name if it is not a matcher. */
  private static List<String> matchers(List<String> words) {
    List<String> out = new ArrayList<>(words);
    if (!out.isEmpty()) {
      try {
        var unused = MatcherSyntax.parseOne(out.getFirst(), MatcherSyntax.Mode.FALLBACK);
      } catch (IllegalArgumentException e) {
        out.set(0, AlertMatcher.format(new LabelMatcher("alertname", "=", out.getFirst())));
      }
    }
    return out;
  }

  private static List<LabelMatcher> parsed(List<String> words) throws Refusal {
    List<LabelMatcher> out = new ArrayList<>();
    for (String word : words) {
      try {
        out.add(MatcherSyntax.parseOne(word, MatcherSyntax.Mode.FALLBACK));
      } catch (IllegalArgumentException e) {
        throw new Refusal(String.valueOf(e.getMessage()));
      }
    }
    return out;
  }

  private static Instant time(String text) throws Refusal {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (java.time.DateTimeException e) {
      throw new Refusal("parsing time \"" + text + "\"");
    }
  }

  private static HttpResponse<String> successful(HttpResponse<String> answer) throws Refusal {
    if (answer.statusCode() != 200) {
      throw new Refusal(answer.statusCode() + " " + answer.body().strip());
    }
    return answer;
  }

  // --- alerts

  private static void addAlert(ScenarioServer server, Command command)
      throws IOException, InterruptedException, Refusal {
    ObjectNode alert = JSON.createObjectNode();
    ObjectNode labels = alert.putObject("labels");
    for (LabelMatcher m : parsed(matchers(command.words.subList(2, command.words.size())))) {
      if (!m.operator().equals("=")) {
        throw new Refusal("labels must be specified as equal matchers");
      }
      labels.put(m.name(), m.value());
    }
    ObjectNode annotations = alert.putObject("annotations");
    for (LabelMatcher m : parsed(command.flags.getOrDefault("--annotation", List.of()))) {
      annotations.put(m.name(), m.value());
    }
    if (command.has("--generator-url")) {
      alert.put("generatorURL", command.value("--generator-url", ""));
    }
    if (command.has("--start")) {
      alert.put("startsAt", time(command.value("--start", "")).toString());
    }
    if (command.has("--end")) {
      alert.put("endsAt", time(command.value("--end", "")).toString());
    }
    successful(server.api("POST", "alerts", JSON.createArrayNode().add(alert).toString()));
  }

  private static void queryAlerts(ScenarioServer server, Command command, StringBuilder out)
      throws IOException, InterruptedException, Refusal {
    boolean any =
        command.has("--active")
            || command.has("--silenced")
            || command.has("--inhibited")
            || command.has("--unprocessed");
    StringBuilder query = new StringBuilder("alerts?");
    query.append("active=").append(!any || command.has("--active"));
    query.append("&unprocessed=").append(!any || command.has("--unprocessed"));
    query.append("&silenced=").append(command.has("--silenced"));
    query.append("&inhibited=").append(command.has("--inhibited"));
    if (command.has("--receiver")) {
      query.append("&receiver=").append(ScenarioServer.encode(command.value("--receiver", "")));
    }
    for (String matcher : matchers(command.words.subList(2, command.words.size()))) {
      query.append("&filter=").append(ScenarioServer.encode(matcher));
    }
    JsonNode alerts = JSON.readTree(successful(server.api("GET", query.toString(), null)).body());
    if (json(command, alerts, out)) {
      return;
    }
    out.append("Alertname  Starts At  Summary\n");
    for (JsonNode alert : alerts) {
      out.append(alert.path("labels").path("alertname").asText())
          .append("  ")
          .append(DATE.format(OffsetDateTime.parse(alert.path("startsAt").asText())))
          .append("  ")
          .append(alert.path("annotations").path("summary").asText())
          .append('\n');
    }
  }

  private static boolean json(Command command, JsonNode answer, StringBuilder out) {
    String form = command.value("--output", "simple");
    switch (form) {
      case "json" -> out.append(answer).append('\n');
      case "simple" -> {
        return false;
      }
      default -> throw new ScenarioException("amtool: output " + form + " is not known");
    }
    return true;
  }

  // --- silences

  private static ObjectNode matcher(LabelMatcher m) {
    return JSON.createObjectNode()
        .put("name", m.name())
        .put("value", m.value())
        .put("isRegex", m.operator().endsWith("~"))
        .put("isEqual", !m.operator().startsWith("!"));
  }

  private static void addSilence(ScenarioServer server, Command command, StringBuilder out)
      throws IOException, InterruptedException, Refusal {
    List<LabelMatcher> wanted = parsed(matchers(command.words.subList(2, command.words.size())));
    if (wanted.isEmpty()) {
      throw new Refusal("no matchers specified");
    }
    if (command.value("--comment", "").isEmpty()) {
      throw new Refusal("comment required by config");
    }
    Instant start = command.has("--start") ? time(command.value("--start", "")) : Instant.now();
    Instant end =
        command.has("--end")
            ? time(command.value("--end", ""))
            : start.plus(PromDuration.parse(command.value("--duration", "1h")));
    if (start.isAfter(end)) {
      throw new Refusal("silence cannot start after it ends");
    }
    ObjectNode silence = JSON.createObjectNode();
    ArrayNode matchers = silence.putArray("matchers");
    wanted.forEach(m -> matchers.add(matcher(m)));
    silence
        .put("startsAt", start.toString())
        .put("endsAt", end.toString())
        .put("createdBy", command.value("--author", System.getProperty("user.name", "narthex")))
        .put("comment", command.value("--comment", ""));
    HttpResponse<String> answer = successful(server.api("POST", "silences", silence.toString()));
    out.append(JSON.readTree(answer.body()).path("silenceID").asText()).append('\n');
  }

  private static void querySilences(ScenarioServer server, Command command, StringBuilder out)
      throws IOException, InterruptedException, Refusal {
    StringBuilder query = new StringBuilder("silences?");
    for (String matcher : matchers(command.words.subList(2, command.words.size()))) {
      query.append("&filter=").append(ScenarioServer.encode(matcher));
    }
    JsonNode all = JSON.readTree(successful(server.api("GET", query.toString(), null)).body());
    Instant now = Instant.now();
    Duration within = PromDuration.parse(command.value("--within", "0s"));
    boolean expired = command.has("--expired");
    ArrayNode shown = JSON.createArrayNode();
    for (JsonNode silence : all) {
      Instant end = OffsetDateTime.parse(silence.path("endsAt").asText()).toInstant();
      boolean near =
          within.isZero()
              || (expired ? end.isAfter(now.minus(within)) : end.isBefore(now.plus(within)));
      boolean by =
          command.value("--created-by", "").isEmpty()
              || silence.path("createdBy").asText().equals(command.value("--created-by", ""));
      boolean id =
          command.value("--id", "").isEmpty()
              || silence.path("id").asText().equals(command.value("--id", ""));
      boolean over = silence.path("status").path("state").asText().equals("expired");
      if (over == expired && near && by && id) {
        shown.add(silence);
      }
    }
    if (command.has("--quiet")) {
      shown.forEach(s -> out.append(s.path("id").asText()).append('\n'));
      return;
    }
    if (json(command, shown, out)) {
      return;
    }
    out.append("ID  Matchers  Ends At  Created By  Comment\n");
    for (JsonNode silence : shown) {
      List<String> matchers = new ArrayList<>();
      for (JsonNode m : silence.path("matchers")) {
        boolean regex = m.path("isRegex").asBoolean();
        String operator =
            m.path("isEqual").asBoolean(true) ? regex ? "=~" : "=" : regex ? "!~" : "!=";
        matchers.add(
            AlertMatcher.format(
                new LabelMatcher(m.path("name").asText(), operator, m.path("value").asText())));
      }
      out.append(silence.path("id").asText())
          .append("  ")
          .append(String.join(" ", matchers))
          .append("  ")
          .append(DATE.format(OffsetDateTime.parse(silence.path("endsAt").asText())))
          .append("  ")
          .append(silence.path("createdBy").asText())
          .append("  ")
          .append(silence.path("comment").asText())
          .append('\n');
    }
  }

  private static void expireSilences(ScenarioServer server, Command command)
      throws IOException, InterruptedException, Refusal {
    List<String> ids = command.words.subList(2, command.words.size());
    if (ids.isEmpty()) {
      throw new Refusal("no silence IDs specified");
    }
    for (String id : ids) {
      successful(server.api("DELETE", "silence/" + ScenarioServer.encode(id), null));
    }
  }

  private static void importSilences(
      ScenarioServer server, Command command, Path folder, StringBuilder out)
      throws IOException, InterruptedException, Refusal {
    if (command.words.size() != 3) {
      throw new ScenarioException("amtool silence import: a file is expected");
    }
    JsonNode silences;
    try {
      silences = JSON.readTree(Files.readString(folder.resolve(command.words.get(2))));
    } catch (JsonProcessingException e) {
      throw new Refusal("couldn't unmarshal input data, is it JSON?: " + e.getOriginalMessage());
    }
    if (!silences.isArray()) {
      throw new Refusal("couldn't unmarshal input data, is it JSON?: not a list");
    }
    int failed = 0;
    for (JsonNode silence : silences) {
      ObjectNode post = silence.deepCopy();
      if (command.has("--force")) {
        post.remove("id");
      }
      HttpResponse<String> answer = server.api("POST", "silences", post.toString());
      if (answer.statusCode() == 200) {
        out.append(JSON.readTree(answer.body()).path("silenceID").asText()).append('\n');
      } else {
        failed++;
      }
    }
    if (failed > 0) {
      throw new Refusal("couldn't import " + failed + " out of " + silences.size() + " silences");
    }
  }

  // --- configuration

  private static String config(ScenarioServer server)
      throws IOException, InterruptedException, Refusal {
    JsonNode status = JSON.readTree(successful(server.api("GET", "status", null)).body());
    return status.path("config").path("original").asText();
  }

  private static void routes(ScenarioServer server, Command command, StringBuilder out)
      throws IOException, InterruptedException, Refusal {
    AlertmanagerConfig config;
    try {
      config = AlertmanagerConfigLoader.load(YamlReader.read("config.original", config(server)));
    } catch (ConfigException e) {
      throw new Refusal(String.valueOf(e.getMessage()));
    }
    switch (command.words.size() > 2 ? command.words.get(2) : "show") {
      case "show" -> {
        out.append("Routing tree:\n");
        show(config.route(), "", out);
      }
      case "test" -> {
        Map<String, String> labels = new LinkedHashMap<>();
        try {
          for (LabelMatcher m : parsed(command.words.subList(3, command.words.size()))) {
            labels.put(m.name(), m.value());
          }
        } catch (Refusal e) {
          throw new Refusal("Failed to parse labels: " + e.getMessage());
        }
        Set<String> receivers = new LinkedHashSet<>();
        match(config.route(), config.route().receiver(), Labels.of(labels), receivers);
        String got = String.join(",", receivers);
        String wanted = command.value("--verify.receivers", "");
        if (!wanted.isEmpty() && !wanted.equals(got)) {
          throw new Refusal(
              "Expected receivers did not match resolved receivers: expected " + wanted);
        }
        out.append(got).append('\n');
      }
      default -> throw new ScenarioException("amtool config routes: unknown " + command.words);
    }
  }

  private static void show(AlertmanagerConfig.Route route, String indent, StringBuilder out) {
    out.append(indent).append(route.matchers().isEmpty() ? "default-route" : route.matchers());
    out.append("  receiver: ").append(route.receiver()).append('\n');
    route.routes().forEach(r -> show(r, indent + "  ", out));
  }

  private static boolean match(
      AlertmanagerConfig.Route route, String inherited, Labels labels, Set<String> out) {
    if (!AlertMatcher.matchAll(AlertMatcher.compile(route.matchers()), labels)) {
      return false;
    }
    String receiver = route.receiver().isEmpty() ? inherited : route.receiver();
    boolean below = false;
    for (AlertmanagerConfig.Route child : route.routes()) {
      if (match(child, receiver, labels, out)) {
        below = true;
        if (!child.continues()) {
          break;
        }
      }
    }
    if (!below) {
      out.add(receiver);
    }
    return true;
  }
}
