package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimedHandOverTest {
  private long nowMs = 1_000_000;
  private final TimedHandOver handOver =
      new TimedHandOver(
          new Clock() {
            @Override
            public ZoneId getZone() {
              return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(ZoneId zone) {
              return this;
            }

            @Override
            public Instant instant() {
              return Instant.ofEpochMilli(nowMs);
            }
          });

  @Test
  void isThereAgainForTheOneThatHasToComeBack() {
    handOver.leave("a/1", List.of(1));
    handOver.leave("a/1", List.of(2));
    assertThat(handOver.take("b/1")).isNull();
    assertThat(handOver.take("a/1")).isEqualTo(List.of(2)); // by an update that does not work
    nowMs += Duration.ofMinutes(10).toMillis();
    assertThat(handOver.take("a/1")).isEqualTo(List.of(2)); // by the one before it
    handOver.leave("a/1", List.of(3));
    assertThat(handOver.take("a/1")).isEqualTo(List.of(3));
  }

  @Test
  void isForgottenAfterAQuarterOfAnHour() {
    handOver.leave("a/1", "x");
    nowMs += 900_000;
    handOver.leave("b/1", "y");
    assertThat(handOver.take("a/1")).isEqualTo("x");
    nowMs += 900_001;
    assertThat(handOver.take("b/1")).isNull();
  }
}
