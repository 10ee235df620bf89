package io.narthex.query.functions;

import static io.narthex.query.functions.FunctionKernel.ofNumbers;
import static io.narthex.query.functions.FunctionKernel.ofValues;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.FunctionKernel.Time;
import io.narthex.query.math.GoMath;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;

/** The functions over scalars and the floats of instant vectors. */
final class InstantFunctions {
  static final List<FunctionKernel> KERNELS =
      List.of(
          ofNumbers("pi", (x, y) -> Math.PI),
          ofNumbers("min_of", GoMath::min),
          ofNumbers("max_of", GoMath::max),
          ofValues("time", (o, c, grid) -> times(grid)).dependingOn(Time.STEP),
          ofQuery("start", context -> context.startMs / 1000.0),
          ofQuery("end", context -> context.endMs / 1000.0),
          ofQuery("range", context -> (context.endMs - context.startMs) / 1000.0),
          ofQuery("step", context -> context.instant ? 0 : context.stepMs / 1000.0),
          ofValues("scalar", InstantFunctions::toScalar),
          ofValues("vector", InstantFunctions::toVector),
          ofValues("absent", InstantFunctions::absent),
          ofValues("timestamp", InstantFunctions::timestamp)
              .dependingOn(Time.STEP)
              .reading(SamplePart.TIME),
          ofValues("start_timestamp", InstantFunctions::startTimestamp)
              .dependingOn(Time.SAMPLES)
              .reading(SamplePart.START_TIME),
          ofValues("round", InstantFunctions::round),
          ofValues("clamp", InstantFunctions::clamp),
          ofValues(
              "clamp_min",
              (o, c, grid) -> {
                double[] min = o.scalars(c.arguments().get(1), grid);
                return map(o, c.arguments().get(0), grid, (v, i) -> GoMath.max(min[i], v));
              }),
          ofValues(
              "clamp_max",
              (o, c, grid) -> {
                double[] max = o.scalars(c.arguments().get(1), grid);
                return map(o, c.arguments().get(0), grid, (v, i) -> GoMath.min(max[i], v));
              }),
          ofFloats("abs", Math::abs),
          ofFloats("ceil", Math::ceil),
          ofFloats("floor", Math::floor),
          ofFloats("exp", GoMath::exp),
          ofFloats("ln", GoMath::log),
          ofFloats("log2", GoMath::log2),
          ofFloats("log10", GoMath::log10),
          ofFloats("sqrt", Math::sqrt),
          ofFloats("sgn", v -> v < 0 ? -1 : v > 0 ? 1 : v),
          ofFloats("sin", GoMath::sin),
          ofFloats("cos", GoMath::cos),
          ofFloats("tan", GoMath::tan),
          ofFloats("asin", GoMath::asin),
          ofFloats("acos", GoMath::acos),
          ofFloats("atan", GoMath::atan),
          ofFloats("sinh", GoMath::sinh),
          ofFloats("cosh", GoMath::cosh),
          ofFloats("tanh", GoMath::tanh),
          ofFloats("asinh", GoMath::asinh),
          ofFloats("acosh", GoMath::acosh),
          ofFloats("atanh", GoMath::atanh),
          ofFloats("deg", v -> v * 180 / Math.PI),
          ofFloats("rad", v -> v * Math.PI / 180));

  private InstantFunctions() {}

  /** Returns a function of the steps of the query. */
  private static FunctionKernel ofQuery(String name, QueryNumber number) {
    return ofValues(name, (o, c, grid) -> Value.scalar(grid, number.of(o.context())))
        .dependingOn(Time.QUERY);
  }

  /** A number that a query fixes. */
  private interface QueryNumber {
    double of(QueryContext context);
  }

  /** Returns a function of each float. */
  private static FunctionKernel ofFloats(String name, DoubleUnaryOperator f) {
    return ofValues(
        name, (o, c, grid) -> map(o, c.arguments().get(0), grid, (v, i) -> f.applyAsDouble(v)));
  }

  private static Value times(Grid grid) {
    double[] out = new double[grid.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = grid.time(i) / 1000.0;
    }
    return new Value.Scalar(out);
  }

