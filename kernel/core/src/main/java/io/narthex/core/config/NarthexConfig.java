package io.narthex.core.config;

import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.WebListener;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.Setting;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code narthex.yml}: what the originals' files have no place for. A key without value is the same
 * as an absent one, and an empty block the same as an absent one.
 */
public record NarthexConfig(
    @Setting(help = "Storage plugin and its settings") StorageChoice storage,
    @Setting(name = "exporters", help = "Settings of the exporters, by type", optional = true)
        @Nullable ConfigNode exporterBlocks,
    @Setting(help = "When failures of plugins have consequences; taken at the start")
        PluginLimits plugins,
    @Setting(
            help = "How long the end of the server may take; taken at the start",
            defaultValue = "9s",
            min = 1)
        Duration stopTimeout,
    @Setting(
            name = "access",
            help = "Who may do what over HTTP: compatible, strict, or a map",
            optional = true)
        @Nullable ConfigNode accessBlock,
    @Setting(name = "web", help = "Further listeners", optional = true)
        @Nullable ConfigNode webBlock) {
  /** Refuses what is no map, access that cannot be, and listeners that cannot be. */
  public NarthexConfig {
    checkMap(exporterBlocks, "exporters");
    checkMap(webBlock, "web");
    AccessConfig access = AccessSection.read(accessBlock);
    List<WebListener> listeners = WebSection.read(map(webBlock));
  }

  /** Returns who may do what over HTTP. */
  public AccessConfig access() {
    return AccessSection.read(accessBlock);
  }

  /** Returns the further listeners. */
  public List<WebListener> listeners() {
    return WebSection.read(map(webBlock));
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

  /** When failures of plugins have consequences. */
  public record PluginLimits(
      @Setting(
              help =
                  "Failed calls in a row after which an exporter or notifier is left alone for a"
                      + " while",
              defaultValue = "5",
              min = 1)
          int circuitFailures,
      @Setting(
              help = "Crashes of a discovery in a row, without a result, until it is quarantined",
              defaultValue = "10",
              min = 1)
          int quarantineCrashes,
      @Setting(
              help = "Failed starts in a row until a plugin is quarantined",
              defaultValue = "3",
              min = 1)
          int quarantineStarts,
      @Setting(
              help = "How old a crash or failed start may be to count",
              defaultValue = "1h",
              min = 1)
          Duration quarantineWindow,
      @Setting(
              help = "First pause after a failure; it doubles each time",
              defaultValue = "5s",
              min = 0.01)
          Duration retryPause,
      @Setting(help = "Longest pause after a failure", defaultValue = "1m", min = 0.01)
          Duration longestRetryPause,
      @Setting(
              help =
                  "How long a jar deleted from the plugin folder may take to come back before its"
                      + " plugin stops",
              defaultValue = "10s",
              min = 0)
          Duration removalGrace,
      @Setting(
              help =
                  "How long an update is watched; one that fails meanwhile goes back to the version"
                      + " before; 0s: not at all",
              defaultValue = "10m",
              min = 0)
          Duration probation,
      @Setting(
              help = "Targets that a block of a discovery may have, and groups of targets",
              defaultValue = "100000",
              min = 1)
          int maxTargets,
      @Setting(
              help = "Size of the targets of a block of a discovery",
              defaultValue = "268435456",
              min = 1)
          long maxTargetBytes,
      @Setting(help = "Time of one call of a function", defaultValue = "30s", min = 0.01)
          Duration functionTimeout,
      @Setting(
              help = "Time of one call of a storage, or of one step of a cursor",
              defaultValue = "2m",
              min = 0.01)
          Duration storageCallTimeout,
      @Setting(
              help = "How long a storage that is being opened may show no progress",
              defaultValue = "10m",
              min = 0.01)
          Duration storageOpenTimeout) {}
}
