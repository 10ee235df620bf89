package io.narthex.core.config;

import static io.narthex.core.config.Checks.error;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.model.go.PromDuration;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;

/**
 * Checks a block of one of Prometheus' discoveries whose plugin is not installed: only the keys
 * that all of them share. Everything else is left to the plugin.
 */
public final class OriginalBlocks {
  private OriginalBlocks() {}

  /**
   * Checks a block that waits for its plugin.
   *
   * @throws ConfigException with the position of an error in a shared key
   */
  public static void check(String type, ConfigNode block) {
    if (!OriginalNames.DISCOVERIES.contains(type) || Checks.isNull(block)) {
      return; // only its plugin knows the keys of any other discovery
    }
    if (!(block instanceof Mapping map)) {
      throw error(block, "expected a map in " + OriginalNames.discoveryKey(type));
    }
    HttpClientChecks.check(ConfigBinder.bind(block, HttpSettings.class, key -> true), block);
    ConfigNode interval = map.get("refresh_interval");
    if (interval != null && !Checks.isNull(interval)) {
      try {
        PromDuration.parse(interval instanceof Scalar s ? s.text() : "");
      } catch (IllegalArgumentException e) {
        throw new ConfigException(interval.place() + ": refresh_interval: " + e.getMessage(), e);
      }
    }
  }
}
