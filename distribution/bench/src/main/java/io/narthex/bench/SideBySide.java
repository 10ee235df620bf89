package io.narthex.bench;

import io.narthex.bench.BenchQueries.Query;
import io.narthex.bench.SideBySideReport.Timing;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Times queries over HTTP against the real Prometheus, VictoriaMetrics (its cache off) and Narthex
 * on identical data, one system at a time in turn, and prints medians, CPU and ratios. A result of
 * Narthex that differs from Prometheus' is a failure, however fast.
 *
 * <p>CPU is that of the server process, from its first request of a measurement to its last; other
 * work on the machine changes it far less than it does latency.
 *
 * <p>Usage: {@code SideBySide ASSEMBLED_FOLDER [--quick] [--rounds=N] [--points=N] [--match=REGEX]
 * [--warm=SECONDS] [--minutes=N] [--without-vm] [--keep]}.
 */
public final class SideBySide {
  private static final long WARM_NANOS = 300_000_000L;
  private static final long BATCH_NANOS = 40_000_000L;
  private static final int MAX_BATCH = 400;

  /** A query that takes longer than this is warm after one request. */
  private static final long SLOW_NANOS = 1_000_000_000L;

  /** Systems that are compiled ahead need no longer than this to fill their caches. */
  private static final int COMPILED_WARM_SECONDS = 5;

  /** Time for all rounds of one query before their number is reduced. */
  private static final double ROUNDS_MILLIS = 5_000;

  private static final int SETTLE_SECONDS = 60;

  private final SideBySideOptions options;
  private final PrintStream out;
  private final List<Query> queries;
  private final BenchData data;
  private final List<Peer> peers = new ArrayList<>();
  private final SideBySideReport report;
  private int differences;
  private int refused;
  private int vmDifferences;
  private int skipped;

  private SideBySide(SideBySideOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
    report = new SideBySideReport(out);
    BenchData.Scale scale = BenchData.Scale.FULL.withPoints(options.points());
    long endMs = System.currentTimeMillis() / 60_000 * 60_000 - 120_000;
    queries = options.queries();
    // what no query reads is not loaded
    data =
        new BenchData(
            scale,
            endMs,
            queries.stream()
                .flatMap(query -> query.kind().metrics().stream())
                .collect(Collectors.toSet()));
  }

