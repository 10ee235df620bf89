package io.narthex.http;

import io.narthex.service.memory.WorkMemory;
import io.narthex.service.memory.WorkMemory.Use;
import java.util.concurrent.TimeUnit;

/**
 * The memory for queries that a response made outside of the query engine holds. Like a query, it
 * never waits for memory while it holds some. Confined to one thread.
 */
final class ResponseMemory implements AutoCloseable {
  private static final long PIECE = 64 << 10;
  private static final long WAIT_SECONDS = 10;

  /** No memory is free now. */
  static final class Shortage extends RuntimeException {
    private static final long serialVersionUID = 1;

    final long needed;

    Shortage(long needed) {
      super("no memory now", null, false, false);
      this.needed = needed;
    }
  }

  private final WorkMemory memory;
  private final long most;
  private long used;
  private long taken;

  /** Creates one that may hold three quarters of the memory of all queries, as a query may. */
  ResponseMemory(WorkMemory memory) {
    this.memory = memory;
    most = memory.most(Use.QUERIES) / 4 * 3;
  }

  /**
   * Adds to what the response holds.
   *
   * @throws Shortage when so much is not free now; see {@link #await}
   * @throws ApiException when no response may hold so much
   */
  void add(long bytes) {
    used += bytes;
    if (used <= taken) {
      return;
    }
    if (used > most) {
      throw new ApiException(
          ApiError.EXECUTION,
          "the answer would take more than " + most + " bytes of memory; select fewer series");
    }
    long more = Math.min(Math.max(used - taken, Math.max(PIECE, taken / 2)), most - taken);
    if (!memory.tryTake(Use.QUERIES, more)) {
      more = used - taken;
      if (!memory.tryTake(Use.QUERIES, more)) {
        throw new Shortage(Math.min(most, used * 2));
      }
    }
    taken += more;
  }

  /**
   * Gives everything back and waits for memory; the response has to begin again.
   *
   * @throws ApiException when none is free in time
   */
  void await(Shortage shortage) {
    close();
    try {
      if (!memory.take(Use.QUERIES, shortage.needed, TimeUnit.SECONDS.toNanos(WAIT_SECONDS))) {
        throw new ApiException(
            ApiError.UNAVAILABLE_503, "other queries and answers take all of their memory");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ApiException(ApiError.CANCELED, "the request was canceled");
    }
    taken = shortage.needed;
  }

  @Override
  public void close() {
    memory.give(Use.QUERIES, taken);
    taken = 0;
    used = 0;
  }
}
