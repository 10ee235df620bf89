package io.narthex.launch;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.framework.wiring.FrameworkWiring;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Starts Apache Felix with the bundles of the distribution and waits for its end.
 *
 * <p>Bundles are in {@code lib/system} (libraries), {@code lib/kernel} (our own) and {@code
 * lib/plugins} (left to the plugin manager). The kernel ends the process through a service of type
 * {@code BiConsumer<Integer, String>} with property {@code narthex.role=exit}. TERM and INT end
 * cleanly with status 0, HUP reloads the configuration.
 */
public final class Launcher {
  private static final String CARRIERS = "jdk.virtualThreadScheduler.parallelism";
  private static final String SLF4J = "2.0.20";
  private static final long STOP_MILLIS = 4_500;

  /** How long the bundles may take to start when some of them are updates. */
  private static final int START_SECONDS = Integer.getInteger("narthex.start.seconds", 60);

  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicBoolean ending = new AtomicBoolean();
  private volatile int status;
  private volatile String message = "";
  private volatile String beingStarted = "";
  private volatile @Nullable BundleException notStarted;

  private final CheckCommand.@Nullable Start check;

  private Launcher(CheckCommand.@Nullable Start check) {
    this.check = check;
  }

  /**
   * Runs the server, or the command line client when the first argument names one of its commands.
   */
  public static void main(String[] args) throws Exception {
    if (args.length > 0 && (args[0].equals("plugin") || args[0].equals("token"))) {
      System.exit(client(args[0], List.of(args).subList(1, args.length)));
    }
    if (args.length > 1
        && args[0].equals("check")
        && (args[1].equals("healthy") || args[1].equals("ready"))) {
      System.exit(
          CheckCommand.ask(List.of(args).subList(1, args.length), Printable.guarded(System.err)));
    }
    shareCores();
    OldTls.allowWhereAsked();
    int status;
    try (CacheFolder cache =
        CacheFolder.create(Path.of(System.getProperty("java.io.tmpdir", "/tmp")))) {
      status =
          args.length > 0 && (args[0].equals("check") || args[0].equals("test"))
              ? check(List.of(args), cache.path())
              : new Launcher(null).run(args, cache.path());
    }
    // do not wait for threads of libraries
    Runtime.getRuntime().halt(status);
  }

  /**
   * Configures more carriers of virtual threads than cores: a virtual thread that computes never
   * yields its carrier, while the operating system shares the cores among carriers. Must be called
   * before the first virtual thread.
   */
  private static void shareCores() {
    if (System.getProperty(CARRIERS) == null) {
      int cores = Runtime.getRuntime().availableProcessors();
      System.setProperty(CARRIERS, Integer.toString(Math.max(8, 2 * cores)));
    }
  }

  /** Checks or tests files with the bundles of a server that does not listen. */
  private static int check(List<String> args, Path cache) throws Exception {
    Path work = Files.createTempDirectory("narthex-check");
    try {
      List<String> words = args.subList(1, args.size());
      CheckCommand.Start start =
          args.getFirst().equals("test")
              ? TestCommand.start(words, work)
              : CheckCommand.start(words, work);
      return new Launcher(start).run(start.arguments().toArray(new String[0]), cache);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      return 1;
    } finally {
      CacheFolder.delete(work);
    }
  }

  private static int client(String command, List<String> args) {
    PrintStream out = Printable.guarded(System.out);
    PrintStream err = Printable.guarded(System.err);
    Path home = Path.of(System.getProperty("narthex.home", ".")).toAbsolutePath().normalize();
    if (command.equals("plugin") && !args.isEmpty() && args.get(0).equals("new")) {
      return PluginProject.run(args.subList(1, args.size()), home, out, err);
    }
    AdminClient client = new AdminClient(System::getenv, home);
    return command.equals("plugin")
        ? PluginCommand.run(client, args, out, err)
        : TokenCommand.run(client, args, out, err);
  }

