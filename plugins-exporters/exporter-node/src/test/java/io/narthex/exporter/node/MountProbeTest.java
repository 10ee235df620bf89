package io.narthex.exporter.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.narthex.exporter.node.MountProbe.Answer;
import io.narthex.exporter.node.MountProbe.Failed;
import io.narthex.exporter.node.MountProbe.Space;
import io.narthex.exporter.node.MountProbe.Stuck;
import io.narthex.model.Labels;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Mounts that hang, with a stand-in for the kernel's answer. */
@NullUnmarked
@Timeout(60)
final class MountProbeTest {
  private static final FileSystemStat FULL = new FileSystemStat(100, 0, 0, 10, 0);
  private static final long LIMIT = Duration.ofSeconds(8).toNanos();

  private final Map<String, CountDownLatch> hanging = new ConcurrentHashMap<>();
  private final Map<String, Integer> asked = new ConcurrentHashMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @TempDir Path folder;

  @BeforeEach
  void listen() {
    log.start();
    logger().setLevel(Level.INFO);
    logger().setAdditive(false);
    logger().addAppender(log);
  }

  @AfterEach
  void release() throws InterruptedException {
    logger().detachAppender(log);
    hanging.values().forEach(CountDownLatch::countDown);
    for (Thread thread : threads) {
      assertThat(thread.join(Duration.ofSeconds(10))).isTrue();
    }
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(MountProbe.class);
  }

  private FileSystemStat stat(String path) throws IOException {
    asked.merge(path, 1, Integer::sum);
    CountDownLatch latch = hanging.get(path);
    boolean waiting = latch != null;
    while (waiting) { // as a call in the kernel, deaf to interrupts
      try {
        latch.await();
        waiting = false;
      } catch (InterruptedException _) {
        // go on
      }
    }
    if (path.contains("gone")) {
      throw new IOException("no such file or directory");
    }
    return FULL;
  }

  private Thread start(Runnable task) {
    Thread thread = Thread.ofPlatform().daemon().name("mount").start(task);
    threads.add(thread);
    return thread;
  }

  private MountProbe probe(long limitNanos) {
    return new MountProbe(this::stat, this::start, limitNanos);
  }

  @Test
  void asksAllMountsOnOneThread() throws Exception {
    Map<String, Answer> answers = probe(LIMIT).ask(List.of("/", "/gone", "/home"));
    assertThat(answers)
        .containsOnly(
            Map.entry("/", new Space(FULL)),
            Map.entry("/gone", new Failed("no such file or directory")),
            Map.entry("/home", new Space(FULL)));
    assertThat(threads).singleElement().matches(thread -> !thread.isAlive());
    assertThat(log.list).isEmpty();
  }

  @Test
  void aMountThatHangsIsReportedOnceAndLeftAloneUntilItAnswers() throws Exception {
    hanging.put("/dead", new CountDownLatch(1));
    List<String> mounts = List.of("/", "/dead", "/home");
    MountProbe probe = probe(LIMIT);
    for (int i = 0; i < 5; i++) {
      assertThat(probe.ask(mounts))
          .containsOnly(
              Map.entry("/", new Space(FULL)),
              Map.entry("/dead", new Stuck()),
              Map.entry("/home", new Space(FULL)));
    }
    assertThat(asked).containsEntry("/dead", 1).containsEntry("/", 5).containsEntry("/home", 5);
    assertThat(log.list)
        .singleElement()
        .extracting(ILoggingEvent::getFormattedMessage)
        .isEqualTo("filesystem collector: /dead does not answer; it is left alone until it does");
    hanging.remove("/dead").countDown();
    for (Thread thread : threads) {
      assertThat(thread.join(Duration.ofSeconds(10))).isTrue();
    }
    assertThat(probe.ask(mounts)).containsEntry("/dead", new Space(FULL));
    assertThat(log.list.getLast().getFormattedMessage())
        .isEqualTo("filesystem collector: /dead answers again");
  }

