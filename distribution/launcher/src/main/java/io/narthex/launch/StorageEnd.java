package io.narthex.launch;

import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * What the kernel tells the launcher about the end of the server.
 *
 * @param close closes the storage, and waits while somebody else does
 * @param stopMillis how long the end may take
 */
record StorageEnd(Runnable close, long stopMillis) {
  /** Finds it; null when the kernel has not come so far. */
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
