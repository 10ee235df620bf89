package io.narthex.spi.discovery;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Finds the targets of one {@code *_sd_configs} block. Confined to the thread that calls {@link
 * #run}.
 */
@ConsumerType
public interface Discovery {
  /**
   * Hands every target group to {@code sink} once, then each group that changes, until interrupted.
   * A failed refresh sends nothing: stale targets are better than half a list. Returning normally
   * means that nothing will change any more; an exception makes the host call again after a pause.
   */
  void run(TargetSink sink) throws InterruptedException;
}
