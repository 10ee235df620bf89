package io.narthex.core.host;

import io.narthex.core.host.PluginCalls.PluginTimeoutException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** A call on a thread of its own, for one caller that waits for its result. */
final class PluginCall<T> {
  /** How long an interrupted call may take to end cleanly. */
  private static final Duration GRACE = Duration.ofMillis(500);

  /** How often progress is checked. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final String what;
  private final Runnable abandon;
  private final PluginCalls.Late<T> late;
  private final long begunNanos = System.nanoTime();
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile boolean abandoned;
  private @Nullable Thread thread; // while it runs; guarded by this
  private boolean stopped; // interrupted, perhaps before it ran; guarded by this
  private boolean settled; // it is decided whether the caller takes the result; guarded by this
  private @Nullable T value; // written before over
  private @Nullable Throwable failure; // written before over

  /**
   * Starts the call.
   *
   * @param threads runs it
   * @param abandon run once when the caller gives up
   * @param late receives a result after the caller has given up
   */
  PluginCall(
      Executor threads, String what, Callable<T> body, Runnable abandon, PluginCalls.Late<T> late) {
    this.what = what;
    this.abandon = abandon;
    this.late = late;
    threads.execute(() -> run(body));
  }

  private void run(Callable<T> body) {
    synchronized (this) {
      thread = Thread.currentThread();
      if (stopped) {
        thread.interrupt();
      }
    }
    try {
      value = body.call();
    } catch (Exception | Error e) {
      failure = e;
    } finally {
      boolean wanted;
      synchronized (this) {
        thread = null;
        wanted = !settled;
        settled = true;
      }
      boolean _ = Thread.interrupted(); // the thread may continue with another call
      T result = value;
      try {
        if (!wanted && result != null) {
          late.take(result);
        }
      } finally {
        over.countDown();
      }
    }
  }

  /**
   * Waits for the result; null when the plugin returned none.
   *
   * @throws PluginTimeoutException after the deadline; the call has been interrupted
   * @throws InterruptedException when the caller is interrupted; the call has been interrupted too
   * @throws Exception what the plugin threw
   */
  @Nullable T await(Duration deadline) throws Exception {
    boolean ended;
    try {
      ended = over.await(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      callerInterrupted();
      throw e;
    }
    if (!ended && giveUp()) {
      throw new PluginTimeoutException(
          what + " did not come back within " + deadline.toMillis() / 1000.0 + " s");
    }
    return result();
  }

  /** As {@link #await}, with the deadline restarted whenever the progress changes. */
  @Nullable T await(Duration deadline, DoubleSupplier progress) throws Exception {
    double last = progress.getAsDouble();
    long since = System.nanoTime();
    boolean ended = false;
    while (!ended) {
      long left = deadline.toNanos() - (System.nanoTime() - since);
      if (left <= 0) {
        if (giveUp()) {
          throw new PluginTimeoutException(
              what + " has shown no progress for " + deadline.toMillis() / 1000.0 + " s");
        }
        break;
      }
      try {
        ended = over.await(Math.min(left, LOOK_NANOS), TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        callerInterrupted();
        throw e;
      }
      double now = progress.getAsDouble();
      if (now != last) {
        last = now;
        since = System.nanoTime();
      }
    }
    return result();
  }

  private @Nullable T result() throws Exception {
    switch (failure) {
      case null -> {
        return value;
      }
      case Exception e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(Objects.requireNonNull(failure));
    }
  }

  /** Gives up; returns whether there is no result. */
  private boolean giveUp() {
    synchronized (this) {
      if (settled) {
        awaitEnd();
        return false;
      }
      settled = true;
    }
    abandoned = true;
    abandon.run();
    interrupt();
    try {
      over.await(GRACE.toNanos(), TimeUnit.NANOSECONDS); // the result is not used either way
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return true;
  }

  /** Waits for a call that has just ended. */
  private void awaitEnd() {
    while (over.getCount() > 0) {
      Thread.onSpinWait();
    }
  }

  /** Gives up because the caller was interrupted; discards a result. */
  private void callerInterrupted() {
    T result = giveUp() ? null : value;
    abandoned = true;
    if (result != null) {
      late.take(result);
    }
  }

  /** Returns whether the caller has given up. */
  boolean isAbandoned() {
    return abandoned;
  }

  /** Interrupts the call. */
  synchronized void interrupt() {
    stopped = true;
    if (thread != null) {
      thread.interrupt();
    }
  }

  /** Returns how long ago the call began. */
  Duration age() {
    return Duration.ofNanos(System.nanoTime() - begunNanos);
  }

  /** Returns whether the plugin has not returned yet. */
  boolean isRunning() {
    return over.getCount() > 0;
  }

  /** Waits for the plugin to return; returns whether it has. */
  boolean join(Duration deadline) throws InterruptedException {
    return over.await(deadline.toNanos(), TimeUnit.NANOSECONDS);
  }
}