  private static Value toScalar(Operators o, Call c, Grid grid) {
    double[] out = new double[grid.size()];
    byte[] found = new byte[grid.size()];
    for (StepSeries s : o.vector(c.arguments().get(0), grid)) {
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

  private static Value toVector(Operators o, Call c, Grid grid) {
    StepSeries s = o.context().series(Labels.EMPTY, false, grid.size());
    double[] v = o.scalars(c.arguments().get(0), grid);
    for (int i = 0; i < v.length; i++) {
      s.set(i, v[i]);
    }
    return new Value.Vector(List.of(s));
  }

  /** A function of a value and a step. */
  interface StepFunction {
    double apply(double value, int step);
  }

  /** Returns the function of all floats; histograms are dropped. */
  static Value map(Operators o, Expr argument, Grid grid, StepFunction f) {
    QueryContext context = o.context();
    List<StepSeries> in = o.vector(argument, grid);
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      context.check();
      StepSeries r = LabelSets.renamed(context, s);
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
    return new Value.Vector(LabelSets.merge(context, out));
  }

  private static Value round(Operators o, Call c, Grid grid) {
    double[] to;
    if (c.arguments().size() > 1) {
      to = o.scalars(c.arguments().get(1), grid);
    } else {
      to = new double[grid.size()];
      Arrays.fill(to, 1);
    }
    return map(
        o,
        c.arguments().get(0),
        grid,
        (v, i) -> {
          double inverse = 1.0 / to[i];
          return Math.floor(v * inverse + 0.5) / inverse;
        });
  }

  private static Value clamp(Operators o, Call c, Grid grid) {
    QueryContext context = o.context();
    double[] min = o.scalars(c.arguments().get(1), grid);
    double[] max = o.scalars(c.arguments().get(2), grid);
    List<StepSeries> in = o.vector(c.arguments().get(0), grid);
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      StepSeries r = LabelSets.renamed(context, s);
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
    return new Value.Vector(LabelSets.merge(context, out));
  }

  private static Value timestamp(Operators o, Call c, Grid grid) {
    QueryContext context = o.context();
    Expr e = c.arguments().get(0);
    VectorSelector selector = Expressions.unwrap(e) instanceof VectorSelector v ? v : null;
    List<StepSeries> in =
        selector != null ? o.select(selector, grid, SamplePart.TIME) : o.vector(e, grid);
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      StepSeries r = LabelSets.renamed(context, s);
      for (int i = 0; i < s.steps(); i++) {
        if (s.kinds[i] != StepSeries.NONE) {
          r.set(i, selector != null ? s.floats[i] : grid.time(i) / 1000.0);
        }
      }
      out.add(r);
    }
    return new Value.Vector(LabelSets.merge(context, out));
  }

  private static Value startTimestamp(Operators o, Call c, Grid grid) {
    QueryContext context = o.context();
    if (!(Expressions.unwrap(c.arguments().get(0)) instanceof VectorSelector v)
        || !context.options.useStartTimestamps()) {
      return new Value.Vector(List.of());
    }
    List<StepSeries> out = new ArrayList<>();
    for (StepSeries s : o.select(v, grid, SamplePart.START_TIME)) {
      StepSeries r = LabelSets.renamed(context, s);
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
    return new Value.Vector(LabelSets.merge(context, out));
  }

  private static Value absent(Operators o, Call c, Grid grid) {
    Expr e = c.arguments().get(0);
    List<StepSeries> in = o.vector(e, grid);
    boolean[] present = new boolean[grid.size()];
    for (StepSeries s : in) {
      for (int i = 0; i < present.length; i++) {
        present[i] |= s.kinds[i] != StepSeries.NONE;
      }
    }
    Labels labels =
        Expressions.unwrap(e) instanceof VectorSelector v ? absentLabels(v) : Labels.EMPTY;
    return new Value.Vector(whereNot(present, labels, o.context()));
  }

  /** Returns a series of ones at the steps at which nothing is present; none if all are. */
  static List<StepSeries> whereNot(boolean[] present, Labels labels, QueryContext context) {
    StepSeries out = context.series(labels, false, present.length);
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
}
