package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What only the kernel's netlink sockets tell: queueing disciplines and states of connections. */
final class NetlinkCollectors {
  private static final int RTM_GETLINK = 18;
  private static final int RTM_GETNEIGH = 30;
  private static final int RTM_GETQDISC = 38;
  private static final int SOCK_DIAG_BY_FAMILY = 20;

  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int IPPROTO_TCP = 6;
  private static final int ALL_STATES = 0xfff;
  private static final int NUD_NOARP = 0x40;
  private static final int TC_H_ROOT = -1;

  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_STATS64 = 23;
  private static final int TCA_KIND = 1;
  private static final int TCA_STATS = 3;
  private static final int TCA_STATS2 = 7;
  private static final int TCA_STATS_BASIC = 1;
  private static final int TCA_STATS_QUEUE = 3;

  private static final int IFINFOMSG_BYTES = 16;
  private static final int NDMSG_BYTES = 12;
  private static final int TCMSG_BYTES = 20;
  private static final int INET_DIAG_REQ_V2_BYTES = 56;
  private static final int INET_DIAG_MSG_BYTES = 72;

  /** States of TCP by their numbers in the kernel, from 1. */
  private static final String[] STATES = {
    "established",
    "syn_sent",
    "syn_recv",
    "fin_wait1",
    "fin_wait2",
    "time_wait",
    "close",
    "close_wait",
    "last_ack",
    "listen",
    "closing"
  };

  /** Positions in the kernel's statistics of a device, with the metric they are added up in. */
  private static final String[][] DEVICE_SUMS = {
    {"receive_packets", "0"},
    {"transmit_packets", "1"},
    {"receive_bytes", "2"},
    {"transmit_bytes", "3"},
    {"receive_errs", "4"},
    {"transmit_errs", "5"},
    {"receive_drop", "6", "15"},
    {"transmit_drop", "7"},
    {"receive_multicast", "8"},
    {"transmit_colls", "9"},
    {"receive_frame", "10", "11", "12", "13"},
    {"receive_fifo", "14"},
    {"transmit_carrier", "16", "17", "19", "20"},
    {"transmit_fifo", "18"},
    {"receive_compressed", "21"},
    {"transmit_compressed", "22"},
    {"receive_nohandler", "23"}
  };

  private final Netlink netlink;
  private final Flags.Choice qdiscDevices;
  private final Flags.Choice arpDevices;

  NetlinkCollectors(Host host, Netlink netlink) {
    this.netlink = netlink;
    qdiscDevices = host.flags.choice("collector.qdisc.device", "");
    arpDevices = host.flags.choice("collector.arp.device", "");
  }

  /** Returns the names of the devices by index. */
  private Map<Integer, String> devices() throws IOException {
    Map<Integer, String> names = new HashMap<>();
    netlink.dump(
        Netlink.ROUTE,
        RTM_GETLINK,
        new byte[IFINFOMSG_BYTES],
        message -> {
          ByteBuffer name = NetlinkMessages.attribute(message, IFINFOMSG_BYTES, IFLA_IFNAME);
          if (name != null) {
            names.put(message.getInt(4), NetlinkMessages.text(name));
          }
        });
    return names;
  }

  /** Adds the traffic of the devices that {@code choice} takes. */
  void netdev(Flags.Choice choice, Out out) throws IOException {
    netlink.dump(
        Netlink.ROUTE,
        RTM_GETLINK,
        new byte[IFINFOMSG_BYTES],
        message -> {
          ByteBuffer name = NetlinkMessages.attribute(message, IFINFOMSG_BYTES, IFLA_IFNAME);
          ByteBuffer stats = NetlinkMessages.attribute(message, IFINFOMSG_BYTES, IFLA_STATS64);
          if (name == null || stats == null) {
            return;
          }
          String device = NetlinkMessages.text(name);
          if (choice.takes(device)) {
            for (String[] sum : DEVICE_SUMS) {
              double v = 0;
              for (int i = 1; i < sum.length; i++) {
                int at = 8 * Integer.parseInt(sum[i]);
                v += at + 8 <= stats.limit() ? Host.toDouble(stats.getLong(at)) : 0;
              }
              NetCollectors.net(out, sum[0], v, device);
            }
          }
        });
  }

  void arp(Host host, Out out) throws IOException {
    Map<Integer, int[]> counts = new TreeMap<>();
    byte[] request = new byte[NDMSG_BYTES];
    request[0] = AF_INET;
    netlink.dump(
        Netlink.ROUTE,
        RTM_GETNEIGH,
        request,
        message -> {
          if (message.limit() >= NDMSG_BYTES
              && message.get(0) == AF_INET
              && (message.getShort(8) & NUD_NOARP) == 0) {
            counts.computeIfAbsent(message.getInt(4), _ -> new int[1])[0]++;
          }
        });
    Map<Integer, String> names = counts.isEmpty() ? Map.of() : devices();
    counts.forEach((index, n) -> {
      String device = names.get(index);
      if (device != null && arpDevices.takes(device)) {
        out.add("node_arp_entries", n[0], "device", device);
      }
    });
  }

