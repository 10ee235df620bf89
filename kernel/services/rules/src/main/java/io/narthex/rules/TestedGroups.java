package io.narthex.rules;

import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Labels;
import io.narthex.relabel.NameScheme;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryEngine.Canonical;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryWorkbench.Bench;
import io.narthex.service.rules.RuleService.Health;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The groups of rule files as a unit test evaluates them: one after the other, at times that the
 * test chooses. What fires is sent nowhere. Not thread-safe.
 */
public final class TestedGroups {
  private final List<RuleGroup> groups = new ArrayList<>();

  /**
   * Reads rule files.
   *
   * @param bench evaluates the rules and takes their samples
   * @param interval from one evaluation to the next, whatever the groups say
   * @param externalLabels of templates
   * @param externalUrl of templates
   * @param ignoreUnknown whether keys that rule files do not have are ignored
   * @throws ConfigException with the position of the first problem
   */
  public TestedGroups(
      List<Path> files,
      Bench bench,
      TemplateService templates,
      Duration interval,
      Map<String, String> externalLabels,
      String externalUrl,
      boolean ignoreUnknown) {
    Labels labels = Labels.of(externalLabels);
    RuleContext context =
        new RuleContext(
            bench.engine(),
            bench.storage(),
            templates,
            () -> labels,
            () -> externalUrl,
            alerts -> {},
            Duration.ofMinutes(1),
            Duration.ofHours(1),
            Duration.ofMinutes(10),
            null);
    RuleFileLoader loader =
        new RuleFileLoader(
            text -> canonical(bench.engine(), text), templates, NameScheme.UTF8, ignoreUnknown);
    for (Path file : files) {
      for (GroupSpec spec : loader.load(file.toString(), read(file))) {
        Duration offset = spec.queryOffset() == null ? Duration.ZERO : spec.queryOffset();
        groups.add(new RuleGroup(spec, interval, offset, context, Clock.systemUTC(), false));
      }
    }
  }

  private static Canonical canonical(QueryEngine engine, String expression) {
    try {
      return engine.canonical(expression);
    } catch (QueryException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static String read(Path file) {
    try {
      return YamlReader.text(file);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read, got " + e.getMessage(), e);
    }
  }

  /** Evaluates groups in the order of a list of names; those not in it come first. */
  public void order(List<String> names) {
    groups.sort(Comparator.comparingInt(g -> names.indexOf(g.spec().name())));
  }

  /** Evaluates all rules once; returns what failed, one line each. */
  public List<String> evaluate(long timeMs) {
    List<String> failed = new ArrayList<>();
    for (RuleGroup group : groups) {
      group.evaluate(timeMs);
      for (ActiveRule rule : group.rules()) {
        if (rule.health == Health.ERR) {
          failed.add(rule.spec.name() + ": " + rule.lastError);
        }
      }
    }
    return failed;
  }

  /** Returns the alerts of a name that fire since the last evaluation or before. */
  public List<FiringAlert> firing(String alertname) {
    List<FiringAlert> out = new ArrayList<>();
    for (RuleGroup group : groups) {
      for (ActiveRule rule : group.rules()) {
        if (rule instanceof AlertRule alerts && rule.spec.name().equals(alertname)) {
          alerts.firing().forEach(a -> out.add(new FiringAlert(a.labels(), a.annotations())));
        }
      }
    }
    return out;
  }

  /** An alert that fires. */
  public record FiringAlert(Labels labels, Map<String, String> annotations) {
    /** Copies the map. */
    public FiringAlert {
      annotations = Map.copyOf(annotations);
    }
  }
}
