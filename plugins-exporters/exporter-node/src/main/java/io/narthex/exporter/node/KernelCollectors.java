package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Statistics of the kernel: interrupts, slabs, zones, processes, transformations. */
final class KernelCollectors {
  private static final Pattern NODE = Pattern.compile("node[0-9]+", 0);
  private static final Pattern NUMBER = Pattern.compile("[0-9]+", 0);
  private static final Pattern PARENTHESES = Pattern.compile("\\((.*)\\)", 0);

  private KernelCollectors() {}

  static void interrupts(Host host, Out out) throws IOException {
    List<String> lines = Host.lines(host.proc.resolve("interrupts"));
    int cpus = Host.words(lines.get(0)).length;
    Flags.Choice names = host.flags.choice("collector.interrupts.name", "");
    boolean zeros = host.flags.on("collector.interrupts.include-zeros", true);
    for (String line : lines.subList(1, lines.size())) {
      String[] f = Host.words(line);
      if (f.length < cpus + 1) {
        continue; // one number for all CPUs, as in ERR and MIS
      }
      String type = f[0].substring(0, f[0].length() - 1);
      String info;
      String devices = "";
      StringBuilder rest = new StringBuilder();
      for (int i = cpus + 1; i < f.length; i++) {
        rest.append(rest.isEmpty() ? "" : " ").append(f[i]);
      }
      if (NUMBER.matcher(type).matches() && f.length > cpus + 2) {
        info = f[cpus + 1];
        devices = rest.substring(info.length() + 1);
      } else {
        info = rest.toString();
      }
      if (!names.takes(type + ";" + info + ";" + devices)) {
        continue;
      }
      for (int cpu = 0; cpu < cpus; cpu++) {
        double v = Host.unsigned(f[cpu + 1]);
        if (v == 0 && !zeros) {
          continue;
        }
        out.add(
            "node_interrupts_total",
            v,
            "cpu",
            Integer.toString(cpu),
            "type",
            type,
            "info",
            info,
            "devices",
            devices);
      }
    }
  }

  static void softirqs(Host host, Out out) throws IOException {
    List<String> lines = Host.lines(host.proc.resolve("softirqs"));
    for (String line : lines.subList(1, lines.size())) {
      String[] f = Host.words(line);
      for (int i = 1; i < f.length; i++) {
        out.add(
            "node_softirqs_functions_total",
            Host.unsigned(f[i]),
            "cpu",
            Integer.toString(i - 1),
            "type",
            f[0].substring(0, f[0].length() - 1));
      }
    }
  }

  static void slabinfo(Host host, Out out) throws IOException {
    Flags.Choice slabs = host.flags.choice("collector.slabinfo.slabs", "");
    for (String line : Host.lines(host.proc.resolve("slabinfo"))) {
      String[] f = Host.words(line);
      if (f.length < 6
          || !slabs.takes(f[0])
          || line.startsWith("slabinfo")
          || line.startsWith("#")) {
        continue;
      }
      out.add("node_slabinfo_active_objects", Host.unsigned(f[1]), "slab", f[0]);
      out.add("node_slabinfo_objects", Host.unsigned(f[2]), "slab", f[0]);
      out.add("node_slabinfo_object_size_bytes", Host.unsigned(f[3]), "slab", f[0]);
      out.add("node_slabinfo_objects_per_slab", Host.unsigned(f[4]), "slab", f[0]);
      out.add("node_slabinfo_pages_per_slab", Host.unsigned(f[5]), "slab", f[0]);
    }
  }

  static void buddyinfo(Host host, Out out) throws IOException {
    for (String line : Host.lines(host.proc.resolve("buddyinfo"))) {
      String[] f = Host.words(line);
      for (int i = 4; i < f.length; i++) {
        out.add(
            "node_buddyinfo_blocks",
            Host.unsigned(f[i]),
            "node",
            f[1].substring(0, f[1].length() - 1),
            "zone",
            f[3],
            "size",
            Integer.toString(i - 4));
      }
    }
  }

  static void cgroups(Host host, Out out) throws IOException {
    for (String line : Host.lines(host.proc.resolve("cgroups"))) {
      String[] f = Host.words(line);
      if (f.length >= 4 && !line.startsWith("#")) {
        out.add("node_cgroups_cgroups", Host.unsigned(f[2]), "subsys_name", f[0]);
        out.add("node_cgroups_enabled", Host.unsigned(f[3]), "subsys_name", f[0]);
      }
    }
  }

