package io.narthex.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.bench.BenchQueries.Query;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Times queries over HTTP against the real Prometheus, VictoriaMetrics (its cache off) and Narthex
 * on identical data, one system at a time in turn, and prints medians, CPU and ratios. An answer of
 * Narthex that differs from Prometheus' counts as a failure, however fast.
 *
 * <p>Usage: {@code SideBySide ASSEMBLED_FOLDER [--quick] [--rounds=N] [--points=N] [--match=REGEX]
 * [--warm=SECONDS] [--without-vm]}.
 */
public final class SideBySide {
  private static final long WARM_NANOS = 400_000_000L;
  private static final long BATCH_NANOS = 20_000_000L;

  private final ObjectMapper json = new ObjectMapper();
  private final List<Peer> peers = new ArrayList<>();
  private final List<double[]> totals = new ArrayList<>();
  private final List<Query> done = new ArrayList<>();
  private int differences;
  private int refused;
  private int vmDifferences;

  private SideBySide() {}

  /** What one system needed for one query. */
  private record Timing(double millis, double cpuMillis) {}

  /** Runs the comparison. */
  public static void main(String[] args) throws Exception {
    Path assembled = Path.of(args[0]).toAbsolutePath();
    boolean quick = false;
    boolean vm = true;
    int rounds = 5;
    int points = 0;
    int warm = -1;
    Pattern match = Pattern.compile("", 0);
    for (int i = 1; i < args.length; i++) {
      String value = args[i].substring(args[i].indexOf('=') + 1);
      if (args[i].equals("--quick")) {
        quick = true;
      } else if (args[i].equals("--without-vm")) {
        vm = false;
      } else if (args[i].startsWith("--rounds=")) {
        rounds = Integer.parseInt(value);
      } else if (args[i].startsWith("--points=")) {
        points = Integer.parseInt(value);
      } else if (args[i].startsWith("--warm=")) {
        warm = Integer.parseInt(value);
      } else if (args[i].startsWith("--match=")) {
        match = Pattern.compile(value, 0);
      } else {
        System.err.println("queries: unknown option " + args[i]);
        System.exit(2);
      }
    }
    if (points == 0) {
      points = quick ? 1_500 : 8_640 + 1_000;
    }
    if (warm < 0) {
      warm = quick ? 15 : 60;
    }
    Pattern wanted = match;
    List<Query> queries =
        (quick ? BenchQueries.quick() : BenchQueries.all())
            .stream().filter(q -> wanted.matcher(q.expression()).find()).toList();
    System.exit(new SideBySide().run(assembled, queries, rounds, points, warm, vm));
  }

  private int run(Path assembled, List<Query> queries, int rounds, int points, int warm, boolean vm)
      throws Exception {
    Path work = Files.createTempDirectory("narthex-queries");
    BenchData data = new BenchData(points, System.currentTimeMillis() / 60_000 * 60_000 - 120_000);
    System.out.printf(
        Locale.ROOT,
        "queries: %d series, %d samples (%.1f h at 10 s; a full run has 26.8 h, the original list"
            + " 51.8 h), %d queries, %d rounds%n",
        data.series(),
        data.samples(),
        points * 10 / 3600.0,
        queries.size(),
        rounds);
    try {
      peers.add(Peer.prometheus(work.resolve("prometheus")));
      peers.add(Peer.narthex(assembled, work.resolve("narthex")));
      if (vm) {
        peers.add(Peer.victoriaMetrics(work.resolve("victoria-metrics")));
      }
      long begun = System.nanoTime();
      data.load(peers);
      if (vm) {
        peers.get(2).get("/internal/force_flush");
      }
      settle();
      System.out.printf(
          Locale.ROOT,
          "queries: loaded in %.0f s; machine: %d processors, Java %s, %s%n",
          (System.nanoTime() - begun) / 1e9,
          Runtime.getRuntime().availableProcessors(),
          System.getProperty("java.version"),
          System.getProperty("os.name") + " " + System.getProperty("os.version"));
      System.out.printf(
          Locale.ROOT,
          "warm-up: all but the heavy queries in turn for %d s each system, then each query for at least %d ms%n%n",
          warm,
          WARM_NANOS / 1_000_000);
      System.out.println(
          "| query | steps | Prometheus ms | Narthex ms | VM ms | N/P | N/VM | CPU ms P / N / VM | |");
      System.out.println("|---|---|---|---|---|---|---|---|---|");
      for (Peer peer : peers) {
        warm(peer, queries, data, warm);
      }
      for (Query query : queries) {
        time(query, data, rounds);
      }
    } finally {
      peers.forEach(Peer::close);
    }
    summary();
    return differences == 0 ? 0 : 1;
  }

  /** Asks all queries in turn, without the heavy ones; refusals are no matter here. */
  private static void warm(Peer peer, List<Query> queries, BenchData data, int seconds)
      throws Exception {
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    while (true) {
      for (Query query : queries) {
        if (System.nanoTime() - end >= 0) {
          return;
        }
        if (!query.expression().contains("[1d]")) {
          var unused = peer.get(path(query, data));
        }
      }
    }
  }

  /** Waits until no system is busy with what was loaded, at most 30 s. */
  private void settle() throws InterruptedException {
    for (int i = 0; i < 15; i++) {
      double before = peers.stream().mapToDouble(Peer::cpuSeconds).sum();
      Thread.sleep(2_000);
      if (peers.stream().mapToDouble(Peer::cpuSeconds).sum() - before < 0.2) {
        return;
      }
    }
  }

  private static String path(Query query, BenchData data) {
    String text = URLEncoder.encode(query.expression(), StandardCharsets.UTF_8);
    double end = data.endMs() / 1000.0;
    return query.steps() == 1
        ? "/api/v1/query?nocache=1&query=" + text + "&time=" + end
        : "/api/v1/query_range?nocache=1&query="
            + text
            + "&start="
            + (data.endMs() - (query.steps() - 1) * BenchData.STEP_MS) / 1000.0
            + "&end="
            + end
            + "&step=10";
  }

