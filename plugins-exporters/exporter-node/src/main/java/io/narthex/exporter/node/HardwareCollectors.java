package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Sensors, power, memory errors, firmware. */
final class HardwareCollectors {
  private static final Pattern SENSOR = Pattern.compile("([^0-9]+)([0-9]*)(?:_(.+))?", 0);
  private static final Pattern UNCLEAN = Pattern.compile("[^a-z0-9:_]", 0);
  private static final Pattern DIMM =
      Pattern.compile("mc#?([0-9]+)csrow#?([0-9]+)channel#?([0-9]+)", 0);
  private static final Set<String> SENSOR_TYPES =
      Set.of(
          "vrm",
          "beep_enable",
          "update_interval",
          "in",
          "cpu",
          "fan",
          "pwm",
          "temp",
          "curr",
          "power",
          "energy",
          "humidity",
          "intrusion",
          "freq");

  private HardwareCollectors() {}

  static void hwmon(Host host, Out out) throws IOException {
    Flags.Choice chips = host.flags.choice("collector.hwmon.chip", "");
    Flags.Choice named = host.flags.choice("collector.hwmon.sensor", "");
    List<Path> all = Host.list(host.sys.resolve("class/hwmon"));
    if (all.isEmpty()) {
      throw new NoData("no hwmon");
    }
    Map<String, Integer> sharing = new HashMap<>();
    for (Path dir : all) {
      Path device = realOrNull(dir.resolve("device"));
      if (device != null) {
        sharing.merge(device.toString(), 1, Integer::sum);
      }
    }
    for (Path dir : all) {
      Path real = realOrNull(dir);
      if (real == null || !Files.isDirectory(real)) {
        continue;
      }
      String name = clean(Host.textOrEmpty(real.resolve("name")));
      String chip = chip(real, name, sharing);
      if (!chips.takes(chip)) {
        continue;
      }
      Map<String, Map<String, String>> sensors = new TreeMap<>();
      gather(real, sensors);
      gather(real.resolve("device"), sensors);
      sensors.forEach((sensor, values) -> {
        if (named.takes(chip + ";" + sensor)) {
          sensor(out, chip, sensor, values);
        }
      });
      if (!name.isEmpty()) {
        out.add("node_hwmon_chip_names", 1, "chip", chip, "chip_name", name);
      }
    }
  }

  private static @Nullable Path realOrNull(Path p) {
    try {
      return p.toRealPath();
    } catch (IOException _) {
      return null;
    }
  }

  private static String chip(Path dir, String name, Map<String, Integer> sharing) {
    Path device = realOrNull(dir.resolve("device"));
    if (device != null && device.getParent() != null) {
      String devName = clean(device.getFileName().toString());
      String devType = clean(device.getParent().getFileName().toString());
      String chip = devType.isEmpty() ? devName : devType + "_" + devName;
      if (!devName.isEmpty()) {
        boolean shared = sharing.getOrDefault(device.toString(), 0) > 1 && !name.isEmpty();
        return shared ? chip + "_" + name : chip;
      }
    }
    return name.isEmpty() ? dir.getFileName().toString() : name;
  }

  static String clean(String s) {
    String lower = UNCLEAN.matcher(s.toLowerCase(Locale.ROOT)).replaceAll("_");
    int from = 0;
    int to = lower.length();
    while (from < to && lower.charAt(from) == '_') {
      from++;
    }
    while (to > from && lower.charAt(to - 1) == '_') {
      to--;
    }
    return lower.substring(from, to);
  }

  private static void gather(Path dir, Map<String, Map<String, String>> sensors)
      throws IOException {
    for (Path file : Host.list(dir)) {
      Matcher m = SENSOR.matcher(Host.name(file));
      if (!m.matches() || !SENSOR_TYPES.contains(m.group(1)) || !Files.isRegularFile(file)) {
        continue;
      }
      String value = Host.textOrNull(file);
      if (value != null) {
        String property = m.group(3) == null ? "" : m.group(3);
        sensors
            .computeIfAbsent(m.group(1) + m.group(2), _ -> new TreeMap<>())
            .putIfAbsent(property, value);
      }
    }
  }

