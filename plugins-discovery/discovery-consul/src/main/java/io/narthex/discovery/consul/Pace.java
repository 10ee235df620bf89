package io.narthex.discovery.consul;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Keeps queries apart without slowing single changes down: a few may follow at once, more than that
 * only one in each interval. Confined to one thread.
 */
final class Pace {
  /** Queries that may be in advance of their time. */
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

  /** Forgets the queries so far, after one that failed and was paid for by a pause. */
  void forget() {
    due = 0;
  }
}
