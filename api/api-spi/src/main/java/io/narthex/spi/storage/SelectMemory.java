package io.narthex.spi.storage;

import java.util.Objects;

/**
 * The memory budget of a query, from which a storage takes what a cursor holds. Used by the thread
 * that calls {@link Storage#select(SelectRequest, SelectMemory)}, until that returns; the caller
 * releases the memory when it has closed the cursor.
 */
@FunctionalInterface
public interface SelectMemory {
  /** Unlimited memory. */
  SelectMemory UNCOUNTED = bytes -> {};

  /**
   * Takes memory. Called before it is used, possibly in several steps, while the cursor is created;
   * not while it is read, when it holds one series at a time.
   *
   * @param bytes estimated bytes of the heap, at least 0
   * @throws Refused when there is not enough memory; the storage releases what it holds and does
   *     not catch it
   */
  void take(long bytes);

  /** Thrown when there is not enough memory for the cursor; handled by the caller of the select. */
  final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final RuntimeException reason;

    /**
     * Creates one.
     *
     * @param reason the exception that the caller reports instead
     */
    public Refused(RuntimeException reason) {
      super(
          "no memory for what is selected", Objects.requireNonNull(reason, "reason"), false, false);
      this.reason = reason;
    }

    /** Returns the exception that the caller reports instead. */
    public RuntimeException reason() {
      return reason;
    }
  }
}
