package io.narthex.spi.notifier;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The outcome of a delivery. Immutable. */
public sealed interface SendResult {
  /**
   * The receiving side has accepted it.
   *
   * @param state passed to the notifier with the next notification of the same group, for example
   *     the id of a message to be updated: the host keeps it over updates and restarts if it has at
   *     most {@link #MAX_STATE} characters, else drops it; empty = none
   */
  record Delivered(Map<String, String> state) implements SendResult {
    /** Most characters of all names and values together. */
    public static final int MAX_STATE = 4096;

    /** Copies the map. */
    public Delivered {
      state = Map.copyOf(state);
    }

    /** Creates an outcome without state. */
    public Delivered() {
      this(Map.of());
    }
  }

  /**
   * It may succeed later: network error, 5xx, 429.
   *
   * @param reason for the operator, without secrets
   * @param after least wait that the receiving side asked for, or null
   */
  record RetryLater(String reason, @Nullable Duration after) implements SendResult {}

  /**
   * It will never succeed unchanged: bad credentials, refused content.
   *
   * @param reason for the operator, without secrets
   */
  record Rejected(String reason) implements SendResult {}

  /** Returns "accepted". */
  static SendResult delivered() {
    return new Delivered();
  }

  /** Returns "accepted" with state for the next notification. */
  static SendResult delivered(Map<String, String> state) {
    return new Delivered(state);
  }

  /** Returns "try again". */
  static SendResult retryLater(String reason) {
    return new RetryLater(reason, null);
  }

  /** Returns "give up". */
  static SendResult rejected(String reason) {
    return new Rejected(reason);
  }
}
