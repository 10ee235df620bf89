package io.narthex.query.functions;

import io.narthex.model.Labels;
import io.narthex.promql.Expr;
import io.narthex.query.functions.FunctionKernel.Time;
import io.narthex.query.math.GoDate;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** The functions that take a part of a date, in UTC. */
final class DateFunctions {
  static final List<FunctionKernel> KERNELS =
      List.of(
          part("minute", GoDate::minute),
          part("hour", GoDate::hour),
          part("day_of_week", GoDate::dayOfWeek),
          part("day_of_month", GoDate::dayOfMonth),
          part("day_of_year", GoDate::dayOfYear),
          part("days_in_month", GoDate::daysInMonth),
          part("month", GoDate::month),
          part("year", GoDate::year));

  private DateFunctions() {}

  /** Returns the function of a vector of Unix times; without argument that of each step's time. */
  private static FunctionKernel part(String name, DoubleUnaryOperator part) {
    return FunctionKernel.ofValues(
            name,
            (operators, c, grid) -> {
              List<Expr> a = c.arguments();
              if (!a.isEmpty()) {
                return InstantFunctions.map(
                    operators, a.get(0), grid, (v, i) -> part.applyAsDouble(v));
              }
              StepSeries now = operators.context().series(Labels.EMPTY, false, grid.size());
              for (int i = 0; i < grid.size(); i++) {
                now.set(i, part.applyAsDouble(grid.time(i) / 1000.0));
              }
              return new Value.Vector(List.of(now));
            })
        .dependingOn(Time.STEP);
  }
}
