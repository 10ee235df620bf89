package io.narthex.query;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.go.GoFloat;
import io.narthex.model.go.PromDuration;
import io.narthex.promql.BinaryOp;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.AggregateExpr;
import io.narthex.promql.Expr.At;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.promql.Expr.UnaryExpr;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.Printer;
import io.narthex.promql.ValueType;
import io.narthex.promql.VectorMatching;
import io.narthex.query.plan.SyntaxTree;
import io.narthex.service.query.EmptyResultExplainer.Explanation;
import io.narthex.service.query.EmptyResultExplainer.Note;
import io.narthex.service.query.EmptyResultExplainer.Problem;
import io.narthex.service.query.EmptyResultExplainer.Selector;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.spi.storage.Storage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Explains one empty result: examines the selectors of the query, and evaluates its parts to find
 * the one that loses the series. Confined to a thread.
 */
final class EmptyResults {
  private static final int MAX_SELECTORS = 16;
  private static final int MAX_EVALUATIONS = 40;
  private static final int MAX_NOTES = 20;
  private static final int MAX_SERIES = 5_000;
  private static final int STEPS = 50;
  private static final int MAX_TEXT = 10_000;

  /** Beyond so many times the greatest value a threshold is probably in another unit. */
  private static final double OTHER_UNIT = 100;

  private static final Set<String> OF_TWO_SAMPLES =
      Set.of(
          "rate",
          "irate",
          "increase",
          "delta",
          "idelta",
          "deriv",
          "predict_linear",
          "double_exponential_smoothing");
  private static final Set<String> OF_COUNTERS = Set.of("rate", "irate", "increase", "resets");
  private static final Set<String> OF_GAUGES =
      Set.of("delta", "idelta", "deriv", "predict_linear", "double_exponential_smoothing");
  private static final List<String> UNITS =
      List.of("milliseconds", "seconds", "bytes", "ratio", "celsius", "volts", "amperes", "joules");

  private final QueryEngine engine;
  private final Storage storage;
  private final long startMs;
  private final long endMs;
  private final long lookbackMs;
  private final Function<String, @Nullable MetricMetadata> metadata;
  private final long deadline;
  private final SelectorCheck check;

  private final Map<String, @Nullable Values> evaluated = new HashMap<>();
  private final Map<String, Selector> selectors = new HashMap<>();
  private final List<Selector> found = new ArrayList<>();
  private final Set<Note> notes = new LinkedHashSet<>();
  private boolean truncated;

  /**
   * What a part of the query returns.
   *
   * @param count number of its series
   * @param series the labels of the first ones
   * @param least least value of a float; not a number if there is none
   * @param histograms whether there are native histograms
   */
  private record Values(
      int count, List<Labels> series, double least, double greatest, boolean histograms) {
    boolean isEmpty() {
      return count == 0;
    }

    boolean complete() {
      return count == series.size();
    }
  }

  /** The times at which a part is evaluated, first and last. */
  private record Times(long first, long last) {
    private static final long MOST_MS = Long.MAX_VALUE / 1_000_000;

    Times {
      first = clamp(first);
      last = clamp(last);
    }

    Times moved(@Nullable At at, long offsetMs, long startMs, long endMs) {
      long from = first;
      long to = last;
      if (at != null) {
        from =
            switch (at.kind()) {
              case FIXED -> at.timestampMs();
              case START -> startMs;
              case END -> endMs;
            };
        to = from;
      }
      long offset = clamp(offsetMs);
      return new Times(from - offset, to - offset);
    }

    Times reaching(long ms) {
      return new Times(first - clamp(ms), last);
    }

    private static long clamp(long ms) {
      return Math.clamp(ms, -MOST_MS, MOST_MS);
    }
  }

  EmptyResults(
      QueryEngine engine,
      Storage storage,
      long startMs,
      long endMs,
      Duration lookback,
      Function<String, @Nullable MetricMetadata> metadata,
      Duration budget) {
    this.engine = engine;
    this.storage = storage;
    this.startMs = startMs;
    this.endMs = endMs;
    lookbackMs = lookback.toMillis();
    this.metadata = metadata;
    deadline = System.nanoTime() + budget.toNanos();
    check = new SelectorCheck(storage, this::late);
  }

  private boolean late() {
    if (System.nanoTime() - deadline < 0) {
      return false;
    }
    truncated = true;
    return true;
  }

