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
 * Takes threads that have ended out of the class loaders of Felix.
 *
 * <p>The class loader of a bundle notes which thread defines which class. In Felix 7.0.5 a thread
 * that comes second, while another one finishes the same class, leaves its note behind for good,
 * and with the thread its task and context class loader: a version of a plugin that was taken out
 * long ago could never be collected. The note of a thread that has ended has no use. Felix offers
 * no way to the notes, so they are reached by reflection; where they are not found, nothing is
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

  /** Removes what ended threads have left; costs little, there are few bundles and fewer notes. */
  public void release() {
    if (absent) {
      return;
    }
    for (Bundle bundle : framework.getBundles()) {
      BundleWiring wiring = bundle.adapt(BundleWiring.class);
      ClassLoader loader = wiring == null ? null : wiring.getClassLoader();
      Map<?, ?> notes = loader == null ? null : notes(loader);
      if (notes != null) {
        notes.values().removeIf(t -> t instanceof Thread thread && !thread.isAlive());
      }
    }
  }

  private @Nullable Map<?, ?> notes(ClassLoader loader) {
    if (!loader.getClass().getName().startsWith("org.apache.felix.framework.")) {
      return null; // the framework itself has that of the application
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
      LOG.debug("this framework keeps no notes of threads that are known here: {}", e.toString());
      return null;
    }
  }
}
