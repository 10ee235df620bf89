package io.narthex.exporter.node;

import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Virtual servers of IPVS and the servers behind them. */
final class IpvsCollector {
  private static final List<String> LABELS =
      List.of(
          "local_address", "local_port", "remote_address", "remote_port", "proto", "local_mark");

  private static final int CONNECTIONS_ACTIVE = 0;
  private static final int CONNECTIONS_INACTIVE = 1;
  private static final int WEIGHT = 2;

  private final List<String> labels;

  IpvsCollector(Host host) {
    String text =
        host.flags.text("collector.ipvs.backend-labels", String.join(",", LABELS)).strip();
    labels = text.isEmpty() ? List.of() : List.of(text.split(","));
    for (String label : labels) {
      if (!LABELS.contains(label)) {
        throw new ConfigException(
            "--collector.ipvs.backend-labels: unknown label, got \""
                + label
                + "\"; use some of "
                + String.join(",", LABELS));
      }
    }
  }

  void collect(Host host, Out out) throws IOException {
    Path stats = host.proc.resolve("net/ip_vs_stats");
    if (!Files.exists(stats)) {
      throw new NoData("no IPVS");
    }
    totals(Host.lines(stats), out);
    Map<List<String>, double[]> backends = new LinkedHashMap<>();
    String[] service = new String[0];
    for (String line : Host.lines(host.proc.resolve("net/ip_vs"))) {
      String[] f = Host.words(line);
      if (f.length < 2) {
        continue;
      }
      switch (f[0]) {
        case "TCP", "UDP", "FWM" -> service = f;
        case "->" -> {
          if (f.length >= 6 && !f[1].startsWith("Remote")) {
            double[] sums = backends.computeIfAbsent(key(service, f[1]), _ -> new double[3]);
            sums[WEIGHT] += Host.unsigned(f[3]);
            sums[CONNECTIONS_ACTIVE] += Host.unsigned(f[4]);
            sums[CONNECTIONS_INACTIVE] += Host.unsigned(f[5]);
          }
        }
        default -> {
          // headings
        }
      }
    }
    backends.forEach((values, sums) -> {
      String[] pairs = new String[2 * labels.size()];
      for (int i = 0; i < labels.size(); i++) {
        pairs[2 * i] = labels.get(i);
        pairs[2 * i + 1] = values.get(i);
      }
      out.add("node_ipvs_backend_connections_active", sums[CONNECTIONS_ACTIVE], pairs);
      out.add("node_ipvs_backend_connections_inactive", sums[CONNECTIONS_INACTIVE], pairs);
      out.add("node_ipvs_backend_weight", sums[WEIGHT], pairs);
    });
  }

  /** Returns the values of the labels; servers that agree in all of them are summed. */
  private List<String> key(String[] service, String remote) throws IOException {
    if (service.length < 2) {
      throw new IOException("ip_vs: a server stands before the first service");
    }
    boolean mark = service[0].equals("FWM");
    List<String> values = new ArrayList<>(labels.size());
    for (String label : labels) {
      values.add(
          switch (label) {
            case "local_address" -> mark ? "" : address(service[1]);
            case "local_port" -> mark ? "0" : port(service[1]);
            case "remote_address" -> address(remote);
            case "remote_port" -> port(remote);
            case "proto" -> service[0];
            default -> mark ? service[1] : "";
          });
    }
    return values;
  }

  private static void totals(List<String> lines, Out out) throws IOException {
    String[] f = lines.size() < 3 ? new String[0] : Host.words(lines.get(2));
    if (f.length != 5) {
      throw new IOException("ip_vs_stats: the third line must have 5 numbers, got " + f.length);
    }
    out.add("node_ipvs_connections_total", Host.hex(f[0]));
    out.add("node_ipvs_incoming_packets_total", Host.hex(f[1]));
    out.add("node_ipvs_outgoing_packets_total", Host.hex(f[2]));
    out.add("node_ipvs_incoming_bytes_total", Host.hex(f[3]));
    out.add("node_ipvs_outgoing_bytes_total", Host.hex(f[4]));
  }

  /** Returns the address of {@code C0A80016:0CEA} or {@code [2001:0db8:…]:0CEA}. */
  private static String address(String text) throws IOException {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw new IOException("ip_vs: no port in \"" + text + "\"");
    }
    String host = text.substring(0, colon);
    try {
      return host.startsWith("[")
          ? Addresses.text(InetAddress.ofLiteral(host.substring(1, host.length() - 1)).getAddress())
          : Addresses.text(HexFormat.of().parseHex(host));
    } catch (IllegalArgumentException e) {
      throw new IOException("ip_vs: not an address: \"" + text + "\"", e);
    }
  }

  private static String port(String text) throws IOException {
    try {
      return Integer.toString(Integer.parseInt(text.substring(text.lastIndexOf(':') + 1), 16));
    } catch (NumberFormatException e) {
      throw new IOException("ip_vs: not a port: \"" + text + "\"", e);
    }
  }
}