  static void ksmd(Host host, Out out) throws IOException {
    Path ksm = host.sys.resolve("kernel/mm/ksm");
    if (!Files.isDirectory(ksm)) {
      throw new NoData("no ksm");
    }
    for (Path file : Host.list(ksm)) {
      Double v = Host.numberOrNull(file);
      if (v == null) {
        continue;
      }
      switch (Host.name(file)) {
        case "full_scans" -> out.add("node_ksmd_full_scans_total", v);
        case "general_profit" -> out.add("node_ksmd_general_profit_bytes", v);
        case "sleep_millisecs" -> out.add("node_ksmd_sleep_seconds", v / 1000);
        case "merge_across_nodes",
            "pages_shared",
            "pages_sharing",
            "pages_to_scan",
            "pages_unshared",
            "pages_volatile",
            "run" ->
            out.add("node_ksmd_" + Host.name(file), v);
        default -> {
          // newer files have no metric
        }
      }
    }
  }

  static void vulnerabilities(Host host, Out out) throws IOException {
    Path folder = host.sys.resolve("devices/system/cpu/vulnerabilities");
    for (Path file : Host.list(folder)) {
      String text = Host.textOrEmpty(file);
      String lower = text.toLowerCase(Locale.ROOT);
      int blank = text.indexOf(' ');
      String rest = blank < 0 ? "" : text.substring(blank + 1);
      String state = "unknown";
      String mitigation = lower.startsWith(state) ? rest : text;
      if (lower.startsWith("not affected")) {
        state = "not affected";
        mitigation = "";
      } else if (lower.startsWith("vulnerable")) {
        state = "vulnerable";
        mitigation = rest;
      } else if (lower.startsWith("mitigation")) {
        state = "mitigation";
        mitigation = rest;
      }
      out.add(
          "node_cpu_vulnerabilities_info",
          1,
          "codename",
          Host.name(file),
          "state",
          state,
          "mitigation",
          mitigation);
    }
  }

  static void meminfoNuma(Host host, Out out) throws IOException {
    for (Path node : Host.list(host.sys.resolve("devices/system/node"), NODE)) {
      String number = Host.name(node).substring(4);
      for (String line : Host.lines(node.resolve("meminfo"))) {
        String[] f = Host.words(line);
        if (f.length < 4) {
          continue;
        }
        String name = PARENTHESES.matcher(f[2].substring(0, f[2].length() - 1)).replaceAll("_$1");
        numa(out, name, Host.unsigned(f[3]) * (f.length > 4 ? 1024 : 1), number, false);
      }
      Path stat = node.resolve("numastat");
      if (Files.exists(stat)) {
        for (String line : Host.lines(stat)) {
          String[] f = Host.words(line);
          if (f.length == 2) {
            numa(out, f[0] + "_total", Host.unsigned(f[1]), number, true);
          }
        }
      }
    }
  }

  private static void numa(Out out, String name, double v, String node, boolean counter) {
    out.add(
        "node_memory_numa_" + name,
        counter ? MetricType.COUNTER : MetricType.GAUGE,
        "Memory information field " + name + ".",
        v,
        "node",
        node);
  }

  static void lnstat(Host host, Out out) throws IOException {
    for (Path file : Host.list(host.proc.resolve("net/stat"))) {
      List<String> lines = Host.lines(file);
      String[] names = Host.words(lines.get(0));
      for (int cpu = 0; cpu + 1 < lines.size(); cpu++) {
        String[] f = Host.words(lines.get(cpu + 1));
        for (int i = 0; i < f.length && i < names.length; i++) {
          out.add(
              "node_lnstat_" + names[i] + "_total",
              MetricType.COUNTER,
              "linux network cache stats",
              Host.hex(f[i]),
              "subsystem",
              Host.name(file),
              "cpu",
              Integer.toString(cpu));
        }
      }
    }
  }

  static void xfrm(Host host, Out out) throws IOException {
    for (String line : Host.lines(host.proc.resolve("net/xfrm_stat"))) {
      String[] f = Host.words(line);
      if (f.length == 2 && f[0].startsWith("Xfrm")) {
        StringBuilder name = new StringBuilder("node_xfrm");
        for (char c : f[0].substring(4).toCharArray()) {
          name.append(Character.isUpperCase(c) ? "_" : "").append(Character.toLowerCase(c));
        }
        out.addKnown(name + "_packets_total", Host.unsigned(f[1]));
      }
    }
  }