  private static void sensor(Out out, String chip, String sensor, Map<String, String> values) {
    Matcher m = SENSOR.matcher(sensor);
    if (!m.matches()) {
      return;
    }
    String type = m.group(1);
    String label = values.getOrDefault("label", "");
    if (!label.isEmpty()) {
      out.add("node_hwmon_sensor_label", 1, "chip", chip, "sensor", sensor, "label", label);
    }
    for (Map.Entry<String, String> e : values.entrySet()) {
      String property = e.getKey();
      Double v = property.equals("label") ? null : Host.parse(e.getValue());
      if (v == null) {
        continue;
      }
      String name = "node_hwmon_" + type;
      String shownSensor = sensor;
      if (property.equals("input")) {
        name += values.containsKey("") ? "_input" : "";
      } else if (!property.isEmpty()) {
        name += "_" + clean(property);
      }
      double scaled = v;
      boolean counter = false;
      if (property.equals("fault") || property.equals("alarm")) {
        // plain
      } else if (property.equals("beep")) {
        name += "_enabled";
      } else {
        switch (type) {
          case "vrm" -> name = "node_hwmon_voltage_regulator_version";
          case "beep_enable" -> name = "node_hwmon_beep_enabled";
          case "update_interval" -> {
            name = "node_hwmon_update_interval_seconds";
            scaled = v / 1000;
          }
          case "in", "cpu" -> {
            name += "_volts";
            scaled = v / 1000;
          }
          case "temp" -> {
            if (!property.equals("type")) {
              name += "_celsius";
              scaled = v / 1000;
            }
          }
          case "curr" -> {
            name += "_amps";
            scaled = v / 1000;
          }
          case "energy" -> {
            name += "_joule_total";
            scaled = v / 1e6;
            counter = true;
          }
          case "power" -> {
            if (property.equals("accuracy")) {
              scaled = v / 1e6;
            } else if (property.startsWith("average_interval")) {
              name += "_seconds";
              scaled = v / 1000;
            } else {
              name += "_watt";
              scaled = v / 1e6;
            }
          }
          case "humidity" -> scaled = v / 1e6;
          case "fan" -> {
            if (Set.of("input", "min", "max", "target").contains(property)) {
              name += "_rpm";
            }
          }
          case "freq" -> {
            if (!label.isEmpty()) {
              name += "_freq_mhz";
              scaled = v / 1e6;
              shownSensor = clean(label);
            }
          }
          default -> {
            // plain
          }
        }
      }
      String shown = property.isEmpty() ? "input" : property;
      out.add(
          name,
          counter ? MetricType.COUNTER : MetricType.GAUGE,
          "Hardware monitor for " + help(type) + " (" + shown + ")",
          scaled,
          "chip",
          chip,
          "sensor",
          shownSensor);
    }
  }

  private static String help(String type) {
    return switch (type) {
      case "in", "cpu" -> "voltage";
      case "temp" -> "temperature";
      case "curr" -> "current";
      case "fan" -> "fan revolutions per minute";
      case "power" -> "power usage in watts";
      case "freq" -> "frequency";
      default -> type;
    };
  }

  static void thermalZone(Host host, Out out) throws IOException {
    Path thermal = host.sys.resolve("class/thermal");
    for (Path zone : Host.list(thermal, Pattern.compile("thermal_zone[0-9]+", 0))) {
      String text = Host.textOrNull(zone.resolve("temp"));
      Double temp = text == null ? null : text.isEmpty() ? Double.valueOf(0) : Host.parse(text);
      if (temp != null) {
        out.add(
            "node_thermal_zone_temp",
            temp / 1000,
            "zone",
            Host.name(zone).substring("thermal_zone".length()),
            "type",
            Host.textOrEmpty(zone.resolve("type")));
      }
    }
    for (Path device : Host.list(thermal, Pattern.compile("cooling_device[0-9]+", 0))) {
      String name = Host.name(device).substring("cooling_device".length());
      String type = Host.textOrEmpty(device.resolve("type"));
      Double now = Host.numberOrNull(device.resolve("cur_state"));
      Double max = Host.numberOrNull(device.resolve("max_state"));
      if (now != null) {
        out.add("node_cooling_device_cur_state", now, "name", name, "type", type);
      }
      if (max != null) {
        out.add("node_cooling_device_max_state", max, "name", name, "type", type);
      }
    }
  }

