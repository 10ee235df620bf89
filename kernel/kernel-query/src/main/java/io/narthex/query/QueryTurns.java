package io.narthex.query;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Lets a number of queries run at a time, so that short ones never wait for long ones. Thread-safe.
 *
 * <p>Each query begins as a short one. One that is not done after {@link #SHORT_MS} becomes a long
 * one when its turn for that has come, else it is given up and begins again with that turn. Twice
 * as many long ones as there are cores run at a time: more would share the same cores and take more
 * memory. The other turns are left to short ones.
 */
final class QueryTurns {
  /** How long a query is a short one. */
  static final long SHORT_MS = 50;

  private final Semaphore shortOnes;
  private final Semaphore longOnes;

  /**
   * Creates it.
   *
   * @param most queries at a time; a single one is short and long
   * @param cores that they share
   */
  QueryTurns(int most, int cores) {
    int longMost = Math.min(most - 1, Math.max(2, 2 * cores));
    shortOnes = new Semaphore(most - longMost, true);
    longOnes = longMost == 0 ? shortOnes : new Semaphore(longMost, true);
  }

  /** A query is not a short one, and there is no turn for a long one now. */
  static final class NotShort extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotShort() {
      super("not short", null, false, false);
    }
  }

  /**
   * Waits for a turn.
   *
   * @param asLong whether the query is known to be a long one
   * @return null when there was none in time
   */
  Turn await(boolean asLong, long deadlineNanos) throws InterruptedException {
    Semaphore lane = asLong ? longOnes : shortOnes;
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    if (!lane.tryAcquire()
        && !lane.tryAcquire(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
      throw new QueryMemory.TimedOut();
    }
    if (System.nanoTime() - deadlineNanos >= 0) {
      lane.release();
      throw new QueryMemory.TimedOut();
    }
    return new Turn(lane);
  }

  /** The turn of one query. Used by one thread at a time. */
  final class Turn implements AutoCloseable {
    private Semaphore lane;
    private final long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(SHORT_MS);

    private Turn(Semaphore lane) {
      this.lane = lane;
    }

    /**
     * Makes a query that is not done in time a long one.
     *
     * @throws NotShort when as many long ones run as may
     */
    void check() {
      if (lane == longOnes || System.nanoTime() - until < 0) {
        return;
      }
      try {
        if (!longOnes.tryAcquire(0, TimeUnit.NANOSECONDS)) { // not before those that wait
          throw new NotShort();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the query will see it
        return;
      }
      lane.release();
      lane = longOnes;
    }

    @Override
    public void close() {
      lane.release();
    }
  }
}
