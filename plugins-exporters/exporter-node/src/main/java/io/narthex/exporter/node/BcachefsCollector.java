package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** File systems of bcachefs: one folder each under {@code /sys/fs/bcachefs}. */
final class BcachefsCollector {
  private static final Pattern DEVICE = Pattern.compile("dev-[0-9]+", 0);
  private static final String PREFIX = "node_bcachefs_";
  private static final String UNITS = "kMGTPE";

  private BcachefsCollector() {}

  static void collect(Host host, Out out) throws IOException {
    for (Path fs : Host.list(host.sys.resolve("fs/bcachefs"))) {
      if (Files.isDirectory(fs)) {
        fileSystem(fs, Host.name(fs), out);
      }
    }
    if (out.isEmpty()) {
      throw new NoData("no bcachefs");
    }
  }

  private static void fileSystem(Path fs, String uuid, Out out) throws IOException {
    out.add(PREFIX + "info", 1, "uuid", uuid);
    String cache = Host.textOrEmpty(fs.resolve("btree_cache_size"));
    if (!cache.isEmpty()) {
      out.add(PREFIX + "btree_cache_size_bytes", human(cache), "uuid", uuid);
    }
    for (String line : lines(fs.resolve("compression_stats"))) {
      String[] f = Host.words(line);
      if (f.length >= 3 && !f[0].startsWith("type")) {
        String[] labels = {"uuid", uuid, "algorithm", f[0]};
        out.add(PREFIX + "compression_compressed_bytes", human(f[1]), labels);
        out.add(PREFIX + "compression_uncompressed_bytes", human(f[2]), labels);
      }
    }
    for (String line : lines(fs.resolve("errors"))) {
      String[] f = Host.words(line);
      if (f.length >= 2) {
        out.add(PREFIX + "errors_total", Host.unsigned(f[1]), "uuid", uuid, "error_type", f[0]);
      }
    }
    for (String line : lines(fs.resolve("btree_write_stats"))) {
      String[] f = Host.words(line);
      if (f.length >= 3 && f[0].endsWith(":")) {
        String[] labels = {"uuid", uuid, "type", f[0].substring(0, f[0].length() - 1)};
        out.add(PREFIX + "btree_writes_total", human(f[1]), labels);
        out.add(PREFIX + "btree_write_average_size_bytes", human(f[2]), labels);
      }
    }
    for (Path counter : Host.list(fs.resolve("counters"))) {
      for (String line : Host.lines(counter)) {
        int at = line.indexOf("since filesystem creation:");
        if (at >= 0) {
          out.add(
              PREFIX + Host.name(counter) + "_total",
              MetricType.COUNTER,
              "Bcachefs counter " + Host.name(counter) + " since filesystem creation.",
              human(line.substring(line.indexOf(':') + 1).strip()),
              "uuid",
              uuid);
        }
      }
    }
    for (Path device : Host.list(fs, DEVICE)) {
      device(device, uuid, out);
    }
  }

  private static void device(Path device, String uuid, Out out) throws IOException {
    String name = Host.name(device).substring("dev-".length());
    String[] labels = {"uuid", uuid, "device", name};
    String state = Host.textOrEmpty(device.resolve("state"));
    String label = Host.textOrEmpty(device.resolve("label"));
    out.add(
        PREFIX + "device_info", 1, "uuid", uuid, "device", name, "label", label, "state", state);
    number(device.resolve("bucket_size"), out, "device_bucket_size_bytes", labels);
    number(device.resolve("nbuckets"), out, "device_buckets", labels);
    number(device.resolve("durability"), out, "device_durability", labels);
    String operation = "";
    for (String line : lines(device.resolve("io_done"))) {
      int colon = line.indexOf(':');
      String key = colon < 0 ? "" : line.substring(0, colon).strip();
      String value = line.substring(colon + 1).strip();
      if (value.isEmpty()) {
        operation = key;
      } else if (colon > 0 && !operation.isEmpty()) {
        out.add(
            PREFIX + "device_io_done_bytes_total",
            Host.unsigned(value),
            "uuid",
            uuid,
            "device",
            name,
            "operation",
            operation,
            "data_type",
            key);
      }
    }
    boolean sinceCreation = false;
    for (String line : lines(device.resolve("io_errors"))) {
      int colon = line.indexOf(':');
      if (line.startsWith("IO errors")) {
        sinceCreation = line.contains("filesystem creation");
      } else if (sinceCreation && colon > 0) {
        out.add(
            PREFIX + "device_io_errors_total",
            Host.unsigned(line.substring(colon + 1).strip()),
            "uuid",
            uuid,
            "device",
            name,
            "type",
            line.substring(0, colon).strip());
      }
    }
  }

  private static void number(Path file, Out out, String metric, String... labels) {
    String text = Host.textOrEmpty(file);
    if (!text.isEmpty()) {
      out.add(PREFIX + metric, human(text), labels);
    }
  }

  /** Returns the lines of a file that not every version of bcachefs has. */
  private static List<String> lines(Path file) throws IOException {
    try {
      return Host.lines(file);
    } catch (NoSuchFileException _) {
      return List.of();
    }
  }

  /** Parses numbers such as {@code 28.2k}, in units of 1024, down to a whole number. */
  static double human(String text) {
    int unit = text.isEmpty() ? -1 : UNITS.indexOf(text.charAt(text.length() - 1));
    return unit < 0
        ? Host.unsigned(text)
        : Math.floor(
            Double.parseDouble(text.substring(0, text.length() - 1)) * Math.pow(1024, unit + 1));
  }
}
