package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** InfiniBand devices and their ports. */
final class InfinibandCollector {
  private static final String PREFIX = "node_infiniband_";

  /** A counter of a port: its metric, and the unit that the hardware counts in. */
  private record Counter(String metric, double factor, String help) {}

  private static final double LANES = 4; // the data counters count 4 bytes at a time

  private static final Map<String, Counter> COUNTERS =
      Map.ofEntries(
          counter("link_downed", "link_downed"),
          counter("link_error_recovery", "link_error_recovery"),
          counter("multicast_rcv_packets", "multicast_packets_received"),
          counter("multicast_xmit_packets", "multicast_packets_transmitted"),
          counter("port_rcv_constraint_errors", "port_constraint_errors_received"),
          counter("port_xmit_constraint_errors", "port_constraint_errors_transmitted"),
          data("port_rcv_data", "port_data_received_bytes"),
          data("port_xmit_data", "port_data_transmitted_bytes"),
          counter("port_rcv_discards", "port_discards_received"),
          counter("port_xmit_discards", "port_discards_transmitted"),
          counter("port_rcv_errors", "port_errors_received"),
          counter("port_rcv_packets", "port_packets_received"),
          counter("port_xmit_packets", "port_packets_transmitted"),
          counter("port_xmit_wait", "port_transmit_wait"),
          counter("unicast_rcv_packets", "unicast_packets_received"),
          counter("unicast_xmit_packets", "unicast_packets_transmitted"),
          counter(
              "VL15_dropped",
              "vl15_dropped",
              "Number of incoming VL15 packets dropped due to resource limitations."),
          counter(
              "excessive_buffer_overrun_errors",
              "excessive_buffer_overrun_errors",
              "Number of times that OverrunErrors consecutive flow control update periods occurred,"
                  + " each having at least one overrun error."),
          counter(
              "local_link_integrity_errors",
              "local_link_integrity_errors",
              "Number of times that the count of local physical errors exceeded the threshold"
                  + " specified by LocalPhyErrors."),
          counter(
              "port_rcv_remote_physical_errors",
              "port_receive_remote_physical_errors",
              "Number of packets marked with the EBP (End of Bad Packet) delimiter received on the"
                  + " port."),
          counter(
              "port_rcv_switch_relay_errors",
              "port_receive_switch_relay_errors",
              "Number of packets that could not be forwarded by the switch."),
          counter(
              "symbol_error",
              "symbol_error",
              "Number of minor link errors detected on one or more physical lanes."));

  /** Counters of old drivers, in {@code counters_ext}. */
  private static final Map<String, Counter> LEGACY =
      Map.ofEntries(
          counter("port_multicast_rcv_packets", "legacy_multicast_packets_received"),
          counter("port_multicast_xmit_packets", "legacy_multicast_packets_transmitted"),
          data("port_rcv_data_64", "legacy_data_received_bytes"),
          data("port_xmit_data_64", "legacy_data_transmitted_bytes"),
          counter("port_rcv_packets_64", "legacy_packets_received"),
          counter("port_xmit_packets_64", "legacy_packets_transmitted"),
          counter("port_unicast_rcv_packets", "legacy_unicast_packets_received"),
          counter("port_unicast_xmit_packets", "legacy_unicast_packets_transmitted"));

  private InfinibandCollector() {}

  private static Map.Entry<String, Counter> counter(String file, String metric) {
    return counter(file, metric, "");
  }

  private static Map.Entry<String, Counter> counter(String file, String metric, String help) {
    return Map.entry(file, new Counter(PREFIX + metric + "_total", 1, help));
  }

  private static Map.Entry<String, Counter> data(String file, String metric) {
    return Map.entry(file, new Counter(PREFIX + metric + "_total", LANES, ""));
  }

  static void collect(Host host, Out out) throws IOException {
    List<Path> devices = Host.list(host.sys.resolve("class/infiniband"));
    if (devices.isEmpty()) {
      throw new NoData("no InfiniBand");
    }
    for (Path device : devices) {
      String name = Host.name(device);
      out.add(
          PREFIX + "info",
          1,
          "device",
          name,
          "board_id",
          Host.textOrEmpty(device.resolve("board_id")),
          "firmware_version",
          Host.textOrEmpty(device.resolve("fw_ver")),
          "hca_type",
          Host.textOrEmpty(device.resolve("hca_type")));
      for (Path port : Host.list(device.resolve("ports"))) {
        String[] labels = {"device", name, "port", Host.name(port)};
        state(out, port.resolve("state"), "state_id", labels);
        state(out, port.resolve("phys_state"), "physical_state_id", labels);
        rate(out, port.resolve("rate"), labels);
        counters(out, port.resolve("counters"), COUNTERS, labels);
        counters(out, port.resolve("counters_ext"), LEGACY, labels);
      }
    }
  }

  /** Adds the number in front of a text such as {@code 4: ACTIVE}. */
  private static void state(Out out, Path file, String metric, String[] labels) {
    String text = Host.textOrEmpty(file);
    int colon = text.indexOf(':');
    Double v = colon < 0 ? null : Host.parse(text.substring(0, colon));
    if (v != null) {
      out.add(PREFIX + metric, v, labels);
    }
  }

  /** Adds the rate of a text such as {@code 40 Gb/sec (4X QDR)}. */
  private static void rate(Out out, Path file, String[] labels) {
    String[] f = Host.words(Host.textOrEmpty(file));
    Double v = f.length < 2 || !f[1].equals("Gb/sec") ? null : Host.parse(f[0]);
    if (v != null) {
      out.add(PREFIX + "rate_bytes_per_second", v * 1e9 / 8, labels);
    }
  }

  private static void counters(Out out, Path folder, Map<String, Counter> known, String[] labels)
      throws IOException {
    for (Path file : Host.list(folder)) {
      @Nullable Counter counter = known.get(Host.name(file));
      // devices without a counter say "N/A (no PMA)"
      Double v = counter == null ? null : Host.numberOrNull(file);
      if (counter != null && v != null) {
        out.add(counter.metric, MetricType.COUNTER, counter.help, v * counter.factor, labels);
      }
    }
  }
}
