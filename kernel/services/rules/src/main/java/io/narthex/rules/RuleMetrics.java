package io.narthex.rules;

import io.narthex.service.metrics.Metrics;
import io.narthex.service.metrics.Metrics.Counter;
import io.narthex.service.metrics.Metrics.Gauge;
import io.narthex.service.metrics.Metrics.Summary;

/** Metrics of rules, with Prometheus' names. */
final class RuleMetrics {
  final Summary evaluationDuration;
  final Summary groupDuration;
  final Counter evaluations;
  final Counter failures;
  final Counter iterations;
  final Counter missed;
  final Gauge interval;
  final Gauge lastEvaluation;
  final Gauge lastDuration;
  final Gauge lastRestore;
  final Gauge lastRuleSum;
  final Gauge rules;
  final Gauge samples;

  RuleMetrics(Metrics m) {
    evaluationDuration =
        m.summary(
            "prometheus_rule_evaluation_duration_seconds", "The duration for a rule to execute.");
    groupDuration =
        m.summary(
            "prometheus_rule_group_duration_seconds", "The duration of rule group evaluations.");
    evaluations =
        m.counter(
            "prometheus_rule_evaluations_total",
            "The total number of rule evaluations.",
            "rule_group");
    failures =
        m.counter(
            "prometheus_rule_evaluation_failures_total",
            "The total number of rule evaluation failures.",
            "rule_group");
    iterations =
        m.counter(
            "prometheus_rule_group_iterations_total",
            "The total number of scheduled rule group evaluations, whether executed or missed.",
            "rule_group");
    missed =
        m.counter(
            "prometheus_rule_group_iterations_missed_total",
            "The total number of rule group evaluations missed due to slow rule group evaluation.",
            "rule_group");
    interval =
        m.gauge(
            "prometheus_rule_group_interval_seconds",
            "The interval of a rule group.",
            "rule_group");
    lastEvaluation =
        m.gauge(
            "prometheus_rule_group_last_evaluation_timestamp_seconds",
            "The timestamp of the last rule group evaluation in seconds.",
            "rule_group");
    lastDuration =
        m.gauge(
            "prometheus_rule_group_last_duration_seconds",
            "The duration of the last rule group evaluation.",
            "rule_group");
    lastRestore =
        m.gauge(
            "prometheus_rule_group_last_restore_duration_seconds",
            "The duration of the last alert rules alerts restoration.",
            "rule_group");
    lastRuleSum =
        m.gauge(
            "prometheus_rule_group_last_rule_duration_sum_seconds",
            "The sum of time in seconds it took to evaluate each rule in the group.",
            "rule_group");
    rules = m.gauge("prometheus_rule_group_rules", "The number of rules.", "rule_group");
    samples =
        m.gauge(
            "prometheus_rule_group_last_evaluation_samples",
            "The number of samples returned during the last rule group evaluation.",
            "rule_group");
  }

  /** Creates the counters of a group at 0, so that their first increase is seen. */
  void begin(String group) {
    evaluations.with(group);
    failures.with(group);
    iterations.with(group);
    missed.with(group);
  }

  /** Removes the series of a group that is no longer configured. */
  void remove(String group) {
    evaluations.remove(group);
    failures.remove(group);
    iterations.remove(group);
    missed.remove(group);
    interval.remove(group);
    lastEvaluation.remove(group);
    lastDuration.remove(group);
    lastRestore.remove(group);
    lastRuleSum.remove(group);
    rules.remove(group);
    samples.remove(group);
  }
}
