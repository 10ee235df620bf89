package io.narthex.text.re2;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A thread with a stack deep enough for every program: the matcher recurses once for each
 * instruction that can be skipped in a row, as in {@code (.*)} written thousands of times. One
 * thread is enough, since this is rare; it ends when it is idle.
 */
final class DeepStack {
  /**
   * Reserved address space, of which only what a program needs is used; the longest needs less than
   * half.
   */
  private static final long STACK_BYTES = 512L << 20;

  private static final ThreadPoolExecutor THREAD =
      new ThreadPoolExecutor(
          1,
          1,
          5,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          work -> {
            Thread thread = new Thread(null, work, "re2", STACK_BYTES, false);
            thread.setDaemon(true);
            return thread;
          });

  static {
    THREAD.allowCoreThreadTimeOut(true);
  }

  private DeepStack() {}

  /** Runs something that cannot fail except by a stack overflow, and waits for it. */
  static <T> T run(Supplier<T> work) {
    FutureTask<T> task = new FutureTask<>(work::get);
    THREAD.execute(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true; // matching takes linear time
        } catch (ExecutionException e) {
          throw new IllegalStateException("matching failed: " + e.getCause(), e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
