package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Network devices and protocols. */
final class NetCollectors {
  private static final String NETSTAT =
      "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)"
          + "|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)"
          + "|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)"
          + "|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";
  private static final Pattern IPV6_FIELD = Pattern.compile("^(\\D+6)(.+)$", 0);
  private static final String[] RECEIVE = {
    "bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast"
  };
  private static final String[] TRANSMIT = {
    "bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed"
  };
  private static final long PAGE_SIZE = KernelFiles.pageSize();

  private final Flags.Choice devices;
  private final NetlinkCollectors netlink;
  private final boolean byNetlink;

  NetCollectors(Host host, NetlinkCollectors netlink) {
    this.netlink = netlink;
    devices = host.flags.choice("collector.netdev.device", "");
    byNetlink = host.flags.on("collector.netdev.netlink", true);
  }

  void netdev(Host host, Out out) throws IOException {
    if (byNetlink) {
      netlink.netdev(devices, out);
      return;
    }
    Path file = host.proc.resolve("net/dev");
    if (!Files.exists(file)) {
      throw new NoData("no net/dev");
    }
    for (String line : Host.lines(file)) {
      int colon = line.lastIndexOf(':');
      if (colon < 0) {
        continue;
      }
      String device = line.substring(0, colon).strip();
      if (!devices.takes(device)) {
        continue;
      }
      String[] f = Host.words(line.substring(colon + 1));
      for (int i = 0; i < 8 && i + 8 < f.length; i++) {
        net(out, "receive_" + RECEIVE[i], Host.unsigned(f[i]), device);
        net(out, "transmit_" + TRANSMIT[i], Host.unsigned(f[i + 8]), device);
      }
      Double nohandler =
          Host.numberOrNull(
              host.sys.resolve("class/net").resolve(device).resolve("statistics/rx_nohandler"));
      net(out, "receive_nohandler", nohandler == null ? 0 : nohandler, device);
    }
  }

  static void net(Out out, String key, double value, String device) {
    out.add(
        "node_network_" + key + "_total",
        MetricType.COUNTER,
        "Network device statistic " + key + ".",
        value,
        "device",
        device);
  }

  static void netclass(Host host, Out out) throws IOException {
    Pattern ignored = host.flags.pattern("collector.netclass.ignored-devices", "^$");
    boolean dropBadSpeed = host.flags.on("collector.netclass.ignore-invalid-speed", false);
    for (Path dev : Host.list(host.sys.resolve("class/net"))) {
      String device = Host.name(dev);
      if (!Files.isDirectory(dev) || (ignored != null && ignored.matcher(device).find())) {
        continue;
      }
      String operstate = Host.textOrEmpty(dev.resolve("operstate"));
      Double flags = Host.numberOrNull(dev.resolve("flags"));
      String admin = flags == null ? "unknown" : (flags.longValue() & 1) == 1 ? "up" : "down";
      out.add(
          "node_network_info",
          1,
          "device",
          device,
          "address",
          Host.textOrEmpty(dev.resolve("address")),
          "broadcast",
          Host.textOrEmpty(dev.resolve("broadcast")),
          "duplex",
          Host.textOrEmpty(dev.resolve("duplex")),
          "operstate",
          operstate,
          "adminstate",
          admin,
          "ifalias",
          Host.textOrEmpty(dev.resolve("ifalias")));
      out.add("node_network_up", operstate.equals("up") ? 1 : 0, "device", device);
      property(out, dev, "addr_assign_type", "address_assign_type", 1);
      property(out, dev, "carrier", "carrier", 1);
      property(out, dev, "carrier_changes", "carrier_changes_total", 1);
      property(out, dev, "carrier_up_count", "carrier_up_changes_total", 1);
      property(out, dev, "carrier_down_count", "carrier_down_changes_total", 1);
      property(out, dev, "dev_id", "device_id", 1);
      property(out, dev, "dormant", "dormant", 1);
      property(out, dev, "flags", "flags", 1);
      property(out, dev, "ifindex", "iface_id", 1);
      property(out, dev, "iflink", "iface_link", 1);
      property(out, dev, "link_mode", "iface_link_mode", 1);
      property(out, dev, "mtu", "mtu_bytes", 1);
      property(out, dev, "name_assign_type", "name_assign_type", 1);
      property(out, dev, "netdev_group", "net_dev_group", 1);
      Double speed = Host.numberOrNull(dev.resolve("speed"));
      if (speed != null && (speed >= 0 || !dropBadSpeed)) {
        out.add("node_network_speed_bytes", speed * 125_000, "device", device);
      }
      property(out, dev, "tx_queue_len", "transmit_queue_length", 1);
      property(out, dev, "type", "protocol_type", 1);
    }
  }

