package io.narthex.spi.notifier;

import java.io.IOException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Delivers notifications of one receiver block. Thread-safe: called by several threads of the host
 * at once.
 */
@ConsumerType
public interface Notifier extends AutoCloseable {
  /**
   * Delivers one notification and returns the outcome. The host retries {@link
   * SendResult.RetryLater} with the same {@link Notification#dedupKey()} until the group's next
   * flush; an interrupt means that it must stop now.
   */
  SendResult send(Notification notification) throws InterruptedException;

  /**
   * Checks, without sending anything, that the receiver can be reached, for the self-test of an
   * update, while the previous version runs. It has 10 s. An update that throws here does not take
   * over. The default does nothing.
   *
   * @throws IOException when the receiver cannot be reached
   * @since 1.1
   */
  default void probe() throws IOException, InterruptedException {}

  /** Releases all resources. Idempotent; the host calls it when no send is running. */
  @Override
  void close();
}
