package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Hosts of Fibre Channel. */
final class FibreChannelCollector {
  private static final Map<String, String> COUNTERS =
      Map.ofEntries(
          Map.entry("dumped_frames", "dumped_frames_total"),
          Map.entry("error_frames", "error_frames_total"),
          Map.entry("fcp_packet_aborts", "fcp_packet_aborts_total"),
          Map.entry("invalid_crc_count", "invalid_crc_total"),
          Map.entry("invalid_tx_word_count", "invalid_tx_words_total"),
          Map.entry("link_failure_count", "link_failure_total"),
          Map.entry("loss_of_signal_count", "loss_of_signal_total"),
          Map.entry("loss_of_sync_count", "loss_of_sync_total"),
          Map.entry("nos_count", "nos_total"),
          Map.entry("rx_frames", "rx_frames_total"),
          Map.entry("rx_words", "rx_words_total"),
          Map.entry("seconds_since_last_reset", "seconds_since_last_reset_total"),
          Map.entry("tx_frames", "tx_frames_total"),
          Map.entry("tx_words", "tx_words_total"));
  private static final String UNKNOWN = "0xffffffffffffffff"; // what the host does not count

  private static final List<String> LABELS =
      List.of(
          "speed",
          "port_state",
          "port_type",
          "port_id",
          "port_name",
          "fabric_name",
          "symbolic_name",
          "supported_classes",
          "supported_speeds",
          "dev_loss_tmo");

  private FibreChannelCollector() {}

  static void collect(Host host, Out out) throws IOException {
    for (Path port : Host.list(host.sys.resolve("class/fc_host"))) {
      String name = Host.name(port);
      String[] labels = new String[2 * LABELS.size() + 2];
      int n = 0;
      labels[n++] = "fc_host";
      labels[n++] = name;
      for (String label : LABELS) {
        String text = Host.textOrEmpty(port.resolve(label));
        labels[n++] = label;
        labels[n++] = text.startsWith("0x") ? text.substring(2) : text;
      }
      out.add("node_fibrechannel_info", 1, labels);
      for (Path file : Host.list(port.resolve("statistics"))) {
        String metric = COUNTERS.get(Host.name(file));
        String text = metric == null ? "" : Host.textOrEmpty(file);
        Double v = text.isEmpty() || text.equals(UNKNOWN) ? null : Host.parse(text);
        if (v != null) {
          out.add("node_fibrechannel_" + metric, v, "fc_host", name);
        }
      }
    }
    if (out.isEmpty()) {
      throw new NoData("no Fibre Channel");
    }
  }
}
