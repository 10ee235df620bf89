package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The system as a whole: load, memory, kernel, clock, distribution. */
final class SystemCollectors {
  private static final Pattern PARENTHESES = Pattern.compile("\\((.*)\\)", 0);
  private static final Pattern VERSION = Pattern.compile("^[0-9]+\\.?[0-9]*", 0);
  private static final String VMSTAT = "^(oom_kill|pgpg|pswp|pg.*fault).*";
  private static final String[] OS_LABELS = {
    "build_id",
    "id",
    "id_like",
    "image_id",
    "image_version",
    "name",
    "pretty_name",
    "variant",
    "variant_id",
    "version",
    "version_codename",
    "version_id"
  };

  private final Clock clock;

  SystemCollectors(Clock clock) {
    this.clock = clock;
  }

  static void loadavg(Host host, Out out) throws IOException {
    String[] f = Host.words(Host.text(host.proc.resolve("loadavg")));
    out.add("node_load1", Double.parseDouble(f[0]));
    out.add("node_load5", Double.parseDouble(f[1]));
    out.add("node_load15", Double.parseDouble(f[2]));
  }

  static void meminfo(Host host, Out out) throws IOException {
    for (String line : Host.lines(host.proc.resolve("meminfo"))) {
      String[] f = Host.words(line);
      if (f.length < 2 || !f[0].endsWith(":")) {
        continue;
      }
      String key = f[0].substring(0, f[0].length() - 1);
      Matcher m = PARENTHESES.matcher(key);
      key = m.replaceAll("_$1");
      double v = Host.unsigned(f[1]);
      if (f.length > 2) {
        v *= 1024;
        key += "_bytes";
      }
      out.add("node_memory_" + key, MetricType.GAUGE, "Memory information field " + key + ".", v);
    }
  }

  static void vmstat(Host host, Out out) throws IOException {
    for (String line : Host.lines(host.proc.resolve("vmstat"))) {
      String[] f = Host.words(line);
      if (f.length == 2 && host.flags.takes("collector.vmstat.fields", VMSTAT, f[0])) {
        out.add(
            "node_vmstat_" + f[0],
            MetricType.UNKNOWN,
            "/proc/vmstat information field " + f[0] + ".",
            Host.unsigned(f[1]));
      }
    }
  }

  static void filefd(Host host, Out out) throws IOException {
    String[] f = Host.words(Host.text(host.proc.resolve("sys/fs/file-nr")));
    out.add("node_filefd_allocated", Host.unsigned(f[0]));
    out.add("node_filefd_maximum", Host.unsigned(f[2]));
  }

  static void entropy(Host host, Out out) throws IOException {
    Path random = host.proc.resolve("sys/kernel/random");
    out.add("node_entropy_available_bits", one(random.resolve("entropy_avail")));
    out.add("node_entropy_pool_size_bits", one(random.resolve("poolsize")));
  }

  static double one(Path file) throws IOException {
    return Host.unsigned(Host.text(file).strip());
  }

  static void pressure(Host host, Out out) throws IOException {
    Path folder = host.proc.resolve("pressure");
    if (!Files.isDirectory(folder)) {
      throw new NoData("no pressure stall information");
    }
    for (String resource : List.of("cpu", "io", "memory", "irq")) {
      Path file = folder.resolve(resource);
      if (!Files.exists(file)) {
        continue;
      }
      for (String line : Host.lines(file)) {
        int at = line.indexOf("total=");
        if (at < 0) {
          continue;
        }
        double seconds = Host.unsigned(line.substring(at + 6).strip()) / 1e6;
        boolean some = line.startsWith("some");
        if (some && !resource.equals("irq")) {
          out.add("node_pressure_" + resource + "_waiting_seconds_total", seconds);
        } else if (!some && !resource.equals("cpu")) {
          out.add("node_pressure_" + resource + "_stalled_seconds_total", seconds);
        }
      }
    }
  }

