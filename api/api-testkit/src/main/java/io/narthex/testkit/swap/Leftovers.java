package io.narthex.testkit.swap;

import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * Finds what a version has left behind: threads, MBeans, its class loader. This class holds the
 * class loader no longer than a call.
 */
final class Leftovers {
  private static final long PAUSE_MS = 50;
  private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

  private final Set<ObjectName> mbeansBefore = mbeans();

  private static Set<ObjectName> mbeans() {
    return new HashSet<>(ManagementFactory.getPlatformMBeanServer().queryNames(null, null));
  }

  /** A version that should be gone. */
  record Gone(String label, String loaderName, WeakReference<ClassLoader> loader) {
    static Gone of(PluginVersion version) {
      return new Gone(
          version.label(),
          String.valueOf(version.loader().getName()),
          new WeakReference<>(version.loader()));
    }

    boolean isLoader(@Nullable ClassLoader candidate) {
      return candidate != null && candidate == loader.get();
    }

    /**
     * Returns whether a class, or the class around a lambda expression, belongs to this version.
     */
    boolean defined(String className) {
      int lambda = className.indexOf("$$");
      return loader.get() instanceof PluginVersion.Loader l
          && l.hasDefined(lambda < 0 ? className : className.substring(0, lambda));
    }

    boolean isCollected() {
      return loader.get() == null;
    }
  }

  /** Waits until nothing of the versions is left, and returns what is still left at the end. */
  List<String> find(List<Gone> versions, Duration patience) throws InterruptedException {
    long begun = System.nanoTime();
    List<String> left = new ArrayList<>();
    boolean cleared = false;
    while (true) {
      System.gc();
      left.clear();
      versions.forEach(v -> left.addAll(leftOf(v, patience)));
      long waited = System.nanoTime() - begun;
      if (left.isEmpty() || waited > patience.toNanos()) {
        return left;
      }
      if (!cleared && waited > patience.toNanos() / 4) {
        clearSoftReferences();
        cleared = true;
      }
      Thread.sleep(PAUSE_MS); // there is no signal for ended threads and unreachable loaders
    }
  }

  /**
   * Makes the JVM clear soft references, as it does before it runs out of memory. The JDK itself
   * holds recently used classes by them, for example those of a record's components.
   */
  private static void clearSoftReferences() {
    long max = Runtime.getRuntime().maxMemory();
    int larger = (int) Math.min(max / Long.BYTES + 1, LONGEST_ARRAY);
    if ((long) larger * Long.BYTES < max) {
      return; // the allocation would succeed
    }
    try {
      long[] tooLarge = new long[larger];
      throw new IllegalStateException("an array of " + tooLarge.length + " fits into the heap");
    } catch (OutOfMemoryError wanted) {
      System.gc();
    }
  }

  private List<String> leftOf(Gone version, Duration patience) {
    List<String> left = new ArrayList<>();
    threads(version, left);
    mbeans(version, left);
    if (left.isEmpty() && !version.isCollected()) {
      left.add(
          "the class loader of the "
              + version.label()
              + " is still reachable "
              + patience.toMillis() / 1000.0
              + " s after the version ended; something outside the plugin holds an object of it:"
              + " a shutdown hook, a virtual thread, a driver or provider registered with the JDK,"
              + " a system property, a ThreadLocal of a foreign thread, a static field of a"
              + " library. A heap dump shows the path from the GC roots to class loader \""
              + version.loaderName()
              + "\"");
    }
    return left;
  }

  private static void threads(Gone version, List<String> left) {
    for (Map.Entry<Thread, StackTraceElement[]> e : Thread.getAllStackTraces().entrySet()) {
      Thread thread = e.getKey();
      StackTraceElement own = null;
      for (StackTraceElement frame : e.getValue()) {
        if (own == null && version.loaderName().equals(frame.getClassLoaderName())) {
          own = frame;
        }
      }
      if (own != null
          || version.isLoader(thread.getContextClassLoader())
          || version.isLoader(thread.getClass().getClassLoader())) {
        StackTraceElement at = own != null || e.getValue().length == 0 ? own : e.getValue()[0];
        left.add(
            "the "
                + version.label()
                + " left thread \""
                + thread.getName()
                + "\" running"
                + (at == null
                    ? ""
                    : ", at "
                        + at.getClassName()
                        + "."
                        + at.getMethodName()
                        + ":"
                        + at.getLineNumber())
                + "; end it before run(), close() or the call that started it returns");
      }
    }
  }

  private void mbeans(Gone version, List<String> left) {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    for (ObjectName name : mbeans()) {
      if (!mbeansBefore.contains(name)) {
        try {
          String implementation = server.getMBeanInfo(name).getClassName();
          if (version.isLoader(server.getClassLoaderFor(name)) || version.defined(implementation)) {
            left.add(
                "the " + version.label() + " left MBean " + name + " registered; unregister it");
          }
        } catch (JMException e) {
          continue; // removed meanwhile, or without class information
        }
      }
    }
  }
}
