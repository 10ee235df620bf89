package io.narthex.bench.load;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.bench.Proof;
import io.narthex.bench.load.KnownGrid.Slice;
import io.narthex.bench.siege.Counters;
import io.narthex.bench.torture.SampleCheck;
import io.narthex.bench.torture.ServerUnderTest;
import io.narthex.bench.torture.StallMeter;
import io.narthex.bench.torture.StorageSwap;
import io.narthex.bench.torture.TargetFarm;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Replaces the storage of a real server whose head has a million series with three hours of
 * samples, twice, under scrapes, remote write and queries; then kills it; then sends the largest
 * requests it decodes. All acknowledged samples and all scrapes are there, nothing is refused, and
 * the storage is back soon.
 *
 * <p>Usage: {@code Swap ASSEMBLED_FOLDER [--series=1000000] [--samples=180] [--heap=3072]
 * [--seed=N] [--keep]}; the heap of the server is in MiB.
 */
public final class Swap {
  private static final long MOST_NANOS = 10_000_000_000L;
  private static final int SWAPS = 2;
  private static final int TARGETS = 20;
  private static final long INTERVAL_MS = 5_000;

  /** Series of a request. */
  private static final int SLICE = 2_000;

  /** Slice that has a sample each few milliseconds and is queried all the time. */
  private static final int WATCHED = 100;

  private static final long WATCHED_MS = 20;
  private static final int WRITERS = 2;
  private static final long BETWEEN_MS = 20_000;

  /** Long enough that three hours, and the time of a run, stay in the head. */
  private static final String BLOCK = "4h";

  private static final int SERIES_COMPARED = 200;

  private final Proof proof;
  private final KnownGrid grid;
  private final List<Slice> slices = new ArrayList<>();
  private final Slice watched;
  private final long fillFromMs;
  private final Successes watchedWrites = new Successes();
  private final Successes otherWrites = new Successes();
  private final Successes queries = new Successes();
  private volatile boolean done;

  private Swap(Proof proof) throws IOException {
    this.proof = proof;
    grid = new KnownGrid(proof.number("seed"));
    watched = grid.add(WATCHED);
    slices.add(watched);
    for (long left = proof.number("series") - WATCHED; left > 0; left -= SLICE) {
      slices.add(grid.add((int) Math.min(SLICE, left)));
    }
    fillFromMs = System.currentTimeMillis() - proof.number("samples") * GridFill.STEP_MS;
    Files.writeString(
        proof.folder().resolve("prometheus.yml"),
        """
        global: {scrape_interval: 5s, scrape_timeout: 5s}
        storage: {tsdb: {out_of_order_time_window: 30m}}
        scrape_configs:
          - {job_name: targets, file_sd_configs: [{files: ['targets-*.json'], refresh_interval: 5s}]}
        """);
    Files.writeString(
        proof.folder().resolve("alertmanager.yml"),
        "route: {receiver: none}\nreceivers: [{name: none}]\n");
    Files.createDirectories(proof.folder().resolve("plugins"));
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    Proof.run(
        "swap",
        args,
        Map.of("series", 1_000_000L, "samples", 180L, "heap", 3072L),
        proof -> new Swap(proof).run());
  }

  private ServerUnderTest start() throws IOException, InterruptedException {
    return ServerUnderTest.start(
        proof.assembled(),
        proof.folder(),
        proof.folder().resolve("plugins"),
        new ServerUnderTest.Launch(
            List.of(),
            List.of(
                "--web.enable-remote-write-receiver", "--storage.tsdb.min-block-duration=" + BLOCK),
            "-Xmx" + proof.number("heap") + "m"));
  }

  private void run() throws IOException, InterruptedException {
    try (TargetFarm farm = new TargetFarm(TARGETS)) {
      ServerUnderTest server = start();
      try {
        fill(server);
        farm.writeFiles(proof.folder()); // a scrape before would make the samples to fill too old
        Thread.sleep(BETWEEN_MS);
        long fromMs = System.currentTimeMillis();
        ServerUnderTest first = server;
        underLoad(first, () -> swaps(first));
        Thread.sleep(3 * INTERVAL_MS); // scrapes that have waited
        long toMs = System.currentTimeMillis() - INTERVAL_MS;
        compare(server, fromMs, toMs, "after the replacements");
        server.kill();
        long begun = System.nanoTime();
        server = start();
        compare(
            server,
            fromMs,
            toMs,
            String.format(Locale.ROOT, "after SIGKILL and start (%.1f s)", seconds(begun)));
        // what each request runs through is compiled by then, as in a server that has run for a
        // while
        underLoad(server, () -> Thread.sleep(GridFill.STEP_MS));
        new HugeRequests(proof, server, grid).run();
        System.out.println("       " + memory(server));
      } finally {
        server.close();
      }
    }
  }

