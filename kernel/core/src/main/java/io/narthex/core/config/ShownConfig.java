package io.narthex.core.config;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.RecordYaml;
import io.narthex.config.yaml.SecretKeys;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.service.config.ShownText;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The configuration as the status APIs show it: defaults filled in, secrets hidden. Which values
 * are secret is known from the records of running plugins, and guessed by key in blocks without a
 * plugin.
 */
public final class ShownConfig {
  /** A block of a receiver as it is in effect. */
  public record Block(Record config, boolean sendResolvedByDefault) {}

  /** The records of the plugins that run. */
  public interface Records {
    /** Knows no plugin. */
    Records NONE =
        new Records() {
          @Override
          public @Nullable Class<? extends Record> discovery(String type) {
            return null;
          }

          @Override
          public @Nullable Class<? extends Record> notifier(String type) {
            return null;
          }

          @Override
          public List<Class<? extends Record>> globals() {
            return List.of();
          }
        };

    /** Returns the record of a discovery's blocks, or null. */
    @Nullable Class<? extends Record> discovery(String type);

    /** Returns the record of a notifier's blocks, or null. */
    @Nullable Class<? extends Record> notifier(String type);

    /**
     * Returns a block of a receiver with the values it inherits from {@code global:}, or null when
     * no plugin serves it.
     *
     * @throws ConfigException when its plugin cannot take it
     */
    default @Nullable Block effective(String type, ConfigNode block, ConfigNode globals) {
      return null;
    }

    /** Returns the records of keys in {@code global:} of {@code alertmanager.yml}. */
    List<Class<? extends Record>> globals();
  }

  private final Records records;

  /** Creates a renderer. */
  public ShownConfig(Records records) {
    this.records = records;
  }

  /**
   * Returns the snapshot with its YAML rendered again, once somebody asks for it.
   *
   * @param alertmanager the root of {@code alertmanager.yml}, or null
   */
  ConfigSnapshot show(ConfigSnapshot snapshot, @Nullable ConfigNode alertmanager) {
    return new ConfigSnapshot(
        snapshot.prometheus(),
        ShownText.madeBy(() -> prometheus(snapshot.prometheus())),
        snapshot.prometheusFolder(),
        snapshot.alertmanager(),
        alertmanager == null
            ? ShownText.of("")
            : ShownText.madeBy(
                () -> new ShownAlertmanager(records, snapshot.alertmanager()).yaml(alertmanager)),
        snapshot.alertmanagerFolder(),
        snapshot.access(),
        snapshot.listeners(),
        snapshot.warmUp(),
        snapshot.push(),
        snapshot.rules(),
        snapshot.dashboards(),
        snapshot.ui());
  }

  private String prometheus(PrometheusConfig config) {
    Map<String, Object> map = new LinkedHashMap<>(RecordYaml.toMap(config));
    if (!config.scrapeConfigs().isEmpty()) {
      List<Object> jobs = new ArrayList<>();
      for (ScrapeConfig job : config.scrapeConfigs()) {
        Map<String, Object> plain = new LinkedHashMap<>(RecordYaml.toMap(job));
        Map<String, List<@Nullable Object>> discoveries = new LinkedHashMap<>();
        for (DiscoveryBlock block : job.discoveries()) {
          String key =
              block.type().equals("static") ? "static_configs" : block.type() + "_sd_configs";
          discoveries.computeIfAbsent(key, k -> new ArrayList<>()).add(discovery(block));
        }
        plain.putAll(discoveries);
        jobs.add(plain);
      }
      map.put("scrape_configs", jobs);
    }
    return RecordYaml.print(map);
  }

  private @Nullable Object discovery(DiscoveryBlock block) {
    Class<? extends Record> type = records.discovery(block.type());
    if (type == null) {
      return SecretKeys.hideUnknown(block.node());
    }
    try {
      return RecordYaml.toMap(ConfigBinder.bind(block.node(), type));
    } catch (ConfigException e) {
      return SecretKeys.hide(
          block.node(), type); // its plugin refuses it, which is reported elsewhere
    }
  }
}
