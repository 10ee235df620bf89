package io.narthex.query;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.Functions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;

/** The functions over scalars and instant vectors. */
final class InstantFunctions {
  private final Evaluator evaluator;
  private final QueryContext context;

  InstantFunctions(Evaluator evaluator) {
    this.evaluator = evaluator;
    this.context = evaluator.context;
  }

  Value call(Call c, Grid grid) {
    List<Expr> a = c.arguments();
    String name = c.function().name();
    if (Functions.get(name) == null) {
      return PluginFunctions.call(evaluator, c, grid);
    }
    return switch (name) {
      case "time" -> times(grid);
      case "pi" -> Evaluator.scalar(grid, Math.PI);
      case "start" -> Evaluator.scalar(grid, context.startMs / 1000.0);
      case "end" -> Evaluator.scalar(grid, context.endMs / 1000.0);
      case "range" -> Evaluator.scalar(grid, (context.endMs - context.startMs) / 1000.0);
      case "step" -> Evaluator.scalar(grid, context.instant ? 0 : context.stepMs / 1000.0);
      case "min_of", "max_of" -> {
        double[] x = evaluator.scalars(a.get(0), grid);
        double[] y = evaluator.scalars(a.get(1), grid);
        double[] out = new double[x.length];
        for (int i = 0; i < out.length; i++) {
          out[i] = name.equals("min_of") ? GoMath.min(x[i], y[i]) : GoMath.max(x[i], y[i]);
        }
        yield new Value.Scalar(out);
      }
      case "scalar" -> toScalar(evaluator.vector(a.get(0), grid), grid);
      case "vector" -> {
        StepSeries s = context.series(Labels.EMPTY, false, grid.size());
        double[] v = evaluator.scalars(a.get(0), grid);
        for (int i = 0; i < v.length; i++) {
          s.set(i, v[i]);
        }
        yield new Value.Vector(List.of(s));
      }
      default -> new Value.Vector(vector(name, c, a, grid));
    };
  }

  private List<StepSeries> vector(String name, Call c, List<Expr> a, Grid grid) {
    return switch (name) {
      case "absent" -> absent(a.get(0), grid);
      case "timestamp" -> timestamp(a.get(0), grid);
      case "start_timestamp" -> startTimestamp(a.get(0), grid);
      case "round" -> {
        double[] to = a.size() > 1 ? evaluator.scalars(a.get(1), grid) : ones(grid);
        yield map(
            evaluator.vector(a.get(0), grid),
            (v, i) -> {
              double inverse = 1.0 / to[i];
              return Math.floor(v * inverse + 0.5) / inverse;
            });
      }
      case "clamp" -> {
        double[] min = evaluator.scalars(a.get(1), grid);
        double[] max = evaluator.scalars(a.get(2), grid);
        yield clamp(evaluator.vector(a.get(0), grid), min, max);
      }
      case "clamp_min" -> {
        double[] min = evaluator.scalars(a.get(1), grid);
        yield map(evaluator.vector(a.get(0), grid), (v, i) -> GoMath.max(min[i], v));
      }
      case "clamp_max" -> {
        double[] max = evaluator.scalars(a.get(1), grid);
        yield map(evaluator.vector(a.get(0), grid), (v, i) -> GoMath.min(max[i], v));
      }
      case "minute",
          "hour",
          "day_of_week",
          "day_of_month",
          "day_of_year",
          "days_in_month",
          "month",
          "year" ->
          date(name, a, grid);
      case "label_replace" -> LabelFunctions.replace(evaluator, a, grid);
      case "label_join" -> LabelFunctions.join(evaluator, a, grid);
      case "sort", "sort_desc" -> {
        if (!context.instant) {
          context.annotations.sortInRangeQuery(c.position());
          yield evaluator.vector(a.get(0), grid);
        }
        List<StepSeries> in = evaluator.vector(a.get(0), grid);
        // inside of a subquery there are many steps, each with an order that nobody sees
        yield grid.size() == 1 ? LabelFunctions.sort(in, name.equals("sort_desc")) : floatsOf(in);
      }
      case "sort_by_label", "sort_by_label_desc" -> {
        List<StepSeries> in = evaluator.vector(a.get(0), grid);
        if (!context.instant) {
          context.annotations.sortInRangeQuery(c.position());
          yield in;
        }
        yield LabelFunctions.sortByLabel(in, a, name.endsWith("_desc"));
      }
      case "histogram_quantile" -> {
        double[] q = evaluator.scalars(a.get(0), grid);
        yield new HistogramFunctions(evaluator, a.get(1), grid).quantile(q, a.get(0).position());
      }
      case "histogram_quantiles" -> {
        HistogramFunctions h = new HistogramFunctions(evaluator, a.get(0), grid);
        yield h.quantiles(a);
      }
      case "histogram_fraction" -> {
        double[] lower = evaluator.scalars(a.get(0), grid);
        double[] upper = evaluator.scalars(a.get(1), grid);
        yield new HistogramFunctions(evaluator, a.get(2), grid).fraction(lower, upper);
      }
      case "histogram_count" -> ofHistograms(a, grid, h -> h.count, true);
      case "histogram_sum" -> ofHistograms(a, grid, h -> h.sum, true);
      case "histogram_avg" -> ofHistograms(a, grid, h -> h.sum / h.count, true);
      case "histogram_stdvar" -> ofHistograms(a, grid, HistogramFunctions::variance, false);
      case "histogram_stddev" ->
          ofHistograms(a, grid, h -> Math.sqrt(HistogramFunctions.variance(h)), false);
      case "info" -> new InfoFunction(evaluator).eval(a, grid);
      default -> simple(name, a, grid);
    };
  }

