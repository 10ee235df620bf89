package io.narthex.text.number;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HistogramBoundsTest {
  private static final double[] NONE = new double[0];

  private static double upper(int index, int schema) {
    return HistogramBounds.upper(index, schema, NONE);
  }

  /** As answers of the real Prometheus show them. */
  @Test
  void boundsHaveTheDigitsOfPrometheus() {
    double[] eighths = {
      1,
      1.0905077326652577,
      1.189207115002721,
      1.2968395546510096,
      1.414213562373095,
      1.5422108254079407,
      1.6817928305074288,
      1.8340080864093422,
      2
    };
    for (int i = 0; i < eighths.length; i++) {
      assertThat(upper(i, 3)).as("bound " + i).isEqualTo(eighths[i]);
      assertThat(upper(32 * i, 8)).as("the same of schema 8").isEqualTo(eighths[i]);
    }
    assertThat(upper(-5, 1)).isEqualTo(0.17677669529663687);
    assertThat(upper(-10, 2)).isEqualTo(0.17677669529663687);
    assertThat(upper(9, 1)).isEqualTo(22.62741699796952);
  }

  @Test
  void lowSchemasArePowersOfTwo() {
    assertThat(upper(3, 0)).isEqualTo(8);
    assertThat(upper(-2, -1)).isEqualTo(0.0625);
    assertThat(upper(1, -4)).isEqualTo(65536);
  }

  @Test
  void endsOfTheNumbers() {
    assertThat(upper(1023, 0)).isEqualTo(0x1p1023);
    assertThat(upper(1024, 0)).isEqualTo(Double.MAX_VALUE);
    assertThat(upper(1025, 0)).isInfinite();
    assertThat(upper(8 * 1024, 3)).isEqualTo(Double.MAX_VALUE);
    assertThat(upper(8 * 1024 + 1, 3)).isInfinite();
    assertThat(upper(64, -4)).isEqualTo(Double.MAX_VALUE);
    assertThat(upper(-1074, 0)).isEqualTo(Double.MIN_VALUE);
  }

  @Test
  void customBounds() {
    double[] bounds = {1, 5};
    assertThat(HistogramBounds.upper(-1, -53, bounds)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(HistogramBounds.upper(1, -53, bounds)).isEqualTo(5);
    assertThat(HistogramBounds.upper(2, -53, bounds)).isEqualTo(Double.POSITIVE_INFINITY);
  }
}
