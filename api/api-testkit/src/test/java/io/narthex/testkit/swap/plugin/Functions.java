package io.narthex.testkit.swap.plugin;

import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.ArgumentType;
import io.narthex.spi.function.PromqlFunction.OfVector;
import java.util.ArrayList;
import java.util.List;

/** Two functions. */
public final class Functions implements FunctionProvider {
  @Override
  public String type() {
    return "faulty";
  }

  private static PromqlFunction function(String name) {
    return new PromqlFunction(
        name,
        List.of(ArgumentType.VECTOR),
        (OfVector)
            (call, values, present) -> {
              for (int i = 0; i < values.length; i++) {
                values[i] *= 2;
              }
            });
  }

  @Override
  public List<PromqlFunction> functions() {
    Mode.leak();
    List<PromqlFunction> all = new ArrayList<>(List.of(function("twice")));
    if (!Mode.is("loses a function")) {
      all.add(function("double_of"));
    }
    return all;
  }
}