  Explanation explain(Expr expr) {
    selectors(expr, new Times(startMs, endMs), startMs == endMs);
    note(expr);
    List<Note> all = List.copyOf(notes);
    return new Explanation(found, all, truncated);
  }

  /* selectors */

  /** Examines the selectors of a part, evaluated at some times. */
  private void selectors(Expr e, Times times, boolean instant) {
    switch (e) {
      case VectorSelector v -> {
        if (!v.matchersOnly()) {
          Times at = times.moved(v.at(), v.offsetMs(), startMs, endMs);
          boolean one = instant || v.at() != null;
          selector(v, Printer.print(v), at.reaching(lookbackMs - 1), one);
        }
      }
      case MatrixSelector m -> {
        VectorSelector v = m.selector();
        Times at = times.moved(v.at(), v.offsetMs(), startMs, endMs);
        selector(v, Printer.print(m), at.reaching(Math.max(1, m.rangeMs()) - 1), false);
      }
      case SubqueryExpr s ->
          selectors(
              s.expr(),
              times.moved(s.at(), s.offsetMs(), startMs, endMs).reaching(s.rangeMs()),
              false);
      default -> SyntaxTree.children(e).forEach(child -> selectors(child, times, instant));
    }
  }

  private void selector(VectorSelector v, String text, Times times, boolean instant) {
    if (selectors.containsKey(text)) {
      return;
    }
    if (selectors.size() == MAX_SELECTORS || late()) {
      truncated = true;
      return;
    }
    Selector checked = check.check(v, times.first(), times.last(), instant);
    selectors.put(text, checked);
    found.add(checked);
  }

  private boolean hasSamples(String text) {
    Selector s = selectors.get(text);
    return s != null && s.problem() == Problem.NONE;
  }

  /* parts */

  /** Remarks on a part of the query and on all of its own parts, from left to right. */
  private void note(Expr e) {
    if (late() || notes.size() >= MAX_NOTES) {
      truncated = true;
      return;
    }
    if (e instanceof SubqueryExpr) {
      return; // its parts are evaluated at other times
    }
    for (Expr child : SyntaxTree.children(e)) {
      note(child);
    }
    switch (e) {
      case Call c -> call(c);
      case BinaryExpr b -> binary(b);
      default -> {}
    }
  }

  private void add(String kind, String text) {
    notes.add(new Note(kind, text));
  }

  private void call(Call c) {
    String name = c.function().name();
    for (Expr argument : c.arguments()) {
      if (bare(argument) instanceof MatrixSelector m && m.rangeExpr() == null) {
        window(name, m);
        type(name, m.selector());
      }
    }
    if (name.equals("histogram_quantile") && c.arguments().size() == 2) {
      quantile(c.arguments().get(1));
    }
    if ((name.equals("absent") || name.equals("absent_over_time")) && c.arguments().size() == 1) {
      absent(name, c.arguments().getFirst());
    }
  }

  private static Expr bare(Expr e) {
    Expr inner = e;
    while (inner instanceof ParenExpr p) {
      inner = p.expr();
    }
    return inner;
  }

  /** Remarks on a window in which there are not two samples. */
  private void window(String function, MatrixSelector m) {
    VectorSelector v = m.selector();
    if (!OF_TWO_SAMPLES.contains(function) || !hasSamples(Printer.print(m)) || late()) {
      return;
    }
    Times at = new Times(startMs, endMs).moved(v.at(), v.offsetMs(), startMs, endMs);
    long interval = check.interval(v.matchers(), at.last());
    if (interval > 0 && m.rangeMs() < 2 * interval) {
      add(
          "range_too_short",
          Printer.print(m)
              + " often has fewer than two samples, which "
              + function
              + "() needs: the series has one every "
              + PromDuration.formatMs(interval)
              + ", so take at least "
              + PromDuration.formatMs(4 * interval)
              + ".");
    }
  }

  private void type(String function, VectorSelector v) {
    Matcher name = SelectorCheck.nameOf(v.matchers());
    MetricMetadata family = name == null ? null : metadata.apply(name.value());
    if (name == null || family == null) {
      return;
    }
    if (OF_COUNTERS.contains(function) && family.type() == MetricType.GAUGE) {
      add(
          "type",
          function
              + "() is for counters, and "
              + name.value()
              + " is a gauge; take "
              + (function.equals("resets")
                  ? "changes"
                  : function.equals("rate") ? "deriv" : "delta")
              + "() instead.");
    } else if (OF_GAUGES.contains(function) && family.type() == MetricType.COUNTER) {
      add(
          "type",
          function
              + "() is for gauges, and "
              + name.value()
              + " is a counter, which starts again at 0; take "
              + (function.equals("idelta")
                  ? "irate"
                  : function.equals("delta") ? "increase" : "rate")
              + "() instead.");
    }
  }