  static void powerSupply(Host host, Out out) throws IOException {
    Pattern ignored = host.flags.pattern("collector.powersupply.ignored-supplies", "^$");
    Path supplies = host.sys.resolve("class/power_supply");
    if (!Files.isDirectory(supplies)) {
      throw new NoData("no power supply");
    }
    for (Path supply : Host.list(supplies)) {
      String name = Host.name(supply);
      if (ignored != null && ignored.matcher(name).find()) {
        continue;
      }
      for (String plain : List.of("authentic", "calibrate", "capacity", "online", "present")) {
        supply(out, supply, plain, plain, 1);
      }
      supply(out, supply, "cycle_count", "cyclecount", 1);
      for (String micro :
          List.of(
              "charge_full",
              "charge_full_design",
              "energy_full",
              "energy_full_design",
              "voltage_boot",
              "voltage_max",
              "voltage_max_design",
              "voltage_min",
              "voltage_min_design",
              "voltage_ocv")) {
        supply(out, supply, micro, micro, 1e6);
      }
      supply(out, supply, "charge_now", "charge_ampere", 1e6);
      supply(out, supply, "current_now", "current_ampere", 1e6);
      supply(out, supply, "energy_now", "energy_watthour", 1e6);
      supply(out, supply, "power_now", "power_watt", 1e6);
      supply(out, supply, "voltage_now", "voltage_volt", 1e6);
      supply(out, supply, "temp", "temp_celsius", 10);
      supply(out, supply, "temp_ambient", "temp_ambient_celsius", 10);
      String[] labels = new String[2 + 2 * 11];
      int n = 0;
      labels[n++] = "power_supply";
      labels[n++] = name;
      for (String file :
          List.of(
              "capacity_level",
              "charge_type",
              "health",
              "manufacturer",
              "model_name",
              "scope",
              "serial_number",
              "status",
              "technology",
              "type",
              "usb_type")) {
        labels[n++] = file;
        labels[n++] = Host.textOrEmpty(supply.resolve(file));
      }
      out.add("node_power_supply_info", 1, labels);
    }
  }

  private static void supply(Out out, Path supply, String file, String metric, double divisor) {
    Double v = Host.numberOrNull(supply.resolve(file));
    if (v != null) {
      out.add(
          "node_power_supply_" + metric,
          MetricType.GAUGE,
          metric + " value of /sys/class/power_supply/<power_supply>.",
          v / divisor,
          "power_supply",
          Host.name(supply));
    }
  }

  static void edac(Host host, Out out) throws IOException {
    Path root = host.sys.resolve("devices/system/edac/mc");
    List<Path> controllers = Host.list(root, Pattern.compile("mc[0-9]+", 0));
    for (Path mc : controllers) {
      String c = Host.name(mc).substring(2);
      edac(out, mc.resolve("ce_count"), "node_edac_correctable_errors_total", "controller", c);
      edac(out, mc.resolve("ue_count"), "node_edac_uncorrectable_errors_total", "controller", c);
      edac(
          out,
          mc.resolve("ce_noinfo_count"),
          "node_edac_csrow_correctable_errors_total",
          "controller",
          c,
          "csrow",
          "unknown");
      edac(
          out,
          mc.resolve("ue_noinfo_count"),
          "node_edac_csrow_uncorrectable_errors_total",
          "controller",
          c,
          "csrow",
          "unknown");
      for (Path row : Host.list(mc, Pattern.compile("csrow[0-9]+", 0))) {
        String r = Host.name(row).substring(5);
        String[] labels = {"controller", c, "csrow", r};
        edac(out, row.resolve("ce_count"), "node_edac_csrow_correctable_errors_total", labels);
        edac(out, row.resolve("ue_count"), "node_edac_csrow_uncorrectable_errors_total", labels);
        Pattern channel = Pattern.compile("ch([0-9]+)_ce_count", 0);
        for (Path file : Host.list(row, channel)) {
          Matcher m = channel.matcher(Host.name(file));
          if (!m.matches()) {
            continue;
          }
          String ch = m.group(1);
          String[] all = {
            "controller",
            c,
            "csrow",
            r,
            "channel",
            ch,
            "dimm_label",
            dimmLabel(Host.textOrEmpty(row.resolve("ch" + ch + "_dimm_label")))
          };
          edac(out, file, "node_edac_channel_correctable_errors_total", all);
          edac(
              out,
              row.resolve("ch" + ch + "_ue_count"),
              "node_edac_channel_uncorrectable_errors_total",
              all);
        }
      }
    }
  }

