package io.narthex.core.plugin;

import io.narthex.core.host.DiscoveryHost;
import io.narthex.core.host.ExporterHost;
import io.narthex.core.host.FunctionHost;
import io.narthex.core.host.GuardLimits;
import io.narthex.core.host.HostEnvironment;
import io.narthex.core.host.InstanceProblem;
import io.narthex.core.host.NotifierHost;
import io.narthex.core.host.Operation;
import io.narthex.core.host.PluginGuard;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.metrics.MetricsRegistry;
import io.narthex.core.updates.BootWatch;
import io.narthex.model.TargetGroup;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.discovery.TargetGroupListener;
import io.narthex.service.plugins.PluginService.PluginInfo;
import io.narthex.spi.config.ConfigNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;

/**
 * The plugin manager with the real hosts in the real framework, inside the test's process. Plugins
 * are jars of {@code io.acme.scripted}.
 */
public final class PluginStage implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(500);
  private static final FolderPace PACE =
      new FolderPace(Duration.ofMillis(20), Duration.ofMillis(40), Duration.ofMillis(100));
  static final GuardLimits QUICK = limits(Duration.ofMinutes(1));

  /** Returns limits with short pauses. */
  static GuardLimits limits(Duration probation) {
    return new GuardLimits(
        3,
        5,
        3,
        Duration.ofHours(1),
        Duration.ofMillis(10),
        Duration.ofMillis(50),
        probation,
        1000,
        1_000_000,
        Map.of(
            Operation.EVALUATE,
            SHORT,
            Operation.COLLECT,
            SHORT,
            Operation.SEND,
            SHORT,
            Operation.PROBE,
            SHORT));
  }

  /** The kinds a jar can serve; each is a class of {@code io.acme.scripted}. */
  enum Serves {
    DISCOVERY("discovery.DiscoveryProvider", "ScriptedDiscovery"),
    NOTIFIER("notifier.NotifierProvider", "ScriptedNotifier"),
    EXPORTER("exporter.ExporterProvider", "ScriptedExporter"),
    FUNCTION("function.FunctionProvider", "ScriptedFunctions");

    final String service;
    final String className;

    Serves(String service, String className) {
      this.service = "META-INF/services/io.narthex.spi." + service;
      this.className = "io.acme.scripted." + className;
    }
  }

  final Path drop;
  final Path state;
  final Path shipped;
  final ProviderRegistry registry = new ProviderRegistry();
  final PluginGuard guard;
  final DiscoveryHost discovery;
  final NotifierHost notifiers;
  final ExporterHost exporters;
  final FunctionHost functions;
  final PluginManager manager;
  final Map<String, List<String>> targets = new ConcurrentHashMap<>(); // addresses by set
  private final Framework framework;

  /** Sets everything up in a folder; what an earlier stage left there is found again. */
  public PluginStage(Path folder) {
    this(folder, QUICK);
  }

  PluginStage(Path folder, GuardLimits limits) {
    try {
      drop = Files.createDirectories(folder.resolve("plugins"));
      shipped = Files.createDirectories(folder.resolve("shipped"));
      state = Files.createDirectories(folder.resolve("state"));
      framework = framework(Files.createTempDirectory(folder, "cache"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    guard = new PluginGuard(limits);
    HostEnvironment environment =
        new HostEnvironment(
            Clock.systemUTC(),
            (request, settings) -> {
              throw new IOException("no network in tests");
            },
            state.resolve("plugin-state"),
            new MetricsRegistry(),
            guard);
    discovery = new DiscoveryHost(environment, registry);
    notifiers = new NotifierHost(environment, registry);
    exporters = new ExporterHost(environment, ConfigNode.emptyMapping("narthex.yml"), folder);
    functions = new FunctionHost(guard);
    List.of(discovery, notifiers, exporters, functions).forEach(registry::listen);
    discovery.listen(
        new TargetGroupListener() {
          @Override
          public void targetsChanged(String set, List<TargetGroup> groups) {
            List<String> found = new ArrayList<>();
            groups.forEach(g ->
                g.targets().forEach(t -> found.add(String.valueOf(t.get(TargetGroup.ADDRESS)))));
            targets.put(set, found);
          }

          @Override
          public void setRemoved(String set) {
            targets.remove(set);
          }
        });
    manager =
        new PluginManager(
            framework.getBundleContext(),
            registry,
            drop,
            state,
            Clock.systemUTC(),
            guard,
            PACE,
            new PluginUse() {
              @Override
              public Map<String, InstanceProblem> instances(Provider p) {
                return PluginStage.this.instances(p);
              }

              @Override
              public List<String> silent(Provider p) {
                return p.kind() == ProviderRegistry.Kind.DISCOVERY
                    ? discovery.silent(p.type())
                    : List.of();
              }
            });
  }

  private Map<String, InstanceProblem> instances(Provider p) {
    return switch (p.kind()) {
      case DISCOVERY -> discovery.instances(p.type());
      case NOTIFIER -> notifiers.instances(p.type());
      case EXPORTER -> exporters.instances(p.type());
      case FUNCTION -> functions.instances(p.type());
      case STORAGE -> Map.of();
    };
  }

  private static Framework framework(Path cache) {
    Map<String, String> config = new LinkedHashMap<>();
    config.put(Constants.FRAMEWORK_STORAGE, cache.toString());
    config.put(Constants.FRAMEWORK_BSNVERSION, Constants.FRAMEWORK_BSNVERSION_MULTIPLE);
    config.put("felix.log.level", "1");
    List<String> exports = new ArrayList<>();
    exports.add("io.narthex.model;version=1.9");
    exports.add("io.narthex.model.go;version=1.9");
    for (String spi :
        List.of("config", "plugin", "discovery", "exporter", "notifier", "storage", "function")) {
      exports.add("io.narthex.spi." + spi + ";version=1.9");
    }
    config.put(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, String.join(",", exports));
    try {
      Framework created =
          ServiceLoader.load(FrameworkFactory.class).findFirst().orElseThrow().newFramework(config);
      created.start();
      return created;
    } catch (BundleException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs a server in a process of its own; it ends when its input does. */
  public static void main(String[] args) throws IOException {
    try (PluginStage stage = new PluginStage(Path.of(args[0])).start()) {
      stage.useDiscovery();
      while (System.in.read() >= 0) {}
    }
    Runtime.getRuntime().halt(0);
  }

  /** Starts a process with the server that ends by itself; returns its status. */
  static int process(Path folder) {
    try {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  PluginStage.class.getName(),
                  folder.toString())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("output").toFile())
              .start();
      try {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
          throw new AssertionError("it runs on: " + Files.readString(folder.resolve("output")));
        }
        return process.exitValue();
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  public BundleContext framework() {
    return framework.getBundleContext();
  }

  /** Has a job use the scripted discovery. */
  void useDiscovery() {
    discovery.configure(
        Map.of(
            "scrape/a",
            List.of(new DiscoveryBlock("scripted", 0, ConfigNode.emptyMapping("p.yml")))),
        Path.of("."));
  }

  /** Takes what lies in the folders, as the server does at its start. */
  PluginStage start() {
    manager.start(
        shipped, new BootWatch(Duration.ofHours(1), () -> false, (problem, suspects) -> {}));
    return this;
  }

  /** Returns a jar with this behaviour. */
  static byte[] jar(String id, String version, String behaviour, Serves... kinds) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      put(
          zip,
          "META-INF/MANIFEST.MF",
          "Manifest-Version: 1.0\nAutomatic-Module-Name: "
              + id
              + "\nImplementation-Version: "
              + version
              + "\n");
      put(zip, "behaviour", behaviour);
      for (Serves kind : kinds.length == 0 ? new Serves[] {Serves.DISCOVERY} : kinds) {
        put(zip, kind.service, kind.className + "\n");
      }
      Path classes =
          Path.of(
              PluginStage.class.getProtectionDomain().getCodeSource().getLocation().getPath(),
              "io",
              "acme",
              "scripted");
      try (var files = Files.list(classes)) {
        for (Path file : files.sorted().toList()) {
          zip.putNextEntry(new ZipEntry("io/acme/scripted/" + file.getFileName()));
          Files.copy(file, zip);
          zip.closeEntry();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void put(ZipOutputStream zip, String name, String text) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(text.getBytes(StandardCharsets.UTF_8));
    zip.closeEntry();
  }

  /** Puts a jar into the drop folder, whole. */
  void drop(String name, byte[] jar) {
    try {
      Path partial = Files.write(drop.resolve("." + name + ".part"), jar);
      Files.move(
          partial,
          drop.resolve(name),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a plugin as users see it. */
  PluginInfo plugin(String id) {
    return Objects.requireNonNull(manager.plugin(id), () -> id + " is not in the list");
  }

  /** Waits until a plugin is there and looks like this: {@code version state reason}. */
  void awaitPlugin(String id, String looks) {
    await(
        () -> manager.plugin(id) != null && looks(id).matches(looks),
        () -> manager.plugin(id) == null ? id + " is not in the list" : looks(id));
  }

  String looks(String id) {
    PluginInfo p = plugin(id);
    return (p.version() + " " + p.state() + " " + p.reason()).strip();
  }

  /** Waits for a condition; fails with what is there instead. */
  static void await(BooleanSupplier condition, java.util.function.Supplier<String> instead) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited " + PATIENCE.toSeconds() + " s; now: " + instead.get());
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  /**
   * Copies everything that a process leaves behind that dies now, for a stage that comes after it.
   */
  void leaveTo(Path other) {
    try (var files = Files.walk(Objects.requireNonNull(state.getParent()))) {
      for (Path file : files.toList()) {
        Path relative = Objects.requireNonNull(state.getParent()).relativize(file);
        if (!relative.startsWith("plugins")
            && !relative.startsWith("state")
            && !relative.startsWith("shipped")) {
          continue;
        }
        Path target = other.resolve(relative.toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(
              file,
              target,
              StandardCopyOption.REPLACE_EXISTING,
              StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    manager.close();
    discovery.close();
    notifiers.close();
    exporters.close();
    try {
      framework.stop();
      framework.waitForStop(10_000);
    } catch (BundleException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
