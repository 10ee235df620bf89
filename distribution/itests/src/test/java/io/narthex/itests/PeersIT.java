package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The original programs as targets, found through a file that is read again when it changes. */
class PeersIT {
  @TempDir private Path folder = Path.of("");
  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void stopPeers() throws InterruptedException {
    processes.forEach(Process::destroy);
    for (Process process : processes) {
      process.waitFor(); // until then they write to their folders
    }
  }

  @Test
  void originalsAreScrapedThroughFileDiscoveryAndEndWhenRemoved() throws IOException {
    Map<String, String> targets = new LinkedHashMap<>();
    launch(targets, "node", "node_uname_info", "prometheus-node-exporter", "node_exporter");
    launch(
        targets,
        "alertmanager",
        "alertmanager_build_info",
        "prometheus-alertmanager",
        "alertmanager");
    launch(
        targets, "pushgateway", "pushgateway_build_info", "prometheus-pushgateway", "pushgateway");
    launch(targets, "prometheus", "prometheus_build_info", "prometheus");
    Path file = folder.resolve("targets.yml");
    write(file, targets);
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s}
        scrape_configs:
          - {job_name: peers, file_sd_configs: [{files: [targets.yml]}]}
        """);
    try (Server server =
        Distribution.server(folder.resolve("data"))
            .with("--config.file=" + folder.resolve("prometheus.yml"))
            .start()) {
      int all = targets.size();
      Server.await("all peers are up", () -> server.query("up{job=\"peers\"} == 1").size() == all);
      for (String peer : targets.keySet()) {
        assertThat(server.query(metric(peer) + "{peer=\"" + peer + "\"}")).as(peer).hasSize(1);
      }

      if (targets.containsKey("prometheus")) {
        sameHelp(server, targets.get("prometheus"));
      }

      String gone = targets.keySet().iterator().next();
      targets.remove(gone);
      write(file, targets);
      Server.await(
          gone + " ends with staleness within its interval",
          Duration.ofSeconds(10),
          () -> server.query("up{peer=\"" + gone + "\"}").isEmpty());
      assertThat(server.query(metric(gone) + "{peer=\"" + gone + "\"}")).isEmpty();
      assertThat(server.query("up{job=\"peers\"} == 1")).hasSize(all - 1);
      // still there where it was
      assertThat(server.query("last_over_time(up{peer=\"" + gone + "\"}[5m])")).hasSize(1);
    }
  }

  /** What both show is described in the same words: dashboards and users search for them. */
  private static void sameHelp(Server server, @Nullable String original) throws IOException {
    Map<String, String> theirs;
    try (InputStream in = URI.create("http://" + original + "/metrics").toURL().openStream()) {
      theirs = help(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
    Map<String, String> ours = help(server.get("metrics").body());
    ours.keySet().retainAll(theirs.keySet());
    assertThat(ours).hasSizeGreaterThan(80);
    theirs.keySet().retainAll(ours.keySet());
    assertThat(ours).isEqualTo(theirs);
  }

  private static Map<String, String> help(String page) {
    Map<String, String> out = new TreeMap<>();
    page.lines()
        .filter(l -> l.startsWith("# HELP "))
        .map(l -> l.split(" ", 4))
        .filter(l -> l.length == 4)
        .forEach(l -> out.put(l[2], l[3]));
    return out;
  }

  private final Map<String, String> metrics = new LinkedHashMap<>();

  private String metric(String peer) {
    return String.valueOf(metrics.get(peer));
  }

  private void launch(Map<String, String> targets, String peer, String metric, String... names)
      throws IOException {
    Path program = Peers.original(names);
    String address;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      address = "127.0.0.1:" + free.getLocalPort();
    }
    Path data = Files.createDirectories(folder.resolve(peer));
    List<String> command = Peers.command(program);
    command.add("--web.listen-address=" + address);
    switch (peer) {
      case "alertmanager" -> {
        Path config =
            Files.writeString(
                data.resolve("alertmanager.yml"), "route: {receiver: x}\nreceivers: [{name: x}]\n");
        command.addAll(
            List.of(
                "--config.file=" + config, "--storage.path=" + data, "--cluster.listen-address="));
      }
      case "prometheus" -> {
        Path config = Files.writeString(data.resolve("prometheus.yml"), "global: {}\n");
        command.addAll(
            List.of("--config.file=" + config, "--storage.tsdb.path=" + data.resolve("tsdb")));
      }
      default -> {}
    }
    Path log = data.resolve("log");
    Process process =
        new ProcessBuilder(command)
            .directory(data.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    processes.add(process);
    Server.await(peer + " listens or ends", () -> !process.isAlive() || listens(address));
    assertThat(process.isAlive()).as(() -> peer + " ended: " + read(log)).isTrue();
    targets.put(peer, address);
    metrics.put(peer, metric);
  }

  private static String read(Path log) {
    try {
      return Files.readString(log).strip();
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static boolean listens(String address) {
    int colon = address.indexOf(':');
    try (Socket socket =
        new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)))) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private void write(Path file, Map<String, String> targets) throws IOException {
    StringBuilder text = new StringBuilder();
    targets.forEach((peer, address) ->
        text.append("- targets: ['")
            .append(address)
            .append("']\n  labels: {peer: ")
            .append(peer)
            .append("}\n"));
    Path hidden = folder.resolve("targets.part");
    Files.writeString(hidden, text.isEmpty() ? "[]\n" : text);
    Files.move(hidden, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
