package io.narthex.core;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.core.config.ConfigFiles;
import io.narthex.core.config.Flags;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.PrometheusConfig.StorageSection;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Place;
import java.io.File;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What Prometheus' flags and its {@code storage:} section mean for a storage of type {@code tsdb}.
 */
final class TsdbFlags {
  private TsdbFlags() {}

  /** Returns the settings as keys and values; the file overrides the flags. */
  static Map<String, String> settings(Flags flags, PrometheusConfig config) {
    Map<String, String> out = new LinkedHashMap<>();
    String time = flags.text("storage.tsdb.retention.time");
    if (time.isEmpty()) {
      time = flags.text("storage.tsdb.retention");
    }
    String size = flags.text("storage.tsdb.retention.size");
    StorageSection section = config.storage();
    if (section != null && section.tsdb() != null) {
      out.put(
          "out_of_order_time_window", PromDuration.format(section.tsdb().outOfOrderTimeWindow()));
      double stale = section.tsdb().staleSeriesCompactionThreshold();
      if (stale > 0) {
        out.put("stale_series_compaction_threshold", BigDecimal.valueOf(stale).toPlainString());
      }
      if (section.tsdb().retention() != null) {
        var retention = section.tsdb().retention();
        if (retention.time() != null) {
          time = PromDuration.format(retention.time());
        }
        if (retention.size() != null) {
          size = retention.size().bytes() + "B";
        }
        Double share = retention.percentage();
        if (share != null && share > 0) {
          size = shareOfDisk(flags.text("storage.tsdb.path"), share) + "B"; // overrides a size
        }
      }
    }
    if (section != null && section.exemplars() != null) {
      out.put("max_exemplars", Long.toString(section.exemplars().maxExemplars()));
    }
    // as in Prometheus: a limit by size alone disables the limit by time
    out.put("retention_time", !time.isEmpty() ? time : size.isEmpty() ? "15d" : "0s");
    if (!size.isEmpty()) {
      out.put("retention_size", size);
    }
    out.put("min_block_duration", flags.text("storage.tsdb.min-block-duration"));
    out.put("max_block_duration", flags.text("storage.tsdb.max-block-duration"));
    if (flags.bool("storage.tsdb.no-lockfile")) {
      out.put("no_lockfile", "true");
    }
    String segment = flags.text("storage.tsdb.wal-segment-size");
    if (!segment.startsWith("0")) {
      out.put("wal_segment_size", segment);
    }
    return out;
  }

  /** Returns a percentage of the size of the file system that holds a folder, in bytes. */
  private static long shareOfDisk(String folder, double percentage) {
    File at = new File(folder).getAbsoluteFile();
    while (at.getTotalSpace() == 0 && at.getParentFile() != null) {
      at = at.getParentFile(); // not created yet
    }
    return Math.max(1, (long) (at.getTotalSpace() / 100.0 * percentage));
  }

  /**
   * Returns the settings of the storage: for {@code tsdb} from flags and {@code storage:} of {@code
   * prometheus.yml}, overridden by those of {@code narthex.yml}.
   */
  static Mapping storageSettings(Flags flags, ConfigFiles.Loaded loaded) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    Mapping own = loaded.narthex().storage().settings();
    if (loaded.narthex().storage().type().equals("tsdb")) {
      settings(flags, loaded.snapshot().prometheus())
          .forEach((key, text) -> {
            ConfigNode value = scalar(key, text);
            entries.put(key, new Entry(value.place(), key, value));
          });
    }
    own.entries().forEach(e -> entries.put(e.key(), e));
    return new Mapping(own.place(), List.copyOf(entries.values()));
  }

  /** Returns a setting as a node. */
  private static ConfigNode scalar(String key, String text) {
    return ConfigBinder.plain(new Place("--storage.tsdb." + key.replace('_', '-'), 1, 1), text);
  }
}