  private static void property(Out out, Path dev, String file, String metric, double factor) {
    Double v = Host.numberOrNull(dev.resolve(file));
    if (v != null) {
      out.add("node_network_" + metric, v * factor, "device", Host.name(dev));
    }
  }

  static void netstat(Host host, Out out) throws IOException {
    Map<String, String> values = new TreeMap<>();
    for (String file : List.of("net/netstat", "net/snmp")) {
      List<String> lines = Host.lines(host.proc.resolve(file));
      for (int i = 0; i + 1 < lines.size(); i += 2) {
        String[] names = Host.words(lines.get(i));
        String[] numbers = Host.words(lines.get(i + 1));
        String protocol = names[0].substring(0, names[0].length() - 1);
        for (int k = 1; k < names.length && k < numbers.length; k++) {
          values.put(protocol + "_" + names[k], numbers[k]);
        }
      }
    }
    Path snmp6 = host.proc.resolve("net/snmp6");
    if (Files.exists(snmp6)) {
      for (String line : Host.lines(snmp6)) {
        String[] f = Host.words(line);
        if (f.length < 2) {
          continue;
        }
        java.util.regex.Matcher m = IPV6_FIELD.matcher(f[0]);
        if (m.matches()) {
          values.put(m.group(1) + "_" + m.group(2), f[1]);
        }
      }
    }
    values.forEach((key, v) -> {
      if (host.flags.takes("collector.netstat.fields", NETSTAT, key)) {
        int cut = key.indexOf('_');
        out.add(
            "node_netstat_" + key,
            MetricType.UNKNOWN,
            "Statistic " + key.substring(0, cut) + key.substring(cut + 1) + ".",
            Host.unsigned(v));
      }
    });
  }

  static void sockstat(Host host, Out out) throws IOException {
    for (String file : List.of("net/sockstat", "net/sockstat6")) {
      Path p = host.proc.resolve(file);
      if (!Files.exists(p)) {
        continue;
      }
      for (String line : Host.lines(p)) {
        String[] f = Host.words(line);
        if (f.length < 3) {
          continue;
        }
        String protocol = f[0].substring(0, f[0].length() - 1);
        for (int i = 1; i + 1 < f.length; i += 2) {
          double v = Host.unsigned(f[i + 1]);
          sock(out, protocol, f[i], v);
          if (f[i].equals("mem") && !protocol.equals("sockets")) {
            sock(out, protocol, "mem_bytes", v * PAGE_SIZE);
          }
        }
      }
    }
  }

  private static void sock(Out out, String protocol, String field, double v) {
    String name = protocol + "_" + field;
    String help =
        protocol.equals("sockets")
            ? "Number of IPv4 sockets in use."
            : "Number of " + protocol + " sockets in state " + field + ".";
    out.add("node_sockstat_" + name, MetricType.GAUGE, help, v);
  }

  static void softnet(Host host, Out out) throws IOException {
    int line = 0;
    for (String text : Host.lines(host.proc.resolve("net/softnet_stat"))) {
      String[] f = Host.words(text);
      if (f.length < 9) {
        continue;
      }
      String cpu =
          f.length > 12 ? Long.toString(Long.parseLong(f[12], 16)) : Integer.toString(line);
      line++;
      out.add("node_softnet_processed_total", Host.hex(f[0]), "cpu", cpu);
      out.add("node_softnet_dropped_total", Host.hex(f[1]), "cpu", cpu);
      out.add("node_softnet_times_squeezed_total", Host.hex(f[2]), "cpu", cpu);
      out.add("node_softnet_cpu_collision_total", Host.hex(f[8]), "cpu", cpu);
      out.add("node_softnet_received_rps_total", f.length > 9 ? Host.hex(f[9]) : 0, "cpu", cpu);
      out.add(
          "node_softnet_flow_limit_count_total", f.length > 10 ? Host.hex(f[10]) : 0, "cpu", cpu);
      out.add("node_softnet_backlog_len", f.length > 11 ? Host.hex(f[11]) : 0, "cpu", cpu);
    }
  }

