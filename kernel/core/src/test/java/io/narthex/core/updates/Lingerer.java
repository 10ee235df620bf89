package io.narthex.core.updates;

import java.util.concurrent.locks.LockSupport;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/** A bundle that does not end its stop while a property of the test is set. */
public final class Lingerer implements BundleActivator {
  static final String STAYS = "lingerer.stays";

  @Override
  public void start(BundleContext context) {}

  @Override
  public void stop(BundleContext context) {
    while (System.getProperty(STAYS) != null) {
      LockSupport.parkNanos(1_000_000);
      boolean _ = Thread.interrupted();
    }
  }
}
