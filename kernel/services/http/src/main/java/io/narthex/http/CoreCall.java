package io.narthex.http;

import org.jspecify.annotations.Nullable;

/**
 * Calls from a request into the kernel that may start threads. They inherit the context class
 * loader, and would keep this bundle alive after it has been replaced.
 */
final class CoreCall {
  /** The call. */
  interface Body<T extends @Nullable Object, E extends Exception> {
    T run() throws E;
  }

  private CoreCall() {}

  /** Runs {@code body} with the context class loader of {@code service}. */
  static <T extends @Nullable Object, E extends Exception> T in(Object service, Body<T, E> body)
      throws E {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(service.getClass().getClassLoader());
    try {
      return body.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
