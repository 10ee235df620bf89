package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.spi.storage.ReadEnd;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The guard of one opened storage. Calls run on the caller's thread and are guarded per batch or
 * select, not per sample; {@link CallWatch} enforces their deadlines. Errors become {@link
 * StorageException.Failed}, which every caller handles.
 */
final class StorageCalls implements AutoCloseable {
  /** One operation: its statistics and its deadline. */
  private record Op(Operation operation, CallStats stats, Duration deadline) {}

  private final String type;
  private final @Nullable ClassLoader loader;
  private final HostThreads threads;
  private final CallWatch watch;
  private final Op resolve;
  private final Op append;
  private final Op select;
  private final Op cursor;
  private final Op metadata;
  private final Op stats;
  private final Op capability;

  StorageCalls(PluginGuard guard, Provider plugin) {
    type = plugin.type();
    loader = PluginGuard.loader(plugin);
    threads = guard.threads();
    resolve = op(guard, plugin, Operation.RESOLVE);
    append = op(guard, plugin, Operation.APPEND);
    select = op(guard, plugin, Operation.SELECT);
    cursor = op(guard, plugin, Operation.CURSOR);
    metadata = op(guard, plugin, Operation.METADATA);
    stats = op(guard, plugin, Operation.STATS);
    capability = op(guard, plugin, Operation.CAPABILITY);
    Duration shortest =
        Stream.of(resolve, append, select, cursor, metadata, stats, capability)
            .map(Op::deadline)
            .min(Comparator.naturalOrder())
            .orElseThrow();
    watch = new CallWatch("storage `" + type + "`", shortest);
  }

  private static Op op(PluginGuard guard, Provider plugin, Operation operation) {
    return new Op(operation, guard.stats(plugin, operation), guard.limits().deadline(operation));
  }

  /** Returns the current problem, or empty. */
  String problem() {
    return watch.problem();
  }

  /** Stops watching once the calls that are inside have ended. */
  @Override
  public void close() {
    watch.close();
  }

  <T> T resolve(Supplier<T> call) {
    return run(resolve, call);
  }

  <T> T append(Supplier<T> call) {
    return run(append, call);
  }

  SeriesCursor select(Supplier<SeriesCursor> call) {
    return select(ReadEnd.NEVER, call);
  }

  /** Selects; a storage that ends because the reader waits no longer has not failed. */
  SeriesCursor select(ReadEnd end, Supplier<SeriesCursor> call) {
    SeriesCursor opened = run(select, end, call);
    return new Cursor(opened, this, end, cursor.stats.begin());
  }

  <T> T metadata(Supplier<T> call) {
    return run(metadata, call);
  }

  <T> T stats(Supplier<T> call) {
    return run(stats, call);
  }

  private <T> T run(Op op, Supplier<T> call) {
    return run(op, ReadEnd.NEVER, call);
  }

  private <T> T run(Op op, ReadEnd end, Supplier<T> call) {
    try {
      return guarded(op, end, call::get);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e); // a supplier throws no checked exception
    }
  }

  private <T> T guarded(Op op, ReadEnd end, Callable<T> call) throws Exception {
    CallWatch.Inside inside = watch.begin(op.operation.label(), op.deadline, op.stats);
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    HostThreads.Stay stay = threads.enter(loader, "storage " + type, null);
    thread.setContextClassLoader(loader);
    long began = op.stats.begin();
    boolean overdue = false;
    try {
      T result;
      inside.enter();
      try {
        result = call.call();
      } finally {
        overdue = inside.leave();
      }
      return result;
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof RuntimeException || cause instanceof Error) {
        throw failure(op, end, cause, overdue);
      }
      throw e;
    } catch (RuntimeException | Error e) {
      throw failure(op, end, e, overdue);
    } finally {
      op.stats.end(began);
      thread.setContextClassLoader(before);
      boolean _ = threads.leave(stay);
      watch.end(inside);
    }
  }

  /** Counts a failure and returns it as an exception that callers expect. */
  private RuntimeException failure(Op op, ReadEnd end, Throwable e, boolean overdue) {
    if (overdue) { // counted as a timeout
      return new StorageException.Failed(
          "storage `"
              + type
              + "` did not come back from "
              + op.operation.label()
              + " within "
              + op.deadline.toMillis() / 1000.0
              + " s",
          e);
    }
    boolean ended = e instanceof StorageException.Failed && end.isReached();
    if (PluginGuard.isFault(e) && !ended) {
      op.stats.exceptions.increment();
    }
    return e instanceof RuntimeException r
        ? r
        : new StorageException.Failed("storage `" + type + "` failed: " + e, e);
  }

  /** Keeps a storage open during a call. */
  interface Hold {
    /**
     * Begins to hold the storage; closing the result ends it.
     *
     * @throws StorageException.Closed when it is no longer open
     */
    Runnable begin();
  }

  /** Returns a capability of a storage: interfaces guarded, classes as they are. */
  <T extends Storage> T capability(Class<T> wanted, Storage storage, Hold hold) {
    return wanted.isInterface()
        ? wanted.cast(
            Proxy.newProxyInstance(
                wanted.getClassLoader(),
                new Class<?>[] {wanted},
                (proxy, method, arguments) -> {
                  Runnable end = hold.begin();
                  try {
                    return invoke(storage, method, arguments);
                  } finally {
                    end.run();
                  }
                }))
        : wanted.cast(storage);
  }

  private @Nullable Object invoke(Storage storage, Method method, @Nullable Object[] arguments)
      throws Throwable {
    try {
      return guarded(capability, ReadEnd.NEVER, () -> method.invoke(storage, arguments));
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }

  /** Counts failures while a cursor is read; the deadline applies to each step. */
  private static final class Cursor implements SeriesCursor {
    private final SeriesCursor cursor;
    private final StorageCalls calls;
    private final CallWatch.Inside inside;
    private final ReadEnd end;
    private final long began;
    private boolean closed;

    Cursor(SeriesCursor cursor, StorageCalls calls, ReadEnd end, long began) {
      this.cursor = cursor;
      this.calls = calls;
      this.end = end;
      this.began = began;
      Op op = calls.cursor;
      inside = calls.watch.watch(op.operation.label(), op.deadline, op.stats);
    }

    @Override
    public boolean nextSeries() {
      boolean overdue = false;
      try {
        boolean result;
        inside.enter();
        try {
          result = cursor.nextSeries();
        } finally {
          overdue = inside.leave();
        }
        return result;
      } catch (RuntimeException | Error e) {
        throw calls.failure(calls.cursor, end, e, overdue);
      }
    }

    @Override
    public io.narthex.model.Labels labels() {
      return cursor.labels();
    }

    @Override
    public boolean nextTile(SampleTile tile) {
      boolean overdue = false;
      try {
        boolean result;
        inside.enter();
        try {
          result = cursor.nextTile(tile);
        } finally {
          overdue = inside.leave();
        }
        return result;
      } catch (RuntimeException | Error e) {
        throw calls.failure(calls.cursor, end, e, overdue);
      }
    }

    @Override
    public void close() {
      if (closed) {
        return;
      }
      closed = true;
      calls.cursor.stats.end(began);
      boolean overdue = false;
      try {
        inside.enter();
        try {
          cursor.close();
        } finally {
          overdue = inside.leave();
        }
      } catch (RuntimeException | Error e) {
        throw calls.failure(calls.cursor, end, e, overdue);
      } finally {
        calls.watch.end(inside);
      }
    }
  }
}
