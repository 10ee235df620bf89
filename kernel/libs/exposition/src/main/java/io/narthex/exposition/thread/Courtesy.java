package io.narthex.exposition.thread;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets a virtual thread that computes for long yield its carrier to others. {@link Thread#yield} is
 * not enough: a carrier prefers threads that have yielded on it to those submitted by other
 * threads, such as the requests of an HTTP server. Used by one thread.
 */
public final class Courtesy {
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private long since = System.nanoTime();

  /** Parks for a moment when the thread has not done so for 5 ms. */
  public void giveWay() {
    if (System.nanoTime() - since > SLICE_NANOS) {
      LockSupport.parkNanos(1);
      since = System.nanoTime();
    }
  }
}
