package io.narthex.query.oracle;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.StaleMarker;
import io.narthex.promql.DurationExpr;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.AggregateExpr;
import io.narthex.promql.Expr.At;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.NumberLiteral;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.StringLiteral;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.promql.Expr.UnaryExpr;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.ValueType;
import io.narthex.query.BitExact;
import io.narthex.query.oracle.Series.Sample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The slow and obvious evaluator of PromQL that the engine is compared with. It walks the syntax
 * tree anew for each step, reads samples from lists, keeps nothing and shares nothing with the
 * engine but the parser, the maths functions and the value types.
 *
 * <p>Left out: native histograms, {@code anchored} and {@code smoothed}, {@code info}, {@code
 * histogram_quantiles}, the functions over native histograms, the order of {@code sort_by_label},
 * {@code </} and {@code >/}, dates of seconds that no year of {@code java.time} holds, annotations,
 * statistics and limits.
 *
 * <p>Where the language leaves the order of a vector open (results of aggregations, of operators
 * between vectors and of subqueries, equal values under a quantile), and for {@code sort_by_label},
 * a {@link Random} may be given that shuffles it: what differs between two orders is not defined,
 * or not known here. Not thread-safe.
 */
final class Oracle {
  /**
   * What is asked for.
   *
   * @param stepMs 0 for an instant query
   * @param lookbackMs how long an instant selector looks back
   * @param defaultStepMs step of subqueries that name none
   * @param delayedNames whether metric names are dropped only at the end
   * @param startTimes whether start times take part in rates
   */
  record Query(
      Expr expr,
      long startMs,
      long endMs,
      long stepMs,
      long lookbackMs,
      long defaultStepMs,
      boolean delayedNames,
      boolean startTimes) {}

  /** The samples of a series under a range. */
  record Window(Labels labels, boolean dropName, List<Sample> samples) {}

  /** A range vector at one time; {@code startMs} is not part of the range. */
  record Range(long startMs, long endMs, List<Window> windows) {}

  /** The value of an expression at one time. */
  sealed interface Value {
    /** A number. */
    record Scalar(double value) implements Value {}

    /** A text. */
    record Text(String value) implements Value {}

    /** An instant vector. */
    record Vector(List<Element> elements) implements Value {}
  }

  final Query query;
  private final List<Series> data;
  private final @Nullable Random order;
  private final Map<Expr, Map<Labels, Labels>> sources = new IdentityHashMap<>();

  /**
   * Creates an evaluator for one query.
   *
   * @param data all series, in label order
   * @param order shuffles what has no defined order; null leaves it as it comes
   */
  Oracle(Query query, List<Series> data, @Nullable Random order) {
    this.query = query;
    this.data = data;
    this.order = order;
  }

  /**
   * Returns the result: values by label set and time.
   *
   * @throws OracleException when the query fails
   */
  Map<Labels, Map<Long, Double>> run() {
    Map<Labels, Map<Long, Double>> out = new TreeMap<>();
    if (query.expr().type() == ValueType.MATRIX) {
      for (Window w : range(query.expr(), query.startMs()).windows()) {
        Labels labels = w.dropName() ? withoutName(w.labels()) : w.labels();
        for (Sample s : w.samples()) {
          put(out, labels, s.timeMs(), s.value());
        }
      }
      return out;
    }
    for (long t = query.startMs(); t <= query.endMs(); t += Math.max(1, query.stepMs())) {
      for (Element e : at(t)) {
        put(out, e.labels(), t, e.value());
      }
    }
    return out;
  }

  /** Returns the result at one time, in its order; a number has no labels. */
  List<Element> at(long t) {
    List<Element> out = new ArrayList<>();
    switch (eval(query.expr(), t)) {
      case Value.Scalar s -> out.add(new Element(Labels.EMPTY, false, s.value()));
      case Value.Text x -> throw new IllegalArgumentException("no test for texts: " + x.value());
      case Value.Vector v -> {
        for (Element e : v.elements()) {
          Labels labels = e.dropName() ? withoutName(e.labels()) : e.labels();
          out.add(new Element(labels, false, e.value()));
        }
      }
    }
    return unique(out);
  }

  private static void put(
      Map<Labels, Map<Long, Double>> out, Labels labels, long timeMs, double value) {
    if (out.computeIfAbsent(labels, l -> new TreeMap<>()).put(timeMs, value) != null) {
      throw sameLabels();
    }
  }

