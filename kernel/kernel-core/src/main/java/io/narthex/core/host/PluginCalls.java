package io.narthex.core.host;

import java.util.concurrent.Callable;

/** Runs code of a plugin with the plugin's class loader as the thread's context class loader. */
final class PluginCalls {
  private PluginCalls() {}

  /**
   * Calls {@code body} as code of {@code plugin}'s class loader; restores the thread afterwards.
   */
  static <T> T call(Object plugin, Callable<T> body) throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(plugin.getClass().getClassLoader());
    try {
      return body.call();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** As {@link #call}, for bodies that throw nothing checked. */
  static <T> T open(Object plugin, Callable<T> body) {
    try {
      return call(plugin, body);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }
}
