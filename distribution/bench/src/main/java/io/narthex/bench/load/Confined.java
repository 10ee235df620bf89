package io.narthex.bench.load;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.bench.Proof;
import io.narthex.bench.load.KnownGrid.Slice;
import io.narthex.bench.siege.MemoryLimit;
import io.narthex.bench.torture.SampleCheck;
import io.narthex.bench.torture.ServerUnderTest;
import io.narthex.bench.torture.TargetFarm;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Four and a half to seven and a half hours of a million series, a sample a minute, as fast as a
 * server takes them that has 1.1 GiB of memory. It makes and merges blocks, scrapes towards the
 * end, and answers queries of dashboards all the time. Nothing is refused, it is the same process
 * at the end, and all samples are there.
 *
 * <p>Usage: {@code Confined ASSEMBLED_FOLDER [--series=1000000] [--samples=270] [--memory=1126]
 * [--seed=N] [--keep]}; memory is in MiB, of each series are at least so many samples.
 */
public final class Confined {
  /** Series of a request. */
  private static final int SLICE = 2_000;

  /** Length of a block that is made of three. */
  private static final long LARGE_MS = 10_800_000;

  /** Minutes that are left when the scrapes begin: after those all samples are late. */
  private static final int LAST = 10;

  private static final int TARGETS = 20;
  private static final long INTERVAL_MS = 5_000;
  private static final long SCRAPED_MS = 60_000;
  private static final long BLOCKS_NANOS = 180_000_000_000L;
  private static final int SERIES_COMPARED = 100;

  private final Proof proof;
  private final KnownGrid grid;
  private final List<Slice> slices = new ArrayList<>();
  private final long startMs;
  private final int steps;
  private final Successes queries = new Successes();
  private volatile boolean done;

