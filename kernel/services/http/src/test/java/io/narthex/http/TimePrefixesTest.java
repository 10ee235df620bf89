package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The times of points are written once for the series of a response that share them. */
class TimePrefixesTest {
  private static final long[] TIMES = {1_000, 16_000, 31_500, 46_000};

  private final JsonBytes.Times times = new JsonBytes.Times(TIMES);

  private String points(int first, double... values) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    JsonBytes out = new JsonBytes(bytes);
    out.points(times, first, values);
    out.flush();
    return bytes.toString(StandardCharsets.US_ASCII);
  }

  @Test
  void aPartOfTheTimesIsFound() {
    assertThat(times.find(TIMES)).isZero();
    assertThat(times.find(TIMES.clone())).isZero();
    assertThat(times.find(new long[] {16_000, 31_500})).isEqualTo(1);
    assertThat(times.find(new long[] {46_000})).isEqualTo(3);
  }

  @Test
  void otherTimesAreNot() {
    assertThat(times.find(new long[] {16_000, 46_000})).isNegative(); // a gap
    assertThat(times.find(new long[] {46_000, 61_000})).isNegative(); // longer
    assertThat(times.find(new long[] {0, 1_000})).isNegative();
    assertThat(times.find(new long[] {17_000})).isNegative();
  }

  @Test
  void pointsHaveTheTimesFromTheFirstOn() throws IOException {
    assertThat(points(0, 1, 2.5, 3, 4))
        .isEqualTo("[1,\"1\"],[16,\"2.5\"],[31.500,\"3\"],[46,\"4\"]");
    assertThat(points(2, 7, 8)).isEqualTo("[31.500,\"7\"],[46,\"8\"]");
  }
}
