package io.narthex.core.host;

import io.narthex.core.host.PluginCalls.PluginErrorException;
import io.narthex.core.host.PluginCalls.PluginTimeoutException;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.exporter.ParameterException;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.StorageException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes all calls from the host into plugins: sets the context class loader, enforces the deadline
 * of the {@link Operation}, counts, and tracks the threads that are inside.
 *
 * <p><b>Threads.</b> Platform threads: a busy loop, or a system call that hangs (on a dead network
 * file system), would occupy one of the few carriers of virtual threads, and two of them would stop
 * a server with two cores. On a platform thread they cost a core at worst.
 *
 * <p><b>Containment.</b> Exceptions and errors of a plugin reach the host that made the call, which
 * turns them into a failure of that kind. This includes errors of the JVM: most are caused by code,
 * for example a file too large for an array; when the heap is exhausted, the JVM ends the process,
 * as the start script configures.
 */
public final class PluginGuard {
  private static final Logger LOG = LoggerFactory.getLogger(PluginGuard.class);

  private final PluginMetrics metrics = new PluginMetrics();
  private final HostThreads threads = new HostThreads();
  private final Set<String> trusted = ConcurrentHashMap.newKeySet();
  private final GuardLimits limits;
  private volatile BiConsumer<Provider, String> quarantine =
      (plugin, reason) -> LOG.error("plugin {}: {}", plugin.pluginId(), reason);

  /** Creates a guard with the default limits. */
  public PluginGuard() {
    this(GuardLimits.DEFAULT);
  }

  /** Creates a guard. */
  public PluginGuard(GuardLimits limits) {
    this.limits = limits;
  }

  /** Returns the statistics of all calls. */
  public PluginMetrics metrics() {
    return metrics;
  }

  /** Returns the threads that are inside plugins. */
  public HostThreads threads() {
    return threads;
  }

  /** Returns the limits. */
  public GuardLimits limits() {
    return limits;
  }

  /** Sets whether a plugin was shipped with the server. */
  public void trust(String pluginId, boolean shipped) {
    if (shipped) {
      trusted.add(pluginId);
    } else {
      trusted.remove(pluginId);
    }
  }

  /** Returns whether a plugin was shipped with the server. */
  public boolean isTrusted(String pluginId) {
    return trusted.contains(pluginId);
  }

  /**
   * Sets the handler for plugins that crash repeatedly. It is called with the provider and the
   * reason on the thread that has just left the plugin, and must return at once.
   */
  public void onRepeatedCrashes(BiConsumer<Provider, String> action) {
    quarantine = action;
  }

  /** Reports a plugin that crashes repeatedly. */
  public void reportRepeatedCrashes(Provider plugin, String reason) {
    quarantine.accept(plugin, reason);
  }

  /** Returns a builder of threads for plugins. */
  Thread.Builder thread(String name) {
    return Thread.ofPlatform().daemon().name(name);
  }

  /** Returns a new circuit breaker for an instance of a plugin. */
  CircuitBreaker breaker() {
    return new CircuitBreaker(
        limits.failures(), limits.restartPause(), limits.longestPause(), System::nanoTime);
  }

  /** Returns the statistics of an operation of a plugin. */
  CallStats stats(Provider plugin, Operation operation) {
    return metrics.of(plugin.pluginId(), plugin.kind(), operation);
  }

