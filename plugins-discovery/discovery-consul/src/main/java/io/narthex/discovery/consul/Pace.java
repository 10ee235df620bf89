package io.narthex.discovery.consul;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Limits the rate of queries without delaying single changes: a burst passes at once, then one
 * query in each interval. Confined to one thread.
 */
final class Pace {
  /** Size of the burst, in queries. */
  static final int AT_ONCE = 10;

  /** Longer ones make no difference, and sums of them would overflow. */
  private static final Duration LONGEST = Duration.ofDays(1000);

  private final long intervalNanos;
  private final LongSupplier nanoTime;
  private final long origin;

  /** When the queries so far would have ended, one in each interval; nanoseconds since origin. */
  private long due;

  Pace(Duration interval, LongSupplier nanoTime) {
    this.intervalNanos = (interval.compareTo(LONGEST) < 0 ? interval : LONGEST).toNanos();
    this.nanoTime = nanoTime;
    this.origin = nanoTime.getAsLong();
  }

  /** Returns how long to wait before the next query, which it counts. */
  Duration next() {
    long now = nanoTime.getAsLong() - origin;
    long wait = Math.max(0, due - (AT_ONCE - 1) * intervalNanos - now);
    due = Math.max(due, now) + intervalNanos;
    return Duration.ofNanos(wait);
  }

  /** Allows a full burst again, after a failed query and the pause that follows it. */
  void forget() {
    due = 0;
  }
}
