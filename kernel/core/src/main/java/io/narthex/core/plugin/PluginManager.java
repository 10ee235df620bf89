package io.narthex.core.plugin;

import io.narthex.core.host.PluginGuard;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.plugin.leaks.ClassLocks;
import io.narthex.core.plugin.leaks.LeakMeter;
import io.narthex.core.plugin.state.PluginRecords;
import io.narthex.core.updates.BootWatch;
import io.narthex.core.updates.KernelUpdates;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.plugins.PluginHealth;
import io.narthex.service.plugins.PluginService;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Installs, updates and removes plugins while the server runs.
 *
 * <p><b>Parts.</b> {@link PluginFiles} follows files, {@link PluginOrders} carries out what users
 * order. Both use {@link PluginVersions} to choose the version that runs and {@link Activation} to
 * switch to it without a gap. {@link CrashedPlugins} retries or gives up, {@link PluginList} lists
 * all.
 *
 * <p><b>Concurrency.</b> {@link PluginTable#changes} is held during every change, so changes are
 * made one after the other. Readers take no lock.
 */
public final class PluginManager implements PluginService {
  private static final Logger LOG = LoggerFactory.getLogger(PluginManager.class);
  private static final long STOP_SECONDS = 15;

  private final FolderPace pace;
  private final PluginRecords records;
  private final KernelUpdates kernel;
  private final PluginGuard guard;
  private final LeakMeter leaks;
  private final PluginList list;
  private final PluginFiles files;
  private final PluginVersions versions;
  private final PluginOrders orders;
  private final ExitWatch exits;
  private final Probation probation;
  private final BiPredicate<Plugin, String> rollBack;
  private final ScheduledExecutorService scanner =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("plugin-folder").factory());

  // not the one above, which may hang in a scan of the folder
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("plugin-watch").factory());

  /**
   * Creates a manager; nothing is installed yet.
   *
   * @param framework context to install bundles with
   * @param dropFolder where users put jars
   * @param state folder for kept jars and decisions
   * @param guard makes the calls into plugins
   * @param removalGrace how long a deleted jar may take to come back before its plugin stops
   * @param use what the hosts know about the use of plugins
   */
  public PluginManager(
      BundleContext framework,
      ProviderRegistry registry,
      Path dropFolder,
      Path state,
      Clock clock,
      PluginGuard guard,
      Duration removalGrace,
      PluginUse use) {
    this(framework, registry, dropFolder, state, clock, guard, FolderPace.usual(removalGrace), use);
  }

  PluginManager(
      BundleContext framework,
      ProviderRegistry registry,
      Path dropFolder,
      Path state,
      Clock clock,
      PluginGuard guard,
      FolderPace pace,
      PluginUse use) {
    this.guard = guard;
    this.pace = pace;
    PluginTable table = new PluginTable(dropFolder, clock);
    records = PluginRecords.in(state, clock, guard.limits());
    leaks = new LeakMeter(guard.threads(), new ClassLocks(framework)::release);
    kernel =
        new KernelUpdates(framework, table.changes, records.jars(), records.audit(), leaks, state);
    list = new PluginList(table, kernel, records.jars(), leaks, use::instances);
    Activation activation =
        new Activation(
            framework, registry, guard, leaks, clock, records.jars().work(), records.deaths());
    probation = new Probation(table, guard, use);
    versions = new PluginVersions(table, activation, records, kernel, probation);
    rollBack = versions::runPrevious;
    CrashedPlugins crashed =
        new CrashedPlugins(table, activation, versions, list, records, guard.limits(), scanner);
    files = new PluginFiles(table, versions, crashed, records, pace);
    orders = new PluginOrders(table, versions, activation, list, records, kernel);
    guard.onRepeatedCrashes((plugin, reason) -> {
      try {
        scanner.execute(() -> crashed.stop(plugin, reason));
      } catch (RejectedExecutionException e) {
        LOG.debug("plugin {} is not stopped: the server is stopping", plugin.pluginId());
      }
    });
    exits = new ExitWatch(records.deaths(), guard.threads());
  }

  /** Returns the seconds since the last scan of the drop folder ended. */
  public double secondsSinceScan() {
    return files.ageOfLastScan();
  }

  /** Returns the meter of what plugins leave behind. */
  public MetricCollector leakMetrics() {
    return leaks;
  }

  /**
   * Sets what the replacement of kernel bundles needs from the rest of the kernel.
   *
   * @param configurationProblem returns why a listener could not apply the configuration, or null
   * @param underway is notified when a replacement begins and ends
   */
  public void kernelHooks(
      Function<ReloadListener, @Nullable String> configurationProblem, Consumer<Boolean> underway) {
    kernel.hooks(configurationProblem, underway);
  }

  /** Installs the shipped plugins, then those in the drop folder, and starts watching it. */
  public void start(Path shipped, BootWatch boot) {
    exits.begin();
    files.takeAll(shipped, boot);
    kernel.warnOfMissing();
    long scan = pace.scan().toMillis();
    watch.scheduleWithFixedDelay(this::watch, scan, scan, TimeUnit.MILLISECONDS);
    scanner.scheduleWithFixedDelay(this::scan, scan, scan, TimeUnit.MILLISECONDS);
  }

  /** Starts the plugins again that did not start because of their settings, as these are others. */
  public void settingsChanged() {
    files.settingsChanged();
  }

  private void scan() {
    files.scan();
    try {
      versions.keepShippedInUse();
    } catch (RuntimeException | LinkageError e) {
      LOG.error("plugins: copies for undo", e); // scanning continues
    }
  }

  private void watch() {
    try {
      records.deaths().settle(System.nanoTime());
      files.watchScan();
      probation.check(System.nanoTime(), rollBack);
    } catch (RuntimeException | LinkageError e) {
      LOG.error("plugins: watching updates", e); // watching continues
    }
  }

  /**
   * Checks, before the server is ready, whether updated kernel bundles work since the start;
   * replaces those that do not by the shipped ones.
   */
  public void confirmKernelUpdates(BootWatch boot) {
    kernel.confirm(boot);
  }

  /** Returns whether updated bundles of the server run. */
  public boolean runsKernelUpdates() {
    return kernel.runsUpdates();
  }

  /**
   * Called when the server cannot start: excludes the kernel updates that may be to blame from the
   * next start on. Does nothing once they have been confirmed.
   *
   * @param suspect returns, by id, whether a bundle may be to blame
   */
  public void blameKernelUpdates(Predicate<String> suspect, String reason) {
    kernel.blame(suspect, reason);
  }

  @Override
  public List<PluginInfo> plugins() {
    return list.all();
  }

  @Override
  public @Nullable PluginInfo plugin(String id) {
    return plugins().stream().filter(p -> p.id().equals(id)).findFirst().orElse(null);
  }

  @Override
  public PluginHealth health(String id) {
    return new PluginHealth(
        guard.metrics().calls(id), leaks.leaks(id), guard.metrics().usageOf(id));
  }

  @Override
  public List<String> removedWithLeftovers() {
    return leaks.removedWithLeftovers();
  }

  @Override
  public PluginInfo install(String fileName, InputStream jar, boolean force, String actor)
      throws IOException {
    return orders.install(fileName, jar, force, actor);
  }

  @Override
  public void remove(String id, String actor) {
    orders.remove(id, actor);
  }

  @Override
  public PluginInfo enable(String id, String actor) {
    return orders.enable(id, actor);
  }

  @Override
  public PluginInfo disable(String id, String actor) {
    return orders.disable(id, actor);
  }

  @Override
  public PluginInfo rollback(String id, String actor) {
    return orders.rollback(id, actor);
  }

  @Override
  public List<AuditEntry> audit(@Nullable String id, int limit) {
    return records.audit().newest(id, limit);
  }

  @Override
  public void audited(String actor, String action, String id, String result) {
    records.audit().add(actor, action, id, "", "", result);
  }

  /**
   * Returns what users decided about plugins that are not installed, by id; it applies again when
   * they return.
   */
  public Map<String, List<String>> decisionsOfAbsent() {
    return orders.decisionsOfAbsent();
  }

  /** Returns the versions of a plugin that are kept for undo, newest first. */
  public List<String> keptVersions(String id) {
    return records.jars().versions(id);
  }

  /**
   * Deletes decisions about a plugin that is not installed, and its kept jars.
   *
   * @throws PluginException when the plugin is installed
   */
  public void forget(String id, String actor) {
    orders.forget(id, actor);
  }

  /** Stops watching and waits for a running change. Instances are closed by the hosts. */
  public void close() {
    scanner.shutdownNow();
    watch.shutdownNow();
    try {
      if (!scanner.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("plugins: a change is still running; the server stops in the middle of it");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    records.deaths().cleanStop();
    exits.end();
  }
}
