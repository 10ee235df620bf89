package io.narthex.query.functions;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.series.Grid;

/**
 * A call of a function over a range vector.
 *
 * @param position where annotations point to
 * @param mode how the windows of the range selector are extended
 * @param grid the steps of the call
 */
public record RangeCall(
    Operators operators, Call call, PosRange position, RangeMode mode, Grid grid) {
  /**
   * Describes a call.
   *
   * @param range its range vector, as written
   */
  public static RangeCall of(
      Operators operators, Call call, Expr range, RangeMode mode, Grid grid) {
    Expr inner = Expressions.unwrap(range);
    // for a subquery, Prometheus reports no position
    PosRange position = inner instanceof Expr.SubqueryExpr ? new PosRange(0, 0) : inner.position();
    return new RangeCall(operators, call, position, mode, grid);
  }

  Annotations annotations() {
    return operators.context().annotations;
  }

  EngineOptions options() {
    return operators.context().options;
  }

  /** Returns the values of a scalar argument at each step. */
  double[] scalars(int argument) {
    return operators.scalars(call.arguments().get(argument), grid);
  }
}
