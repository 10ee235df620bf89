package io.narthex.core;

import io.narthex.core.config.ConfigFiles;
import io.narthex.core.config.ConfigManager;
import io.narthex.core.config.Flags;
import io.narthex.core.host.DiscoveryHost;
import io.narthex.core.host.ExporterHost;
import io.narthex.core.host.FunctionHost;
import io.narthex.core.host.HostEnvironment;
import io.narthex.core.host.NotifierHost;
import io.narthex.core.host.PluginGuard;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.StorageHost;
import io.narthex.core.metrics.MetricsRegistry;
import io.narthex.core.metrics.ProcessMetrics;
import io.narthex.core.metrics.WorkMemoryMetrics;
import io.narthex.core.plugin.AdminToken;
import io.narthex.core.plugin.BootWatch;
import io.narthex.core.plugin.PluginManager;
import io.narthex.core.plugin.PluginUse;
import io.narthex.core.plugin.TimedHandOver;
import io.narthex.core.settings.PluginSettingsManager;
import io.narthex.format.duration.PromDuration;
import io.narthex.format.http.JettyHttpTransport;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.config.ConfigService;
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
import io.narthex.service.server.HandOver;
import io.narthex.service.server.ServerControl;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.StorageException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Boots the server, in this order: flags, configuration files, data folder, services, listeners (by
 * the HTTP bundle, once the services are there), plugins with the storage among them, configuration
 * applied. Ends it in the reverse order. What cannot work ends the process with one line and
 * Prometheus' status.
 */
@Component(service = Kernel.class, immediate = true)
public final class Kernel {
  private static final Logger LOG = LoggerFactory.getLogger(Kernel.class);

  private final BundleContext framework;
  private final BiConsumer<Integer, String> exit;
  private final List<AutoCloseable> closing =
      new ArrayList<>(); // in order of start; guarded by this
  private volatile @Nullable ServerState state;
  private volatile @Nullable PluginManager manager;
  private volatile @Nullable BootWatch bootWatch;
  private volatile boolean stopped; // written under this

  /** Set when files are only checked: nothing listens, is applied or sent then. */
  private @Nullable FileCheck check; // boot thread only

  /**
   * Starts booting on a thread of its own.
   *
   * @param exit the launcher's way out: ends the framework, then the process, with status and
   *     message
   */
  @Activate
  public Kernel(
      BundleContext framework,
      @Reference(target = "(narthex.role=exit)") BiConsumer<Integer, String> exit) {
    this.framework = framework;
    this.exit = exit;
    Thread.ofPlatform().name("boot").start(this::boot);
  }

  private void boot() {
    String subject = property("narthex.check", "");
    check = subject.isEmpty() ? null : new FileCheck(subject, property("narthex.check.file", ""));
    try {
      Verdict verdict = check == null ? null : withoutServer(check.subject());
      if (verdict != null) {
        exit.accept(verdict.status(), verdict.text());
        return;
      }
      bootInOrder();
    } catch (Flags.FlagException e) {
      exit.accept(e.exitStatus(), e.getMessage());
    } catch (ConfigException e) {
      stop();
      FileCheck checking = check;
      if (checking != null) {
        exit.accept(1, checking.failed(e).stripTrailing());
        return;
      }
      exit.accept(2, "Error loading config: " + e.getMessage());
    } catch (StorageException | StartException e) {
      stop();
      exit.accept(1, e.getMessage());
    } catch (RuntimeException | LinkageError e) {
      ServerState server = state;
      if (server != null && server.stopping()) {
        return; // the framework is being taken down under us, for a reason already given
      }
      LOG.error("the server cannot start", e);
      blameUpdates(id -> true, e.toString());
      exit.accept(1, "the server cannot start: " + e);
    }
  }

  /** Checks what takes no server and no plugins; null for what does. */
  private @Nullable Verdict withoutServer(FileCheck.Subject subject) {
    List<Path> files =
        Stream.of(property("narthex.check.file", "").split("\u0001", -1)).map(Path::of).toList();
    return switch (subject) {
      case METRICS -> {
        try {
          yield MetricsLint.check(System.in.readAllBytes());
        } catch (IOException e) {
          yield new Verdict(1, "standard input cannot be read: " + e.getMessage());
        }
      }
      case SECRETS -> {
        String data = property("narthex.check.data", "");
        yield SecretFiles.check(files, data.isEmpty() ? null : Path.of(data));
      }
      case WEB_CONFIG -> webConfigs(files);
      case CONFIG, RULES, ALERTMANAGER_CONFIG, SERVICE_DISCOVERY -> null;
    };
  }

