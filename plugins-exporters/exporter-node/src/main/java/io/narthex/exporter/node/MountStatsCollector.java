package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Statistics of NFS mounts, from {@code /proc/self/mountstats}. */
final class MountStatsCollector {
  private static final String PREFIX = "node_mountstats_nfs_";

  /** Metrics of the numbers of the line {@code events:}; empty for one without a metric. */
  private static final String[] EVENTS = {
    "inode_revalidate",
    "dnode_revalidate",
    "data_invalidate",
    "attribute_invalidate",
    "vfs_open",
    "vfs_lookup",
    "vfs_access",
    "vfs_update_page",
    "vfs_read_page",
    "vfs_read_pages",
    "vfs_write_page",
    "vfs_write_pages",
    "vfs_getdents",
    "vfs_setattr",
    "vfs_flush",
    "vfs_fsync",
    "vfs_lock",
    "vfs_file_release",
    "",
    "truncation",
    "write_extension",
    "silly_rename",
    "short_read",
    "short_write",
    "jukebox_delay",
    "pnfs_read",
    "pnfs_write"
  };

  private static final String[] BYTES = {
    "read_bytes_total",
    "write_bytes_total",
    "direct_read_bytes_total",
    "direct_write_bytes_total",
    "total_read_bytes_total",
    "total_write_bytes_total",
    "read_pages_total",
    "write_pages_total"
  };

  private static final String[] OPERATION = {
    "requests_total",
    "transmissions_total",
    "major_timeouts_total",
    "sent_bytes_total",
    "received_bytes_total",
    "queue_time_seconds_total",
    "response_time_seconds_total",
    "request_time_seconds_total"
  };

  /** Metrics of a transport after its protocol; empty for a number without a metric. */
  private static final String[] TCP = {
    "",
    "bind_total",
    "connect_total",
    "",
    "idle_time_seconds",
    "sends_total",
    "receives_total",
    "bad_transaction_ids_total",
    "",
    "backlog_queue_total",
    "maximum_rpc_slots",
    "sending_queue_total",
    "pending_queue_total"
  };

  /** A transport of UDP has no connection. */
  private static final String[] UDP = {
    "",
    "bind_total",
    "sends_total",
    "receives_total",
    "bad_transaction_ids_total",
    "",
    "backlog_queue_total",
    "maximum_rpc_slots",
    "sending_queue_total",
    "pending_queue_total"
  };

  private static final List<String> CONNECTED = List.of("connect_total", "idle_time_seconds");

  /** One mount, while its lines are read. */
  private static final class Mount {
    final String export;
    final String point;
    String protocol = "";
    String address;
    boolean operations; // the lines of operations have begun
    boolean repeated;
    int transports;
    String[] labels = new String[0];

    Mount(String export, String point, String address) {
      this.export = export;
      this.point = point;
      this.address = address;
    }
  }

  private MountStatsCollector() {}

  static void collect(Host host, Out out) throws IOException {
    Path self = host.proc.resolve("self");
    Map<String, String> addresses = addresses(Host.lines(self.resolve("mountinfo")));
    Set<List<String>> seen = new HashSet<>();
    Set<List<String>> points = new HashSet<>();
    Mount mount = null;
    for (String line : Host.lines(self.resolve("mountstats"))) {
      String[] f = Host.words(line);
      if (f.length == 0) {
        continue;
      }
      if (f[0].equals("device")) {
        mount = begin(f, addresses);
      } else if (mount != null) {
        if (f[0].equals("opts:")) {
          options(mount, f[1]);
          if (points.add(List.of(mount.export, mount.protocol, mount.address, mount.point))) {
            String[] all = java.util.Arrays.copyOf(mount.labels, mount.labels.length + 2);
            all[all.length - 2] = "mountpoint";
            all[all.length - 1] = mount.point;
            out.add(PREFIX + "mountpoint_info", 1, all);
          }
          // several mounts of an export share their numbers
          mount.repeated = !seen.add(List.of(mount.export, mount.protocol, mount.address));
        } else if (!mount.repeated && mount.labels.length > 0) {
          numbers(mount, f, out);
        }
      }
    }
  }

