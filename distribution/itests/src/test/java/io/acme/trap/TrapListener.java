package io.acme.trap;

import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.ReloadListener;

/** A part that follows the configuration and hangs when the property {@code trap} says so. */
public final class TrapListener implements ReloadListener {
  /** Hangs, or does not. */
  public TrapListener() {
    if (System.getProperty("trap", "").equals("hang")) {
      java.util.concurrent.locks.LockSupport.park();
    }
  }

  @Override
  public String name() {
    return "trap";
  }

  @Override
  public int rank() {
    return 90;
  }

  @Override
  public void apply(ConfigSnapshot snapshot) {}
}
