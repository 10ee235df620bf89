package io.narthex.query.oracle;

import io.narthex.model.Labels;
import io.narthex.promql.AggregateOp;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.AggregateExpr;
import io.narthex.query.oracle.Arithmetic.Sum;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The aggregations. */
final class Grouping {
  private final Oracle oracle;

  Grouping(Oracle oracle) {
    this.oracle = oracle;
  }

  List<Element> eval(AggregateExpr a, long t) {
    List<Element> in = oracle.vector(a.expr(), t);
    AggregateOp op = a.op();
    Set<String> names = new HashSet<>(a.grouping());
    if (op == AggregateOp.COUNT_VALUES) {
      String label = Oracle.text(Objects.requireNonNull(a.param()));
      List<Element> labelled = new ArrayList<>();
      for (Element e : in) {
        Labels l = e.labels().with(label, Arithmetic.plain(e.value()));
        labelled.add(new Element(l, e.dropName(), e.value()));
      }
      in = labelled;
      if (!a.without()) {
        names.add(label);
      }
    }
    Map<Labels, List<Element>> groups = new LinkedHashMap<>();
    for (Element e : in) {
      Labels key =
          a.without() ? e.labels().without(Labels.METRIC_NAME).drop(names) : e.labels().keep(names);
      groups.computeIfAbsent(key, k -> new ArrayList<>()).add(e);
    }
    double parameter = Double.NaN;
    Expr param = a.param();
    if (param != null && op != AggregateOp.COUNT_VALUES) {
      parameter = checked(op, oracle.scalar(param, t));
    }
    List<Element> out = new ArrayList<>();
    for (Map.Entry<Labels, List<Element>> g : groups.entrySet()) {
      if (op.keepsElements()) {
        out.addAll(chosen(op, parameter, g.getValue()));
      } else {
        boolean lost = g.getValue().stream().anyMatch(Element::dropName);
        out.add(new Element(g.getKey(), lost, value(op, parameter, g.getValue())));
      }
    }
    return out;
  }

  private static double checked(AggregateOp op, double p) {
    if (op == AggregateOp.QUANTILE) {
      return p;
    }
    boolean bad = Double.isNaN(p);
    if (op != AggregateOp.LIMIT_RATIO) {
      bad |= p >= 0x1p63 || p <= -0x1p63;
    }
    if (bad) {
      throw new OracleException(op.text() + ": bad parameter, got " + p);
    }
    return op == AggregateOp.LIMIT_RATIO ? Math.clamp(p, -1.0, 1.0) : p;
  }

  private double value(AggregateOp op, double parameter, List<Element> group) {
    List<Double> values = new ArrayList<>();
    group.forEach(e -> values.add(e.value()));
    return switch (op) {
      case SUM -> {
        Sum s = new Sum(values.getFirst(), 0);
        values.subList(1, values.size()).forEach(s::add);
        yield s.total();
      }
      case AVG -> Arithmetic.mean(values);
      case COUNT, COUNT_VALUES -> values.size();
      case GROUP -> 1;
      case MIN -> extreme(values, -1);
      case MAX -> extreme(values, 1);
      case STDVAR -> variance(values);
      case STDDEV -> Math.sqrt(variance(values));
      case QUANTILE -> Arithmetic.quantile(parameter, oracle.unordered(values));
      default -> throw new IllegalArgumentException("keeps its elements: " + op);
    };
  }

  /** Returns the first of the largest ({@code sign} 1) or smallest values; NaN if all are. */
  static double extreme(List<Double> values, int sign) {
    double best = values.getFirst();
    for (double v : values) {
      if (v * sign > best * sign || Double.isNaN(best)) {
        best = v;
      }
    }
    return best;
  }

  /** Returns the variance by Welford's method, without compensation. */
  private static double variance(List<Double> values) {
    double mean = values.getFirst();
    double squares = Double.isInfinite(mean) || Double.isNaN(mean) ? Double.NaN : 0;
    for (int i = 1; i < values.size(); i++) {
      double delta = values.get(i) - mean;
      mean += delta / (i + 1);
      squares += delta * (values.get(i) - mean);
    }
    return squares / values.size();
  }

  private static List<Element> chosen(AggregateOp op, double parameter, List<Element> group) {
    return switch (op) {
      case TOPK -> largest(parameter, group, (x, y) -> x < y);
      case BOTTOMK -> largest(parameter, group, (x, y) -> x > y);
      case LIMITK -> group.subList(0, (int) Math.min(Math.max(parameter, 0), group.size()));
      default -> {
        List<Element> out = new ArrayList<>();
        for (Element e : group) {
          double place = Arithmetic.place(e.labels());
          if (parameter >= 0 ? place < parameter : place >= 1 + parameter) {
            out.add(e);
          }
        }
        yield out;
      }
    };
  }

  /** Returns whether one number is worse than another. */
  private interface Worse {
    boolean than(double x, double y);

    default boolean elements(Element x, Element y) {
      return Double.isNaN(x.value()) || than(x.value(), y.value());
    }
  }

  /**
   * Returns the best k, best first. Which of equal ones stay is decided by a binary heap with the
   * worst on top, so it has to be one here too.
   */
  private static List<Element> largest(double k, List<Element> group, Worse worse) {
    List<Element> heap = new ArrayList<>();
    for (Element e : group) {
      if (heap.size() < Math.floor(k)) {
        heap.add(e);
        int at = heap.size() - 1;
        while (at > 0 && worse.elements(heap.get(at), heap.get((at - 1) / 2))) {
          Collections.swap(heap, at, (at - 1) / 2);
          at = (at - 1) / 2;
        }
      } else if (!heap.isEmpty() && replaces(e.value(), heap.getFirst().value(), worse)) {
        heap.set(0, e);
        sink(heap, worse);
      }
    }
    heap.sort(
        Comparator.<Element, Boolean>comparing(e -> Double.isNaN(e.value()))
            .thenComparing((x, y) ->
                worse.than(y.value(), x.value()) ? -1 : worse.than(x.value(), y.value()) ? 1 : 0));
    return heap;
  }

  private static boolean replaces(double v, double top, Worse worse) {
    return worse.than(top, v) || (Double.isNaN(top) && !Double.isNaN(v));
  }

  private static void sink(List<Element> heap, Worse worse) {
    int at = 0;
    while (2 * at + 1 < heap.size()) {
      int child = 2 * at + 1;
      if (child + 1 < heap.size() && worse.elements(heap.get(child + 1), heap.get(child))) {
        child++;
      }
      if (!worse.elements(heap.get(child), heap.get(at))) {
        return;
      }
      Collections.swap(heap, at, child);
      at = child;
    }
  }
}
