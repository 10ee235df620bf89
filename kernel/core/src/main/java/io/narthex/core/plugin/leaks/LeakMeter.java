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
 * Finds out what versions of plugins have left behind when they were taken out.
 *
 * <p><b>What is seen.</b> Class loaders that outlive a garbage collection; threads of the host that
 * do not come back from the plugin or were lent to it; platform threads whose context class loader,
 * class or exception handler is the plugin's; {@link java.util.Timer}s among them; MBeans of the
 * platform's server; JDBC drivers.
 *
 * <p><b>What is not.</b> Shutdown hooks, thread locals, virtual threads that a plugin starts by
 * itself, and the task of a thread that has been given another context class loader: the platform
 * keeps them in private fields, which this server does not open. Each of them keeps the class
 * loader alive, so that it is shown, with the remark that nothing visible holds it.
 *
 * <p><b>Garbage collection.</b> A class loader is alive until a collection unloads classes, which
 * may take hours. When a version is taken out, another loader with one class is dropped at the same
 * time; only when that one has been collected, one that is still alive counts as leaked. No
 * collection is asked for.
 *
 * <p><b>Cost.</b> Nothing while no former loader is alive; else one look at threads and MBeans, at
 * most every {@link #RECHECK}. Thread-safe.
 */
public final class LeakMeter implements MetricCollector {
  private static final List<String> WHAT =
      List.of("class_loader", "thread", "timer", "mbean", "jdbc_driver");
  private static final Logger LOG = LoggerFactory.getLogger(LeakMeter.class);
  private static final Duration RECHECK = Duration.ofSeconds(5);
  private static final Duration END_DEADLINE = Duration.ofSeconds(2);

  /** A version that has been taken out. */
  private static final class Former {
    final String version;
    final WeakReference<@Nullable ClassLoader> loader;
    final WeakReference<@Nullable ClassLoader> canary;
    final long sinceNanos = System.nanoTime();
    final List<Leak> drivers; // looked for once

    Former(
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

  /** What was found when. */
  private record Found(long atNanos, List<Leak> leaks) {}

  private final ConcurrentMap<String, List<Former>> formers = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, Found> found = new ConcurrentHashMap<>();
  private final Set<String> removed = ConcurrentHashMap.newKeySet();
  private final HostThreads threads;
  private final Runnable tidy;

  /**
   * Creates a meter.
   *
   * @param tidy removes what the framework itself keeps of former versions; called before looking
   */
  public LeakMeter(HostThreads threads, Runnable tidy) {
    this.threads = threads;
    this.tidy = tidy;
  }

  /**
   * Takes a class loader under observation. Ends the threads of the host that are inside it.
   *
   * @param version version that has been taken out
   */
  public void watch(String id, String version, @Nullable ClassLoader loader) {
    if (loader == null) {
      return;
    }
    List<String> stuck = threads.end(loader, END_DEADLINE);
    if (!stuck.isEmpty()) {
      LOG.warn("plugin {} {}: threads do not stop when interrupted: {}", id, version, stuck);
    }
    Former former = new Former(version, loader, canary(), drivers(loader, version));
    formers.computeIfAbsent(id, k -> new CopyOnWriteArrayList<>()).add(former);
    removed.remove(id);
    found.remove(id);
    List<Leak> left = look(former);
    if (!left.isEmpty()) {
      LOG.warn(
          "plugin {} {} has left behind: {}",
          id,
          version,
          left.stream().map(l -> l.what() + " " + l.name()).toList());
    }
  }

  /** Returns how many class loaders of former versions are alive, leaked or not yet collected. */
  public int alive(String id) {
    return current(id).size();
  }

  private List<Former> current(String id) {
    List<Former> list = formers.getOrDefault(id, List.of());
    if (!list.isEmpty()) {
      tidy.run();
    }
    if (list.stream().anyMatch(f -> f.loader.refersTo(null))) {
      list.removeIf(f -> f.loader.refersTo(null));
      found.remove(id);
    }
    return list;
  }

  /** Returns what former versions of a plugin have left behind. */
  public List<Leak> leaks(String id) {
    List<Former> list = current(id);
    if (list.isEmpty()) {
      return List.of();
    }
    long now = System.nanoTime();
    Found last = found.get(id);
    if (last != null && now - last.atNanos < RECHECK.toNanos()) {
      return last.leaks;
    }
    List<Leak> leaks = new ArrayList<>();
    for (Former former : list) {
      List<Leak> holders = look(former);
      leaks.addAll(holders);
      if (former.canary.refersTo(null) && !former.loader.refersTo(null)) {
        leaks.add(
            new Leak(
                "class_loader",
                "not collected "
                    + (now - former.sinceNanos) / 1_000_000_000L
                    + " s after it was taken out"
                    + (holders.isEmpty()
                        ? "; nothing visible holds it, perhaps a shutdown hook, a thread local or a cache of"
                            + " the JDK that is emptied when memory is short"
                        : ""),
                former.version));
      }
    }
    List<Leak> sorted = List.copyOf(leaks);
    found.put(id, new Found(now, sorted));
    return sorted;
  }

  /** Returns what holds a loader. */
  private List<Leak> look(Former former) {
    ClassLoader loader = former.loader.get();
    if (loader == null) {
      return List.of();
    }
    List<Leak> out = new ArrayList<>();
    for (String stay : threads.inside(loader)) {
      out.add(new Leak("thread", stay, former.version));
    }
    for (Thread thread : platformThreads()) {
      if (stemsFrom(thread, loader) && !threads.has(thread)) {
        boolean timer = thread.getClass().getName().equals("java.util.TimerThread");
        out.add(new Leak(timer ? "timer" : "thread", thread.getName(), former.version));
      }
    }
    mbeans(loader).forEach(name -> out.add(new Leak("mbean", name, former.version)));
    out.addAll(former.drivers);
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

  /** A class loader with one class of its own, which only a collection that unloads can take. */
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

  @SuppressWarnings("unchecked") // the probe is that, see its source
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
      LOG.debug("JDBC drivers cannot be looked at: {}", e.toString());
    }
    return out;
  }

  /** Returns the removed plugins that have left something behind, by id. */
  public List<String> removedWithLeftovers() {
    return removed.stream().filter(id -> !leaks(id).isEmpty()).sorted().toList();
  }

  /** Notes that a plugin has been removed: its series go once nothing of it is left. */
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
    for (String id : new TreeMap<>(formers).keySet()) {
      if (removed.contains(id) && current(id).isEmpty()) {
        formers.remove(id);
        removed.remove(id);
        continue;
      }
      Map<String, Integer> byWhat = new LinkedHashMap<>();
      WHAT.forEach(what -> byWhat.put(what, 0)); // a series that ends says less than a 0
      leaks(id).forEach(l -> byWhat.merge(l.what(), 1, Integer::sum));
      new TreeMap<>(byWhat)
          .forEach((what, n) -> sink.sample(name, Labels.of("plugin", id, "what", what), n));
    }
  }
}
