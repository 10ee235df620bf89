package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Whether SELinux is on, and whether it enforces. */
final class SelinuxCollector {
  private SelinuxCollector() {}

  static void collect(Host host, Out out) throws IOException {
    Path enforce = host.sys.resolve("fs/selinux/enforce");
    // until a policy is loaded everything runs as kernel
    boolean enabled =
        Files.exists(enforce)
            && !Host.textOrEmpty(host.proc.resolve("self/attr/current"))
                .replace("\0", "")
                .equals("kernel");
    gauge(out, "enabled", "SELinux is enabled, 1 is true, 0 is false", enabled ? 1 : 0);
    if (enabled) {
      gauge(out, "config_mode", "Configured SELinux enforcement mode", configured(host));
      gauge(out, "current_mode", "Current SELinux enforcement mode", SystemCollectors.one(enforce));
    }
  }

  /** Returns 1 for enforcing, 0 for permissive, -1 for anything else. */
  private static double configured(Host host) throws IOException {
    try {
      for (String line : Host.lines(host.root.resolve("etc/selinux/config"))) {
        String s = line.strip();
        if (s.startsWith("SELINUX=")) {
          return switch (s.substring("SELINUX=".length()).strip()) {
            case "enforcing" -> 1;
            case "permissive" -> 0;
            default -> -1;
          };
        }
      }
    } catch (NoSuchFileException _) {
      // the kernel's command line switched it on
    }
    return -1;
  }

  private static void gauge(Out out, String name, String help, double v) {
    out.add("node_selinux_" + name, MetricType.GAUGE, help, v);
  }
}
