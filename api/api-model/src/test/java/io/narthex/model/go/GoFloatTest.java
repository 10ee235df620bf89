package io.narthex.model.go;

import static io.narthex.model.go.GoFloat.Style.*;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class GoFloatTest {
  @Test
  void laysOutAsGoDoes() {
    check(0, "0", "0", "0", "0.0");
    check(-0.0, "-0", "-0", "-0", "-0.0");
    check(1, "1", "1", "1", "1.0");
    check(100000, "100000", "100000", "100000", "100000.0");
    check(1e6, "1000000", "1e+06", "1000000", "1e+06");
    check(1234567.5, "1234567.5", "1.2345675e+06", "1234567.5", "1.2345675e+06");
    check(0.1, "0.1", "0.1", "0.1", "0.1");
    check(1e-5, "0.00001", "1e-05", "0.00001", "1e-05");
    check(1.5e-7, "0.00000015", "1.5e-07", "1.5e-07", "1.5e-07");
    check(1e20, "100000000000000000000", "1e+20", "100000000000000000000", "1e+20");
    check(1e21, "1000000000000000000000", "1e+21", "1e+21", "1e+21");
    check(
        1.7e9 + 0.123,
        "1700000000.123",
        "1.700000000123e+09",
        "1700000000.123",
        "1.700000000123e+09");
    check(-2.5, "-2.5", "-2.5", "-2.5", "-2.5");
    check(Double.NaN, "NaN", "NaN", "NaN", "NaN");
    check(Double.NEGATIVE_INFINITY, "-Inf", "-Inf", "-Inf", "-Inf");
    assertThat(GoFloat.toString(Double.MIN_VALUE, GENERAL)).isEqualTo("5e-324");
    assertThat(GoFloat.toString(Double.MAX_VALUE, GENERAL)).isEqualTo("1.7976931348623157e+308");
    assertThat(GoFloat.toString(2e-323, GENERAL)).isEqualTo("2e-323");
    StringBuilder b = new StringBuilder();
    GoFloat.append(b, -7, JSON);
    GoFloat.append(b, -0.0, JSON);
    assertThat(b.toString()).isEqualTo("-7-0");
  }

  private static void check(double v, String fixed, String general, String json, String om) {
    assertThat(GoFloat.toString(v, FIXED)).isEqualTo(fixed);
    assertThat(GoFloat.toString(v, GENERAL)).isEqualTo(general);
    assertThat(GoFloat.toString(v, JSON)).isEqualTo(json);
    assertThat(GoFloat.toString(v, OPEN_METRICS)).isEqualTo(om);
  }

  @Test
  void readsBackAndIsNoLongerThanJava() {
    long seed = Long.getLong("tests.seed", System.nanoTime());
    Random random = new Random(seed);
    for (int i = 0; i < 50_000; i++) {
      double v =
          i % 2 == 0
              ? Double.longBitsToDouble(random.nextLong())
              : Math.rint(random.nextDouble() * 1e9) / Math.pow(10, random.nextInt(12));
      if (Double.isNaN(v) || Double.isInfinite(v)) {
        continue;
      }
      for (GoFloat.Style style : GoFloat.Style.values()) {
        String s = GoFloat.toString(v, style);
        assertThat(Double.parseDouble(s)).as("seed %d", seed).isEqualTo(v);
        assertThat(new BigDecimal(s).stripTrailingZeros().precision())
            .isLessThanOrEqualTo(
                new BigDecimal(Double.toString(v)).stripTrailingZeros().precision());
      }
    }
  }
}