  void qdisc(Host host, Out out) throws IOException {
    Map<Integer, String> names = devices();
    netlink.dump(
        Netlink.ROUTE,
        RTM_GETQDISC,
        new byte[TCMSG_BYTES],
        message -> {
          if (message.limit() < TCMSG_BYTES || message.getInt(12) != TC_H_ROOT) {
            return; // the numbers of the root include those of its children
          }
          String device = names.get(message.getInt(4));
          ByteBuffer kind = NetlinkMessages.attribute(message, TCMSG_BYTES, TCA_KIND);
          if (device != null && kind != null && qdiscDevices.takes(device)) {
            queue(out, message, device, NetlinkMessages.text(kind));
          }
        });
  }

  private static void queue(Out out, ByteBuffer message, String device, String kind) {
    String[] labels = {"device", device, "kind", kind};
    ByteBuffer old = NetlinkMessages.attribute(message, TCMSG_BYTES, TCA_STATS);
    ByteBuffer nested = NetlinkMessages.attribute(message, TCMSG_BYTES, TCA_STATS2);
    ByteBuffer basic =
        nested == null ? null : NetlinkMessages.attribute(nested, 0, TCA_STATS_BASIC);
    ByteBuffer queue =
        nested == null ? null : NetlinkMessages.attribute(nested, 0, TCA_STATS_QUEUE);
    // struct tc_stats: bytes, packets, drops, overlimits, bps, pps, qlen, backlog
    ByteBuffer traffic = basic != null ? basic : old;
    out.add("node_qdisc_bytes_total", longAt(traffic, 0), labels);
    out.add("node_qdisc_packets_total", intAt(traffic, 8), labels);
    // struct gnet_stats_queue: qlen, backlog, drops, requeues, overlimits
    boolean now = queue != null;
    ByteBuffer numbers = now ? queue : old;
    out.add("node_qdisc_drops_total", intAt(numbers, now ? 8 : 12), labels);
    out.add("node_qdisc_requeues_total", now ? intAt(queue, 12) : 0, labels);
    out.add("node_qdisc_overlimits_total", intAt(numbers, 16), labels);
    out.add("node_qdisc_current_queue_length", intAt(numbers, now ? 0 : 28), labels);
    out.add("node_qdisc_backlog", intAt(numbers, now ? 4 : 32), labels);
  }

  private static double intAt(@Nullable ByteBuffer content, int at) {
    return content == null || at + 4 > content.limit()
        ? 0
        : Integer.toUnsignedLong(content.getInt(at));
  }

  private static double longAt(@Nullable ByteBuffer content, int at) {
    return content == null || at + 8 > content.limit() ? 0 : Host.toDouble(content.getLong(at));
  }

  void tcpstat(Host host, Out out) throws IOException {
    long[] counts = new long[STATES.length];
    long[] queued = new long[2];
    sockets(AF_INET, counts, queued);
    if (java.nio.file.Files.exists(host.proc.resolve("net/tcp6"))) {
      sockets(AF_INET6, counts, queued);
    }
    for (int i = 0; i < STATES.length; i++) {
      if (counts[i] > 0) {
        state(out, STATES[i], counts[i]);
      }
    }
    state(out, "rx_queued_bytes", queued[0]);
    state(out, "tx_queued_bytes", queued[1]);
  }

  private static void state(Out out, String state, long v) {
    out.add(
        "node_tcp_connection_states",
        MetricType.GAUGE,
        "Number of connection states.",
        v,
        "state",
        state);
  }

  private void sockets(int family, long[] counts, long[] queued) throws IOException {
    byte[] request =
        NetlinkMessages.buffer(INET_DIAG_REQ_V2_BYTES)
            .put((byte) family)
            .put((byte) IPPROTO_TCP)
            .putShort((short) 0)
            .putInt(ALL_STATES)
            .array();
    netlink.dump(
        Netlink.SOCK_DIAG,
        SOCK_DIAG_BY_FAMILY,
        request,
        message -> {
          if (message.limit() >= INET_DIAG_MSG_BYTES) {
            int state = message.get(1);
            if (state >= 1 && state <= STATES.length) {
              counts[state - 1]++;
            }
            queued[0] += Integer.toUnsignedLong(message.getInt(56));
            queued[1] += Integer.toUnsignedLong(message.getInt(60));
          }
        });
  }
}
