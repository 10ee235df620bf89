package io.narthex.http;

import java.util.function.LongSupplier;

/**
 * Bounds the time that all requests together spend on something they can do without: a share of the
 * time that passes, of which some can be saved for a burst. Thread-safe.
 */
final class TimeBudget {
  private final long most;
  private final int share;
  private final LongSupplier nanoTime;
  private long left; // guarded by this; may be below 0
  private long at; // guarded by this

  /**
   * Creates a budget that is full.
   *
   * @param mostNanos most time at once
   * @param share the part of the time, one of so many
   */
  TimeBudget(long mostNanos, int share, LongSupplier nanoTime) {
    most = mostNanos;
    this.share = share;
    this.nanoTime = nanoTime;
    left = mostNanos;
    at = nanoTime.getAsLong();
  }

  /** Returns whether there is time left. */
  synchronized boolean isLeft() {
    long now = nanoTime.getAsLong();
    left = Math.min(most, left + (now - at) / share);
    at = now;
    return left > 0;
  }

  /** Reports time that was spent. */
  synchronized void spend(long nanos) {
    left -= nanos;
  }
}
