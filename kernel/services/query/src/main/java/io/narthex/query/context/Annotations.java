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
 * Warnings and infos of one query, without duplicates, with the messages of Prometheus. Messages
 * are built at the end, so that repeating an annotation at every step costs one lookup.
 */
public final class Annotations {
  /**
   * One annotation.
   *
   * @param warning whether it is a warning; else it is an info
   * @param kind first part of its message
   * @param position the part of the query it is about
   * @param detail rest of its message
   */
  public record Annotation(boolean warning, String kind, PosRange position, String detail) {}

  /** Parts may be evaluated in any order; annotations are sorted by position. */
  private static final Comparator<Annotation> BY_POSITION =
      Comparator.comparingInt((Annotation a) -> a.position().start())
          .thenComparingInt(a -> a.position().end())
          .thenComparing(Annotation::kind)
          .thenComparing(Annotation::detail);

  private final String query;
  private final Set<Annotation> seen = new HashSet<>();
  private @Nullable Set<Annotation> recorded;

  public Annotations(String query) {
    this.query = query;
  }

  /** Returns the messages of the warnings, in the order of their positions. */
  public List<String> warnings() {
    return messages(true, "PromQL warning: ");
  }

  /** Returns the messages of the infos, in the order of their positions. */
  public List<String> infos() {
    return messages(false, "PromQL info: ");
  }

  private List<String> messages(boolean warning, String prefix) {
    return seen.stream()
        .filter(a -> a.warning() == warning)
        .sorted(BY_POSITION)
        .map(a -> prefix + a.kind() + a.detail() + " (" + a.position().startIn(query) + ")")
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

  private void warn(String text, PosRange position, String detail) {
    report(new Annotation(true, text, position, detail));
  }

  private void info(String text, PosRange position, String detail) {
    report(new Annotation(false, text, position, detail));
  }

  private void report(Annotation a) {
    Set<Annotation> also = recorded;
    if (also != null) {
      also.add(a);
    }
    seen.add(a);
  }

  /** Starts recording annotations; the result is for {@link #end}. */
  public @Nullable Set<Annotation> begin() {
    Set<Annotation> outer = recorded;
    recorded = new LinkedHashSet<>();
    return outer;
  }

  /** Stops recording; returns what was reported since {@link #begin}, each once. */
  public Set<Annotation> end(@Nullable Set<Annotation> outer) {
    Set<Annotation> mine = recorded;
    recorded = outer;
    if (mine == null) {
      throw new IllegalStateException("annotations: end without begin");
    }
    if (outer != null) {
      outer.addAll(mine);
    }
    return mine;
  }

  /** Reports recorded annotations again, at other positions. */
  public void repeat(Set<Annotation> annotations, UnaryOperator<PosRange> position) {
    for (Annotation a : annotations) {
      report(new Annotation(a.warning(), a.kind(), position.apply(a.position()), a.detail()));
    }
  }

  private static String forMetric(String name) {
    return name.isEmpty() ? "" : " for metric name " + Strings.quote(name);
  }

  public void invalidQuantile(double q, PosRange position) {
    warn("quantile value should be between 0 and 1", position, ", got " + Numbers.general(q));
  }

  public void invalidRatio(double r, double to, PosRange position) {
    warn(
        "ratio value should be between -1 and 1",
        position,
        ", got " + Numbers.general(r) + ", capping to " + Numbers.general(to));
  }

  public void badBucketLabel(String metric, String le, PosRange position) {
    warn(
        "bucket label \"le\" is missing or has a malformed value",
        position,
        " of " + Strings.quote(le) + forMetric(metric));
  }

  public void mixedFloatsHistograms(String metric, PosRange position) {
    warn("encountered a mix of histograms and floats", position, forMetric(metric));
  }

  public void mixedFloatsHistogramsInAggregation(PosRange position) {
    warn("encountered a mix of histograms and floats for aggregation", position, "");
  }

  public void mixedClassicNative(String metric, PosRange position) {
    warn("vector contains a mix of classic and native histograms", position, forMetric(metric));
  }

  public void mixedExponentialCustom(String metric, PosRange position) {
    warn(
        "vector contains a mix of histograms with exponential and custom buckets schemas",
        position,
        forMetric(metric));
  }

  public void notCounter(String metric, PosRange position) {
    warn("this native histogram metric is not a counter:", position, " " + Strings.quote(metric));
  }

  public void notGauge(String metric, PosRange position) {
    warn("this native histogram metric is not a gauge:", position, " " + Strings.quote(metric));
  }

  public void incompatibleBucketLayout(String operator, PosRange position) {
    warn("incompatible bucket layout encountered for binary operator", position, " " + operator);
  }

  public void sortInRangeQuery(PosRange position) {
    warn(
        "sort is ineffective for range queries since results are always ordered by labels",
        position,
        "");
  }

  public void conflictingResets(String operation, PosRange position) {
    warn("conflicting counter resets during histogram " + operation, position, "");
  }

  public void startTimeOverlap(String metric, PosRange position) {
    warn(
        "sample has start time that overlaps with previous sample timestamp for metric",
        position,
        " " + Strings.quote(metric));
  }

  public void possibleNonCounter(String metric, PosRange position) {
    info(
        "metric might not be a counter, name does not end in _total/_sum/_count/_bucket:",
        position,
        " " + Strings.quote(metric));
  }

  public void possibleNonCounterType(String metric, String type, PosRange position) {
    info(
        "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\"",
        position,
        ", got " + Strings.quote(type) + ": " + Strings.quote(metric));
  }

  public void forcedMonotonicity(String metric, String detail, PosRange position) {
    info(
        "input to histogram_quantile needed to be fixed for monotonicity (see"
            + " https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
        position,
        forMetric(metric) + detail);
  }

  public void incompatibleTypes(String left, String operator, String right, PosRange position) {
    info(
        "incompatible sample types encountered for binary operator",
        position,
        " " + Strings.quote(operator) + ": " + left + " " + operator + " " + right);
  }

  public void histogramIgnored(String aggregation, PosRange position) {
    info("ignored histogram in " + aggregation + " aggregation", position, "");
  }

  public void histogramsIgnoredInMixedRange(String metric, PosRange position) {
    info(
        "ignored histograms in a range containing both floats and histograms",
        position,
        forMetric(metric));
  }

  public void boundsReconciled(String operation, PosRange position) {
    info("mismatched custom buckets were reconciled during " + operation, position, "");
  }

  public void nanInQuantile(String what, String metric, PosRange position) {
    info("input to histogram_quantile has NaN observations, " + what, position, forMetric(metric));
  }

  public void nanInFraction(String metric, PosRange position) {
    info(
        "input to histogram_fraction has NaN observations, which are excluded from all fractions",
        position,
        forMetric(metric));
  }
}
