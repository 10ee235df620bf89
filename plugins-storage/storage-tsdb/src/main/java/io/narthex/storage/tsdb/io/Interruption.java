package io.narthex.storage.tsdb.io;

import io.narthex.spi.storage.ReadEnd;
import io.narthex.spi.storage.StorageException;
import java.util.function.Supplier;

/**
 * Ends long work of a caller that does not wait any more: the host interrupts calls whose deadline
 * has passed or whose client has gone, and a request may say itself when it ends. Not thread-safe.
 */
public final class Interruption {
  private static final int STEPS = 1000;

  /** When the request that the thread works for ends. */
  private static final ScopedValue<ReadEnd> REQUEST = ScopedValue.newInstance();

  private final String what;
  private final ReadEnd end;
  private int left = STEPS;

  /**
   * Creates one.
   *
   * @param what is done, for the message
   */
  public Interruption(String what) {
    this.what = what;
    end = REQUEST.orElse(ReadEnd.NEVER);
  }

  /** Works for a request: all that is made within ends with it. */
  public static <T> T during(ReadEnd end, Supplier<T> work) {
    return end == ReadEnd.NEVER ? work.get() : ScopedValue.where(REQUEST, end).call(work::get);
  }

  /**
   * Counts a step, and looks every thousand of them whether the thread is interrupted or the
   * request has ended.
   *
   * @throws StorageException.Failed when it is; it stays interrupted
   */
  public void step() {
    if (--left == 0) {
      left = STEPS;
      if (Thread.currentThread().isInterrupted()) {
        throw ended();
      }
      checkEnd();
    }
  }

  /**
   * Looks whether the request has ended.
   *
   * @throws StorageException.Failed when it has
   */
  public void checkEnd() {
    if (end.isReached()) {
      throw ended();
    }
  }

  private StorageException ended() {
    return new StorageException.Failed(
        "tsdb: " + what + " was interrupted, its deadline has passed or nobody waits for it");
  }
}
