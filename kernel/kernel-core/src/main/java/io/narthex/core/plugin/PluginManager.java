package io.narthex.core.plugin;

import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.plugin.JarInspector.JarInfo;
import io.narthex.service.plugins.PluginService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.storage.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
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
 * <p><b>Concurrency.</b> {@code changes} is held during every change, so changes are made one after
 * the other; readers see the volatile snapshot in each {@link Plugin}.
 */
public final class PluginManager implements PluginService {
  private static final Logger LOG = LoggerFactory.getLogger(PluginManager.class);
  private static final int FORMER_KEPT = 10;
  private static final long SCAN_MILLIS = 200;

  /** A plugin and its versions. Fields are guarded by {@code changes}. */
  private static final class Plugin {
    final String id;
    final List<WeakReference<@Nullable ClassLoader>> formerLoaders = new ArrayList<>();
    @Nullable Deployment deployment;
    @Nullable Path file; // what it comes from
    String fileName = "";
    String source = "user";
    String version = "";
    String sha256 = "";
    State state = State.WAITING;
    String reason = "";
    long sinceMs;

    Plugin(String id) {
      this.id = id;
    }
  }

  private final Object changes = new Object();
  private final Map<String, Plugin> plugins = new TreeMap<>(); // guarded by changes
  private final Map<Path, String> idByFile = new LinkedHashMap<>(); // guarded by changes
  private final Map<String, String> brokenFiles =
      new TreeMap<>(); // file name to reason; guarded by changes
  private final BundleContext framework;
  private final ProviderRegistry registry;
  private final Path dropFolder;
  private final Path state;
  private final Clock clock;
  private final AuditLog audit;
  private final PluginSettings settings;
  private final Function<ProviderRegistry.Provider, Map<String, String>> instancesOf;
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
   * @param instancesOf configuration blocks served by a provider, with their problem or empty
   */
  public PluginManager(
      BundleContext framework,
      ProviderRegistry registry,
      Path dropFolder,
      Path state,
      Clock clock,
      Function<ProviderRegistry.Provider, Map<String, String>> instancesOf) {
    this.framework = framework;
    this.registry = registry;
    this.dropFolder = dropFolder;
    this.state = state;
    this.clock = clock;
    this.instancesOf = instancesOf;
    try {
      Files.createDirectories(state.resolve("former"));
      Path work = state.resolve("work");
      Files.createDirectories(work);
      try (DirectoryStream<Path> left = Files.newDirectoryStream(work)) {
        for (Path file : left) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    audit = new AuditLog(state.resolve("audit.jsonl"), clock);
    settings = new PluginSettings(state.resolve("plugins.properties"));
    watcher = new DropFolder(dropFolder, new Arrivals());
  }

  /** Installs the shipped plugins, then what lies in the drop folder, and begins to watch it. */
  public void start(Path shipped) {
    List<Path> files = new ArrayList<>(jars(shipped));
    for (Path file : files) {
      arrived(file, "shipped");
    }
    for (Path file : jars(dropFolder)) {
      try (var _ = new java.util.zip.ZipFile(file.toFile())) {
        arrived(file, "user");
      } catch (IOException e) {
        LOG.debug("{} is not complete yet", file);
      }
    }
    scanner.scheduleWithFixedDelay(this::scan, SCAN_MILLIS, SCAN_MILLIS, TimeUnit.MILLISECONDS);
  }

  private static List<Path> jars(Path folder) {
    List<Path> jars = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, "*.jar")) {
        stream.forEach(jars::add);
      } catch (IOException e) {
        LOG.error("plugins: {} cannot be listed: {}", folder, e.toString());
      }
    }
    jars.sort(null);
    return jars;
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
    public void gone(Path file) {
      synchronized (changes) {
        brokenFiles.remove(name(file));
        String id = idByFile.remove(file);
        Plugin plugin = id == null ? null : plugins.get(id);
        if (plugin != null && file.equals(plugin.file)) {
          withdraw(plugin, "drop folder", "remove");
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

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** A complete file is there: install or update, and show what is wrong if that fails. */
  private void arrived(Path file, String source) {
    synchronized (changes) {
      brokenFiles.remove(name(file));
      JarInfo info = null;
      try {
        info = JarInspector.inspect(file, name(file));
        Plugin known = plugins.get(info.id());
        if (known != null && info.sha256().equals(known.sha256) && known.deployment != null) {
          if (!source.equals("shipped")
              && !file.equals(known.file)
              && known.source.equals("user")) {
            throw new PluginException(
                name(file) + ": the same jar as " + known.fileName + "; remove one of them");
          }
          idByFile.put(file, info.id());
          known.file = file;
          known.fileName = name(file);
          known.source = source;
          return;
        }
        deploy(
            file,
            name(file),
            info,
            source,
            false,
            source.equals("shipped") ? "start" : "drop folder");
      } catch (PluginException e) {
        LOG.warn("plugins: {}: {}", name(file), e.getMessage());
        if (info == null
            || !plugins.containsKey(info.id())
            || plugins.get(info.id()).deployment != null) {
          brokenFiles.put(name(file), e.getMessage());
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
      Path kept = keep(file, info);
      Path pinned = pinned(info.id());
      if (pinned != null && !actor.equals("rollback") && source.equals("shipped")) {
        info = JarInspector.inspect(pinned, name(pinned));
        kept = pinned;
      }
      if (!update) {
        describe(plugin, file, fileName, info, source);
        enter(plugin, State.STARTING, "");
      }
      activate(plugin, info, kept);
      describe(plugin, file, fileName, info, source);
      enter(plugin, State.RUNNING, "");
      audit.add(
          actor, update ? "update" : "install", info.id(), info.version(), info.sha256(), "ok");
      LOG.info(
          "plugin {} {} {} from {}",
          info.id(),
          info.version(),
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
    for (Bundle bundle : framework.getBundles()) {
      if (info.id().equals(bundle.getSymbolicName())
          && !bundle.getLocation().startsWith("plugin:")) {
        throw new PluginException(
            "\""
                + info.id()
                + "\" is the name of a part of the server; give the plugin another symbolic name");
      }
    }
  }

  private static void checkVersion(
      Plugin plugin, Path file, JarInfo info, String source, boolean force) {
    if (source.equals("shipped")) {
      throw new PluginException(
          "a user's jar of this plugin is in use"); // shipped come first; never seen by users
    }
    if (plugin.source.equals("shipped") || file.equals(plugin.file) || force) {
      return; // a user's jar wins over a shipped one; the same file rewritten is what its author
      // wants
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
        Deployment.start(framework, info, kept, state.resolve("work"), clock.millis());
    try {
      registry.probe(next.providers());
      registry.publish(info.id(), next.providers());
    } catch (RuntimeException | LinkageError e) {
      if (former != null) {
        registry.publish(info.id(), former.providers());
      } else {
        registry.withdraw(info.id());
      }
      plugin.formerLoaders.add(next.uninstall(framework));
      boolean forUsers =
          e instanceof IllegalStateException
              || e instanceof ConfigException
              || e instanceof StorageException;
      throw new PluginException(
          forUsers ? String.valueOf(e.getMessage()) : "self-test failed: " + e);
    }
    plugin.deployment = next;
    if (former != null) {
      plugin.formerLoaders.add(former.uninstall(framework));
    }
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

  /** Keeps a copy of a jar, so that undo works after the file has been replaced. */
  private Path keep(Path file, JarInfo info) {
    Path folder = state.resolve("former").resolve(info.id());
    Path target = folder.resolve(info.version() + "-" + info.sha256().substring(0, 12) + ".jar");
    try {
      Files.createDirectories(folder);
      if (!Files.exists(target)) {
        Path partial = folder.resolve("copy.tmp");
        Files.copy(file, partial, StandardCopyOption.REPLACE_EXISTING);
        Files.move(partial, target, StandardCopyOption.REPLACE_EXISTING);
      }
      Files.setLastModifiedTime(
          target, java.nio.file.attribute.FileTime.fromMillis(clock.millis()));
      List<Path> all = former(info.id());
      for (int i = FORMER_KEPT; i < all.size(); i++) {
        Files.deleteIfExists(all.get(i));
      }
      return target;
    } catch (IOException e) {
      throw new PluginException("a copy cannot be kept in " + folder + ": " + e.getMessage());
    }
  }

  /** Returns the kept jars of a plugin, newest first. */
  private List<Path> former(String id) {
    List<Path> all = jars(state.resolve("former").resolve(id));
    all.sort(
        Comparator.comparingLong(
                (Path p) -> {
                  try {
                    return Files.getLastModifiedTime(p).toMillis();
                  } catch (IOException e) {
                    return 0;
                  }
                })
            .reversed());
    return all;
  }

  private @Nullable Path pinned(String id) {
    String pin = settings.pin(id);
    if (pin.isEmpty()) {
      return null;
    }
    Path file = state.resolve("former").resolve(id).resolve(pin);
    return Files.exists(file) ? file : null;
  }

  /** Takes a plugin out of service; a shipped one of the same id comes back. */
  private void withdraw(Plugin plugin, String actor, String action) {
    Deployment deployment = plugin.deployment;
    plugin.deployment = null;
    if (deployment != null) {
      registry.withdraw(plugin.id);
      plugin.formerLoaders.add(deployment.uninstall(framework));
    }
    audit.add(actor, action, plugin.id, plugin.version, plugin.sha256, "ok");
    LOG.info("plugin {} {} removed", plugin.id, plugin.version);
    settings.pin(plugin.id, "");
    plugins.remove(plugin.id);
    for (Map.Entry<Path, String> e : List.copyOf(idByFile.entrySet())) {
      if (e.getValue().equals(plugin.id) && !e.getKey().startsWith(dropFolder)) {
        arrived(e.getKey(), "shipped");
      }
    }
  }

  @Override
  public List<PluginInfo> plugins() {
    List<PluginInfo> out = new ArrayList<>();
    synchronized (changes) {
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
    }
    for (Bundle bundle : framework.getBundles()) {
      String name = bundle.getSymbolicName();
      if (name != null
          && name.startsWith("io.narthex.")
          && !bundle.getLocation().startsWith("plugin:")) {
        boolean active = bundle.getState() == Bundle.ACTIVE;
        out.add(
            new PluginInfo(
                name,
                Objects.requireNonNullElse(bundle.getHeaders().get("Bundle-Name"), name),
                List.of("kernel"),
                bundle.getVersion().toString(),
                active ? State.RUNNING : State.FAILED,
                active ? "" : "the bundle is not active",
                "kernel",
                "",
                "",
                bundle.getLastModified(),
                bundle.getLastModified(),
                List.of(),
                null,
                0,
                Deployment.osgiState(bundle)));
      }
    }
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
    p.formerLoaders.removeIf(r -> r.get() == null);
    List<Path> kept = former(p.id);
    String undo =
        kept.stream()
            .map(PluginManager::name)
            .filter(n -> !n.contains(shaPart(p.sha256)))
            .findFirst()
            .orElse(null);
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
        undo == null ? null : undo.replaceFirst("-[0-9a-f]{12}\\.jar$", ""),
        p.formerLoaders.size(),
        d == null ? "" : Deployment.osgiState(d.bundle));
  }

  private static String shaPart(String sha256) {
    return sha256.length() < 12 ? "\u0000" : sha256.substring(0, 12);
  }

  @Override
  public @Nullable PluginInfo plugin(String id) {
    return plugins().stream().filter(p -> p.id().equals(id)).findFirst().orElse(null);
  }

  private Plugin required(String id) {
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
    Path partial = Files.createTempFile(state.resolve("work"), "upload", ".jar");
    try {
      Files.copy(jar, partial, StandardCopyOption.REPLACE_EXISTING);
      synchronized (changes) {
        JarInfo info = JarInspector.inspect(partial, fileName);
        Plugin known = plugins.get(info.id());
        Path target = dropFolder.resolve(fileName);
        if (known != null
            && known.source.equals("user")
            && known.file != null
            && known.file.startsWith(dropFolder)) {
          target = known.file; // an update takes the place of the file it updates
          if (known.sha256.equals(info.sha256()) && known.deployment != null) {
            throw new PluginException("this very jar of " + info.id() + " runs already");
          }
          checkVersion(known, Path.of(""), info, "user", force);
        }
        Files.createDirectories(dropFolder);
        Plugin plugin = deploy(partial, name(target), info, "user", force, actor);
        idByFile.remove(partial);
        Path hidden = dropFolder.resolve("." + name(target) + ".tmp");
        Files.copy(partial, hidden, StandardCopyOption.REPLACE_EXISTING);
        Files.move(
            hidden, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        idByFile.put(target, info.id());
        plugin.file = target;
        return describe(plugin);
      }
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  @Override
  public void remove(String id, String actor) {
    synchronized (changes) {
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
      withdraw(plugin, actor, "remove");
    }
  }

  @Override
  public PluginInfo enable(String id, String actor) {
    synchronized (changes) {
      Plugin plugin = required(id);
      settings.disabled(id, false);
      Path file = Objects.requireNonNull(plugin.file);
      if (plugin.deployment == null) {
        deploy(
            file,
            plugin.fileName,
            JarInspector.inspect(file, plugin.fileName),
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
      settings.disabled(id, true);
      Deployment deployment = plugin.deployment;
      plugin.deployment = null;
      if (deployment != null) {
        registry.withdraw(id);
        plugin.formerLoaders.add(deployment.uninstall(framework));
      }
      enter(plugin, State.STOPPED, "stopped by you");
      audit.add(actor, "disable", id, plugin.version, plugin.sha256, "ok");
      return describe(plugin);
    }
  }

  @Override
  public PluginInfo rollback(String id, String actor) {
    synchronized (changes) {
      Plugin plugin = required(id);
      Path target =
          former(id).stream()
              .filter(p -> !name(p).contains(shaPart(plugin.sha256)))
              .findFirst()
              .orElseThrow(() ->
                  new PluginException("there is no earlier version of " + id + " to go back to"));
      JarInfo info = JarInspector.inspect(target, name(target));
      activate(plugin, info, target);
      plugin.version = info.version();
      plugin.sha256 = info.sha256();
      settings.pin(id, name(target));
      enter(plugin, State.RUNNING, "");
      audit.add(actor, "rollback", id, info.version(), info.sha256(), "ok");
      return describe(plugin);
    }
  }

  @Override
  public List<AuditEntry> audit(@Nullable String id, int limit) {
    return audit.newest(id, limit);
  }

  /** Ends the watch and takes all plugins out of service, storage last. */
  public void close() {
    scanner.shutdownNow();
  }
}
