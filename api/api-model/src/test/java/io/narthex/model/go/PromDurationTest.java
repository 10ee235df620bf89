package io.narthex.model.go;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class PromDurationTest {
  @Test
  void readsAndWrites() {
    String[] cases = {"0s", "324ms", "3s", "5m", "1h", "4d", "4d1h", "14d", "3w", "10y", "1d30m4s"};
    long[] millis = {
      0,
      324,
      3000,
      300_000,
      3_600_000,
      4 * 86_400_000L,
      4 * 86_400_000L + 3_600_000,
      14 * 86_400_000L,
      21 * 86_400_000L,
      3650 * 86_400_000L,
      86_400_000L + 30 * 60_000 + 4000
    };
    for (int i = 0; i < cases.length; i++) {
      assertThat(PromDuration.parseMs(cases[i])).isEqualTo(millis[i]);
      String canonical = cases[i].equals("14d") ? "2w" : cases[i];
      assertThat(PromDuration.formatMs(millis[i])).isEqualTo(canonical);
    }
    assertThat(PromDuration.parseMs("0")).isZero();
    assertThat(PromDuration.parseMs("1h30m")).isEqualTo(5_400_000);
    assertThat(PromDuration.formatMs(-5000)).isEqualTo("-5s");
  }

  @Test
  void refusesWhatPrometheusRefuses() {
    for (String bad : new String[] {"1", "1y1m1d", "-1w", "1.5d", "d", "294y", "107675d", "1s1s"}) {
      assertThatThrownBy(() -> PromDuration.parseMs(bad))
          .as(bad)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> PromDuration.parseMs("1"))
        .hasMessage("not a valid duration string: \"1\"");
    assertThatThrownBy(() -> PromDuration.parseMs("5 seconds"))
        .hasMessage("unknown unit \" seconds\" in duration \"5 seconds\"");
    assertThatThrownBy(() -> PromDuration.parseMs("5x"))
        .hasMessage("unknown unit \"x\" in duration \"5x\"");
    assertThatThrownBy(() -> PromDuration.parseMs("1s1h"))
        .hasMessage("not a valid duration string: \"1s1h\"");
    assertThatThrownBy(() -> PromDuration.parseMs("5\"m\u0007"))
        .hasMessage("unknown unit \"\\\"m\\a\" in duration \"5\\\"m\\a\"");
    assertThatThrownBy(() -> PromDuration.parseMs("18446744073709551615ms"))
        .hasMessage("duration out of range");
    assertThatThrownBy(() -> PromDuration.parseMs("18446744073709551616ms"))
        .hasMessage("not a valid duration string: \"18446744073709551616ms\"");
    assertThatThrownBy(() -> PromDuration.parseMs("")).hasMessage("empty duration string");
    assertThatThrownBy(() -> PromDuration.parseMs("294y")).hasMessage("duration out of range");
  }
}
