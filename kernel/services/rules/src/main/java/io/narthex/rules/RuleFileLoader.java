package io.narthex.rules;

import static io.narthex.config.yaml.ConfigNodes.at;
import static io.narthex.config.yaml.ConfigNodes.isNull;
import static io.narthex.config.yaml.ConfigNodes.list;
import static io.narthex.config.yaml.ConfigNodes.mapping;
import static io.narthex.config.yaml.ConfigNodes.text;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.go.PromDuration;
import io.narthex.relabel.NameScheme;
import io.narthex.rules.GroupSpec.RuleSpec;
import io.narthex.service.query.QueryEngine.Canonical;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Place;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads and checks rule files. Messages are file, line and column, then Prometheus' text. */
final class RuleFileLoader {
  /** Checks expressions. */
  @FunctionalInterface
  interface ExpressionCheck {
    /**
     * Returns the expression in its canonical form.
     *
     * @throws IllegalArgumentException when it is wrong; the message is shown
     */
    Canonical canonical(String expression);
  }

  private final ExpressionCheck expressions;
  private final @Nullable TemplateService templates;
  private final NameScheme names;
  private final boolean ignoreUnknown;
  private final List<Expression> expressionsRead = new ArrayList<>();

  /**
   * An expression of a rule and its position.
   *
   * @param pluginFunctions whether it calls functions that plugins add
   */
  record Expression(Place place, String group, String rule, String text, boolean pluginFunctions) {}

  /**
   * Creates a loader.
   *
   * @param templates null: labels and annotations are not checked
   * @param ignoreUnknown whether unknown keys are ignored instead of refused
   */
  RuleFileLoader(
      ExpressionCheck expressions,
      @Nullable TemplateService templates,
      NameScheme names,
      boolean ignoreUnknown) {
    this.expressions = expressions;
    this.templates = templates;
    this.names = names;
    this.ignoreUnknown = ignoreUnknown;
  }

  /**
   * Reads a file.
   *
   * @throws ConfigException with the position of the first problem
   */
  List<GroupSpec> load(String file, String text) {
    ConfigNode root = YamlReader.readRules(file, text);
    List<GroupSpec> groups = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (Entry e : mapping(root, "a rule file").entries()) {
      if (!e.key().equals("groups")) {
        unknown(e, "rulefmt.RuleGroups");
        continue;
      }
      for (ConfigNode item : given(list(e.value(), "groups"))) {
        GroupSpec g = group(file, mapping(item, "a group"));
        if (!seen.add(g.name())) {
          throw at(item, "groupname: \"" + g.name() + "\" is repeated in the same file");
        }
        groups.add(g);
      }
    }
    return groups;
  }

  /** Returns the items that are not null: the original leaves those out. */
  private static List<ConfigNode> given(List<ConfigNode> items) {
    return items.stream().filter(item -> !isNull(item)).toList();
  }

  /** Returns the expressions of all rules read so far. */
  List<Expression> expressions() {
    return List.copyOf(expressionsRead);
  }

  private void unknown(Entry e, String type) {
    if (!ignoreUnknown) {
      throw new ConfigException(e.keyPlace() + ": field " + e.key() + " not found in type " + type);
    }
  }

  private static Map<String, String> texts(ConfigNode node, String key) {
    Map<String, String> out = new LinkedHashMap<>();
    for (Entry e : mapping(node, key).entries()) {
      out.put(e.key(), text(e.value(), e.key()));
    }
    return out;
  }

  private static Duration duration(ConfigNode node, String key) {
    try {
      return PromDuration.parse(text(node, key));
    } catch (IllegalArgumentException e) {
      throw at(node, String.valueOf(e.getMessage()));
    }
  }

