package io.narthex.core.config;

import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.WebListener;
import io.narthex.service.push.PushSettings;
import io.narthex.service.rules.RuleSettings;
import io.narthex.service.web.DashboardSettings;
import io.narthex.service.web.UiSettings;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.Setting;
import java.nio.file.InvalidPathException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code narthex.yml}: settings that the files of Prometheus and Alertmanager do not have. A key
 * without value and an empty block are the same as absent ones.
 */
public record NarthexConfig(
    @Setting(help = "Storage plugin to use, and its settings") StorageChoice storage,
    @Setting(
            name = "exporters",
            help = "Settings of in-process exporters, by type",
            optional = true)
        @Nullable ConfigNode exporterBlocks,
    @Setting(help = "Limits on failures and resources of plugins; read at the start only")
        PluginLimits plugins,
    @Setting(
            help = "How long the server may take to stop; read at the start only",
            defaultValue = "9s",
            min = 1)
        Duration stopTimeout,
    @Setting(
            name = "access",
            help = "Access over HTTP: compatible, strict, or a map",
            optional = true)
        @Nullable ConfigNode accessBlock,
    @Setting(name = "web", help = "Additional listeners, warm-up", optional = true)
        @Nullable ConfigNode webBlock,
    @Setting(help = "Pushed metrics: checks, names, limits") PushSettings push,
    @Setting(help = "Rules that come with the server") RuleSettings rules,
    @Setting(help = "Dashboards: shipped ones, folders with files") DashboardSettings dashboards,
    @Setting(help = "Settings of the pages: links to logs and traces") UiSettings ui) {
  private static final int MAX_FOLDERS = 50;

  /** Refuses values that must be maps and are not, and invalid access and listeners. */
  public NarthexConfig {
    checkMap(exporterBlocks, "exporters");
    checkMap(webBlock, "web");
    AccessConfig access = AccessSection.read(accessBlock);
    List<WebListener> listeners = WebSection.read(map(webBlock));
    checkFolders(dashboards.folders());
    for (PushSettings.TimeToLive t : push.timeToLive()) {
      t.matchers().forEach(NarthexConfig::checkMatcher);
    }
  }

  private static void checkFolders(List<DashboardSettings.Folder> folders) {
    if (folders.size() > MAX_FOLDERS) {
      throw ConfigException.at(
          "dashboards",
          "dashboards.folders has at most " + MAX_FOLDERS + " entries, got " + folders.size());
    }
    for (DashboardSettings.Folder folder : folders) {
      try {
        folder.title();
      } catch (InvalidPathException e) {
        throw ConfigException.at(
            "dashboards", "dashboards.folders: path cannot be one: " + e.getMessage());
      }
    }
  }

  private static void checkMatcher(String text) {
    try {
      AlertMatcher.compile(MatcherSyntax.parse(text, MatcherSyntax.Mode.UTF8));
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "push.time_to_live: matcher \"" + text + "\": " + e.getMessage(), e);
    }
  }

  /** Returns the rules of access over HTTP. */
  public AccessConfig access() {
    return AccessSection.read(accessBlock);
  }

  /** Returns the additional listeners. */
  public List<WebListener> listeners() {
    return WebSection.read(map(webBlock));
  }

  /** Returns whether the server warms up after its start. */
  public boolean warmUp() {
    return WebSection.warmUp(map(webBlock));
  }

  /** The storage to use. */
  public record StorageChoice(
      @Setting(help = "Type of the storage plugin", defaultValue = "tsdb") String type,
      @Setting(
              name = "settings",
              help = "Settings of the plugin; they override flags",
              optional = true)
          @Nullable ConfigNode block) {
    /** Refuses settings that are not a map; an empty type is the default one. */
    public StorageChoice {
      type = type.isEmpty() ? "tsdb" : type;
      checkMap(block, "storage.settings");
    }

    /** Returns the settings with their positions; empty when there are none. */
    public Mapping settings() {
      return map(block);
    }
  }

  /**
   * Returns the blocks of the exporters by type, with their positions; empty when there are none.
   */
  public Mapping exporters() {
    return map(exporterBlocks);
  }

  private static void checkMap(@Nullable ConfigNode node, String key) {
    if (node != null && !(node instanceof Mapping) && !isNull(node)) {
      // the binder adds the position of the enclosing block in front
      throw new ConfigException(key + " must be a map, got something else at " + node.place());
    }
  }

  private static boolean isNull(ConfigNode node) {
    return node instanceof Scalar s && s.kind() == Scalar.Kind.NULL;
  }

  private static Mapping map(@Nullable ConfigNode node) {
    return node instanceof Mapping m ? m : ConfigNode.emptyMapping("narthex.yml");
  }

  /** Limits on failures and resources of plugins. */
  public record PluginLimits(
      @Setting(
              help =
                  "Failed calls in a row after which an exporter or notifier is not called for a"
                      + " while",
              unit = "calls",
              defaultValue = "5",
              min = 1)
          int circuitFailures,
      @Setting(
              help = "Crashes of a discovery in a row, without a result, until it is quarantined",
              unit = "crashes",
              defaultValue = "10",
              min = 1)
          int quarantineCrashes,
      @Setting(
              help = "Failed starts in a row until a plugin is quarantined",
              unit = "starts",
              defaultValue = "3",
              min = 1)
          int quarantineStarts,
      @Setting(
              help = "Maximum age of a crash or failed start that counts",
              defaultValue = "1h",
              min = 1)
          Duration quarantineWindow,
      @Setting(
              help = "First pause after a failure; it doubles with each further one",
              defaultValue = "5s",
              min = 0.01)
          Duration retryPause,
      @Setting(help = "Maximum pause after a failure", defaultValue = "1m", min = 0.01)
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
                  "How long an update is watched; one that fails meanwhile is rolled back; 0s: not"
                      + " at all",
              defaultValue = "10m",
              min = 0)
          Duration probation,
      @Setting(
              help = "Maximum number of targets, and of groups, of a discovery block",
              unit = "targets",
              defaultValue = "100000",
              min = 1)
          int maxTargets,
      @Setting(
              help = "Maximum estimated memory of the targets of a discovery block",
              unit = "bytes",
              defaultValue = "268435456",
              min = 1)
          long maxTargetBytes,
      @Setting(help = "Maximum time of one call of a function", defaultValue = "30s", min = 0.01)
          Duration functionTimeout,
      @Setting(
              help = "Maximum time of one call of a storage, or of one step of a cursor",
              defaultValue = "2m",
              min = 0.01)
          Duration storageCallTimeout,
      @Setting(
              help = "Maximum time without progress while a storage is being opened",
              defaultValue = "10m",
              min = 0.01)
          Duration storageOpenTimeout) {}
}
