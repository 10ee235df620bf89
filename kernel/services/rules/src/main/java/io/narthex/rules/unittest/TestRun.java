package io.narthex.rules.unittest;

import io.narthex.model.Annotations;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.go.GoString;
import io.narthex.model.go.PromDuration;
import io.narthex.rules.TestedGroups;
import io.narthex.rules.TestedGroups.FiringAlert;
import io.narthex.rules.unittest.TestFile.AlertTest;
import io.narthex.rules.unittest.TestFile.ExpressionTest;
import io.narthex.rules.unittest.TestFile.TestCase;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.VectorSample;
import io.narthex.service.query.QueryWorkbench;
import io.narthex.service.query.QueryWorkbench.Bench;
import io.narthex.service.query.QueryWorkbench.Point;
import io.narthex.service.query.QueryWorkbench.ScriptedSeries;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs one test: at each interval the samples up to then are appended, all rules are evaluated and
 * the alerts of that interval are compared; at the end the expressions are. One use per test.
 */
final class TestRun {
  /** More evaluations than ten years of minutes are a mistake in {@code eval_time}. */
  private static final long MAX_EVALUATIONS = 10 * 366L * 24 * 60;

  private final TestFile file;
  private final TestCase test;
  private final QueryWorkbench workbench;
  private final Bench bench;
  private final TestedGroups groups;
  private final Comparison comparison;
  private final List<String> failures = new ArrayList<>();
  private final long[] refs;
  private final SampleBatch batch = new SampleBatch(64);
  private int nextPoint;

  /**
   * Prepares a test.
   *
   * @throws ConfigException when a rule file cannot be used
   */
  TestRun(
      TestFile file,
      TestCase test,
      QueryWorkbench workbench,
      Bench bench,
      TemplateService templates,
      boolean diff,
      boolean ignoreUnknown) {
    this.file = file;
    this.test = test;
    this.workbench = workbench;
    this.bench = bench;
    this.groups =
        new TestedGroups(
            file.rules(),
            bench,
            templates,
            file.interval(),
            test.externalLabels(),
            test.externalUrl(),
            ignoreUnknown);
    groups.order(file.groupOrder());
    this.comparison = new Comparison(file.fuzzy(), diff);
    this.refs = new long[test.series().size()];
  }

  /** Runs the test and returns what failed. */
  List<String> run() {
    long intervalMs = file.interval().toMillis();
    long lastMs = test.lastMs();
    if (lastMs / intervalMs > MAX_EVALUATIONS) {
      return List.of(
          "    the last eval_time is "
              + PromDuration.formatMs(lastMs)
              + ", that are more than "
              + MAX_EVALUATIONS
              + " evaluations; make evaluation_interval longer");
    }
    for (int i = 0; i < refs.length; i++) {
      refs[i] = bench.storage().resolve(test.series().get(i).labels());
    }
    for (long ms = 0; ms <= lastMs; ms += intervalMs) {
      if (!appendUntil(ms) || !evaluate(ms)) {
        return List.copyOf(failures); // what follows would only be wrong because of this
      }
      compareAlerts(ms, ms + intervalMs);
    }
    test.expressions().forEach(this::compare);
    return List.copyOf(failures);
  }

  /** Evaluates all rules; returns whether none failed. */
  private boolean evaluate(long ms) {
    List<String> failed = groups.evaluate(test.startMs() + ms);
    for (String rule : failed) {
      int colon = rule.indexOf(": ");
      failures.add(
          "    rule: "
              + rule.substring(0, colon)
              + ", time: "
              + PromDuration.formatMs(ms)
              + ", err: "
              + rule.substring(colon + 2));
    }
    return failed.isEmpty();
  }

