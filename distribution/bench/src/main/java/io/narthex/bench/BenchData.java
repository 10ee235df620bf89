package io.narthex.bench;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.Storage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The data of the speed comparison: gauges {@code a_X} and {@code b_X}, histograms {@code h_X} of
 * eleven buckets for X of one and hundred, and {@code sparse}, fifty series each of which lives a
 * fiftieth of the time. A sample every ten seconds; values are floats with a long fraction.
 */
final class BenchData {
  static final long STEP_MS = 10_000;
  private static final int SPARSE = 50;
  private static final int REQUEST_BYTES = 1_000_000;

  /** Points per pass over the series: half an hour, as Prometheus takes nothing an hour behind. */
  private static final int SLICE = 180;

  /** One series: its labels, the offset of its values, and the samples it has. */
  private record Row(Map<String, String> labels, double offset, int from, int to) {}

  private final List<Row> rows = new ArrayList<>();
  private final long[] timesMs;
  private long samples;

  BenchData(int points, long endMs) {
    timesMs = new long[points];
    for (int i = 0; i < points; i++) {
      timesMs[i] = endMs - (points - 1 - i) * STEP_MS;
    }
    addSize("one", 1);
    addSize("hundred", 100);
    for (int i = 0; i < SPARSE; i++) {
      int from = (int) ((long) points * i / SPARSE);
      int to = (int) ((long) points * (i + 1) / SPARSE);
      rows.add(new Row(labels("sparse", i, ""), (double) i / SPARSE, from, to));
    }
    // in label order: which series limitk keeps depends on the order of their creation
    rows.sort(Comparator.comparing((Row row) -> Labels.of(row.labels)));
    for (Row row : rows) {
      samples += row.to - row.from;
    }
  }

  private void addSize(String size, int n) {
    for (String letter : new String[] {"a", "b"}) {
      for (int i = 0; i < n; i++) {
        rows.add(row(labels(letter + "_" + size, i, ""), i, n));
      }
    }
    for (int i = 0; i < n; i++) {
      for (int le = 0; le < 10; le++) {
        rows.add(row(labels("h_" + size, i, Integer.toString(le)), i, n));
      }
      rows.add(row(labels("h_" + size, i, "+Inf"), i, n));
    }
  }

  private Row row(Map<String, String> labels, int i, int n) {
    return new Row(labels, (double) i / n, 0, timesMs.length);
  }

  private static Map<String, String> labels(String name, int l, String le) {
    Map<String, String> labels = new TreeMap<>();
    labels.put("__name__", name);
    labels.put("l", Integer.toString(l));
    if (!le.isEmpty()) {
      labels.put("le", le);
    }
    return labels;
  }

  int series() {
    return rows.size();
  }

  long samples() {
    return samples;
  }

  int points() {
    return timesMs.length;
  }

  long endMs() {
    return timesMs[timesMs.length - 1];
  }

  private static double[] values(Row row) {
    double[] values = new double[row.to];
    for (int s = row.from; s < row.to; s++) {
      values[s] = s + row.offset;
    }
    return values;
  }

  /** Writes everything to servers, in order of time; the requests are the same bytes for all. */
  void load(List<Peer> peers) throws Exception {
    for (int from = 0; from < timesMs.length; from += SLICE) {
      int to = Math.min(timesMs.length, from + SLICE);
      WriteRequest request = new WriteRequest();
      for (Row row : rows) {
        int lo = Math.max(from, row.from);
        int hi = Math.min(to, row.to);
        if (lo < hi) {
          request.series(row.labels, timesMs, values(row), lo, hi);
        }
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

  private static void send(WriteRequest request, List<Peer> peers) throws Exception {
    byte[] body = request.compressed();
    for (Peer peer : peers) {
      peer.write(body);
    }
  }

  /** Appends everything to a storage that runs as a library. */
  void load(Storage storage) {
    SampleBatch batch = new SampleBatch(timesMs.length);
    for (Row row : rows) {
      batch.clear();
      long ref = storage.resolve(Labels.of(row.labels));
      double[] values = values(row);
      for (int s = row.from; s < row.to; s++) {
        batch.add(ref, timesMs[s], values[s]);
      }
      if (!storage.append(batch).allOk()) {
        throw new IllegalStateException("the storage refused samples of " + row.labels);
      }
    }
  }
}
