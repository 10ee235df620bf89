package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;

/** Replicated block devices of DRBD 8, from {@code /proc/drbd}. */
final class DrbdCollector {
  private static final Pattern DEVICE = Pattern.compile("[0-9]+:", 0);
  private static final double KIB = 1024;

  /** A number: its metric, and the factor to the unit of that. */
  private record Number(String metric, double factor) {}

  private static final Map<String, Number> NUMBERS =
      Map.ofEntries(
          Map.entry("ns", new Number("network_sent_bytes_total", KIB)),
          Map.entry("nr", new Number("network_received_bytes_total", 1)), // as in node_exporter
          Map.entry("dw", new Number("disk_written_bytes_total", KIB)),
          Map.entry("dr", new Number("disk_read_bytes_total", KIB)),
          Map.entry("al", new Number("activitylog_writes_total", 1)),
          Map.entry("bm", new Number("bitmap_writes_total", 1)),
          Map.entry("lo", new Number("local_pending", 1)),
          Map.entry("pe", new Number("remote_pending", 1)),
          Map.entry("ua", new Number("remote_unacknowledged", 1)),
          Map.entry("ap", new Number("application_pending", 1)),
          Map.entry("ep", new Number("epochs", 1)),
          Map.entry("oos", new Number("out_of_sync_bytes", KIB)));

  private DrbdCollector() {}

  static void collect(Host host, Out out) throws IOException {
    Path file = host.proc.resolve("drbd");
    if (!Files.exists(file)) {
      throw new NoData("no DRBD");
    }
    String device = "";
    for (String word : Host.words(Host.text(file))) {
      int colon = word.indexOf(':');
      if (DEVICE.matcher(word).matches()) {
        device = "drbd" + word.substring(0, colon);
      } else if (colon > 0 && !device.isEmpty()) {
        field(out, device, word.substring(0, colon), word.substring(colon + 1));
      }
    }
  }

  private static void field(Out out, String device, String key, String value) {
    Number number = NUMBERS.get(key);
    if (number != null) {
      out.add("node_drbd_" + number.metric, Host.unsigned(value) * number.factor, "device", device);
    } else if (key.equals("cs")) {
      out.add("node_drbd_connected", value.equals("Connected") ? 1 : 0, "device", device);
    } else if (key.equals("ro")) {
      both(out, "node_drbd_node_role_is_primary", device, value, "Primary");
    } else if (key.equals("ds")) {
      both(out, "node_drbd_disk_state_is_up_to_date", device, value, "UpToDate");
    }
  }

  /** Adds whether each of the two nodes is in a state; the local one comes first. */
  private static void both(Out out, String metric, String device, String value, String state) {
    int slash = value.indexOf('/');
    if (slash > 0) {
      String local = value.substring(0, slash);
      String remote = value.substring(slash + 1);
      out.add(metric, local.equals(state) ? 1 : 0, "device", device, "node", "local");
      out.add(metric, remote.equals(state) ? 1 : 0, "device", device, "node", "remote");
    }
  }
}