  private void quantile(Expr buckets) {
    Values v = evaluate(buckets);
    if (v == null
        || v.isEmpty()
        || v.histograms()
        || v.series().stream().anyMatch(l -> l.has("le"))) {
      return;
    }
    String text =
        "histogram_quantile() needs buckets with the label \"le\" or native histograms, and none of the "
            + series(v.count())
            + " of "
            + cut(buckets)
            + " has it";
    add(
        "type",
        bare(buckets) instanceof AggregateExpr a
            ? text
                + ": the aggregation drops it; "
                + (a.without() ? "take le out of without()." : "add le to by().")
            : text + "; select the metric that ends in _bucket.");
  }

  private void absent(String function, Expr argument) {
    Values v = evaluate(argument);
    Boolean some =
        argument.type() == ValueType.MATRIX && bare(argument) instanceof MatrixSelector m
            ? Boolean.valueOf(hasSamples(Printer.print(m)))
            : v == null ? null : Boolean.valueOf(!v.isEmpty());
    if (Boolean.TRUE.equals(some)) {
      add(
          "absent",
          function
              + "() returns something only when its argument has no series; "
              + cut(argument)
              + " has"
              + (v == null ? "" : " " + series(v.count()))
              + (v == null ? " some." : "."));
    }
  }

  private void binary(BinaryExpr b) {
    if (b.type() != ValueType.VECTOR || b.op() == BinaryOp.OR) {
      return;
    }
    Values left = evaluate(b.left());
    Values right = evaluate(b.right());
    Values both = evaluate(b);
    if (left == null || right == null || both == null || !both.isEmpty()) {
      return;
    }
    boolean vectors = b.matching() != null;
    if (left.isEmpty() || (right.isEmpty() && b.op() != BinaryOp.UNLESS)) {
      return; // the reason is in that side
    }
    if (!vectors) {
      scalarComparison(b, left, right);
      return;
    }
    if (b.op() == BinaryOp.UNLESS) {
      add(
          "vector_matching",
          "unless removes all "
              + series(left.count())
              + " of "
              + cut(b.left())
              + ", for each has a partner in "
              + cut(b.right())
              + ".");
    } else if (!matching(b, left, right) && b.op().isComparison() && !b.returnBool()) {
      add(
          "comparison",
          "The comparison "
              + b.op().symbol()
              + " removes all series: those of "
              + cut(b.left())
              + " are "
              + range(left)
              + ", those of "
              + cut(b.right())
              + " are "
              + range(right)
              + ".");
    }
  }

  /* comparisons */

  private void scalarComparison(BinaryExpr b, Values left, Values right) {
    if (!b.op().isComparison() || b.returnBool()) {
      return;
    }
    boolean vectorLeft = b.left().type() == ValueType.VECTOR;
    Expr vector = vectorLeft ? b.left() : b.right();
    Values series = vectorLeft ? left : right;
    Values scalar = vectorLeft ? right : left;
    if (series.histograms()) {
      return;
    }
    String text =
        "The comparison "
            + (vectorLeft
                ? b.op().symbol() + " " + cut(b.right())
                : cut(b.left()) + " " + b.op().symbol())
            + " removes all "
            + series(series.count())
            + " of "
            + cut(vector)
            + ": "
            + range(series)
            + ".";
    add("comparison", text);
    double threshold = scalar.greatest();
    String unit = unit(vector);
    double greatest = Math.max(Math.abs(series.least()), Math.abs(series.greatest()));
    boolean far =
        greatest > 0
            && (Math.abs(threshold) >= OTHER_UNIT * greatest
                || (threshold != 0
                    && Math.abs(threshold) * OTHER_UNIT <= Math.abs(series.least())));
    if (unit != null && far) {
      add(
          "unit",
          "The values are in "
              + unit
              + ", "
              + range(series)
              + "; "
              + number(threshold)
              + " seems to be in another unit"
              + (unit.equals("seconds") && Math.abs(threshold) > greatest
                  ? ", perhaps milliseconds"
                  : unit.equals("ratio") && Math.abs(threshold) > greatest
                      ? ", perhaps percent"
                      : "")
              + ".");
    }
  }

