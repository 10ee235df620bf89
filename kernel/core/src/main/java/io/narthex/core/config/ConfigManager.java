package io.narthex.core.config;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.config.ConfigService;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.metrics.Metrics;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.exporter.MetricSink;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration in effect, and its reload. Files are read and checked whole before anything
 * changes; then the listeners apply it one after the other; one that fails does not hold up the
 * others.
 */
public final class ConfigManager implements ConfigService, MetricCollector {
  private static final Logger LOG = LoggerFactory.getLogger(ConfigManager.class);

  private final ConfigFiles files;
  private final Clock clock;
  private final Consumer<ConfigFiles.Loaded> check;
  private final CopyOnWriteArrayList<ReloadListener> listeners = new CopyOnWriteArrayList<>();
  private final Metrics.Gauge successful;
  private final Metrics.Gauge successTime;
  private volatile ConfigFiles.Loaded loaded;
  private volatile Outcome outcome;
  private volatile boolean live;
  private List<Ignored> announced = List.of(); // guarded by this
  private volatile ShownConfig shown = new ShownConfig(ShownConfig.Records.NONE);
  private volatile @Nullable View view;
  private volatile Runnable afterwards = () -> {};

  /** A configuration as shown, and what it was rendered from. */
  private record View(ConfigFiles.Loaded loaded, ShownConfig shown, ConfigSnapshot snapshot) {}

  /** Listeners that failed to apply the configuration when they were added, with the reason. */
  private final Map<ReloadListener, String> problemsOnAdd = new ConcurrentHashMap<>();

  /**
   * Creates a manager of files that have been read.
   *
   * @param check throws for a configuration that plugins cannot use
   */
  public ConfigManager(
      ConfigFiles files,
      ConfigFiles.Loaded first,
      Consumer<ConfigFiles.Loaded> check,
      Metrics metrics,
      Clock clock) {
    this.files = files;
    this.loaded = first;
    this.check = check;
    this.clock = clock;
    outcome = new Outcome(true, null, clock.instant());
    successful =
        metrics.gauge(
            "prometheus_config_last_reload_successful",
            "Whether the last configuration reload attempt was successful.");
    successTime =
        metrics.gauge(
            "prometheus_config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload.");
  }

  /**
   * Renders the configuration with the records of the running plugins from now on; called with a
   * new object whenever they change.
   */
  public void showWith(ShownConfig changed) {
    shown = changed;
  }

  private ConfigSnapshot view(ConfigFiles.Loaded of) {
    ShownConfig by = shown;
    View known = view;
    if (known == null || known.loaded != of || known.shown != by) {
      known = new View(of, by, of.shownBy(by));
      view = known;
    }
    return known.snapshot;
  }

  /**
   * Runs something after each reload that put files into effect. No lock is held meanwhile, so that
   * it may wait for what waits for this manager.
   */
  public void afterReload(Runnable action) {
    afterwards = action;
  }

  /** Returns whether the configuration is in effect. */
  public boolean live() {
    return live;
  }

  /**
   * Applies the configuration read at the start.
   *
   * @throws ConfigException when a listener refuses it, for example for a rule that cannot be
   *     parsed
   */
  public synchronized void goLive() {
    live = true;
    announce(loaded);
    List<String> problems = apply(loaded);
    if (!problems.isEmpty()) {
      throw new ConfigException(String.join("; ", problems));
    }
  }

  /** Adds a listener, which applies the configuration in effect. */
  public synchronized void add(ReloadListener listener) {
    listeners.add(listener);
    if (live) {
      try {
        listener.apply(view(loaded));
      } catch (RuntimeException | LinkageError e) {
        problem(listener, e);
        problemsOnAdd.put(listener, text(listener, e));
        failed(
            "one or more errors occurred while applying the configuration: " + text(listener, e));
      }
    }
  }

  /**
   * Removes a listener; when it was the only one that failed, the last reload counts as successful.
   */
  public synchronized void remove(ReloadListener listener) {
    listeners.remove(listener);
    if (problemsOnAdd.remove(listener) != null && problemsOnAdd.isEmpty()) {
      outcome = new Outcome(true, null, outcome.lastSuccess());
      successful.set(1);
    }
  }

  /** Returns why a listener failed to apply the configuration when it was added, or null. */
  public @Nullable String problemOf(ReloadListener listener) {
    return problemsOnAdd.get(listener);
  }

