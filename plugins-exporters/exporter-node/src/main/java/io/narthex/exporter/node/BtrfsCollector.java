package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** File systems of Btrfs: one folder each under {@code /sys/fs/btrfs}. */
final class BtrfsCollector {
  private static final String PREFIX = "node_btrfs_";
  private static final double SECTOR = 512;

  private BtrfsCollector() {}

  static void collect(Host host, Out out) throws IOException {
    for (Path fs : Host.list(host.sys.resolve("fs/btrfs"))) {
      Path allocation = fs.resolve("allocation");
      if (Files.isDirectory(allocation)) {
        fileSystem(fs, allocation, out);
      }
    }
  }

  private static void fileSystem(Path fs, Path allocation, Out out) throws IOException {
    String uuid = Host.text(fs.resolve("metadata_uuid")).strip();
    out.add(PREFIX + "info", 1, "uuid", uuid, "label", Host.text(fs.resolve("label")).strip());
    out.add(
        PREFIX + "global_rsv_size_bytes",
        SystemCollectors.one(allocation.resolve("global_rsv_size")),
        "uuid",
        uuid);
    commits(fs.resolve("commit_stats"), uuid, out);
    List<Path> devices = Host.list(fs.resolve("devices"));
    for (Path device : devices) {
      // a device that is missing keeps its name here but has no size
      Double sectors = Host.numberOrNull(device.resolve("size"));
      out.add(
          PREFIX + "device_size_bytes",
          sectors == null ? 0 : sectors * SECTOR,
          "uuid",
          uuid,
          "device",
          Host.name(device));
    }
    for (String type : List.of("data", "metadata", "system")) {
      Path group = allocation.resolve(type);
      if (!Files.isDirectory(group)) {
        continue;
      }
      out.add(
          PREFIX + "reserved_bytes",
          SystemCollectors.one(group.resolve("bytes_reserved")),
          "uuid",
          uuid,
          "block_group_type",
          type);
      for (Path mode : Host.list(group)) {
        Path total = mode.resolve("total_bytes");
        if (Files.exists(total)) {
          String name = Host.name(mode);
          String[] labels = {"uuid", uuid, "block_group_type", type, "mode", name};
          out.add(PREFIX + "size_bytes", SystemCollectors.one(total), labels);
          out.add(PREFIX + "used_bytes", SystemCollectors.one(mode.resolve("used_bytes")), labels);
          out.add(PREFIX + "allocation_ratio", ratio(name, devices.size()), labels);
        }
      }
    }
  }

  private static void commits(Path file, String uuid, Out out) throws IOException {
    double commits = 0;
    double last = 0;
    double max = 0;
    double total = 0;
    try {
      for (String line : Host.lines(file)) {
        String[] f = Host.words(line);
        if (f.length == 2) {
          double v = Host.unsigned(f[1]);
          switch (f[0]) {
            case "commits" -> commits = v;
            case "last_commit_ms" -> last = v / 1000;
            case "max_commit_ms" -> max = v / 1000;
            case "total_commit_ms" -> total = v / 1000;
            default -> {
              // newer kernels may say more
            }
          }
        }
      }
    } catch (NoSuchFileException _) {
      // kernels before 6.0 count no commits
    }
    out.add(PREFIX + "commits_total", commits, "uuid", uuid);
    out.add(PREFIX + "last_commit_seconds", last, "uuid", uuid);
    out.add(PREFIX + "max_commit_seconds", max, "uuid", uuid);
    out.add(PREFIX + "commit_seconds_total", total, "uuid", uuid);
  }

  /** Returns how many bytes on devices a byte of data takes. */
  static double ratio(String mode, int devices) {
    return switch (mode) {
      case "dup", "raid1", "raid10" -> 2;
      case "raid1c3" -> 3;
      case "raid1c4" -> 4;
      case "raid5" -> parity(devices, 1);
      case "raid6" -> parity(devices, 2);
      default -> 1;
    };
  }

  private static double parity(int devices, int redundant) {
    return devices > redundant ? (double) devices / (devices - redundant) : 0;
  }
}
