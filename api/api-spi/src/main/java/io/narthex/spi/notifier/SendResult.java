package io.narthex.spi.notifier;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a delivery went. */
public sealed interface SendResult {
  /** The other side has accepted it. */
  record Delivered() implements SendResult {}

  /**
   * It may work later: network trouble, 5xx, 429.
   *
   * @param reason for the operator, no secrets
   * @param after what the other side asked for, or null
   */
  record RetryLater(String reason, @Nullable Duration after) implements SendResult {}

  /**
   * It will never work like this: bad credentials, refused content.
   *
   * @param reason for the operator, no secrets
   */
  record Rejected(String reason) implements SendResult {}

  /** Returns the verdict "accepted". */
  static SendResult delivered() {
    return new Delivered();
  }

  /** Returns the verdict "try again". */
  static SendResult retryLater(String reason) {
    return new RetryLater(reason, null);
  }

  /** Returns the verdict "give up". */
  static SendResult rejected(String reason) {
    return new Rejected(reason);
  }
}
