package io.narthex.spi.notifier;

import java.io.IOException;
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

  /**
   * Checks without sending anything that the receiver can be reached, for the self-test of an
   * update, while the previous version runs. It has 10 s. An update that throws here does not take
   * over. Does nothing unless the notifier knows how.
   *
   * @throws IOException when it cannot be reached
   * @since 1.1
   */
  default void probe() throws IOException, InterruptedException {}

  /** Frees what the notifier holds. Idempotent; the host calls it when no send is running. */
  @Override
  void close();
}
