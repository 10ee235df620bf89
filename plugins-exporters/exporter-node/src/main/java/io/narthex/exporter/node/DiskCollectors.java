package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Disks and file systems. */
final class DiskCollectors {
  private static final String DISKS = "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$";
  private static final String MOUNT_POINTS =
      "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
  private static final String TYPES =
      "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660"
          + "|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs"
          + "|sysfs|tracefs)$";
  private static final double SECTOR = 512;

  /** Metrics of the columns of diskstats after the device's name, with the factor of each. */
  private static final String[] COLUMNS = {
    "node_disk_reads_completed_total",
    "node_disk_reads_merged_total",
    "node_disk_read_bytes_total",
    "node_disk_read_time_seconds_total",
    "node_disk_writes_completed_total",
    "node_disk_writes_merged_total",
    "node_disk_written_bytes_total",
    "node_disk_write_time_seconds_total",
    "node_disk_io_now",
    "node_disk_io_time_seconds_total",
    "node_disk_io_time_weighted_seconds_total",
    "node_disk_discards_completed_total",
    "node_disk_discards_merged_total",
    "node_disk_discarded_sectors_total",
    "node_disk_discard_time_seconds_total",
    "node_disk_flush_requests_total",
    "node_disk_flush_requests_time_seconds_total"
  };

  private final Flags.Choice devices;
  private final Flags.Choice mountPoints;
  private final Flags.Choice types;

  DiskCollectors(Host host) {
    devices = host.flags.choice("collector.diskstats.device", DISKS);
    mountPoints = host.flags.choice("collector.filesystem.mount-points", MOUNT_POINTS);
    types = host.flags.choice("collector.filesystem.fs-types", TYPES);
  }

  void diskstats(Host host, Out out) throws IOException {
    for (String line : Host.lines(host.proc.resolve("diskstats"))) {
      String[] f = Host.words(line);
      if (f.length < 7 || !devices.takes(f[2])) {
        continue;
      }
      String device = f[2];
      for (int i = 3; i < f.length && i - 3 < COLUMNS.length; i++) {
        String metric = COLUMNS[i - 3];
        double v = Host.unsigned(f[i]);
        if (metric.contains("_bytes_")) {
          v *= SECTOR;
        } else if (metric.contains("_seconds_")) {
          v /= 1000;
        }
        out.add(metric, v, "device", device);
      }
      info(host, out, device, f[0], f[1]);
    }
  }

  private static void info(Host host, Out out, String device, String major, String minor) {
    Map<String, String> udev = udev(host, major, minor);
    Path block = host.sys.resolve("block").resolve(device);
    String turns = Host.textOrEmpty(block.resolve("queue/rotational"));
    String rotational = turns.isEmpty() ? "0" : turns;
    String serial = udev.getOrDefault("SCSI_IDENT_SERIAL", "");
    if (serial.isEmpty()) {
      serial = udev.getOrDefault("ID_SERIAL_SHORT", "");
    }
    if (serial.isEmpty()) {
      serial = udev.getOrDefault("ID_SERIAL", "");
    }
    out.add(
        "node_disk_info",
        1,
        "device",
        device,
        "major",
        major,
        "minor",
        minor,
        "path",
        udev.getOrDefault("ID_PATH", ""),
        "wwn",
        udev.getOrDefault("ID_WWN", ""),
        "model",
        udev.getOrDefault("ID_MODEL", ""),
        "serial",
        serial,
        "revision",
        udev.getOrDefault("ID_REVISION", ""),
        "rotational",
        rotational);
    if (device.startsWith("dm-")) {
      out.add(
          "node_disk_device_mapper_info",
          1,
          "device",
          device,
          "name",
          udev.getOrDefault("DM_NAME", ""),
          "uuid",
          udev.getOrDefault("DM_UUID", ""),
          "vg_name",
          udev.getOrDefault("DM_VG_NAME", ""),
          "lv_name",
          udev.getOrDefault("DM_LV_NAME", ""),
          "lv_layer",
          udev.getOrDefault("DM_LV_LAYER", ""));
    }
    String type = udev.getOrDefault("ID_FS_TYPE", "");
    if (!type.isEmpty()) {
      out.add(
          "node_disk_filesystem_info",
          1,
          "device",
          device,
          "type",
          type,
          "usage",
          udev.getOrDefault("ID_FS_USAGE", ""),
          "uuid",
          udev.getOrDefault("ID_FS_UUID", ""),
          "version",
          udev.getOrDefault("ID_FS_VERSION", ""));
    }
    if (!udev.getOrDefault("ID_ATA", "").isEmpty()) {
      ata(out, udev, device, "ID_ATA_WRITE_CACHE", "node_disk_ata_write_cache");
      ata(out, udev, device, "ID_ATA_WRITE_CACHE_ENABLED", "node_disk_ata_write_cache_enabled");
      ata(out, udev, device, "ID_ATA_ROTATION_RATE_RPM", "node_disk_ata_rotation_rate_rpm");
    }
  }

