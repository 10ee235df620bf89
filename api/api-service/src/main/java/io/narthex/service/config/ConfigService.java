package io.narthex.service.config;

import java.time.Instant;
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

  /**
   * How an attempt to apply the configuration ended.
   *
   * @param error null when it succeeded
   * @param lastSuccess when the configuration in effect was applied
   */
  record Outcome(boolean successful, @Nullable String error, Instant lastSuccess) {}
}
