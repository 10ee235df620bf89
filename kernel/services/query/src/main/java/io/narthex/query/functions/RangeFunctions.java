package io.narthex.query.functions;

import static io.narthex.query.functions.FunctionKernel.ofRange;
import static io.narthex.query.functions.FunctionKernel.ofWindows;

import io.narthex.model.Labels;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.FunctionKernel.Time;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import java.util.List;

/** The functions over range vectors. */
final class RangeFunctions {
  static final List<FunctionKernel> KERNELS =
      List.of(
          ofWindows("rate", c -> rate(c, true, true))
              .allowing(RangeMode.ANCHORED, RangeMode.SMOOTHED),
          ofWindows("increase", c -> rate(c, true, false))
              .allowing(RangeMode.ANCHORED, RangeMode.SMOOTHED),
          ofWindows("delta", c -> rate(c, false, false))
              .allowing(RangeMode.ANCHORED, RangeMode.SMOOTHED),
          ofWindows(
              "irate",
              c -> new InstantRateFunction(c.annotations(), c.position(), true, c.options())),
          ofWindows(
              "idelta",
              c -> new InstantRateFunction(c.annotations(), c.position(), false, c.options())),
          ofWindows("changes", c -> transitions(c, false)).allowing(RangeMode.ANCHORED),
          ofWindows("resets", c -> transitions(c, true)).allowing(RangeMode.ANCHORED),
          ofWindows("sum_over_time", c -> new OverTime.Sum(c.annotations(), c.position(), false)),
          ofWindows("avg_over_time", c -> new OverTime.Sum(c.annotations(), c.position(), true)),
          ofWindows("min_over_time", c -> extreme(c, false, false)),
          ofWindows("max_over_time", c -> extreme(c, true, false)),
          ofWindows("ts_of_min_over_time", c -> extreme(c, false, true)),
          ofWindows("ts_of_max_over_time", c -> extreme(c, true, true)),
          ofWindows(
              "count_over_time", c -> new OverTime.Count(c.annotations(), c.position(), false)),
          ofWindows(
              "present_over_time", c -> new OverTime.Count(c.annotations(), c.position(), true)),
          ofWindows("last_over_time", c -> edge(c, true, false)),
          ofWindows("first_over_time", c -> edge(c, false, false)),
          ofWindows("ts_of_last_over_time", c -> edge(c, true, true)),
          ofWindows("ts_of_first_over_time", c -> edge(c, false, true)),
          ofWindows(
              "stddev_over_time", c -> new OverTime.Deviation(c.annotations(), c.position(), true)),
          ofWindows(
              "stdvar_over_time",
              c -> new OverTime.Deviation(c.annotations(), c.position(), false)),
          ofWindows(
              "mad_over_time", c -> new OverTime.MedianDeviation(c.annotations(), c.position())),
          ofWindows(
              "quantile_over_time",
              c ->
                  new OverTime.Quantile(
                      c.annotations(), c.call().arguments().get(0).position(), c.scalars(0))),
          ofWindows(
              "deriv",
              c -> new OverTime.Regression(c.annotations(), c.position(), false, new double[0])),
          ofWindows(
                  "predict_linear",
                  c -> new OverTime.Regression(c.annotations(), c.position(), true, c.scalars(1)))
              .dependingOn(Time.STEP),
          ofWindows(
              "double_exponential_smoothing",
              c -> new Smoothing(c.annotations(), c.position(), c.scalars(1), c.scalars(2))),
          ofRange("absent_over_time", RangeFunctions::absent));

  private RangeFunctions() {}

  private static RangeFunction rate(RangeCall c, boolean counter, boolean perSecond) {
    return c.mode() == RangeMode.PLAIN
        ? new RateFunction(c.annotations(), c.position(), counter, perSecond, c.options())
        : new Extended.Rate(c.annotations(), c.position(), c.mode(), counter, perSecond);
  }

  private static RangeFunction transitions(RangeCall c, boolean resets) {
    RangeFunction plain =
        new OverTime.Transitions(c.annotations(), c.position(), resets, c.options());
    return c.mode() == RangeMode.PLAIN
        ? plain
        : new Extended.Transitions(c.annotations(), c.position(), plain);
  }

  private static RangeFunction extreme(RangeCall c, boolean max, boolean time) {
    return new OverTime.Extreme(c.annotations(), c.position(), max, time);
  }

  private static RangeFunction edge(RangeCall c, boolean last, boolean time) {
    return new OverTime.Edge(c.annotations(), c.position(), last, time);
  }

  /** {@code absent_over_time}. */
  private static List<StepSeries> absent(
      Operators operators, Expr range, Windows windows, Grid grid) {
    QueryContext context = operators.context();
    boolean[] present = new boolean[grid.size()];
    RangeFunction mark =
        new RangeFunction(context.annotations, range.position()) {
          @Override
          public void apply(Window w, StepSeries out) {
            present[w.step] = true;
          }
        };
    StepSeries scratch = context.series(Labels.EMPTY, false, grid.size());
    for (Samples s : windows.series) {
      mark.begin(s);
      windows.slide(s, mark, scratch, grid, context);
    }
    Labels labels =
        range instanceof MatrixSelector m
            ? InstantFunctions.absentLabels(m.selector())
            : Labels.EMPTY;
    return InstantFunctions.whereNot(present, labels, context);
  }
}
