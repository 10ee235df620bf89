package io.narthex.bench;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.Storage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The data of the speed comparison. The core: gauges {@code a_X} and {@code b_X}, histograms {@code
 * h_X} of eleven buckets for X of one and hundred, and {@code sparse}, fifty series each of which
 * lives a fiftieth of the time; a sample every ten seconds, values are floats with a long fraction.
 *
 * <p>The rest is for few queries each and covers the end of the time only: {@code a_2000} and
 * {@code b_2000}, two metrics of a thousand instances to join, native histograms, and a hundred
 * {@code target_info}.
 */
final class BenchData {
  static final long STEP_MS = 10_000;
  private static final int SPARSE = 50;
  private static final int REQUEST_BYTES = 1_000_000;

  /** Time per pass over the series: half an hour, as Prometheus takes nothing an hour behind. */
  private static final long SLICE_MS = 1_800_000;

  /** What a row holds. */
  private enum Kind {
    FLOAT,
    EXPONENTIAL,
    CUSTOM
  }

  /** One series: a sample each {@code intervalMs} between two times, the second not included. */
  private record Row(
      Map<String, String> labels,
      Kind kind,
      double offset,
      long baseMs,
      long fromMs,
      long toMs,
      long intervalMs) {
    long samples() {
      return (toMs - fromMs) / intervalMs;
    }

    /** Returns the number of a sample, counted from the base. */
    int index(long timeMs) {
      return (int) ((timeMs - baseMs) / intervalMs);
    }

    double value(int index) {
      return index + offset;
    }
  }

  private final List<Row> rows = new ArrayList<>();
  private final int points;
  private final long startMs;
  private final long endMs;
  private long samples;

  /**
   * Describes the data.
   *
   * @param points samples of each series of the core
   * @param endMs time of the newest ones
   * @param core whether the rest is left out
   */
  BenchData(int points, long endMs, boolean core) {
    this.points = points;
    this.endMs = endMs;
    startMs = endMs - (points - 1) * STEP_MS;
    addSize("one", 1);
    addSize("hundred", 100);
    for (int i = 0; i < SPARSE; i++) {
      int from = (int) ((long) points * i / SPARSE);
      int to = (int) ((long) points * (i + 1) / SPARSE);
      rows.add(
          new Row(
              labels("sparse", "l", i),
              Kind.FLOAT,
              (double) i / SPARSE,
              startMs,
              startMs + from * STEP_MS,
              startMs + to * STEP_MS,
              STEP_MS));
    }
    if (!core) {
      addLarge();
      addJoins();
      addHistograms();
      addInfo();
    }
    // in label order: which series limitk keeps depends on the order of their creation
    rows.sort(Comparator.comparing((Row row) -> Labels.of(row.labels)));
    for (Row row : rows) {
      samples += row.samples();
    }
  }

  private void addSize(String size, int n) {
    for (String letter : new String[] {"a", "b"}) {
      for (int i = 0; i < n; i++) {
        rows.add(whole(labels(letter + "_" + size, "l", i), i, n));
      }
    }
    for (int i = 0; i < n; i++) {
      for (int le = 0; le <= 10; le++) {
        Map<String, String> labels = labels("h_" + size, "l", i);
        labels.put("le", le == 10 ? "+Inf" : Integer.toString(le));
        rows.add(whole(labels, i, n));
      }
    }
  }

  private Row whole(Map<String, String> labels, int i, int n) {
    return new Row(labels, Kind.FLOAT, (double) i / n, startMs, startMs, endMs + STEP_MS, STEP_MS);
  }

  /** Returns a row of the newest {@code count} samples. */
  private Row tail(
      Map<String, String> labels, Kind kind, double offset, int count, long intervalMs) {
    long from = endMs - (count - 1) * intervalMs;
    return new Row(labels, kind, offset, from, from, endMs + intervalMs, intervalMs);
  }

  private void addLarge() {
    for (String letter : new String[] {"a", "b"}) {
      for (int i = 0; i < 2_000; i++) {
        rows.add(tail(labels(letter + "_2000", "l", i), Kind.FLOAT, i / 2_000.0, 1_060, STEP_MS));
      }
    }
  }