  @Test
  void severalThatHangLeaveTimeForTheOthers() throws Exception {
    for (String dead : List.of("/a", "/b", "/c")) {
      hanging.put(dead, new CountDownLatch(1));
    }
    long begin = System.nanoTime();
    Map<String, Answer> answers = probe(LIMIT).ask(List.of("/a", "/b", "/c", "/"));
    assertThat(System.nanoTime() - begin).isLessThan(LIMIT + Duration.ofSeconds(5).toNanos());
    assertThat(answers)
        .containsEntry("/a", new Stuck())
        .containsEntry("/b", new Stuck())
        .containsEntry("/c", new Stuck())
        .containsEntry("/", new Space(FULL));
  }

  @Test
  void noMoreThreadsHangThanTheLimitAllows() throws Exception {
    List<String> mounts = new ArrayList<>();
    for (int i = 0; i < 2 * MountProbe.MAX_STUCK; i++) {
      mounts.add("/dead" + i);
      hanging.put("/dead" + i, new CountDownLatch(1));
    }
    MountProbe probe = probe(Duration.ofMillis(100).toNanos());
    for (int i = 0; i < 30; i++) {
      assertThat(probe.ask(mounts).values()).hasSize(mounts.size()).containsOnly(new Stuck());
    }
    assertThat(threads.stream().filter(Thread::isAlive)).hasSize(MountProbe.MAX_STUCK);
  }

  @Test
  void aMountThatOutlastsTheScrapeIsLeftAloneByTheNext() throws Exception {
    hanging.put("/dead", new CountDownLatch(1));
    MountProbe probe = probe(Duration.ofMinutes(10).toNanos());
    FutureTask<Map<String, Answer>> scrape =
        new FutureTask<>(() -> probe.ask(List.of("/dead", "/")));
    Thread thread = Thread.ofPlatform().start(scrape);
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    thread.interrupt(); // the deadline of the scrape
    assertThatThrownBy(() -> scrape.get(10, TimeUnit.SECONDS))
        .hasCauseInstanceOf(InterruptedException.class);
    assertThat(probe.ask(List.of("/dead", "/")))
        .containsOnly(Map.entry("/dead", new Stuck()), Map.entry("/", new Space(FULL)));
    assertThat(log.list).hasSize(1);
  }

  @Test
  void theScrapeTellsWhatHangsAndGoesOn() throws Exception {
    Path proc = Files.createDirectories(folder.resolve("self")).getParent();
    Files.writeString(
        folder.resolve("self/mountinfo"),
        """
        21 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
        22 21 0:42 / /dead ro,relatime shared:2 - nfs4 server:/srv rw,addr=192.0.2.1
        """);
    hanging.put("/dead", new CountDownLatch(1));
    NodeConfig config =
        new NodeConfig(
            proc.toString(),
            folder.toString(),
            "/",
            folder.toString(),
            List.of(
                "--collector.disable-defaults",
                "--collector.filesystem",
                "--collector.filesystem.mount-timeout=300ms"));
    try (NodeExporter exporter =
        new NodeExporter(config, TestAccess.with(new RecordedNetlink(), this::stat))) {
      RecordingMetrics got = new RecordingMetrics();
      exporter.collect(got, Map.of());
      assertThat(got.samples())
          .containsEntry(
              Labels.of(
                  "__name__",
                  "node_filesystem_device_error",
                  "device",
                  "server:/srv",
                  "device_error",
                  "mountpoint timeout",
                  "fstype",
                  "nfs4",
                  "mountpoint",
                  "/dead"),
              1.0)
          .containsEntry(
              Labels.of(
                  "__name__",
                  "node_filesystem_size_bytes",
                  "device",
                  "/dev/sda1",
                  "fstype",
                  "ext4",
                  "mountpoint",
                  "/"),
              100.0)
          .containsEntry(
              Labels.of("__name__", "node_scrape_collector_success", "collector", "filesystem"),
              1.0);
      assertThat(got.samples().keySet())
          .noneMatch(l ->
              l.metricName().equals("node_filesystem_size_bytes")
                  && l.get("mountpoint").equals("/dead"));
    }
  }
}
