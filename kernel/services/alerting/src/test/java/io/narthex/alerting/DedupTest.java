package io.narthex.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The reason that templates and payloads show; the conformance cases say only whether there is one.
 */
class DedupTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final Duration HOUR = Duration.ofHours(1);

  private static NotificationLog.Entry notified(
      Set<Long> firing, Set<Long> resolved, Duration ago) {
    return new NotificationLog.Entry(firing, resolved, NOW.minus(ago), NOW.plus(HOUR));
  }

  private static @Nullable String reason(
      NotificationLog.@Nullable Entry entry, Set<Long> firing, Set<Long> resolved) {
    return Dedup.reason(entry, firing, resolved, HOUR, true, NOW);
  }

  @Test
  void namesWhyANotificationIsDue() {
    NotificationLog.Entry one = notified(Set.of(1L), Set.of(), Duration.ofMinutes(5));
    assertThat(reason(null, Set.of(1L), Set.of())).isEqualTo("first notification");
    assertThat(reason(one, Set.of(1L, 2L), Set.of())).isEqualTo("new alerts added");
    assertThat(reason(one, Set.of(), Set.of(1L))).isEqualTo("all alerts resolved");
    assertThat(reason(notified(Set.of(1L, 2L), Set.of(), Duration.ZERO), Set.of(1L), Set.of(2L)))
        .isEqualTo("some alerts resolved");
    assertThat(reason(notified(Set.of(1L), Set.of(), Duration.ofHours(2)), Set.of(1L), Set.of()))
        .isEqualTo("repeat interval elapsed");
    assertThat(reason(notified(Set.of(), Set.of(1L), Duration.ZERO), Set.of(1L), Set.of()))
        .as("after everything was resolved")
        .isEqualTo("first notification");
  }

  @Test
  void givesNoReasonWhenNothingIsNew() {
    NotificationLog.Entry one = notified(Set.of(1L), Set.of(2L), Duration.ofMinutes(5));
    assertThat(reason(null, Set.of(), Set.of(1L))).isNull();
    assertThat(reason(one, Set.of(1L), Set.of(2L))).isNull();
    assertThat(reason(notified(Set.of(), Set.of(1L), Duration.ofDays(1)), Set.of(), Set.of(1L)))
        .isNull();
  }
}
