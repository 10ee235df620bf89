package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** Block caches of bcache: one folder per cache set under {@code /sys/fs/bcache}. */
final class BcacheCollector {
  private static final Pattern UUID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-.+", 0);
  private static final Pattern BACKING = Pattern.compile("bdev[0-9]+", 0);
  private static final Pattern CACHE = Pattern.compile("cache[0-9]+", 0);
  private static final String UNITS = "kMGTPE";

  private final boolean priorityStats;

  BcacheCollector(Host host) {
    priorityStats = host.flags.on("collector.bcache.priorityStats", false);
  }

  void collect(Host host, Out out) throws IOException {
    for (Path set : Host.list(host.sys.resolve("fs/bcache"), UUID)) {
      String uuid = Host.name(set);
      set(set, uuid, out);
      for (Path device : Host.list(set, BACKING)) {
        backing(device, uuid, out);
      }
      for (Path device : Host.list(set, CACHE)) {
        cache(device, uuid, out);
      }
    }
  }

  private static void set(Path set, String uuid, Out out) throws IOException {
    number(set.resolve("average_key_size"), out, "average_key_size_sectors", "uuid", uuid);
    number(set.resolve("btree_cache_size"), out, "btree_cache_size_bytes", "uuid", uuid);
    number(set.resolve("cache_available_percent"), out, "cache_available_percent", "uuid", uuid);
    number(set.resolve("congested"), out, "congested", "uuid", uuid);
    number(set.resolve("root_usage_percent"), out, "root_usage_percent", "uuid", uuid);
    number(set.resolve("tree_depth"), out, "tree_depth", "uuid", uuid);
    Path internal = set.resolve("internal");
    number(internal.resolve("active_journal_entries"), out, "active_journal_entries", "uuid", uuid);
    number(internal.resolve("btree_nodes"), out, "btree_nodes", "uuid", uuid);
    number(internal.resolve("cache_read_races"), out, "cache_read_races_total", "uuid", uuid);
    // the kernel names the unit us, node_exporter takes it for ns
    String read = Host.text(internal.resolve("btree_read_average_duration_us")).strip();
    out.add("node_bcache_btree_read_average_duration_seconds", human(read) / 1e9, "uuid", uuid);
  }

  private static void backing(Path device, String uuid, Out out) throws IOException {
    String[] labels = {"uuid", uuid, "backing_device", Host.name(device)};
    number(device.resolve("dirty_data"), out, "dirty_data_bytes", labels);
    for (String line : Host.lines(device.resolve("writeback_rate_debug"))) {
      int colon = line.indexOf(':');
      String metric =
          switch (colon < 0 ? "" : line.substring(0, colon)) {
            case "rate" -> "writeback_rate";
            case "target" -> "dirty_target_bytes";
            case "proportional" -> "writeback_rate_proportional_term";
            case "integral" -> "writeback_rate_integral_term";
            case "change" -> "writeback_change";
            default -> "";
          };
      if (!metric.isEmpty()) {
        String value = line.substring(colon + 1).strip();
        int slash = value.indexOf('/');
        out.add(
            "node_bcache_" + metric, human(slash < 0 ? value : value.substring(0, slash)), labels);
      }
    }
    Path total = device.resolve("stats_total");
    number(total.resolve("bypassed"), out, "bypassed_bytes_total", labels);
    for (String file :
        List.of(
            "cache_bypass_hits",
            "cache_bypass_misses",
            "cache_hits",
            "cache_miss_collisions",
            "cache_misses")) {
      number(total.resolve(file), out, file + "_total", labels);
    }
    Path readaheads = total.resolve("cache_readaheads"); // gone from newer kernels
    if (Files.exists(readaheads)) {
      number(readaheads, out, "cache_readaheads_total", labels);
    }
  }

  private void cache(Path device, String uuid, Out out) throws IOException {
    String[] labels = {"uuid", uuid, "cache_device", Host.name(device)};
    number(device.resolve("io_errors"), out, "io_errors", labels);
    number(device.resolve("metadata_written"), out, "metadata_written_bytes_total", labels);
    number(device.resolve("written"), out, "written_bytes_total", labels);
    if (!priorityStats) {
      return; // the kernel sorts all buckets of the device to answer
    }
    for (String line : Host.lines(device.resolve("priority_stats"))) {
      String[] f = Host.words(line);
      if (f.length == 2 && f[1].endsWith("%")) {
        double v = Host.unsigned(f[1].substring(0, f[1].length() - 1));
        if (f[0].equals("Unused:")) {
          out.add("node_bcache_priority_stats_unused_percent", v, labels);
        } else if (f[0].equals("Metadata:")) {
          out.add("node_bcache_priority_stats_metadata_percent", v, labels);
        }
      }
    }
  }

  private static void number(Path file, Out out, String metric, String... labels)
      throws IOException {
    out.add("node_bcache_" + metric, human(Host.text(file).strip()), labels);
  }

  /**
   * Parses what the kernel writes for people, such as {@code 427.5k}. One digit follows the point;
   * as in node_exporter it counts 100 of the next smaller unit, of which there are 1024.
   */
  static double human(String text) {
    int unit = text.isEmpty() ? -1 : UNITS.indexOf(text.charAt(text.length() - 1));
    String number = unit < 0 ? text : text.substring(0, text.length() - 1);
    int point = number.indexOf('.');
    if (unit < 0 || point < 0) {
      return Host.unsigned(number) * Math.pow(1024, unit + 1);
    }
    return (Host.unsigned(number.substring(0, point)) * 1024
            + Host.unsigned(number.substring(point + 1)) * 100)
        * Math.pow(1024, unit);
  }
}
