package io.narthex.exporter.node;

import io.narthex.spi.config.ConfigException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** Flags in the form of node_exporter's command line, checked when they are read. */
final class Flags {
  private static final Set<String> SWITCHES =
      Set.of(
          "collector.disable-defaults",
          "collector.arp.netlink",
          "collector.bcache.priorityStats",
          "collector.cpu.guest",
          "collector.cpu.info",
          "collector.interrupts.include-zeros",
          "collector.netclass.ignore-invalid-speed",
          "collector.netdev.netlink",
          "collector.rapl.enable-zone-label",
          "collector.stat.softirq",
          "collector.systemd.enable-restarts-metrics",
          "collector.systemd.enable-start-time-metrics",
          "collector.systemd.enable-task-metrics");

  private static final Set<String> PATTERNS =
      Set.of(
          "collector.arp.device-exclude",
          "collector.arp.device-include",
          "collector.cpu.info.bugs-include",
          "collector.cpu.info.flags-include",
          "collector.diskstats.device-exclude",
          "collector.diskstats.device-include",
          "collector.filesystem.fs-types-exclude",
          "collector.filesystem.fs-types-include",
          "collector.filesystem.mount-points-exclude",
          "collector.filesystem.mount-points-include",
          "collector.hwmon.chip-exclude",
          "collector.hwmon.chip-include",
          "collector.hwmon.sensor-exclude",
          "collector.hwmon.sensor-include",
          "collector.interrupts.name-exclude",
          "collector.interrupts.name-include",
          "collector.netclass.ignored-devices",
          "collector.netdev.device-exclude",
          "collector.netdev.device-include",
          "collector.netstat.fields",
          "collector.powersupply.ignored-supplies",
          "collector.qdisc.device-exclude",
          "collector.qdisc.device-include",
          "collector.slabinfo.slabs-exclude",
          "collector.slabinfo.slabs-include",
          "collector.systemd.unit-exclude",
          "collector.systemd.unit-include",
          "collector.tapestats.ignored-devices",
          "collector.vmstat.fields");

  private static final Set<String> TEXTS =
      Set.of(
          "collector.filesystem.mount-timeout",
          "collector.ipvs.backend-labels",
          "collector.sysctl.include",
          "collector.sysctl.include-info",
          "collector.textfile.directory",
          "path.procfs",
          "path.rootfs",
          "path.sysfs",
          "path.udev.data");

  /** Flags of its server and threads, which have no effect here. */
  private static final Set<String> OF_ITS_SERVER_SWITCHES = Set.of("web.disable-exporter-metrics");

  private static final Set<String> OF_ITS_SERVER_NUMBERS =
      Set.of("collector.filesystem.stat-workers", "runtime.gomaxprocs", "web.max-requests");

  /** Names that node_exporter had before, and still takes. */
  private static final Map<String, String> FORMER =
      Map.of(
          "collector.diskstats.ignored-devices", "collector.diskstats.device-exclude",
          "collector.filesystem.ignored-fs-types", "collector.filesystem.fs-types-exclude",
          "collector.filesystem.ignored-mount-points", "collector.filesystem.mount-points-exclude");

  /** Collectors of node_exporter that do not exist here, which may be switched off. */
  private static final Set<String> ELSEWHERE =
      Set.of(
          "drm",
          "ethtool",
          "logind",
          "network_route",
          "ntp",
          "nvmesubsystem",
          "perf",
          "runit",
          "supervisord",
          "swap",
          "wifi");

  private static final int MAX_SEEN = 4096;
  private static final String INCLUDE = "-include";
  private static final String EXCLUDE = "-exclude";

  private final Map<String, List<String>> values = new LinkedHashMap<>();
  private final Map<String, Optional<Pattern>> compiled = new ConcurrentHashMap<>();
  private final Map<String, Map<String, Boolean>> seen = new ConcurrentHashMap<>();

  /**
   * Reads flags.
   *
   * @throws ConfigException for one that does not exist or cannot be used
   */
  Flags(List<String> arguments) {
    for (String argument : arguments) {
      add(argument);
    }
    FORMER.forEach((former, current) -> {
      List<String> given = values.remove(former);
      if (given != null && values.putIfAbsent(current, given) != null) {
        throw new ConfigException(
            "flags: --" + former + " and --" + current + " are the same; give the latter");
      }
    });
    for (String name : values.keySet()) {
      if (PATTERNS.contains(name)) {
        Pattern _ = pattern(name, "");
      }
      String other = name.substring(0, Math.max(0, name.length() - INCLUDE.length())) + EXCLUDE;
      boolean both = name.startsWith("collector.systemd."); // which takes what passes both
      if (name.endsWith(INCLUDE) && !both && values.containsKey(other)) {
        throw new ConfigException(
            "flags: --" + name + " and --" + other + " exclude each other; give one of them");
      }
    }
  }

