package io.narthex.query.context;

import io.narthex.service.memory.WorkMemory;
import io.narthex.service.memory.WorkMemory.Use;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;

/**
 * The memory that all running queries share. What a query holds is estimated, see {@link
 * QueryContext#take}, and requested in pieces before it is used. Thread-safe.
 *
 * <p>A running query never waits for memory while it holds some, or queries would wait for each
 * other. One that gets none is abandoned, waits here without holding anything until what it needs
 * is free, and starts over. Waiting queries are served in order.
 */
public final class QueryMemory {
  /** Bytes requested at a time. */
  private static final long PIECE = 1 << 20;

  private final WorkMemory all;
  private final long perQuery;

  /**
   * Creates it.
   *
   * @param all what queries share with other work
   * @param perQuery bytes of one query, no more than all queries may hold together
   */
  public QueryMemory(WorkMemory all, long perQuery) {
    if (perQuery < 1 || all.most(Use.QUERIES) < perQuery) {
      throw new IllegalArgumentException(
          "query memory: at least 1 byte per query and as much in all, got "
              + perQuery
              + " and "
              + all.most(Use.QUERIES));
    }
    this.all = all;
    this.perQuery = perQuery;
  }

  /** Creates it with three quarters of what queries may hold together for a single one. */
  public QueryMemory(WorkMemory all) {
    this(all, all.most(Use.QUERIES) / 4 * 3);
  }

  public long total() {
    return all.most(Use.QUERIES);
  }

  /** Returns what one query may hold: in a heap that is nearly full, no more than there can be. */
  public long perQuery() {
    return Math.min(perQuery, all.reach(Use.QUERIES));
  }

  /** Returns how many bytes are granted. */
  public long granted() {
    return all.held(Use.QUERIES);
  }

  /** There is no memory now; the query can be retried with {@code needed} bytes. */
  public static final class Shortage extends RuntimeException {
    private static final long serialVersionUID = 1;

    public final long needed;

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
  public Share await(long bytes, long deadlineNanos) {
    try {
      if (!all.take(Use.QUERIES, bytes, deadlineNanos - System.nanoTime())) {
        throw new TimedOut();
      }
      return new Share(bytes);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QueryException(Kind.CANCELED, "query was canceled in query queue");
    }
  }

  /** Returns a share with nothing in it. */
  public Share open() {
    return new Share(0);
  }

  /** The memory of one query. Used by one thread at a time. */
  public final class Share implements AutoCloseable {
    private long bytes;

    private Share(long bytes) {
      this.bytes = bytes;
    }

    /** Returns how many bytes it has. */
    public long held() {
      return bytes;
    }

    /** Returns whether a query may hold so much at all. */
    boolean allows(long wanted) {
      return wanted <= perQuery();
    }

    /**
     * Makes sure that the share is {@code wanted} bytes or more.
     *
     * @throws TooLarge when no query may hold so much
     * @throws Shortage when there is not so much now
     */
    public void require(long wanted) {
      if (wanted > bytes) {
        grow(wanted);
      }
    }

    private void grow(long wanted) {
      long perQuery = perQuery();
      if (wanted > perQuery) {
        throw new TooLarge();
      }
      long more = Math.min(Math.max(wanted - bytes, Math.max(PIECE, bytes / 4)), perQuery - bytes);
      if (all.tryTake(Use.QUERIES, more)) {
        bytes += more;
      } else if (all.tryTake(Use.QUERIES, wanted - bytes)) {
        bytes = wanted;
      } else {
        // enough for the next attempt to succeed, or the work would be repeated over and over
        throw new Shortage(Math.min(perQuery, wanted * 2));
      }
    }

    /** Moves {@code part} bytes, or all there are, to a share of their own. */
    public Share split(long part) {
      long moved = Math.min(part, bytes);
      bytes -= moved;
      return new Share(moved);
    }

    /** Gives back all but {@code kept} bytes. */
    void shrink(long kept) {
      if (kept < bytes) {
        all.give(Use.QUERIES, bytes - kept);
        bytes = kept;
      }
    }

    @Override
    public void close() {
      shrink(0);
    }
  }

  /** A query would hold more than one may. */
  public static final class TooLarge extends RuntimeException {
    private static final long serialVersionUID = 1;

    public TooLarge() {
      super("too large", null, false, false);
    }
  }

  /** The deadline of a query passed while it waited. */
  public static final class TimedOut extends RuntimeException {
    private static final long serialVersionUID = 1;

    TimedOut() {
      super("timed out", null, false, false);
    }
  }
}
