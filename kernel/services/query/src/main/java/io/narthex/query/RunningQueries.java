package io.narthex.query;

import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** The threads that evaluate a query, so that the engine can be stopped after the last one. */
final class RunningQueries {
  // how many queries each runs, one inside another; guarded by this
  private final Map<Thread, Integer> threads = new HashMap<>();
  private boolean stopped; // guarded by this

  /**
   * Runs a query on the calling thread, perhaps inside another.
   *
   * @throws QueryException of kind {@code UNAVAILABLE} when the engine has been stopped, before or
   *     while it runs
   */
  <T> T within(Supplier<T> query) {
    begin();
    try {
      return query.get();
    } catch (QueryException e) {
      throw e.kind() == Kind.CANCELED && stopped() ? unavailable() : e;
    } finally {
      end();
    }
  }

  private synchronized void begin() {
    boolean inside = threads.containsKey(Thread.currentThread());
    if (stopped && !inside) { // stop() waits for the outer query
      throw unavailable();
    }
    threads.merge(Thread.currentThread(), 1, Integer::sum);
  }

  private synchronized void end() {
    boolean last =
        threads.computeIfPresent(Thread.currentThread(), (t, n) -> n == 1 ? null : n - 1) == null;
    if (stopped && last) {
      Thread.interrupted(); // the interrupt was for the query that has ended here
    }
    notifyAll();
  }

  private synchronized boolean stopped() {
    return stopped;
  }

  /** Accepts no more queries, waits for those that run, then interrupts the rest. */
  synchronized void stop(Duration patience) {
    stopped = true;
    long end = System.nanoTime() + patience.toNanos();
    try {
      for (long left = patience.toMillis();
          !threads.isEmpty() && left > 0;
          left = (end - System.nanoTime()) / 1_000_000) {
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    threads.keySet().forEach(Thread::interrupt);
  }

  private static QueryException unavailable() {
    return new QueryException(
        Kind.UNAVAILABLE, "the query engine is being replaced; try again in a second");
  }
}
