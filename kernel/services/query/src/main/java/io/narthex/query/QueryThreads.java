package io.narthex.query;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Platform threads that evaluate queries. Virtual threads are not preempted, and arithmetic never
 * yields: as many queries as there are cores would stop everything else that runs on virtual
 * threads, above all the HTTP server. Thread-safe.
 */
final class QueryThreads {
  private static final Duration IDLE = Duration.ofSeconds(10);

  private final ThreadPoolExecutor pool;

  /** Creates as many threads as there are tasks at a time, which {@link QueryTurns} bounds. */
  QueryThreads() {
    this(IDLE);
  }

  QueryThreads(Duration idle) {
    AtomicInteger number = new AtomicInteger();
    pool =
        new ThreadPoolExecutor(
            0, // idle threads end: they may still reference a plugin
            Integer.MAX_VALUE,
            idle.toNanos(),
            TimeUnit.NANOSECONDS,
            new SynchronousQueue<>(), // not fair: last in, first out
            work -> {
              Thread t = new Thread(work, "query-" + number.incrementAndGet());
              t.setDaemon(true);
              t.setContextClassLoader(QueryThreads.class.getClassLoader());
              return t;
            });
  }

  /** Returns how many threads there are. */
  int count() {
    return pool.getPoolSize();
  }

  /**
   * Runs a task and waits for its end; an interrupt of the caller is passed on. On a platform
   * thread the task runs on the caller.
   */
  <T> T run(Supplier<T> task) {
    if (!Thread.currentThread().isVirtual()) {
      return task.get();
    }
    Handed<T> handed = new Handed<>(task);
    pool.execute(handed);
    return handed.await();
  }

  /** Takes no more tasks; idle threads end. */
  void stop() {
    pool.shutdown();
  }

  private static final class Handed<T> implements Runnable {
    private final Supplier<T> task;
    private final CountDownLatch ended = new CountDownLatch(1);
    private @Nullable Thread worker; // guarded by this
    private boolean canceled; // guarded by this
    private @Nullable T result;
    private @Nullable Throwable failure;

    Handed(Supplier<T> task) {
      this.task = task;
    }

    @Override
    public void run() {
      begin();
      try {
        result = task.get();
      } catch (Throwable e) {
        failure = e; // the caller's
      } finally {
        end();
        ended.countDown();
      }
    }

    private synchronized void begin() {
      worker = Thread.currentThread();
      if (canceled) {
        Thread.currentThread().interrupt();
      }
    }

    private synchronized void end() {
      worker = null;
      Thread.interrupted(); // the next task must not see it
    }

    private synchronized void cancel() {
      canceled = true;
      if (worker != null) {
        worker.interrupt();
      }
    }

    @SuppressWarnings("NullAway") // a task that has not failed has a result
    T await() {
      boolean interrupted = false;
      while (true) {
        try {
          ended.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
          cancel();
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      if (failure instanceof RuntimeException e) {
        throw e;
      }
      if (failure instanceof Error e) {
        throw e;
      }
      return result;
    }
  }
}
