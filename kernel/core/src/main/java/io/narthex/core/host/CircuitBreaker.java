package io.narthex.core.host;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Stops calling an instance for a while when its calls fail repeatedly. Closed: all calls are made.
 * Open: none is made until a pause is over, which doubles with each failed retry. Then half open:
 * one call is made, and its outcome decides. Thread-safe.
 */
final class CircuitBreaker {
  private final int threshold;
  private final long firstPauseNanos;
  private final long longestPauseNanos;
  private final LongSupplier nanoTime;
  private int failures; // in a row; guarded by this
  private boolean open; // guarded by this
  private boolean trying; // a trial call is in flight while open; guarded by this
  private long pauseNanos; // guarded by this
  private long nextTryNanos; // guarded by this
  private String lastFailure = ""; // guarded by this

  /**
   * Creates a closed circuit breaker.
   *
   * @param threshold failures in a row that open it
   * @param nanoTime as {@link System#nanoTime}
   */
  CircuitBreaker(int threshold, Duration firstPause, Duration longestPause, LongSupplier nanoTime) {
    this.threshold = threshold;
    this.firstPauseNanos = firstPause.toNanos();
    this.longestPauseNanos = Math.max(longestPause.toNanos(), firstPauseNanos);
    this.nanoTime = nanoTime;
  }

  /**
   * Requests permission to make a call. A caller that gets it reports the outcome by {@link
   * #succeeded}, {@link #failed} or {@link #undecided}.
   *
   * @return null when the call may be made, else why not
   */
  synchronized @Nullable String refusal() {
    if (!open) {
      return null;
    }
    if (trying || nanoTime.getAsLong() - nextTryNanos < 0) {
      return problem();
    }
    trying = true;
    return null;
  }

  /** A call succeeded: closes the circuit. */
  synchronized void succeeded() {
    failures = 0;
    open = false;
    trying = false;
    lastFailure = "";
  }

  /** A call failed or took too long. */
  synchronized void failed(String why) {
    failures++;
    lastFailure = why;
    if (open && !trying) {
      return; // a call from before the circuit opened
    }
    if (open) {
      pauseNanos = Math.min(2 * pauseNanos, longestPauseNanos);
    } else if (failures >= threshold) {
      open = true;
      pauseNanos = firstPauseNanos;
    } else {
      return;
    }
    trying = false;
    nextTryNanos = nanoTime.getAsLong() + pauseNanos;
  }

  /** A call was cut off for a reason that is not the plugin's fault. */
  synchronized void undecided() {
    trying = false;
  }

  /** Returns whether calls are held back. */
  synchronized boolean isOpen() {
    return open;
  }

  /** Returns the time until the next call may be made. */
  synchronized Duration untilNextTry() {
    return open
        ? Duration.ofNanos(Math.max(0, nextTryNanos - nanoTime.getAsLong()))
        : Duration.ZERO;
  }

  /** Returns why calls are held back and until when, for users; empty when they are not. */
  synchronized String problem() {
    if (!open) {
      return "";
    }
    long seconds = (untilNextTry().toMillis() + 999) / 1000;
    return "failed "
        + failures
        + " times in a row, last: "
        + lastFailure
        + "; next try "
        + (seconds == 0 ? "now" : "in " + seconds + " s");
  }
}
