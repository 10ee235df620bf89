package io.narthex.storage.tsdb.io;

import io.narthex.spi.storage.StorageException;

/**
 * Ends long work of a caller that does not wait any more: the host interrupts calls whose deadline
 * has passed or whose client has gone. Not thread-safe.
 */
public final class Interruption {
  private static final int STEPS = 1000;

  private final String what;
  private int left = STEPS;

  /**
   * Creates one.
   *
   * @param what is done, for the message
   */
  public Interruption(String what) {
    this.what = what;
  }

  /**
   * Counts a step, and looks every thousand of them whether the thread is interrupted.
   *
   * @throws StorageException.Failed when it is; it stays interrupted
   */
  public void step() {
    if (--left == 0) {
      left = STEPS;
      if (Thread.currentThread().isInterrupted()) {
        throw new StorageException.Failed(
            "tsdb: " + what + " was interrupted, its deadline has passed or nobody waits for it");
      }
    }
  }
}
