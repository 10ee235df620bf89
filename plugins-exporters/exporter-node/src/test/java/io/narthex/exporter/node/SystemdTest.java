package io.narthex.exporter.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The collector of systemd, against a stand-in on a real socket. */
@NullUnmarked
@Timeout(60)
final class SystemdTest {
  private static final List<String> ALL_FLAGS =
      List.of(
          "--collector.disable-defaults",
          "--collector.systemd",
          "--collector.systemd.enable-restarts-metrics",
          "--collector.systemd.enable-start-time-metrics",
          "--collector.systemd.enable-task-metrics");

  private Path folder;
  private FakeSystemd systemd;

  @BeforeEach
  void start() throws IOException {
    folder = Files.createTempDirectory("bus"); // the path of a socket must be short
    systemd = started(folder.resolve("s"));
  }

  @AfterEach
  void stop() throws Exception {
    systemd.close();
    Files.deleteIfExists(folder.resolve("s"));
    Files.delete(folder);
  }

  /** Starts a stand-in with one unit of each kind. */
  static FakeSystemd started(Path socket) throws IOException {
    FakeSystemd fake = new FakeSystemd(socket);
    fake.unit(
        "cron.service",
        "loaded",
        "active",
        Map.of(
            "Service.Type",
            "simple",
            "Service.NRestarts",
            3,
            "Service.TasksCurrent",
            2L,
            "Service.TasksMax",
            4915L,
            "Unit.ActiveEnterTimestamp",
            1_700_000_000_123_456L));
    fake.unit(
        "broken.service",
        "loaded",
        "failed",
        Map.of(
            "Service.Type",
            "oneshot",
            "Service.NRestarts",
            0,
            "Service.TasksCurrent",
            -1L,
            "Service.TasksMax",
            -1L));
    fake.unit("gone.service", "not-found", "inactive", Map.of());
    fake.unit(
        "ssh.socket",
        "loaded",
        "active",
        Map.of(
            "Socket.NAccepted",
            17,
            "Socket.NConnections",
            2,
            "Socket.NRefused",
            1,
            "Unit.ActiveEnterTimestamp",
            1_700_000_001_000_000L));
    fake.unit(
        "fstrim.timer",
        "loaded",
        "active",
        Map.of(
            "Timer.LastTriggerUSec",
            1_700_000_002_500_000L,
            "Unit.ActiveEnterTimestamp",
            1_700_000_002_000_000L));
    fake.unit("multi-user.target", "loaded", "active", Map.of());
    fake.unit("home.mount", "loaded", "active", Map.of("Mount.Type", "ext4"));
    return fake;
  }

  static NodeExporter exporter(Path socket, List<String> flags) {
    Access none = TestAccess.with(new RecordedNetlink());
    return new NodeExporter(
        new NodeConfig("/proc", "/sys", "/", "/run/udev/data", flags),
        new Access(
            none.clock(),
            none.netlink(),
            none.space(),
            none.threads(),
            none.texts(),
            List.of(socket)));
  }

  private RecordingMetrics collect() throws Exception {
    try (NodeExporter exporter = exporter(systemd.socket(), ALL_FLAGS)) {
      RecordingMetrics got = new RecordingMetrics();
      exporter.collect(got, Map.of());
      assertThat(got.faults()).isEmpty();
      return got;
    }
  }

  private static Labels of(String name, String... labels) {
    return Labels.of(labels).with(Labels.METRIC_NAME, name);
  }

