package io.narthex.launch;

import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * The kernel's hook for closing the storage.
 *
 * @param close closes the storage, or waits while another thread does
 * @param stopMillis how long the server may take to stop
 */
record StorageEnd(Runnable close, long stopMillis) {
  /** Finds the hook; null before the kernel has registered it. */
  static @Nullable StorageEnd find(BundleContext context) {
    try {
      for (ServiceReference<Runnable> reference :
          context.getServiceReferences(Runnable.class, "(narthex.role=close-storage)")) {
        Runnable close = context.getService(reference);
        if (close != null && reference.getProperty("narthex.stop.millis") instanceof Long millis) {
          return new StorageEnd(close, millis);
        }
      }
      return null;
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e); // it is a constant
    }
  }
}
