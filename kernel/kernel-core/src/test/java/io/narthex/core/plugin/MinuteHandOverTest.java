package io.narthex.core.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class MinuteHandOverTest {
  private long nowMs = 1_000_000;
  private final MinuteHandOver handOver =
      new MinuteHandOver(
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
  void isTakenOnce() {
    handOver.leave("a/1", List.of(1));
    handOver.leave("a/1", List.of(2));
    assertThat(handOver.take("b/1")).isNull();
    assertThat(handOver.take("a/1")).isEqualTo(List.of(2));
    assertThat(handOver.take("a/1")).isNull();
  }

  @Test
  void isForgottenAfterAMinute() {
    handOver.leave("a/1", "x");
    nowMs += 60_000;
    handOver.leave("b/1", "y");
    assertThat(handOver.take("a/1")).isEqualTo("x");
    nowMs += 60_001;
    assertThat(handOver.take("b/1")).isNull();
  }
}
