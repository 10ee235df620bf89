package io.narthex.model.go;

import static io.narthex.model.go.GoFloat.Style.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

  @Test
  void readsWhatGoReads() {
    assertThat(GoFloat.parse("1_23.50_0_0e+1_2")).isEqualTo(1.235e14);
    assertThat(GoFloat.parse("-.5")).isEqualTo(-0.5);
    assertThat(GoFloat.parse("5.")).isEqualTo(5);
    assertThat(GoFloat.parse("010")).isEqualTo(10);
    assertThat(GoFloat.parse("0x_1_2.3_4_5p+1_2")).isEqualTo(74565);
    assertThat(GoFloat.parse("0X1.8P-1")).isEqualTo(0.75);
    assertThat(GoFloat.parse("+Infinity")).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(GoFloat.parse("-inf")).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(GoFloat.parse("nAn")).isNaN();
    assertThat(GoFloat.parse("1e-99999999999")).isZero();
    assertThat(1 / GoFloat.parse("-0")).isEqualTo(Double.NEGATIVE_INFINITY);
  }

  @Test
  void refusesWhatGoRefuses() {
    for (String s :
        new String[] {
          "", "-", ".", "e1", "1e", "1e+", "1.2.3", "1f", "1d", " 1", "1 ", "--1", "+nan", "infin",
          "0x", "0x10", "0x1.8", "0xp1", "1p1", "_1", "1_", "1__2", "1_.5", "1._5", "1e_5", "１"
        }) {
      assertThatThrownBy(() -> GoFloat.parse(s))
          .as(s)
          .isInstanceOf(NumberFormatException.class)
          .hasMessage("strconv.ParseFloat: parsing \"" + s + "\": invalid syntax");
    }
    assertThatThrownBy(() -> GoFloat.parse("-1e309"))
        .hasMessage("strconv.ParseFloat: parsing \"-1e309\": value out of range");
    assertThatThrownBy(() -> GoFloat.parse("x".repeat(1 << 20)))
        .hasMessageEndingWith("x\"...: invalid syntax")
        .message()
        .hasSizeLessThan(20_000);
  }

  @Test
  void writesWithAPrecision() {
    assertThat(GoFloat.format(0, 'e', -1)).isEqualTo("0e+00");
    assertThat(GoFloat.format(-0.0, 'e', 2)).isEqualTo("-0.00e+00");
    assertThat(GoFloat.format(1.5e-7, 'e', -1)).isEqualTo("1.5e-07");
    assertThat(GoFloat.format(123456, 'e', 2)).isEqualTo("1.23e+05");
    assertThat(GoFloat.format(9.999, 'f', 2)).isEqualTo("10.00");
    assertThat(GoFloat.format(2.5, 'f', 0)).isEqualTo("2");
    assertThat(GoFloat.format(0.5, 'f', 3)).isEqualTo("0.500");
    assertThat(GoFloat.format(1e20, 'f', 1)).isEqualTo("100000000000000000000.0");
    assertThat(GoFloat.format(1234567, 'g', 4)).isEqualTo("1.235e+06");
    assertThat(GoFloat.format(0.00001234, 'g', 3)).isEqualTo("1.23e-05");
    assertThat(GoFloat.format(100000, 'g', 10)).isEqualTo("100000");
    assertThat(GoFloat.format(0, 'g', 0)).isEqualTo("0");
    assertThat(GoFloat.format(5e-324, 'g', -1)).isEqualTo("5e-324");
    assertThat(GoFloat.format(Double.POSITIVE_INFINITY, 'f', 3)).isEqualTo("+Inf");
  }
}
