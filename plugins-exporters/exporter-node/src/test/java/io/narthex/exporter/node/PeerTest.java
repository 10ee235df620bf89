package io.narthex.exporter.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.testkit.Needs;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Reads this machine at the same moment as the original and compares. */
@NullUnmarked
final class PeerTest {
  private static final Pattern LISTENING = Pattern.compile("address=127\\.0\\.0\\.1:(\\d+)", 0);

  /** Of the process of the original, or of the moment. */
  private static final Pattern NOT_COMPARED =
      Pattern.compile("^(go_|process_|promhttp_|node_exporter_build_info)", 0);

  /** Collectors that are off by default in both. */
  private static final List<String> OPTIONAL =
      List.of(
          "buddyinfo",
          "cgroups",
          "cpu_vulnerabilities",
          "drbd",
          "interrupts",
          "ksmd",
          "lnstat",
          "meminfo_numa",
          "mountstats",
          "pcidevice",
          "processes",
          "qdisc",
          "slabinfo",
          "softirqs",
          "tcpstat",
          "xfrm",
          "zoneinfo");

  /** What any machine has more of; guards against comparing nothing. */
  private static final int MANY = 300;

  /** Two ticks of the clock that CPU times are counted with. */
  private static final double TICKS = 0.02;

  private Process peer;
  private int port;
  private final HttpClient http = HttpClient.newHttpClient();

  private void start(List<String> flags, Map<String, String> environment) throws Exception {
    String folder = System.getenv("NARTHEX_PEERS");
    Path program = folder == null ? null : Path.of(folder, "prometheus-node-exporter");
    Needs.need("peers", program != null && Files.isExecutable(program));
    List<String> command = new ArrayList<>(List.of(String.valueOf(program)));
    command.add("--web.listen-address=127.0.0.1:0");
    command.addAll(flags);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    peer = builder.start();
    CompletableFuture<Integer> listening = new CompletableFuture<>();
    Thread.ofPlatform().daemon().name("output of the original").start(() -> watch(listening));
    port = listening.get(20, TimeUnit.SECONDS);
  }

