package io.narthex.core.plugin;

import io.narthex.core.host.PluginCalls.PluginErrorException;
import io.narthex.core.host.PluginCalls.PluginTimeoutException;
import io.narthex.core.host.PluginGuard;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.plugin.JarInspector.JarInfo;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.plugins.PluginHealth;
import io.narthex.service.plugins.PluginService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.storage.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Version;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Installs, updates and removes plugins while the server runs.
 *
 * <p><b>Two phases.</b> A jar is looked at without running it, then installed and started
 * <i>beside</i> the version that runs (the framework allows several bundles of one name), then
 * probed against the real configuration. Only then do the hosts switch to it, drain the former
 * version, and that one is taken out. Whatever goes wrong before the switch leaves the former
 * version running and untouched.
 *
 * <p><b>Sources.</b> Shipped plugins lie in a read-only folder, users' jars in the drop folder; a
 * user's jar wins over a shipped one of the same id, and when it goes the shipped one comes back.
 *
 * <p><b>Undo.</b> Jars that have run are kept. Going back pins a kept jar: it runs in place of the
 * plugin's file, over restarts too, until another file arrives.
 *
 * <p><b>Concurrency.</b> {@code changes} is held during every change, so changes are made one after
 * the other. Readers take no lock: a long change, such as a storage that replays its log, must not
 * hold up the page and the metrics that show it.
 */
public final class PluginManager implements PluginService {
  private static final Logger LOG = LoggerFactory.getLogger(PluginManager.class);
  private static final long SCAN_MILLIS = 200;
  private static final long STOP_SECONDS = 15;
  private static final String FILE_MISSING =
      "its file was deleted; it stops in "
          + DropFolder.GRACE_NANOS / 1_000_000_000
          + " s unless a jar of it is put there";

  /** A plugin. Fields are written with {@code changes} held and read by anybody. */
  private static final class Plugin {
    final String id;
    volatile @Nullable Deployment deployment;
    volatile @Nullable Path file; // what it comes from
    volatile String fileName = "";
    volatile String source = "user";
    volatile String version = "";
    volatile String sha256 = "";
    volatile State state = State.WAITING;
    volatile String reason = "";
    volatile long sinceMs;

    Plugin(String id) {
      this.id = id;
    }
  }

