package io.narthex.core.config;

import io.narthex.format.alertmanager.AlertmanagerConfigLoader;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.format.yaml.RecordYaml;
import io.narthex.format.yaml.SecretKeys;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The configuration as the status APIs show it: defaults filled in, secrets hidden. The records of
 * the plugins that run tell what is a secret; of blocks without plugin their keys do.
 */
public final class ShownConfig {
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

    /** Returns the records of keys in {@code global:} of {@code alertmanager.yml}. */
    List<Class<? extends Record>> globals();
  }

  /** The URLs in here often hold a token. */
  private static final String WEBHOOKS = "webhook";

  private final Records records;

  /** Creates one. */
  public ShownConfig(Records records) {
    this.records = records;
  }

  /**
   * Returns the snapshot with its texts written anew.
   *
   * @param alertmanager the root of {@code alertmanager.yml}, or null
   */
  ConfigSnapshot show(ConfigSnapshot snapshot, @Nullable ConfigNode alertmanager) {
    return new ConfigSnapshot(
        snapshot.prometheus(),
        prometheus(snapshot.prometheus()),
        snapshot.prometheusFolder(),
        snapshot.alertmanager(),
        alertmanager == null ? "" : alertmanager(alertmanager),
        snapshot.alertmanagerFolder(),
        snapshot.access());
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
      return SecretKeys.hide(block.node(), type); // its plugin refuses it, and says so elsewhere
    }
  }

  private String alertmanager(ConfigNode root) {
    Map<String, Object> out = new LinkedHashMap<>();
    if (root instanceof Mapping map) {
      for (Entry e : map.entries()) {
        Object shown =
            switch (e.key()) {
              case "receivers" -> receivers(e.value());
              case "global" -> globals(e.value());
              default -> SecretKeys.hide(e.value());
            };
        putShown(out, e.key(), shown);
      }
    }
    return RecordYaml.print(out);
  }

  /** Puts a value that may be null: the file says nothing behind the key then. */
  @SuppressWarnings("NullAway") // the printer writes null
  private static void putShown(Map<String, Object> out, String key, @Nullable Object value) {
    out.put(key, value);
  }

  private @Nullable Object receivers(ConfigNode node) {
    if (!(node instanceof Sequence list)) {
      return SecretKeys.hide(node);
    }
    List<@Nullable Object> out = new ArrayList<>();
    for (ConfigNode item : list.items()) {
      if (!(item instanceof Mapping receiver)) {
        out.add(SecretKeys.hide(item));
        continue;
      }
      Map<String, @Nullable Object> shown = new LinkedHashMap<>();
      for (Entry e : receiver.entries()) {
        boolean blocks = e.key().endsWith("_configs") && e.value() instanceof Sequence;
        shown.put(
            e.key(),
            blocks
                ? blocks(
                    e.key().substring(0, e.key().length() - "_configs".length()),
                    (Sequence) e.value())
                : SecretKeys.hide(e.value()));
      }
      out.add(shown);
    }
    return out;
  }

  private List<@Nullable Object> blocks(String type, Sequence blocks) {
    Class<? extends Record> record = records.notifier(type);
    List<@Nullable Object> out = new ArrayList<>();
    for (ConfigNode block : blocks.items()) {
      Object shown =
          record == null ? SecretKeys.hideUnknown(block) : SecretKeys.hide(block, record);
      if (record == null && type.equals(WEBHOOKS) && shown instanceof Map<?, ?> map) {
        Map<String, @Nullable Object> hidden = new LinkedHashMap<>();
        map.forEach((k, v) ->
            hidden.put(
                String.valueOf(k), "url".equals(k) && v instanceof String ? SecretKeys.HIDDEN : v));
        shown = hidden;
      }
      out.add(shown);
    }
    return out;
  }

  private @Nullable Object globals(ConfigNode node) {
    if (!(node instanceof Mapping map)) {
      return SecretKeys.hide(node);
    }
    Map<String, @Nullable Object> out = new LinkedHashMap<>();
    for (Entry e : map.entries()) {
      Mapping single = new Mapping(map.place(), List.of(e));
      Class<? extends Record> owner = null;
      for (Class<? extends Record> candidate : records.globals()) {
        if (ConfigBinder.keys(candidate).contains(e.key())) {
          owner = candidate;
        }
      }
      Object shown =
          owner != null
              ? SecretKeys.hide(single, owner)
              : AlertmanagerConfigLoader.globalKeys().contains(e.key())
                  ? SecretKeys.hide(single)
                  : SecretKeys.hideUnknown(single);
      out.put(e.key(), shown instanceof Map<?, ?> m ? m.get(e.key()) : null);
    }
    return out;
  }
}
