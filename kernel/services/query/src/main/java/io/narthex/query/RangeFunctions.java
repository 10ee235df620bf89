package io.narthex.query;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.PosRange;
import java.util.List;

/** Makes the functions over range vectors. */
final class RangeFunctions {
  private RangeFunctions() {}

  static RangeFunction create(Evaluator e, Call c, Expr range, RangeMode mode, Grid grid) {
    Annotations n = e.context.annotations;
    EngineOptions options = e.context.options;
    Expr inner = Evaluator.unwrap(range);
    // Prometheus forgets where a subquery stood
    PosRange place = inner instanceof Expr.SubqueryExpr ? new PosRange(0, 0) : inner.position();
    List<Expr> a = c.arguments();
    String name = c.function().name();
    if (mode != RangeMode.PLAIN) {
      return switch (name) {
        case "rate" -> new Extended.Rate(n, place, mode, true, true);
        case "increase" -> new Extended.Rate(n, place, mode, true, false);
        case "delta" -> new Extended.Rate(n, place, mode, false, false);
        default ->
            new Extended.Transitions(
                n, place, new OverTime.Transitions(n, place, name.equals("resets"), options));
      };
    }
    return switch (name) {
      case "rate" -> new RateFunction(n, place, true, true, options);
      case "increase" -> new RateFunction(n, place, true, false, options);
      case "delta" -> new RateFunction(n, place, false, false, options);
      case "irate" -> new InstantRateFunction(n, place, true, options);
      case "idelta" -> new InstantRateFunction(n, place, false, options);
      case "changes" -> new OverTime.Transitions(n, place, false, options);
      case "resets" -> new OverTime.Transitions(n, place, true, options);
      case "sum_over_time" -> new OverTime.Sum(n, place, false);
      case "avg_over_time" -> new OverTime.Sum(n, place, true);
      case "min_over_time" -> new OverTime.Extreme(n, place, false, false);
      case "max_over_time" -> new OverTime.Extreme(n, place, true, false);
      case "ts_of_min_over_time" -> new OverTime.Extreme(n, place, false, true);
      case "ts_of_max_over_time" -> new OverTime.Extreme(n, place, true, true);
      case "count_over_time" -> new OverTime.Count(n, place, false);
      case "present_over_time" -> new OverTime.Count(n, place, true);
      case "last_over_time" -> new OverTime.Edge(n, place, true, false);
      case "first_over_time" -> new OverTime.Edge(n, place, false, false);
      case "ts_of_last_over_time" -> new OverTime.Edge(n, place, true, true);
      case "ts_of_first_over_time" -> new OverTime.Edge(n, place, false, true);
      case "stddev_over_time" -> new OverTime.Deviation(n, place, true);
      case "stdvar_over_time" -> new OverTime.Deviation(n, place, false);
      case "mad_over_time" -> new OverTime.MedianDeviation(n, place);
      case "quantile_over_time" ->
          new OverTime.Quantile(n, a.get(0).position(), e.scalars(a.get(0), grid));
      case "deriv" -> new OverTime.Regression(n, place, false, new double[0]);
      case "predict_linear" -> new OverTime.Regression(n, place, true, e.scalars(a.get(1), grid));
      case "double_exponential_smoothing" ->
          new Smoothing(n, place, e.scalars(a.get(1), grid), e.scalars(a.get(2), grid));
      default -> new PluginFunctions.OverRange(e, c, place, grid);
    };
  }
}