  private List<StepSeries> simple(String name, List<Expr> a, Grid grid) {
    DoubleUnaryOperator f =
        switch (name) {
          case "abs" -> Math::abs;
          case "ceil" -> Math::ceil;
          case "floor" -> Math::floor;
          case "exp" -> GoMath::exp;
          case "ln" -> GoMath::log;
          case "log2" -> GoMath::log2;
          case "log10" -> GoMath::log10;
          case "sqrt" -> Math::sqrt;
          case "sgn" -> v -> v < 0 ? -1 : v > 0 ? 1 : v;
          case "sin" -> GoMath::sin;
          case "cos" -> GoMath::cos;
          case "tan" -> GoMath::tan;
          case "asin" -> GoMath::asin;
          case "acos" -> GoMath::acos;
          case "atan" -> GoMath::atan;
          case "sinh" -> GoMath::sinh;
          case "cosh" -> GoMath::cosh;
          case "tanh" -> GoMath::tanh;
          case "asinh" -> GoMath::asinh;
          case "acosh" -> GoMath::acosh;
          case "atanh" -> GoMath::atanh;
          case "deg" -> v -> v * 180 / Math.PI;
          case "rad" -> v -> v * Math.PI / 180;
          default -> throw QueryContext.failed("unknown function " + name);
        };
    return map(evaluator.vector(a.get(0), grid), (v, i) -> f.applyAsDouble(v));
  }

  private static double[] ones(Grid grid) {
    double[] out = new double[grid.size()];
    java.util.Arrays.fill(out, 1);
    return out;
  }

  private static Value.Scalar times(Grid grid) {
    double[] out = new double[grid.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = grid.time(i) / 1000.0;
    }
    return new Value.Scalar(out);
  }

  private static Value.Scalar toScalar(List<StepSeries> in, Grid grid) {
    double[] out = new double[grid.size()];
    byte[] found = new byte[grid.size()];
    for (StepSeries s : in) {
      for (int i = 0; i < out.length; i++) {
        if (s.kinds[i] == StepSeries.FLOAT && found[i] < 2) {
          found[i]++;
          out[i] = s.floats[i];
        }
      }
    }
    for (int i = 0; i < out.length; i++) {
      if (found[i] != 1) {
        out[i] = Double.NaN;
      }
    }
    return new Value.Scalar(out);
  }

  /** A function of a value and a step. */
  interface StepFunction {
    double apply(double value, int step);
  }