  @Test
  void tellsStatesAndDetailsOfUnits() throws Exception {
    RecordingMetrics got = collect();
    assertThat(got.samples())
        .containsEntry(of("node_systemd_version", "version", "252.39-1~deb12u1"), 252.39)
        .containsEntry(of("node_systemd_system_running"), 1.0)
        .containsEntry(of("node_systemd_units", "state", "active"), 5.0)
        .containsEntry(of("node_systemd_units", "state", "failed"), 1.0)
        .containsEntry(of("node_systemd_units", "state", "deactivating"), 0.0)
        .containsEntry(
            of(
                "node_systemd_unit_state",
                "name",
                "broken.service",
                "state",
                "failed",
                "type",
                "oneshot"),
            1.0)
        .containsEntry(
            of(
                "node_systemd_unit_state",
                "name",
                "broken.service",
                "state",
                "active",
                "type",
                "oneshot"),
            0.0)
        .containsEntry(of("node_systemd_service_restart_total", "name", "cron.service"), 3.0)
        .containsEntry(of("node_systemd_unit_tasks_current", "name", "cron.service"), 2.0)
        .containsEntry(of("node_systemd_unit_tasks_max", "name", "cron.service"), 4915.0)
        .containsEntry(
            of("node_systemd_unit_start_time_seconds", "name", "cron.service"),
            1_700_000_000.123456)
        .containsEntry(
            of("node_systemd_timer_last_trigger_seconds", "name", "fstrim.timer"), 1_700_000_002.5)
        .containsEntry(
            of("node_systemd_socket_accepted_connections_total", "name", "ssh.socket"), 17.0)
        .containsEntry(of("node_systemd_socket_current_connections", "name", "ssh.socket"), 2.0)
        .containsEntry(
            of("node_systemd_socket_refused_connections_total", "name", "ssh.socket"), 1.0)
        .doesNotContainKey(of("node_systemd_unit_tasks_max", "name", "broken.service"));
    assertThat(got.samples().keySet())
        .noneMatch(l ->
            List.of("gone.service", "multi-user.target", "home.mount").contains(l.get("name")));
  }

  @Test
  void anAbsentSystemdIsNoData() throws Exception {
    try (NodeExporter exporter = exporter(folder.resolve("nobody"), ALL_FLAGS)) {
      RecordingMetrics got = new RecordingMetrics();
      exporter.collect(got, Map.of());
      assertThat(got.samples())
          .containsEntry(of("node_scrape_collector_success", "collector", "systemd"), 0.0);
    }
  }

  @Test
  void aBusThatDoesNotAnswerFailsAloneAndInTime() throws Exception {
    systemd.silence();
    Host host = new Host(new NodeConfig("/proc", "/sys", "/", "/run/udev/data", List.of()));
    SystemdCollector collector =
        new SystemdCollector(host, List.of(systemd.socket()), Duration.ofMillis(100));
    assertThatThrownBy(() -> collector.collect(host, new Out()))
        .isInstanceOf(IOException.class)
        .hasMessage("D-Bus: no answer in time");
  }

  @Test
  void waitingEndsWithAnInterrupt() throws Exception {
    systemd.silence();
    Host host = new Host(new NodeConfig("/proc", "/sys", "/", "/run/udev/data", List.of()));
    SystemdCollector collector =
        new SystemdCollector(host, List.of(systemd.socket()), Duration.ofMinutes(10));
    FutureTask<Boolean> task =
        new FutureTask<>(() -> {
          collector.collect(host, new Out());
          return true;
        });
    Thread thread = Thread.ofPlatform().start(task);
    thread.interrupt();
    assertThatThrownBy(() -> task.get(20, TimeUnit.SECONDS))
        .cause()
        .isInstanceOfAny(InterruptedException.class, IOException.class);
  }

  @Test
  void refusesMessagesThatCannotBe() throws Exception {
    ByteBuffer head = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    head.put((byte) 'l').put((byte) 2).putShort((short) 0).putInt(1 << 30).putInt(1).putInt(0);
    assertThatThrownBy(() -> DBusMessage.length(head.flip()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("a message of 1073741840 bytes; at most 33554432");
    byte[] whole =
        DBusMessage.encode(new DBusMessage.Call("a.b", "/a", "a.b", "M", List.of("text")), 7);
    for (int cut = 1; cut < whole.length; cut++) {
      byte[] part = java.util.Arrays.copyOf(whole, cut);
      assertThatThrownBy(() -> DBusMessage.decode(ByteBuffer.wrap(part)))
          .as("cut after %d bytes", cut)
          .isInstanceOf(IOException.class);
    }
    assertThat(DBusMessage.decode(ByteBuffer.wrap(whole)).body()).containsExactly("text");
  }

  @Test
  void doesNotFollowTypesWithinTypesForEver() {
    DBusMessage.Writer w = new DBusMessage.Writer();
    w.bytes('l', DBusMessage.REPLY, 0, 1);
    w.number(0);
    w.number(1);
    w.number(0);
    int begin = w.size();
    w.signature("(".repeat(100) + "y" + ")".repeat(100));
    w.set(begin - 4, w.size() - begin);
    w.align(8);
    w.bytes(1);
    w.set(4, 1);
    assertThatThrownBy(() -> DBusMessage.decode(ByteBuffer.wrap(w.toBytes())))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("more than 32 types within each other");
  }
}
