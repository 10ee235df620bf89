package io.narthex.core.plugin.leaks;

import io.narthex.core.host.HostThreads;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.plugins.PluginHealth.Leak;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import javax.management.InstanceNotFoundException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what uninstalled versions of plugins have left behind.
 *
 * <p><b>What is detected.</b> Class loaders that outlive a garbage collection; threads of the host
 * that do not return from the plugin or were lent to it; platform threads whose context class
 * loader, class or exception handler is the plugin's; {@link java.util.Timer}s among them; MBeans
 * of the platform's server; JDBC drivers.
 *
 * <p><b>What is not.</b> Shutdown hooks, thread locals, virtual threads that a plugin starts by
 * itself, and the task of a thread that has been given another context class loader: the JDK keeps
 * them in private fields, which this server does not open. Each of them keeps the class loader
 * alive, which is then reported with the remark that nothing visible holds it.
 *
 * <p><b>Garbage collection.</b> A class loader is alive until a collection unloads classes, which
 * may take hours. A canary, a loader with one class, is dropped together with each version; only
 * when it has been collected does a loader that is still alive count as leaked. No collection is
 * requested.
 *
 * <p><b>Cost.</b> None while no loader of a previous version is alive; otherwise one scan of
 * threads and MBeans, at most every {@link #RECHECK}. Thread-safe.
 */
public final class LeakMeter implements MetricCollector {
  private static final List<String> WHAT =
      List.of("class_loader", "thread", "timer", "mbean", "jdbc_driver");
  private static final Logger LOG = LoggerFactory.getLogger(LeakMeter.class);
  private static final Duration RECHECK = Duration.ofSeconds(5);
  private static final Duration END_DEADLINE = Duration.ofSeconds(2);

  /** An uninstalled version. */
  private static final class Retired {
    final String version;
    final WeakReference<@Nullable ClassLoader> loader;
    final WeakReference<@Nullable ClassLoader> canary;
    final long sinceNanos = System.nanoTime();
    final List<Leak> drivers; // found once

    Retired(
        String version,
        ClassLoader loader,
        WeakReference<@Nullable ClassLoader> canary,
        List<Leak> drivers) {
      this.version = version;
      this.loader = new WeakReference<>(loader);
      this.canary = canary;
      this.drivers = drivers;
    }
  }

  /** The leaks found at a time. */
  private record Findings(long atNanos, List<Leak> leaks) {}

  private final ConcurrentMap<String, List<Retired>> retired = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, Findings> found = new ConcurrentHashMap<>();
  private final Set<String> removed = ConcurrentHashMap.newKeySet();
  private final HostThreads threads;
  private final Runnable tidy;

  /**
   * Creates a meter.
   *
   * @param tidy removes what the framework itself keeps of previous versions; called before each
   *     check
   */
  public LeakMeter(HostThreads threads, Runnable tidy) {
    this.threads = threads;
    this.tidy = tidy;
  }

  /**
   * Starts watching a class loader. Ends the threads of the host that are inside it.
   *
   * @param version the uninstalled version
   */
  public void watch(String id, String version, @Nullable ClassLoader loader) {
    if (loader == null) {
      return;
    }
    List<String> stuck = threads.end(loader, END_DEADLINE);
    if (!stuck.isEmpty()) {
      LOG.warn("plugin {} {}: threads do not stop when interrupted: {}", id, version, stuck);
    }
    Retired old = new Retired(version, loader, canary(), drivers(loader, version));
    retired.computeIfAbsent(id, k -> new CopyOnWriteArrayList<>()).add(old);
    removed.remove(id);
    found.remove(id);
    List<Leak> left = holders(old);
    if (!left.isEmpty()) {
      LOG.warn(
          "plugin {} {} has left behind: {}",
          id,
          version,
          left.stream().map(l -> l.what() + " " + l.name()).toList());
    }
  }

  /** Returns how many class loaders of previous versions are alive, leaked or not yet collected. */
  public int alive(String id) {
    return uncollected(id).size();
  }

  private List<Retired> uncollected(String id) {
    List<Retired> list = retired.getOrDefault(id, List.of());
    if (!list.isEmpty()) {
      tidy.run();
    }
    if (list.stream().anyMatch(f -> f.loader.refersTo(null))) {
      list.removeIf(f -> f.loader.refersTo(null));
      found.remove(id);
    }
    return list;
  }

  /** Returns what previous versions of a plugin have left behind. */
  public List<Leak> leaks(String id) {
    List<Retired> list = uncollected(id);
    if (list.isEmpty()) {
      return List.of();
    }
    long now = System.nanoTime();
    Findings last = found.get(id);
    if (last != null && now - last.atNanos < RECHECK.toNanos()) {
      return last.leaks;
    }
    List<Leak> leaks = new ArrayList<>();
    for (Retired old : list) {
      List<Leak> holders = holders(old);
      leaks.addAll(holders);
      if (old.canary.refersTo(null) && !old.loader.refersTo(null)) {
        leaks.add(
            new Leak(
                "class_loader",
                "not collected "
                    + (now - old.sinceNanos) / 1_000_000_000L
                    + " s after it was uninstalled"
                    + (holders.isEmpty()
                        ? "; nothing visible holds it, perhaps a shutdown hook, a thread local or a cache of"
                            + " the JDK that is emptied when memory is short"
                        : ""),
                old.version));
      }
    }
    List<Leak> sorted = List.copyOf(leaks);
    found.put(id, new Findings(now, sorted));
    return sorted;
  }

  /** Returns what visibly holds a loader. */
  private List<Leak> holders(Retired old) {
    ClassLoader loader = old.loader.get();
    if (loader == null) {
      return List.of();
    }
    List<Leak> out = new ArrayList<>();
    for (String stay : threads.inside(loader)) {
      out.add(new Leak("thread", stay, old.version));
    }
    for (Thread thread : platformThreads()) {
      if (stemsFrom(thread, loader) && !threads.has(thread)) {
        boolean timer = thread.getClass().getName().equals("java.util.TimerThread");
        out.add(new Leak(timer ? "timer" : "thread", thread.getName(), old.version));
      }
    }
    mbeans(loader).forEach(name -> out.add(new Leak("mbean", name, old.version)));
    out.addAll(old.drivers);
    return out;
  }

  private static List<Thread> platformThreads() {
    ThreadGroup root = Objects.requireNonNull(Thread.currentThread().getThreadGroup());
    for (ThreadGroup up = root.getParent(); up != null; up = root.getParent()) {
      root = up;
    }
    Thread[] all = new Thread[root.activeCount() + 50];
    int n = root.enumerate(all, true);
    List<Thread> out = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      out.add(Objects.requireNonNull(all[i]));
    }
    return out;
  }

  private static boolean stemsFrom(Thread thread, ClassLoader loader) {
    Thread.UncaughtExceptionHandler handler = thread.getUncaughtExceptionHandler();
    return thread.getContextClassLoader() == loader
        || thread.getClass().getClassLoader() == loader
        || (handler != null && handler.getClass().getClassLoader() == loader);
  }

  private static List<String> mbeans(ClassLoader loader) {
    List<String> out = new ArrayList<>();
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    for (ObjectName name : server.queryNames(null, null)) {
      try {
        if (server.getClassLoaderFor(name) == loader) {
          out.add(name.getCanonicalName());
        }
      } catch (InstanceNotFoundException e) {
        LOG.trace("{} has gone meanwhile", name);
      }
    }
    out.sort(null);
    return out;
  }

  /**
   * A class loader with one class of its own, which only a collection that unloads classes removes.
   */
  private static final class ProbeLoader extends ClassLoader {
    ProbeLoader(@Nullable ClassLoader parent) {
      super("narthex leak probe", parent);
    }

    Class<?> define() throws IOException {
      String file = "DriverProbe.class";
      try (InputStream in = LeakMeter.class.getResourceAsStream(file)) {
        byte[] code = Objects.requireNonNull(in, file).readAllBytes();
        return defineClass(DriverProbe.class.getName(), code, 0, code.length);
      }
    }
  }

  private static WeakReference<@Nullable ClassLoader> canary() {
    ProbeLoader loader = new ProbeLoader(null);
    try {
      loader.define();
    } catch (IOException | LinkageError e) {
      LOG.warn("the leak meter cannot tell when classes are unloaded: {}", e.toString());
    }
    return new WeakReference<>(loader);
  }

  @SuppressWarnings("unchecked") // the type of the probe
  private static List<Leak> drivers(ClassLoader loader, String version) {
    List<Leak> out = new ArrayList<>();
    if (ModuleLayer.boot().findModule("java.sql").isEmpty()) {
      return out;
    }
    try {
      Object probe = new ProbeLoader(loader).define().getDeclaredConstructor().newInstance();
      for (Object driver : ((Supplier<List<Object>>) probe).get()) {
        if (driver.getClass().getClassLoader() == loader) {
          out.add(new Leak("jdbc_driver", driver.getClass().getName(), version));
        }
      }
    } catch (IOException | ReflectiveOperationException | RuntimeException | LinkageError e) {
      LOG.debug("JDBC drivers cannot be listed: {}", e.toString());
    }
    return out;
  }

  /** Returns the removed plugins that have left something behind, by id. */
  public List<String> removedWithLeftovers() {
    return removed.stream().filter(id -> !leaks(id).isEmpty()).sorted().toList();
  }

  /** Records that a plugin has been removed; its series end once nothing of it is left. */
  public void removed(String id) {
    removed.add(id);
  }

  @Override
  public void collect(MetricSink sink) {
    String name = "narthex_plugin_leaked";
    sink.family(
        new MetricMetadata(
            name,
            MetricType.GAUGE,
            "What former versions of a plugin have left behind: class loaders that a garbage collection did not take, threads, timers, MBeans, JDBC drivers. Above 0 the plugin has a fault; the plugin's page tells names.",
            ""));
    for (String id : new TreeMap<>(retired).keySet()) {
      if (removed.contains(id) && uncollected(id).isEmpty()) {
        retired.remove(id);
        removed.remove(id);
        continue;
      }
      Map<String, Integer> byWhat = new LinkedHashMap<>();
      WHAT.forEach(what -> byWhat.put(what, 0)); // a 0 says more than a missing series
      leaks(id).forEach(l -> byWhat.merge(l.what(), 1, Integer::sum));
      new TreeMap<>(byWhat)
          .forEach((what, n) -> sink.sample(name, Labels.of("plugin", id, "what", what), n));
    }
  }
}
