package io.narthex.query.functions;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.query.context.QueryContext;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import io.narthex.query.series.SeriesSink;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import java.util.List;

/**
 * What functions and operators need of the query being evaluated. All calls are per expression or
 * series, none per sample. Not thread-safe.
 */
public interface Operators {
  /** Returns the limits, options and annotations of the query. */
  QueryContext context();

  /** Returns the value of an expression that is no range vector. */
  Value eval(Expr e, Grid grid);

  /** Returns the series of an instant vector. */
  default List<StepSeries> vector(Expr e, Grid grid) {
    return ((Value.Vector) eval(e, grid)).series();
  }

  /** Returns the value of a scalar at each step; not to be written to. */
  default double[] scalars(Expr e, Grid grid) {
    return ((Value.Scalar) eval(e, grid)).values();
  }

  /**
   * Passes the series of a vector to a sink, in order. Where they can be computed one by one, only
   * one is in memory at a time; limits and statistics are as if all were.
   */
  void feed(Expr e, Grid grid, SeriesSink sink);

  /** Returns what an instant selector reads, with a part of each sample as the value. */
  List<StepSeries> select(VectorSelector v, Grid grid, SamplePart part);

  /**
   * Sets whether counter resets of histograms are detected while reading, for functions that need
   * only count and sum; returns the previous setting.
   */
  boolean detectResets(boolean on);
}
