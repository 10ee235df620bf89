package io.narthex.core.config;

import io.narthex.core.host.GuardLimits;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Setting;
import java.time.Duration;
import java.util.Map;

/** {@code narthex.yml}: what the originals' files have no place for. */
public record NarthexConfig(
    @Setting(help = "Storage plugin and its settings") StorageChoice storage,
    @Setting(help = "Settings of the exporters, by type") Map<String, ConfigNode> exporters,
    @Setting(help = "When failures of plugins have consequences; taken at the start")
        PluginLimits plugins) {

  /** The storage to use. */
  public record StorageChoice(
      @Setting(help = "Type of the storage plugin", defaultValue = "tsdb") String type,
      @Setting(help = "Settings beyond the flags") Map<String, ConfigNode> settings) {}

  /** When failures of plugins have consequences. */
  public record PluginLimits(
      @Setting(
              help =
                  "Failed calls in a row after which an exporter or notifier is left alone for a while",
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
          Duration longestRetryPause) {
    /** Returns them in the form that the guard takes. */
    public GuardLimits limits() {
      return new GuardLimits(
          circuitFailures,
          quarantineCrashes,
          quarantineStarts,
          quarantineWindow,
          retryPause,
          longestRetryPause);
    }
  }
}
