package io.narthex.rules.unittest;

import static io.narthex.config.yaml.ConfigNodes.at;
import static io.narthex.config.yaml.ConfigNodes.isNull;
import static io.narthex.config.yaml.ConfigNodes.list;
import static io.narthex.config.yaml.ConfigNodes.mapping;
import static io.narthex.config.yaml.ConfigNodes.text;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.FilePatterns;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Labels;
import io.narthex.model.go.GoGlob;
import io.narthex.model.go.PromDuration;
import io.narthex.rules.unittest.TestFile.AlertTest;
import io.narthex.rules.unittest.TestFile.Expected;
import io.narthex.rules.unittest.TestFile.ExpectedAlert;
import io.narthex.rules.unittest.TestFile.ExpressionTest;
import io.narthex.rules.unittest.TestFile.TestCase;
import io.narthex.service.query.QueryWorkbench;
import io.narthex.service.query.QueryWorkbench.Point;
import io.narthex.service.query.QueryWorkbench.ScriptedSeries;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads files with unit tests. Messages begin with file, line and column. */
final class TestFileReader {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final QueryWorkbench workbench;
  private final boolean ignoreUnknown;

  TestFileReader(QueryWorkbench workbench, boolean ignoreUnknown) {
    this.workbench = workbench;
    this.ignoreUnknown = ignoreUnknown;
  }

