package ${package};

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.spi.function.FunctionProvider;
import io.narthex.testkit.function.FunctionProviderKit;
import io.narthex.testkit.swap.PluginSwap;
import org.junit.jupiter.api.Test;

/** The kit's checks for all functions, and those of these. */
class ${className}FunctionsTest extends FunctionProviderKit {
  @Override
  protected FunctionProvider provider() {
    return new ${className}Functions();
  }

  @Test
  void percentIsOfTheWholeAndOfNothingIsNothing() {
    assertThat(
            call("${type}_percent", 1, 2)
                .vector(new double[] {3, 4}, new boolean[] {true, true})
                .scalar(4)
                .run())
        .containsExactly(75.0, 100.0);
    assertThat(
            call("${type}_percent", 1)
                .vector(new double[] {3}, new boolean[] {true})
                .scalar(0)
                .run())
        .containsExactly((Double) null);
  }

  @Test
  void spreadIsFromTheLeastToTheMostOfAWindow() {
    assertThat(
            call("${type}_spread", 60_000, 120_000, 300_000)
                .matrix(60_000, new long[] {20_000, 60_000, 90_000}, new double[] {8, 4, 10})
                .run())
        .containsExactly(4.0, 0.0, null);
  }

  @Test
  void noFunctionIsLostWhenTheyAreReplaced() {
    PluginSwap.swap(${className}Functions.class).losesNoFunction();
  }
}
