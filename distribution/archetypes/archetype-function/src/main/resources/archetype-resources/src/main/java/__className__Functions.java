package ${package};

import io.narthex.spi.function.FunctionCall;
import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.FunctionWindows;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.ArgumentType;
import io.narthex.spi.function.PromqlFunction.OfRange;
import io.narthex.spi.function.PromqlFunction.OfVector;
import java.util.List;

/** Adds {@code ${type}_percent(v, whole)} and {@code ${type}_spread(m)} to PromQL. */
public final class ${className}Functions implements FunctionProvider {
  @Override
  public String type() {
    return "${type}";
  }

  /** Always the same functions; give their names a prefix that no other plugin has. */
  @Override
  public List<PromqlFunction> functions() {
    return List.of(
        new PromqlFunction(
            "${type}_percent",
            List.of(ArgumentType.VECTOR, ArgumentType.SCALAR),
            (OfVector) ${className}Functions::percent),
        new PromqlFunction(
            "${type}_spread",
            List.of(ArgumentType.MATRIX),
            (OfRange) ${className}Functions::spread));
  }

  /** One series of an instant vector: a value per step, changed in place. */
  private static void percent(FunctionCall call, double[] values, boolean[] present) {
    double[] whole = call.scalars(1);
    for (int step = 0; step < values.length; step++) {
      if (whole[step] == 0) {
        present[step] = false; // no value, which is not NaN
      } else {
        values[step] = 100 * values[step] / whole[step];
      }
    }
  }

  /** One series of a range vector: its samples, and the bounds of each step's window. */
  private static void spread(
      FunctionCall call, FunctionWindows windows, double[] out, boolean[] present) {
    double[] values = windows.values();
    for (int step = 0; step < out.length; step++) {
      double least = Double.POSITIVE_INFINITY;
      double most = Double.NEGATIVE_INFINITY;
      for (int i = windows.from(step); i < windows.to(step); i++) {
        least = Math.min(least, values[i]);
        most = Math.max(most, values[i]);
      }
      out[step] = most - least; // steps without samples have no value anyway
    }
  }
}
