package io.narthex.core.plugin;

import io.narthex.core.host.HostThreads;
import io.narthex.core.plugin.state.Deaths;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleReference;

/**
 * Records which plugin called {@code System.exit}. The server itself never does: it ends with
 * {@code halt}, which runs no shutdown hooks. So when this hook runs, other code has ended the
 * process, and its thread is still inside the call.
 */
final class ExitWatch extends Thread {
  private final Deaths deaths;
  private final HostThreads threads;

  ExitWatch(Deaths deaths, HostThreads threads) {
    super("exit watch");
    this.deaths = deaths;
    this.threads = threads;
  }

  /** Starts watching. */
  void begin() {
    try {
      Runtime.getRuntime().addShutdownHook(this);
    } catch (IllegalStateException e) {
      return; // the process is ending already
    }
  }

  /** Stops watching. */
  void end() {
    try {
      Runtime.getRuntime().removeShutdownHook(this);
    } catch (IllegalStateException e) {
      return; // the process is ending already
    }
  }

  @Override
  public void run() {
    inspect(Thread.getAllStackTraces());
  }

  /** Looks for a thread inside the call. */
  void inspect(Map<Thread, StackTraceElement[]> stacks) {
    stacks.forEach((thread, stack) -> {
      int call = exitCall(stack);
      Bundle plugin = call < 0 ? null : pluginOf(thread);
      if (plugin != null) {
        String place = call + 1 < stack.length ? stack[call + 1].toString() : "an unknown location";
        deaths.caught(plugin.getSymbolicName(), plugin.getVersion().toString(), place);
      }
    });
  }

  /** Returns the index of the outermost frame of the call, or -1. */
  private static int exitCall(StackTraceElement[] stack) {
    int found = -1;
    for (int i = 0; i < stack.length; i++) {
      String frame = stack[i].getClassName() + "." + stack[i].getMethodName();
      if (frame.equals("java.lang.Runtime.exit") || frame.equals("java.lang.System.exit")) {
        found = i;
      }
    }
    return found;
  }

  private @Nullable Bundle pluginOf(Thread thread) {
    List<@Nullable ClassLoader> loaders = new ArrayList<>(threads.loadersOf(thread));
    loaders.add(thread.getContextClassLoader());
    for (ClassLoader loader : loaders) {
      if (loader instanceof BundleReference reference
          && reference.getBundle().getLocation().startsWith("plugin:")) {
        return reference.getBundle();
      }
    }
    return null;
  }
}