  private void add(String argument) {
    String a = argument.startsWith("--") ? argument.substring(2) : argument;
    int eq = a.indexOf('=');
    String name = eq < 0 ? a : a.substring(0, eq);
    boolean no = name.startsWith("no-");
    if (no) {
      name = name.substring("no-".length());
    }
    boolean number = OF_ITS_SERVER_NUMBERS.contains(name);
    if (number || TEXTS.contains(name) || PATTERNS.contains(name) || FORMER.containsKey(name)) {
      if (no || eq < 0) {
        throw new ConfigException(
            "flags: a value is missing, got \"" + argument + "\"; write --" + name + "=VALUE");
      }
      if (number && !a.substring(eq + 1).matches("-?\\d{1,9}")) {
        throw new ConfigException(
            "flags: --" + name + " must be a number, got \"" + a.substring(eq + 1) + "\"");
      }
    } else if (!SWITCHES.contains(name)
        && !OF_ITS_SERVER_SWITCHES.contains(name)
        && !isCollector(name)) {
      throw new ConfigException(
          "flags: unknown flag, got \""
              + argument
              + "\"; the module's README lists those of node_exporter that are understood");
    } else if (eq >= 0) {
      throw new ConfigException(
          "flags: a switch has no value, got \""
              + argument
              + "\"; write --"
              + name
              + " or --no-"
              + name);
    }
    String value = no ? "false" : eq < 0 ? "true" : a.substring(eq + 1);
    values.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
  }

  /** Returns whether a flag has the form of one that switches a collector. */
  private static boolean isCollector(String name) {
    return name.startsWith("collector.") && name.indexOf('.', "collector.".length()) < 0;
  }

  /**
   * Checks that the collectors that are switched exist, off also those of the original.
   *
   * @throws ConfigException otherwise
   */
  void check(Collection<String> collectors) {
    values.forEach((flag, all) -> {
      String name = flag.substring(flag.indexOf('.') + 1);
      if (isCollector(flag)
          && !flag.equals("collector.disable-defaults")
          && !collectors.contains(name)
          && (all.contains("true") || !ELSEWHERE.contains(name))) {
        throw new ConfigException(
            "flags: no such collector, got \"--"
                + (all.contains("true") ? "" : "no-")
                + flag
                + "\"; there are "
                + collectors);
      }
    });
  }

  /** Returns the last value given, or {@code fallback}. */
  String text(String name, String fallback) {
    List<String> all = values.get(name);
    return all == null ? fallback : all.getLast();
  }

  /** Returns all values given. */
  List<String> all(String name) {
    return values.getOrDefault(name, List.of());
  }

  boolean on(String name, boolean fallback) {
    List<String> all = values.get(name);
    return all == null ? fallback : all.getLast().equals("true");
  }

  /** Returns a regular expression, compiled once; null for an empty one. */
  @Nullable Pattern pattern(String name, String fallback) {
    return compiled.computeIfAbsent(name, _ -> compile(name, text(name, fallback))).orElse(null);
  }

  /**
   * Returns whether a regular expression takes a name of the kernel. There are some hundreds of
   * names, the same in every collection, so the answers are remembered.
   */
  boolean takes(String flag, String fallback, String name) {
    Map<String, Boolean> known = seen.computeIfAbsent(flag, _ -> new ConcurrentHashMap<>());
    Boolean answer = known.get(name);
    if (answer == null) {
      Pattern pattern = pattern(flag, fallback);
      answer = pattern == null || pattern.matcher(name).find();
      if (known.size() < MAX_SEEN) {
        known.put(name, answer);
      }
    }
    return answer;
  }

  private static Optional<Pattern> compile(String name, String text) {
    try {
      return text.isEmpty() ? Optional.empty() : Optional.of(Pattern.compile(text, 0));
    } catch (PatternSyntaxException e) {
      throw new ConfigException(
          "flags: --"
              + name
              + ": not a regular expression, got \""
              + text
              + "\": "
              + e.getDescription());
    }
  }

  /**
   * Returns the filter of {@code <prefix>-include} and {@code <prefix>-exclude}.
   *
   * @param exclude what is excluded without a flag
   */
  Choice choice(String prefix, String exclude) {
    return new Choice(pattern(prefix + INCLUDE, ""), pattern(prefix + EXCLUDE, exclude));
  }

  /** Selects names: those that match {@code include} or, without it, not {@code exclude}. */
  record Choice(@Nullable Pattern include, @Nullable Pattern exclude) {
    boolean takes(String name) {
      if (include != null) {
        return include.matcher(name).find();
      }
      return exclude == null || !exclude.matcher(name).find();
    }
  }
}