  private final Object changes = new Object();
  private final Map<String, Plugin> plugins = new ConcurrentSkipListMap<>();
  private final Map<String, String> brokenFiles = new ConcurrentSkipListMap<>(); // name to reason
  private final Map<Path, String> idByFile = new LinkedHashMap<>(); // guarded by changes
  private final BundleContext framework;
  private final ProviderRegistry registry;
  private final Path dropFolder;
  private final KeptJars jars;
  private final Clock clock;
  private final AuditLog audit;
  private final PluginSettings settings;
  private final KernelUpdates kernel;
  private final Function<ProviderRegistry.Provider, Map<String, String>> instancesOf;
  private final PluginGuard guard;
  private final LeakMeter leaks;
  private final Quarantine quarantine; // used with changes held
  private final DropFolder watcher;
  private final ScheduledExecutorService scanner =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("plugin-folder").factory());

  /**
   * Creates a manager; nothing is installed yet.
   *
   * @param framework context to install bundles with
   * @param dropFolder where users put jars
   * @param state folder for kept jars and settings
   * @param guard the way into plugins
   * @param instancesOf configuration blocks served by a provider, with their problem or empty
   */
  public PluginManager(
      BundleContext framework,
      ProviderRegistry registry,
      Path dropFolder,
      Path state,
      Clock clock,
      PluginGuard guard,
      Function<ProviderRegistry.Provider, Map<String, String>> instancesOf) {
    this.framework = framework;
    this.registry = registry;
    this.dropFolder = dropFolder;
    this.clock = clock;
    this.instancesOf = instancesOf;
    jars = new KeptJars(state, clock);
    audit = new AuditLog(state.resolve("audit.jsonl"), clock);
    settings = new PluginSettings(state.resolve("plugins.properties"));
    this.guard = guard;
    leaks = new LeakMeter(guard.threads());
    kernel =
        new KernelUpdates(
            framework, changes, jars, audit, leaks, state.resolve("kernel.properties"));
    quarantine = new Quarantine(state.resolve("quarantine.properties"), clock, guard.limits());
    watcher = new DropFolder(dropFolder, new Arrivals());
    guard.onRepeatedCrashes((id, reason) -> scanner.execute(() -> quarantine(id, reason)));
  }

  /** Returns the meter of what plugins leave behind. */
  public MetricCollector leakMetrics() {
    return leaks;
  }

  /**
   * Sets what the replacement of kernel bundles needs of the rest of the kernel.
   *
   * @param configurationProblem why a part could not apply the configuration, or null
   * @param underway is told when a replacement begins and ends
   */
  public void kernelHooks(
      Function<ReloadListener, @Nullable String> configurationProblem, Consumer<Boolean> underway) {
    kernel.hooks(configurationProblem, underway);
  }

  /** Installs the shipped plugins, then what lies in the drop folder, and begins to watch it. */
  public void start(Path shipped) {
    List<Path> files = new ArrayList<>(jars(shipped));
    for (Path file : files) {
      arrived(file, "shipped");
    }
    for (Path file : jars(dropFolder)) {
      try (var _ = new java.util.zip.ZipFile(file.toFile())) {
        watcher.known(file);
        arrived(file, "user");
      } catch (IOException e) {
        LOG.debug("{} is not complete yet", file);
      }
    }
    kernel.warnOfMissing();
    scanner.scheduleWithFixedDelay(this::scan, SCAN_MILLIS, SCAN_MILLIS, TimeUnit.MILLISECONDS);
  }

  static List<Path> jars(Path folder) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, "*.jar")) {
        stream.forEach(found::add);
      } catch (IOException e) {
        LOG.error("plugins: {} cannot be listed: {}", folder, e.toString());
      }
    }
    found.sort(null);
    return found;
  }

  private void scan() {
    try {
      watcher.scan(System.nanoTime());
    } catch (IOException | RuntimeException e) {
      LOG.error("plugins: {} cannot be looked at: {}", dropFolder, e.toString());
    }
  }

  private final class Arrivals implements DropFolder.Listener {
    @Override
    public void arrived(Path file) {
      PluginManager.this.arrived(file, "user");
    }

    @Override
    public void missing(Path file) {
      synchronized (changes) {
        brokenFiles.remove(name(file));
        Plugin plugin = pluginOf(file);
        if (plugin != null && plugin.deployment == null) {
          gone(file); // it does not run, so nothing is to be spared
        } else if (plugin != null && plugin.reason.isEmpty()) {
          plugin.reason = FILE_MISSING;
        }
      }
    }

    @Override
    public void gone(Path file) {
      synchronized (changes) {
        brokenFiles.remove(name(file));
        String id = idByFile.remove(file);
        Plugin plugin = id == null ? null : plugins.get(id);
        if (plugin != null && file.equals(plugin.file)) {
          takeAway(plugin, "drop folder");
        }
      }
    }

    @Override
    public void broken(Path file, String reason) {
      synchronized (changes) {
        brokenFiles.put(name(file), reason);
      }
      LOG.warn("plugins: {}: {}", name(file), reason);
    }

    @Override
    public void copying(Path file) {
      synchronized (changes) {
        if (!idByFile.containsKey(file)) {
          brokenFiles.put(name(file), "");
        }
      }
    }
  }

  /** Returns the plugin that comes from a file of the drop folder, or null. */
  private @Nullable Plugin pluginOf(Path file) {
    String id = idByFile.get(file);
    Plugin plugin = id == null ? null : plugins.get(id);
    return plugin != null && file.equals(plugin.file) ? plugin : null;
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** A complete file is there: install or update, and show what is wrong if that fails. */
  private void arrived(Path file, String source) {
    synchronized (changes) {
      brokenFiles.remove(name(file));
      String id = null;
      try {
        JarInfo info =
            source.equals("shipped")
                ? JarInspector.inspectShipped(file, name(file))
                : jars.inspectCopy(file, name(file));
        id = info.id();
        Plugin known = plugins.get(info.id());
        if (known != null && known.deployment != null && runsFrom(known, file, info, source)) {
          return;
        }
        deploy(
            file,
            name(file),
            info,
            source,
            false,
            source.equals("shipped") ? "start" : "drop folder");
        retryFailed(info.id());
      } catch (PluginException e) {
        if (String.valueOf(e.getMessage()).endsWith(JarInspector.CHANGED)) {
          brokenFiles.put(name(file), ""); // the next look at the folder finds the newer one
          return;
        }
        LOG.warn("plugins: {}: {}", name(file), e.getMessage());
        Plugin plugin = id == null ? null : plugins.get(id);
        if (plugin == null || plugin.deployment != null) {
          brokenFiles.put(name(file), String.valueOf(e.getMessage()));
        } else {
          startFailed(plugin);
        }
      } catch (RuntimeException | LinkageError e) {
        LOG.error("plugins: {} could not be handled", name(file), e);
        brokenFiles.put(name(file), "could not be handled: " + e);
      }
    }
  }

  /** Tells whether what runs already is what {@code file} holds, and notes the file then. */
  private boolean runsFrom(Plugin known, Path file, JarInfo info, String source) {
    boolean pinned =
        settings.pinnedInsteadOf(known.id).equals(info.sha256())
            && settings.pin(known.id).contains(KeptJars.shortDigest(known.sha256));
    if (!info.sha256().equals(known.sha256) && !pinned) {
      return false;
    }
    Path present = known.file;
    if (!source.equals("shipped")
        && !file.equals(present)
        && known.source.equals("user")
        && present != null
        && Files.exists(present)) {
      throw new PluginException(
          name(file) + ": the same jar as " + known.fileName + "; remove one of them");
    }
    idByFile.put(file, info.id());
    if (source.equals("shipped") && known.source.equals("user")) {
      return true; // it waits behind the user's
    }
    known.file = file;
    known.fileName = name(file);
    known.source = source;
    if (known.reason.equals(FILE_MISSING)) {
      known.reason = "";
    }
    return true;
  }

  /** Tries plugins that failed once more: what was in their way may have gone. */
  private void retryFailed(String notThis) {
    for (Plugin plugin : List.copyOf(plugins.values())) {
      Path file = plugin.file;
      if (plugin.deployment == null
          && plugin.state == State.FAILED
          && !plugin.id.equals(notThis)
          && plugin.reason.contains("already served by")
          && file != null
          && Files.exists(file)) {
        try {
          JarInfo info = jars.inspectCopy(file, plugin.fileName);
          deploy(file, plugin.fileName, info, plugin.source, false, "retry");
        } catch (PluginException e) {
          LOG.debug("plugins: {}: {}", plugin.fileName, e.getMessage());
        }
      }
    }
  }

  /** Brings a version of a plugin into service. Called with {@code changes} held. */
  private Plugin deploy(
      Path file, String fileName, JarInfo info, String source, boolean force, String actor) {
    Plugin plugin = plugins.get(info.id());
    boolean update = plugin != null && plugin.deployment != null;
    try {
      refuseKernelNames(info);
      if (plugin != null && update) {
        checkVersion(plugin, file, info, source, force);
      }
      if (plugin == null) {
        plugin = new Plugin(info.id());
        plugins.put(info.id(), plugin);
      }
      idByFile.put(file, info.id());
      if (settings.disabled(info.id())) {
        describe(plugin, file, fileName, info, source);
        enter(plugin, State.STOPPED, "stopped by you");
        return plugin;
      }
      Path pinned = pinned(info);
      JarInfo running = pinned == null ? info : JarInspector.inspect(pinned, name(pinned));
      String held = quarantine.reason(info.id(), running.sha256());
      if (held != null && !update) {
        describe(plugin, file, fileName, info, source);
        enter(
            plugin, State.QUARANTINED, held + "; `narthex plugin enable` or another jar frees it");
        return plugin;
      }
      guard.trust(info.id(), source.equals("shipped"));
      if (!update) {
        describe(plugin, file, fileName, info, source);
        enter(plugin, State.STARTING, "");
      }
      if (pinned == null) {
        Path candidate = jars.copy(file, info, !source.equals("shipped"));
        try {
          activate(plugin, info, candidate);
          jars.keep(candidate, info);
        } finally {
          KeptJars.delete(candidate);
        }
      } else {
        activate(plugin, running, pinned);
      }
      describe(plugin, file, fileName, running, source);
      enter(
          plugin,
          State.RUNNING,
          pinned == null
              ? ""
              : "version " + running.version() + " by undo; its file holds another");
      audit.add(
          actor,
          update ? "update" : "install",
          info.id(),
          running.version(),
          running.sha256(),
          "ok");
      LOG.info(
          "plugin {} {} {} from {}",
          info.id(),
          running.version(),
          update ? "updated" : "started",
          fileName);
      return plugin;
    } catch (PluginException e) {
      String problem = String.valueOf(e.getMessage());
      audit.add(
          actor, update ? "update" : "install", info.id(), info.version(), info.sha256(), problem);
      if (plugin != null && !update) {
        describe(plugin, file, fileName, info, source);
        enter(plugin, problem.startsWith("needs ") ? State.NEEDS : State.FAILED, problem);
      }
      throw e;
    }
  }

  private void refuseKernelNames(JarInfo info) {
    if (kernel.owns(info.id())) {
      throw new PluginException(
          "\""
              + info.id()
              + "\" is the name of a part of the server, which only an admin updates: narthex plugin install FILE; give a plugin another symbolic name");
    }
  }

  private static void checkVersion(
      Plugin plugin, Path file, JarInfo info, String source, boolean force) {
    if (source.equals("shipped") && !force) {
      throw new PluginException(
          "a user's jar of this plugin is in use"); // shipped come first; never seen by users
    }
    Path present = plugin.file;
    if (plugin.source.equals("shipped") || file.equals(present) || force) {
      return; // a user's jar wins over a shipped one; the same file rewritten is what its author
      // wants
    }
    if (present != null && !Files.exists(present)) {
      return; // the former file was taken away, this one takes its place
    }
    int order =
        Version.parseVersion(info.version()).compareTo(Version.parseVersion(plugin.version));
    if (order == 0) {
      throw new PluginException(
          "version "
              + info.version()
              + " of "
              + info.id()
              + " runs already, from "
              + plugin.fileName
              + ", with another content; raise the version");
    }
    if (order < 0) {
      throw new PluginException(
          "version "
              + plugin.version
              + " of "
              + info.id()
              + " runs already, got the older "
              + info.version()
              + "; use --force to go back");
    }
  }

  /** Starts the new version beside the old, probes it, switches, takes the old out. */
  private void activate(Plugin plugin, JarInfo info, Path kept) {
    Deployment former = plugin.deployment;
    Deployment next =
        Deployment.start(
            framework,
            info,
            kept,
            jars.work(),
            clock.millis(),
            guard,
            loader -> leaks.watch(info.id(), info.version(), loader));
    try {
      registry.probe(next.providers());
      registry.publish(info.id(), next.providers()); // all of it, or nothing has changed
    } catch (RuntimeException | LinkageError e) {
      uninstall(plugin.id, next);
      boolean forUsers =
          e instanceof IllegalStateException
              || e instanceof ConfigException
              || e instanceof StorageException;
      boolean inWords = e instanceof PluginTimeoutException || e instanceof PluginErrorException;
      throw new PluginException(
          inWords
              ? "self-test failed: " + e.getMessage()
              : forUsers ? String.valueOf(e.getMessage()) : "self-test failed: " + e);
    }
    quarantine.free(info.id());
    plugin.deployment = next;
    if (former != null) {
      uninstall(plugin.id, former);
    }
  }

  /** Takes a version out of the framework and its class loader under observation. */
  private void uninstall(String id, Deployment deployment) {
    leaks.watch(id, deployment.info.version(), deployment.uninstall(framework));
  }

  /** Stops a plugin that crashes again and again, until its user or another jar frees it. */
  private void quarantine(String id, String reason) {
    synchronized (changes) {
      Plugin plugin = plugins.get(id);
      Deployment deployment = plugin == null ? null : plugin.deployment;
      if (plugin == null || deployment == null || keepsSamples(deployment)) {
        return;
      }
      plugin.deployment = null;
      registry.withdraw(id);
      uninstall(id, deployment);
      quarantine.hold(id, plugin.sha256, reason);
      enterQuarantine(plugin, reason);
    }
  }

  private void enterQuarantine(Plugin plugin, String reason) {
    enter(plugin, State.QUARANTINED, reason + "; `narthex plugin enable` or another jar frees it");
    audit.add("server", "quarantine", plugin.id, plugin.version, plugin.sha256, reason);
    LOG.error("plugin {} {} is quarantined: {}", plugin.id, plugin.version, reason);
  }

  /** A start failed: another try comes after a pause, until there have been too many. */
  private void startFailed(Plugin plugin) {
    String problem = plugin.reason;
    if (plugin.state != State.FAILED || !Quarantine.isCrash(problem)) {
      return;
    }
    int failures = quarantine.startFailed(plugin.id, plugin.sha256);
    if (failures >= guard.limits().starts()) {
      String reason = failures + " starts failed in a row, last: " + problem;
      quarantine.hold(plugin.id, plugin.sha256, reason);
      enterQuarantine(plugin, reason);
      return;
    }
    Duration pause = guard.limits().pauseAfter(failures);
    enter(plugin, State.FAILED, problem + "; tries again in " + pause.toMillis() / 1000.0 + " s");
    String failed = plugin.sha256;
    scanner.schedule(() -> startAgain(plugin, failed), pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void startAgain(Plugin plugin, String sha256) {
    synchronized (changes) {
      Path file = plugin.file;
      if (plugins.get(plugin.id) == plugin
          && plugin.deployment == null
          && plugin.state == State.FAILED
          && plugin.sha256.equals(sha256)
          && file != null
          && Files.exists(file)) {
        arrived(file, plugin.source);
      }
    }
  }

  private boolean keepsSamples(Deployment deployment) {
    return deployment.providers().stream()
        .anyMatch(
            p -> p.kind() == ProviderRegistry.Kind.STORAGE && !instancesOf.apply(p).isEmpty());
  }

  private void describe(Plugin plugin, Path file, String fileName, JarInfo info, String source) {
    plugin.file = file;
    plugin.fileName = fileName;
    plugin.source = source;
    plugin.version = info.version();
    plugin.sha256 = info.sha256();
  }

  private void enter(Plugin plugin, State next, String reason) {
    plugin.state = next;
    plugin.reason = reason;
    plugin.sinceMs = clock.millis();
  }

  /** Returns the kept jar that is to run in place of this one, or null; another jar ends a pin. */
  private @Nullable Path pinned(JarInfo info) {
    String pin = settings.pin(info.id());
    if (pin.isEmpty()) {
      return null;
    }
    Path file = jars.named(info.id(), pin);
    if (settings.pinnedInsteadOf(info.id()).equals(info.sha256()) && Files.exists(file)) {
      return file;
    }
    settings.unpin(info.id());
    return null;
  }

  /**
   * Takes a plugin whose file has gone out of service. Another file of the same id takes its place
   * without a gap: one in the drop folder, else the shipped one.
   */
  private void takeAway(Plugin plugin, String actor) {
    Path gone = plugin.file;
    String version = plugin.version;
    String sha256 = plugin.sha256;
    List<Path> others =
        idByFile.entrySet().stream()
            .filter(e -> e.getValue().equals(plugin.id) && !e.getKey().equals(gone))
            .map(Map.Entry::getKey)
            .filter(Files::exists)
            .sorted(Comparator.comparing((Path p) -> p.startsWith(dropFolder) ? 0 : 1))
            .toList();
    plugin.source = "shipped"; // any other file may take over now
    for (Path other : others) {
      String source = other.startsWith(dropFolder) ? "user" : "shipped";
      try {
        JarInfo info = jars.inspectCopy(other, name(other));
        if (info.id().equals(plugin.id)) {
          deploy(other, name(other), info, source, true, actor);
          audit.add(actor, "remove", plugin.id, version, sha256, "ok");
          return;
        }
      } catch (PluginException e) {
        LOG.warn("plugins: {} cannot take over: {}", name(other), e.getMessage());
      }
    }
    Deployment deployment = plugin.deployment;
    plugin.deployment = null;
    plugins.remove(plugin.id);
    if (deployment != null) {
      registry.withdraw(plugin.id);
      uninstall(plugin.id, deployment);
    }
    guard.metrics().forget(plugin.id);
    leaks.removed(plugin.id);
    audit.add(actor, "remove", plugin.id, version, sha256, "ok");
    LOG.info("plugin {} {} removed", plugin.id, version);
    retryFailed(plugin.id);
  }

  @Override
  public List<PluginInfo> plugins() {
    List<PluginInfo> out = new ArrayList<>();
    plugins.values().forEach(p -> out.add(describe(p)));
    brokenFiles.forEach((file, reason) ->
        out.add(
            new PluginInfo(
                file,
                file,
                List.of(),
                "",
                reason.isEmpty() ? State.CHECKING : State.FAILED,
                reason.isEmpty() ? "waiting for the copy to finish" : reason,
                "user",
                file,
                "",
                0,
                0,
                List.of(),
                null,
                0,
                "")));
    out.addAll(kernel.list());
    out.sort(Comparator.comparing(PluginInfo::id));
    return out;
  }

  private PluginInfo describe(Plugin p) {
    Deployment d = p.deployment;
    List<String> kinds = new ArrayList<>();
    List<String> instances = new ArrayList<>();
    State shown = p.state;
    String reason = p.reason;
    if (d != null) {
      for (ProviderRegistry.Provider provider : d.providers()) {
        kinds.add(provider.label());
        for (Map.Entry<String, String> e : instancesOf.apply(provider).entrySet()) {
          instances.add(e.getKey());
          if (!e.getValue().isEmpty() && shown == State.RUNNING) {
            shown = State.DEGRADED;
            reason = e.getKey() + ": " + e.getValue();
          }
        }
      }
    }
    Path before = jars.before(p.id, p.sha256);
    return new PluginInfo(
        p.id,
        d == null ? p.id : d.info.name(),
        kinds,
        p.version,
        shown,
        reason,
        p.source,
        p.fileName,
        p.sha256,
        p.sinceMs,
        d == null ? 0 : d.startedMs,
        instances,
        before == null ? null : KeptJars.versionOf(before),
        leaks.alive(p.id),
        d == null ? "" : Deployment.osgiState(d.bundle));
  }

  @Override
  public @Nullable PluginInfo plugin(String id) {
    return plugins().stream().filter(p -> p.id().equals(id)).findFirst().orElse(null);
  }

  @Override
  public PluginHealth health(String id) {
    return new PluginHealth(guard.metrics().calls(id), leaks.leaks(id));
  }

  private Plugin required(String id) {
    if (kernel.owns(id)) {
      throw KernelUpdates.noSwitch(id);
    }
    Plugin plugin = plugins.get(id);
    if (plugin == null) {
      throw new PluginException(
          "there is no plugin \"" + id + "\" that can be changed; see the list of plugins");
    }
    return plugin;
  }

  @Override
  public PluginInfo install(String fileName, InputStream jar, boolean force, String actor)
      throws IOException {
    if (!fileName.matches("[A-Za-z0-9._+-]+\\.jar")) {
      throw new PluginException(
          "the file name must be a plain name that ends in .jar, got \"" + fileName + "\"");
    }
    Path partial = Files.createTempFile(jars.work(), "upload", ".jar");
    try {
      Files.copy(jar, partial, StandardCopyOption.REPLACE_EXISTING);
      synchronized (changes) {
        JarInfo info = JarInspector.inspect(partial, fileName);
        if (kernel.owns(info.id())) {
          return kernel.install(partial, info, force, actor);
        }
        Plugin known = plugins.get(info.id());
        Path target = dropFolder.resolve(fileName);
        String holder = idByFile.get(target);
        if (holder != null && !holder.equals(info.id())) {
          throw new PluginException(
              fileName + ": is the file of plugin " + holder + "; give the jar another name");
        }
        Path present = known == null ? null : known.file;
        if (known != null && present != null && present.startsWith(dropFolder)) {
          target = present; // an update takes the place of the file it updates
          if (known.sha256.equals(info.sha256()) && known.deployment != null) {
            throw new PluginException("this very jar of " + info.id() + " runs already");
          }
        }
        Files.createDirectories(dropFolder);
        Plugin plugin = deployUpload(partial, name(target), info, force, actor, known);
        Path hidden = dropFolder.resolve("." + name(target) + ".tmp");
        Files.copy(partial, hidden, StandardCopyOption.REPLACE_EXISTING);
        Files.move(
            hidden, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        brokenFiles.remove(name(target));
        idByFile.put(target, info.id());
        plugin.file = target;
        return describe(plugin);
      }
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  /** Deploys an uploaded jar; when that fails, the list of plugins is as it was. */
  private Plugin deployUpload(
      Path jar,
      String fileName,
      JarInfo info,
      boolean force,
      String actor,
      @Nullable Plugin known) {
    Path file = known == null ? null : known.file;
    String name = known == null ? "" : known.fileName;
    String source = known == null ? "" : known.source;
    String version = known == null ? "" : known.version;
    String sha256 = known == null ? "" : known.sha256;
    State before = known == null ? State.WAITING : known.state;
    String reason = known == null ? "" : known.reason;
    try {
      return deploy(jar, fileName, info, "user", force, actor);
    } catch (PluginException e) {
      if (known == null) {
        plugins.remove(info.id());
        guard.metrics().forget(info.id());
        leaks.removed(info.id());
      } else if (known.deployment == null) {
        known.file = file;
        known.fileName = name;
        known.source = source;
        known.version = version;
        known.sha256 = sha256;
        enter(known, before, reason);
      }
      throw e;
    } finally {
      idByFile.remove(jar);
    }
  }

  @Override
  public void remove(String id, String actor) {
    synchronized (changes) {
      if (kernel.owns(id)) {
        kernel.remove(id, actor);
        return;
      }
      Plugin plugin = required(id);
      Path file = plugin.file;
      if (file == null || !file.startsWith(dropFolder)) {
        throw new PluginException(
            id + " is shipped with the server; use disable instead of remove");
      }
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new PluginException(file + " cannot be deleted: " + e.getMessage());
      }
      idByFile.remove(file);
      takeAway(plugin, actor);
    }
  }

  @Override
  public PluginInfo enable(String id, String actor) {
    synchronized (changes) {
      Plugin plugin = required(id);
      settings.disabled(id, false);
      quarantine.free(id);
      audit.add(actor, "enable", id, plugin.version, plugin.sha256, "ok");
      Path file = Objects.requireNonNull(plugin.file);
      if (plugin.deployment == null) {
        deploy(
            file,
            plugin.fileName,
            jars.inspectCopy(file, plugin.fileName),
            plugin.source,
            true,
            actor);
      }
      return describe(plugin);
    }
  }

  @Override
  public PluginInfo disable(String id, String actor) {
    synchronized (changes) {
      Plugin plugin = required(id);
      Deployment deployment = plugin.deployment;
      if (deployment != null && keepsSamples(deployment)) {
        throw new PluginException(
            id + " keeps the samples of this server, which cannot work without; update it instead");
      }
      settings.disabled(id, true);
      plugin.deployment = null;
      if (deployment != null) {
        registry.withdraw(id);
        uninstall(id, deployment);
      }
      enter(plugin, State.STOPPED, "stopped by you");
      audit.add(actor, "disable", id, plugin.version, plugin.sha256, "ok");
      return describe(plugin);
    }
  }

  @Override
  public PluginInfo rollback(String id, String actor) {
    synchronized (changes) {
      if (kernel.owns(id)) {
        return kernel.rollback(id, actor);
      }
      Plugin plugin = required(id);
      Path target = jars.before(id, plugin.sha256);
      if (target == null) {
        throw new PluginException("there is no earlier version of " + id + " to go back to");
      }
      Path file = plugin.file;
      if (settings.disabled(id) || file == null) {
        throw new PluginException(id + " is stopped; enable it first");
      }
      JarInfo info = JarInspector.inspect(target, name(target));
      String insteadOf;
      try {
        insteadOf = JarInspector.sha256(file);
        activate(plugin, info, target);
      } catch (PluginException e) {
        audit.add(
            actor, "rollback", id, info.version(), info.sha256(), String.valueOf(e.getMessage()));
        throw e;
      } catch (IOException e) {
        throw new PluginException(file + " cannot be read: " + e.getMessage());
      }
      plugin.version = info.version();
      plugin.sha256 = info.sha256();
      settings.pin(id, name(target), insteadOf);
      enter(
          plugin, State.RUNNING, "version " + info.version() + " by undo; its file holds another");
      audit.add(actor, "rollback", id, info.version(), info.sha256(), "ok");
      return describe(plugin);
    }
  }

  @Override
  public List<AuditEntry> audit(@Nullable String id, int limit) {
    return audit.newest(id, limit);
  }

  /**
   * Returns what users decided about plugins that are not there, by id; it counts again when they
   * return.
   */
  public Map<String, List<String>> decisionsOfAbsent() {
    synchronized (changes) {
      Map<String, List<String>> out = new LinkedHashMap<>();
      for (String id : settings.ids()) {
        if (!plugins.containsKey(id)) {
          List<String> decisions = new ArrayList<>();
          if (settings.disabled(id)) {
            decisions.add("stopped by you");
          }
          String pin = settings.pin(id);
          if (!pin.isEmpty()) {
            decisions.add("version " + KeptJars.versionOf(Path.of(pin)) + " by undo");
          }
          out.put(id, decisions);
        }
      }
      return out;
    }
  }

  /** Returns the versions of a plugin that are kept for undo, newest first. */
  public List<String> keptVersions(String id) {
    return jars.versions(id);
  }

  /**
   * Deletes decisions about a plugin that is not there, and its kept jars.
   *
   * @throws PluginException when the plugin is there
   */
  public void forget(String id, String actor) {
    synchronized (changes) {
      if (plugins.containsKey(id)) {
        throw new PluginException(id + " is there; remove it first");
      }
      settings.disabled(id, false);
      settings.unpin(id);
      quarantine.free(id);
      try {
        jars.forget(id);
      } catch (IOException e) {
        throw new PluginException("former versions of " + id + " cannot be deleted: " + e);
      }
      audit.add(actor, "forget", id, "", "", "ok");
    }
  }

  /** Ends the watch and waits for a change that is being made. The hosts close what is open. */
  public void close() {
    scanner.shutdownNow();
    try {
      if (!scanner.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("plugins: a change is still being made; the server stops in the middle of it");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
