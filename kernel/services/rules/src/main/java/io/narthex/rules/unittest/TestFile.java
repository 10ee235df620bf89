package io.narthex.rules.unittest;

import io.narthex.model.Labels;
import io.narthex.service.query.QueryWorkbench.Point;
import io.narthex.service.query.QueryWorkbench.ScriptedSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A file with unit tests.
 *
 * @param rules the rule files
 * @param unmatched patterns of rule files that match none
 * @param interval between evaluations
 * @param groupOrder names of groups in the order in which they are evaluated
 * @param fuzzy whether numbers may differ in the last bit
 */
record TestFile(
    List<Path> rules,
    List<String> unmatched,
    Duration interval,
    List<String> groupOrder,
    boolean fuzzy,
    List<TestCase> tests) {
  TestFile {
    rules = List.copyOf(rules);
    unmatched = List.copyOf(unmatched);
    groupOrder = List.copyOf(groupOrder);
    tests = List.copyOf(tests);
  }

  /**
   * A test: series, and what rules and expressions make of them.
   *
   * @param name may be empty
   * @param interval between the points of the series
   * @param startMs time of the first point and the first evaluation, epoch milliseconds
   */
  record TestCase(
      String name,
      Duration interval,
      long startMs,
      Map<String, String> externalLabels,
      String externalUrl,
      List<ScriptedSeries> series,
      List<AlertTest> alerts,
      List<ExpressionTest> expressions) {
    TestCase {
      externalLabels = Map.copyOf(externalLabels);
      series = List.copyOf(series);
      alerts = List.copyOf(alerts);
      expressions = List.copyOf(expressions);
    }

    /** Returns when the last expectation is to be met, in milliseconds after the start. */
    long lastMs() {
      long last = 0;
      for (AlertTest a : alerts) {
        last = Math.max(last, a.at().toMillis());
      }
      for (ExpressionTest e : expressions) {
        last = Math.max(last, e.at().toMillis());
      }
      return last;
    }
  }

  /** The alerts of a name that fire some time after the start. */
  record AlertTest(Duration at, String alertname, List<ExpectedAlert> expected) {
    AlertTest {
      expected = List.copyOf(expected);
    }
  }

  /** An alert with its name among the labels. */
  record ExpectedAlert(Labels labels, Map<String, String> annotations) {
    ExpectedAlert {
      annotations = Map.copyOf(annotations);
    }
  }

  /** The result of an expression some time after the start. */
  record ExpressionTest(String expression, Duration at, List<Expected> expected) {
    ExpressionTest {
      expected = List.copyOf(expected);
    }
  }

  /** A sample of a result. */
  record Expected(Labels labels, Point value) {}
}
