package io.narthex.core.host;

import io.narthex.core.host.PluginCalls.PluginErrorException;
import io.narthex.core.host.PluginCalls.PluginTimeoutException;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.spi.config.ConfigException;
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
 * The one door from the host into code of plugins: sets the context class loader, grants the time
 * of {@link Operation}, counts, and keeps a list of the threads that are inside.
 *
 * <p><b>Threads.</b> Platform threads: code that never waits, and a call of the system that hangs
 * (a file system of a network that is gone), would keep one of the few carriers of virtual threads
 * to itself, and two of them would stop a server with two cores. So they cost it a core at worst.
 *
 * <p><b>Containment.</b> Exceptions and errors of a plugin reach the host that made the call, which
 * turns them into the verdict of its kind. That holds for errors of the virtual machine, too: most
 * are made by code, for example by a file too large for an array; a heap that is full ends the
 * process by itself, for the launcher says so to the JVM.
 */
public final class PluginGuard {
  private static final Logger LOG = LoggerFactory.getLogger(PluginGuard.class);

  private final PluginMetrics metrics = new PluginMetrics();
  private final HostThreads threads = new HostThreads();
  private final Set<String> trusted = ConcurrentHashMap.newKeySet();
  private final GuardLimits limits;
  private volatile BiConsumer<Provider, String> quarantine =
      (plugin, reason) -> LOG.error("plugin {}: {}", plugin.pluginId(), reason);

  /** Creates one with the usual limits. */
  public PluginGuard() {
    this(GuardLimits.DEFAULT);
  }

  /** Creates one. */
  public PluginGuard(GuardLimits limits) {
    this.limits = limits;
  }

  /** Returns the figures of all calls. */
  public PluginMetrics metrics() {
    return metrics;
  }

  /** Returns the threads that are inside plugins. */
  public HostThreads threads() {
    return threads;
  }

  /** Returns when failures have consequences. */
  public GuardLimits limits() {
    return limits;
  }

  /** Tells that a plugin came with the server. */
  public void trust(String pluginId, boolean shipped) {
    if (shipped) {
      trusted.add(pluginId);
    } else {
      trusted.remove(pluginId);
    }
  }

  /** Tells whether a plugin came with the server. */
  public boolean isTrusted(String pluginId) {
    return trusted.contains(pluginId);
  }

  /**
   * Sets what is done about a plugin that crashes again and again: called with what crashed and the
   * reason, on the thread that has just left it, and must return at once.
   */
  public void onRepeatedCrashes(BiConsumer<Provider, String> action) {
    quarantine = action;
  }

  /** Reports a plugin that crashes again and again. */
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

  /** Returns the figures of an operation of a plugin. */
  CallStats stats(Provider plugin, Operation operation) {
    return metrics.of(plugin.pluginId(), plugin.kind(), operation);
  }

  /** Threads for short calls, which come often; an idle one ends soon, with what it has kept. */
  private final Executor pool =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          5,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          task -> hostThread("plugin-call", task));

  /**
   * Returns a thread that outlives the call that needs it first: it keeps nothing of that caller,
   * which may be a part of the server that is replaced.
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

  /** One call: knows whether somebody still waits for it. */
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
   * Returns whether the plugin is to blame: not for settings it refuses, nor for an interruption or
   * memory it was not given.
   */
  static boolean isFault(Throwable e) {
    return !(e instanceof ConfigException
        || e instanceof InterruptedException
        || e instanceof StorageException.Closed
        || e instanceof SelectMemory.Refused);
  }

  private <T> Watched<T> watched(
      Provider plugin, Operation operation, String what, Callable<T> body) {
    return new Watched<>(
        stats(plugin, operation), metrics.usage(plugin.pluginId()), loader(plugin), what, body);
  }

  /** Calls on this thread, for as long as it takes. */
  <T> T here(Provider plugin, Operation operation, String what, Callable<T> body) throws Exception {
    return watched(plugin, operation, what, body).call();
  }

  /**
   * Calls on a thread of its own, within the operation's deadline.
   *
   * @param what does it, for messages and the thread's name
   * @param late takes a result that comes after the deadline
   * @throws PluginTimeoutException after the deadline; the thread has been interrupted then
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
   * @param unwanted returns why it is not to be started any more, or empty
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

  /** Opens an instance; what an overdue call opens in the end is closed. */
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
    /** Makes it; the result is for the caller alone. */
    T make() throws Exception;
  }

  /**
   * Has an update try what it will have to do, in time.
   *
   * @param what tries it, for messages
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

  /** Closes an instance in time; what goes wrong is logged. */
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
   * @param late takes a result that comes when the caller has stopped waiting
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

  /** As {@link #start}, on a thread of the pool: for short calls that come often. */
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
