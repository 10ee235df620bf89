package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Disks. */
final class DiskCollectors {
  private static final String DISKS = "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$";
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

  DiskCollectors(Host host) {
    devices = host.flags.choice("collector.diskstats.device", DISKS);
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
}