  private static String range(Values v) {
    return v.least() == v.greatest()
        ? "all values are " + number(v.least())
        : "the values are " + number(v.least()) + " to " + number(v.greatest());
  }

  /** Returns the unit of the metric that a part is made from, or null. */
  private @Nullable String unit(Expr e) {
    return switch (e) {
      case VectorSelector v -> unitOf(v);
      case MatrixSelector m -> unitOf(m.selector());
      case ParenExpr p -> unit(p.expr());
      case UnaryExpr u -> unit(u.expr());
      case SubqueryExpr s -> unit(s.expr());
      case AggregateExpr a ->
          switch (a.op().name()) {
            case "COUNT", "COUNT_VALUES", "GROUP" -> null;
            default -> unit(a.expr());
          };
      case Call c ->
          switch (c.function().name()) {
            case "histogram_quantile",
                "max_over_time",
                "min_over_time",
                "avg_over_time",
                "last_over_time",
                "quantile_over_time",
                "abs",
                "ceil",
                "floor",
                "round" -> {
              String unit = null;
              for (Expr argument : c.arguments()) {
                unit = unit == null ? unit(argument) : unit;
              }
              yield unit;
            }
            case "rate", "increase", "irate" ->
                c.arguments().getFirst() instanceof MatrixSelector m
                        && String.valueOf(m.selector().name()).endsWith("_bucket")
                    ? unitOf(m.selector())
                    : null;
            default -> null;
          };
      default -> null;
    };
  }

  private @Nullable String unitOf(VectorSelector v) {
    Matcher name = SelectorCheck.nameOf(v.matchers());
    if (name == null) {
      return null;
    }
    MetricMetadata family = metadata.apply(name.value());
    if (family != null && !family.unit().isEmpty()) {
      return family.unit();
    }
    String stem = name.value().replaceFirst("_(total|bucket|sum)$", "");
    return UNITS.stream().filter(unit -> stem.endsWith("_" + unit)).findFirst().orElse(null);
  }

  /* matching of vectors */

  /** Remarks on two sides of which no series match; returns whether that may be so. */
  private boolean matching(BinaryExpr b, Values left, Values right) {
    VectorMatching m = b.matching();
    if (m == null) {
      return false;
    }
    if (!left.complete() || !right.complete()) {
      truncated = true;
      return true; // not known
    }
    Set<Labels> keys = new HashSet<>();
    left.series().forEach(l -> keys.add(key(l, m)));
    if (right.series().stream().anyMatch(r -> keys.contains(key(r, m)))) {
      return false;
    }
    Map<String, Set<String>> ofLeft = values(left, m);
    Map<String, Set<String>> ofRight = values(right, m);
    List<String> differing = new ArrayList<>();
    List<String> common = new ArrayList<>();
    List<String> reasons = new ArrayList<>();
    Set<String> all = new TreeSet<>(ofLeft.keySet());
    all.addAll(ofRight.keySet());
    for (String label : all) {
      Set<String> l = ofLeft.getOrDefault(label, Set.of());
      Set<String> r = ofRight.getOrDefault(label, Set.of());
      if (l.isEmpty() || r.isEmpty()) {
        differing.add(label);
        reasons.add(label + " is only on the " + (l.isEmpty() ? "right" : "left"));
      } else if (l.stream().noneMatch(r::contains)) {
        differing.add(label);
        reasons.add(label + " is " + some(l) + " on the left and " + some(r) + " on the right");
      } else {
        common.add(label);
      }
    }
    StringBuilder text =
        new StringBuilder("No series of ")
            .append(cut(b.left()))
            .append(" matches one of ")
            .append(cut(b.right()));
    if (reasons.isEmpty()) {
      text.append(": each label has values of both sides, but never in one series together.");
    } else {
      text.append(": ").append(String.join("; ", reasons.subList(0, Math.min(5, reasons.size()))));
      text.append('.');
    }
    if (!differing.isEmpty()) {
      text.append(" Compare ")
          .append(
              m.on() || common.isEmpty()
                  ? "on(" + String.join(", ", common) + ")"
                  : "on("
                      + String.join(", ", common)
                      + ") or ignoring("
                      + String.join(", ", ignored(m, differing))
                      + ")")
          .append(" instead.");
    }
    add("vector_matching", text.toString());
    return true;
  }

