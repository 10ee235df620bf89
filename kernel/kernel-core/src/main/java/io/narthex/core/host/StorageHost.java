package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.ConfigurableStorage;
import io.narthex.spi.storage.SampleBatch;
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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The storage gate: hands calls to the one storage that is open, and replaces it.
 *
 * <p><b>Swap.</b> Calls hold the read lock; a replacement takes the write lock, so it begins when
 * no call is inside. While no storage is open, {@code append} and {@code resolve} wait for up to
 * {@link #WAIT_SECONDS}: what scrapes have read stays in their hands meanwhile. Reads fail at once.
 */
public final class StorageHost implements StorageGate, ProviderRegistry.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(StorageHost.class);
  private static final long WAIT_SECONDS = 60;
  private static final long REFERENCE_SPAN = 1L << 40;

  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock(true);
  private final Condition opened = lock.writeLock().newCondition();
  private final HostEnvironment environment;
  private final Path dataDirectory;
  private final String wantedType;
  private volatile @Nullable Storage storage; // written under the write lock
  private volatile Provider usedProvider; // the provider of storage
  private volatile ConfigNode settings;
  private volatile double progress;
  private volatile boolean closed;
  private volatile String problem = "waiting for the storage plugin";
  private long openings; // guarded by the write lock

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
    this.usedProvider = new Provider(Kind.STORAGE, wantedType, "", this);
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
    public void replayProgress(double done) {
      host.progress = done;
    }
  }

  /** Takes settings that a reload changed. */
  public void configure(ConfigNode changed) {
    ConfigNode before = settings;
    settings = changed;
    Storage current = storage;
    if (current != null && !java.util.Objects.equals(before.toPlain(), changed.toPlain())) {
      if (current instanceof ConfigurableStorage<?> configurable) {
        reconfigure(configurable, (StorageProvider<?>) usedProvider.service());
      } else {
        LOG.warn("storage `{}` takes changed settings at its next start only", wantedType);
      }
    }
  }

  @SuppressWarnings("unchecked") // the provider that opened the storage names the record
  private <C extends Record> void reconfigure(
      ConfigurableStorage<?> configurable, StorageProvider<C> provider) {
    C config = ConfigBinder.bind(settings, provider.configType());
    ((ConfigurableStorage<C>) configurable).reconfigure(config);
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() == Kind.STORAGE && candidate.type().equals(wantedType)) {
      ConfigBinder.bind(settings, ((StorageProvider<?>) candidate.service()).configType());
    }
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.STORAGE || !type.equals(wantedType) || closed) {
      return;
    }
    lock.writeLock().lock();
    try {
      Storage former = storage;
      Provider formerProvider = usedProvider;
      storage = null;
      problem = "the storage is being replaced";
      if (former != null) {
        former.close();
      }
      if (now == null) {
        problem = "waiting for plugin `" + wantedType + "`";
        return;
      }
      try {
        storage = open(now);
        usedProvider = now;
      } catch (RuntimeException e) {
        problem = String.valueOf(e.getMessage());
        if (former == null) {
          throw e;
        }
        storage = open(formerProvider);
        throw new IllegalStateException(
            "the new storage did not open, the former one runs again: " + e.getMessage(), e);
      } finally {
        opened.signalAll();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  private Storage open(Provider provider) {
    return openTyped((StorageProvider<?>) provider.service());
  }

  private <C extends Record> Storage openTyped(StorageProvider<C> provider) {
    C config = ConfigBinder.bind(settings, provider.configType());
    // the time keeps references of different processes apart as well, should anybody keep one
    long base = (++openings) * REFERENCE_SPAN;
    Context context =
        new Context(
            environment.context(wantedType, "storage " + wantedType, dataDirectory),
            dataDirectory,
            base,
            this);
    progress = 0;
    Storage opening = PluginCalls.open(provider, () -> provider.open(config, context));
    progress = 1;
    return opening;
  }

  /**
   * Waits, bounded, until a storage is open. Called with the read lock held; holds it again on
   * return.
   */
  private Storage awaitOpen() {
    Storage current = storage;
    if (current != null) {
      return current;
    }
    if (closed) {
      throw new StorageException.Closed("the storage is closed");
    }
    lock.readLock().unlock();
    lock.writeLock().lock();
    try {
      long left = TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
      while (storage == null && left > 0 && !closed) {
        left = opened.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.readLock().lock();
      lock.writeLock().unlock();
    }
    current = storage;
    if (current == null) {
      throw new StorageException.Closed(problem);
    }
    return current;
  }

  private Storage required() {
    Storage current = storage;
    if (current == null) {
      throw new StorageException.Closed(problem);
    }
    return current;
  }

  @Override
  public long resolve(Labels labels) {
    lock.readLock().lock();
    try {
      return awaitOpen().resolve(labels);
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public AppendResult append(SampleBatch batch) {
    lock.readLock().lock();
    try {
      return awaitOpen().append(batch);
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public SeriesCursor select(SelectRequest request) {
    lock.readLock().lock();
    try {
      return required().select(request);
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public List<Labels> series(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    lock.readLock().lock();
    try {
      return required().series(matcherSets, minTimeMs, maxTimeMs, limit);
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public List<String> labelNames(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    lock.readLock().lock();
    try {
      return required().labelNames(matcherSets, minTimeMs, maxTimeMs, limit);
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public List<String> labelValues(
      String name, List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    lock.readLock().lock();
    try {
      return required().labelValues(name, matcherSets, minTimeMs, maxTimeMs, limit);
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public List<SeriesExemplars> exemplars(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs) {
    lock.readLock().lock();
    try {
      return required().exemplars(matcherSets, minTimeMs, maxTimeMs);
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public StorageStats stats(int topN) {
    lock.readLock().lock();
    try {
      return required().stats(topN);
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public boolean ready() {
    return storage != null;
  }

  @Override
  public String type() {
    return storage == null ? "" : wantedType;
  }

  @Override
  public <T extends Storage> @Nullable T capability(Class<T> type) {
    Storage current = storage;
    return type.isInstance(current) ? type.cast(current) : null;
  }

  @Override
  public double replayProgress() {
    return progress;
  }

  /** Returns what is wrong while no storage is open. */
  public String problem() {
    return storage == null ? problem : "";
  }

  /** Returns this host's use of a type, for the plugins page. */
  public Map<String, String> instances(String type) {
    return type.equals(wantedType) ? Map.of(dataDirectory.toString(), problem()) : Map.of();
  }

  @Override
  public void close() {
    closed = true;
    lock.writeLock().lock();
    try {
      Storage current = storage;
      storage = null;
      problem = "the server is stopping";
      opened.signalAll();
      if (current != null) {
        current.close();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
