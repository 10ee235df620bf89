package io.narthex.spi.config;

/**
 * A configuration that cannot be used. The message has the form {@code where: what is wrong, got X;
 * what to do}; the host puts file, line and column in front.
 */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Creates one with a message for the user. */
  public ConfigException(String message) {
    super(message);
  }

  /** Creates one with a message for the user and its cause. */
  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
