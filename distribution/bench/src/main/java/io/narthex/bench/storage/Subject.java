package io.narthex.bench.storage;

import io.narthex.bench.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The servers under comparison, each with its defaults. */
enum Subject {
  PROMETHEUS("prometheus"),
  VICTORIA_METRICS("victoria-metrics"),
  NARTHEX("narthex");

  /** An empty configuration: samples come by remote write. */
  static final String NOTHING = "global: {}\n";

  private static final Duration PATIENCE = Duration.ofSeconds(120);

  private final String program;

  Subject(String program) {
    this.program = program;
  }

  /**
   * Starts the server on the folder {@code data} of a folder, which may have data already, and
   * waits until it is ready.
   *
   * @param config the text of {@code prometheus.yml}
   */
  Peer start(Path assembled, Path folder, String config) throws IOException, InterruptedException {
    int port = Peer.freePort();
    Files.createDirectories(folder);
    Path file = Files.writeString(folder.resolve("prometheus.yml"), config);
    List<String> command = new ArrayList<>();
    command.add(
        this == NARTHEX
            ? assembled.resolve("bin/narthex").toString()
            : Peer.program(program).toString());
    if (this == VICTORIA_METRICS) {
      command.addAll(
          List.of(
              "-storageDataPath=data",
              "-retentionPeriod=100y",
              "-httpListenAddr=127.0.0.1:" + port,
              "-search.latencyOffset=0s",
              "-search.maxUniqueTimeseries=2000000",
              "-search.maxMemoryPerQuery=0",
              "-promscrape.config=" + file));
    } else {
      command.addAll(
          List.of(
              "--config.file=" + file,
              "--storage.tsdb.path=data",
              "--web.listen-address=127.0.0.1:" + port,
              "--web.enable-remote-write-receiver",
              "--query.max-samples=200000000"));
    }
    return Peer.start(program, command, folder, port, PATIENCE);
  }

  /** Starts the server as its packages do, with a configuration that has it scrape itself. */
  Peer startDefault(Path assembled, Path folder) throws IOException, InterruptedException {
    if (this != NARTHEX) {
      return start(
          assembled,
          folder,
          """
          global: {scrape_interval: 15s}
          scrape_configs: [{job_name: prometheus, static_configs: [{targets: ['localhost:9090']}]}]
          """);
    }
    int port = Peer.freePort();
    Files.createDirectories(folder);
    return Peer.start(
        program,
        List.of(
            assembled.resolve("bin/narthex").toString(),
            "--storage.tsdb.path=" + folder.resolve("data"),
            "--web.listen-address=127.0.0.1:" + port),
        folder,
        port,
        PATIENCE);
  }
}
