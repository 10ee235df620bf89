package io.narthex.bench.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class CrashOptionsTest {
  @Test
  void aFullRunKillsTwoHundredTimesAndAShortOneLess() {
    assertThat(CrashOptions.parse(List.of()).kills()).isEqualTo(200);
    assertThat(CrashOptions.parse(List.of()).limit()).hasMinutes(38);
    assertThat(CrashOptions.parse(List.of("--minutes=19")).kills()).isEqualTo(100);
    assertThat(CrashOptions.parse(List.of("--minutes=60", "--seed=7")))
        .satisfies(o -> assertThat(o.kills()).isEqualTo(200))
        .satisfies(o -> assertThat(o.seed()).isEqualTo(7));
    assertThat(CrashOptions.parse(List.of("--minutes=1", "--kills=3", "--points=10")))
        .satisfies(o -> assertThat(o.kills()).isEqualTo(3))
        .satisfies(o -> assertThat(o.points()).isEqualTo(10));
    assertThatThrownBy(() -> CrashOptions.parse(List.of("--hours=1")))
        .hasMessageContaining("unknown option");
    assertThatThrownBy(() -> CrashOptions.parse(List.of("--seed=x")))
        .hasMessageContaining("a whole number is wanted");
  }
}