  private void time(Query query, BenchData data, int rounds) throws Exception {
    String path = path(query, data);
    JsonNode expected = json.readTree(peers.get(0).get(path).body());
    if (expected.path("status").asText().equals("error")) {
      refused++;
      System.out.printf(
          Locale.ROOT,
          "| `%s` | %d | | | | | | | this Prometheus refuses it |%n",
          query.expression(),
          query.steps());
      return;
    }
    List<String> remarks = new ArrayList<>();
    boolean[] runs = new boolean[peers.size()];
    runs[0] = true;
    for (int i = 1; i < peers.size(); i++) {
      JsonNode actual = json.readTree(peers.get(i).get(path).body());
      runs[i] = actual.path("status").asText().equals("success");
      String difference =
          runs[i] ? Comparison.data(expected.path("data"), actual.path("data")) : "error";
      if (difference != null && i == 1) {
        differences++;
        remarks.add("DIFFERS: " + difference);
      } else if (difference != null) {
        vmDifferences++;
        remarks.add(runs[i] ? "VM's answer is another" : "VM refuses it");
      }
    }
    int[] batch = new int[peers.size()];
    for (int i = 0; i < peers.size(); i++) {
      batch[i] = runs[i] ? warm(peers.get(i), path) : 0;
    }
    double[][] millis = new double[peers.size()][rounds];
    double[] cpu = new double[peers.size()];
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < peers.size(); i++) {
        if (runs[i]) {
          double cpuBefore = peers.get(i).cpuSeconds();
          long begun = System.nanoTime();
          for (int n = 0; n < batch[i]; n++) {
            peers.get(i).fetch(path);
          }
          millis[i][round] = (System.nanoTime() - begun) / 1e6 / batch[i];
          cpu[i] += (peers.get(i).cpuSeconds() - cpuBefore) * 1000;
        }
      }
    }
    Timing[] timings = new Timing[3];
    for (int i = 0; i < peers.size(); i++) {
      if (runs[i]) {
        timings[i] = new Timing(median(millis[i]), cpu[i] / rounds / batch[i]);
      }
    }
    report(query, timings, remarks);
  }

  /** Asks until the system is warm; returns how many requests make one measurement. */
  private static int warm(Peer peer, String path) throws Exception {
    long begun = System.nanoTime();
    long last = 0;
    for (int n = 0; n < 3 || n < 300 && System.nanoTime() - begun < WARM_NANOS; n++) {
      long t = System.nanoTime();
      peer.fetch(path);
      last = System.nanoTime() - t;
    }
    return (int) Math.clamp(BATCH_NANOS / Math.max(1, last), 1, 20);
  }

  private void report(Query query, @Nullable Timing[] t, List<String> remarks) {
    double n = t[1] == null ? Double.NaN : t[1].millis;
    double p = t[0] == null ? Double.NaN : t[0].millis;
    double v = t[2] == null ? Double.NaN : t[2].millis;
    System.out.printf(
        Locale.ROOT,
        "| `%s` | %d | %s | %s | %s | %s | %s | %s / %s / %s | %s |%n",
        query.expression().replace("|", "\\|"),
        query.steps(),
        number(p),
        number(n),
        number(v),
        number(n / p),
        number(n / v),
        number(t[0] == null ? Double.NaN : t[0].cpuMillis),
        number(t[1] == null ? Double.NaN : t[1].cpuMillis),
        number(t[2] == null ? Double.NaN : t[2].cpuMillis),
        String.join("; ", remarks));
    done.add(query);
    totals.add(
        new double[] {
          n / p, n / v, t[0] == null || t[1] == null ? Double.NaN : t[1].cpuMillis / t[0].cpuMillis
        });
  }

  private static String number(double v) {
    return Double.isNaN(v) ? "–" : String.format(Locale.ROOT, v < 10 ? "%.2f" : "%.1f", v);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int m = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[m] : (sorted[m - 1] + sorted[m]) / 2;
  }

  private void summary() {
    System.out.println();
    for (int steps : new int[] {1, 100, 1000}) {
      for (String size : new String[] {"one", "hundred"}) {
        means(
            String.format(Locale.ROOT, "%4d steps, %-7s", steps, size),
            q -> q.steps() == steps && q.size().equals(size));
      }
    }
    means("all", _ -> true);
    System.out.printf(
        Locale.ROOT,
        "queries: %d timed, %d refused by Prometheus, %d differ from Prometheus; %d that"
            + " VictoriaMetrics refuses or answers otherwise%n",
        done.size(),
        refused,
        differences,
        vmDifferences);
  }

  private void means(String title, java.util.function.Predicate<Query> which) {
    double[] means = new double[3];
    int[] counts = new int[3];
    for (int i = 0; i < done.size(); i++) {
      if (which.test(done.get(i))) {
        for (int k = 0; k < 3; k++) {
          double ratio = totals.get(i)[k];
          if (ratio > 0 && Double.isFinite(ratio)) {
            means[k] += Math.log(ratio);
            counts[k]++;
          }
        }
      }
    }
    if (counts[0] > 0) {
      System.out.printf(
          Locale.ROOT,
          "geometric means, %s: Narthex/Prometheus %.2f (CPU %.2f), Narthex/VM %s (%d queries)%n",
          title,
          Math.exp(means[0] / counts[0]),
          Math.exp(means[2] / counts[2]),
          counts[1] == 0 ? "–" : String.format(Locale.ROOT, "%.2f", Math.exp(means[1] / counts[1])),
          counts[0]);
    }
  }
}
