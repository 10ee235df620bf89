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
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Times queries over HTTP against the real Prometheus, VictoriaMetrics (its cache off) and Narthex
 * on identical data, one system at a time in turn, and prints medians, CPU and ratios. An answer of
 * Narthex that differs from Prometheus' counts as a failure, however fast.
 *
 * <p>CPU is that of the server process, from its first request of a measurement to its last; other
 * work on the machine changes it far less than it does latency.
 *
 * <p>Usage: {@code SideBySide ASSEMBLED_FOLDER [--quick] [--rounds=N] [--points=N] [--match=REGEX]
 * [--warm=SECONDS] [--minutes=N] [--without-vm]}.
 */
public final class SideBySide {
  private static final long WARM_NANOS = 300_000_000L;
  private static final long BATCH_NANOS = 40_000_000L;
  private static final int MAX_BATCH = 400;

  /** Systems that are compiled ahead need no longer than this to fill their caches. */
  private static final int COMPILED_WARM_SECONDS = 5;

  /** What all rounds of one query may take before there are fewer. */
  private static final double ROUNDS_MILLIS = 5_000;

  private static final int WORST = 10;

  private final ObjectMapper json = new ObjectMapper();
  private final List<Peer> peers = new ArrayList<>();
  private final List<Ratios> done = new ArrayList<>();
  private int differences;
  private int refused;
  private int vmDifferences;
  private int skipped;

  private SideBySide() {}

  /** What one system needed for one query. */
  private record Timing(double millis, double cpuMillis) {}

  /** How Narthex did; NaN where there is nothing to compare. */
  private record Ratios(Query query, double latency, double cpu, double vm, double vmCpu) {
    String group() {
      return query.steps() + (query.steps() == 1 ? " step, " : " steps, ") + query.size();
    }
  }

