package io.narthex.query.context;

import io.narthex.promql.Numbers;
import io.narthex.promql.PosRange;
import io.narthex.promql.Strings;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Warnings and infos of one query, without duplicates, with Prometheus' texts. Texts are built at
 * the end, so that reporting the same thing at every step costs a look-up.
 */
public final class Annotations {
  /**
   * One report.
   *
   * @param warning whether it is a warning; else it is an info
   * @param kind first part of its text
   * @param place the part of the query it is about
   * @param detail rest of its text
   */
  public record Note(boolean warning, String kind, PosRange place, String detail) {}

  /** Parts of an evaluation may come in any order; what is told about them has one. */
  private static final Comparator<Note> BY_PLACE =
      Comparator.comparingInt((Note n) -> n.place().start())
          .thenComparingInt(n -> n.place().end())
          .thenComparing(Note::kind)
          .thenComparing(Note::detail);

  private final String query;
  private final Set<Note> seen = new HashSet<>();
  private @Nullable Set<Note> noted;

  public Annotations(String query) {
    this.query = query;
  }

  /** Returns the texts of the warnings, in the order of their places. */
  public List<String> warnings() {
    return texts(true, "PromQL warning: ");
  }

  /** Returns the texts of the infos, in the order of their places. */
  public List<String> infos() {
    return texts(false, "PromQL info: ");
  }

  private List<String> texts(boolean warning, String prefix) {
    return seen.stream()
        .filter(n -> n.warning() == warning)
        .sorted(BY_PLACE)
        .map(n -> prefix + n.kind() + n.detail() + " (" + n.place().startIn(query) + ")")
        .distinct()
        .toList();
  }

  /** Returns an empty set for the same query. */
  public Annotations fresh() {
    return new Annotations(query);
  }

  public void addAll(Annotations others) {
    others.seen.forEach(this::report);
  }

  private void warn(String text, PosRange place, String detail) {
    report(new Note(true, text, place, detail));
  }

  private void info(String text, PosRange place, String detail) {
    report(new Note(false, text, place, detail));
  }

  private void report(Note n) {
    Set<Note> also = noted;
    if (also != null) {
      also.add(n);
    }
    seen.add(n);
  }

  /** Begins to note all reports; returns what {@link #end} wants back. */
  public @Nullable Set<Note> begin() {
    Set<Note> outer = noted;
    noted = new LinkedHashSet<>();
    return outer;
  }

  /** Ends what {@link #begin} began; returns the reports between the two, each once. */
  public Set<Note> end(@Nullable Set<Note> outer) {
    Set<Note> mine = noted;
    noted = outer;
    if (mine == null) {
      throw new IllegalStateException("annotations: end without begin");
    }
    if (outer != null) {
      outer.addAll(mine);
    }
    return mine;
  }

  /** Reports again what was reported before, at other places. */
  public void repeat(Set<Note> notes, UnaryOperator<PosRange> place) {
    for (Note n : notes) {
      report(new Note(n.warning(), n.kind(), place.apply(n.place()), n.detail()));
    }
  }

  private static String forMetric(String name) {
    return name.isEmpty() ? "" : " for metric name " + Strings.quote(name);
  }

  public void invalidQuantile(double q, PosRange place) {
    warn("quantile value should be between 0 and 1", place, ", got " + Numbers.general(q));
  }

  public void invalidRatio(double r, double to, PosRange place) {
    warn(
        "ratio value should be between -1 and 1",
        place,
        ", got " + Numbers.general(r) + ", capping to " + Numbers.general(to));
  }

  public void badBucketLabel(String metric, String le, PosRange place) {
    warn(
        "bucket label \"le\" is missing or has a malformed value",
        place,
        " of " + Strings.quote(le) + forMetric(metric));
  }

  public void mixedFloatsHistograms(String metric, PosRange place) {
    warn("encountered a mix of histograms and floats", place, forMetric(metric));
  }

  public void mixedFloatsHistogramsInAggregation(PosRange place) {
    warn("encountered a mix of histograms and floats for aggregation", place, "");
  }

  public void mixedClassicNative(String metric, PosRange place) {
    warn("vector contains a mix of classic and native histograms", place, forMetric(metric));
  }

  public void mixedExponentialCustom(String metric, PosRange place) {
    warn(
        "vector contains a mix of histograms with exponential and custom buckets schemas",
        place,
        forMetric(metric));
  }

  public void notCounter(String metric, PosRange place) {
    warn("this native histogram metric is not a counter:", place, " " + Strings.quote(metric));
  }

  public void notGauge(String metric, PosRange place) {
    warn("this native histogram metric is not a gauge:", place, " " + Strings.quote(metric));
  }

  public void incompatibleBucketLayout(String operator, PosRange place) {
    warn("incompatible bucket layout encountered for binary operator", place, " " + operator);
  }

  public void sortInRangeQuery(PosRange place) {
    warn(
        "sort is ineffective for range queries since results are always ordered by labels",
        place,
        "");
  }

  public void conflictingResets(String operation, PosRange place) {
    warn("conflicting counter resets during histogram " + operation, place, "");
  }

  public void startTimeOverlap(String metric, PosRange place) {
    warn(
        "sample has start time that overlaps with previous sample timestamp for metric",
        place,
        " " + Strings.quote(metric));
  }

  public void possibleNonCounter(String metric, PosRange place) {
    info(
        "metric might not be a counter, name does not end in _total/_sum/_count/_bucket:",
        place,
        " " + Strings.quote(metric));
  }

  public void possibleNonCounterType(String metric, String type, PosRange place) {
    info(
        "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\"",
        place,
        ", got " + Strings.quote(type) + ": " + Strings.quote(metric));
  }

  public void forcedMonotonicity(String metric, String detail, PosRange place) {
    info(
        "input to histogram_quantile needed to be fixed for monotonicity (see"
            + " https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
        place,
        forMetric(metric) + detail);
  }

  public void incompatibleTypes(String left, String operator, String right, PosRange place) {
    info(
        "incompatible sample types encountered for binary operator",
        place,
        " " + Strings.quote(operator) + ": " + left + " " + operator + " " + right);
  }

  public void histogramIgnored(String aggregation, PosRange place) {
    info("ignored histogram in " + aggregation + " aggregation", place, "");
  }

  public void histogramsIgnoredInMixedRange(String metric, PosRange place) {
    info(
        "ignored histograms in a range containing both floats and histograms",
        place,
        forMetric(metric));
  }

  public void boundsReconciled(String operation, PosRange place) {
    info("mismatched custom buckets were reconciled during " + operation, place, "");
  }

  public void nanInQuantile(String what, String metric, PosRange place) {
    info("input to histogram_quantile has NaN observations, " + what, place, forMetric(metric));
  }

  public void nanInFraction(String metric, PosRange place) {
    info(
        "input to histogram_fraction has NaN observations, which are excluded from all fractions",
        place,
        forMetric(metric));
  }
}