  /** Begins a mount; returns null for one that is not of NFS. */
  private static @org.jspecify.annotations.Nullable Mount begin(
      String[] f, Map<String, String> addresses) {
    // device 192.168.1.1:/srv mounted on /mnt with fstype nfs4 statvers=1.1
    if (f.length < 9 || !(f[7].equals("nfs") || f[7].equals("nfs4"))) {
      return null;
    }
    return new Mount(f[1], f[4], addresses.getOrDefault(f[4], ""));
  }

  private static void options(Mount mount, String text) {
    String address = "";
    for (String option : text.split(",")) {
      if (option.startsWith("proto=")) {
        mount.protocol = option.substring("proto=".length());
      } else if (option.startsWith("mountaddr=")) {
        address = option.substring("mountaddr=".length());
      }
    }
    if (mount.address.isEmpty()) {
      mount.address = address;
    }
    mount.labels =
        new String[] {
          "export", mount.export, "protocol", mount.protocol, "mountaddr", mount.address
        };
  }

  private static void numbers(Mount mount, String[] f, Out out) {
    switch (f[0]) {
      case "age:" -> out.add(PREFIX + "age_seconds_total", Host.unsigned(f[1]), mount.labels);
      case "bytes:" -> {
        for (int i = 0; i < BYTES.length; i++) {
          out.add(PREFIX + BYTES[i], at(f, i + 1), mount.labels);
        }
      }
      case "events:" -> {
        for (int i = 0; i < EVENTS.length; i++) {
          if (!EVENTS[i].isEmpty()) {
            out.add(PREFIX + "event_" + EVENTS[i] + "_total", at(f, i + 1), mount.labels);
          }
        }
      }
      case "xprt:" -> transport(mount, f, out);
      case "per-op" -> mount.operations = true;
      default -> {
        if (mount.operations && f[0].endsWith(":") && f.length > OPERATION.length) {
          operation(mount, f, out);
        }
      }
    }
  }

  private static double at(String[] f, int index) {
    return index < f.length ? Host.unsigned(f[index]) : 0;
  }

  private static void transport(Mount mount, String[] f, Out out) {
    String[] labels = with(mount.labels, "transport", Integer.toString(mount.transports++));
    boolean tcp = f.length > 1 && f[1].equals("tcp");
    if (!tcp && (f.length < 2 || !f[1].equals("udp"))) {
      return; // the columns of RDMA are others
    }
    String[] metrics = tcp ? TCP : UDP;
    for (int i = 0; i < metrics.length; i++) {
      if (!metrics[i].isEmpty()) {
        out.add(PREFIX + "transport_" + metrics[i], at(f, i + 2), labels);
      }
    }
    if (!tcp) {
      CONNECTED.forEach(metric -> out.add(PREFIX + "transport_" + metric, 0, labels));
    }
  }

  private static void operation(Mount mount, String[] f, Out out) {
    String[] labels = with(mount.labels, "operation", f[0].substring(0, f[0].length() - 1));
    for (int i = 0; i < OPERATION.length; i++) {
      String metric = OPERATION[i];
      double v = metric.endsWith("_seconds_total") ? seconds(f[i + 1]) : at(f, i + 1);
      out.add(PREFIX + "operations_" + metric, v, labels);
    }
  }

  /**
   * Returns seconds of a number of milliseconds. A sum that the kernel let fall below zero is cut
   * to the 53 bits that a double holds, as in node_exporter.
   */
  private static double seconds(String millis) {
    return (Long.parseUnsignedLong(millis) & (1L << 53) - 1) / 1000.0;
  }

  private static String[] with(String[] labels, String name, String value) {
    String[] all = java.util.Arrays.copyOf(labels, labels.length + 2);
    all[labels.length] = name;
    all[labels.length + 1] = value;
    return all;
  }

  /** Returns the addresses of servers by mount point. */
  private static Map<String, String> addresses(List<String> mountinfo) {
    Map<String, String> all = new HashMap<>();
    for (String line : mountinfo) {
      String[] f = line.split(" ");
      for (String option : f[f.length - 1].split(",")) {
        if (option.startsWith("addr=") && f.length > 4) {
          all.put(f[4], option.substring("addr=".length()));
        }
      }
    }
    return all;
  }
}
