package io.narthex.spi.config;

import org.jspecify.annotations.Nullable;

/**
 * A configuration that cannot be used. The message has the form {@code where: what is wrong, got X;
 * what to do}; the host puts file, line and column in front.
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
   * Returns one about the value of a key, for the constructor of a configuration record: the place
   * that the host puts in front is that of the value.
   *
   * @param key as it stands in the file
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
   * Returns the key that is wrong, or null when it is the block.
   *
   * @since 1.1
   */
  public @Nullable String key() {
    return key;
  }
}
