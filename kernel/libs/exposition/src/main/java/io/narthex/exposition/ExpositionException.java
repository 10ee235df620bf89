package io.narthex.exposition;

import java.io.IOException;

/** Thrown when an exposition cannot be read; the message is Prometheus', for users. */
public final class ExpositionException extends IOException {
  private static final long serialVersionUID = 1;

  /** Creates one with a message for users. */
  public ExpositionException(String message) {
    super(message);
  }
}
