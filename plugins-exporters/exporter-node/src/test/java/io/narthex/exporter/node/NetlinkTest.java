package io.narthex.exporter.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** Collectors that ask the kernel through netlink, with a stand-in and with the kernel itself. */
@NullUnmarked
final class NetlinkTest {
  private static RecordingMetrics collect(Netlink netlink, String... collectors)
      throws InterruptedException {
    List<String> flags = new ArrayList<>(List.of("--collector.disable-defaults"));
    for (String name : collectors) {
      flags.add("--collector." + name);
    }
    try (NodeExporter exporter =
        new NodeExporter(
            new NodeConfig("/proc", "/sys", "/", "/run/udev/data", flags),
            TestAccess.with(netlink))) {
      RecordingMetrics got = new RecordingMetrics();
      exporter.collect(got, Map.of());
      return got;
    }
  }

  private static Labels of(String name, String... labels) {
    return Labels.of(labels).with(Labels.METRIC_NAME, name);
  }

  @Test
  void addsUpWhatTheKernelCountsApart() throws Exception {
    RecordedNetlink kernel = new RecordedNetlink();
    kernel.link(1, "eth0", IntStream.range(0, 25).mapToLong(i -> 1L << i).toArray());
    Map<Labels, Double> got = collect(kernel, "netdev").samples();
    assertThat(got)
        .containsEntry(of("node_network_receive_packets_total", "device", "eth0"), 1.0)
        .containsEntry(of("node_network_transmit_bytes_total", "device", "eth0"), 8.0)
        .containsEntry(
            of("node_network_receive_drop_total", "device", "eth0"), (1 << 6) + (double) (1 << 15))
        .containsEntry(of("node_network_receive_frame_total", "device", "eth0"), 15.0 * (1 << 10))
        .containsEntry(
            of("node_network_transmit_carrier_total", "device", "eth0"),
            (1 << 16) + (1 << 17) + (1 << 19) + (double) (1 << 20))
        .containsEntry(
            of("node_network_receive_nohandler_total", "device", "eth0"), (double) (1 << 23));
  }

  @Test
  void countsNeighboursThatNeedAnAddress() throws Exception {
    RecordedNetlink kernel = new RecordedNetlink();
    kernel.link(2, "eth0", new long[24]);
    kernel.neighbour(2, 0x02);
    kernel.neighbour(2, 0x04);
    kernel.neighbour(2, 0x40); // NUD_NOARP
    assertThat(collect(kernel, "arp").samples())
        .containsEntry(of("node_arp_entries", "device", "eth0"), 2.0);
  }

  @Test
  void countsConnectionsByState() throws Exception {
    RecordedNetlink kernel = new RecordedNetlink();
    kernel.socket(2, 1, 10, 200);
    kernel.socket(2, 1, 0, 0);
    kernel.socket(10, 10, 5, 128);
    Map<Labels, Double> got = collect(kernel, "tcpstat").samples();
    assertThat(got)
        .containsEntry(of("node_tcp_connection_states", "state", "established"), 2.0)
        .containsEntry(of("node_tcp_connection_states", "state", "rx_queued_bytes"), 15.0)
        .containsEntry(of("node_tcp_connection_states", "state", "tx_queued_bytes"), 328.0)
        .doesNotContainKey(of("node_tcp_connection_states", "state", "time_wait"));
  }

  @Test
  void tellsTheRootOfQueuesOnly() throws Exception {
    RecordedNetlink kernel = new RecordedNetlink();
    kernel.link(2, "eth0", new long[24]);
    kernel.queue(2, -1, "mq", 1000, 10, new int[] {1, 2, 3, 4, 5});
    kernel.queue(2, 0x10000, "fq", 999, 9, new int[5]);
    Map<Labels, Double> got = collect(kernel, "qdisc").samples();
    String[] labels = {"device", "eth0", "kind", "mq"};
    assertThat(got)
        .containsEntry(of("node_qdisc_bytes_total", labels), 1000.0)
        .containsEntry(of("node_qdisc_packets_total", labels), 10.0)
        .containsEntry(of("node_qdisc_current_queue_length", labels), 1.0)
        .containsEntry(of("node_qdisc_backlog", labels), 2.0)
        .containsEntry(of("node_qdisc_drops_total", labels), 3.0)
        .containsEntry(of("node_qdisc_requeues_total", labels), 4.0)
        .containsEntry(of("node_qdisc_overlimits_total", labels), 5.0);
    assertThat(got.keySet()).noneMatch(l -> l.get("kind").equals("fq"));
  }

  @Test
  void theKernelTellsTheDevicesOfProc() throws Exception {
    TreeSet<String> devices = new TreeSet<>();
    collect(new KernelNetlink(), "netdev")
        .samples()
        .keySet()
        .forEach(l -> devices.add(l.get("device")));
    devices.remove("");
    assertThat(devices)
        .containsExactlyElementsOf(
            Files.readAllLines(Path.of("/proc/net/dev")).stream()
                .filter(line -> line.contains(":"))
                .map(line -> line.substring(0, line.indexOf(':')).strip())
                .sorted()
                .toList());
  }

  @Test
  void aRequestThatTheKernelDoesNotKnowIsAnError() {
    assertThatThrownBy(() -> new KernelNetlink().dump(Netlink.SOCK_DIAG, 99, new byte[16], _ -> {}))
        .isInstanceOf(IOException.class);
  }

  @Test
  void refusesMessagesThatCannotBe() {
    for (int length : new int[] {0, 15, 17, -1, Integer.MAX_VALUE}) {
      ByteBuffer datagram = NetlinkMessages.buffer(16).putInt(length).putShort((short) 16);
      assertThatThrownBy(() -> NetlinkMessages.read(datagram.clear(), _ -> {}))
          .isInstanceOf(IOException.class)
          .hasMessage("netlink: a message of " + length + " bytes cannot be");
    }
    ByteBuffer loop = NetlinkMessages.buffer(8).putShort((short) 0).putShort((short) 3);
    assertThat(NetlinkMessages.attribute(loop.clear(), 0, 5)).isNull();
  }
}
