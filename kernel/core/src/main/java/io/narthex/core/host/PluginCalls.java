package io.narthex.core.host;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs plugin code on a thread of its own and waits for it until a deadline. */
public final class PluginCalls {
  /** End of the message about a call that was interrupted because the server stops. */
  static final String STOPPING = " was interrupted: the server is stopping";

  private static final long LOOK_NANOS = 100_000_000;

  private PluginCalls() {}

  /** A plugin did not return from a call in time; the message is for users. */
  public static final class PluginTimeoutException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final boolean stopping;

    PluginTimeoutException(String message) {
      this(message, false);
    }

    private PluginTimeoutException(String message, boolean stopping) {
      super(message);
      this.stopping = stopping;
    }

    /** Returns an exception for a call that was interrupted because the server stops. */
    static PluginTimeoutException atTheEnd(String what) {
      return new PluginTimeoutException(what + STOPPING, true);
    }

    /**
     * Returns whether the call was interrupted because the server stops, which is not the plugin's
     * fault.
     */
    public boolean isStopping() {
      return stopping;
    }
  }

  /** A plugin threw an error, for example a failed assertion; the message is for users. */
  public static final class PluginErrorException extends RuntimeException {
    private static final long serialVersionUID = 1;

    PluginErrorException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** Returns how long to wait until the next check whether the result is still wanted. */
  private static Duration untilNextCheck(long end) {
    return Duration.ofNanos(Math.clamp(end - System.nanoTime(), 0, LOOK_NANOS));
  }

  /** Receives the result of a call that the caller has given up. */
  public interface Late<T> {
    /** Cleans up after {@code result}. */
    void take(T result);
  }

  /** How a call ended. */
  private record Ending<T>(@Nullable T value, @Nullable Throwable failure) {}

  /**
   * Calls {@code body} on a thread of its own and waits for it.
   *
   * @param what names the call, for messages and the thread
   * @param late receives the result when it comes after the deadline
   * @throws PluginTimeoutException after the deadline; the thread has been interrupted
   */
  public static <T> T within(Duration deadline, String what, Callable<T> body, Late<T> late) {
    return within(deadline, what, body, late, () -> "");
  }

  /**
   * As the other one, but gives up sooner when the result is no longer wanted.
   *
   * @param unwanted returns why the result is not wanted, or empty; called several times a second
   */
  static <T> T within(
      Duration deadline, String what, Callable<T> body, Late<T> late, Supplier<String> unwanted) {
    AtomicReference<@Nullable Ending<T>> result = new AtomicReference<>();
    Ending<T> abandoned = new Ending<>(null, null);
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("plugin " + what)
            .start(() -> {
              Ending<T> ending;
              try {
                ending = new Ending<>(body.call(), null);
              } catch (Exception | Error e) {
                ending = new Ending<>(null, e);
              }
              T value = ending.value();
              if (!result.compareAndSet(null, ending) && value != null) {
                late.take(value);
              }
            });
    try {
      long end = System.nanoTime() + deadline.toNanos();
      String why = "";
      while (why.isEmpty() && !thread.join(untilNextCheck(end))) {
        why =
            System.nanoTime() - end < 0
                ? unwanted.get()
                : " did not come back within "
                    + deadline.toMillis() / 1000.0
                    + " s; it may not block, see the guide for plugin authors";
      }
      if (!why.isEmpty() && result.compareAndSet(null, abandoned)) {
        thread.interrupt();
        throw new PluginTimeoutException(what + why);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (result.compareAndSet(null, abandoned)) {
        thread.interrupt();
        throw PluginTimeoutException.atTheEnd(what);
      }
    }
    Ending<T> ending = java.util.Objects.requireNonNull(result.get());
    switch (ending.failure()) {
      case null -> {
        return java.util.Objects.requireNonNull(ending.value(), what + " opened nothing");
      }
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e.getMessage(), e);
    }
  }
}