  /* values */

  Value eval(Expr e, long t) {
    return switch (e) {
      case NumberLiteral n -> new Value.Scalar(n.value());
      case StringLiteral s -> new Value.Text(s.value());
      case ParenExpr p -> eval(p.expr(), t);
      case UnaryExpr u -> unary(u, t);
      case VectorSelector v -> new Value.Vector(select(v, t, Sample::value));
      case BinaryExpr b -> new Operators(this).eval(b, t);
      case AggregateExpr a -> new Value.Vector(unordered(new Grouping(this).eval(a, t)));
      case Call c -> new Calls(this).eval(c, t);
      case MatrixSelector _, SubqueryExpr _ ->
          throw new IllegalArgumentException("a range vector has no value at one time");
    };
  }

  double scalar(Expr e, long t) {
    return ((Value.Scalar) eval(e, t)).value();
  }

  List<Element> vector(Expr e, long t) {
    return ((Value.Vector) eval(e, t)).elements();
  }

  static String text(Expr e) {
    return ((StringLiteral) unwrap(e)).value();
  }

  static Expr unwrap(Expr e) {
    return e instanceof ParenExpr p ? unwrap(p.expr()) : e;
  }

  private Value unary(UnaryExpr u, long t) {
    Value v = eval(u.expr(), t);
    if (!u.minus()) {
      return v;
    }
    if (v instanceof Value.Scalar s) {
      return new Value.Scalar(-s.value());
    }
    List<Element> out = new ArrayList<>();
    for (Element e : ((Value.Vector) v).elements()) {
      out.add(nameless(e, -e.value()));
    }
    return new Value.Vector(unique(out));
  }

  /* names, duplicates, order */

  static Labels withoutName(Labels labels) {
    return labels.without(Labels.METRIC_NAME).without("__type__").without("__unit__");
  }

  /** Returns an element with another value and thus without the name. */
  Element nameless(Element e, double value) {
    return query.delayedNames()
        ? new Element(e.labels(), true, value)
        : new Element(withoutName(e.labels()), false, value);
  }

  static List<Element> unique(List<Element> in) {
    Set<Labels> seen = new HashSet<>();
    for (Element e : in) {
      if (!seen.add(e.labels())) {
        throw sameLabels();
      }
    }
    return in;
  }

  /**
   * Notes which series a function over ranges has made which from. Two that differ by name alone
   * are an error even if they never have a value at the same time.
   */
  void noteSource(Expr call, Labels result, Labels source) {
    Labels before = sources.computeIfAbsent(call, c -> new TreeMap<>()).put(result, source);
    if (before != null && !before.equals(source)) {
      throw sameLabels();
    }
  }

  static OracleException sameLabels() {
    return new OracleException("vector cannot contain metrics with the same labelset");
  }

  <T> List<T> unordered(List<T> in) {
    if (order == null) {
      return in;
    }
    List<T> out = new ArrayList<>(in);
    Collections.shuffle(out, order);
    return out;
  }

  /** Returns whether some aggregation of an expression goes over a vector without defined order. */
  static boolean addsInOpenOrder(Expr e) {
    return e instanceof AggregateExpr a && isOpen(a.expr())
        || parts(e).stream().anyMatch(Oracle::addsInOpenOrder);
  }

  private static final Set<String> OF_OPEN_ORDER =
      Set.of("quantile_over_time", "sort_by_label", "sort_by_label_desc");

  /** Returns whether there is anything in an expression without defined order. */
  static boolean isOpen(Expr e) {
    return e instanceof AggregateExpr
        || e instanceof SubqueryExpr
        || e instanceof BinaryExpr b && b.matching() != null
        || e instanceof Call c && OF_OPEN_ORDER.contains(c.function().name())
        || parts(e).stream().anyMatch(Oracle::isOpen);
  }

  private static List<Expr> parts(Expr e) {
    return switch (e) {
      case NumberLiteral _, StringLiteral _, VectorSelector _, MatrixSelector _ -> List.of();
      case ParenExpr p -> List.of(p.expr());
      case UnaryExpr u -> List.of(u.expr());
      case BinaryExpr b -> List.of(b.left(), b.right());
      case SubqueryExpr s -> List.of(s.expr());
      case AggregateExpr a -> {
        Expr param = a.param();
        yield param == null ? List.of(a.expr()) : List.of(param, a.expr());
      }
      case Call c -> c.arguments();
    };
  }

