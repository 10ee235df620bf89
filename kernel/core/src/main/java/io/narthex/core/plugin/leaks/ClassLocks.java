package io.narthex.core.plugin.leaks;

import java.lang.reflect.Field;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.BundleWiring;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes terminated threads from the class loaders of Felix.
 *
 * <p>The class loader of a bundle keeps a map of the classes being defined to their threads. In
 * Felix 7.0.5 a thread that asks for a class while another one finishes it leaves its entry behind
 * for good, and with the thread its task and context class loader, so that an uninstalled version
 * of a plugin could never be collected. Entries of terminated threads serve no purpose. Felix
 * offers no access to the map, so it is reached by reflection; where it is not found, nothing is
 * done. Thread-safe.
 */
public final class ClassLocks {
  private static final Logger LOG = LoggerFactory.getLogger(ClassLocks.class);
  private static final String FIELD = "m_classLocks";

  private final BundleContext framework;
  private volatile @Nullable Field field;
  private volatile boolean absent;

  public ClassLocks(BundleContext framework) {
    this.framework = framework;
  }

  /** Removes the entries of terminated threads. Cheap: there are few bundles and fewer entries. */
  public void release() {
    if (absent) {
      return;
    }
    for (Bundle bundle : framework.getBundles()) {
      BundleWiring wiring = bundle.adapt(BundleWiring.class);
      ClassLoader loader = wiring == null ? null : wiring.getClassLoader();
      Map<?, ?> locks = loader == null ? null : locks(loader);
      if (locks != null) {
        locks.values().removeIf(t -> t instanceof Thread thread && !thread.isAlive());
      }
    }
  }

  private @Nullable Map<?, ?> locks(ClassLoader loader) {
    if (!loader.getClass().getName().startsWith("org.apache.felix.framework.")) {
      return null; // the framework's own bundle has the application class loader
    }
    try {
      Field known = field;
      if (known == null) {
        known = loader.getClass().getDeclaredField(FIELD);
        known.setAccessible(true);
        field = known;
      }
      return (Map<?, ?>) known.get(loader);
    } catch (ReflectiveOperationException | RuntimeException e) {
      absent = true;
      LOG.debug(
          "the class loaders of this framework have no known map of threads: {}", e.toString());
      return null;
    }
  }
}
