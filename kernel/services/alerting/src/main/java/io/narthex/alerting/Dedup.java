package io.narthex.alerting;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decides whether a notification is due. */
final class Dedup {
  private Dedup() {}

  /**
   * Returns why a notification is due, or null when it is not.
   *
   * @param entry the last notification, or null
   * @param firing fingerprints of the firing alerts
   * @param resolved fingerprints of the resolved alerts
   */
  static @Nullable String reason(
      NotificationLog.@Nullable Entry entry,
      Set<Long> firing,
      Set<Long> resolved,
      Duration repeatInterval,
      boolean sendResolved,
      Instant now) {
    if (entry == null) {
      return firing.isEmpty() ? null : "first notification";
    }
    if (!entry.firing().containsAll(firing)) {
      return entry.firing().isEmpty() ? "first notification" : "new alerts added";
    }
    if (firing.isEmpty()) {
      return entry.firing().isEmpty() ? null : "all alerts resolved";
    }
    if (sendResolved && !entry.resolved().containsAll(resolved)) {
      return "some alerts resolved";
    }
    return entry.time().isBefore(now.minus(repeatInterval)) ? "repeat interval elapsed" : null;
  }
}
