package io.acme.scripted;

import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.OfScalars;
import java.util.List;

/** A function that does what the script says. */
public final class ScriptedFunctions implements FunctionProvider {
  @Override
  public String type() {
    return "scripted";
  }

  @Override
  public List<PromqlFunction> functions() {
    return List.of(
        new PromqlFunction(
            "scripted_one",
            List.of(),
            (OfScalars)
                (call, out) -> {
                  Script.maybeThrow("evaluate");
                  java.util.Arrays.fill(out, 1);
                }));
  }
}