  /** Runs the comparison. */
  public static void main(String[] args) throws Exception {
    Path assembled = Path.of(args[0]).toAbsolutePath();
    boolean quick = false;
    boolean vm = true;
    int rounds = 5;
    int points = 0;
    int warm = -1;
    int minutes = 24;
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
      } else if (args[i].startsWith("--minutes=")) {
        minutes = Integer.parseInt(value);
      } else if (args[i].startsWith("--match=")) {
        match = Pattern.compile(value, 0);
      } else {
        System.err.println("queries: unknown option " + args[i]);
        System.exit(2);
      }
    }
    if (points == 0) {
      points = quick ? 1_500 : 8_640 + 10_000;
    }
    if (warm < 0) {
      warm = quick ? 15 : 45;
    }
    Pattern wanted = match;
    List<Query> queries =
        (quick ? BenchQueries.quick() : BenchQueries.all())
            .stream().filter(q -> wanted.matcher(q.expression()).find()).toList();
    System.exit(new SideBySide().run(assembled, queries, rounds, points, warm, minutes, vm, quick));
  }

  private int run(
      Path assembled,
      List<Query> queries,
      int rounds,
      int points,
      int warm,
      int minutes,
      boolean vm,
      boolean core)
      throws Exception {
    long deadline = System.nanoTime() + minutes * 60_000_000_000L;
    Path work = Files.createTempDirectory("narthex-queries");
    BenchData data =
        new BenchData(points, System.currentTimeMillis() / 60_000 * 60_000 - 120_000, core);
    System.out.printf(
        Locale.ROOT,
        "queries: %d series, %d samples (%.1f h at 10 s; a full run has 51.8 h), %d queries, %d"
            + " rounds%n",
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
          "queries: loaded in %.0f s; machine: %d processors, load %.1f, Java %s, %s%n",
          (System.nanoTime() - begun) / 1e9,
          Runtime.getRuntime().availableProcessors(),
          load(),
          System.getProperty("java.version"),
          System.getProperty("os.name") + " " + System.getProperty("os.version"));
      System.out.printf(
          Locale.ROOT,
          "warm-up: all but the heavy queries in turn, Narthex for %d s, the others for %d s; then"
              + " each query for %d ms or thrice%n%n",
          warm,
          Math.min(warm, COMPILED_WARM_SECONDS),
          WARM_NANOS / 1_000_000);
      System.out.println(
          "| query | steps | Prometheus ms | Narthex ms | VM ms | N/P | N/VM | CPU ms P / N / VM |"
              + " CPU N/P | |");
      System.out.println("|---|---|---|---|---|---|---|---|---|---|");
      for (Peer peer : peers) {
        warm(
            peer,
            queries,
            data,
            peer.name.equals("narthex") ? warm : Math.min(warm, COMPILED_WARM_SECONDS));
      }
      for (Query query : queries) {
        if (System.nanoTime() - deadline < 0) {
          time(query, data, rounds);
        } else {
          skipped++;
        }
      }
      summary((System.nanoTime() - begun) / 60e9);
    } finally {
      peers.forEach(Peer::close);
    }
    return differences == 0 && skipped == 0 ? 0 : 1;
  }

  private static double load() {
    return java.lang.management.ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
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
          "| `%s` | %d | | | | | | | | this Prometheus refuses it |%n",
          query.expression().replace("|", "\\|"),
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
        // what finds nothing has no time that could be compared
        boolean finds = runs[i] && !actual.path("data").path("result").isEmpty();
        remarks.add(finds ? "VM's answer is another" : runs[i] ? "VM finds nothing" : "VM refuses");
        runs[i] = finds;
      }
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
    int count = (int) Math.clamp(ROUNDS_MILLIS / round, 1, rounds);
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
    report(query, timings, remarks);
  }

  /** Asks until the system is warm; returns the milliseconds of the last request. */
  private static double warm(Peer peer, String path) throws Exception {
    long begun = System.nanoTime();
    long last = Long.MAX_VALUE;
    for (int n = 0; n < 3 || System.nanoTime() - begun < WARM_NANOS; n++) {
      long t = System.nanoTime();
      peer.fetch(path);
      last = System.nanoTime() - t;
      if (last > 1_000_000_000L) {
        break; // what takes seconds is warm soon
      }
    }
    return last / 1e6;
  }

  private void report(Query query, @Nullable Timing[] t, List<String> remarks) {
    double n = t[1] == null ? Double.NaN : t[1].millis;
    double p = t[0] == null ? Double.NaN : t[0].millis;
    double v = t[2] == null ? Double.NaN : t[2].millis;
    Ratios ratios = new Ratios(query, n / p, cpu(t[1]) / cpu(t[0]), n / v, cpu(t[1]) / cpu(t[2]));
    System.out.printf(
        Locale.ROOT,
        "| `%s` | %d | %s | %s | %s | %s | %s | %s / %s / %s | %s | %s |%n",
        query.expression().replace("|", "\\|"),
        query.steps(),
        number(p),
        number(n),
        number(v),
        number(ratios.latency),
        number(ratios.vm),
        number(cpu(t[0])),
        number(cpu(t[1])),
        number(cpu(t[2])),
        number(ratios.cpu),
        String.join("; ", remarks));
    done.add(ratios);
  }

  private static double cpu(@Nullable Timing t) {
    return t == null || t.cpuMillis == 0 ? Double.NaN : t.cpuMillis;
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

  private void summary(double minutes) {
    System.out.println();
    System.out.println(
        "Geometric means of Narthex / Prometheus and Narthex / VictoriaMetrics, warm:");
    System.out.println();
    System.out.println("| class | queries | N/P latency | N/P CPU | N/VM latency | N/VM CPU |");
    System.out.println("|---|---|---|---|---|---|");
    Map<String, List<Ratios>> groups = new LinkedHashMap<>();
    done.forEach(r -> groups.computeIfAbsent(r.group(), _ -> new ArrayList<>()).add(r));
    groups.forEach(SideBySide::means);
    means("**all**", done);
    System.out.println();
    System.out.println("Slowest against Prometheus:");
    done.stream()
        .filter(r -> Double.isFinite(r.latency))
        .sorted(Comparator.comparingDouble((Ratios r) -> -r.latency))
        .limit(WORST)
        .forEach(r ->
            System.out.printf(
                Locale.ROOT,
                "%6.2f (CPU %s) %s, %s%n",
                r.latency,
                number(r.cpu),
                r.query.expression(),
                r.group()));
    System.out.println();
    System.out.printf(
        Locale.ROOT,
        "queries: %d timed in %.1f min, load %.1f at the end; %d refused by Prometheus, %d differ"
            + " from Prometheus, %d not reached in time; %d that VictoriaMetrics refuses or answers"
            + " otherwise%n",
        done.size(),
        minutes,
        load(),
        refused,
        differences,
        skipped,
        vmDifferences);
  }

  private static void means(String title, List<Ratios> group) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %d | %s | %s | %s | %s |%n",
        title,
        group.size(),
        mean(group, Ratios::latency),
        mean(group, Ratios::cpu),
        mean(group, Ratios::vm),
        mean(group, Ratios::vmCpu));
  }

  private static String mean(List<Ratios> group, ToDoubleFunction<Ratios> ratio) {
    double[] logs =
        group.stream()
            .mapToDouble(ratio)
            .filter(r -> r > 0 && Double.isFinite(r))
            .map(Math::log)
            .toArray();
    return number(Math.exp(Arrays.stream(logs).average().orElse(Double.NaN)));
  }
}
