package io.narthex.core;

import io.narthex.service.server.HandOver;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps handed-over values in memory, for longer than it takes to replace all kernel bundles and to
 * roll each back.
 */
final class TimedHandOver implements HandOver {
  private static final long KEPT_MILLIS = Duration.ofMinutes(15).toMillis();

  private record Left(Object value, long untilMs) {}

  private final Map<String, Left> left = new HashMap<>(); // guarded by this
  private final Clock clock;

  /** Creates one that holds nothing. */
  TimedHandOver(Clock clock) {
    this.clock = clock;
  }

  @Override
  public synchronized void leave(String key, Object value) {
    forget();
    left.put(key, new Left(value, clock.millis() + KEPT_MILLIS));
  }

  @Override
  public synchronized @Nullable Object take(String key) {
    forget();
    Left found = left.get(key);
    return found == null ? null : found.value();
  }

  private void forget() {
    long now = clock.millis();
    left.values().removeIf(l -> l.untilMs() < now);
  }
}
