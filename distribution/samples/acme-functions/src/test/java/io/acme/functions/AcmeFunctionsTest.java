package io.acme.functions;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.spi.function.FunctionProvider;
import io.narthex.testkit.function.FunctionProviderKit;
import io.narthex.testkit.swap.PluginSwap;
import org.junit.jupiter.api.Test;

class AcmeFunctionsTest extends FunctionProviderKit {
  @Override
  protected FunctionProvider provider() {
    return new AcmeFunctions();
  }

  @Test
  void keepsValuesWithinZeroAndOne() {
    assertThat(
            call("acme_clamp01", 1, 2, 3, 4)
                .vector(
                    new double[] {-3, 0.25, 8, Double.NaN}, new boolean[] {true, true, true, true})
                .run())
        .containsExactly(0.0, 0.25, 1.0, Double.NaN);
    assertThat(
            call("acme_clamp01", 1, 2)
                .vector(new double[] {7, 7}, new boolean[] {false, true})
                .run())
        .containsExactly(null, 1.0);
  }

  @Test
  void weighsNewerSamplesMore() {
    assertThat(
            call("acme_ewma", 60_000, 120_000, 300_000)
                .matrix(60_000, new long[] {20_000, 60_000, 90_000}, new double[] {8, 4, 10})
                .scalar(0.25)
                .run())
        .containsExactly(8 * 0.75 + 4 * 0.25, 10.0, null);
  }

  @Test
  void noFunctionIsLostWhenTheyAreReplaced() {
    PluginSwap.swap(AcmeFunctions.class).losesNoFunction();
  }
}
