package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The guard of one opened storage. Calls run on the caller's thread, one guard a batch or
 * selection, none a sample. Errors that are no exceptions become {@link StorageException.Failed},
 * which every caller knows.
 */
final class StorageCalls {
  private final String type;
  private final @Nullable ClassLoader loader;
  private final CallStats resolve;
  private final CallStats append;
  private final CallStats select;
  private final CallStats cursor;
  private final CallStats metadata;
  private final CallStats stats;
  private final CallStats capability;

  StorageCalls(PluginGuard guard, Provider plugin) {
    type = plugin.type();
    loader = plugin.service().getClass().getClassLoader();
    resolve = guard.stats(plugin, Operation.RESOLVE);
    append = guard.stats(plugin, Operation.APPEND);
    select = guard.stats(plugin, Operation.SELECT);
    cursor = guard.stats(plugin, Operation.CURSOR);
    metadata = guard.stats(plugin, Operation.METADATA);
    stats = guard.stats(plugin, Operation.STATS);
    capability = guard.stats(plugin, Operation.CAPABILITY);
  }

  <T> T resolve(Supplier<T> call) {
    return run(resolve, call);
  }

  <T> T append(Supplier<T> call) {
    return run(append, call);
  }

  SeriesCursor select(Supplier<SeriesCursor> call) {
    SeriesCursor opened = run(select, call);
    return new Cursor(opened, this, cursor.begin());
  }

  <T> T metadata(Supplier<T> call) {
    return run(metadata, call);
  }

  <T> T stats(Supplier<T> call) {
    return run(stats, call);
  }

  private <T> T run(CallStats operation, Supplier<T> call) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    long began = operation.begin();
    try {
      return call.get();
    } catch (RuntimeException | Error e) {
      throw failure(operation, e);
    } finally {
      operation.end(began);
      thread.setContextClassLoader(before);
    }
  }

  /** Counts a failure and returns it as an exception that callers expect. */
  private RuntimeException failure(CallStats operation, Throwable e) {
    if (PluginGuard.isFault(e)) {
      operation.exceptions.increment();
    }
    PluginGuard.throwIfFatal(e);
    return e instanceof RuntimeException r
        ? r
        : new StorageException.Failed("storage `" + type + "` failed: " + e, e);
  }

  /** Returns a further interface of a storage, guarded. */
  <T extends Storage> T capability(Class<T> wanted, Storage storage) {
    return wanted.isInterface()
        ? wanted.cast(
            Proxy.newProxyInstance(
                wanted.getClassLoader(),
                new Class<?>[] {wanted},
                (proxy, method, arguments) -> invoke(storage, method, arguments)))
        : wanted.cast(storage);
  }

  private @Nullable Object invoke(Storage storage, Method method, @Nullable Object[] arguments)
      throws Throwable {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    long began = capability.begin();
    try {
      return method.invoke(storage, arguments);
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof RuntimeException || cause instanceof Error) {
        throw failure(capability, cause);
      }
      throw cause;
    } finally {
      capability.end(began);
      thread.setContextClassLoader(before);
    }
  }

  /** Counts what goes wrong while a cursor is read; nothing is measured per tile. */
  private static final class Cursor implements SeriesCursor {
    private final SeriesCursor cursor;
    private final StorageCalls calls;
    private final long began;
    private boolean closed;

    Cursor(SeriesCursor cursor, StorageCalls calls, long began) {
      this.cursor = cursor;
      this.calls = calls;
      this.began = began;
    }

    @Override
    public boolean nextSeries() {
      try {
        return cursor.nextSeries();
      } catch (RuntimeException | Error e) {
        throw calls.failure(calls.cursor, e);
      }
    }

    @Override
    public io.narthex.model.Labels labels() {
      return cursor.labels();
    }

    @Override
    public boolean nextTile(SampleTile tile) {
      try {
        return cursor.nextTile(tile);
      } catch (RuntimeException | Error e) {
        throw calls.failure(calls.cursor, e);
      }
    }

    @Override
    public void close() {
      if (closed) {
        return;
      }
      closed = true;
      calls.cursor.end(began);
      try {
        cursor.close();
      } catch (RuntimeException | Error e) {
        throw calls.failure(calls.cursor, e);
      }
    }
  }
}
