package io.narthex.testkit.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.ArgumentType;
import io.narthex.spi.function.PromqlFunction.Evaluation;
import io.narthex.spi.function.PromqlFunction.OfRange;
import io.narthex.spi.function.PromqlFunction.OfScalars;
import io.narthex.spi.function.PromqlFunction.OfVector;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The kit passes good functions and says what is wrong with bad ones. */
class FunctionProviderKitTest {
  private static final class Kit extends FunctionProviderKit {
    private final FunctionProvider provider;

    Kit(FunctionProvider provider) {
      this.provider = provider;
    }

    @Override
    protected FunctionProvider provider() {
      return provider;
    }
  }

  private static FunctionProviderKit kit(PromqlFunction... functions) {
    return new Kit(
        new FunctionProvider() {
          @Override
          public String type() {
            return "t";
          }

          @Override
          public List<PromqlFunction> functions() {
            return List.of(functions);
          }
        });
  }

  private static PromqlFunction function(String name, Evaluation e, ArgumentType... arguments) {
    return new PromqlFunction(name, List.of(arguments), e);
  }

  private static PromqlFunction mean(String name) {
    return function(
        name,
        (OfRange)
            (call, windows, out, present) -> {
              for (int s = 0; s < out.length; s++) {
                double sum = 0;
                for (int i = windows.from(s); i < windows.to(s); i++) {
                  sum += windows.values()[i];
                }
                out[s] = sum / (windows.to(s) - windows.from(s)) * call.scalars(1)[s];
              }
            },
        ArgumentType.MATRIX,
        ArgumentType.SCALAR);
  }

  private static void all(FunctionProviderKit kit) throws InterruptedException {
    kit.listsTheSameFunctionsEachTime();
    kit.takesNoNameOfTheLanguage();
    kit.answersForAnySamples();
    kit.answersTheSameStepByStepAndAllAtOnce();
    kit.answersTheSameOnSeveralThreads();
  }

  @Test
  void passesGoodFunctions() throws InterruptedException {
    PromqlFunction pi2 = function("pi2", (OfScalars) (call, out) -> Arrays.fill(out, 2 * Math.PI));
    PromqlFunction half =
        function(
            "half",
            (OfVector)
                (call, values, present) -> {
                  for (int i = 0; i < values.length; i++) {
                    values[i] /= 2;
                    present[i] &= call.text(1).equals("a");
                  }
                },
            ArgumentType.VECTOR,
            ArgumentType.STRING);
    all(kit(pi2, half, mean("mean_times")));
  }

  @Test
  void answersOfARunner() {
    assertThat(
            FunctionRunner.of(mean("m"), 60_000, 120_000, 300_000)
                .matrix(60_000, new long[] {30_000, 60_000, 61_000}, new double[] {1, 2, 9})
                .scalar(1, 2, 3)
                .run())
        .containsExactly(1.5, 18.0, null);
    assertThatThrownBy(() -> FunctionRunner.of(mean("m"), 1).scalar(1))
        .hasMessage("argument 0 of function m is of type MATRIX, got SCALAR");
    assertThatThrownBy(
            () -> FunctionRunner.of(mean("m"), 1).matrix(1, new long[0], new double[0]).run())
        .hasMessage("function m still needs an argument of type SCALAR");
  }

  @Test
  void refusesNamesOfTheLanguageAndTwins() {
    assertThatThrownBy(kit(mean("rate"))::takesNoNameOfTheLanguage).hasMessageContaining("rate");
    assertThatThrownBy(kit(mean("SUM"))::takesNoNameOfTheLanguage).hasMessageContaining("sum");
    assertThatThrownBy(kit(mean("m"), mean("m"))::takesNoNameOfTheLanguage)
        .hasMessageContaining("duplicate");
  }

  @Test
  void refusesWritesIntoWhatIsOnlyLent() {
    PromqlFunction sorts =
        function(
            "sorts",
            (OfRange) (call, windows, out, present) -> Arrays.sort(windows.values()),
            ArgumentType.MATRIX);
    assertThatThrownBy(kit(sorts)::answersForAnySamples)
        .hasMessage("function sorts writes into the samples, which it may only read");
    PromqlFunction scales =
        function("scales", (OfScalars) (call, out) -> call.scalars(0)[0]++, ArgumentType.SCALAR);
    assertThatThrownBy(kit(scales)::answersForAnySamples)
        .hasMessage("function scales writes into its scalar argument 0, which it may only read");
  }

  @Test
  void refusesFunctionsThatThrow() {
    PromqlFunction last =
        function(
            "last",
            (OfRange)
                (call, windows, out, present) -> {
                  for (int s = 0; s < out.length; s++) {
                    out[s] = windows.values()[windows.to(s) - 1];
                  }
                },
            ArgumentType.MATRIX);
    assertThatThrownBy(kit(last)::answersForAnySamples)
        .hasMessageContaining("last() of no sample")
        .hasMessageContaining("answer NaN or no value instead");
  }

  @Test
  void refusesAnswersThatDependOnOtherSteps() {
    PromqlFunction running =
        function(
            "running",
            (OfVector)
                (call, values, present) -> {
                  for (int i = 1; i < values.length; i++) {
                    values[i] += values[i - 1];
                  }
                },
            ArgumentType.VECTOR);
    assertThatThrownBy(kit(running)::answersTheSameStepByStepAndAllAtOnce)
        .hasMessageContaining("running() of")
        .hasMessageContaining("asked alone");
  }

  @Test
  void refusesStateSharedByThreads() {
    double[] shared = {0};
    PromqlFunction counts =
        function(
            "counts",
            (OfScalars)
                (call, out) -> {
                  synchronized (shared) {
                    Arrays.fill(out, shared[0]++);
                  }
                });
    assertThatThrownBy(kit(counts)::answersTheSameOnSeveralThreads)
        .hasMessageContaining("several threads");
  }
}
