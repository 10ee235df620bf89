package io.narthex.bench;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.Storage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.DoubleConsumer;

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
  /** The metrics of the core. */
  static final Set<String> CORE =
      Set.of("a_one", "b_one", "h_one", "a_hundred", "b_hundred", "h_hundred", "sparse");

  private static final long STEP_MS = 10_000;
  private static final int SPARSE = 50;
  private static final int LARGE_POINTS = 1_060;
  private static final int REQUEST_BYTES = 1_000_000;

  /** Time per pass over the series: half an hour, as Prometheus takes nothing an hour behind. */
  private static final long SLICE_MS = 1_800_000;

  /**
   * How much there is of it.
   *
   * @param points samples of each series of the core
   * @param joinPoints samples of each series to join
   * @param histogramSeries series of native histograms of each kind
   * @param histogramPoints samples of each of them
   * @param infoPoints samples of each target_info and what goes with it
   */
  record Scale(
      int points, int joinPoints, int histogramSeries, int histogramPoints, int infoPoints) {
    /** As much as the list of queries is made for. */
    static final Scale FULL =
        new Scale(8_640 + 10_000, BenchQueries.JOIN_STEPS + 60, 3_000, 2_000, 3_600);

    /** Returns the same with another number of samples of the core. */
    Scale withPoints(int count) {
      return new Scale(count, joinPoints, histogramSeries, histogramPoints, infoPoints);
    }
  }

  /** The kind of values of a row. */
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

    GrowingHistogram histogram() {
      return new GrowingHistogram((int) offset, kind == Kind.CUSTOM);
    }
  }

  private final List<Row> rows = new ArrayList<>();
  private final Scale scale;
  private final long startMs;
  private final long endMs;

  /**
   * Describes all of the data.
   *
   * @param endMs time of the newest samples
   */
  BenchData(Scale scale, long endMs) {
    this.scale = scale;
    this.endMs = endMs;
    startMs = endMs - (scale.points - 1) * STEP_MS;
    addSize("one", 1);
    addSize("hundred", 100);
    addSparse();
    addLarge();
    addJoins();
    addHistograms();
    addInfo();
    // in label order: which series limitk keeps depends on the order of their creation
    rows.sort(Comparator.comparing((Row row) -> Labels.of(row.labels)));
  }

  /** Describes the data of some metrics only. */
  BenchData(Scale scale, long endMs, Set<String> metrics) {
    this(scale, endMs);
    rows.removeIf(row -> !metrics.contains(row.labels.get("__name__")));
  }

  private void addSparse() {
    for (int i = 0; i < SPARSE; i++) {
      long from = (long) scale.points * i / SPARSE;
      long to = (long) scale.points * (i + 1) / SPARSE;
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
        rows.add(
            tail(labels(letter + "_2000", "l", i), Kind.FLOAT, i / 2_000.0, LARGE_POINTS, STEP_MS));
      }
    }
  }

  private void addJoins() {
    for (int i = 0; i < 1_000; i++) {
      for (String name : List.of("rpc_success_total", "rpc_error_total")) {
        Map<String, String> labels = labels(name, "instance", i);
        // as random as a UUID, and the same in each run
        long bits = i * 0x9e3779b97f4a7c15L;
        labels.put("instance", new UUID(bits, ~bits).toString());
        labels.put("job", "job-" + i % 10);
        labels.put("cluster", "cluster-" + i % 3);
        labels.put("namespace", "namespace-" + i % 20);
        labels.put("pod", "pod-" + i);
        labels.put("region", "region-" + i % 5);
        labels.put("version", "v1.2." + i % 7);
        labels.put("zone", "zone-" + i % 4);
        rows.add(tail(labels, Kind.FLOAT, i / 1_000.0, scale.joinPoints, STEP_MS));
      }
    }
  }

  private void addHistograms() {
    int points = scale.histogramPoints;
    for (int i = 0; i < scale.histogramSeries; i++) {
      rows.add(tail(labels("nh_exponential", "h", i), Kind.EXPONENTIAL, i, points, 15_000));
      rows.add(tail(labels("nh_custom", "h", i), Kind.CUSTOM, i, points, 15_000));
    }
  }

  private void addInfo() {
    for (int i = 0; i < 100; i++) {
      Map<String, String> info = labels("target_info", "instance", i);
      info.put("job", "app");
      info.put("k8s_cluster_name", i % 2 == 0 ? "us-east" : "us-south");
      rows.add(tail(info, Kind.FLOAT, 1, scale.infoPoints, 2_000));
      for (String code : List.of("200", "404", "500")) {
        Map<String, String> labels =
            labels("http_server_request_duration_seconds_count", "instance", i);
        labels.put("job", "app");
        labels.put("http_status_code", code);
        rows.add(tail(labels, Kind.FLOAT, i, scale.infoPoints, 2_000));
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
    return rows.stream().mapToLong(Row::samples).sum();
  }

  long endMs() {
    return endMs;
  }

  /**
   * Writes everything to servers, in order of time; the requests are the same bytes for all. Native
   * histograms go only to those that keep them.
   *
   * @param progress receives the fraction of all samples written so far, now and then
   */
  void load(List<Peer> peers, DoubleConsumer progress) throws Exception {
    List<Peer> keeping = peers.stream().filter(Peer::keepsHistograms).toList();
    long oldest = rows.stream().mapToLong(Row::fromMs).min().orElse(endMs);
    double all = samples();
    long done = 0;
    try (PeerWriter writer = new PeerWriter(peers.size())) {
      for (long from = oldest; from <= endMs; from += SLICE_MS) {
        done += write(from, false, peers, writer) + write(from, true, keeping, writer);
        progress.accept(done / all);
      }
      writer.await();
    }
  }

  /** Writes floats or histograms of a slice of time; returns how many. */
  private long write(long fromMs, boolean histograms, List<Peer> peers, PeerWriter writer)
      throws Exception {
    WriteRequest request = new WriteRequest();
    long n = 0;
    for (Row row : rows) {
      if (histograms == (row.kind != Kind.FLOAT)) {
        n += add(row, Math.max(fromMs, row.fromMs), Math.min(fromMs + SLICE_MS, row.toMs), request);
        if (request.size() > REQUEST_BYTES) {
          writer.write(request.finish(), peers);
        }
      }
    }
    if (request.size() > 0) {
      writer.write(request.finish(), peers);
    }
    return n;
  }

  /** Adds the samples of a row in a span of time; returns how many. */
  private static int add(Row row, long fromMs, long toMs, WriteRequest request) {
    long offset = Math.floorMod(row.fromMs - fromMs, row.intervalMs);
    int n = (int) Math.ceilDiv(toMs - fromMs - offset, row.intervalMs);
    if (n <= 0) {
      return 0;
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
      request.histograms(row.labels, times, first, row.histogram());
    }
    return n;
  }

  /** Appends everything to a storage that runs as a library. */
  void load(Storage storage) {
    for (Row row : rows) {
      SampleBatch batch = new SampleBatch((int) row.samples());
      long ref = storage.resolve(Labels.of(row.labels));
      GrowingHistogram histogram = row.kind == Kind.FLOAT ? null : row.histogram();
      for (long t = row.fromMs; t < row.toMs; t += row.intervalMs) {
        if (histogram == null) {
          batch.add(ref, t, row.value(row.index(t)));
        } else {
          histogram.moveTo(row.index(t));
          batch.add(ref, t, histogram.toModel());
        }
      }
      if (!storage.append(batch).allOk()) {
        throw new IllegalStateException("the storage refused samples of " + row.labels);
      }
    }
  }
}
