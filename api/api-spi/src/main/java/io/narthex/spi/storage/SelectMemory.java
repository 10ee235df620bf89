package io.narthex.spi.storage;

import java.util.Objects;

/**
 * The memory that a query may use, of which a storage takes what a cursor holds. Used by the thread
 * that calls {@link Storage#select(SelectRequest, SelectMemory)}, until that returns; what was
 * taken is given back by the caller when it has closed the cursor.
 */
@FunctionalInterface
public interface SelectMemory {
  /** Takes any number of bytes. */
  SelectMemory UNCOUNTED = bytes -> {};

  /**
   * Asks for memory. Called before it is used, in pieces if that is easier, as long as the cursor
   * is made; not while it is read, when it holds one series at a time.
   *
   * @param bytes estimated bytes of the heap
   * @throws Refused when there is no memory; the storage frees what it holds and lets it through
   */
  void take(long bytes);

  /** There is no memory for the cursor. The caller knows what to do. */
  final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final RuntimeException reason;

    /**
     * Creates one.
     *
     * @param reason what the caller wants to get instead
     */
    public Refused(RuntimeException reason) {
      super(
          "no memory for what is selected", Objects.requireNonNull(reason, "reason"), false, false);
      this.reason = reason;
    }

    /** Returns what the caller wants to get instead. */
    public RuntimeException reason() {
      return reason;
    }
  }
}