  /** Finds the port in the output, and keeps reading so that the original never waits. */
  private void watch(CompletableFuture<Integer> listening) {
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(peer.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        Matcher m = LISTENING.matcher(line);
        if (line.contains("Listening on") && m.find()) {
          listening.complete(Integer.parseInt(m.group(1)));
        }
      }
      listening.completeExceptionally(new IOException("the original has ended"));
    } catch (IOException e) {
      listening.completeExceptionally(e);
    }
  }

  @AfterEach
  void stopTheOriginal() throws InterruptedException {
    http.close();
    if (peer != null) {
      peer.destroy();
      assertThat(peer.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  private Exposition scrape() throws IOException, InterruptedException {
    var response =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                .timeout(Duration.ofSeconds(20))
                .build(),
            BodyHandlers.ofLines());
    assertThat(response.statusCode()).isEqualTo(200);
    return new Exposition(response.body().toList());
  }

  /** One of ours between two of the original. */
  private record Reads(Exposition before, RecordingMetrics ours, Exposition after) {}

  private Reads read(NodeExporter exporter) throws Exception {
    Exposition before = scrape();
    RecordingMetrics ours = new RecordingMetrics();
    exporter.collect(ours, Map.of());
    return new Reads(before, ours, scrape());
  }

  @Test
  void givesWhatTheOriginalGives() throws Exception {
    List<String> flags = OPTIONAL.stream().map(name -> "--collector." + name).toList();
    List<String> theirs = new ArrayList<>(flags);
    theirs.add("--no-collector.systemd"); // Debian has switched it on
    // what Debian has changed, as it is without that
    theirs.add(
        "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys"
            + "|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)");
    theirs.add("--collector.textfile.directory=");
    start(theirs, Map.of());
    try (NodeExporter exporter =
        new NodeExporter(
            new NodeConfig("/proc", "/sys", "/", "/run/udev/data", flags),
            TestAccess.with(new KernelNetlink()))) {
      // a socket state, a process or a device comes and goes: what differs in every round counts
      Set<String> differences = null;
      for (int round = 0; round < 5; round++) {
        Reads reads = read(exporter);
        assertThat(reads.before.samples.size()).isGreaterThan(MANY);
        Set<String> now = differences(reads);
        if (differences == null) {
          differences = now;
        } else {
          differences.retainAll(now);
        }
      }
      Path report = Path.of("target/peer-differences.txt");
      Files.write(report, differences);
      KnownDifferences known = new KnownDifferences("peer");
      assertThat(differences).filteredOn(d -> !known.explains(d)).isEmpty();
      assertThat(known.unused()).isEmpty();
    }
  }

  @Test
  void givesOfSystemdWhatTheOriginalGives() throws Exception {
    Path folder = Files.createTempDirectory("bus"); // the path of a socket must be short
    Path socket = folder.resolve("s");
    List<String> flags =
        List.of(
            "--collector.disable-defaults",
            "--collector.systemd",
            "--collector.systemd.enable-restarts-metrics",
            "--collector.systemd.enable-start-time-metrics",
            "--collector.systemd.enable-task-metrics");
    try (FakeSystemd systemd = SystemdTest.started(socket);
        NodeExporter exporter = SystemdTest.exporter(systemd.socket(), flags)) {
      start(flags, Map.of("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" + socket));
      Reads reads = read(exporter);
      assertThat(reads.before.samples.keySet().stream().map(Labels::metricName))
          .contains("node_systemd_unit_state", "node_systemd_socket_refused_connections_total");
      assertThat(differences(reads)).isEmpty();
      reads.before.samples.forEach((series, v) -> {
        if (series.metricName().startsWith("node_systemd_")) {
          assertThat(reads.ours.samples()).containsEntry(series, v);
        }
      });
    } finally {
      Files.deleteIfExists(socket);
      Files.delete(folder);
    }
  }

  private static Set<String> differences(Reads reads) {
    Set<String> all = new TreeSet<>();
    Exposition want = reads.before;
    Set<Labels> names = new HashSet<>(want.samples.keySet());
    names.retainAll(reads.after.samples.keySet());
    for (Labels series : names) {
      String name = series.metricName();
      if (NOT_COMPARED.matcher(name).find()) {
        continue;
      }
      Double v = reads.ours.samples().get(series);
      double low = want.samples.get(series);
      double high = reads.after.samples.get(series);
      if (v == null) {
        all.add("want " + series);
      } else if (want.types.get(name).equals("counter")) {
        double slack = name.startsWith("node_cpu_") ? TICKS : 1e-9 * Math.abs(high);
        if (v < low - slack || v > high + slack) {
          all.add("value " + series);
        }
      } else if (low == high && isFixed(name) && v != low) {
        all.add("value " + series);
      }
    }
    for (Labels series : reads.ours.samples().keySet()) {
      if (!want.samples.containsKey(series) && !reads.after.samples.containsKey(series)) {
        all.add("extra " + series);
      }
    }
    want.types.forEach((family, type) -> {
      var meta = reads.ours.families().get(family);
      if (meta != null && !NOT_COMPARED.matcher(family).find()) {
        if (!meta.type().text().equals(type.equals("untyped") ? "unknown" : type)
            || !meta.help().equals(want.helps.getOrDefault(family, ""))) {
          all.add("head of " + family + ": " + meta + ", want " + type);
        }
      }
    });
    return all;
  }

  /** Returns whether a gauge tells what the machine is, and not what it does at the moment. */
  private static boolean isFixed(String name) {
    return name.endsWith("_info")
        || name.endsWith("_limit")
        || name.endsWith("_size_bytes")
        || name.endsWith("MemTotal_bytes")
        || name.endsWith("_maximum")
        || name.equals("node_boot_time_seconds")
        || name.equals("node_scrape_collector_success")
        || name.startsWith("node_timex_t")
        || name.startsWith("node_network_");
  }
}