  private int run(String[] args, Path cache)
      throws IOException, BundleException, InterruptedException {
    Logging.configure(args);
    Path home = Path.of(System.getProperty("narthex.home", ".")).toAbsolutePath().normalize();
    UpdatedKernel updates = new UpdatedKernel(args);
    Framework framework = framework(home, args, cache);
    List<Bundle> bundles = new ArrayList<>();
    Map<String, String> problems = install(framework, home, updates, bundles);
    while (!problems.isEmpty()) {
      updates.giveUp(problems);
      framework.stop(); // nothing has been started yet
      framework.waitForStop(STOP_MILLIS);
      framework = framework(home, args, cache);
      problems = install(framework, home, updates, bundles);
    }
    BundleContext context = framework.getBundleContext();
    Dictionary<String, Object> role = new Hashtable<>(Map.of("narthex.role", "exit"));
    BiConsumer<Integer, String> exit = this::exit;
    context.registerService(BiConsumer.class, exit, role);
    signals(context);
    updates.startBegins();
    framework.start();
    // on a thread of its own, so that a bundle that hangs cannot block the end of the process
    Thread start = Thread.ofPlatform().name("start").start(() -> startAll(bundles, updates));
    if (updates.inUse()) {
      Thread.ofPlatform().daemon().name("start watch").start(() -> watch(start, updates));
    }
    ended.await();
    start.join(STOP_MILLIS); // do not stop bundles that are starting, unless they hang
    BundleException broken = notStarted;
    if (broken != null) {
      throw broken;
    }
    updates.endedWithReason();
    if (status == 0) {
      stopInTime(framework);
    }
    // a failed start has closed what it had opened; stopping the framework as well would only add
    // noise to the one line that matters
    if (!message.isEmpty()) {
      (status == 0 ? System.out : System.err).println(message);
    }
    System.out.flush();
    return status;
  }

  /**
   * Initializes a framework and installs the bundles of the distribution, or their updates.
   *
   * @param bundles receives the installed bundles
   * @return when updates are installed: why bundles cannot be used, by symbolic name
   */
  private static Map<String, String> install(
      Framework framework, Path home, UpdatedKernel updates, List<Bundle> bundles)
      throws IOException, BundleException {
    framework.init();
    bundles.clear();
    for (String folder : List.of("lib/system", "lib/kernel")) {
      for (Path jar : jars(home.resolve(folder))) {
        Path used = folder.equals("lib/kernel") ? updates.insteadOf(jar) : jar;
        try {
          bundles.add(framework.getBundleContext().installBundle("reference:" + used.toUri()));
        } catch (BundleException e) {
          if (used.equals(jar)) {
            throw e;
          }
          return Map.of(updates.idOf(used), "cannot be installed: " + e.getMessage());
        }
      }
    }
    return updates.inUse() ? unresolved(framework, bundles) : Map.of();
  }

  private static Map<String, String> unresolved(Framework framework, List<Bundle> bundles) {
    FrameworkWiring wiring = framework.adapt(FrameworkWiring.class);
    if (wiring.resolveBundles(bundles)) {
      return Map.of();
    }
    Map<String, String> problems = new TreeMap<>();
    for (Bundle bundle : bundles) {
      if (bundle.getState() == Bundle.INSTALLED
          && bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
        List<String> needs = new ArrayList<>();
        for (BundleRequirement need :
            bundle.adapt(BundleRevision.class).getDeclaredRequirements(null)) {
          Map<String, String> directives = need.getDirectives();
          if (!"optional".equals(directives.get("resolution"))
              && !"dynamic".equals(directives.get("resolution"))
              && "resolve".equals(directives.getOrDefault("effective", "resolve"))
              && wiring.findProviders(need).isEmpty()) {
            needs.add(need.getNamespace() + " " + directives.getOrDefault("filter", ""));
          }
        }
        problems.put(
            bundle.getSymbolicName(),
            bundle.getSymbolicName()
                + " cannot be resolved"
                + (needs.isEmpty() ? "" : ", nothing provides " + String.join(", ", needs)));
      }
    }
    return problems;
  }

  private void startAll(List<Bundle> bundles, UpdatedKernel updates) {
    try {
      for (Bundle bundle : bundles) {
        if (!ending.get() && bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
          beingStarted = bundle.getSymbolicName();
          start(bundle, updates.inUse());
        }
      }
    } catch (BundleException e) {
      notStarted = e;
      ended.countDown();
    }
  }

