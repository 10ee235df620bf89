package io.narthex.core.config;

import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Setting;
import java.util.Map;

/** {@code narthex.yml}: what the originals' files have no place for. */
public record NarthexConfig(
    @Setting(help = "Storage plugin and its settings") StorageChoice storage,
    @Setting(help = "Settings of the exporters, by type") Map<String, ConfigNode> exporters) {

  /** The storage to use. */
  public record StorageChoice(
      @Setting(help = "Type of the storage plugin", defaultValue = "tsdb") String type,
      @Setting(help = "Settings beyond the flags") Map<String, ConfigNode> settings) {}
}