  /** Returns the function of all floats; histograms are dropped. */
  List<StepSeries> map(List<StepSeries> in, StepFunction f) {
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      context.check();
      StepSeries r = evaluator.renamed(s);
      boolean any = false;
      for (int i = 0; i < s.steps(); i++) {
        if (s.kinds[i] == StepSeries.FLOAT) {
          r.set(i, f.apply(s.floats[i], i));
          any = true;
        }
      }
      if (any) {
        out.add(r);
      }
    }
    return evaluator.merge(out);
  }

  private List<StepSeries> floatsOf(List<StepSeries> in) {
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      StepSeries r = s;
      if (s.hists != null) {
        r = context.series(s.labels, s.dropName, s.steps());
        for (int i = 0; i < s.steps(); i++) {
          if (s.kinds[i] == StepSeries.FLOAT) {
            r.set(i, s.floats[i]);
          }
        }
      }
      if (!r.isEmpty()) {
        out.add(r);
      }
    }
    return out;
  }

  private List<StepSeries> clamp(List<StepSeries> in, double[] min, double[] max) {
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      StepSeries r = evaluator.renamed(s);
      boolean any = false;
      for (int i = 0; i < s.steps(); i++) {
        if (s.kinds[i] == StepSeries.FLOAT && !(max[i] < min[i])) {
          r.set(i, GoMath.max(min[i], GoMath.min(max[i], s.floats[i])));
          any = true;
        }
      }
      if (any) {
        out.add(r);
      }
    }
    return evaluator.merge(out);
  }

  /** A number taken from a histogram. */
  private interface HistFunction {
    double apply(Hist h);
  }

  private List<StepSeries> ofHistograms(List<Expr> a, Grid grid, HistFunction f, boolean parts) {
    List<StepSeries> out = new ArrayList<>();
    boolean outer = evaluator.selection.detectResets;
    evaluator.selection.detectResets = parts || outer;
    evaluator.feed(
        a.get(0),
        grid,
        s -> {
          StepSeries r = evaluator.renamed(s);
          boolean any = false;
          for (int i = 0; i < s.steps(); i++) {
            if (s.kinds[i] == StepSeries.HIST) {
              r.set(i, f.apply(s.hist(i)));
              any = true;
            }
          }
          if (any) {
            out.add(r);
          }
        });
    evaluator.selection.detectResets = outer;
    return evaluator.merge(out);
  }

  private List<StepSeries> timestamp(Expr e, Grid grid) {
    Expr inner = Evaluator.unwrap(e);
    List<StepSeries> in =
        inner instanceof VectorSelector v
            ? evaluator.selection.instant(v, grid, Selection.Part.TIME)
            : evaluator.vector(e, grid);
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      StepSeries r = evaluator.renamed(s);
      for (int i = 0; i < s.steps(); i++) {
        if (s.kinds[i] != StepSeries.NONE) {
          r.set(i, inner instanceof VectorSelector ? s.floats[i] : grid.time(i) / 1000.0);
        }
      }
      out.add(r);
    }
    return evaluator.merge(out);
  }

  private List<StepSeries> startTimestamp(Expr e, Grid grid) {
    if (!(Evaluator.unwrap(e) instanceof VectorSelector v)
        || !context.options.useStartTimestamps()) {
      return List.of();
    }
    List<StepSeries> out = new ArrayList<>();
    for (StepSeries s : evaluator.selection.instant(v, grid, Selection.Part.START_TIME)) {
      StepSeries r = evaluator.renamed(s);
      boolean any = false;
      for (int i = 0; i < s.steps(); i++) {
        if (s.kinds[i] != StepSeries.NONE) {
          r.set(i, s.floats[i]);
          any = true;
        }
      }
      if (any) {
        out.add(r);
      }
    }
    return evaluator.merge(out);
  }

  private List<StepSeries> absent(Expr e, Grid grid) {
    List<StepSeries> in = evaluator.vector(e, grid);
    boolean[] present = new boolean[grid.size()];
    for (StepSeries s : in) {
      for (int i = 0; i < present.length; i++) {
        present[i] |= s.kinds[i] != StepSeries.NONE;
      }
    }
    Labels labels =
        Evaluator.unwrap(e) instanceof VectorSelector v ? absentLabels(v) : Labels.EMPTY;
    StepSeries out = context.series(labels, false, grid.size());
    boolean any = false;
    for (int i = 0; i < present.length; i++) {
      if (!present[i]) {
        out.set(i, 1);
        any = true;
      }
    }
    return any ? List.of(out) : List.of();
  }

  /** Returns the labels that equality matchers fix, each name used by one matcher only. */
  static Labels absentLabels(VectorSelector v) {
    Labels.Builder b = Labels.builder();
    Set<String> seen = new HashSet<>();
    for (Matcher m : v.matchers()) {
      if (m.name().equals(Labels.METRIC_NAME)) {
        continue;
      }
      if (m.type() == Matcher.Type.EQUAL && seen.add(m.name())) {
        b.set(m.name(), m.value());
      } else {
        seen.add(m.name());
        b.remove(m.name());
      }
    }
    return b.build();
  }

  private List<StepSeries> date(String name, List<Expr> a, Grid grid) {
    if (a.isEmpty()) {
      StepSeries now = context.series(Labels.EMPTY, false, grid.size());
      for (int i = 0; i < grid.size(); i++) {
        now.set(i, part(name, grid.time(i) / 1000.0));
      }
      return List.of(now);
    }
    return map(evaluator.vector(a.get(0), grid), (v, i) -> part(name, v));
  }

  private static double part(String name, double seconds) {
    return GoDate.part(name, seconds);
  }
}
