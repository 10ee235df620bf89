package io.narthex.query.math;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class GoMathTest {
  private static final long SEED = Long.getLong("tests.seed", 20261121L);

  private static void close(
      String name, DoubleUnaryOperator ours, DoubleUnaryOperator javas, double from, double to) {
    Random random = new Random(SEED);
    for (int i = 0; i < 20_000; i++) {
      double x = from + (to - from) * random.nextDouble();
      double want = javas.applyAsDouble(x);
      double got = ours.applyAsDouble(x);
      double error = Math.abs(got - want);
      assertThat(error)
          .as("%s(%s) is %s, Java has %s, seed %s", name, x, got, want, SEED)
          .isLessThanOrEqualTo(4 * Math.ulp(want) + 1e-300);
    }
  }

  @Test
  void staysWithinFourUlpsOfJava() {
    close("log", GoMath::log, StrictMath::log, 1e-300, 1e5);
    close("log10", GoMath::log10, StrictMath::log10, 2, 1e5);
    close("atan", GoMath::atan, StrictMath::atan, -50, 50);
    close("asin", GoMath::asin, StrictMath::asin, -0.7, 0.7);
    close("sinh", GoMath::sinh, StrictMath::sinh, -30, 30);
    close("cosh", GoMath::cosh, StrictMath::cosh, -30, 30);
    close("tanh", GoMath::tanh, StrictMath::tanh, -30, 30);
    close("sin", GoMath::sin, StrictMath::sin, 0.1, 3);
    close("cos", GoMath::cos, StrictMath::cos, 0.1, 1.5);
    close("tan", GoMath::tan, StrictMath::tan, 0.1, 1.5);
    close("pow 2.5", x -> GoMath.pow(x, 2.5), x -> StrictMath.pow(x, 2.5), 0.1, 50);
    close("pow 3", x -> GoMath.pow(x, 3), x -> StrictMath.pow(x, 3), -50, 50);
    close("pow -2", x -> GoMath.pow(x, -2), x -> StrictMath.pow(x, -2), -50, 50);
  }

  @Test
  void treatsSpecialPowersAsGo() {
    assertThat(GoMath.pow(1, Double.NaN)).isEqualTo(1);
    assertThat(GoMath.pow(-1, Double.POSITIVE_INFINITY)).isEqualTo(1);
    assertThat(GoMath.pow(0, -1)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(GoMath.pow(-0.0, -3)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(GoMath.pow(Double.NEGATIVE_INFINITY, 3)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(GoMath.pow(-8, 1.0 / 3)).isNaN();
    assertThat(GoMath.pow(10, 400)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(GoMath.pow(10, -400)).isEqualTo(0);
    assertThat(GoMath.pow(2, -1074)).isEqualTo(Double.MIN_VALUE);
    assertThat(GoMath.pow(10, 3)).isEqualTo(1000);
    assertThat(GoMath.log2(8)).isEqualTo(3);
    assertThat(GoMath.log2(Double.MIN_VALUE)).isEqualTo(-1074);
    assertThat(GoMath.log10(1000)).isCloseTo(3, org.assertj.core.api.Assertions.within(1e-15));
  }

  /** Digits that a Prometheus on amd64 printed; Java's own functions give others. */
  @Test
  void givesTheDigitsOfPrometheus() {
    assertThat(GoMath.exp(9.9 / 990)).isEqualTo(1.0100501670841682);
    assertThat(GoMath.exp(1.7)).isEqualTo(5.4739473917272);
    assertThat(GoMath.exp(1)).isEqualTo(2.718281828459045);
    assertThat(GoMath.log10(0.0001)).isEqualTo(-3.9999999999999996);
    assertThat(GoMath.log10(1.7)).isEqualTo(0.2304489213782739);
    assertThat(GoMath.pow(10, 10 / 100.0 - 50)).isEqualTo(1.258925411794171E-50);
    assertThat(GoMath.pow(2, 15 / 77.0)).isEqualTo(1.1445696004512624);
    assertThat(GoMath.sinh(1.7)).isEqualTo(2.6456319338372327);
    assertThat(GoMath.cosh(1.7)).isEqualTo(2.828315457889967);
    assertThat(GoMath.sin(4349 * 123456.789)).isEqualTo(-0.1987619071786616);
    assertThat(GoMath.cos(4352 * 123456.789)).isEqualTo(0.3477601760081834);
    assertThat(GoMath.exp(709.697)).isEqualTo(Double.POSITIVE_INFINITY);
  }
}