  /** Runs the comparison. */
  public static void main(String[] args) throws Exception {
    SideBySideOptions options;
    try {
      options = SideBySideOptions.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    SideBySide comparison = new SideBySide(options, System.out);
    if (comparison.queries.isEmpty()) {
      System.err.println(
          "queries: no query is named like "
              + options.match()
              + "; names look like \""
              + BenchQueries.all().get(0).name()
              + "\"");
      System.exit(2);
    }
    System.exit(comparison.run());
  }

  private int run() throws Exception {
    long begun = System.nanoTime();
    long deadline = begun + TimeUnit.MINUTES.toNanos(options.minutes());
    print(
        "queries: %d series, %d samples (%.1f h at 10 s; a full run has 51.8 h), %d queries, %d"
            + " rounds",
        data.series(),
        data.samples(),
        options.points() * 10 / 3600.0,
        queries.size(),
        options.rounds());
    TemporaryFolder folder = TemporaryFolder.create("queries");
    try {
      Path work = folder.path();
      peers.add(Peer.prometheus(work.resolve("prometheus")));
      peers.add(Peer.narthex(options.assembled(), work.resolve("narthex")));
      if (options.victoriaMetrics()) {
        peers.add(Peer.victoriaMetrics(work.resolve("victoria-metrics")));
      }
      load(begun);
      print(
          "warm-up: all but the heavy queries in turn, Narthex for %d s, the others for %d s; then"
              + " each query for %d ms or thrice, those of more than a second once%n",
          options.warmSeconds(),
          Math.min(options.warmSeconds(), COMPILED_WARM_SECONDS),
          WARM_NANOS / 1_000_000);
      for (Peer peer : peers) {
        warm(peer);
      }
      report.head();
      for (Query query : queries) {
        if (System.nanoTime() - deadline < 0) {
          time(query);
        } else {
          skipped++;
        }
      }
      report.summary();
      print("");
      costs("in all");
      print(
          "queries: %d timed in %.1f min, load %.1f at the end; %d refused by Prometheus, %d differ"
              + " from Prometheus, %d not reached in time; %d that VictoriaMetrics refuses or"
              + " answers otherwise",
          report.size(),
          (System.nanoTime() - begun) / 60e9,
          load(),
          refused,
          differences,
          skipped,
          vmDifferences);
    } finally {
      peers.forEach(Peer::close);
      if (!options.keep()) {
        folder.close();
      }
    }
    return differences == 0 && skipped == 0 ? 0 : 1;
  }

  private void print(String format, Object... arguments) {
    out.printf(Locale.ROOT, format + "%n", arguments);
    out.flush();
  }

  private static double load() {
    return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
  }

  /** Loads the servers, prints the progress in tenths, and waits until all is quiet. */
  private void load(long begun) throws Exception {
    int[] told = {0};
    data.load(
        peers,
        part -> {
          int tenths = (int) (part * 10);
          if (tenths > told[0]) {
            told[0] = tenths;
            print("loading: %d %% after %.0f s", tenths * 10, (System.nanoTime() - begun) / 1e9);
          }
        });
    if (options.victoriaMetrics()) {
      peers.get(2).fetch("/internal/force_flush");
    }
    settle();
    costs("while loading");
    print(
        "queries: loaded in %.0f s; machine: %d processors, load %.1f, Java %s, %s %s",
        (System.nanoTime() - begun) / 1e9,
        Runtime.getRuntime().availableProcessors(),
        load(),
        System.getProperty("java.version"),
        System.getProperty("os.name"),
        System.getProperty("os.version"));
  }

  /** Waits until no system is busy with what was loaded. */
  private void settle() throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SETTLE_SECONDS);
    double before;
    double after = cpuSeconds();
    do {
      before = after;
      Thread.sleep(2_000);
      after = cpuSeconds();
    } while (after - before > 0.2 && System.nanoTime() - end < 0);
  }

  private double cpuSeconds() {
    return peers.stream().mapToDouble(Peer::cpuSeconds).sum();
  }

  private void costs(String when) {
    List<String> texts = new ArrayList<>();
    for (Peer peer : peers) {
      texts.add(
          String.format(
              Locale.ROOT,
              "%s %,d MiB and %.0f s",
              peer.name,
              peer.peakMemory() >> 20,
              peer.cpuSeconds()));
    }
    print("peak of resident memory and CPU %s: %s", when, String.join(", ", texts));
  }

  /** Sends all queries in turn, without the heavy ones; refusals are ignored here. */
  private void warm(Peer peer) throws IOException {
    int seconds = options.warmSeconds();
    if (!peer.name.equals("narthex")) {
      seconds = Math.min(seconds, COMPILED_WARM_SECONDS);
    }
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    List<Query> light = queries.stream().filter(query -> !query.heavy()).toList();
    while (!light.isEmpty()) {
      for (Query query : light) {
        if (System.nanoTime() - end >= 0) {
          return;
        }
        var unused = peer.ask(path(query));
      }
    }
  }

  private String path(Query query) {
    String text = URLEncoder.encode(query.expression(), StandardCharsets.UTF_8);
    double end = data.endMs() / 1000.0;
    return query.steps() == 1
        ? "/api/v1/query?nocache=1&query=" + text + "&time=" + end
        : "/api/v1/query_range?nocache=1&query="
            + text
            + "&start="
            + query.startMs(data.endMs()) / 1000.0
            + "&end="
            + end
            + "&step="
            + query.kind().stepMs / 1000;
  }

  private void time(Query query) throws Exception {
    String path = path(query);
    Answer expected = peers.get(0).answer(path);
    if (!expected.success()) {
      refused++;
      report.refused(query);
      return;
    }
    List<String> remarks = new ArrayList<>();
    boolean[] runs = new boolean[peers.size()];
    runs[0] = true;
    for (int i = 1; i < peers.size(); i++) {
      runs[i] = compare(expected, peers.get(i).answer(path), i, remarks);
    }
    int[] batch = new int[peers.size()];
    double round = 0;
    for (int i = 0; i < peers.size(); i++) {
      if (runs[i]) {
        double millis = warm(peers.get(i), path);
        batch[i] = (int) Math.clamp(BATCH_NANOS / 1e6 / millis, 1, MAX_BATCH);
        round += batch[i] * millis;
      }
    }
    int count = (int) Math.clamp(ROUNDS_MILLIS / round, 1, options.rounds());
    double[][] millis = new double[peers.size()][count];
    double[] cpu = new double[peers.size()];
    for (int r = 0; r < count; r++) {
      for (int i = 0; i < peers.size(); i++) {
        if (runs[i]) {
          double cpuBefore = peers.get(i).cpuSeconds();
          long begun = System.nanoTime();
          for (int n = 0; n < batch[i]; n++) {
            peers.get(i).fetch(path);
          }
          millis[i][r] = (System.nanoTime() - begun) / 1e6 / batch[i];
          cpu[i] += (peers.get(i).cpuSeconds() - cpuBefore) * 1000;
        }
      }
    }
    Timing[] timings = new Timing[3];
    for (int i = 0; i < peers.size(); i++) {
      if (runs[i]) {
        timings[i] = new Timing(median(millis[i]), cpu[i] / count / batch[i]);
      }
    }
    report.add(query, timings, remarks);
  }

  /** Compares with Prometheus' answer; returns whether the time of a system is worth measuring. */
  private boolean compare(Answer expected, Answer actual, int i, List<String> remarks) {
    String difference = actual.success() ? Comparison.data(expected, actual) : "error";
    if (difference == null) {
      return true;
    }
    if (i == 1) {
      differences++;
      remarks.add("DIFFERS: " + difference);
      return actual.success();
    }
    vmDifferences++;
    if (!actual.success() || actual.isEmpty()) {
      // an empty result has no comparable time
      remarks.add(actual.success() ? "VM finds nothing" : "VM refuses");
      return false;
    }
    remarks.add("VM's answer is another");
    return true;
  }

  /** Sends requests until the system is warm; returns the milliseconds of the last one. */
  private static double warm(Peer peer, String path) throws IOException {
    long begun = System.nanoTime();
    long last = 0;
    for (int n = 0; n < 3 || System.nanoTime() - begun < WARM_NANOS; n++) {
      long t = System.nanoTime();
      peer.fetch(path);
      last = System.nanoTime() - t;
      if (last > SLOW_NANOS) {
        break;
      }
    }
    return last / 1e6;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int m = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[m] : (sorted[m - 1] + sorted[m]) / 2;
  }
}