  static void udpQueues(Host host, Out out) throws IOException {
    boolean any = false;
    for (String version : List.of("4", "6")) {
      Path file = host.proc.resolve(version.equals("4") ? "net/udp" : "net/udp6");
      if (!Files.exists(file)) {
        continue;
      }
      any = true;
      double tx = 0;
      double rx = 0;
      for (String line : Host.lines(file)) {
        String[] f = Host.words(line);
        if (f.length > 4 && f[4].indexOf(':') == 8) {
          tx += Host.hex(f[4].substring(0, 8));
          rx += Host.hex(f[4].substring(9));
        }
      }
      out.add("node_udp_queues", tx, "ip", "v" + version, "queue", "tx");
      out.add("node_udp_queues", rx, "ip", "v" + version, "queue", "rx");
    }
    if (!any) {
      throw new NoData("no net/udp");
    }
  }

  static void arp(Host host, Out out) throws IOException {
    Flags.Choice devices = host.flags.choice("collector.arp.device", "");
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (String line : Host.lines(host.proc.resolve("net/arp"))) {
      String[] f = Host.words(line);
      if (f.length < 6 || f[0].equals("IP")) {
        continue;
      }
      if (devices.takes(f[5])) {
        counts.merge(f[5], 1, Integer::sum);
      }
    }
    counts.forEach((device, n) -> out.add("node_arp_entries", n, "device", device));
  }

  static void conntrack(Host host, Out out) throws IOException {
    Path folder = host.proc.resolve("sys/net/netfilter");
    Path count = folder.resolve("nf_conntrack_count");
    if (!Files.exists(count)) {
      throw new NoData("no conntrack");
    }
    out.add("node_nf_conntrack_entries", SystemCollectors.one(count));
    out.add(
        "node_nf_conntrack_entries_limit",
        SystemCollectors.one(folder.resolve("nf_conntrack_max")));
    Path stat = host.proc.resolve("net/stat/nf_conntrack");
    if (!Files.exists(stat)) {
      return;
    }
    List<String> lines = Host.lines(stat);
    String[] names = Host.words(lines.get(0));
    Map<String, Double> sums = new LinkedHashMap<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] f = Host.words(line);
      for (int i = 0; i < f.length && i < names.length; i++) {
        sums.merge(names[i], Host.hex(f[i]), Double::sum);
      }
    }
    for (String name :
        List.of(
            "found",
            "invalid",
            "ignore",
            "insert",
            "insert_failed",
            "drop",
            "early_drop",
            "search_restart")) {
      out.add("node_nf_conntrack_stat_" + name, sums.getOrDefault(name, 0.0));
    }
  }

  static void bonding(Host host, Out out) throws IOException {
    Path net = host.sys.resolve("class/net");
    String masters = Host.textOrNull(net.resolve("bonding_masters"));
    if (masters == null) {
      throw new NoData("no bonding");
    }
    for (String master : Host.words(masters)) {
      String[] slaves = Host.words(Host.textOrEmpty(net.resolve(master).resolve("bonding/slaves")));
      int active = 0;
      for (String slave : slaves) {
        String state = null;
        for (String link : List.of("lower_" + slave, "slave_" + slave)) {
          if (state == null) {
            state =
                Host.textOrNull(
                    net.resolve(master).resolve(link).resolve("bonding_slave/mii_status"));
          }
        }
        if ("up".equals(state)) {
          active++;
        }
      }
      out.add("node_bonding_slaves", slaves.length, "master", master);
      out.add("node_bonding_active", active, "master", master);
    }
  }
}
