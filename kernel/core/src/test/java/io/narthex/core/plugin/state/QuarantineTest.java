package io.narthex.core.plugin.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.host.GuardLimits;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuarantineTest {
  private static final Instant NOW = Instant.ofEpochMilli(1_700_000_000_000L);
  @TempDir private Path folder = Path.of("");

  private Quarantine at(Duration later) {
    return new Quarantine(
        folder.resolve("quarantine.properties"),
        Clock.fixed(NOW.plus(later), ZoneOffset.UTC),
        GuardLimits.DEFAULT);
  }

  @Test
  void holdsAJarOverRestartsUntilItIsFreed() {
    at(Duration.ZERO).hold("a", "ab", "died 10 times");
    assertThat(at(Duration.ofDays(300)).reason("a", "ab")).isEqualTo("died 10 times");
    assertThat(at(Duration.ZERO).reason("a", "cd")).as("another jar").isNull();
    assertThat(at(Duration.ZERO).reason("b", "ab")).as("another plugin").isNull();
    at(Duration.ZERO).free("a");
    assertThat(at(Duration.ZERO).reason("a", "ab")).isNull();
  }

  @Test
  void countsFailedStartsOfOneJarInARowOverRestarts() {
    assertThat(at(Duration.ZERO).startFailed("a", "ab")).isEqualTo(1);
    assertThat(at(Duration.ofMinutes(1)).startFailed("a", "ab")).isEqualTo(2);
    assertThat(at(Duration.ofMinutes(2)).startFailed("a", "cd")).as("another jar").isEqualTo(1);
    assertThat(at(Duration.ofMinutes(3)).startFailed("a", "cd")).isEqualTo(2);
    at(Duration.ofMinutes(4)).free("a"); // it has started
    assertThat(at(Duration.ofMinutes(5)).startFailed("a", "cd")).isEqualTo(1);
    assertThat(at(Duration.ofHours(2)).startFailed("a", "cd")).as("out of the window").isEqualTo(1);
  }
}