  private static List<String> ignored(VectorMatching m, List<String> differing) {
    Set<String> all = new LinkedHashSet<>(m.labels());
    all.addAll(differing);
    return List.copyOf(all);
  }

  private static String some(Set<String> values) {
    List<String> first = values.stream().limit(3).toList();
    return SelectorCheck.quoted(first) + (values.size() > 3 ? ", …" : "");
  }

  private static Labels key(Labels l, VectorMatching m) {
    return m.on()
        ? l.keep(Set.copyOf(m.labels()))
        : l.drop(Set.copyOf(m.labels())).without(Labels.METRIC_NAME);
  }

  private static Map<String, Set<String>> values(Values v, VectorMatching m) {
    Map<String, Set<String>> byLabel = new TreeMap<>();
    for (Labels l : v.series()) {
      key(l, m)
          .forEach((name, value) -> byLabel.computeIfAbsent(name, k -> new TreeSet<>()).add(value));
    }
    return byLabel;
  }

  /* evaluation */

  private static String cut(Expr e) {
    String text = Printer.print(e);
    return text.length() <= 120 ? text : text.substring(0, 119) + "…";
  }

  /** Returns the values of a part; null when it has none, fails, or there is no time left. */
  private @Nullable Values evaluate(Expr e) {
    if (e.type() != ValueType.VECTOR && e.type() != ValueType.SCALAR) {
      return null;
    }
    if (e.position().end() - e.position().start() > MAX_TEXT) {
      truncated = true;
      return null;
    }
    String text = Printer.print(e);
    if (!evaluated.containsKey(text)) {
      if (evaluated.size() == MAX_EVALUATIONS || late()) {
        truncated = true;
        return null;
      }
      evaluated.put(text, evaluate(text));
    }
    return evaluated.get(text);
  }

  private @Nullable Values evaluate(String text) {
    Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
    QueryEngine.Options options = new QueryEngine.Options(left, null, false);
    try {
      return values(
          startMs == endMs
              ? engine.instant(text, startMs, options).data()
              : engine
                  .range(text, startMs, endMs, Math.max(1, (endMs - startMs) / STEPS), options)
                  .data());
    } catch (QueryException e) {
      if (e.kind() == QueryException.Kind.CANCELED || e.kind() == QueryException.Kind.UNAVAILABLE) {
        throw e;
      }
      truncated |= e.kind() == QueryException.Kind.TIMEOUT;
      return null; // the query itself reports what is wrong with a part
    }
  }

  private @Nullable Values values(Data data) {
    List<Labels> series;
    double least = Double.POSITIVE_INFINITY;
    double greatest = Double.NEGATIVE_INFINITY;
    boolean histograms = false;
    switch (data) {
      case Data.Scalar s -> {
        least = s.value();
        greatest = s.value();
        series = List.of(Labels.EMPTY);
      }
      case Data.Vector v -> {
        for (var sample : v.samples()) {
          if (sample.histogram() != null) {
            histograms = true;
          } else {
            least = Math.min(least, known(sample.value(), least));
            greatest = Math.max(greatest, known(sample.value(), greatest));
          }
        }
        series = v.samples().stream().map(QueryResult.VectorSample::labels).toList();
      }
      case Data.Matrix m -> {
        for (var one : m.series()) {
          histograms |= one.histograms().length > 0;
          for (double value : one.values()) {
            least = Math.min(least, known(value, least));
            greatest = Math.max(greatest, known(value, greatest));
          }
        }
        series = m.series().stream().map(QueryResult.Series::labels).toList();
      }
      case Data.Text _ -> {
        return null;
      }
    }
    if (least > greatest) { // not a number, all of them
      least = Double.NaN;
      greatest = Double.NaN;
    }
    List<Labels> kept =
        series.size() > MAX_SERIES ? List.copyOf(series.subList(0, MAX_SERIES)) : series;
    return new Values(series.size(), kept, least, greatest, histograms);
  }

  private static double known(double value, double otherwise) {
    return Double.isNaN(value) ? otherwise : value;
  }

  private static String number(double value) {
    return GoFloat.toString(value, GoFloat.Style.JSON);
  }

  private static String series(int count) {
    return count + " series";
  }
}
