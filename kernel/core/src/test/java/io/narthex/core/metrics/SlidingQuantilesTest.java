package io.narthex.core.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SlidingQuantilesTest {
  private static final long AGE = 600_000_000_000L;
  private long now = 77;

  private SlidingQuantiles create() {
    return new SlidingQuantiles(AGE, () -> now);
  }

  @Test
  void isOffByLessThanAHundredth() {
    Random random = new Random(5);
    SlidingQuantiles q = create();
    double[] values = new double[20_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.exp(random.nextGaussian() * 4 - 7); // from 1e-9 to 1e3 or so
      q.observe(values[i]);
      now += AGE / 40_000;
    }
    Arrays.sort(values);
    double[] wanted = {0.01, 0.05, 0.5, 0.9, 0.99, 1};
    double[] found = q.quantiles(wanted);
    for (int i = 0; i < wanted.length; i++) {
      double exact = values[(int) Math.ceil(wanted[i] * values.length) - 1];
      assertThat(found[i]).as("quantile " + wanted[i]).isCloseTo(exact, within(exact * 0.01));
    }
    assertThat(q.count()).isEqualTo(values.length);
    assertThat(q.sum()).isCloseTo(Arrays.stream(values).sum(), within(1e-6));
  }

  @Test
  void forgetsWhatIsOld() {
    SlidingQuantiles q = create();
    assertThat(q.quantiles(0.5)[0]).isNaN();
    q.observe(5);
    now += AGE * 4 / 5;
    q.observe(1);
    assertThat(q.quantiles(0, 1)).containsExactly(1, 5);
    now += AGE / 5;
    assertThat(q.quantiles(0, 1)).containsExactly(1, 1);
    now += AGE * 100;
    assertThat(q.quantiles(0.5)[0]).isNaN();
    assertThat(q.count()).isEqualTo(2);
    assertThat(q.sum()).isEqualTo(6);
  }

  @Test
  void takesWhatIsOutOfRange() {
    SlidingQuantiles q = create();
    q.observe(0);
    q.observe(0);
    q.observe(1e300);
    q.observe(1e300);
    assertThat(q.quantiles(0, 0.5, 0.75, 1))
        .containsExactly(0, 0x1p-30 * (1 + 1 / 128.0), 0x1p30 * (1 + 1 / 128.0), 1e300);
  }
}