  private Verdict webConfigs(List<Path> files) {
    UnaryOperator<String> judge = webConfigJudge();
    if (judge == null) {
      return new Verdict(1, "the HTTP part of the server does not run, so nothing is checked");
    }
    StringBuilder out = new StringBuilder();
    int status = 0;
    for (Path file : files) {
      String problem = judge.apply(file.toString());
      status = problem.isEmpty() ? status : 1;
      out.append(out.isEmpty() ? "" : "\n").append(file);
      out.append(problem.isEmpty() ? " SUCCESS" : " FAILED: " + problem);
    }
    return new Verdict(status, out.toString());
  }

  @SuppressWarnings("unchecked") // the filter asks for the one that takes a path
  private @Nullable UnaryOperator<String> webConfigJudge() {
    try {
      ServiceTracker<UnaryOperator<String>, UnaryOperator<String>> found =
          new ServiceTracker<>(
              framework,
              framework.createFilter(
                  "(&(objectClass="
                      + UnaryOperator.class.getName()
                      + ")(narthex.check=web-config))"),
              null);
      found.open();
      return found.waitForService(TimeUnit.SECONDS.toMillis(30));
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  /** The server cannot start; the message is for the operator. */
  private static final class StartException extends RuntimeException {
    private static final long serialVersionUID = 1;

    StartException(String message) {
      super(message);
    }
  }

  private void blameUpdates(Predicate<String> suspect, String reason) {
    PluginManager plugins = manager;
    if (plugins != null) {
      plugins.blameKernelUpdates(suspect, reason);
    }
  }

  /** Ends the server for a part of it that cannot go on, which only the HTTP server does. */
  private void end(int status, String message) {
    if (status != 0) {
      blameUpdates("io.narthex.http"::equals, message);
    }
    exit.accept(status, message);
  }

  private String property(String name, String otherwise) {
    String value = framework.getProperty(name);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  private void bootInOrder() {
    String joined = property("narthex.args", "");
    Flags flags = Flags.parse(joined.isEmpty() ? List.of() : List.of(joined.split("\u0001", -1)));
    Map<String, String> build = build();
    if (flags.help()) {
      exit.accept(0, Flags.usage());
      return;
    }
    if (flags.version()) {
      exit.accept(
          0,
          "narthex, version "
              + build.get("version")
              + " (revision: "
              + build.get("revision")
              + ")\n  java:      "
              + Runtime.version());
      return;
    }
    ConfigFiles files = new ConfigFiles(flags);
    ConfigFiles.Loaded loaded = files.load();
    // a file that cannot be used ends the start with one line that names it
    LOG.info("configuration read from {}", files.names());
    for (String feature : flags.unknownFeatures()) {
      LOG.warn("Unknown option for --enable-feature: {}", feature);
    }
    Path data = Path.of(flags.text("storage.tsdb.path")).toAbsolutePath().normalize();
    Path stateFolder = data.resolve("narthex");
    prepare(data, stateFolder, loaded.narthex().storage().type());

    Clock clock = Clock.systemUTC();
    MetricsRegistry metrics = new MetricsRegistry();
    JettyHttpTransport http = new JettyHttpTransport("Prometheus/" + "3.14.0");
    later(http);
    PluginGuard guard = new PluginGuard(loaded.narthex().plugins().limits());
    HostEnvironment environment =
        new HostEnvironment(clock, http, stateFolder.resolve("plugin-state"), metrics, guard);
    ProviderRegistry registry = new ProviderRegistry();
    StorageHost storage =
        new StorageHost(
            environment, data, loaded.narthex().storage().type(), storageSettings(flags, loaded));
    later(storage);
    // for the launcher, which does not wait for ever until the rest has ended
    framework.registerService(
        Runnable.class,
        storage::close,
        new Hashtable<>(
            Map.of(
                "narthex.role",
                "close-storage",
                "narthex.stop.millis",
                loaded.narthex().stopTimeout().toMillis())));
    DiscoveryHost discovery = new DiscoveryHost(environment, registry);
    later(discovery::close);
    ExporterHost exporters =
        new ExporterHost(environment, exporterSettings(loaded), loaded.narthexFolder());
    later(exporters::close);
    NotifierHost notifiers = new NotifierHost(environment, registry);
    later(notifiers::close);
    FunctionHost functions = new FunctionHost(guard);
    Bundle system = framework.getBundle(Constants.SYSTEM_BUNDLE_LOCATION);
    ServerState server =
        new ServerState(
            flags,
            build,
            stateFolder,
            this::end,
            storage::serving,
            () -> system.getState() == Bundle.STOPPING);
    state = server;
    PluginManager plugins =
        new PluginManager(
            framework,
            registry,
            dropFolder(flags),
            createFolder(stateFolder.resolve("plugins")),
            clock,
            guard,
            loaded.narthex().plugins().removalGrace(),
            new HostsUse(discovery, notifiers, storage, exporters, functions));
    manager = plugins;
    PluginSettingsManager pluginSettings =
        new PluginSettingsManager(registry, functions, notifiers, plugins, stateFolder);
    Consumer<ConfigFiles.Loaded> pluginsAccept =
        next -> {
          pluginSettings.check(next);
          discovery.check(sets(next.snapshot().prometheus()), next.snapshot().prometheusFolder());
          notifiers.check(next.snapshot().alertmanager(), next.snapshot().alertmanagerFolder());
          exporters.check(exporterSettings(next), next.narthexFolder());
        };
    ConfigManager config = new ConfigManager(files, loaded, pluginsAccept, metrics, clock);
    pluginSettings.follow(config);
    metrics.add(new CoreCollector(server, new StorageMetrics(storage), plugins));
    metrics.add(new ProcessMetrics(Path.of("/proc/self")));
    WorkMemory memory = new WorkMemory(Runtime.getRuntime().maxMemory());
    metrics.add(new WorkMemoryMetrics(memory));
    metrics.add(guard.metrics());
    metrics.add(plugins.leakMetrics());
    metrics.add(pluginSettings);
    metrics.add(config);
    plugins.kernelHooks(config::lateProblem, server::replacing);

    BootWatch boot =
        new BootWatch(
            Duration.ofSeconds(Integer.parseInt(property("narthex.start.seconds", "60"))),
            storage::opening,
            this::hangs);
    bootWatch = boot;
    if (plugins.runsKernelUpdates()) {
      boot.begin();
    }
    // the parts that wait for these services come up as they are registered
    framework.registerService(Metrics.class, metrics, null);
    if (Boolean.getBoolean("narthex.heap.return")) {
      Thread heap = HeapReturn.start();
      later(heap::interrupt);
    }
    long most = Runtime.getRuntime().maxMemory();
    if (most <= HeapRoom.SMALL) {
      Thread room = HeapRoom.start(most, memory::live);
      later(room::interrupt);
    }
    framework.registerService(WorkMemory.class, memory, null);
    framework.registerService(HttpTransport.class, http, null);
    framework.registerService(StorageGate.class, storage, null);
    framework.registerService(ExporterService.class, exporters, null);
    framework.registerService(NotifierService.class, notifiers, null);
    framework.registerService(FunctionRegistry.class, functions, null);
    framework.registerService(HandOver.class, new TimedHandOver(clock), null);
    framework.registerService(PluginService.class, plugins, null);
    framework.registerService(PluginSettingsService.class, pluginSettings, null);
    FileCheck checking = check;
    if (checking == null) { // without it neither the HTTP server nor the scraper comes up
      framework.registerService(ConfigService.class, config, null);
    }
    framework.registerService(
        new String[] {ServerInfo.class.getName(), ServerControl.class.getName()}, server, null);
    boot.patientStep("a plugin");

    if (server.stopping()) {
      return; // for example: the address is taken
    }
    registry.listen(storage);
    registry.listen(exporters);
    registry.listen(discovery);
    registry.listen(notifiers);
    registry.listen(functions);
    registry.listen(pluginSettings);
    plugins.start(Path.of(property("narthex.plugins.shipped", "lib/plugins")), boot);
    later(plugins::close);
    if (!storage.ready()) {
      throw new StartException(
          "opening storage failed: "
              + storageProblem(
                  loaded.narthex().storage().type(),
                  storage.problem(),
                  storage.isWaiting(),
                  plugins.plugins()));
    }
    boot.patientStep("a plugin with its settings");
    pluginsAccept.accept(loaded); // what the files say can be judged only now
    if (checking != null && checking.subject() == FileCheck.Subject.SERVICE_DISCOVERY) {
      Verdict verdict =
          ServiceDiscoveryCheck.check(
              loaded.snapshot(),
              discovery,
              property("narthex.check.job", ""),
              PromDuration.parse(property("narthex.check.timeout", "30s")));
      stop();
      exit.accept(verdict.status(), verdict.text());
      return;
    }
    if (checking != null) {
      List<String> warnings =
          checking.subject() == FileCheck.Subject.CONFIG
                  && property("narthex.check.syntax-only", "").isEmpty()
              ? NamedFiles.check(loaded.snapshot(), discovery)
              : List.of();
      String verdict = checking.passed(loaded, warnings, config.ignored(), rules());
      stop();
      exit.accept(0, verdict.stripTrailing());
      return;
    }

    config.add(
        new HostsFollow(
            "storage",
            ReloadStage.STORAGE,
            snapshot -> storage.configure(storageSettings(flags, config.loaded()))));
    config.add(
        new HostsFollow(
            "exporters",
            ReloadStage.EXPORTERS,
            snapshot ->
                exporters.settings(
                    exporterSettings(config.loaded()), config.loaded().narthexFolder())));
    config.add(
        new HostsFollow(
            "receivers",
            ReloadStage.RECEIVERS,
            snapshot ->
                notifiers.configure(snapshot.alertmanager(), snapshot.alertmanagerFolder())));
    boot.step("a part of the server");
    // the parts know their jobs before targets arrive
    config.add(
        new HostsFollow(
            "discovery",
            ReloadStage.DISCOVERY,
            snapshot ->
                discovery.configure(sets(snapshot.prometheus()), snapshot.prometheusFolder())));
    later(track(ReloadListener.class, config::add, config::remove));
    later(track(TargetGroupListener.class, discovery::listen, discovery::unlisten));
    later(track(MetricCollector.class, metrics::add, metrics::remove));
    later(track(WaitingSource.class, pluginSettings::add, pluginSettings::remove));
    boot.patientStep("a part of the server with the configuration");
    config.goLive();
    plugins.confirmKernelUpdates(boot);
    boot.end();
    server.configured();
    if (flags.autoReload()) {
      Thread watcher =
          Thread.ofPlatform()
              .daemon()
              .name("config watch")
              .start(() -> config.followFiles(flags.duration("config.auto-reload-interval")));
      later(watcher::interrupt);
    }
    LOG.info(
        "{} plugins of the distribution run",
        plugins.plugins().stream()
            .filter(p -> p.source().equals("shipped"))
            .filter(p -> p.state() == PluginService.State.RUNNING)
            .count());
    LOG.info("Server is ready to receive web requests.");
  }

  /**
   * Returns why there is no storage: for want of its plugin, what is wrong with those there are.
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

  /** Waits for the part that reads rule files; null when it does not come. */
  private @Nullable ReloadListener rules() {
    ServiceTracker<ReloadListener, ReloadListener> found =
        new ServiceTracker<>(framework, ReloadListener.class, null);
    found.open();
    try {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (System.nanoTime() < end) {
        for (ReloadListener l : found.getServices(new ReloadListener[0])) {
          if (l.name().equals("rules")) {
            return l;
          }
        }
        Thread.sleep(20); // a start takes a second; there is no event to wait for by name
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return null;
  }

  /** Ends a start with updates that hangs: the next one does without those to blame. */
  private void hangs(String problem, Predicate<String> suspects) {
    blameUpdates(suspects, problem);
    exit.accept(1, problem + "; updates are taken back, so start again");
  }

  /** Has a part closed at the end; at once when the end has come while it was being started. */
  private void later(AutoCloseable part) {
    synchronized (this) {
      if (!stopped) {
        closing.add(part);
        return;
      }
    }
    close(part);
    throw new StartException("the server was stopped while it was starting");
  }

  private static void close(AutoCloseable part) {
    try {
      part.close();
    } catch (Exception e) {
      LOG.error("stopping: {}", e.toString(), e);
    }
  }

  /** Stops what was started, the newest first. */
  @Deactivate
  public void stop() {
    ServerState server = state;
    if (server != null) {
      server.stoppingNow();
    }
    BootWatch boot = bootWatch;
    if (boot != null) {
      boot.end();
    }
    List<AutoCloseable> reversed;
    synchronized (this) {
      reversed = new ArrayList<>(closing).reversed();
      closing.clear();
      stopped = true;
    }
    reversed.forEach(Kernel::close);
  }

  private record HostsUse(
      DiscoveryHost discovery,
      NotifierHost notifiers,
      StorageHost storage,
      ExporterHost exporters,
      FunctionHost functions)
      implements PluginUse {
    @Override
    public Map<String, String> instances(ProviderRegistry.Provider p) {
      return switch (p.kind()) {
        case DISCOVERY -> discovery.instances(p.type());
        case NOTIFIER -> notifiers.instances(p.type());
        case STORAGE -> storage.instances(p.type());
        case EXPORTER -> exporters.instances(p.type());
        case FUNCTION -> functions.instances(p.type());
      };
    }

    @Override
    public List<String> silent(ProviderRegistry.Provider p) {
      return p.kind() == ProviderRegistry.Kind.DISCOVERY ? discovery.silent(p.type()) : List.of();
    }
  }

  private record HostsFollow(
      String name, ReloadStage stage, Consumer<io.narthex.service.config.ConfigSnapshot> action)
      implements ReloadListener {
    @Override
    public void apply(io.narthex.service.config.ConfigSnapshot snapshot) {
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

  private Map<String, String> build() {
    Map<String, String> build = new LinkedHashMap<>();
    build.put(
        "version", property("narthex.version", framework.getBundle().getVersion().toString()));
    build.put("revision", property("narthex.build.revision", "unknown"));
    build.put("branch", property("narthex.build.branch", "unknown"));
    build.put("buildUser", property("narthex.build.user", "unknown"));
    build.put("buildDate", property("narthex.build.date", "unknown"));
    return build;
  }

  private Path dropFolder(Flags flags) {
    String given = flags.text("plugins.path");
    return Path.of(given.isEmpty() ? property("narthex.plugins.path", "plugins") : given)
        .toAbsolutePath()
        .normalize();
  }

  /**
   * Makes the folders of the server, with the token of the administrator.
   *
   * @throws StartException when the data are Prometheus'; nothing has been made then
   */
  static void prepare(Path data, Path stateFolder, String storage) {
    String foreign = storage.equals("tsdb") ? DataFolder.ofPrometheus(data) : null;
    if (foreign != null) {
      throw new StartException(
          "opening storage failed: "
              + data
              + ": holds data that Prometheus wrote, got \""
              + foreign
              + "\"; give this server another folder (nothing has been changed)");
    }
    PrivateFolder.create(data);
    createFolder(stateFolder);
    AdminToken.ensure(stateFolder);
  }

  private static Path createFolder(Path folder) {
    try {
      Files.createDirectories(folder);
      if (!Files.isWritable(folder)) {
        throw new AccessDeniedException(folder.toString());
      }
      return folder;
    } catch (AccessDeniedException e) {
      throw new StartException(
          "opening storage failed: "
              + folder
              + ": permission denied; give the server's user write access or choose another"
              + " --storage.tsdb.path");
    } catch (FileAlreadyExistsException e) {
      throw new StartException(
          "opening storage failed: "
              + e.getFile()
              + ": is a file, not a folder; choose another --storage.tsdb.path");
    } catch (IOException e) {
      throw new StartException(
          "opening storage failed: "
              + folder
              + ": "
              + e.getMessage()
              + "; choose another --storage.tsdb.path");
    }
  }

  private static Mapping exporterSettings(ConfigFiles.Loaded loaded) {
    return loaded.narthex().exporters();
  }

  private static ConfigNode storageSettings(Flags flags, ConfigFiles.Loaded loaded) {
    return TsdbFlags.storageSettings(flags, loaded);
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

  /** Returns the labels of {@code prometheus_build_info}. */
  static Labels buildLabels(
      String version, Map<String, String> build, String system, String processor) {
    return Labels.of(
        "version", version,
        "revision", build.getOrDefault("revision", "unknown"),
        "branch", build.getOrDefault("branch", "unknown"),
        "goversion", "java" + Runtime.version().feature(),
        "goos", goName(system),
        "goarch", goName(processor),
        "tags", "unknown");
  }

  /** Returns the name that Go has for a system or processor. */
  private static String goName(String name) {
    String lower = name.toLowerCase(java.util.Locale.ROOT);
    return switch (lower) {
      case "mac os x" -> "darwin";
      case "x86_64" -> "amd64";
      case "aarch64" -> "arm64";
      default -> lower.startsWith("windows") ? "windows" : lower;
    };
  }

  /** The metrics of the kernel itself. */
  private record CoreCollector(ServerState server, StorageMetrics storage, PluginManager plugins)
      implements MetricCollector {
    /** The Alertmanager whose API and metrics the server has. */
    private static final String ALERTMANAGER = "0.34.0";

    private void build(MetricSink sink, String program, String version) {
      String name = program + "_build_info";
      sink.family(
          new MetricMetadata(
              name,
              MetricType.GAUGE,
              "A metric with a constant '1' value labeled by version, revision, branch, goversion"
                  + " from which "
                  + program
                  + " was built, and the goos and goarch for the build.",
              ""));
      sink.sample(
          name,
          buildLabels(
              version,
              server.build(),
              System.getProperty("os.name", ""),
              System.getProperty("os.arch", "")),
          1);
    }

    @Override
    public void collect(MetricSink sink) {
      gauge(
          sink,
          "prometheus_ready",
          "Whether Prometheus startup was fully completed and the server is ready for normal"
              + " operation.",
          server.ready() ? 1 : 0);
      build(sink, "prometheus", server.compatibleVersion());
      build(sink, "alertmanager", ALERTMANAGER);
      sink.family(
          new MetricMetadata(
              "narthex_build_info",
              MetricType.GAUGE,
              "Constant 1 with the version of the server in labels.",
              ""));
      sink.sample("narthex_build_info", Labels.of("version", server.version()), 1);
      gauge(
          sink,
          "process_start_time_seconds",
          "Start time of the process since unix epoch in seconds.",
          server.startTime().toEpochMilli() / 1000.0);
      // a file that is being copied is no plugin yet
      List<PluginService.PluginInfo> shown =
          plugins.plugins().stream()
              .filter(p -> !p.source().equals("kernel"))
              .filter(p -> p.state() != PluginService.State.CHECKING)
              .toList();
      sink.family(
          new MetricMetadata(
              "narthex_plugin_state",
              MetricType.GAUGE,
              "State of each plugin; 1 for the state it is in, 0 for the others.",
              ""));
      shown.forEach(p -> {
        for (PluginService.State state : PluginService.State.values()) {
          sink.sample(
              "narthex_plugin_state",
              Labels.of("plugin", p.id(), "state", state.name().toLowerCase(java.util.Locale.ROOT)),
              state == p.state() ? 1 : 0);
        }
      });
      sink.family(
          new MetricMetadata(
              "narthex_plugin_stale_class_loaders",
              MetricType.GAUGE,
              "Class loaders of former plugin versions still alive; a rise means a leak.",
              ""));
      shown.forEach(p ->
          sink.sample(
              "narthex_plugin_stale_class_loaders", Labels.of("plugin", p.id()), p.staleLoaders()));
      gauge(
          sink,
          "narthex_plugin_folder_scan_age_seconds",
          "Time since the plugin folder was last looked at; a rise means that a look hangs and new"
              + " jars are not noticed.",
          plugins.secondsSinceScan());
      storage.write(sink);
    }

    private static void gauge(MetricSink sink, String name, String help, double value) {
      sink.family(new MetricMetadata(name, MetricType.GAUGE, help, ""));
      sink.sample(name, Labels.EMPTY, value);
    }
  }
}