  static void uname(Host host, Out out) throws IOException {
    Path kernel = host.proc.resolve("sys/kernel");
    out.add(
        "node_uname_info",
        MetricType.GAUGE,
        "Labeled system information as provided by the uname system call.",
        1,
        "sysname",
        Host.text(kernel.resolve("ostype")).strip(),
        "release",
        Host.text(kernel.resolve("osrelease")).strip(),
        "version",
        Host.text(kernel.resolve("version")).strip(),
        "machine",
        machine(),
        "nodename",
        Host.text(kernel.resolve("hostname")).strip(),
        "domainname",
        Host.text(kernel.resolve("domainname")).strip());
  }

  /** Returns the kernel's name of the processor family. */
  private static String machine() {
    String arch = System.getProperty("os.arch", "");
    return switch (arch) {
      case "amd64" -> "x86_64";
      case "x86" -> "i686";
      case "arm" -> "armv7l";
      default -> arch;
    };
  }

  static void os(Host host, Out out) throws IOException {
    String text = null;
    for (String file : List.of("etc/os-release", "usr/lib/os-release")) {
      try {
        text = Host.text(host.root.resolve(file));
        break;
      } catch (NoSuchFileException _) {
        // the next file may exist
      }
    }
    if (text == null) {
      throw new NoData("no os-release");
    }
    Map<String, String> values = new HashMap<>();
    for (String line : text.split("\n")) {
      int eq = line.indexOf('=');
      if (eq <= 0 || line.startsWith("#")) {
        continue;
      }
      String v = line.substring(eq + 1).strip();
      if (v.length() >= 2 && (v.startsWith("\"") || v.startsWith("'"))) {
        v = v.substring(1, v.length() - 1);
      }
      values.put(line.substring(0, eq).strip().toLowerCase(Locale.ROOT), v);
    }
    String[] labels = new String[OS_LABELS.length * 2];
    for (int i = 0; i < OS_LABELS.length; i++) {
      labels[2 * i] = OS_LABELS[i];
      labels[2 * i + 1] = values.getOrDefault(OS_LABELS[i], "");
    }
    out.add("node_os_info", 1, labels);
    Matcher version = VERSION.matcher(values.getOrDefault("version_id", ""));
    if (version.find()) {
      out.add(
          "node_os_version",
          Double.parseDouble(version.group()),
          "id",
          values.getOrDefault("id", ""),
          "id_like",
          values.getOrDefault("id_like", ""),
          "name",
          values.getOrDefault("name", ""));
    }
    String end = values.get("support_end");
    if (end != null) {
      out.add(
          "node_os_support_end_timestamp_seconds",
          MetricType.GAUGE,
          "Metric containing the end-of-life date timestamp of the OS.",
          java.time.LocalDate.parse(end).atStartOfDay(java.time.ZoneOffset.UTC).toEpochSecond());
    }
  }

  void time(Host host, Out out) throws IOException {
    java.time.Instant now = clock.instant();
    out.add("node_time_seconds", now.toEpochMilli() / 1000.0);
    ZoneId zone = ZoneId.systemDefault();
    java.time.ZonedDateTime there = now.atZone(zone);
    String name = there.format(java.time.format.DateTimeFormatter.ofPattern("zzz", Locale.ENGLISH));
    out.add(
        "node_time_zone_offset_seconds", there.getOffset().getTotalSeconds(), "time_zone", name);
    Pattern source = Pattern.compile("clocksource(\\d+)", 0);
    for (Path p : Host.list(host.sys.resolve("devices/system/clocksource"), source)) {
      String device = Host.name(p).substring("clocksource".length());
      for (String c : Host.words(Host.textOrEmpty(p.resolve("available_clocksource")))) {
        out.add("node_time_clocksource_available_info", 1, "clocksource", c, "device", device);
      }
      String current = Host.textOrEmpty(p.resolve("current_clocksource"));
      if (!current.isEmpty()) {
        out.add("node_time_clocksource_current_info", 1, "clocksource", current, "device", device);
      }
    }
  }

  static void kernelHung(Host host, Out out) throws IOException {
    Path file = host.proc.resolve("sys/kernel/hung_task_detect_count");
    if (!Files.exists(file)) {
      throw new NoData("no hung task count");
    }
    out.add("node_kernel_hung_tasks_total", one(file));
  }
}