  private Confined(Proof proof) throws IOException {
    this.proof = proof;
    grid = new KnownGrid(proof.number("seed"));
    for (long left = proof.number("series"); left > 0; left -= SLICE) {
      slices.add(grid.add((int) Math.min(SLICE, left)));
    }
    long now = System.currentTimeMillis();
    // three blocks are merged when they are those of a large one and there is a fourth
    startMs = (now - proof.number("samples") * GridFill.STEP_MS) / LARGE_MS * LARGE_MS;
    steps = (int) ((now - startMs) / GridFill.STEP_MS);
    Path folder = proof.folder();
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 5s, scrape_timeout: 5s}
        storage: {tsdb: {out_of_order_time_window: 2h}}
        scrape_configs:
          - {job_name: targets, file_sd_configs: [{files: ['targets-*.json'], refresh_interval: 5s}]}
        """);
    Files.writeString(
        folder.resolve("alertmanager.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n");
    Files.createDirectories(folder.resolve("plugins"));
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    Proof.run(
        "confined",
        args,
        Map.of("series", 1_000_000L, "samples", 270L, "memory", 1126L),
        proof -> new Confined(proof).run());
  }

  private void run() throws IOException, InterruptedException {
    try (TargetFarm farm = new TargetFarm(TARGETS);
        MemoryLimit limit = MemoryLimit.of(proof.number("memory") << 20);
        ServerUnderTest server = start(limit)) {
      Thread asking = Thread.ofPlatform().name("queries").start(() -> ask(server));
      long scrapedFromMs;
      try {
        scrapedFromMs = fill(server, farm);
        blocks(server);
        Thread.sleep(Math.max(0, scrapedFromMs + SCRAPED_MS - System.currentTimeMillis()));
      } finally {
        done = true;
        asking.join();
      }
      Successes.Seen seen = queries.take();
      proof.verdict("queries of dashboards", seen.latencies(), seen.problems());
      compare(server, scrapedFromMs + 2 * INTERVAL_MS);
      long peak = limit.peak();
      proof.verdict(
          "one process",
          limit.words()
              + (peak < 0 ? "" : ", of which " + (peak >> 20) + " MiB were used at most")
              + ", pages of files included",
          server.alive() ? List.of() : List.of("the server has ended"));
    }
  }

  private ServerUnderTest start(MemoryLimit limit) throws IOException, InterruptedException {
    return ServerUnderTest.start(
        proof.assembled(),
        proof.folder(),
        proof.folder().resolve("plugins"),
        limit.launch(
            List.of(
                "--web.enable-remote-write-receiver",
                "--storage.tsdb.min-block-duration=1h",
                "--storage.tsdb.max-block-duration=3h")));
  }

  /** Writes all samples; returns when the scrapes began. */
  private long fill(ServerUnderTest server, TargetFarm farm)
      throws IOException, InterruptedException {
    long begun = System.nanoTime();
    int first = Math.max(0, steps - LAST);
    List<String> problems = new ArrayList<>(GridFill.run(server, slices, startMs, first));
    long scrapedFromMs = System.currentTimeMillis();
    farm.writeFiles(proof.folder());
    problems.addAll(
        GridFill.run(server, slices, startMs + first * GridFill.STEP_MS, steps - first));
    double seconds = (System.nanoTime() - begun) / 1e9;
    long samples = KnownGrid.samples(slices);
    proof.verdict(
        "nothing refused",
        String.format(
            Locale.ROOT,
            "%,d samples of %,d series in %.0f s, %,.0f a second",
            samples,
            slices.stream().mapToLong(Slice::size).sum(),
            seconds,
            samples / seconds),
        problems);
    return scrapedFromMs;
  }

  /** Waits until blocks have been made and merged. */
  private void blocks(ServerUnderTest server) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + BLOCKS_NANOS;
    while (true) {
      int blocks = 0;
      int merged = 0;
      for (JsonNode b : server.data("/api/v1/status/tsdb/blocks").path("blocks")) {
        blocks++;
        merged += b.path("compaction").path("level").asInt() > 1 ? 1 : 0;
      }
      boolean enough = blocks >= 1 && merged >= 1;
      if (enough || System.nanoTime() > deadline) {
        proof.verdict(
            "blocks",
            blocks + ", of which merged " + merged,
            enough ? List.of() : List.of("a merged one of at least two flushes is missing"));
        return;
      }
      Thread.sleep(1_000);
    }
  }

  private void ask(ServerUnderTest server) {
    String[] ranges = {
      "sum by (instance) (rate(grid{instance=~\"host-1..\"}[5m]))",
      "topk(5, sum by (instance) (rate(grid{instance=~\"host-12..\"}[5m])))",
      "avg_over_time(grid{slice=\"3\"}[10m])",
      "grid{series=\"77\"}"
    };
    try {
      while (!done) {
        long newest = slices.getFirst().newestMs();
        if (newest == Long.MIN_VALUE) {
          Thread.sleep(100);
          continue;
        }
        long to = newest / 1000;
        for (String range : ranges) {
          answer(
              server,
              "/api/v1/query_range?query="
                  + ServerUnderTest.encode(range)
                  + "&start="
                  + (to - 3600)
                  + "&end="
                  + to
                  + "&step=60");
        }
        answer(
            server, "/api/v1/query?query=" + ServerUnderTest.encode("count(grid)") + "&time=" + to);
        Thread.sleep(500);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(ServerUnderTest server, String path) throws InterruptedException {
    long begun = System.nanoTime();
    try {
      HttpResponse<String> answer = server.get(path);
      if (answer.statusCode() == 200) {
        queries.success(begun);
      } else {
        queries.problem(path + ": " + answer.statusCode() + " " + answer.body().strip());
      }
    } catch (IOException e) {
      queries.problem(path + ": " + e);
    }
  }

  private void compare(ServerUnderTest server, long fromMs)
      throws IOException, InterruptedException {
    long toMs = System.currentTimeMillis() - INTERVAL_MS;
    List<String> wrong = new ArrayList<>(KnownGrid.check(server, slices));
    wrong.addAll(grid.checkSeries(server, SERIES_COMPARED));
    proof.verdict(
        "all samples",
        String.format(
            Locale.ROOT,
            "numbers and sums of %,d in %,d slices, all samples of %d series",
            KnownGrid.samples(slices),
            slices.size(),
            SERIES_COMPARED),
        wrong);
    SampleCheck scraped = new SampleCheck(server, fromMs, toMs, INTERVAL_MS);
    scraped.targets(TARGETS);
    scraped.up("targets", TARGETS);
    proof.verdict(
        "scrapes",
        String.format(
            Locale.ROOT,
            "%,d samples of %d targets in %.0f s; %d ticks without one, %d failed, %d lost",
            scraped.samples(),
            TARGETS,
            (toMs - fromMs) / 1e3,
            scraped.gaps(),
            scraped.down(),
            scraped.lost()),
        scraped.problems());
  }
}