  private static void ata(
      Out out, Map<String, String> udev, String device, String key, String metric) {
    Double v = Host.parse(udev.getOrDefault(key, "-"));
    if (v != null) {
      out.add(metric, v, "device", device);
    }
  }

  private static Map<String, String> udev(Host host, String major, String minor) {
    Map<String, String> all = new HashMap<>();
    String text = Host.textOrNull(host.udev.resolve("b" + major + ":" + minor));
    if (text != null) {
      for (String line : text.split("\n")) {
        int eq = line.indexOf('=');
        if (line.startsWith("E:") && eq > 0) {
          all.put(line.substring(2, eq), line.substring(eq + 1));
        }
      }
    }
    return all;
  }

  private record Mount(
      String device, String point, String type, boolean readOnly, String major, String minor) {}

  void filesystem(Host host, Out out) throws IOException {
    Path info = host.proc.resolve("1/mountinfo");
    if (!Files.isReadable(info)) {
      info = host.proc.resolve("self/mountinfo");
    }
    Set<String> seen = new LinkedHashSet<>();
    for (String line : Host.lines(info)) {
      Mount m = mount(host, line);
      if (m == null
          || !mountPoints.takes(m.point)
          || !types.takes(m.type)
          || !seen.add(m.device + "\n" + m.point)) {
        continue;
      }
      String[] labels = {"device", m.device, "mountpoint", m.point, "fstype", m.type};
      FileSystemStat s = FileSystemStat.of(host.root.resolve(m.point.substring(1)).toString());
      String error = s == null ? "statfs" : "";
      String[] all = {
        "device", m.device, "mountpoint", m.point, "fstype", m.type, "device_error", error
      };
      gauge(
          out,
          "device_error",
          "Whether an error occurred while getting statistics for the given device.",
          s == null ? 1 : 0,
          all);
      gauge(out, "readonly", "Filesystem read-only status.", m.readOnly ? 1 : 0, all);
      if (s == null) {
        continue;
      }
      gauge(out, "size_bytes", "Filesystem size in bytes.", s.size(), all);
      gauge(out, "free_bytes", "Filesystem free space in bytes.", s.free(), all);
      gauge(
          out,
          "avail_bytes",
          "Filesystem space available to non-root users in bytes.",
          s.available(),
          all);
      gauge(out, "files", "Filesystem total file nodes.", s.files(), all);
      gauge(out, "files_free", "Filesystem total free file nodes.", s.filesFree(), all);
      gauge(
          out,
          "purgeable_bytes",
          "Filesystem space available including purgeable space (MacOS specific).",
          0,
          all);
      gauge(
          out,
          "mount_info",
          "Filesystem mount information.",
          1,
          labels[0],
          labels[1],
          "major",
          m.major,
          "minor",
          m.minor,
          labels[2],
          labels[3]);
    }
  }

  private static void gauge(Out out, String name, String help, double v, String... labels) {
    out.add("node_filesystem_" + name, MetricType.GAUGE, help, v, labels);
  }

  private static @org.jspecify.annotations.Nullable Mount mount(Host host, String line) {
    // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    String[] f = line.split(" ");
    int dash = 6;
    while (dash < f.length && !f[dash].equals("-")) {
      dash++;
    }
    if (dash + 3 > f.length) {
      return null;
    }
    String point = unescape(f[4]);
    String root = host.root.toString();
    if (root.length() > 1) {
      if (point.equals(root)) {
        point = "/";
      } else if (point.startsWith(root + "/")) {
        point = point.substring(root.length());
      }
    }
    String superOptions = dash + 3 < f.length ? f[dash + 3] : "";
    boolean readOnly =
        List.of(f[5].split(",")).contains("ro") || List.of(superOptions.split(",")).contains("ro");
    int colon = f[2].indexOf(':');
    return new Mount(
        unescape(f[dash + 2]),
        point,
        f[dash + 1],
        readOnly,
        f[2].substring(0, colon),
        f[2].substring(colon + 1));
  }

  private static String unescape(String s) {
    return s.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
  }
}
