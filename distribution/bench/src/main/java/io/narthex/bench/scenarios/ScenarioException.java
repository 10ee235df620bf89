package io.narthex.bench.scenarios;

/** A scenario that failed or that cannot be understood; the message says why. */
final class ScenarioException extends RuntimeException {
  private static final long serialVersionUID = 1;

  ScenarioException(String message) {
    super(message);
  }

  ScenarioException(String message, Throwable cause) {
    super(message, cause);
  }
}