  private GroupSpec group(String file, Mapping map) {
    String name = "";
    Duration interval = null;
    Duration offset = null;
    int limit = 0;
    Map<String, String> labels = Map.of();
    ConfigNode rules = null;
    for (Entry e : map.entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "name" -> name = text(v, "name");
        case "interval" -> {
          Duration d = isNull(v) ? Duration.ZERO : duration(v, "interval");
          interval = d.isZero() ? null : d;
        }
        case "query_offset" -> offset = isNull(v) ? null : duration(v, "query_offset");
        case "limit" ->
            // more than an answer can have is no limit
            limit =
                isNull(v)
                    ? 0
                    : Math.clamp(
                        ConfigBinder.integer(v, "limit"), Integer.MIN_VALUE, Integer.MAX_VALUE);
        case "labels" -> {
          labels = texts(v, "labels");
          for (Map.Entry<String, String> l : labels.entrySet()) {
            checkLabel(v, "", l.getKey(), l.getValue());
          }
        }
        case "rules" -> rules = v;
        default -> unknown(e, "rulefmt.RuleGroup");
      }
    }
    if (name.isEmpty()) {
      throw at(map, "Groupname must not be empty");
    }
    List<RuleSpec> specs = new ArrayList<>();
    if (rules != null) {
      int i = 1;
      for (ConfigNode item : given(list(rules, "rules"))) {
        specs.add(rule(name, i++, mapping(item, "a rule"), labels));
      }
    }
    return new GroupSpec(file, name, interval, limit, offset, specs);
  }

  private void checkLabel(ConfigNode at, String where, String name, String value) {
    if (!names.isLabelName(name) || name.equals("__name__")) {
      throw at(at, where + "invalid label name: " + name);
    }
    if (!NameScheme.isWellFormed(value)) {
      throw at(at, where + "invalid label value: " + value);
    }
  }

  private RuleSpec rule(String group, int number, Mapping map, Map<String, String> groupLabels) {
    String record = "";
    String alert = "";
    String expr = "";
    ConfigNode exprNode = map;
    Duration holdFor = Duration.ZERO;
    Duration keepFiringFor = Duration.ZERO;
    Map<String, String> labels = Map.of();
    Map<String, String> annotations = Map.of();
    ConfigNode labelsNode = map;
    ConfigNode annotationsNode = map;
    for (Entry e : map.entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "record" -> record = text(v, "record");
        case "alert" -> alert = text(v, "alert");
        case "expr" -> {
          expr = text(v, "expr");
          exprNode = v;
        }
        case "for" -> holdFor = isNull(v) ? Duration.ZERO : duration(v, "for");
        case "keep_firing_for" ->
            keepFiringFor = isNull(v) ? Duration.ZERO : duration(v, "keep_firing_for");
        case "labels" -> {
          labels = texts(v, "labels");
          labelsNode = v;
        }
        case "annotations" -> {
          annotations = texts(v, "annotations");
          annotationsNode = v;
        }
        default -> unknown(e, "rulefmt.Rule");
      }
    }
    String name = alert.isEmpty() ? record : alert;
    String where = "group \"" + group + "\", rule " + number + ", \"" + name + "\": ";
    if (!record.isEmpty() && !alert.isEmpty()) {
      throw at(map, where + "only one of 'record' and 'alert' must be set");
    }
    if (name.isEmpty()) {
      throw at(map, where + "one of 'record' or 'alert' must be set");
    }
    if (expr.isEmpty()) {
      throw at(map, where + "field 'expr' must be set in rule");
    }
    Canonical canonical;
    try {
      canonical = expressions.canonical(expr);
    } catch (IllegalArgumentException e) {
      throw at(exprNode, where + "could not parse expression: " + e.getMessage());
    }
    expressionsRead.add(
        new Expression(exprNode.place(), group, name, expr, canonical.pluginFunctions()));
    if (!record.isEmpty()) {
      if (!annotations.isEmpty()) {
        throw at(annotationsNode, where + "invalid field 'annotations' in recording rule");
      }
      if (!holdFor.isZero()) {
        throw at(map, where + "invalid field 'for' in recording rule");
      }
      if (!keepFiringFor.isZero()) {
        throw at(map, where + "invalid field 'keep_firing_for' in recording rule");
      }
      if (record.indexOf('{') >= 0 || record.indexOf('}') >= 0) {
        throw at(
            map,
            where + "braces present in the recording rule name; should it be in expr?: " + record);
      }
      if (!names.isMetricName(record)) {
        throw at(map, where + "invalid recording rule name: " + record);
      }
    }
    for (Map.Entry<String, String> l : labels.entrySet()) {
      checkLabel(labelsNode, where, l.getKey(), l.getValue());
    }
    for (String a : annotations.keySet()) {
      if (!names.isLabelName(a)) {
        throw at(annotationsNode, where + "invalid annotation name: " + a);
      }
    }
    if (!alert.isEmpty() && templates != null) {
      check(templates, alert, "label", labels, labelsNode, where);
      check(templates, alert, "annotation", annotations, annotationsNode, where);
    }
    Map<String, String> all = new LinkedHashMap<>(groupLabels);
    all.putAll(labels);
    return new RuleSpec(
        name, !alert.isEmpty(), expr, canonical.text(), holdFor, keepFiringFor, all, annotations);
  }

  private static void check(
      TemplateService service,
      String alert,
      String what,
      Map<String, String> texts,
      ConfigNode node,
      String where) {
    texts.forEach((name, text) -> {
      try {
        service.checkRule("__alert_" + alert, text);
      } catch (TemplateException e) {
        throw at(node, where + what + " \"" + name + "\": " + e.getMessage());
      }
    });
  }
}
