package io.narthex.service.config;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** The configuration in effect. Thread-safe. */
@ProviderType
public interface ConfigService {
  /** Returns the configuration in effect. */
  ConfigSnapshot current();

  /**
   * Reads all files again and applies them. If a file cannot be used, nothing changes.
   *
   * @throws io.narthex.spi.config.ConfigException when a file cannot be used or a part of the
   *     server refuses it
   */
  void reload();

  /** Returns the outcome of the last attempt. */
  Outcome lastReload();

  /** Returns the settings that have no effect; empty when all have. */
  default List<Ignored> ignored() {
    return List.of();
  }

  /**
   * A setting that is accepted and has no effect.
   *
   * @param source {@code flag}, or the file
   * @param name the flag with its dashes, or the key
   * @param reason why it has no effect
   */
  record Ignored(String source, String name, String reason) {}

  /**
   * Outcome of an attempt to apply the configuration.
   *
   * @param error null when it succeeded
   * @param lastSuccess when the configuration in effect was applied
   */
  record Outcome(boolean successful, @Nullable String error, Instant lastSuccess) {}
}