  /* selection */

  private long moment(@Nullable At at, long t) {
    if (at == null) {
      return t;
    }
    return switch (at.kind()) {
      case FIXED -> at.timestampMs();
      case START -> query.startMs();
      case END -> query.endMs();
    };
  }

  /** Returns what {@code part} takes from the newest samples. */
  List<Element> select(VectorSelector v, long t, ToDoubleFunction<Sample> part) {
    long end = moment(v.at(), t) - duration(v.offsetMs(), v.offsetExpr());
    List<Element> out = new ArrayList<>();
    for (Series s : data) {
      if (matches(s, v)) {
        Sample newest = null;
        for (Sample x : s.samples()) {
          if (x.timeMs() > end - query.lookbackMs() && x.timeMs() <= end) {
            newest = x;
          }
        }
        if (newest != null && !StaleMarker.is(newest.value())) {
          out.add(new Element(s.labels(), false, part.applyAsDouble(newest)));
        }
      }
    }
    return out;
  }

  private static boolean matches(Series s, VectorSelector v) {
    for (Matcher m : v.matchers()) {
      if (!m.matches(s.labels().get(m.name()))) {
        return false;
      }
    }
    return true;
  }

  Range range(Expr e, long t) {
    return switch (unwrap(e)) {
      case MatrixSelector m -> matrix(m, t);
      case SubqueryExpr s -> subquery(s, t);
      default -> throw new IllegalArgumentException("no range vector: " + e);
    };
  }

  private Range matrix(MatrixSelector m, long t) {
    VectorSelector v = m.selector();
    long end = moment(v.at(), t) - duration(v.offsetMs(), v.offsetExpr());
    long start = end - duration(m.rangeMs(), m.rangeExpr());
    List<Window> out = new ArrayList<>();
    for (Series s : data) {
      if (matches(s, v)) {
        List<Sample> samples = new ArrayList<>();
        for (Sample x : s.samples()) {
          if (x.timeMs() > start && x.timeMs() <= end && !StaleMarker.is(x.value())) {
            samples.add(x);
          }
        }
        if (!samples.isEmpty()) {
          out.add(new Window(s.labels(), false, samples));
        }
      }
    }
    return new Range(start, end, out);
  }

  private Range subquery(SubqueryExpr s, long t) {
    long end = moment(s.at(), t) - duration(s.offsetMs(), s.offsetExpr());
    long start = end - duration(s.rangeMs(), s.rangeExpr());
    long step = duration(s.stepMs(), s.stepExpr());
    if (step == 0) {
      step = query.defaultStepMs();
    }
    Map<Labels, Window> out = new LinkedHashMap<>();
    for (long at = Math.floorDiv(start, step) * step + step; at <= end; at += step) {
      for (Element e : unique(vector(s.expr(), at))) {
        Window w =
            out.computeIfAbsent(e.labels(), l -> new Window(l, e.dropName(), new ArrayList<>()));
        w.samples().add(new Sample(at, e.value()));
      }
    }
    return new Range(start, end, unordered(new ArrayList<>(out.values())));
  }

  private long duration(long literalMs, @Nullable DurationExpr calculated) {
    return calculated == null ? literalMs : (long) (seconds(calculated) * 1000);
  }

  private double seconds(DurationExpr d) {
    return switch (d) {
      case DurationExpr.Literal l -> l.seconds();
      case DurationExpr.Unary u -> u.minus() ? -seconds(u.operand()) : seconds(u.operand());
      case DurationExpr.Variable v ->
          (v.step() ? query.stepMs() : query.endMs() - query.startMs()) / 1000.0;
      case DurationExpr.Choice c ->
          c.max()
              ? Math.max(seconds(c.left()), seconds(c.right()))
              : Math.min(seconds(c.left()), seconds(c.right()));
      case DurationExpr.Binary b -> {
        double x = seconds(b.left());
        double y = seconds(b.right());
        yield switch (b.op()) {
          case '+' -> x + y;
          case '-' -> x - y;
          case '*' -> x * y;
          case '/' -> x / y;
          case '%' -> x % y;
          default -> BitExact.pow(x, y);
        };
      }
    };
  }
}