  private void addJoins() {
    for (int i = 0; i < 1_000; i++) {
      for (String name : List.of("rpc_success_total", "rpc_error_total")) {
        Map<String, String> labels = labels(name, "instance", i);
        // as random as a UUID, and the same in each run
        labels.put("instance", String.format(Locale.ROOT, "%016x", i * 0x9e3779b97f4a7c15L));
        labels.put("job", "job-" + i % 10);
        labels.put("cluster", "cluster-" + i % 3);
        labels.put("namespace", "namespace-" + i % 20);
        labels.put("pod", "pod-" + i);
        labels.put("region", "region-" + i % 5);
        labels.put("version", "v1.2." + i % 7);
        labels.put("zone", "zone-" + i % 4);
        rows.add(tail(labels, Kind.FLOAT, i / 1_000.0, 1_060, STEP_MS));
      }
    }
  }

  private void addHistograms() {
    for (int i = 0; i < 300; i++) {
      rows.add(tail(labels("nh_exponential", "h", i), Kind.EXPONENTIAL, i, 600, 15_000));
      rows.add(tail(labels("nh_custom", "h", i), Kind.CUSTOM, i, 600, 15_000));
    }
  }

  private void addInfo() {
    for (int i = 0; i < 100; i++) {
      Map<String, String> info = labels("target_info", "instance", i);
      info.put("job", "app");
      info.put("k8s_cluster_name", i % 2 == 0 ? "us-east" : "us-south");
      rows.add(tail(info, Kind.FLOAT, 1, 3_600, 2_000));
      for (String code : List.of("200", "404", "500")) {
        Map<String, String> labels =
            labels("http_server_request_duration_seconds_count", "instance", i);
        labels.put("job", "app");
        labels.put("http_status_code", code);
        rows.add(tail(labels, Kind.FLOAT, i, 3_600, 2_000));
      }
    }
  }

  private static Map<String, String> labels(String name, String label, int i) {
    Map<String, String> labels = new TreeMap<>();
    labels.put("__name__", name);
    labels.put(label, Integer.toString(i));
    return labels;
  }

  int series() {
    return rows.size();
  }

  long samples() {
    return samples;
  }

  int points() {
    return points;
  }

  long endMs() {
    return endMs;
  }

  /** Writes everything to servers, in order of time; the requests are the same bytes for all. */
  void load(List<Peer> peers) throws Exception {
    for (long from = startMs; from <= endMs; from += SLICE_MS) {
      WriteRequest request = new WriteRequest();
      for (Row row : rows) {
        add(row, Math.max(from, row.fromMs), Math.min(from + SLICE_MS, row.toMs), request);
        if (request.size() > REQUEST_BYTES) {
          send(request, peers);
          request = new WriteRequest();
        }
      }
      if (request.size() > 0) {
        send(request, peers);
      }
    }
  }

  private static void add(Row row, long fromMs, long toMs, WriteRequest request) {
    long offset = Math.floorMod(row.fromMs - fromMs, row.intervalMs);
    int n = (int) Math.ceilDiv(toMs - fromMs - offset, row.intervalMs);
    if (n <= 0) {
      return;
    }
    long[] times = new long[n];
    for (int i = 0; i < n; i++) {
      times[i] = fromMs + offset + i * row.intervalMs;
    }
    int first = row.index(times[0]);
    if (row.kind == Kind.FLOAT) {
      double[] values = new double[n];
      for (int i = 0; i < n; i++) {
        values[i] = row.value(first + i);
      }
      request.series(row.labels, times, values, 0, n);
    } else {
      request.histograms(row.labels, times, first, (int) row.offset, row.kind == Kind.CUSTOM);
    }
  }

  private static void send(WriteRequest request, List<Peer> peers) throws Exception {
    byte[] body = request.compressed();
    for (Peer peer : peers) {
      peer.write(body);
    }
  }

  /** Appends the floats to a storage that runs as a library. */
  void load(Storage storage) {
    for (Row row : rows) {
      if (row.kind != Kind.FLOAT) {
        continue;
      }
      SampleBatch batch = new SampleBatch((int) row.samples());
      long ref = storage.resolve(Labels.of(row.labels));
      for (long t = row.fromMs; t < row.toMs; t += row.intervalMs) {
        batch.add(ref, t, row.value(row.index(t)));
      }
      if (!storage.append(batch).allOk()) {
        throw new IllegalStateException("the storage refused samples of " + row.labels);
      }
    }
  }
}
