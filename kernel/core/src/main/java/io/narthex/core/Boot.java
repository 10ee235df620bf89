package io.narthex.core;

import static io.narthex.core.BootSteps.part;

import io.narthex.core.BootSteps.Action;
import io.narthex.core.BootSteps.Gate;
import io.narthex.core.BootSteps.Part;
import io.narthex.core.BootSteps.Step;
import io.narthex.core.check.FileCheck;
import io.narthex.core.check.NamedFiles;
import io.narthex.core.check.RuleTestsCheck;
import io.narthex.core.check.ServiceDiscoveryCheck;
import io.narthex.core.check.Verdict;
import io.narthex.core.config.ConfigFiles;
import io.narthex.core.config.ConfigManager;
import io.narthex.core.config.Flags;
import io.narthex.core.host.DiscoveryHost;
import io.narthex.core.host.ExporterHost;
import io.narthex.core.host.FunctionHost;
import io.narthex.core.host.GuardLimits;
import io.narthex.core.host.HostEnvironment;
import io.narthex.core.host.InstanceProblem;
import io.narthex.core.host.NotifierHost;
import io.narthex.core.host.PluginGuard;
import io.narthex.core.host.PluginHost;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.StorageHost;
import io.narthex.core.metrics.MetricsRegistry;
import io.narthex.core.metrics.ProcessMetrics;
import io.narthex.core.metrics.WorkMemoryMetrics;
import io.narthex.core.plugin.PluginManager;
import io.narthex.core.plugin.PluginUse;
import io.narthex.core.settings.PluginSettingsManager;
import io.narthex.core.updates.BootWatch;
import io.narthex.httpclient.JettyHttpTransport;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.ConfigService;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.config.ReloadStage;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.service.discovery.TargetGroupListener;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.notify.NotifierService;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.plugins.PluginSettingsService;
import io.narthex.service.plugins.WaitingSource;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.rules.RuleTestService;
import io.narthex.service.server.HandOver;
import io.narthex.service.server.ServerControl;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.plugin.HttpTransport;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The start of the server as a list of named steps: flags, configuration files, data folder,
 * services, listeners (opened by the HTTP bundle once the services are registered), plugins (the
 * storage among them), configuration applied. Used by one thread, except for {@link #close} and the
 * methods that report progress.
 */
final class Boot {
  private static final Logger LOG = LoggerFactory.getLogger(Boot.class);

  /** The server is ending already, for a reason that has been reported. */
  static final Verdict ENDS_ALREADY = new Verdict(-1, "");

  private final BundleContext framework;
  private final @Nullable FileCheck check;
  private final BiConsumer<Integer, String> end;
  private final BootWatch.Report hangs;
  private final Clock clock = Clock.systemUTC();
  private final MetricsRegistry metrics = new MetricsRegistry();
  private final ProviderRegistry registry = new ProviderRegistry();
  private final BootSteps progress = new BootSteps();

  // the parts, in the order in which they are created
  private final Part<Map<String, String>> build = part("build", this::readBuild);
  private final Part<Flags> flags = part("flags", this::readFlags);
  private final Part<ConfigFiles> files =
      part("names of files", () -> new ConfigFiles(flags.get()));
  private final Part<ConfigFiles.Loaded> loaded = part("configuration files", this::readFiles);
  private final Part<Path> folder = part("data folder", this::makeFolders);
  private final Part<JettyHttpTransport> http =
      part(
          "HTTP client",
          () -> new JettyHttpTransport("Prometheus/" + ServerState.COMPATIBLE_VERSION),
          JettyHttpTransport::close);
  private final Part<PluginGuard> guard =
      part("guard", () -> new PluginGuard(GuardLimits.of(loaded.get().narthex().plugins())));
  private final Part<HostEnvironment> environment = part("host", this::createEnvironment);
  private final Part<StorageHost> storage =
      part("storage host", this::createStorage, StorageHost::close);
  private final Part<DiscoveryHost> discovery =
      part(
          "discovery host",
          () -> new DiscoveryHost(environment.get(), registry),
          DiscoveryHost::close);
  private final Part<ExporterHost> exporters =
      part("exporter host", this::createExporters, ExporterHost::close);
  private final Part<NotifierHost> notifiers =
      part(
          "notifier host",
          () -> new NotifierHost(environment.get(), registry),
          NotifierHost::close);
  private final Part<FunctionHost> functions =
      part("function host", () -> new FunctionHost(guard.get()));
  private final Part<ServerState> server = part("server", this::createServer);
  private final Part<PluginManager> plugins = part("plugin manager", this::createPlugins);
  private final Part<PluginSettingsManager> settings =
      part("settings of plugins", this::createSettings);
  private final Part<ConfigManager> config = part("configuration", this::createConfig);
  private final Part<WorkMemory> memory =
      part("work memory", () -> new WorkMemory(Runtime.getRuntime().maxMemory()));
  private final Part<BootWatch> watch = part("watch over the start", this::createWatch);

  /**
   * Creates the steps; none has run yet.
   *
   * @param check non-null when files are only checked: nothing listens, is applied or sent
   * @param end ends the server with a status and a message
   * @param hangs receives the report about a step that hangs
   */
  Boot(
      BundleContext framework,
      @Nullable FileCheck check,
      BiConsumer<Integer, String> end,
      BootWatch.Report hangs) {
    this.framework = framework;
    this.check = check;
    this.end = end;
    this.hangs = hangs;
  }

  private List<Step> steps() {
    return List.of(
        flags,
        build,
        new Gate("help and version", this::helpOrVersion),
        files,
        loaded,
        folder,
        http,
        guard,
        environment,
        storage,
        new Action("storage shutdown for the launcher", this::offerStorageToLauncher),
        discovery,
        exporters,
        notifiers,
        functions,
        server,
        plugins,
        settings,
        config,
        memory,
        new Action("own metrics", this::addMetrics),
        watch,
        // components that wait for these services start as they are registered
        new Action("metrics", () -> framework.registerService(Metrics.class, metrics, null)),
        part("heap", this::startHeapThreads, Boot::interrupt),
        new Action("services", this::offerServices),
        new Gate("services are up", this::endsAlready), // for example: the address is taken
        part("plugins", this::startPlugins, PluginManager::close),
        new Action("storage", this::requireStorage),
        new Action("plugins with their settings", this::checkSettings),
        new Gate("check of files", this::checkFiles),
        new Action("hosts follow the configuration", this::followConfiguration),
        part(
            "parts that follow the configuration",
            () -> track(ReloadListener.class, config.get()::add, config.get()::remove),
            AutoCloseable::close),
        part(
            "parts that follow the targets",
            () ->
                track(
                    TargetGroupListener.class, discovery.get()::listen, discovery.get()::unlisten),
            AutoCloseable::close),
        part(
            "parts with metrics",
            () -> track(MetricCollector.class, metrics::add, metrics::remove),
            AutoCloseable::close),
        part(
            "parts that wait for plugins",
            () -> track(WaitingSource.class, settings.get()::add, settings.get()::remove),
            AutoCloseable::close),
        new Action("configuration in effect", this::goLive),
        new Action("updates of the server's bundles", this::confirmUpdates),
        part("watch over the files", this::followFiles, Boot::interrupt),
        new Action("ready", this::sayReady));
  }

  /**
   * Runs the steps. Returns a verdict when the start ended early, null when the server is ready.
   */
  @Nullable Verdict run() {
    return progress.run(steps());
  }

  /** Returns the name of the step that runs, or ran last. */
  String step() {
    return progress.current();
  }

  /** Returns the state of the server, or null before its step has run. */
  @Nullable ServerState server() {
    return server.created();
  }

  /** Returns the plugin manager, or null before its step has run. */
  @Nullable PluginManager plugins() {
    return plugins.created();
  }

  /** Stops what was started, in reverse order. */
  void close() {
    ServerState running = server.created();
    if (running != null) {
      running.stoppingNow();
    }
    BootWatch watching = watch.created();
    if (watching != null) {
      watching.end();
    }
    progress.close();
  }

  static String property(BundleContext framework, String name, String otherwise) {
    String value = framework.getProperty(name);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  private String property(String name, String otherwise) {
    return property(framework, name, otherwise);
  }

  // --- flags and files

  private Flags readFlags() {
    String joined = property("narthex.args", "");
    return Flags.parse(joined.isEmpty() ? List.of() : List.of(joined.split("\u0001", -1)));
  }

  private Map<String, String> readBuild() {
    Map<String, String> build = new LinkedHashMap<>();
    build.put(
        "version", property("narthex.version", framework.getBundle().getVersion().toString()));
    build.put("revision", property("narthex.build.revision", "unknown"));
    build.put("branch", property("narthex.build.branch", "unknown"));
    build.put("buildUser", property("narthex.build.user", "unknown"));
    build.put("buildDate", property("narthex.build.date", "unknown"));
    return build;
  }

  private @Nullable Verdict helpOrVersion() {
    if (flags.get().help()) {
      return new Verdict(0, Flags.usage());
    }
    return flags.get().version()
        ? new Verdict(
            0,
            "narthex, version "
                + build.get().get("version")
                + " (revision: "
                + build.get().get("revision")
                + ")\n  java:      "
                + Runtime.version())
        : null;
  }

  private ConfigFiles.Loaded readFiles() {
    ConfigFiles.Loaded found = files.get().load();
    // a file that cannot be used ends the start with one line that names it
    LOG.info("configuration read from {}", files.get().names());
    for (String feature : flags.get().unknownFeatures()) {
      LOG.warn("Unknown option for --enable-feature: {}", feature);
    }
    return found;
  }

  private Path data() {
    return Path.of(flags.get().text("storage.tsdb.path")).toAbsolutePath().normalize();
  }

  private String storageType() {
    return loaded.get().narthex().storage().type();
  }

  private Path makeFolders() {
    Path stateFolder = data().resolve("narthex");
    ServerFolders.prepare(data(), stateFolder, storageType());
    return stateFolder;
  }

  private Path dropFolder() {
    String given = flags.get().text("plugins.path");
    return Path.of(given.isEmpty() ? property("narthex.plugins.path", "plugins") : given)
        .toAbsolutePath()
        .normalize();
  }

  // --- hosts and managers

  private HostEnvironment createEnvironment() {
    return new HostEnvironment(
        clock, http.get(), folder.get().resolve("plugin-state"), metrics, guard.get());
  }

  private StorageHost createStorage() {
    return new StorageHost(environment.get(), data(), storageType(), storageSettings(loaded.get()));
  }

  /** Lets the launcher close the storage even if other parts do not stop in time. */
  private void offerStorageToLauncher() {
    framework.registerService(
        Runnable.class,
        storage.get()::close,
        new Hashtable<>(
            Map.of(
                "narthex.role",
                "close-storage",
                "narthex.stop.millis",
                loaded.get().narthex().stopTimeout().toMillis())));
  }

  private ExporterHost createExporters() {
    return new ExporterHost(
        environment.get(), exporterSettings(loaded.get()), loaded.get().narthexFolder());
  }

  private ServerState createServer() {
    Bundle system = framework.getBundle(Constants.SYSTEM_BUNDLE_LOCATION);
    return new ServerState(
        flags.get(),
        build.get(),
        folder.get(),
        end,
        storage.get()::serving,
        () -> system.getState() == Bundle.STOPPING);
  }

  private PluginHost host(Kind kind) {
    return switch (kind) {
      case DISCOVERY -> discovery.get();
      case EXPORTER -> exporters.get();
      case NOTIFIER -> notifiers.get();
      case STORAGE -> storage.get();
      case FUNCTION -> functions.get();
    };
  }

  private PluginManager createPlugins() {
    return new PluginManager(
        framework,
        registry,
        dropFolder(),
        ServerFolders.create(folder.get().resolve("plugins")),
        clock,
        guard.get(),
        loaded.get().narthex().plugins().removalGrace(),
        new HostsUse(this::host));
  }

  private PluginSettingsManager createSettings() {
    return new PluginSettingsManager(
        registry, functions.get(), notifiers.get(), plugins.get(), folder.get());
  }

  private ConfigManager createConfig() {
    ConfigManager created =
        new ConfigManager(files.get(), loaded.get(), this::pluginsAccept, metrics, clock);
    settings.get().follow(created);
    return created;
  }

  private void pluginsAccept(ConfigFiles.Loaded next) {
    settings.get().check(next);
    discovery.get().check(sets(next.snapshot().prometheus()), next.snapshot().prometheusFolder());
    notifiers.get().check(next.snapshot().alertmanager(), next.snapshot().alertmanagerFolder());
    exporters.get().check(exporterSettings(next), next.narthexFolder());
  }

  private void addMetrics() {
    metrics.add(new CoreMetrics(server.get(), new StorageMetrics(storage.get()), plugins.get()));
    metrics.add(new ProcessMetrics(Path.of("/proc/self")));
    metrics.add(new OwnJvmMetrics(exporters.get()));
    metrics.add(new WorkMemoryMetrics(memory.get()));
    metrics.add(guard.get().metrics());
    metrics.add(plugins.get().leakMetrics());
    metrics.add(settings.get());
    metrics.add(config.get());
  }

  private BootWatch createWatch() {
    plugins.get().kernelHooks(config.get()::problemOf, server.get()::replacing);
    BootWatch created =
        new BootWatch(
            Duration.ofSeconds(Integer.parseInt(property("narthex.start.seconds", "60"))),
            storage.get()::opening,
            hangs);
    if (plugins.get().runsKernelUpdates()) {
      created.begin();
    }
    return created;
  }

  // --- services

  private List<Thread> startHeapThreads() {
    List<Thread> threads = new ArrayList<>();
    if (Boolean.getBoolean("narthex.heap.return")) {
      threads.add(HeapReturn.start());
    }
    long maxHeap = Runtime.getRuntime().maxMemory();
    if (maxHeap <= HeapRoom.SMALL) {
      threads.add(HeapRoom.start(maxHeap, memory.get()::live));
    }
    return threads;
  }

  private static void interrupt(List<Thread> threads) {
    threads.reversed().forEach(Thread::interrupt);
  }

  private void offerServices() {
    framework.registerService(WorkMemory.class, memory.get(), null);
    framework.registerService(HttpTransport.class, http.get(), null);
    framework.registerService(StorageGate.class, storage.get(), null);
    framework.registerService(ExporterService.class, exporters.get(), null);
    framework.registerService(NotifierService.class, notifiers.get(), null);
    framework.registerService(FunctionRegistry.class, functions.get(), null);
    framework.registerService(HandOver.class, new TimedHandOver(clock), null);
    framework.registerService(PluginService.class, plugins.get(), null);
    framework.registerService(PluginSettingsService.class, settings.get(), null);
    if (check == null) { // without it neither the HTTP server nor the scraper comes up
      framework.registerService(ConfigService.class, config.get(), null);
    }
    framework.registerService(
        new String[] {ServerInfo.class.getName(), ServerControl.class.getName()},
        server.get(),
        null);
    watch.get().patientStep("a plugin");
  }

  private @Nullable Verdict endsAlready() {
    return server.get().stopping() ? ENDS_ALREADY : null;
  }

  // --- plugins

  private PluginManager startPlugins() {
    for (Kind kind : Kind.values()) {
      registry.listen(host(kind));
    }
    registry.listen(settings.get());
    plugins.get().start(Path.of(property("narthex.plugins.shipped", "lib/plugins")), watch.get());
    return plugins.get();
  }

  private void requireStorage() {
    if (!storage.get().ready()) {
      throw new StartException(
          "opening storage failed: "
              + storageProblem(
                  storageType(),
                  storage.get().problem(),
                  storage.get().isWaiting(),
                  plugins.get().plugins()));
    }
  }

  /** Settings of plugins can be checked only once the plugins run. */
  private void checkSettings() {
    watch.get().patientStep("a plugin with its settings");
    pluginsAccept(loaded.get());
  }

  private @Nullable Verdict checkFiles() {
    if (check == null) {
      return null;
    }
    if (check.subject() == FileCheck.Subject.SERVICE_DISCOVERY) {
      return ServiceDiscoveryCheck.check(
          loaded.get().snapshot(),
          discovery.get(),
          property("narthex.check.job", ""),
          PromDuration.parse(property("narthex.check.timeout", "30s")));
    }
    if (check.subject() == FileCheck.Subject.RULE_TESTS) {
      return RuleTestsCheck.check(
          name -> property("narthex.check." + name, ""), first(RuleTestService.class, s -> true));
    }
    List<String> warnings =
        check.subject() == FileCheck.Subject.CONFIG
                && property("narthex.check.syntax-only", "").isEmpty()
            ? NamedFiles.check(loaded.get().snapshot(), discovery.get())
            : List.of();
    String passed = check.passed(loaded.get(), warnings, config.get().ignored(), rules());
    return new Verdict(0, passed.stripTrailing());
  }

  // --- configuration in effect

  private void followConfiguration() {
    ConfigManager configuration = config.get();
    configuration.add(
        new HostsFollow(
            "storage",
            ReloadStage.STORAGE,
            snapshot -> storage.get().configure(storageSettings(configuration.loaded()))));
    configuration.add(
        new HostsFollow(
            "exporters",
            ReloadStage.EXPORTERS,
            snapshot ->
                exporters
                    .get()
                    .settings(
                        exporterSettings(configuration.loaded()),
                        configuration.loaded().narthexFolder())));
    configuration.add(
        new HostsFollow(
            "receivers",
            ReloadStage.RECEIVERS,
            snapshot ->
                notifiers.get().configure(snapshot.alertmanager(), snapshot.alertmanagerFolder())));
    configuration.afterReload(plugins.get()::settingsChanged);
    watch.get().step("a part of the server");
    configuration.add(
        new HostsFollow(
            "discovery",
            ReloadStage.DISCOVERY,
            snapshot ->
                discovery
                    .get()
                    .configure(sets(snapshot.prometheus()), snapshot.prometheusFolder())));
  }

  private void goLive() {
    watch.get().patientStep("a part of the server with the configuration");
    config.get().goLive();
  }

  private void confirmUpdates() {
    plugins.get().confirmKernelUpdates(watch.get());
    watch.get().end();
    server.get().configured();
  }

  private List<Thread> followFiles() {
    if (!flags.get().autoReload()) {
      return List.of();
    }
    Duration interval = flags.get().duration("config.auto-reload-interval");
    return List.of(
        Thread.ofPlatform()
            .daemon()
            .name("config watch")
            .start(() -> config.get().followFiles(interval)));
  }

  private void sayReady() {
    LOG.info(
        "{} plugins of the distribution run",
        plugins.get().plugins().stream()
            .filter(p -> p.source().equals("shipped"))
            .filter(p -> p.state() == PluginService.State.RUNNING)
            .count());
    LOG.info("Server is ready to receive web requests.");
  }

  /**
   * Returns why there is no storage. When no plugin serves its type, this is the reason of a plugin
   * that failed to start, if there is one.
   *
   * @param waiting whether the problem is that no plugin serves the type
   */
  static String storageProblem(
      String type, String problem, boolean waiting, List<PluginService.PluginInfo> plugins) {
    List<String> causes =
        plugins.stream()
            .filter(p -> p.state() == PluginService.State.FAILED && !p.reason().isEmpty())
            .sorted(Comparator.comparing(p -> !p.file().contains(type)))
            .limit(1)
            .map(p -> p.file() + ": " + p.reason())
            .toList();
    return waiting && !causes.isEmpty() ? causes.getFirst() : problem;
  }

  /** Waits for the listener that reads rule files; null when none is registered in time. */
  private @Nullable ReloadListener rules() {
    return first(ReloadListener.class, l -> l.stage() == ReloadStage.RULES);
  }

  /** Waits for a part of the server; null when none is registered in time. */
  private <T> @Nullable T first(Class<T> type, Predicate<T> wanted) {
    BlockingQueue<T> found = new LinkedBlockingQueue<>();
    // not closed: that would release the part before the check has used it
    track(
        type,
        part -> {
          if (wanted.test(part)) {
            found.add(part);
          }
        },
        part -> {});
    try {
      return found.poll(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  private record HostsUse(Function<Kind, PluginHost> hosts) implements PluginUse {
    @Override
    public Map<String, InstanceProblem> instances(ProviderRegistry.Provider p) {
      return hosts.apply(p.kind()).instances(p.type());
    }

    @Override
    public List<String> silent(ProviderRegistry.Provider p) {
      return hosts.apply(p.kind()).silent(p.type());
    }
  }

  private record HostsFollow(String name, ReloadStage stage, Consumer<ConfigSnapshot> action)
      implements ReloadListener {
    @Override
    public void apply(ConfigSnapshot snapshot) {
      action.accept(snapshot);
    }
  }

  private <S> AutoCloseable track(Class<S> type, Consumer<S> added, Consumer<S> removed) {
    ServiceTracker<S, S> tracker =
        new ServiceTracker<>(
            framework,
            type,
            new ServiceTrackerCustomizer<>() {
              @Override
              public @Nullable S addingService(ServiceReference<S> reference) {
                S service = framework.getService(reference);
                if (service != null) {
                  added.accept(service);
                }
                return service;
              }

              @Override
              public void modifiedService(ServiceReference<S> reference, S service) {}

              @Override
              public void removedService(ServiceReference<S> reference, S service) {
                removed.accept(service);
                framework.ungetService(reference);
              }
            });
    tracker.open();
    return tracker::close;
  }

  private static Mapping exporterSettings(ConfigFiles.Loaded loaded) {
    return loaded.narthex().exporters();
  }

  private ConfigNode storageSettings(ConfigFiles.Loaded from) {
    return TsdbFlags.storageSettings(flags.get(), from);
  }

  /** Returns the discovery blocks by set: {@code scrape/<job>} and {@code alertmanager/<index>}. */
  private static Map<String, List<DiscoveryBlock>> sets(PrometheusConfig config) {
    Map<String, List<DiscoveryBlock>> sets = new LinkedHashMap<>();
    for (ScrapeConfig job : config.scrapeConfigs()) {
      sets.put("scrape/" + job.jobName(), job.discoveries());
    }
    for (int i = 0; i < config.alerting().alertmanagers().size(); i++) {
      sets.put("alertmanager/" + i, config.alerting().alertmanagers().get(i).discoveries());
    }
    return sets;
  }
}