  /** Splits the words of the label that the kernel makes up when the firmware gives none. */
  private static String dimmLabel(String label) {
    Matcher m = DIMM.matcher(label);
    return m.matches()
        ? "mc" + m.group(1) + "_csrow" + m.group(2) + "_channel" + m.group(3)
        : label;
  }

  private static void edac(Out out, Path file, String metric, String... labels) {
    Double v = Host.numberOrNull(file);
    if (v != null) {
      out.add(metric, v, labels);
    }
  }

  static void dmi(Host host, Out out) throws IOException {
    Path id = host.sys.resolve("class/dmi/id");
    if (!Files.isDirectory(id)) {
      throw new NoData("no DMI");
    }
    Map<String, String> labels = new TreeMap<>();
    for (String file :
        List.of(
            "bios_date",
            "bios_release",
            "bios_vendor",
            "bios_version",
            "board_name",
            "board_serial",
            "board_vendor",
            "board_version",
            "chassis_asset_tag",
            "chassis_serial",
            "chassis_vendor",
            "chassis_version",
            "product_family",
            "product_name",
            "product_serial",
            "product_sku",
            "product_uuid",
            "product_version",
            "sys_vendor")) {
      String v = Host.textOrNull(id.resolve(file));
      if (v != null) {
        labels.put(file.equals("sys_vendor") ? "system_vendor" : file, v);
      }
    }
    String[] pairs = new String[labels.size() * 2];
    int n = 0;
    for (Map.Entry<String, String> e : labels.entrySet()) {
      pairs[n++] = e.getKey();
      pairs[n++] = e.getValue();
    }
    out.add("node_dmi_info", 1, pairs);
  }

  static void rapl(Host host, Out out) throws IOException {
    Path root = host.sys.resolve("class/powercap");
    List<Path> zones = Host.list(root, Pattern.compile("intel-rapl:.+", 0));
    boolean zoneLabel = host.flags.on("collector.rapl.enable-zone-label", false);
    Map<String, Integer> counts = new HashMap<>();
    for (Path zone : zones) {
      String name = Host.textOrEmpty(zone.resolve("name"));
      Double energy = Host.numberOrNull(zone.resolve("energy_uj"));
      if (name.isEmpty() || energy == null) {
        continue;
      }
      String base = name;
      String index;
      int dash = name.lastIndexOf('-');
      if (dash > 0 && Host.parse(name.substring(dash + 1)) != null) {
        base = name.substring(0, dash);
        index = name.substring(dash + 1);
      } else {
        index = Integer.toString(counts.merge(name, 1, Integer::sum) - 1);
      }
      String[] labels = {
        "index", index, "path", zone.toString(), "rapl_zone", zoneLabel ? clean(base) : ""
      };
      out.add(
          zoneLabel ? "node_rapl_joules_total" : "node_rapl_" + clean(base) + "_joules_total",
          MetricType.COUNTER,
          "Current RAPL " + (zoneLabel ? "" : clean(base) + " ") + "value in joules",
          energy / 1e6,
          labels);
    }
    if (out.isEmpty()) {
      throw new NoData("no RAPL");
    }
  }
}