  private static double seconds(long begunNanos) {
    return (System.nanoTime() - begunNanos) / 1e9;
  }

  private void fill(ServerUnderTest server) throws IOException, InterruptedException {
    long begun = System.nanoTime();
    List<String> problems =
        new ArrayList<>(GridFill.run(server, slices, fillFromMs, (int) proof.number("samples")));
    double seconds = seconds(begun);
    problems.addAll(blocks(server));
    long samples = KnownGrid.samples(slices);
    proof.verdict(
        "samples in the head",
        String.format(
            Locale.ROOT,
            "%,d of %,d series in %.0f s, %,.0f a second, head of %.0f minutes; %s",
            samples,
            slices.stream().mapToLong(Slice::size).sum(),
            seconds,
            samples / seconds,
            (System.currentTimeMillis() - fillFromMs) / 60e3,
            memory(server)),
        problems);
  }

  private static List<String> blocks(ServerUnderTest server)
      throws IOException, InterruptedException {
    int blocks = server.data("/api/v1/status/tsdb/blocks").path("blocks").size();
    return blocks == 0 ? List.of() : List.of("there are " + blocks + " blocks");
  }

  /** Describes the memory of the server's process. */
  private static String memory(ServerUnderTest server) throws IOException {
    List<String> found = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/proc/" + server.pid() + "/status"))) {
      if (line.matches("(VmHWM|VmRSS|RssAnon):.*")) {
        found.add(
            line.replaceFirst(":.*", " ")
                + Long.parseLong(line.replaceAll("\\D+", "")) / 1024
                + " MiB");
      }
    }
    return String.join(", ", found);
  }

  // ---- the replacements ------------------------------------------------------------------------

  /** What is done while the server is written to and queried. */
  private interface Body {
    void run() throws IOException, InterruptedException;
  }

  /** Writes a sample of each series a minute, as before, and more of some, and queries these. */
  private void underLoad(ServerUnderTest server, Body body)
      throws IOException, InterruptedException {
    List<GridWriter> writers = new ArrayList<>();
    done = false;
    Thread asking = Thread.ofPlatform().name("queries").start(() -> ask(server));
    try {
      writers.add(new GridWriter(server, List.of(watched), WATCHED_MS, watchedWrites));
      for (int w = 0; w < WRITERS; w++) {
        List<Slice> own = new ArrayList<>();
        for (int i = 1 + w; i < slices.size(); i += WRITERS) {
          own.add(slices.get(i));
        }
        if (!own.isEmpty()) {
          long period = Math.clamp(GridFill.STEP_MS / own.size(), 1, 250);
          writers.add(new GridWriter(server, own, period, otherWrites));
        }
      }
      Thread.sleep(BETWEEN_MS);
      body.run();
      for (GridWriter writer : writers) {
        writer.finish();
      }
    } finally {
      done = true;
      writers.forEach(GridWriter::close);
      asking.join();
    }
  }

  private void swaps(ServerUnderTest server) throws IOException, InterruptedException {
    for (int cycle = 1; cycle <= SWAPS; cycle++) {
      swap(server, cycle);
    }
  }

  private void swap(ServerUnderTest server, int cycle) throws IOException, InterruptedException {
    List<String> problems = new ArrayList<>(blocks(server));
    Successes.Seen before = watchedWrites.take();
    Successes.Seen queriesBefore = queries.take();
    Successes.Seen othersBefore = otherWrites.take();
    problems.addAll(before.problems());
    problems.addAll(queriesBefore.problems());
    problems.addAll(othersBefore.problems());
    long begunMs = System.currentTimeMillis();
    try (StallMeter stalls = new StallMeter()) {
      StorageSwap.run(server, proof.assembled(), cycle);
      Thread.sleep(BETWEEN_MS);
      Successes.Seen writes = watchedWrites.take();
      Successes.Seen answers = queries.take();
      Successes.Seen others = otherWrites.take();
      problems.addAll(writes.problems());
      problems.addAll(answers.problems());
      problems.addAll(others.problems());
      if (writes.gap() > MOST_NANOS) {
        problems.add("writes: more than 10 s");
      }
      if (answers.gap() > MOST_NANOS) {
        problems.add("queries: more than 10 s");
      }
      if (others.gap() > MOST_NANOS) {
        problems.add("writes of all series: more than 10 s");
      }
      proof.verdict(
          "replacement " + cycle + " of the storage",
          String.format(
              Locale.ROOT,
              "no write acknowledged for %.1f s, of all series %.1f s, no query answered for %.1f s;"
                  + " %s; %,d samples; %d writes and %d queries tried again; before it writes took"
                  + " %.0f ms at most, queries %.0f ms; the machine stalled for %.0f ms at most; %s",
              writes.gap() / 1e9,
              others.gap() / 1e9,
              answers.gap() / 1e9,
              parts(server, begunMs),
              KnownGrid.samples(slices),
              writes.failed() + others.failed(),
              answers.failed(),
              before.longest() / 1e6,
              queriesBefore.longest() / 1e6,
              stalls.longest() * 1e3,
              memory(server)),
          problems);
    }
  }

  /** Describes how long closing and opening took, from the files and the log. */
  private String parts(ServerUnderTest server, long begunMs) throws IOException {
    String text = "";
    Path newest = null;
    try (Stream<Path> files = Files.walk(proof.folder().resolve("data"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".checkpoint")).toList()) {
        if (newest == null || modified(file) > modified(newest)) {
          newest = file;
        }
      }
    }
    if (newest != null) {
      text =
          String.format(
              Locale.ROOT,
              "checkpoint of %d MiB %.1f s after the upload began, ",
              Files.size(newest) >> 20,
              (modified(newest) - begunMs) / 1e3);
    }
    String closed = "";
    String opened = "";
    for (String line : Files.readAllLines(server.log())) {
      if (line.contains(": closed after")) {
        closed = line.replaceFirst(".*: closed after", "closed after") + ", ";
      } else if (line.contains("ready with")) {
        opened = line.replaceFirst(".*ready with", "opened with");
      }
    }
    return text + closed + opened;
  }

  private static long modified(Path file) throws IOException {
    return Files.getLastModifiedTime(file).toMillis();
  }

  /** Asks for old and new samples all the time. */
  private void ask(ServerUnderTest server) {
    String path =
        "/api/v1/query?query="
            + ServerUnderTest.encode(
                "sum(count_over_time("
                    + KnownGrid.NAME
                    + "{slice=\""
                    + watched.number()
                    + "\"}[6h]))");
    try {
      while (!done) {
        int least = watched.count() * WATCHED;
        long begun = System.nanoTime();
        String problem = answer(server, path, least);
        if (problem == null) {
          queries.success(begun);
        } else if (problem.isEmpty()) {
          queries.failure();
        } else {
          queries.problem(problem);
        }
        Thread.sleep(WATCHED_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Asks once.
   *
   * @return null when the answer is right, the empty string when there is none, else what is wrong
   */
  private @Nullable String answer(ServerUnderTest server, String path, int least)
      throws InterruptedException {
    try {
      HttpResponse<String> answer = server.get(path);
      if (answer.statusCode() / 100 == 5) {
        return "";
      }
      if (answer.statusCode() != 200) {
        return "query: " + answer.statusCode() + " " + answer.body().strip();
      }
      JsonNode result = ServerUnderTest.parse(answer.body()).path("data").path("result");
      double found = result.path(0).path("value").path(1).asDouble();
      int most = (watched.count() + 1) * WATCHED; // one may be on its way
      return found >= least && found <= most && found % WATCHED == 0
          ? null
          : "query: expected " + least + " to " + most + ", got " + found;
    } catch (IOException e) {
      return "";
    }
  }

  // ---- checking --------------------------------------------------------------------------------

  private void compare(ServerUnderTest server, long fromMs, long toMs, String when)
      throws IOException, InterruptedException {
    List<String> wrong = new ArrayList<>(KnownGrid.check(server, slices));
    wrong.addAll(grid.checkSeries(server, SERIES_COMPARED));
    wrong.addAll(blocks(server));
    proof.verdict(
        "acknowledged samples " + when,
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
    List<String> problems = new ArrayList<>(scraped.problems());
    Counters.read(server)
        .forEach((name, value) -> {
          if (name.startsWith("prometheus_http_requests_total{code=\"4") && value > 0) {
            problems.add(name + " is " + value);
          }
        });
    proof.verdict(
        "scrapes " + when,
        String.format(
            Locale.ROOT,
            "%,d samples of %d targets in %.0f s; %d ticks without one, %d failed, %d lost",
            scraped.samples(),
            TARGETS,
            (toMs - fromMs) / 1e3,
            scraped.gaps(),
            scraped.down(),
            scraped.lost()),
        problems);
  }
}
