package io.acme.functions;

import io.narthex.spi.function.FunctionCall;
import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.FunctionWindows;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.ArgumentType;
import io.narthex.spi.function.PromqlFunction.OfRange;
import io.narthex.spi.function.PromqlFunction.OfVector;
import java.util.List;

/** Offers {@code acme_clamp01(v)} and {@code acme_ewma(m, s)}. */
public final class AcmeFunctions implements FunctionProvider {
  /** Creates one. */
  public AcmeFunctions() {}

  @Override
  public String type() {
    return "acme";
  }

  @Override
  public List<PromqlFunction> functions() {
    return List.of(
        new PromqlFunction(
            "acme_clamp01", List.of(ArgumentType.VECTOR), (OfVector) AcmeFunctions::clamp01),
        new PromqlFunction(
            "acme_ewma",
            List.of(ArgumentType.MATRIX, ArgumentType.SCALAR),
            (OfRange) AcmeFunctions::ewma));
  }

  private static void clamp01(FunctionCall call, double[] values, boolean[] present) {
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.max(0, Math.min(1, values[i]));
    }
  }

  /** Each sample has the weight {@code s}, the mean of the previous ones 1 - {@code s}. */
  private static void ewma(
      FunctionCall call, FunctionWindows windows, double[] out, boolean[] present) {
    double[] factor = call.scalars(1);
    double[] values = windows.values();
    for (int step = 0; step < out.length; step++) {
      int from = windows.from(step);
      int to = windows.to(step);
      if (from == to) {
        continue;
      }
      double s = factor[step];
      double mean = values[from];
      for (int i = from + 1; i < to; i++) {
        mean = s * values[i] + (1 - s) * mean;
      }
      out[step] = mean;
    }
  }
}
