package io.narthex.bench.load;

import io.airlift.compress.v3.snappy.SnappyJavaDecompressor;
import io.narthex.bench.Proof;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.load.KnownGrid.Slice;
import io.narthex.bench.torture.ServerUnderTest;
import io.narthex.model.NativeHistogram;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The largest remote write requests that a server decodes, each twice, while two clients send small
 * ones in a loop: 32 MiB of late samples, a million labels, a million spans.
 */
final class HugeRequests {
  private static final long MOST_NANOS = 1_000_000_000;
  private static final int ROUNDS = 2;
  private static final int BYTES = (32 << 20) - 4096;
  private static final int MILLION = 1_000_000;
  private static final int LATE_SERIES = 1000;
  private static final int LATE_SAMPLES = 1800;
  private static final int LATE_SAMPLES_TAKEN = 500;
  private static final int TAKEN_BYTES = BYTES / 2;
  private static final long LATE_STEP_MS = 800;
  private static final long MINUTE_MS = 60_000;
  private static final int SMALL_SERIES = 100;
  private static final long SMALL_PERIOD_MS = 10;
  private static final long BASELINE_MS = 5_000;
  private static final long AROUND_MS = 300;

  private final Proof proof;
  private final ServerUnderTest server;
  private final KnownGrid grid;
  private final Successes others = new Successes();

  HugeRequests(Proof proof, ServerUnderTest server, KnownGrid grid) {
    this.proof = proof;
    this.server = server;
    this.grid = grid;
  }

  /** Makes a request of a round. */
  private interface Body {
    void fill(WriteRequest request, int round);
  }

  void run() throws IOException, InterruptedException {
    newest();
    List<Slice> slices = List.of(grid.add(SMALL_SERIES), grid.add(SMALL_SERIES));
    try (GridWriter first = new GridWriter(server, slices.subList(0, 1), SMALL_PERIOD_MS, others);
        GridWriter second = new GridWriter(server, slices.subList(1, 2), SMALL_PERIOD_MS, others)) {
      Thread.sleep(BASELINE_MS);
      others.take(); // the first ones make the series
      Thread.sleep(BASELINE_MS);
      System.out.println("       small requests alone: " + others.take().latencies());
      for (int each : new int[] {LATE_SAMPLES, LATE_SAMPLES_TAKEN}) {
        String what = String.format(Locale.ROOT, "%,d late samples of each of 1,000 series", each);
        send(what + ", within the window", false, (r, n) -> late(r, each, 25, n));
        send(what + ", too late", false, (r, n) -> late(r, each, 170, n));
      }
      send(
          "late samples of all series, within the window", false, (r, n) -> lateOfAll(r, n, BYTES));
      send(
          "late samples of half of the series, within the window",
          false,
          (r, n) -> lateOfAll(r, ROUNDS + n, TAKEN_BYTES));
      for (boolean version2 : new boolean[] {false, true}) {
        String version = version2 ? "2" : "1";
        for (int all : new int[] {MILLION, MILLION / 2, MILLION / 4}) {
          for (int series : new int[] {1, 16, all / 50}) {
            send(
                String.format(Locale.ROOT, "%,d labels of %,d series", all, series),
                version2,
                (r, n) -> labels(r, all, series, version + n, false));
            send(
                String.format(Locale.ROOT, "%,d labels of %,d series, shared names", all, series),
                version2,
                (r, n) -> labels(r, all, series, version + n, true));
          }
          send(
              String.format(Locale.ROOT, "%,d spans of a histogram", all),
              version2,
              (r, n) -> spans(r, n, all));
        }
      }
      first.finish();
      second.finish();
    }
    proof.verdict(
        "samples of the small requests",
        String.format(Locale.ROOT, "%,d acknowledged", KnownGrid.samples(slices)),
        KnownGrid.check(server, slices));
  }

