package io.narthex.spi.storage;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Says when the reader of a request waits no longer: its time is over, or its client has left.
 * Asked by the thread that selects and reads. Cheap enough for every hundred series.
 *
 * @since 1.5
 */
@ConsumerType
@FunctionalInterface
public interface ReadEnd {
  /** Never. */
  ReadEnd NEVER = () -> false;

  /** Returns whether nobody waits any longer; once it is, it stays so. */
  boolean isReached();
}
