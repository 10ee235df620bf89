package io.narthex.core.host;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Tracks the threads of the host that are inside plugin code, and those lent to plugins.
 * Thread-safe. Keeps no class loader alive.
 */
public final class HostThreads {
  /** A thread inside a plugin. Equality is identity. */
  static final class Stay {
    final Thread thread;
    final WeakReference<@Nullable ClassLoader> loader;
    final String what;
    final @Nullable Object owner; // the instance the thread was lent to
    final PluginUsage.@Nullable Meter meter;
    final long since = System.nanoTime();
    private boolean over; // guarded by this
    private boolean interrupted; // by the host, while inside; guarded by this

    Stay(
        Thread thread,
        @Nullable ClassLoader loader,
        String what,
        @Nullable Object owner,
        PluginUsage.@Nullable Meter meter) {
      this.thread = thread;
      this.loader = new WeakReference<>(loader);
      this.what = what;
      this.owner = owner;
      this.meter = meter;
    }

    /** Interrupts the thread unless it has left the plugin. */
    synchronized void interrupt() {
      if (!over) {
        interrupted = true;
        thread.interrupt();
      }
    }

    /** Ends the stay; returns whether the thread was interrupted before. */
    private synchronized boolean end() {
      over = true;
      return interrupted;
    }
  }

  private final Set<Stay> stays = ConcurrentHashMap.newKeySet();

  /** Records that this thread enters a plugin; returns the argument for {@link #leave}. */
  Stay enter(@Nullable ClassLoader loader, String what, PluginUsage.@Nullable Meter meter) {
    Stay stay = new Stay(Thread.currentThread(), loader, what, null, meter);
    stays.add(stay);
    return stay;
  }

  /** Records that this thread has left the plugin; returns whether it was interrupted inside. */
  boolean leave(Stay stay) {
    stays.remove(stay);
    if (stay.meter != null) {
      stay.meter.end();
    }
    return stay.end();
  }

  /** Starts a thread for a plugin and counts its CPU time. */
  Thread lend(Thread.Builder builder, Object owner, PluginUsage usage, Runnable task) {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    ClassLoader ofTask = task.getClass().getClassLoader();
    ClassLoader loader = ofTask == null ? context : ofTask;
    Stay[] own = new Stay[1]; // written before the thread starts
    Thread thread =
        builder.unstarted(() -> {
          Thread.currentThread().setContextClassLoader(context);
          try {
            task.run();
          } finally {
            leave(own[0]);
          }
        });
    Stay stay = new Stay(thread, loader, thread.getName(), owner, usage.meter(thread));
    own[0] = stay;
    stays.add(stay);
    thread.start();
    return thread;
  }

  /**
   * Interrupts the threads lent to {@code owner} and waits for them; returns those that do not end.
   */
  List<String> end(Object owner, Duration deadline) {
    return end(s -> s.owner == owner, deadline);
  }

  /**
   * Interrupts all threads inside code of a class loader and waits for all of them until the
   * deadline.
   *
   * @return the names of those that do not end
   */
  public List<String> end(ClassLoader loader, Duration deadline) {
    return end(s -> s.loader.refersTo(loader), deadline);
  }

  private List<String> end(Predicate<Stay> which, Duration deadline) {
    List<Stay> concerned = stays.stream().filter(which).filter(s -> s.thread.isAlive()).toList();
    concerned.forEach(Stay::interrupt);
    long until = System.nanoTime() + deadline.toNanos();
    List<String> left = new ArrayList<>();
    for (Stay stay : concerned) {
      try {
        // a host thread may continue with other work once it has left the plugin
        while (stay.thread.isAlive()
            && stays.contains(stay)
            && System.nanoTime() - until < 0
            && !stay.thread.join(Duration.ofMillis(5))) {}
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (stay.thread.isAlive() && stays.contains(stay)) {
        left.add(stay.what);
      }
    }
    return left;
  }

  /** Returns the host's calls inside code of a class loader, with their age. */
  public List<String> inside(ClassLoader loader) {
    long now = System.nanoTime();
    return stays.stream()
        .filter(s -> s.loader.refersTo(loader) && s.thread.isAlive())
        .map(s -> s.what + ", for " + (now - s.since) / 1_000_000_000L + " s")
        .sorted()
        .toList();
  }

  /** Returns the class loaders of the plugins that a thread is in. */
  public List<ClassLoader> loadersOf(Thread thread) {
    List<ClassLoader> out = new ArrayList<>();
    for (Stay stay : stays) {
      ClassLoader loader = stay.thread == thread ? stay.loader.get() : null;
      if (loader != null) {
        out.add(loader);
      }
    }
    return out;
  }

  /** Returns whether a thread is tracked here. */
  public boolean has(Thread thread) {
    return stays.stream().anyMatch(s -> s.thread == thread);
  }
}