  private void send(String what, boolean version2, Body body)
      throws IOException, InterruptedException {
    List<String> problems = new ArrayList<>();
    List<String> answers = new ArrayList<>();
    WriteRequest request = new WriteRequest(version2);
    int bytes = 0;
    others.take();
    Successes.Seen worst = null;
    for (int round = 0; round < ROUNDS; round++) {
      body.fill(request, round);
      byte[] compressed = request.finish();
      bytes = new SnappyJavaDecompressor().getUncompressedLength(compressed, 0);
      Thread.sleep(AROUND_MS); // the collector of this process
      others.take();
      long begun = System.nanoTime();
      HttpResponse<String> answer = server.write(compressed, version2);
      long took = System.nanoTime() - begun;
      Thread.sleep(AROUND_MS);
      Successes.Seen seen = others.take();
      worst = worst == null || seen.longest() > worst.longest() ? seen : worst;
      answers.add(String.format(Locale.ROOT, "%d after %.0f ms", answer.statusCode(), took / 1e6));
      if (took > MOST_NANOS) {
        problems.add("the response took longer than a second");
      }
      int status = answer.statusCode();
      if (status / 100 != 2 && status / 100 != 4 && status != 503) { // 503: to be sent again
        problems.add("neither taken nor refused: " + answer.body().strip());
      }
      if (seen.longest() > MOST_NANOS || seen.gap() > MOST_NANOS) {
        problems.add(
            String.format(
                Locale.ROOT,
                "another request took %.0f ms, nothing was acknowledged for %.0f ms",
                seen.longest() / 1e6,
                seen.gap() / 1e6));
      }
      if (seen.failed() > 0) {
        problems.add(seen.failed() + " other requests failed");
      }
      problems.addAll(seen.problems());
    }
    proof.verdict(
        what + (version2 ? " (2.0)" : " (1.0)"),
        String.format(
            Locale.ROOT,
            "%,d bytes, %s; others: %s",
            bytes,
            String.join(", ", answers),
            worst == null ? "" : worst.latencies()),
        problems);
  }

  // ---- late samples ----------------------------------------------------------------------------

  private static TreeMap<String, String> lateLabels(int s) {
    return new TreeMap<>(Map.of("__name__", "late", "series", Integer.toString(s)));
  }

  /** Sends what the late samples are older than. */
  private void newest() throws IOException, InterruptedException {
    WriteRequest request = new WriteRequest();
    long[] now = {System.currentTimeMillis()};
    for (int s = 0; s < LATE_SERIES; s++) {
      request.series(lateLabels(s), now, new double[1], 0, 1);
    }
    HttpResponse<String> answer = server.write(request.finish());
    if (answer.statusCode() / 100 != 2) {
      throw new IOException("remote write: " + answer.statusCode() + " " + answer.body().strip());
    }
  }

  private static void late(WriteRequest request, int each, int minutes, int round) {
    // of a step that others have not sent
    long first =
        System.currentTimeMillis()
            - minutes * MINUTE_MS
            + round * LATE_STEP_MS / ROUNDS
            + (each == LATE_SAMPLES ? 0 : LATE_STEP_MS / 4);
    long[] times = new long[each];
    double[] values = new double[each];
    Arrays.setAll(times, i -> first + i * LATE_STEP_MS);
    Arrays.setAll(values, i -> i % 100);
    for (int s = 0; s < LATE_SERIES && request.size() < BYTES - 20 * each; s++) {
      request.series(lateLabels(s), times, values, 0, times.length);
    }
  }

  private void lateOfAll(WriteRequest request, int round, int bytes) {
    int each = (int) Math.max(1, 200_000 / proof.number("series"));
    long first = System.currentTimeMillis() - 20 * MINUTE_MS + round;
    long[] times = new long[each];
    Arrays.setAll(times, i -> first + i * LATE_STEP_MS);
    grid.addLate(request, times, bytes - 100 - 20 * each);
  }

  // ---- labels and spans ------------------------------------------------------------------------

  /**
   * Adds new series.
   *
   * @param shared whether they have the same names and values of their own, else names of their own
   */
  private static void labels(
      WriteRequest request, int all, int series, String round, boolean shared) {
    int each = all / series;
    long[] now = {System.currentTimeMillis()};
    for (int s = 0; s < series; s++) {
      TreeMap<String, String> labels = new TreeMap<>();
      labels.put("__name__", (shared ? "values_" : "labels_") + all + "_" + series);
      labels.put("round", round);
      for (int i = 0; i < each; i++) {
        int number = MILLION + s * each + i;
        labels.put(
            "l" + (shared ? MILLION + i : number), shared ? "v" + number + "_" + round : "x");
      }
      request.series(labels, now, new double[] {s}, 0, 1);
    }
  }

  private static void spans(WriteRequest request, int round, int count) {
    int[] spans = new int[2 * count];
    double[] populations = new double[count];
    double all = 0;
    for (int i = 0; i < count; i++) {
      spans[2 * i] = i == 0 ? 0 : 1;
      spans[2 * i + 1] = 1;
      populations[i] = 1 + i % 3;
      all += populations[i];
    }
    NativeHistogram histogram =
        NativeHistogram.builder()
            .schema(8)
            .count(all)
            .sum(count)
            .positive(spans, populations)
            .build();
    request.histograms(
        new TreeMap<>(Map.of("__name__", "spans", "round", Integer.toString(round))),
        new long[] {System.currentTimeMillis()},
        new @Nullable NativeHistogram[] {histogram},
        0,
        1);
  }
}
