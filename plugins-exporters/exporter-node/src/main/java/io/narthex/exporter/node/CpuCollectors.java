package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Processors: time spent, frequencies, throttling, scheduling. */
final class CpuCollectors {
  private static final double USER_HZ = 100;
  private static final double HOTPLUG_SECONDS = 3;
  private static final String[] MODES = {
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"
  };

  /** Lines of {@code /proc/stat} with one number, which is 0 where the kernel writes none. */
  private static final List<String> COUNTS =
      List.of("intr", "ctxt", "processes", "btime", "procs_running", "procs_blocked");

  private static final List<String> COUNT_METRICS =
      List.of(
          "node_intr_total",
          "node_context_switches_total",
          "node_forks_total",
          "node_boot_time_seconds",
          "node_procs_running",
          "node_procs_blocked");

  private static final String[] SOFTIRQS = {
    "hi", "timer", "net_tx", "net_rx", "block", "block_iopoll", "tasklet", "sched", "hrtimer", "rcu"
  };

  private final boolean info;
  private final boolean guest;
  private final @Nullable Pattern flagsInclude;
  private final @Nullable Pattern bugsInclude;

  /** Last times by CPU; they decrease only when a CPU is hot plugged. */
  private final Map<String, double[]> last = new HashMap<>();

  CpuCollectors(Host host) {
    flagsInclude = host.flags.pattern("collector.cpu.info.flags-include", "");
    bugsInclude = host.flags.pattern("collector.cpu.info.bugs-include", "");
    info = host.flags.on("collector.cpu.info", flagsInclude != null || bugsInclude != null);
    guest = host.flags.on("collector.cpu.guest", true);
  }

  void cpu(Host host, Out out) throws IOException {
    if (info) {
      cpuInfo(host, out);
    }
    for (String line : host.stat()) {
      String[] f = Host.words(line);
      if (f.length < 5 || !f[0].startsWith("cpu") || f[0].length() == 3) {
        continue;
      }
      String cpu = f[0].substring(3);
      double[] now = new double[10];
      for (int i = 0; i < 10 && i + 1 < f.length; i++) {
        now[i] = Host.unsigned(f[i + 1]) / USER_HZ;
      }
      double[] t = last.computeIfAbsent(cpu, _ -> new double[10]);
      if (t[3] - now[3] >= HOTPLUG_SECONDS) {
        java.util.Arrays.fill(t, 0);
      }
      for (int i = 0; i < 10; i++) {
        t[i] = Math.max(t[i], now[i]);
      }
      for (int i = 0; i < MODES.length; i++) {
        out.add("node_cpu_seconds_total", t[i], "cpu", cpu, "mode", MODES[i]);
      }
      if (guest) {
        out.add("node_cpu_guest_seconds_total", t[8], "cpu", cpu, "mode", "user");
        out.add("node_cpu_guest_seconds_total", t[9], "cpu", cpu, "mode", "nice");
      }
    }
    isolated(host, out);
    throttles(host, out);
    online(host, out);
  }

  private static void online(Host host, Out out) throws IOException {
    for (Path cpu : host.cpus()) {
      Double on = Host.numberOrNull(cpu.resolve("online"));
      if (on != null) {
        out.add(
            "node_cpu_online",
            io.narthex.model.MetricType.GAUGE,
            "CPUs that are online and being scheduled.",
            on,
            "cpu",
            Host.name(cpu).substring(3));
      }
    }
  }

  private static void isolated(Host host, Out out) {
    String list = Host.textOrEmpty(host.sys.resolve("devices/system/cpu/isolated"));
    for (String cpu : range(list)) {
      out.add("node_cpu_isolated", 1, "cpu", cpu);
    }
  }

  /** Returns the numbers of a list such as {@code 1,3-5}. */
  static List<String> range(String list) {
    List<String> all = new ArrayList<>();
    for (String part : list.split(",")) {
      if (part.isBlank()) {
        continue;
      }
      int dash = part.indexOf('-');
      int from = Integer.parseInt((dash < 0 ? part : part.substring(0, dash)).strip());
      int to = dash < 0 ? from : Integer.parseInt(part.substring(dash + 1).strip());
      for (int i = from; i <= to; i++) {
        all.add(Integer.toString(i));
      }
    }
    return all;
  }

  private static void throttles(Host host, Out out) throws IOException {
    Map<String, Double> packages = new LinkedHashMap<>();
    Set<String> cores = new HashSet<>();
    for (Path cpu : host.cpus()) {
      String core = Host.textOrNull(cpu.resolve("topology/core_id"));
      String pack = Host.textOrNull(cpu.resolve("topology/physical_package_id"));
      if (core == null || pack == null) {
        continue;
      }
      Double count = Host.numberOrNull(cpu.resolve("thermal_throttle/core_throttle_count"));
      if (count != null && cores.add(pack + "/" + core)) {
        out.add("node_cpu_core_throttles_total", count, "core", core, "package", pack);
      }
      Double whole = Host.numberOrNull(cpu.resolve("thermal_throttle/package_throttle_count"));
      if (whole != null) {
        packages.putIfAbsent(pack, whole);
      }
    }
    packages.forEach((p, n) -> out.add("node_cpu_package_throttles_total", n, "package", p));
  }

