package io.narthex.bench.node;

import io.narthex.bench.Peer;
import io.narthex.bench.Proof;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Compares the CPU time of a scrape of exporter-node with that of the real node exporter on the
 * same machine: both serve their metrics over HTTP, with the collectors that are on by default in
 * both, in turns.
 *
 * <p>Usage: {@code NodeCost ASSEMBLED_FOLDER [--scrapes=300] [--warm-up=1500] [--rounds=5]
 * [--pace-ms=0] [--keep]}. All of a process counts: garbage collection, compilation, what a server
 * does besides.
 */
public final class NodeCost {
  private static final String PROGRAM = "prometheus-node-exporter";
  private static final String PATH = "/exporters/node/metrics";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private NodeCost() {}

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    Map<String, Long> numbers =
        Map.of("scrapes", 300L, "warm-up", 1500L, "rounds", 5L, "pace-ms", 0L);
    Proof.run("node", args, numbers, NodeCost::run);
  }

  private static void run(Proof proof) throws IOException, InterruptedException {
    Path program;
    try {
      program = Peer.program(PROGRAM);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    int port = Peer.freePort();
    try (Peer narthex = narthex(proof);
        Peer original =
            Peer.start(
                PROGRAM,
                List.of(
                    program.toString(),
                    "--web.listen-address=127.0.0.1:" + port,
                    "--web.disable-exporter-metrics",
                    "--no-collector.systemd"), // Debian has switched it on
                proof.folder().resolve("original"),
                port,
                PATIENCE,
                "/metrics")) {
      compare(proof, narthex, original);
    }
  }

  private static Peer narthex(Proof proof) throws IOException, InterruptedException {
    Path folder = proof.folder().resolve("narthex");
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("empty.yml"), "global: {}\n");
    int port = Peer.freePort();
    return Peer.start(
        "narthex",
        List.of(
            proof.assembled().resolve("bin/narthex").toString(),
            "--config.file=empty.yml",
            "--storage.tsdb.path=data",
            "--web.listen-address=127.0.0.1:" + port),
        folder,
        port,
        PATIENCE);
  }

  private static void compare(Proof proof, Peer narthex, Peer original)
      throws IOException, InterruptedException {
    long pace = proof.number("pace-ms");
    int scrapes = (int) proof.number("scrapes");
    int warmUp = (int) proof.number("warm-up");
    double warm = perScrape(narthex, PATH, warmUp, 0);
    double warmOriginal = perScrape(original, "/metrics", warmUp, 0);
    System.out.println(
        String.format(Locale.ROOT, "warm-up: %.2f ms and %.2f ms", warm, warmOriginal));
    double ours = Double.MAX_VALUE;
    double theirs = Double.MAX_VALUE;
    double sumOurs = 0;
    double sumTheirs = 0;
    int rounds = (int) proof.number("rounds");
    for (int i = 0; i < rounds; i++) {
      double mine = perScrape(narthex, PATH, scrapes, pace);
      double other = perScrape(original, "/metrics", scrapes, pace);
      System.out.println(
          String.format(Locale.ROOT, "round %d: %.2f ms and %.2f ms", i + 1, mine, other));
      sumOurs += mine;
      sumTheirs += other;
      ours = Math.min(ours, mine);
      theirs = Math.min(theirs, other);
    }
    double ratio = sumOurs / sumTheirs;
    proof.verdict(
        "CPU of a scrape",
        String.format(
            Locale.ROOT,
            "exporter-node %.2f ms (best %.2f), the real one %.2f ms (best %.2f), ratio %.2f",
            sumOurs / rounds,
            ours,
            sumTheirs / rounds,
            theirs,
            ratio),
        ratio <= 1 ? List.of() : List.of("more than the real one"));
  }

  /** Returns milliseconds of CPU per scrape. */
  private static double perScrape(Peer peer, String path, int scrapes, long paceMs)
      throws IOException, InterruptedException {
    double before = peer.cpuSeconds();
    for (int i = 0; i < scrapes; i++) {
      peer.fetch(path);
      if (paceMs > 0) {
        Thread.sleep(paceMs);
      }
    }
    return (peer.cpuSeconds() - before) * 1000 / scrapes;
  }
}
