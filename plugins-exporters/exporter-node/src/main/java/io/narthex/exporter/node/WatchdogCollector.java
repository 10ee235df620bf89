package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Watchdog timers. */
final class WatchdogCollector {
  private static final Pattern DEVICE = Pattern.compile("watchdog[0-9]+", 0);
  private static final Map<String, String> NUMBERS =
      Map.of(
          "access_cs0", "access_cs0",
          "bootstatus", "bootstatus",
          "fw_version", "fw_version",
          "nowayout", "nowayout",
          "pretimeout", "pretimeout_seconds",
          "timeleft", "timeleft_seconds",
          "timeout", "timeout_seconds");
  private static final List<String> LABELS =
      List.of("options", "identity", "state", "status", "pretimeout_governor");

  private WatchdogCollector() {}

  static void collect(Host host, Out out) throws IOException {
    Path watchdogs = host.sys.resolve("class/watchdog");
    if (!Files.isDirectory(watchdogs)) {
      throw new NoData("no watchdog");
    }
    for (Path device : Host.list(watchdogs, DEVICE)) {
      String name = Host.name(device);
      NUMBERS.forEach((file, metric) -> {
        Double v = Host.numberOrNull(device.resolve(file));
        if (v != null) {
          out.add("node_watchdog_" + metric, v, "name", name);
        }
      });
      String[] labels = new String[2 * LABELS.size() + 2];
      int n = 0;
      labels[n++] = "name";
      labels[n++] = name;
      for (String label : LABELS) {
        labels[n++] = label;
        labels[n++] = Host.textOrEmpty(device.resolve(label));
      }
      out.add("node_watchdog_info", 1, labels);
    }
  }
}