  /**
   * Reads a file.
   *
   * @param folder where the rule files are looked for
   * @throws ConfigException with the position of the first problem
   */
  TestFile read(String file, String text, Path folder) {
    List<Path> rules = new ArrayList<>();
    List<String> unmatched = new ArrayList<>();
    Duration interval = MINUTE;
    List<String> order = new ArrayList<>();
    boolean fuzzy = false;
    List<ConfigNode> tests = List.of();
    for (Entry e : mapping(YamlReader.read(file, text), "a file with tests").entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "rule_files" ->
            list(v, "rule_files")
                .forEach(item -> ruleFiles(text(item, "a rule file"), folder, rules, unmatched));
        case "evaluation_interval" -> interval = orElse(duration(v, e.key()), MINUTE);
        case "group_eval_order" -> order.addAll(groupOrder(v));
        case "fuzzy_compare" -> fuzzy = !isNull(v) && ConfigBinder.bool(v, e.key());
        case "tests" -> tests = list(v, "tests");
        default -> unknown(e, "a file with tests");
      }
    }
    List<TestCase> cases = new ArrayList<>();
    for (ConfigNode test : tests) {
      cases.add(test(test, interval));
    }
    return new TestFile(rules, unmatched, interval, order, fuzzy, cases);
  }

  private static void ruleFiles(
      String pattern, Path folder, List<Path> rules, List<String> unmatched) {
    List<Path> found = FilePatterns.expand(folder, pattern);
    if (GoGlob.isPattern(pattern)) {
      found = found.stream().filter(Files::isRegularFile).toList();
    }
    if (found.isEmpty()) {
      unmatched.add(pattern);
    }
    rules.addAll(found);
  }

  private static List<String> groupOrder(ConfigNode node) {
    List<String> names = new ArrayList<>();
    for (ConfigNode item : list(node, "group_eval_order")) {
      String name = text(item, "a name of group_eval_order");
      if (names.contains(name)) {
        throw at(item, "group name repeated in evaluation order: " + name);
      }
      names.add(name);
    }
    return names;
  }

  private TestCase test(ConfigNode node, Duration evaluationInterval) {
    String name = "";
    Duration interval = evaluationInterval;
    long startMs = 0;
    Map<String, String> externalLabels = Map.of();
    String externalUrl = "";
    List<ScriptedSeries> series = new ArrayList<>();
    List<AlertTest> alerts = new ArrayList<>();
    List<ExpressionTest> expressions = new ArrayList<>();
    for (Entry e : mapping(node, "a test").entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "name" -> name = isNull(v) ? "" : text(v, "name");
        case "interval" -> interval = orElse(duration(v, "interval"), evaluationInterval);
        case "start_timestamp" -> startMs = timestamp(v);
        case "external_labels" -> externalLabels = texts(v, "external_labels");
        case "external_url" -> externalUrl = isNull(v) ? "" : text(v, "external_url");
        case "input_series" -> list(v, "input_series").forEach(item -> series.add(series(item)));
        case "alert_rule_test" ->
            list(v, "alert_rule_test").forEach(item -> alerts.add(alert(item)));
        case "promql_expr_test" ->
            list(v, "promql_expr_test").forEach(item -> expressions.add(expression(item)));
        default -> unknown(e, "a test");
      }
    }
    return new TestCase(
        name, interval, startMs, externalLabels, externalUrl, series, alerts, expressions);
  }

  private ScriptedSeries series(ConfigNode node) {
    String series = "";
    String values = "";
    ConfigNode place = node;
    for (Entry e : mapping(node, "an input series").entries()) {
      switch (e.key()) {
        case "series" -> {
          series = text(e.value(), "series");
          place = e.value();
        }
        case "values" -> values = isNull(e.value()) ? "" : text(e.value(), "values");
        default -> unknown(e, "an input series");
      }
    }
    return described(place, series + " " + values);
  }

  private ScriptedSeries described(ConfigNode node, String line) {
    try {
      return workbench.series(line);
    } catch (IllegalArgumentException e) {
      throw at(node, String.valueOf(e.getMessage()));
    }
  }

  private AlertTest alert(ConfigNode node) {
    Duration at = Duration.ZERO;
    String alertname = "";
    List<ConfigNode> expected = List.of();
    for (Entry e : mapping(node, "a test of alerts").entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "eval_time" -> at = duration(v, "eval_time");
        case "alertname" -> alertname = isNull(v) ? "" : text(v, "alertname");
        case "exp_alerts" -> expected = list(v, "exp_alerts");
        default -> unknown(e, "a test of alerts");
      }
    }
    if (alertname.isEmpty()) {
      throw at(
          node,
          "an item under alert_rule_test misses required attribute alertname at eval_time "
              + PromDuration.format(at));
    }
    List<ExpectedAlert> alerts = new ArrayList<>();
    for (ConfigNode item : expected) {
      alerts.add(expectedAlert(item, alertname));
    }
    return new AlertTest(at, alertname, alerts);
  }

  private ExpectedAlert expectedAlert(ConfigNode node, String alertname) {
    Map<String, String> labels = new LinkedHashMap<>();
    Map<String, String> annotations = Map.of();
    for (Entry e : mapping(node, "an expected alert").entries()) {
      switch (e.key()) {
        case "exp_labels" -> labels.putAll(texts(e.value(), "exp_labels"));
        case "exp_annotations" -> annotations = texts(e.value(), "exp_annotations");
        default -> unknown(e, "an expected alert");
      }
    }
    labels.put("alertname", alertname);
    return new ExpectedAlert(Labels.of(labels), annotations);
  }

  private ExpressionTest expression(ConfigNode node) {
    String expression = "";
    Duration at = Duration.ZERO;
    List<Expected> expected = new ArrayList<>();
    for (Entry e : mapping(node, "a test of an expression").entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "expr" -> expression = text(v, "expr");
        case "eval_time" -> at = duration(v, "eval_time");
        case "exp_samples" -> list(v, "exp_samples").forEach(item -> expected.add(sample(item)));
        default -> unknown(e, "a test of an expression");
      }
    }
    return new ExpressionTest(expression, at, expected);
  }

  private Expected sample(ConfigNode node) {
    Labels labels = Labels.EMPTY;
    Point value = new Point(false, 0, null);
    for (Entry e : mapping(node, "an expected sample").entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "labels" -> {
          String text = isNull(v) ? "" : text(v, "labels");
          labels = text.isBlank() ? Labels.EMPTY : described(v, text).labels();
        }
        case "value" -> {
          if (value.histogram() == null) {
            value = new Point(false, number(v), null);
          }
        }
        case "histogram" -> {
          String text = isNull(v) ? "" : text(v, "histogram");
          if (!text.isBlank()) {
            value = histogram(v, text);
          }
        }
        default -> unknown(e, "an expected sample");
      }
    }
    return new Expected(labels, value);
  }

  private Point histogram(ConfigNode node, String text) {
    List<Point> points = described(node, "expected " + text).points();
    if (points.size() != 1 || points.getFirst().histogram() == null) {
      throw at(node, "histogram must be one histogram, got \"" + text + "\"");
    }
    return points.getFirst();
  }

  private void unknown(Entry e, String where) {
    if (!ignoreUnknown) {
      throw new ConfigException(e.keyPlace() + ": field " + e.key() + " not found in " + where);
    }
  }

  private static Map<String, String> texts(ConfigNode node, String key) {
    Map<String, String> out = new LinkedHashMap<>();
    for (Entry e : mapping(node, key).entries()) {
      out.put(e.key(), isNull(e.value()) ? "" : text(e.value(), e.key()));
    }
    return out;
  }

  private static Duration orElse(Duration duration, Duration otherwise) {
    return duration.isZero() ? otherwise : duration;
  }

  private static Duration duration(ConfigNode node, String key) {
    if (isNull(node)) {
      return Duration.ZERO;
    }
    try {
      return PromDuration.parse(text(node, key));
    } catch (IllegalArgumentException e) {
      throw at(node, key + ": " + e.getMessage());
    }
  }

  private static double number(ConfigNode node) {
    return isNull(node) ? 0 : ConfigBinder.number(node, "value");
  }

  private static long timestamp(ConfigNode node) {
    String text = isNull(node) ? "0" : text(node, "start_timestamp");
    try {
      return Math.round(Double.parseDouble(text) * 1000);
    } catch (NumberFormatException notSeconds) {
      try {
        return OffsetDateTime.parse(text).toInstant().toEpochMilli();
      } catch (DateTimeParseException e) {
        throw at(
            node,
            "start_timestamp must be seconds since 1970 or a time like 2024-01-01T00:00:00Z, got \""
                + text
                + "\"");
      }
    }
  }
}
