package io.narthex.core.plugin.leaks;

/** What {@link Leaver} offers. */
public interface LeaverMBean {
  /** Takes away what was left behind. */
  void cleanUp() throws Exception;
}
