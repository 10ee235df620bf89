package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import io.narthex.model.go.PromDuration;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Space on the file systems that are mounted. */
final class FileSystemCollector {
  private static final String MOUNT_POINTS =
      "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
  private static final String TYPES =
      "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660"
          + "|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs"
          + "|sysfs|tracefs)$";

  private static final String TIMEOUT = "collector.filesystem.mount-timeout";

  private final Flags.Choice mountPoints;
  private final Flags.Choice types;
  private final MountProbe probe;

  FileSystemCollector(Host host, Access access) {
    mountPoints = host.flags.choice("collector.filesystem.mount-points", MOUNT_POINTS);
    types = host.flags.choice("collector.filesystem.fs-types", TYPES);
    probe = new MountProbe(access.space(), access.threads(), limitNanos(host.flags));
  }

  private static long limitNanos(Flags flags) {
    String text = flags.text(TIMEOUT, "5s");
    try {
      long ms = PromDuration.parseMs(text);
      if (ms > 0) {
        return TimeUnit.MILLISECONDS.toNanos(ms);
      }
    } catch (IllegalArgumentException _) {
      // said below
    }
    throw new ConfigException(
        "flags: --" + TIMEOUT + ": must be a duration greater than 0s, got \"" + text + "\"");
  }

  private record Mount(
      String device, String point, String type, boolean readOnly, String major, String minor) {}

  void collect(Host host, Out out) throws IOException, InterruptedException {
    Path info = host.proc.resolve("1/mountinfo");
    if (!Files.isReadable(info)) {
      info = host.proc.resolve("self/mountinfo");
    }
    Set<String> seen = new LinkedHashSet<>();
    List<Mount> mounts = new ArrayList<>();
    for (String line : Host.lines(info)) {
      Mount m = mount(host, line);
      if (m != null
          && mountPoints.takes(m.point)
          && types.takes(m.type)
          && seen.add(m.device + "\n" + m.point)) {
        mounts.add(m);
      }
    }
    List<String> paths = new ArrayList<>(mounts.size());
    for (Mount m : mounts) {
      paths.add(path(host, m));
    }
    Map<String, MountProbe.Answer> answers = probe.ask(paths);
    for (Mount m : mounts) {
      MountProbe.Answer answer = answers.get(path(host, m));
      switch (answer) {
        case MountProbe.Space(FileSystemStat stat) -> space(out, m, stat);
        case MountProbe.Failed(String reason) -> state(out, m, reason);
        case MountProbe.Stuck() -> state(out, m, "mountpoint timeout");
        case null -> throw new IllegalStateException(m.point + " has no answer");
      }
    }
  }

  private static String path(Host host, Mount m) {
    return host.root.resolve(m.point.substring(1)).toString();
  }

  /** Adds whether a mount can be used; returns the labels of the other metrics. */
  private static String[] state(Out out, Mount m, String error) {
    String[] labels = {
      "device", m.device, "mountpoint", m.point, "fstype", m.type, "device_error", error
    };
    gauge(
        out,
        "device_error",
        "Whether an error occurred while getting statistics for the given device.",
        error.isEmpty() ? 0 : 1,
        labels);
    gauge(out, "readonly", "Filesystem read-only status.", m.readOnly ? 1 : 0, labels);
    return labels;
  }

  private static void space(Out out, Mount m, FileSystemStat s) {
    String[] all = state(out, m, "");
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
        "device",
        m.device,
        "major",
        m.major,
        "minor",
        m.minor,
        "mountpoint",
        m.point);
  }

  private static void gauge(Out out, String name, String help, double v, String... labels) {
    out.add("node_filesystem_" + name, MetricType.GAUGE, help, v, labels);
  }

  private static @Nullable Mount mount(Host host, String line) {
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
