package io.narthex.spi.notifier;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How a delivery went. */
public sealed interface SendResult {
  /**
   * The other side has accepted it.
   *
   * @param state what the notifier needs with the next notification of the same group, for example
   *     the reference of a message it changes then: the host keeps it over updates and restarts, at
   *     most {@link #MAX_STATE} characters; empty = nothing
   */
  record Delivered(Map<String, String> state) implements SendResult {
    /** Characters of names and values in all that the host keeps. */
    public static final int MAX_STATE = 4096;

    /** Copies the map. */
    public Delivered {
      state = Map.copyOf(state);
    }

    /** Creates a verdict without state. */
    public Delivered() {
      this(Map.of());
    }
  }

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

  /** Returns the verdict "accepted", with what is needed for the next notification. */
  static SendResult delivered(Map<String, String> state) {
    return new Delivered(state);
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
