package io.narthex.discovery.consul;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {
  private static final Duration INTERVAL = Duration.ofSeconds(30);
  private long now = Long.MAX_VALUE - 5; // such clocks may pass their end
  private final Pace pace = new Pace(INTERVAL, () -> now);

  private void pass(Duration time) {
    now += time.toNanos();
  }

  /** Takes the pause that is asked for. */
  private Duration query() {
    Duration wait = pace.next();
    pass(wait);
    return wait;
  }

  @Test
  void aFewQueriesFollowAtOnceAndManyOneInEachInterval() {
    for (int i = 0; i < Pace.AT_ONCE; i++) {
      assertThat(query()).isEqualTo(Duration.ZERO);
    }
    assertThat(query()).isEqualTo(INTERVAL);
    assertThat(query()).isEqualTo(INTERVAL);
  }

  @Test
  void quietTimesEarnQueriesButNotWithoutEnd() {
    for (int i = 0; i < 30; i++) {
      query();
    }
    pass(INTERVAL.multipliedBy(3));
    assertThat(query()).isEqualTo(Duration.ZERO);
    assertThat(query()).isEqualTo(Duration.ZERO);
    assertThat(query()).isEqualTo(Duration.ZERO);
    assertThat(query()).isEqualTo(INTERVAL);
    pass(Duration.ofDays(100));
    for (int i = 0; i < Pace.AT_ONCE; i++) {
      assertThat(query()).isEqualTo(Duration.ZERO);
    }
    assertThat(query()).isEqualTo(INTERVAL);
  }

  @Test
  void failuresAreNotCounted() {
    for (int i = 0; i < Pace.AT_ONCE; i++) {
      query();
    }
    pace.forget();
    assertThat(query()).isEqualTo(Duration.ZERO);
  }

  @Test
  void longIntervalsDoNotOverflow() {
    Pace slow = new Pace(Duration.ofDays(300L * 365), () -> now);
    for (int i = 0; i < Pace.AT_ONCE; i++) {
      assertThat(slow.next()).isEqualTo(Duration.ZERO);
    }
    assertThat(slow.next()).isGreaterThan(Duration.ofDays(365));
  }
}
