package io.narthex.core.config;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.Setting;
import org.jspecify.annotations.Nullable;

/**
 * {@code narthex.yml}: what the originals' files have no place for. A key without value is the same
 * as an absent one, and an empty block the same as an absent one.
 */
public record NarthexConfig(
    @Setting(help = "Storage plugin and its settings") StorageChoice storage,
    @Setting(name = "exporters", help = "Settings of the exporters, by type", optional = true)
        @Nullable ConfigNode exporterBlocks) {
  /** Refuses what is no map. */
  public NarthexConfig {
    checkMap(exporterBlocks, "exporters");
  }

  /** The storage to use. */
  public record StorageChoice(
      @Setting(help = "Type of the storage plugin", defaultValue = "tsdb") String type,
      @Setting(name = "settings", help = "Settings beyond the flags", optional = true)
          @Nullable ConfigNode block) {
    /** Refuses what is no map; no type is the default one. */
    public StorageChoice {
      type = type.isEmpty() ? "tsdb" : type;
      checkMap(block, "storage.settings");
    }

    /** Returns the settings with their places; empty when there are none. */
    public Mapping settings() {
      return map(block);
    }
  }

  /** Returns the blocks of the exporters by type, with their places; empty when there are none. */
  public Mapping exporters() {
    return map(exporterBlocks);
  }

  private static void checkMap(@Nullable ConfigNode node, String key) {
    if (node != null && !(node instanceof Mapping) && !isNull(node)) {
      // the place in front is that of the block this key stands in
      throw new ConfigException(key + " must be a map, got something else at " + node.place());
    }
  }

  private static boolean isNull(ConfigNode node) {
    return node instanceof Scalar s && s.kind() == Scalar.Kind.NULL;
  }

  private static Mapping map(@Nullable ConfigNode node) {
    return node instanceof Mapping m ? m : ConfigNode.emptyMapping("narthex.yml");
  }
}
