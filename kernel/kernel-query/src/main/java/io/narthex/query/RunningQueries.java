package io.narthex.query;

import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;

/** The threads that evaluate a query, so that the engine can be taken out after the last one. */
final class RunningQueries {
  private final Set<Thread> threads = new HashSet<>(); // guarded by this
  private boolean stopped; // guarded by this

  /**
   * Runs a query on the calling thread, which runs no other.
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
    if (stopped) {
      throw unavailable();
    }
    threads.add(Thread.currentThread());
  }

  private synchronized void end() {
    threads.remove(Thread.currentThread());
    if (stopped) {
      Thread.interrupted(); // the interrupt was for the query that has ended here
    }
    notifyAll();
  }

  private synchronized boolean stopped() {
    return stopped;
  }

  /** Lets nobody in any more, waits for the threads inside, then interrupts those still there. */
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
    threads.forEach(Thread::interrupt);
  }

  private static QueryException unavailable() {
    return new QueryException(
        Kind.UNAVAILABLE, "the query engine is being replaced; try again in a second");
  }
}
