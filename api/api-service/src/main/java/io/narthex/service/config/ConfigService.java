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
   * Reads all files again and applies them. A file that cannot be used changes nothing.
   *
   * @throws io.narthex.spi.config.ConfigException when a file cannot be used or a part refused it
   */
  void reload();

  /** Returns how the newest attempt ended. */
  Outcome lastReload();

  /** Returns what is configured and has no effect; empty when everything has. */
  default List<Ignored> ignored() {
    return List.of();
  }

  /**
   * A setting that is accepted without effect.
   *
   * @param source {@code flag}, or the file
   * @param name the flag with its dashes, or the key
   * @param reason why it has none
   */
  record Ignored(String source, String name, String reason) {}

  /**
   * How an attempt to apply the configuration ended.
   *
   * @param error null when it succeeded
   * @param lastSuccess when the configuration in effect was applied
   */
  record Outcome(boolean successful, @Nullable String error, Instant lastSuccess) {}
}