  /** Appends the samples up to a time; returns whether all could be. */
  private boolean appendUntil(long ms) {
    boolean ok = true;
    long intervalMs = test.interval().toMillis();
    while (nextPoint * intervalMs <= ms && nextPoint < longest()) {
      batch.clear();
      for (int i = 0; i < refs.length; i++) {
        List<Point> points = test.series().get(i).points();
        if (nextPoint < points.size() && !points.get(nextPoint).omitted()) {
          add(refs[i], test.startMs() + nextPoint * intervalMs, points.get(nextPoint));
        }
      }
      AppendResult result = bench.storage().append(batch);
      if (!result.allOk()) {
        ok = false;
        failures.add(
            "    input_series: a series is given twice with different values at "
                + PromDuration.formatMs(nextPoint * intervalMs));
      }
      nextPoint++;
    }
    return ok;
  }

  private int longest() {
    int longest = 0;
    for (ScriptedSeries series : test.series()) {
      longest = Math.max(longest, series.points().size());
    }
    return longest;
  }

  private void add(long ref, long timeMs, Point point) {
    NativeHistogram histogram = point.histogram();
    if (histogram == null) {
      batch.add(ref, timeMs, point.value());
    } else {
      batch.add(ref, timeMs, histogram);
    }
  }

  /** Compares the alerts that are expected from one evaluation to before the next. */
  private void compareAlerts(long fromMs, long toMs) {
    for (AlertTest expected : test.alerts()) {
      long at = expected.at().toMillis();
      if (at < fromMs || at >= toMs) {
        continue;
      }
      List<String> want = new ArrayList<>();
      expected.expected().forEach(a -> want.add(alert(a.labels(), a.annotations())));
      List<String> got = new ArrayList<>();
      for (FiringAlert a : groups.firing(expected.alertname())) {
        got.add(alert(a.labels(), a.annotations()));
      }
      want.sort(Comparator.naturalOrder());
      got.sort(Comparator.naturalOrder());
      if (!want.equals(got)) {
        String name = test.name().isEmpty() ? "" : "    name: " + test.name() + ",\n";
        failures.add(
            name
                + "    alertname: "
                + expected.alertname()
                + ", time: "
                + PromDuration.formatMs(at)
                + ", \n"
                + comparison.alerts(want, got));
      }
    }
  }

  private static String alert(Labels labels, Map<String, String> annotations) {
    StringBuilder text = new StringBuilder();
    text.append("Labels:").append(labels).append("\nAnnotations:{");
    String separator = "";
    for (Map.Entry<String, String> e : Annotations.sorted(annotations).entrySet()) {
      text.append(separator)
          .append(e.getKey())
          .append("=\"")
          .append(e.getValue().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"))
          .append('"');
      separator = ", ";
    }
    return text.append('}').toString();
  }

  private void compare(ExpressionTest expected) {
    String where =
        "    expr: "
            + GoString.quote(expected.expression())
            + ", time: "
            + PromDuration.format(expected.at())
            + ",";
    QueryResult result;
    try {
      result =
          bench
              .engine()
              .instant(
                  expected.expression(),
                  test.startMs() + expected.at().toMillis(),
                  QueryEngine.Options.DEFAULT);
    } catch (QueryException e) {
      failures.add(where + " err: " + e.getMessage());
      return;
    }
    List<Comparison.Sample> got = new ArrayList<>();
    switch (result.data()) {
      case QueryResult.Data.Vector v -> {
        for (VectorSample s : v.samples()) {
          got.add(sample(s.labels(), s.value(), s.histogram()));
        }
      }
      case QueryResult.Data.Scalar s -> got.add(sample(Labels.EMPTY, s.value(), null));
      case QueryResult.Data.Text _, QueryResult.Data.Matrix _ -> {
        failures.add(where + " err: rule result is not a vector or scalar");
        return;
      }
    }
    List<Comparison.Sample> want =
        expected.expected().stream()
            .map(e -> sample(e.labels(), e.value().value(), e.value().histogram()))
            .toList();
    String difference = comparison.samples(want, got);
    if (difference != null) {
      failures.add(where + "\n" + difference);
    }
  }

  private Comparison.Sample sample(
      Labels labels, double value, @Nullable NativeHistogram histogram) {
    return new Comparison.Sample(
        labels, value, histogram == null ? "" : workbench.literal(histogram));
  }
}
