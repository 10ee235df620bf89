package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Devices on the PCI bus. */
final class PciCollector {
  private static final String PREFIX = "node_pcidevice_";
  private static final Pattern LOCATION =
      Pattern.compile("([0-9a-f]+):([0-9a-f]+):([0-9a-f]+)\\.([0-9a-f]+)", 0);
  private static final List<String> POWER_STATES =
      List.of("unknown", "error", "D0", "D1", "D2", "D3hot", "D3cold");
  private static final double TRANSFERS = 1e9; // GT/s

  private PciCollector() {}

  static void collect(Host host, Out out) throws IOException {
    Path devices = host.sys.resolve("bus/pci/devices");
    if (!Files.isDirectory(devices)) {
      throw new NoData("no PCI bus");
    }
    for (Path device : Host.list(devices, LOCATION)) {
      device(device, out);
    }
  }

  private static void device(Path device, Out out) throws IOException {
    String[] place = place("", Host.name(device));
    Path parent = device.toRealPath().getParent();
    String[] above = place("parent_", parent == null ? "" : Host.name(parent));
    String[] info = Arrays.copyOf(place, place.length + above.length + 12);
    System.arraycopy(above, 0, info, place.length, above.length);
    int n = place.length + above.length;
    String[][] files = {
      {"class_id", "class"},
      {"vendor_id", "vendor"},
      {"device_id", "device"},
      {"subsystem_vendor_id", "subsystem_vendor"},
      {"subsystem_device_id", "subsystem_device"},
      {"revision", "revision"}
    };
    for (String[] file : files) {
      info[n++] = file[0];
      info[n++] = Host.textOrEmpty(device.resolve(file[1]));
    }
    out.add(PREFIX + "info", 1, info);
    speed(out, device, "max_link_speed", "max_link_transfers_per_second", place);
    speed(out, device, "current_link_speed", "current_link_transfers_per_second", place);
    number(out, device, "max_link_width", -1, place);
    number(out, device, "current_link_width", -1, place);
    number(out, device, "d3cold_allowed", -1, place);
    number(out, device, "sriov_drivers_autoprobe", 0, place);
    number(out, device, "sriov_numvfs", 0, place);
    number(out, device, "sriov_totalvfs", 0, place);
    number(out, device, "sriov_vf_total_msix", 0, place);
    Double node = Host.numberOrNull(device.resolve("numa_node"));
    if (node != null && node >= 0) {
      out.add(PREFIX + "numa_node", node, place);
    }
    String state = Host.textOrEmpty(device.resolve("power_state"));
    if (!state.isEmpty()) {
      String[] labels = Arrays.copyOf(place, place.length + 2);
      labels[place.length] = "state";
      for (String s : POWER_STATES) {
        labels[place.length + 1] = s;
        out.add(PREFIX + "power_state", s.equals(state) ? 1 : 0, labels);
      }
    }
  }

  /** Returns labels of a location; a star stands for what is not on the bus. */
  private static String[] place(String prefix, String name) {
    Matcher m = LOCATION.matcher(name);
    boolean on = m.matches();
    return new String[] {
      prefix + "segment", on ? m.group(1) : "*",
      prefix + "bus", on ? m.group(2) : "*",
      prefix + "device", on ? m.group(3) : "*",
      prefix + "function", on ? m.group(4) : "*"
    };
  }

  /** Adds the number in a file, or {@code fallback} as the original does without such a file. */
  private static void number(Out out, Path device, String file, double fallback, String[] labels) {
    Double v = Host.numberOrNull(device.resolve(file));
    out.add(PREFIX + file, v == null ? fallback : v, labels);
  }

  /** Adds the number of a text such as {@code 8.0 GT/s PCIe}; -1 without one. */
  private static void speed(Out out, Path device, String file, String metric, String[] labels) {
    String[] f = Host.words(Host.textOrEmpty(device.resolve(file)));
    Double v = f.length > 1 && f[1].equals("GT/s") ? Host.parse(f[0]) : null;
    out.add(PREFIX + metric, v == null ? -1 : v * TRANSFERS, labels);
  }
}
