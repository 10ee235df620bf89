package io.narthex.query.context;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Limits how many queries run at a time, so that small ones, above all those of rules, never wait
 * for large ones. Thread-safe.
 *
 * <p>Instant and range queries start in a lane each. One that is not done after {@link #SHORT_MS}
 * continues in the lane of long ones if a turn is free there; otherwise it is abandoned and starts
 * over when it gets that turn. As many range queries, and as many long ones, run at a time as there
 * are cores: more would share the same cores and take more memory. Both together leave a quarter of
 * all turns to instant queries. Queries of rules never count as long, so that heavy queries cannot
 * delay alerts. Each lane is served in order.
 */
public final class QueryTurns {
  /** How long a query is a short one. */
  static final long SHORT_MS = 50;

  /** With fewer turns there are no lanes. */
  private static final int LEAST = 4;

  /** Where a query waits. */
  public enum Lane {
    /** Queries of rules. */
    RULE,
    /** Instant queries. */
    INSTANT,
    /** Range queries. */
    RANGE,
    /** Queries that are known to take long. */
    LONG
  }

  /** Placeholder for a turn that is not needed; never acquired. */
  private static final Semaphore NONE = new Semaphore(0);

  private final boolean lanes;
  private final Semaphore all;
  private final Semaphore largeOnes;
  private final Semaphore ranges;
  private final Semaphore longOnes;

  /**
   * Creates it.
   *
   * @param most queries at a time
   * @param cores that they share
   */
  public QueryTurns(int most, int cores) {
    lanes = most >= LEAST;
    all = new Semaphore(most, true);
    largeOnes = new Semaphore(most - most / 4, true);
    ranges = new Semaphore(Math.max(2, cores), true);
    longOnes = new Semaphore(Math.max(2, cores), true);
  }

  /** A query is not a short one, and there is no turn for a long one now. */
  public static final class NotShort extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotShort() {
      super("not short", null, false, false);
    }
  }

  /**
   * Waits for a turn.
   *
   * @throws QueryMemory.TimedOut when there was none before the deadline
   */
  public Turn await(Lane lane, long deadlineNanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    Turn turn = new Turn();
    try {
      turn.mayTakeLong = !lanes || lane == Lane.RULE;
      if (lanes && (lane == Lane.RANGE || lane == Lane.LONG)) {
        turn.lane = take(lane == Lane.RANGE ? ranges : longOnes, deadlineNanos);
        turn.large = take(largeOnes, deadlineNanos);
      }
      turn.any = take(all, deadlineNanos);
      if (System.nanoTime() - deadlineNanos >= 0) {
        throw new QueryMemory.TimedOut();
      }
    } catch (InterruptedException | RuntimeException e) {
      turn.close();
      throw e;
    }
    turn.begin();
    return turn;
  }

  private static Semaphore take(Semaphore of, long deadlineNanos) throws InterruptedException {
    if (!of.tryAcquire(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS)) {
      throw new QueryMemory.TimedOut();
    }
    return of;
  }

  /** Takes a turn that is free, unless others wait for it. */
  private static boolean takeNow(Semaphore of) {
    return !of.hasQueuedThreads() && of.tryAcquire();
  }

  private static void give(Semaphore of) {
    if (of != NONE) {
      of.release();
    }
  }

  /** The turn of one query. Used by one thread at a time. */
  public final class Turn implements AutoCloseable {
    private Semaphore lane = NONE;
    private Semaphore large = NONE;
    private Semaphore any = NONE;
    private boolean mayTakeLong;
    private long until;

    private void begin() {
      until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(SHORT_MS);
    }

    /**
     * Moves a query that is not done in time to the lane of long ones.
     *
     * @throws NotShort when no turn for a long one is free
     */
    public void check() {
      if (mayTakeLong || lane == longOnes || System.nanoTime() - until < 0) {
        return;
      }
      if (!takeNow(longOnes)) {
        throw new NotShort();
      }
      if (large == NONE) {
        if (!takeNow(largeOnes)) {
          longOnes.release();
          throw new NotShort();
        }
        large = largeOnes;
      }
      give(lane);
      lane = longOnes;
    }

    @Override
    public void close() {
      give(any);
      give(large);
      give(lane);
    }
  }
}
