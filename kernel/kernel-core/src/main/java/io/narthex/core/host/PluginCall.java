package io.narthex.core.host;

import io.narthex.core.host.PluginCalls.PluginTimeoutException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A call that runs on a thread of its own, for one caller that waits for it. */
final class PluginCall<T> {
  /** How long a call that was interrupted is waited for, so that it can end cleanly. */
  private static final Duration GRACE = Duration.ofMillis(500);

  private final String what;
  private final Runnable abandon;
  private final Thread thread;
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile boolean abandoned;
  private @Nullable T value; // written before over
  private @Nullable Throwable failure; // written before over

  /**
   * Starts the call.
   *
   * @param abandon told once when nobody waits any more
   */
  PluginCall(Thread.Builder builder, String what, Callable<T> body, Runnable abandon) {
    this.what = what;
    this.abandon = abandon;
    thread =
        builder.start(() -> {
          try {
            value = body.call();
          } catch (Exception | Error e) {
            failure = e;
          } finally {
            over.countDown();
          }
        });
  }

  /**
   * Waits for the result; null when the plugin gave none.
   *
   * @throws PluginTimeoutException after the deadline; the call has been interrupted then
   * @throws InterruptedException when the caller is interrupted; the call too then
   * @throws Exception what the plugin threw
   */
  @Nullable T await(Duration deadline) throws Exception {
    boolean ended;
    try {
      ended = over.await(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      giveUp();
      throw e;
    }
    if (!ended) {
      giveUp();
      throw new PluginTimeoutException(
          what + " did not come back within " + deadline.toMillis() / 1000.0 + " s");
    }
    switch (failure) {
      case null -> {
        return value;
      }
      case Exception e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(Objects.requireNonNull(failure));
    }
  }

  private void giveUp() {
    abandoned = true;
    abandon.run();
    thread.interrupt();
    try {
      over.await(GRACE.toNanos(), TimeUnit.NANOSECONDS); // either way, nobody takes its result
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Tells whether its caller has stopped waiting for it. */
  boolean isAbandoned() {
    return abandoned;
  }

  /** Asks the plugin to come back. */
  void interrupt() {
    thread.interrupt();
  }

  /** Tells whether the plugin has not come back yet. */
  boolean isRunning() {
    return over.getCount() > 0;
  }

  /** Waits for the plugin to come back; tells whether it has. */
  boolean join(Duration deadline) throws InterruptedException {
    return over.await(deadline.toNanos(), TimeUnit.NANOSECONDS);
  }
}
