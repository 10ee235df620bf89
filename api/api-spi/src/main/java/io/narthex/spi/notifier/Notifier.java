package io.narthex.spi.notifier;

import org.osgi.annotation.versioning.ConsumerType;

/** Delivers notifications of one receiver block. Called from several threads of the host. */
@ConsumerType
public interface Notifier extends AutoCloseable {
  /**
   * Delivers one notification and says how it went. The host retries {@link SendResult.RetryLater}
   * with the same {@link Notification#dedupKey()} until the group's next turn; interruption means:
   * stop now.
   */
  SendResult send(Notification notification) throws InterruptedException;

  /** Frees what the notifier holds. Idempotent; the host calls it when no send is running. */
  @Override
  void close();
}