  private void cpuInfo(Host host, Out out) throws IOException {
    List<Map<String, String>> cpus = new ArrayList<>();
    Map<String, String> one = new HashMap<>();
    for (String line : Host.lines(host.proc.resolve("cpuinfo"))) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        if (!one.isEmpty()) {
          cpus.add(one);
          one = new HashMap<>();
        }
        continue;
      }
      one.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
    }
    if (!one.isEmpty()) {
      cpus.add(one);
    }
    for (Map<String, String> c : cpus) {
      String cpu = c.getOrDefault("processor", "");
      String core = c.getOrDefault("core id", "");
      String pack = c.getOrDefault("physical id", "");
      out.add(
          "node_cpu_info",
          1,
          "package",
          pack,
          "core",
          core,
          "cpu",
          cpu,
          "vendor",
          c.getOrDefault("vendor_id", ""),
          "family",
          c.getOrDefault("cpu family", ""),
          "model",
          c.getOrDefault("model", ""),
          "model_name",
          c.getOrDefault("model name", ""),
          "microcode",
          c.getOrDefault("microcode", ""),
          "stepping",
          c.getOrDefault("stepping", ""),
          "cachesize",
          c.getOrDefault("cache size", ""));
      String mhz = c.get("cpu MHz");
      if (mhz != null) {
        out.add(
            "node_cpu_frequency_hertz",
            Double.parseDouble(mhz) * 1e6,
            "package",
            pack,
            "core",
            core,
            "cpu",
            cpu);
      }
    }
    if (!cpus.isEmpty()) {
      words(cpus.get(0).get("flags"), flagsInclude, "node_cpu_flag_info", "flag", out);
      words(cpus.get(0).get("bugs"), bugsInclude, "node_cpu_bug_info", "bug", out);
    }
  }

  private static void words(
      @Nullable String text, @Nullable Pattern include, String metric, String label, Out out) {
    if (text == null || include == null) {
      return;
    }
    for (String word : Host.words(text)) {
      if (include.matcher(word).find()) {
        out.add(metric, 1, label, word);
      }
    }
  }

  static void cpufreq(Host host, Out out) throws IOException {
    for (Path cpu : host.cpus()) {
      Path freq = cpu.resolve("cpufreq");
      if (!Files.isDirectory(freq)) {
        continue;
      }
      String n = Host.name(cpu).substring(3);
      kilo(out, freq, "cpuinfo_cur_freq", "node_cpu_frequency_hertz", n);
      kilo(out, freq, "cpuinfo_min_freq", "node_cpu_frequency_min_hertz", n);
      kilo(out, freq, "cpuinfo_max_freq", "node_cpu_frequency_max_hertz", n);
      kilo(out, freq, "scaling_cur_freq", "node_cpu_scaling_frequency_hertz", n);
      kilo(out, freq, "scaling_min_freq", "node_cpu_scaling_frequency_min_hertz", n);
      kilo(out, freq, "scaling_max_freq", "node_cpu_scaling_frequency_max_hertz", n);
      String governor = Host.textOrEmpty(freq.resolve("scaling_governor"));
      if (!governor.isEmpty()) {
        String available = Host.textOrEmpty(freq.resolve("scaling_available_governors"));
        for (String g : Host.words(available)) {
          out.add("node_cpu_scaling_governor", g.equals(governor) ? 1 : 0, "cpu", n, "governor", g);
        }
      }
    }
  }

  private static void kilo(Out out, Path folder, String file, String metric, String cpu) {
    Double v = Host.numberOrNull(folder.resolve(file));
    if (v != null) {
      out.add(
          metric,
          io.narthex.model.MetricType.GAUGE,
          "CPU thread frequency in hertz.",
          v * 1000,
          "cpu",
          cpu);
    }
  }

  static void stat(Host host, Out out) throws IOException {
    double[] counts = new double[COUNTS.size()];
    double[] softirqs = new double[SOFTIRQS.length];
    for (String line : host.stat()) {
      String[] f = Host.words(line);
      int count = f.length < 2 ? -1 : COUNTS.indexOf(f[0]);
      if (count >= 0) {
        counts[count] = Host.unsigned(f[1]);
      } else if (f.length > 0 && f[0].equals("softirq")) {
        for (int i = 0; i < SOFTIRQS.length && i + 2 < f.length; i++) {
          softirqs[i] = Host.unsigned(f[i + 2]);
        }
      }
    }
    for (int i = 0; i < counts.length; i++) {
      out.add(COUNT_METRICS.get(i), counts[i]);
    }
    if (host.flags.on("collector.stat.softirq", false)) {
      for (int i = 0; i < SOFTIRQS.length; i++) {
        out.add("node_softirqs_total", softirqs[i], "vector", SOFTIRQS[i]);
      }
    }
  }

  static void schedstat(Host host, Out out) throws IOException {
    for (String line : Host.lines(host.proc.resolve("schedstat"))) {
      String[] f = Host.words(line);
      if (f.length < 10 || !Host.CPU.matcher(f[0]).matches()) {
        continue;
      }
      String cpu = f[0].substring(3);
      out.add("node_schedstat_running_seconds_total", Host.unsigned(f[7]) / 1e9, "cpu", cpu);
      out.add("node_schedstat_waiting_seconds_total", Host.unsigned(f[8]) / 1e9, "cpu", cpu);
      out.add("node_schedstat_timeslices_total", Host.unsigned(f[9]), "cpu", cpu);
    }
  }
}
