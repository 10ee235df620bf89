package io.narthex.core.host;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/** Counts crashes in a row. Thread-safe. */
final class CrashCounter {
  private final long windowNanos;
  private final Deque<Long> crashes = new ArrayDeque<>(); // guarded by this

  /**
   * Creates a counter at 0.
   *
   * @param window how old a crash may be to count
   */
  CrashCounter(Duration window) {
    windowNanos = window.toNanos();
  }

  /** Counts a crash; returns how many there have been in a row within the window. */
  synchronized int crashed(long nowNanos) {
    crashes.addLast(nowNanos);
    while (nowNanos - crashes.getFirst() > windowNanos) {
      crashes.removeFirst();
    }
    return crashes.size();
  }

  /** Resets the count after a success. */
  synchronized void worked() {
    crashes.clear();
  }
}
