package io.narthex.spi.config;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a configuration cannot be used. The message has the form {@code where: what is wrong,
 * got X; what to do}; the host puts file, line and column in front.
 */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final @Nullable String key;

  /** Creates one with a message for the user. */
  public ConfigException(String message) {
    super(message);
    key = null;
  }

  private ConfigException(String key, String message) {
    super(message);
    this.key = key;
  }

  /**
   * Returns an exception about the value of a key, for the constructor of a configuration record:
   * the host puts the position of that value in front of the message.
   *
   * @param key the key in YAML
   * @since 1.1
   */
  public static ConfigException at(String key, String message) {
    return new ConfigException(key, message);
  }

  /** Creates one with a message for the user and its cause. */
  public ConfigException(String message, Throwable cause) {
    super(message, cause);
    key = null;
  }

  /**
   * Returns the key whose value is wrong, or null when the whole block is.
   *
   * @since 1.1
   */
  public @Nullable String key() {
    return key;
  }
}
