package io.narthex.core.host;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs code of a plugin with the plugin's class loader as the thread's context class loader. */
public final class PluginCalls {
  private static final Logger LOG = LoggerFactory.getLogger(PluginCalls.class);

  /** How long a plugin may take for what must be done at once: constructors, open, close. */
  public static final Duration DEADLINE = Duration.ofSeconds(10);

  private PluginCalls() {}

  /** A plugin did not come back from a call in time; the message is for users. */
  public static final class PluginTimeoutException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    PluginTimeoutException(String message) {
      super(message);
    }
  }

  /**
   * Calls {@code body} as code of {@code plugin}'s class loader; restores the thread afterwards.
   */
  static <T> T call(Object plugin, Callable<T> body) throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(plugin.getClass().getClassLoader());
    try {
      return body.call();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** As {@link #call}, for bodies that throw nothing checked and may take as long as they need. */
  static <T> T openSlowly(Object plugin, Callable<T> body) {
    try {
      return call(plugin, body);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  /**
   * Opens an instance on a thread of its own, within {@link #DEADLINE}. What an overdue call opens
   * in the end is closed.
   *
   * @param what is opened, for messages
   * @throws PluginTimeoutException when it takes longer; its thread has been interrupted then
   */
  static <T> T open(Object plugin, String what, Callable<T> body) {
    return within(
        DEADLINE,
        what,
        () -> call(plugin, body),
        late -> {
          if (late instanceof AutoCloseable closeable) {
            closeQuietly(plugin, what, closeable);
          }
        });
  }

  /** Closes an instance within {@link #DEADLINE}; what goes wrong is logged. */
  static void close(Object plugin, String what, AutoCloseable instance) {
    try {
      within(
          DEADLINE,
          what,
          () -> {
            closeQuietly(plugin, what, instance);
            return true;
          },
          late -> {});
    } catch (PluginTimeoutException e) {
      LOG.warn("{}", e.getMessage());
    }
  }

  private static void closeQuietly(Object plugin, String what, AutoCloseable instance) {
    try {
      call(
          plugin,
          () -> {
            instance.close();
            return true;
          });
    } catch (Exception | LinkageError e) {
      LOG.warn("{} failed to close: {}", what, e.toString());
    }
  }

  /** Takes the result of a call that nobody waits for any more. */
  public interface Late<T> {
    /** Cleans up after {@code result}. */
    void take(T result);
  }

  /** How a call ended, or that nobody waits for it. */
  private record Ending<T>(@Nullable T value, @Nullable Throwable failure) {}

  /**
   * Calls {@code body} on a thread of its own and waits for it.
   *
   * @param what does it, for messages and the thread's name
   * @param late takes the result when it comes after the deadline
   * @throws PluginTimeoutException after the deadline; the thread has been interrupted then
   */
  public static <T> T within(Duration deadline, String what, Callable<T> body, Late<T> late) {
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
      if (!thread.join(deadline) && result.compareAndSet(null, abandoned)) {
        thread.interrupt();
        throw new PluginTimeoutException(
            what
                + " did not come back within "
                + deadline.toMillis() / 1000.0
                + " s; it may not block, see the guide for plugin authors");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (result.compareAndSet(null, abandoned)) {
        thread.interrupt();
        throw new PluginTimeoutException(what + " was interrupted: the server is stopping");
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
