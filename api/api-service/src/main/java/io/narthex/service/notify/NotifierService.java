package io.narthex.service.notify;

import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.SendResult;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Runs the notifier plugins of the configured receivers. Thread-safe. */
@ProviderType
public interface NotifierService {
  /** Returns the integrations of a receiver in the order of the file; empty when there is none. */
  List<Integration> integrations(String receiver);

  /**
   * Makes one attempt to deliver through an integration on the calling thread. An integration whose
   * plugin is absent or being replaced returns {@link SendResult.RetryLater}.
   */
  SendResult send(Integration integration, Notification notification) throws InterruptedException;

  /**
   * Returns why an integration cannot deliver now, because its plugin is absent or its block cannot
   * be used; empty when it can.
   */
  default String waiting(Integration integration) {
    return "";
  }

  /**
   * One block of a receiver.
   *
   * @param receiver name of the receiver
   * @param type for example {@code slack}
   * @param index index among the blocks of this type in the receiver, from 0
   * @param sendResolved whether resolved alerts are notified
   */
  record Integration(String receiver, String type, int index, boolean sendResolved) {
    /** Returns {@code slack[0]}. */
    public String label() {
      return type + "[" + index + "]";
    }
  }
}
