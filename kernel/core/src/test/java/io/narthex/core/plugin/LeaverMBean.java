package io.narthex.core.plugin;

/** What {@link Leaver} offers. */
public interface LeaverMBean {
  /** Takes away what was left behind. */
  void cleanUp() throws Exception;
}
