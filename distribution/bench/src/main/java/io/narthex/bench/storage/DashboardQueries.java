package io.narthex.bench.storage;

import io.narthex.bench.Answer;
import io.narthex.bench.Comparison;
import io.narthex.bench.Peer;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Fifteen queries of dashboards over a {@link Workload}, the two smallest first. */
final class DashboardQueries {
  /** How many of the first are of one series. */
  static final int SMALL = 2;

  private static final int WARM_NANOS = 400_000_000;
  private static final int TIMED_NANOS = 600_000_000;
  private static final int MOST_TIMES = 50;

  private final List<String> paths = new ArrayList<>();
  private final long startMs;
  private final long endMs;

  /**
   * Makes them for some data.
   *
   * @param startMs of the oldest samples
   * @param endMs of the newest samples
   * @param window of rates
   */
  DashboardQueries(long startMs, long endMs, String window) {
    this.startMs = startMs;
    this.endMs = endMs;
    now("node_load1{instance=\"" + Workload.instance(1) + "\"}");
    range("node_memory_MemFree_bytes{instance=\"" + Workload.instance(2) + "\",zone=\"0\"}", 15, 1);
    range("sum by (mode) (rate(node_cpu_seconds_total[" + window + "]))", 60, 6);
    range(
        "1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[" + window + "]))",
        60,
        6);
    range("sum by (instance) (rate(node_network_receive_bytes_total[" + window + "]))", 60, 6);
    range(
        "topk(5, sum by (instance) (rate(node_network_transmit_bytes_total[" + window + "])))",
        60,
        6);
    range(
        "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket["
            + window
            + "])))",
        60,
        6);
    range(
        "histogram_quantile(0.9, sum by (handler, le) (rate(http_request_duration_seconds_bucket{handler=~\"/api/v1/part-[0-3]\"}["
            + window
            + "])))",
        60,
        6);
    range(
        "sum(rate(http_request_duration_seconds_count["
            + window
            + "])) by (instance) / on (instance) sum by (instance) (rate(node_network_receive_packets_total["
            + window
            + "]))",
        60,
        6);
    range("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", 60, 6);
    now("count by (__name__) ({job=\"node\"})");
    range(
        "max_over_time(node_memory_MemAvailable_bytes{instance=~\"host-1.*\"}[" + window + "])",
        300,
        6);
    range("increase(node_network_receive_bytes_total{device=\"eth0\"}[" + window + "])", 300, 6);
    range("avg_over_time(node_filesystem_avail_bytes[" + window + "])", 300, 6);
    now("sum by (instance) ({__name__=~\"node_memory_.*\"})");
  }

  private void now(String query) {
    paths.add(
        String.format(
            Locale.ROOT,
            "/api/v1/query?query=%s&time=%.3f&nocache=1",
            encode(query),
            endMs / 1000.0));
  }

  /** Adds a range query; over less time and in finer steps when there is less data. */
  private void range(String query, int stepSeconds, int hours) {
    long from = Math.max(startMs, endMs - hours * 3_600_000L);
    long step = endMs - from < 3_600_000L ? 15 : stepSeconds;
    paths.add(
        String.format(
            Locale.ROOT,
            "/api/v1/query_range?query=%s&start=%.3f&end=%.3f&step=%d&nocache=1",
            encode(query),
            from / 1000.0,
            endMs / 1000.0,
            step));
  }

  static String encode(String query) {
    return URLEncoder.encode(query, StandardCharsets.UTF_8);
  }

  /** Returns the latency of each, ms: medians of repetitions once it is warm. */
  List<Double> times(Peer peer) throws IOException {
    List<Double> times = new ArrayList<>();
    for (String path : paths) {
      times.add(warmMillis(peer, path));
    }
    return times;
  }

  /** Returns the latency of a request, ms: a median of repetitions once it is warm. */
  static double warmMillis(Peer peer, String path) throws IOException {
    long until = System.nanoTime() + WARM_NANOS;
    do {
      peer.fetch(path);
    } while (System.nanoTime() < until);
    return millis(peer, path, TIMED_NANOS);
  }

  private static double millis(Peer peer, String path, long nanos) throws IOException {
    List<Double> times = new ArrayList<>();
    long until = System.nanoTime() + nanos;
    do {
      long begun = System.nanoTime();
      peer.fetch(path);
      times.add((System.nanoTime() - begun) / 1e6);
    } while (times.size() < 3 || System.nanoTime() < until && times.size() < MOST_TIMES);
    return Medians.of(times.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** Returns the latencies of the two smallest, ms: each 20 times, one after the other. */
  List<Double> small(Peer peer) throws IOException {
    List<Double> medians = new ArrayList<>();
    for (String path : paths.subList(0, SMALL)) {
      double[] times = new double[20];
      for (int i = 0; i < times.length; i++) {
        long begun = System.nanoTime();
        peer.fetch(path);
        times[i] = (System.nanoTime() - begun) / 1e6;
      }
      medians.add(Medians.of(times));
    }
    return medians;
  }

  /** Returns the answers. */
  Map<String, Answer> answers(Peer peer) throws IOException, InterruptedException {
    Map<String, Answer> answers = new LinkedHashMap<>();
    for (String path : paths) {
      answers.put(path, peer.answer(path));
    }
    return answers;
  }

  /** Returns where answers differ from those of Prometheus, or are none. */
  static List<String> differences(Map<String, Answer> expected, Map<String, Answer> actual) {
    List<String> differences = new ArrayList<>();
    expected.forEach((path, answer) -> {
      Answer other = actual.get(path);
      String difference =
          !answer.success() || answer.isEmpty()
              ? "Prometheus has no answer"
              : other == null || !other.success() ? "no answer" : Comparison.data(answer, other);
      if (difference != null) {
        differences.add(path + ": " + difference);
      }
    });
    return differences;
  }
}