  /** Ends a start with updates that hangs; the next start runs without the update that hangs. */
  private void watch(Thread start, UpdatedKernel updates) {
    try {
      if (!start.join(Duration.ofSeconds(START_SECONDS))) {
        String problem = beingStarted + " does not come up within " + START_SECONDS + " s";
        updates.giveUp(Map.of(beingStarted, problem));
        exit(1, problem + "; its update is rolled back, so start again");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Starts a bundle. With updates, failures are left to the kernel. */
  private static void start(Bundle bundle, boolean updates) throws BundleException {
    try {
      bundle.start();
    } catch (BundleException e) {
      String name = bundle.getSymbolicName();
      if (!updates || !name.startsWith("io.narthex.") || name.equals("io.narthex.core")) {
        throw e;
      }
      LoggerFactory.getLogger(Launcher.class).debug("{} does not start", bundle, e);
    }
  }

  /**
   * Stops the framework within the configured time. When bundles hang, the storage is closed
   * without them.
   */
  private void stopInTime(Framework framework) throws InterruptedException {
    StorageEnd storage = StorageEnd.find(framework.getBundleContext());
    long millis = storage == null ? STOP_MILLIS : storage.stopMillis();
    long began = System.nanoTime();
    Thread stopping = Thread.ofPlatform().name("stop").start(() -> stop(framework));
    if (stopping.join(Duration.ofMillis(storage == null ? millis : millis * 2 / 3))
        || storage == null) {
      return;
    }
    Thread closing = Thread.ofPlatform().daemon().name("close storage").start(storage.close());
    boolean closed = closing.join(Duration.ofMillis(millis).minusNanos(System.nanoTime() - began));
    System.err.println(
        "stopping: parts of the server do not stop within "
            + millis / 1000.0
            + " s; the storage is "
            + (closed ? "closed" : "not closed either, the next start replays its WAL"));
    if (!closed) {
      status = 1;
    }
  }

  private static void stop(Framework framework) {
    try {
      framework.stop();
      framework.waitForStop(0);
    } catch (BundleException e) {
      System.err.println("stopping the framework: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the server; the first caller's status and message count. */
  private void exit(int exitStatus, String text) {
    if (ending.compareAndSet(false, true)) {
      status = exitStatus;
      message = text;
      ended.countDown();
    }
  }

  private Framework framework(Path home, String[] args, Path cache) throws IOException {
    Map<String, String> config = new HashMap<>();
    config.put(Constants.FRAMEWORK_STORAGE, cache.toString());
    config.put(Constants.FRAMEWORK_STORAGE_CLEAN, Constants.FRAMEWORK_STORAGE_CLEAN_ONFIRSTINIT);
    config.put(Constants.FRAMEWORK_BSNVERSION, Constants.FRAMEWORK_BSNVERSION_MULTIPLE);
    config.put(
        Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA,
        "org.slf4j;version=\""
            + SLF4J
            + "\",org.slf4j;version=\"1.7.36\",org.slf4j.event;version=\""
            + SLF4J
            + "\",org.slf4j.helpers;version=\""
            + SLF4J
            + "\",org.slf4j.spi;version=\""
            + SLF4J
            + "\",sun.misc");
    config.put("felix.log.level", "1");
    if (OpenFiles.areFew()) {
      // the bundles embed about a hundred jars, which are slow to open again
      config.put("felix.cache.filelimit", "32");
    }
    config.put("ds.loglevel", "1");
    config.put("narthex.args", String.join("\u0001", args));
    config.put("narthex.home", home.toString());
    CheckCommand.Start checking = check;
    if (checking != null) {
      config.put("narthex.check", checking.subject());
      config.put("narthex.check.file", checking.file());
      checking.options().forEach((name, value) -> config.put("narthex.check." + name, value));
    }
    config.put("narthex.plugins.shipped", home.resolve("lib/plugins").toString());
    config.put(
        "narthex.plugins.path",
        System.getProperty("narthex.plugins.path", home.resolve("plugins").toString()));
    Properties build = new Properties();
    Path buildFile = home.resolve("lib/build.properties");
    if (Files.exists(buildFile)) {
      try (InputStream in = Files.newInputStream(buildFile)) {
        build.load(in);
      }
    }
    build.forEach((k, v) -> config.put("narthex." + k, String.valueOf(v)));
    FrameworkFactory factory =
        ServiceLoader.load(FrameworkFactory.class)
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("no OSGi framework on the class path"));
    return factory.newFramework(config);
  }

  private static List<Path> jars(Path folder) throws IOException {
    List<Path> jars = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, "*.jar")) {
      stream.forEach(jars::add);
    }
    jars.sort(null);
    return jars;
  }

  private void signals(BundleContext context) {
    Signal.handle(new Signal("TERM"), s -> exit(0, ""));
    Signal.handle(new Signal("INT"), s -> exit(0, ""));
    SignalHandler before =
        Signal.handle(
            new Signal("HUP"),
            s -> Thread.ofPlatform().name("reload").start(() -> reload(context)));
    if (before == SignalHandler.SIG_IGN) {
      // the JVM does not handle a signal that was ignored when it started
      LoggerFactory.getLogger(Launcher.class)
          .warn(
              "SIGHUP is ignored, perhaps by nohup; reload with POST /-/reload"
                  + " (--web.enable-lifecycle) instead");
    }
  }

  /** Calls the kernel's reload, which reports its outcome itself. */
  private static void reload(BundleContext context) {
    var reference = context.getServiceReference("io.narthex.service.config.ConfigService");
    Object service = reference == null ? null : context.getService(reference);
    if (service == null) {
      return;
    }
    try {
      for (Class<?> type : service.getClass().getInterfaces()) {
        if (type.getName().equals("io.narthex.service.config.ConfigService")) {
          type.getMethod("reload").invoke(service);
        }
      }
    } catch (ReflectiveOperationException e) {
      // the kernel has logged why the configuration cannot be used
      LoggerFactory.getLogger(Launcher.class).debug("reload", e);
    }
  }
}
