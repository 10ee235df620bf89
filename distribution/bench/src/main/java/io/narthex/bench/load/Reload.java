package io.narthex.bench.load;

import io.narthex.bench.Peer;
import io.narthex.bench.Proof;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Times starts and reloads with many jobs, as tools write them that make a job of each thing they
 * watch, beside the real Prometheus: the same file again, and with the targets of one job changed.
 * Each job has one target that refuses connections, and an interval that is not reached.
 *
 * <p>Usage: {@code Reload ASSEMBLED_FOLDER [--rounds=7] [--keep]}. Prints the table of
 * docs/performance.md. CPU is that of the whole process from the request on until half a second
 * after the answer, since the rest of a reload is done behind it.
 */
public final class Reload {
  private static final Duration PATIENCE = Duration.ofSeconds(180);
  private static final long BEHIND_MS = 500;
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** What one system needed; seconds. */
  private record Result(double ready, Cost first, Cost same, Cost changed) {}

  private record Cost(double seconds, double cpu) {
    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.2f (%.2f)", seconds, cpu);
    }
  }

  private enum Kind {
    STATIC,
    FILE_SD
  }

  private final Proof proof;

  private Reload(Proof proof) {
    this.proof = proof;
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    Proof.run("reload", args, Map.of("rounds", 7L), proof -> new Reload(proof).run());
  }

  private void run() throws IOException, InterruptedException {
    double bare = measure("narthex", Kind.STATIC, 0).ready;
    System.out.println(
        String.format(Locale.ROOT, "a start without jobs is ready after %.1f s", bare));
    System.out.println();
    System.out.println(
        "| jobs | | ready, s | first reload, s (CPU) | the same again, s (CPU) | one job changed, s (CPU) |");
    System.out.println("|---|---|---|---|---|---|");
    List<String> slowStarts = new ArrayList<>();
    List<String> unchanged = new ArrayList<>();
    List<String> changed = new ArrayList<>();
    for (int jobs : new int[] {100, 500, 3000}) {
      for (Kind kind : Kind.values()) {
        Result theirs = measure("prometheus", kind, jobs);
        print(jobs, kind, "Prometheus", theirs);
        Result ours = measure("narthex", kind, jobs);
        print(jobs, kind, "Narthex", ours);
        if (jobs == 500 && ours.ready > bare + 1) {
          slowStarts.add(
              String.format(Locale.ROOT, "%s: %.1f s more than without", kind, ours.ready - bare));
        }
        // the clock of processes ticks in hundredths
        if (jobs == 500 && ours.same.cpu > 2 * Math.max(theirs.same.cpu, 0.02)) {
          unchanged.add(kind + ": " + ours.same + " to " + theirs.same);
        }
        if (jobs == 3000 && ours.changed.seconds > 0.3) {
          changed.add(kind + ": " + ours.changed);
        }
      }
    }
    System.out.println();
    proof.verdict("start", "500 jobs, at most 1 s more than without jobs", slowStarts);
    proof.verdict("unchanged", "500 jobs, at most twice the CPU of Prometheus", unchanged);
    proof.verdict("changed", "one of 3,000 jobs within 0.3 s", changed);
  }

  private static void print(int jobs, Kind kind, String name, Result r) {
    System.out.println(
        String.format(
            Locale.ROOT,
            "| %d, %s | %s | %.1f | %s | %s | %s |",
            jobs,
            kind == Kind.STATIC ? "static" : "file_sd",
            name,
            r.ready,
            r.first,
            r.same,
            r.changed));
  }

  private Result measure(String name, Kind kind, int jobs)
      throws IOException, InterruptedException {
    Path folder = Files.createDirectories(proof.folder().resolve(name + "-" + kind + "-" + jobs));
    write(folder, kind, jobs, 0);
    long began = System.nanoTime();
    try (Peer peer = start(name, folder)) {
      double ready = (System.nanoTime() - began) / 1e9;
      Thread.sleep(3_000); // what begins with the first targets
      Cost first = reload(peer);
      int rounds = (int) proof.number("rounds");
      Cost[] same = new Cost[rounds];
      Cost[] changed = new Cost[rounds];
      for (int i = 0; i < rounds; i++) {
        same[i] = reload(peer);
        write(folder, kind, jobs, i + 1);
        changed[i] = reload(peer);
      }
      return new Result(ready, first, median(same), median(changed));
    }
  }

  private Peer start(String name, Path folder) throws IOException, InterruptedException {
    int port = Peer.freePort();
    Path program =
        name.equals("narthex")
            ? proof.assembled().resolve("bin/narthex")
            : Peer.program("prometheus");
    return Peer.start(
        name,
        List.of(
            program.toString(),
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--web.listen-address=127.0.0.1:" + port,
            "--web.enable-lifecycle"),
        folder,
        port,
        PATIENCE);
  }

  /** Writes the configuration; the job in the middle has another target in each version. */
  private static void write(Path folder, Kind kind, int jobs, int version) throws IOException {
    StringBuilder text = new StringBuilder("global: {scrape_interval: 1h}\n");
    text.append(jobs == 0 ? "" : "scrape_configs:\n");
    for (int i = 0; i < jobs; i++) {
      String label = i == jobs / 2 ? Integer.toString(version) : "0";
      if (kind == Kind.STATIC) {
        text.append("  - job_name: job").append(i).append("\n    static_configs:\n");
        text.append("      - targets: ['127.0.0.1:9']\n        labels: {version: '");
        text.append(label).append("'}\n");
      } else {
        text.append("  - job_name: job").append(i).append("\n    file_sd_configs:\n");
        text.append("      - files: ['targets-").append(label).append(".json']\n");
      }
    }
    if (kind == Kind.FILE_SD) {
      for (String v : List.of("0", Integer.toString(version))) {
        Path targets = folder.resolve("targets-" + v + ".json");
        if (!Files.exists(targets)) { // all that read it would do so again
          Files.writeString(targets, "[{\"targets\": [\"127.0.0.1:9\"]}]\n");
        }
      }
    }
    Files.writeString(folder.resolve("prometheus.yml"), text);
  }

  private static Cost reload(Peer peer) throws IOException, InterruptedException {
    double before = peer.cpuSeconds();
    long began = System.nanoTime();
    HttpResponse<String> answer =
        CLIENT.send(
            HttpRequest.newBuilder(URI.create(peer.url("/-/reload")))
                .timeout(PATIENCE)
                .POST(BodyPublishers.noBody())
                .build(),
            BodyHandlers.ofString());
    double seconds = (System.nanoTime() - began) / 1e9;
    if (answer.statusCode() != 200) {
      throw new IOException(
          "a reload was answered with " + answer.statusCode() + ": " + answer.body());
    }
    Thread.sleep(BEHIND_MS);
    return new Cost(seconds, peer.cpuSeconds() - before);
  }

  private static Cost median(Cost[] costs) {
    double[] seconds = Arrays.stream(costs).mapToDouble(Cost::seconds).sorted().toArray();
    double[] cpu = Arrays.stream(costs).mapToDouble(Cost::cpu).sorted().toArray();
    return new Cost(seconds[seconds.length / 2], cpu[cpu.length / 2]);
  }
}