  static void zoneinfo(Host host, Out out) throws IOException {
    Map<String, Double> values = new LinkedHashMap<>();
    String node = "";
    String zone = "";
    boolean pagesets = false;
    for (String line : Host.lines(host.proc.resolve("zoneinfo"))) {
      String[] f = Host.words(line);
      if (f.length >= 4 && f[0].equals("Node")) {
        flush(out, values, node, zone);
        node = f[1].substring(0, f[1].length() - 1);
        zone = f[3];
        pagesets = false;
      } else if (f.length == 1 && f[0].equals("pagesets")) {
        pagesets = true;
      } else if (pagesets) {
        continue;
      } else if (f.length > 1 && f[0].equals("protection:")) {
        for (int i = 1; i < f.length; i++) {
          String n = f[i].replace("(", "").replace(")", "").replace(",", "");
          values.put("protection_" + (i - 1), Host.unsigned(n));
        }
      } else if (f.length == 2 && Host.parse(f[1]) != null) {
        values.put(f[0].equals("nr_kernel_stack") ? "nr_kernel_stacks" : f[0], Host.unsigned(f[1]));
      }
    }
    flush(out, values, node, zone);
  }

  private static void flush(Out out, Map<String, Double> values, String node, String zone) {
    values.forEach((name, v) -> {
      for (String suffix : List.of("", "_pages", "_total")) {
        if (out.addKnown("node_zoneinfo_" + name + suffix, v, "node", node, "zone", zone)) {
          return;
        }
      }
    });
    values.clear();
  }

  static void processes(Host host, Out out) throws IOException {
    Map<String, Integer> states = new HashMap<>();
    Map<String, Integer> threadStates = new HashMap<>();
    int pids = 0;
    int threads = 0;
    for (Path process : Host.list(host.proc, NUMBER)) {
      String stat = Host.textOrNull(process.resolve("stat"));
      if (stat == null || stat.lastIndexOf(')') < 0) {
        continue;
      }
      String[] f = Host.words(stat.substring(stat.lastIndexOf(')') + 1));
      pids++;
      states.merge(f[0], 1, Integer::sum);
      threads += Integer.parseInt(f[17]);
      for (Path task : Host.list(process.resolve("task"), NUMBER)) {
        String t = Host.textOrNull(task.resolve("stat"));
        if (t != null && t.lastIndexOf(')') >= 0) {
          threadStates.merge(Host.words(t.substring(t.lastIndexOf(')') + 1))[0], 1, Integer::sum);
        }
      }
    }
    out.add("node_processes_pids", pids);
    out.add("node_processes_threads", threads);
    states.forEach((s, n) -> out.add("node_processes_state", n, "state", s));
    threadStates.forEach((s, n) ->
        out.add(
            "node_processes_threads_state",
            MetricType.GAUGE,
            "Number of threads in each state.",
            n,
            "thread_state",
            s));
    out.add(
        "node_processes_max_processes",
        SystemCollectors.one(host.proc.resolve("sys/kernel/pid_max")));
    out.add(
        "node_processes_max_threads",
        SystemCollectors.one(host.proc.resolve("sys/kernel/threads-max")));
  }

  static void sysctl(Host host, Out out) throws IOException {
    for (String include : host.flags.all("collector.sysctl.include")) {
      int colon = include.indexOf(':');
      String key = colon < 0 ? include : include.substring(0, colon);
      String[] f = Host.words(Host.text(host.proc.resolve("sys").resolve(key.replace('.', '/'))));
      String metric = "node_sysctl_" + key.replace('.', '_').replace('-', '_');
      if (colon >= 0) {
        String[] names = include.substring(colon + 1).split(",");
        for (int i = 0; i < names.length && i < f.length; i++) {
          sysctl(out, metric + "_" + names[i], key + ", field " + names[i] + ".", f[i]);
        }
      } else if (f.length == 1) {
        sysctl(out, metric, key + ".", f[0]);
      } else {
        for (int i = 0; i < f.length; i++) {
          sysctl(out, metric, key + ".", f[i], "index", Integer.toString(i));
        }
      }
    }
    for (String key : host.flags.all("collector.sysctl.include-info")) {
      String[] f = Host.words(Host.text(host.proc.resolve("sys").resolve(key.replace('.', '/'))));
      for (int i = 0; i < f.length; i++) {
        out.add(
            "node_sysctl_info",
            1,
            "name",
            key,
            "value",
            f[i],
            "index",
            f.length == 1 ? "" : Integer.toString(i));
      }
    }
  }

  private static void sysctl(Out out, String metric, String what, String v, String... labels) {
    Matcher number = Pattern.compile("-?[0-9.]+", 0).matcher(v);
    if (number.matches()) {
      out.add(metric, MetricType.UNKNOWN, "sysctl " + what, Host.unsigned(v), labels);
    }
  }
}
