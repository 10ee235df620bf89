package io.narthex.rules;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A rule group as written in its file.
 *
 * @param interval null: the global one
 * @param queryOffset null: the global one
 */
record GroupSpec(
    String file,
    String name,
    @Nullable Duration interval,
    int limit,
    @Nullable Duration queryOffset,
    List<RuleSpec> rules) {
  GroupSpec {
    rules = List.copyOf(rules);
  }

  /** Returns what identifies the group across reloads. */
  String key() {
    return file + ";" + name;
  }

  /**
   * A rule.
   *
   * @param name of the series or the alert
   * @param expression as written
   * @param canonical as the printer writes it
   * @param labels of the group and the rule, the rule's win; templates when alerting
   */
  record RuleSpec(
      String name,
      boolean alerting,
      String expression,
      String canonical,
      Duration holdFor,
      Duration keepFiringFor,
      Map<String, String> labels,
      Map<String, String> annotations) {
    RuleSpec {
      labels = Map.copyOf(labels);
      annotations = Map.copyOf(annotations);
    }
  }
}
