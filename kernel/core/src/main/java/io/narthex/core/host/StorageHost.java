package io.narthex.core.host;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.ConfigurableStorage;
import io.narthex.spi.storage.MeteredStorage;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageProvider;
import io.narthex.spi.storage.StorageStats;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Predicate;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The storage gate: hands calls to the one storage that is open, and replaces it.
 *
 * <p><b>Swap.</b> Calls hold the read lock; a replacement takes the write lock for a moment to
 * detach the storage, so no call is inside when it is closed. While no storage is open, {@code
 * append} and {@code resolve} wait for up to {@link #WAIT_SECONDS}. Callers that must not wait hold
 * the storage while using it; this fails at once when none is open or one is being replaced. Reads
 * fail at once.
 */
public final class StorageHost implements StorageGate, PluginHost {
  private static final Logger LOG = LoggerFactory.getLogger(StorageHost.class);
  private static final long WAIT_SECONDS = 60;
  private static final long REFERENCE_SPAN = 1L << 40;

  /** How long running calls may take to end when the server stops. */
  private static final long STOP_WAIT_MILLIS = 1_000;

  private final Object ending =
      new Object(); // held while the storage is closed because the server stops
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock(true);
  private final Object opened = new Object(); // notified when a storage opens, or never will
  private final HostEnvironment environment;
  private final Path dataDirectory;
  private final String wantedType;
  private volatile @Nullable Storage storage; // written under the write lock
  private volatile @Nullable Provider usedProvider; // the provider that opened it
  private volatile @Nullable StorageCalls calls; // its guard; set before it
  private volatile ConfigNode settings; // the latest ones
  private volatile ConfigNode bound; // those the storage was opened with or has applied since
  private volatile double progress;
  private volatile boolean closed;
  private volatile boolean replacing; // between one storage and the next
  private volatile InstanceProblem problem;
  private volatile boolean waiting = true; // the problem is that no plugin serves the type
  private volatile boolean beingOpened;
  private long openings; // used by the one thread that changes plugins
  private volatile long epoch; // of the storage; written under the write lock

  /**
   * Creates a gate without storage.
   *
   * @param wantedType type of the storage plugin to use
   * @param settings its settings
   */
  public StorageHost(
      HostEnvironment environment, Path dataDirectory, String wantedType, ConfigNode settings) {
    this.environment = environment;
    this.dataDirectory = dataDirectory;
    this.wantedType = wantedType;
    this.settings = settings;
    bound = settings;
    problem =
        InstanceProblem.reported(
            "waiting for plugin `"
                + wantedType
                + "`; put its jar into the plugin folder, or choose another storage.type in"
                + " narthex.yml");
  }

  private record Context(
      io.narthex.spi.plugin.PluginContext base,
      Path dataDirectory,
      long referenceBase,
      StorageHost host)
      implements StorageContext {
    @Override
    public String instance() {
      return base.instance();
    }

    @Override
    public Clock clock() {
      return base.clock();
    }

    @Override
    public HttpTransport http() {
      return base.http();
    }

    @Override
    public Path stateDirectory() {
      return base.stateDirectory();
    }

    @Override
    public Path configDirectory() {
      return base.configDirectory();
    }

    @Override
    public SSLSocketFactory tls(@Nullable TlsSettings settings) {
      return base.tls(settings);
    }

    @Override
    public Thread start(Runnable task) {
      return base.start(task);
    }

    @Override
    public void replayProgress(double done) {
      host.progress = done;
    }
  }

  /**
   * Applies settings that a reload changed.
   *
   * @throws io.narthex.spi.config.ConfigException when the storage refuses them; it keeps its
   *     settings then
   */
  public void configure(ConfigNode changed) {
    lock.readLock().lock();
    try {
      Storage current = storage;
      Provider provider = usedProvider;
      if (current != null
          && provider != null
          && !Objects.equals(bound.toPlain(), changed.toPlain())) {
        if (current instanceof ConfigurableStorage<?> configurable) {
          timed(
              provider,
              Operation.RECONFIGURE,
              () -> reconfigure(configurable, (StorageProvider<?>) provider.service(), changed));
        } else {
          LOG.warn("storage `{}` applies changed settings only at its next start", wantedType);
        }
      }
      settings = changed;
      bound = current == null ? bound : changed;
    } finally {
      lock.readLock().unlock();
    }
  }

  @SuppressWarnings("unchecked") // the record type of the provider that opened the storage
  private static <C extends Record> boolean reconfigure(
      ConfigurableStorage<?> configurable, StorageProvider<C> provider, ConfigNode changed) {
    C config = ConfigBinder.bind(changed, provider.configType());
    ((ConfigurableStorage<C>) configurable).reconfigure(config);
    return true;
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() != Kind.STORAGE || !candidate.type().equals(wantedType)) {
      return;
    }
    PluginGuard guard = environment.guard();
    String what = "storage " + wantedType;
    ConfigNode used = settings;
    StorageProvider<?> service = (StorageProvider<?>) candidate.service();
    guard.within(
        candidate,
        Operation.CHECK,
        what,
        () -> ConfigBinder.bind(used, service.configType()),
        late -> {});
    if (storage != null) {
      guard.probe(candidate, what, () -> probeTyped(service, used, contextOf(candidate, 0)));
    }
  }

  private static <C extends Record> boolean probeTyped(
      StorageProvider<C> provider, ConfigNode used, Context context) {
    provider.probe(ConfigBinder.bind(used, provider.configType()), context);
    return true;
  }

  private Context contextOf(Provider provider, long base) {
    return new Context(
        environment.context(provider, "storage " + wantedType, dataDirectory),
        dataDirectory,
        base,
        this);
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.STORAGE || !type.equals(wantedType) || closed) {
      return;
    }
    if (now == null) {
      detach("waiting for plugin `" + wantedType + "`");
      waiting = true;
      return;
    }
    replacing = storage != null;
    try {
      replace(now);
    } finally {
      replacing = false;
    }
  }

  private void replace(Provider now) {
    Provider previousProvider = usedProvider;
    detach("the storage is being replaced");
    waiting = false;
    try {
      attach(now, open(now));
    } catch (RuntimeException | Error e) {
      problem = new InstanceProblem(InstanceProblem.kindOf(e), problemOf(e));
      if (previousProvider == null) {
        throw e;
      }
      reopen(previousProvider, e);
      throw new IllegalStateException(
          "the new storage did not open, the previous one runs again: " + problemOf(e), e);
    }
  }

  private static String problemOf(Throwable e) {
    return e instanceof RuntimeException ? String.valueOf(e.getMessage()) : e.toString();
  }

  private void reopen(Provider previous, Throwable cause) {
    try {
      attach(previous, open(previous));
    } catch (RuntimeException | Error e) {
      String text =
          "neither the new storage opened ("
              + problemOf(cause)
              + ") nor the previous one again ("
              + problemOf(e)
              + ")";
      problem = new InstanceProblem(InstanceProblem.kindOf(e), text);
      LOG.error("storage `{}`: {}", wantedType, text);
      throw new IllegalStateException(text, e);
    }
  }

  /** Closes the storage once no call is inside; new calls wait or fail. */
  private void detach(String why) {
    detach(why, TimeUnit.SECONDS.toMillis(WAIT_SECONDS), false);
  }

  /**
   * Closes the storage.
   *
   * @param waitMillis for calls that are inside
   * @param anyway whether it is closed even if they do not end
   */
  private void detach(String why, long waitMillis, boolean anyway) {
    if (storage == null) {
      problem = InstanceProblem.reported(why);
      return;
    }
    boolean locked = false;
    try {
      locked = lock.writeLock().tryLock(waitMillis, TimeUnit.MILLISECONDS);
      if (!locked && !anyway) {
        throw new IllegalStateException(
            "the storage has calls that do not end within "
                + WAIT_SECONDS
                + " s; nothing was changed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (!anyway) {
        throw new IllegalStateException("interrupted; nothing was changed", e);
      }
    }
    if (!locked) {
      LOG.warn("storage `{}` is closed although calls are running", wantedType);
    }
    Storage previous;
    Provider previousProvider;
    StorageCalls previousCalls;
    try {
      previousCalls = calls;
      previous = storage; // another thread may have detached it meanwhile
      previousProvider = usedProvider;
      problem = InstanceProblem.reported(why);
      storage = null;
      usedProvider = null;
      epoch = 0;
    } finally {
      if (locked) {
        lock.writeLock().unlock();
      }
    }
    if (previousCalls != null) {
      previousCalls.close();
    }
    if (previous != null && previousProvider != null) {
      close(previousProvider, previous);
    }
  }

  /** Closes a storage with a deadline; failures are logged. */
  private void close(Provider provider, Storage previous) {
    try {
      timed(
          provider,
          Operation.STORAGE_CLOSE,
          () -> {
            previous.close();
            return true;
          });
    } catch (RuntimeException | Error e) {
      LOG.error("storage `{}` failed to close: {}", wantedType, e.toString(), e);
    }
  }

  /** Puts a storage into service. */
  private void attach(Provider provider, Storage next) {
    boolean tooLate;
    lock.writeLock().lock();
    try {
      tooLate = closed;
      if (!tooLate) {
        calls = new StorageCalls(environment.guard(), provider);
        storage = next;
        usedProvider = provider;
        epoch = openings;
      }
    } finally {
      lock.writeLock().unlock();
    }
    if (tooLate) {
      close(provider, next);
    }
    synchronized (opened) {
      opened.notifyAll();
    }
    if (!tooLate) {
      takeLateSettings();
    }
  }

  /** Applies settings that arrived while the storage was being opened. */
  private void takeLateSettings() {
    try {
      configure(settings);
    } catch (RuntimeException e) {
      LOG.error(
          "storage `{}` keeps the settings it was opened with: {}", wantedType, e.getMessage());
    }
  }

  private Storage open(Provider provider) {
    // each opening has its own range of references, so that stale ones are never valid
    long base = (++openings) * REFERENCE_SPAN;
    Context context = contextOf(provider, base);
    progress = 0;
    ConfigNode used = settings;
    bound = used;
    PluginCall<Storage> opening =
        environment
            .guard()
            .start(
                provider,
                Operation.STORAGE_OPEN,
                "storage " + wantedType,
                () -> openTyped((StorageProvider<?>) provider.service(), used, context),
                late -> close(provider, late));
    beingOpened = true;
    try {
      Storage found =
          awaited(() ->
              opening.await(
                  environment.guard().limits().deadline(Operation.STORAGE_OPEN), () -> progress));
      progress = 1;
      return found;
    } finally {
      beingOpened = false;
    }
  }

  private static <C extends Record> Storage openTyped(
      StorageProvider<C> provider, ConfigNode used, Context context) {
    return provider.open(ConfigBinder.bind(used, provider.configType()), context);
  }

  /** Calls the plugin on a thread of its own, with the operation's deadline. */
  private <T> T timed(Provider provider, Operation operation, Callable<T> body) {
    PluginGuard guard = environment.guard();
    PluginCall<T> call = guard.start(provider, operation, "storage " + wantedType, body);
    return awaited(() -> call.await(guard.limits().deadline(operation)));
  }

  private <T> T awaited(Callable<@Nullable T> call) {
    try {
      return Objects.requireNonNull(call.call(), "the plugin opened nothing");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("storage " + wantedType + PluginCalls.STOPPING, e);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception | Error e) {
      throw new IllegalStateException("storage `" + wantedType + "` failed: " + e, e);
    }
  }

  /**
   * Waits, with a deadline, until a storage is open; the read lock is held on return.
   *
   * @throws StorageException.Closed when none opens in time; the read lock is not held then
   */
  private Storage enter() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    while (true) {
      lock.readLock().lock();
      Storage current = storage;
      if (current != null) {
        return current;
      }
      lock.readLock().unlock();
      try {
        synchronized (opened) {
          long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
          if (storage == null && (closed || left <= 0)) {
            throw new StorageException.Closed(problem.text());
          }
          if (storage == null) {
            opened.wait(left);
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new StorageException.Closed(problem.text());
      }
    }
  }

  /** Returns the guard of the open storage. */
  private StorageCalls calls() {
    return Objects.requireNonNull(calls);
  }

  /**
   * Returns the storage; the read lock is held on return. Fails at once instead of queueing behind
   * a replacement that waits for running calls.
   *
   * @throws StorageException.Closed when none is open or it is being replaced
   */
  private Storage reading() {
    boolean interrupted = Thread.interrupted(); // not a reason to fail: the caller decides
    try {
      if (!lock.readLock().tryLock(0, TimeUnit.SECONDS)) {
        throw new StorageException.Closed("the storage is being replaced");
      }
    } catch (InterruptedException e) {
      interrupted = true;
      throw new StorageException.Closed("interrupted");
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    Storage current = storage;
    if (current == null) {
      lock.readLock().unlock();
      throw new StorageException.Closed(problem.text());
    }
    return current;
  }

  @Override
  public long resolve(Labels labels) {
    Storage current = enter();
    try {
      return calls().resolve(() -> current.resolve(labels));
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public AppendResult append(SampleBatch batch) {
    Storage current = enter();
    try {
      return calls().append(() -> current.append(batch));
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public SeriesCursor select(SelectRequest request) {
    Storage current = reading();
    try {
      return calls().select(request.hints().end(), () -> current.select(request));
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public SeriesCursor select(SelectRequest request, SelectMemory memory) {
    Storage current = reading();
    try {
      return calls().select(request.hints().end(), () -> current.select(request, memory));
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public List<Labels> series(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    Storage current = reading();
    try {
      return calls().metadata(() -> current.series(matcherSets, minTimeMs, maxTimeMs, limit));
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public void forEachSeries(
      List<List<Matcher>> matcherSets,
      long minTimeMs,
      long maxTimeMs,
      int limit,
      Predicate<? super Labels> sink) {
    Storage current = reading();
    Sink taking = new Sink(sink);
    try {
      boolean _ =
          calls()
              .metadata(() -> {
                current.forEachSeries(matcherSets, minTimeMs, maxTimeMs, limit, taking);
                return true;
              });
    } finally {
      lock.readLock().unlock();
    }
    if (taking.thrown != null) {
      throw taking.thrown;
    }
  }

  /** Keeps an exception of the caller from being taken for one of the plugin. */
  private static final class Sink implements Predicate<Labels> {
    private final Predicate<? super Labels> sink;
    private @Nullable RuntimeException thrown;

    Sink(Predicate<? super Labels> sink) {
      this.sink = sink;
    }

    @Override
    public boolean test(Labels labels) {
      if (thrown != null) {
        return false;
      }
      try {
        return sink.test(labels);
      } catch (RuntimeException e) {
        thrown = e;
        return false;
      }
    }
  }

  @Override
  public List<String> labelNames(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    Storage current = reading();
    try {
      return calls().metadata(() -> current.labelNames(matcherSets, minTimeMs, maxTimeMs, limit));
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public List<String> labelValues(
      String name, List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    Storage current = reading();
    try {
      return calls()
          .metadata(() -> current.labelValues(name, matcherSets, minTimeMs, maxTimeMs, limit));
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public List<SeriesExemplars> exemplars(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs) {
    Storage current = reading();
    try {
      return calls().metadata(() -> current.exemplars(matcherSets, minTimeMs, maxTimeMs));
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public StorageStats stats(int topN) {
    Storage current = reading();
    try {
      return calls().stats(() -> current.stats(topN));
    } finally {
      lock.readLock().unlock();
    }
  }

  /**
   * Writes the metrics that the storage reports itself.
   *
   * @return false when it reports none
   * @throws StorageException.Closed while no storage is open
   */
  public boolean collect(MetricSink sink) {
    Storage current = reading();
    try {
      if (!(current instanceof MeteredStorage metered)) {
        return false;
      }
      DetachableSink detachable = new DetachableSink(sink);
      try {
        boolean _ =
            calls()
                .stats(() -> {
                  metered.collect(detachable);
                  return true;
                });
      } finally {
        detachable.detach();
      }
      if (!detachable.fault().isEmpty()) { // the storage has caught the sink's exception
        throw new IllegalArgumentException(detachable.fault());
      }
      return true;
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public boolean ready() {
    return storage != null;
  }

  /** Returns whether a storage is being opened, which may take long while it makes progress. */
  public boolean opening() {
    return beingOpened;
  }

  /** Returns whether a storage is open or being replaced. */
  public boolean serving() {
    return storage != null || replacing;
  }

  @Override
  public boolean tryHold() {
    try {
      // unlike tryLock() this does not barge past a waiting replacement
      if (!lock.readLock().tryLock(0, TimeUnit.SECONDS)) {
        return false;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    if (storage == null) {
      lock.readLock().unlock();
      return false;
    }
    return true;
  }

  @Override
  public void release() {
    lock.readLock().unlock();
  }

  @Override
  public String type() {
    return storage == null ? "" : wantedType;
  }

  @Override
  public <T extends Storage> @Nullable T capability(Class<T> type) {
    Storage current = storage;
    StorageCalls guard = calls;
    return current != null && guard != null && type.isInstance(current)
        ? guard.capability(
            type,
            current,
            () -> {
              if (reading() != current) {
                lock.readLock().unlock();
                throw new StorageException.Closed("the storage has been replaced");
              }
              return lock.readLock()::unlock;
            })
        : null;
  }

  @Override
  public long epoch() {
    return epoch;
  }

  @Override
  public double replayProgress() {
    return progress;
  }

  /** Returns the problem while no storage is open. */
  public String problem() {
    return storage == null ? problem.text() : "";
  }

  /** Returns whether no storage is open because no plugin serves its type. */
  public boolean isWaiting() {
    return storage == null && waiting;
  }

  @Override
  public Kind kind() {
    return Kind.STORAGE;
  }

  /** Returns this host's use of a type, for the plugins page. */
  @Override
  public Map<String, InstanceProblem> instances(String type) {
    StorageCalls guard = calls;
    InstanceProblem now =
        storage == null
            ? problem
            : guard == null
                ? InstanceProblem.NONE
                : InstanceProblem.of(PluginProblem.CRASHED, guard.problem());
    return type.equals(wantedType) ? Map.of(dataDirectory.toString(), now) : Map.of();
  }

  /**
   * Closes the storage because the server stops, even if calls do not end. The storage is closed on
   * return, even if another thread is closing it.
   */
  @Override
  public void close() {
    closed = true;
    synchronized (ending) {
      detach("the server is stopping", STOP_WAIT_MILLIS, true);
    }
    problem = InstanceProblem.reported("the server is stopping");
    synchronized (opened) {
      opened.notifyAll();
    }
  }
}