  @Override
  public ConfigSnapshot current() {
    return view(loaded);
  }

  /** Returns all files as they are in effect. */
  public ConfigFiles.Loaded loaded() {
    return loaded;
  }

  @Override
  public void reload() {
    ConfigFiles.Loaded before = loaded;
    try {
      readAndApply();
    } finally {
      if (loaded != before) {
        afterwards.run();
      }
    }
  }

  private synchronized void readAndApply() {
    ConfigFiles.Loaded next;
    LOG.info("loading configuration file {}", files.names());
    try {
      next = files.load();
      check.accept(next);
    } catch (ConfigException e) {
      failed(String.valueOf(e.getMessage()));
      throw e;
    } catch (RuntimeException | LinkageError e) {
      LOG.error("configuration: it could not be checked", e);
      failed("the configuration could not be checked: " + e);
      throw new ConfigException("the configuration could not be checked: " + e, e);
    }
    loaded = next;
    announce(next);
    problemsOnAdd.clear();
    List<String> problems = apply(next);
    if (!problems.isEmpty()) {
      failed(
          "one or more errors occurred while applying the new configuration: "
              + String.join("; ", problems));
      throw new ConfigException(String.valueOf(outcome.error()));
    }
  }

  /** Has all listeners apply a configuration; returns their errors. */
  private List<String> apply(ConfigFiles.Loaded next) {
    List<ReloadListener> ordered = new ArrayList<>(listeners);
    ordered.sort(Comparator.comparing(ReloadListener::stage));
    List<String> problems = new ArrayList<>();
    for (ReloadListener listener : ordered) {
      try {
        listener.apply(view(next));
      } catch (RuntimeException | LinkageError e) {
        problem(listener, e);
        problems.add(text(listener, e));
      }
    }
    if (problems.isEmpty()) {
      Instant now = clock.instant();
      outcome = new Outcome(true, null, now);
      successful.set(1);
      successTime.set(now.toEpochMilli() / 1000.0);
      LOG.info("configuration applied");
    }
    return problems;
  }

  /** Logs settings without effect once, and again when they change. */
  private void announce(ConfigFiles.Loaded next) {
    List<Ignored> now = files.ignored(next);
    if (!now.isEmpty() && !now.equals(announced)) {
      LOG.warn("configured without effect: {}", text(now));
    }
    announced = now;
  }

  private static String text(List<Ignored> ignored) {
    return ignored.stream()
        .map(i -> i.name() + " (" + i.reason() + ")")
        .collect(Collectors.joining(", "));
  }

  @Override
  public List<Ignored> ignored() {
    return files.ignored(loaded);
  }

  @Override
  public void collect(MetricSink sink) {
    String name = "narthex_config_ignored";
    sink.family(
        new MetricMetadata(
            name,
            MetricType.GAUGE,
            "Flags and keys that are configured and have no effect; the log says why.",
            ""));
    ignored().forEach(i -> sink.sample(name, Labels.of("source", i.source(), "name", i.name()), 1));
  }

  /**
   * Reloads when the content of a file has changed, checked every {@code interval}, until the
   * thread is interrupted.
   */
  public void followFiles(Duration interval) {
    long known = files.checksum();
    try {
      while (true) {
        Thread.sleep(Math.max(interval.toMillis(), 1000));
        long now = files.checksum();
        if (now == known) {
          continue;
        }
        known = now;
        LOG.info("a configuration file has changed, reloading");
        try {
          reload();
        } catch (ConfigException e) {
          LOG.debug("automatic reload: {}", e.getMessage()); // reload has logged it
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String text(ReloadListener listener, Throwable e) {
    return listener.name() + ": " + (e instanceof ConfigException ? e.getMessage() : e.toString());
  }

  /** Logs failures whose cause is not the configuration. */
  private static void problem(ReloadListener listener, Throwable e) {
    if (!(e instanceof ConfigException)) {
      LOG.error("configuration: {} failed to apply it", listener.name(), e);
    }
  }

  private void failed(String message) {
    outcome = new Outcome(false, message, outcome.lastSuccess());
    successful.set(0);
    LOG.error("configuration not applied: {}", message);
  }

  @Override
  public Outcome lastReload() {
    return outcome;
  }
}
