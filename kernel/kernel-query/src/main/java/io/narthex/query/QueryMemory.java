package io.narthex.query;

import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The memory that all running queries share. What a query holds is estimated, see {@link
 * QueryContext#take}, and asked for in pieces before it is used. Thread-safe.
 *
 * <p>A running query never waits for memory while it holds some, or queries would wait for each
 * other. One that gets none is given up, waits here without holding anything until what it needs is
 * free, and begins again. Those that wait are served in order.
 */
final class QueryMemory {
  /** What is asked for at a time. */
  private static final long PIECE = 1 << 20;

  private final long total;
  private final long perQuery;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Condition> waiting = new ArrayDeque<>(); // guarded by lock
  private long granted; // guarded by lock

  /**
   * Creates it.
   *
   * @param total bytes of all queries together
   * @param perQuery bytes of one query, at most {@code total}
   */
  QueryMemory(long total, long perQuery) {
    if (perQuery < 1 || total < perQuery) {
      throw new IllegalArgumentException(
          "query memory: at least 1 byte per query and as much in all, got "
              + perQuery
              + " and "
              + total);
    }
    this.total = total;
    this.perQuery = perQuery;
  }

  /**
   * Returns shares of the heap: three tenths for one query, nine twentieths for all. The rest is
   * the storage's and everybody else's, and what the collector needs to keep up.
   */
  static QueryMemory ofHeap() {
    long heap = Runtime.getRuntime().maxMemory();
    return new QueryMemory(heap / 20 * 9, heap / 10 * 3);
  }

  long total() {
    return total;
  }

  long perQuery() {
    return perQuery;
  }

  /** Returns how many bytes are granted. */
  long granted() {
    lock.lock();
    try {
      return granted;
    } finally {
      lock.unlock();
    }
  }

  /** There is no memory now; with {@code needed} bytes it can be tried again. */
  static final class Shortage extends RuntimeException {
    private static final long serialVersionUID = 1;

    final long needed;

    Shortage(long needed) {
      super("no memory now", null, false, false);
      this.needed = needed;
    }
  }

  /**
   * Waits until {@code bytes} are free, and takes them.
   *
   * @throws TimedOut when they are not before the deadline
   * @throws QueryException when the thread is interrupted
   */
  Share await(long bytes, long deadlineNanos) {
    Condition turn = lock.newCondition();
    lock.lock();
    try {
      waiting.add(turn);
      try {
        while (waiting.peek() != turn || total - granted < bytes) {
          long left = deadlineNanos - System.nanoTime();
          if (left <= 0) {
            throw new TimedOut();
          }
          turn.await(left, TimeUnit.NANOSECONDS);
        }
      } finally {
        waiting.remove(turn);
        wakeNext();
      }
      granted += bytes;
      return new Share(bytes);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QueryException(Kind.CANCELED, "query was canceled in query queue");
    } finally {
      lock.unlock();
    }
  }

  /** Returns a share with nothing in it. */
  Share open() {
    return new Share(0);
  }

  private void wakeNext() {
    Condition next = waiting.peek();
    if (next != null) {
      next.signal();
    }
  }

  private boolean tryTake(long bytes) {
    lock.lock();
    try {
      if (total - granted < bytes) {
        return false;
      }
      granted += bytes;
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void give(long bytes) {
    lock.lock();
    try {
      granted -= bytes;
      wakeNext();
    } finally {
      lock.unlock();
    }
  }

  /** What one query has. Used by one thread at a time. */
  final class Share implements AutoCloseable {
    private long bytes;

    private Share(long bytes) {
      this.bytes = bytes;
    }

    /** Tells whether a query may hold so much at all. */
    boolean allows(long wanted) {
      return wanted <= perQuery;
    }

    /**
     * Makes sure that the share is {@code wanted} bytes or more.
     *
     * @throws TooLarge when no query may hold so much
     * @throws Shortage when there is not so much now
     */
    void require(long wanted) {
      if (wanted > bytes) {
        grow(wanted);
      }
    }

    private void grow(long wanted) {
      if (wanted > perQuery) {
        throw new TooLarge();
      }
      long more = Math.min(Math.max(wanted - bytes, Math.max(PIECE, bytes / 4)), perQuery - bytes);
      if (tryTake(more)) {
        bytes += more;
      } else if (tryTake(wanted - bytes)) {
        bytes = wanted;
      } else {
        // at the next attempt it should do, or work is done again and again
        throw new Shortage(Math.min(perQuery, wanted * 2));
      }
    }

    /** Makes a share of its own of {@code part} bytes, or of all there are. */
    Share split(long part) {
      long moved = Math.min(part, bytes);
      bytes -= moved;
      return new Share(moved);
    }

    /** Gives back all but {@code kept} bytes. */
    void shrink(long kept) {
      if (kept < bytes) {
        give(bytes - kept);
        bytes = kept;
      }
    }

    @Override
    public void close() {
      shrink(0);
    }
  }

  /** A query would hold more than one may. */
  static final class TooLarge extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooLarge() {
      super("too large", null, false, false);
    }
  }

  /** The time of a query is over before it got what it waits for. */
  static final class TimedOut extends RuntimeException {
    private static final long serialVersionUID = 1;

    TimedOut() {
      super("timed out", null, false, false);
    }
  }
}