  /** Threads for short, frequent calls; an idle one ends soon. */
  private final Executor pool =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          5,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          task -> hostThread("plugin-call", task));

  /**
   * Returns a thread that outlives its first caller, and keeps nothing of it: that may be a bundle
   * that is replaced.
   */
  static Thread hostThread(String name, Runnable task) {
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .inheritInheritableThreadLocals(false)
            .name(name)
            .unstarted(task);
    thread.setContextClassLoader(PluginGuard.class.getClassLoader());
    return thread;
  }

  static @Nullable ClassLoader loader(Provider plugin) {
    return plugin.service().getClass().getClassLoader();
  }

  /** One call; knows whether its caller still waits. */
  private final class Watched<T> implements Callable<T> {
    final CallStats stats;
    private final PluginUsage usage;
    private final @Nullable ClassLoader loader;
    private final String what;
    private final Callable<T> body;
    volatile boolean abandoned;

    Watched(
        CallStats stats,
        PluginUsage usage,
        @Nullable ClassLoader loader,
        String what,
        Callable<T> body) {
      this.stats = stats;
      this.usage = usage;
      this.loader = loader;
      this.what = what;
      this.body = body;
    }

    @Override
    public T call() throws Exception {
      Thread thread = Thread.currentThread();
      ClassLoader before = thread.getContextClassLoader();
      HostThreads.Stay stay = threads.enter(loader, what, usage.meter());
      thread.setContextClassLoader(loader);
      long began = stats.begin();
      try {
        return body.call();
      } catch (Exception | Error e) {
        if (!abandoned && isFault(e)) {
          stats.exceptions.increment();
        }
        throw e;
      } finally {
        stats.end(began);
        thread.setContextClassLoader(before);
        boolean _ = threads.leave(stay);
      }
    }
  }

  /**
   * Returns whether the plugin is to blame: not for refused settings or parameters, an interrupt,
   * or memory it was denied.
   */
  static boolean isFault(Throwable e) {
    return !(e instanceof ConfigException
        || e instanceof ParameterException
        || e instanceof InterruptedException
        || e instanceof StorageException.Closed
        || e instanceof SelectMemory.Refused);
  }

  private <T> Watched<T> watched(
      Provider plugin, Operation operation, String what, Callable<T> body) {
    return new Watched<>(
        stats(plugin, operation), metrics.usage(plugin.pluginId()), loader(plugin), what, body);
  }

  /** Calls on this thread, without a deadline. */
  <T> T here(Provider plugin, Operation operation, String what, Callable<T> body) throws Exception {
    return watched(plugin, operation, what, body).call();
  }

  /**
   * Calls on a thread of its own, with the operation's deadline.
   *
   * @param what names the call, for messages and the thread
   * @param late takes a result that comes after the deadline
   * @throws PluginTimeoutException after the deadline; the thread has been interrupted
   * @throws PluginErrorException for an error that is no exception
   */
  <T> T within(
      Provider plugin,
      Operation operation,
      String what,
      Callable<T> body,
      PluginCalls.Late<T> late) {
    return within(watched(plugin, operation, what, body), operation, what, late, () -> "");
  }

  private <T> T within(
      Watched<T> watched,
      Operation operation,
      String what,
      PluginCalls.Late<T> late,
      Supplier<String> unwanted) {
    Duration deadline = limits.deadline(operation);
    try {
      return PluginCalls.within(deadline, what, watched, late, unwanted);
    } catch (PluginTimeoutException e) {
      watched.abandoned = true;
      watched.stats.timeouts.increment();
      throw e;
    } catch (Error e) {
      if (e instanceof LinkageError) {
        throw e;
      }
      throw new PluginErrorException(what + " failed: " + e, e);
    }
  }

  /**
   * Starts a plugin within the deadline of {@link Operation#START}.
   *
   * @param loader its class loader
   * @param unwanted returns why the start is no longer wanted, or empty
   */
  public <T> T starting(
      String pluginId,
      @Nullable ClassLoader loader,
      String what,
      Callable<T> body,
      PluginCalls.Late<T> late,
      Supplier<String> unwanted) {
    CallStats stats = metrics.of(pluginId, null, Operation.START);
    return within(
        new Watched<>(stats, metrics.usage(pluginId), loader, what, body),
        Operation.START,
        what,
        late,
        unwanted);
  }

  /** Opens an instance; an instance that is opened after the deadline is closed. */
  <T> T open(Provider plugin, String what, Callable<T> body) {
    return within(
        plugin,
        Operation.OPEN,
        what,
        body,
        late -> {
          if (late instanceof AutoCloseable closeable) {
            close(plugin, what, closeable);
          }
        });
  }

  /** A self-test. */
  interface Probe<T> {
    /** Runs the self-test. */
    T make() throws Exception;
  }

  /**
   * Runs the self-test of an update, with a deadline.
   *
   * @param what names the instance, for messages
   * @throws IllegalStateException when it cannot; the message is for users
   */
  <T> T probe(Provider plugin, String what, Probe<T> probe) {
    PluginCall<T> call = start(plugin, Operation.PROBE, what, probe::make);
    try {
      T result = call.await(limits.deadline(Operation.PROBE));
      if (result == null) {
        throw new IllegalStateException(what + " fails its self-test: it says nothing");
      }
      return result;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw PluginTimeoutException.atTheEnd(what);
    } catch (Exception | Error e) {
      throw new IllegalStateException(
          what + " fails its self-test: " + (e.getMessage() == null ? e : e.getMessage()), e);
    }
  }

  /** Closes an instance, with a deadline; failures are logged. */
  void close(Provider plugin, String what, AutoCloseable instance) {
    try {
      within(
          plugin,
          Operation.CLOSE,
          what,
          () -> {
            instance.close();
            return true;
          },
          late -> {});
    } catch (PluginTimeoutException e) {
      LOG.warn("{}", e.getMessage());
    } catch (RuntimeException | Error e) {
      LOG.warn("{} failed to close: {}", what, e.toString());
    }
  }

  /** Starts a call on a thread of its own; the caller decides how long it waits. */
  <T> PluginCall<T> start(Provider plugin, Operation operation, String what, Callable<T> body) {
    return start(plugin, operation, what, body, late -> {});
  }

  /**
   * Starts a call on a thread of its own; the caller decides how long it waits.
   *
   * @param late receives a result after the caller has given up
   */
  <T> PluginCall<T> start(
      Provider plugin,
      Operation operation,
      String what,
      Callable<T> body,
      PluginCalls.Late<T> late) {
    return call(
        task -> thread(what).start(task), watched(plugin, operation, what, body), what, late);
  }

  /** As {@link #start}, on a pooled thread, for short, frequent calls. */
  <T> PluginCall<T> startPooled(
      Provider plugin, Operation operation, String what, Callable<T> body) {
    return call(pool, watched(plugin, operation, what, body), what, late -> {});
  }

  private static <T> PluginCall<T> call(
      Executor threads, Watched<T> watched, String what, PluginCalls.Late<T> late) {
    return new PluginCall<>(
        threads,
        what,
        watched,
        () -> {
          watched.abandoned = true;
          watched.stats.timeouts.increment();
        },
        late);
  }
}
