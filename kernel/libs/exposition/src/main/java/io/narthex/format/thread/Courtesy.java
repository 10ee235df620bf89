package io.narthex.format.thread;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets other virtual threads have the carrier of one that calculates for long. {@link Thread#yield}
 * does not: a carrier prefers those that have yielded on it to those that come from other threads,
 * as the requests of an HTTP server do. Used by one thread.
 */
public final class Courtesy {
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private long since = System.nanoTime();

  /** Gives way for a moment when the thread has not done so for 5 ms. */
  public void giveWay() {
    if (System.nanoTime() - since > SLICE_NANOS) {
      LockSupport.parkNanos(1);
      since = System.nanoTime();
    }
  }
}
