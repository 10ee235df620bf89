package io.narthex.bench.crash;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.torture.ServerUnderTest;
import io.narthex.model.NativeHistogram;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What has been written into a folder, sample by sample: a sample of series s at step k has the
 * value s × 1,000,000 + k, is a histogram with 10k observations, or, so that sealed chunks of the
 * head fill a file, one of 53 bits that follow from s and k. Requests written last are known by
 * their place in the WAL, too.
 */
final class KnownData {
  static final long STEP_MS = 60_000;
  static final int STEPS = 24 * 60;

  /** Steps, the last ones, that series of {@link Group#NOISE} have. */
  private static final int NOISE_STEPS = 4 * 60;

  /** Steps that are written behind the checkpoint. */
  static final int LAST = 60;

  private static final int SCALE = 1_000_000;
  private static final int WINDOW = 300;
  private static final int SMALL_WINDOW = 30;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Groups of series; what a group has is said by its name. */
  private enum Group {
    VALUE(120),
    DELETED(3),
    NEW(4),
    LATE(4),
    HISTOGRAM(3),
    NOISE(150);

    final int series;

    Group(int series) {
      this.series = series;
    }

    String metric() {
      return "known_" + name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** Bytes of a file of the WAL that a request has filled. */
  record Place(Path file, long from, long to) {}

  final long startMs;
  private final List<TreeMap<String, String>> labels = new ArrayList<>();
  private final List<Group> groups = new ArrayList<>();
  private final Map<String, Integer> indices = new HashMap<>();
  private final BitSet[] written;
  private final BitSet[] deleted;
  private final Map<Long, String> histograms = new HashMap<>();

  /** Number of the request that wrote a sample behind the checkpoint, else 0. */
  private final int[][] requests;

  /** Number of the request behind the checkpoint that made a series, else 0. */
  private final int[] makers;

  /** Places of the requests behind the checkpoint; of number 0 there are none. */
  final List<List<Place>> places = new ArrayList<>(List.of(List.of()));

  /** Numbers of those that deleted. */
  final BitSet deletions = new BitSet();

  private @Nullable Path wal;
  private @Nullable Place end;
  private long samples;

  KnownData(long startMs) {
    this.startMs = startMs;
    for (Group group : Group.values()) {
      for (int i = 0; i < group.series; i++) {
        TreeMap<String, String> set = new TreeMap<>();
        set.put("__name__", group.metric());
        set.put("series", Integer.toString(labels.size()));
        indices.put(Integer.toString(labels.size()), labels.size());
        labels.add(set);
        groups.add(group);
      }
    }
    written = new BitSet[labels.size()];
    deleted = new BitSet[labels.size()];
    for (int s = 0; s < written.length; s++) {
      written[s] = new BitSet(STEPS);
      deleted[s] = new BitSet(STEPS);
    }
    requests = new int[labels.size()][STEPS];
    makers = new int[labels.size()];
  }

  long timeMs(int step) {
    return startMs + step * STEP_MS;
  }

  int step(long timeMs) {
    return (int) Math.floorDiv(timeMs - startMs, STEP_MS);
  }

  long samples() {
    return samples;
  }

  private double value(int s, int k) {
    return groups.get(s) == Group.NOISE
        ? new SplittableRandom((long) s << 32 | k).nextDouble()
        : (double) s * SCALE + k;
  }

  private static NativeHistogram histogram(int k) {
    return NativeHistogram.builder()
        .count(10L * k)
        .sum(k)
        .positive(new int[] {0, 4}, new double[] {k, 2L * k, 3L * k, 4L * k})
        .build();
  }

  // ---- writing -------------------------------------------------------------------------------

  /** Writes steps in order of time; some series come later, some begin behind the checkpoint. */
  void write(ServerUnderTest server, int from, int to) throws IOException, InterruptedException {
    boolean last = wal != null;
    WriteRequest request = new WriteRequest();
    for (int k = from; k < to; k++) {
      for (int s = 0; s < labels.size(); s++) {
        int step =
            switch (groups.get(s)) {
              case NEW -> last ? k : -1;
              case NOISE -> k < STEPS - NOISE_STEPS ? -1 : k;
              case LATE -> last ? k ^ 1 : k; // every second one is out of order
              default -> k;
            };
        if (step < 0) {
          continue;
        }
        long[] times = {timeMs(step)};
        if (groups.get(s) == Group.HISTOGRAM) {
          request.histograms(labels.get(s), times, new NativeHistogram[] {histogram(step)}, 0, 1);
        } else {
          request.series(labels.get(s), times, new double[] {value(s, step)}, 0, 1);
        }
        if (last && makers[s] == 0 && written[s].isEmpty()) {
          makers[s] = places.size();
        }
        written[s].set(step);
        requests[s][step] = last ? places.size() : 0;
        samples++;
      }
      if (last || request.size() > 256 << 10 || k == to - 1) {
        HttpResponse<String> answer = server.write(request.finish());
        if (answer.statusCode() / 100 != 2) {
          throw new IOException("remote write: " + answer.statusCode() + " " + answer.body());
        }
        note();
      }
    }
  }

  /** Deletes a range of the series that are for it. */
  void delete(ServerUnderTest server, int from, int to) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        server.post(
            "/api/v1/admin/tsdb/delete_series?match[]="
                + ServerUnderTest.encode(Group.DELETED.metric())
                + "&start="
                + timeMs(from) / 1000.0
                + "&end="
                + timeMs(to - 1) / 1000.0);
    if (answer.statusCode() / 100 != 2) {
      throw new IOException("delete_series: " + answer.statusCode() + " " + answer.body());
    }
    for (int s = 0; s < labels.size(); s++) {
      if (groups.get(s) == Group.DELETED) {
        deleted[s].set(from, to);
      }
    }
    if (wal != null) {
      deletions.set(places.size());
    }
    note();
  }

  /** Notes from now on where in the WAL each request stands. */
  void watch(Path folder) throws IOException {
    wal = folder;
    end = newest(folder);
  }

  private void note() throws IOException {
    Path folder = wal;
    Place before = end;
    if (folder == null || before == null) {
      return;
    }
    Place now = newest(folder);
    List<Place> filled = new ArrayList<>();
    if (now.file.equals(before.file)) {
      filled.add(new Place(now.file, before.to, now.to));
    } else {
      long size = Files.size(before.file);
      if (size > before.to) {
        filled.add(new Place(before.file, before.to, size));
      }
      filled.add(new Place(now.file, 0, now.to));
    }
    places.add(filled);
    end = now;
  }

  private static Place newest(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      Path file =
          files
              .filter(f -> f.toString().endsWith(".wal"))
              .max(Path::compareTo)
              .orElseThrow(() -> new IOException(folder + ": has no segment"));
      return new Place(file, 0, Files.size(file));
    }
  }

  // ---- reading -------------------------------------------------------------------------------

  /**
   * What a server returns, compared with what was written.
   *
   * @param missing written and not returned, by series
   * @param back deleted and returned, by series
   * @param wrong what has another value, or was never written
   * @param unreadable messages of queries that failed
   */
  record Difference(
      Map<Integer, BitSet> missing,
      Map<Integer, BitSet> back,
      List<String> wrong,
      List<String> unreadable) {
    long lost() {
      return missing.values().stream().mapToLong(BitSet::cardinality).sum();
    }

    long returned() {
      return back.values().stream().mapToLong(BitSet::cardinality).sum();
    }
  }

  /** Compares all samples from a step on. */
  Difference compare(ServerUnderTest server, int from) throws IOException, InterruptedException {
    BitSet[] found = new BitSet[labels.size()];
    for (int s = 0; s < found.length; s++) {
      found[s] = new BitSet(STEPS);
    }
    Difference out =
        new Difference(new TreeMap<>(), new TreeMap<>(), new ArrayList<>(), new ArrayList<>());
    for (int k = from; k < STEPS; k += WINDOW) {
      int to = Math.min(STEPS, k + WINDOW);
      if (!read(server, "__name__=~\"known_.*\"", k, to, found, out, false)) {
        for (int s = 0; s < labels.size(); s++) {
          String one = "series=\"" + s + "\"";
          if (read(server, one, k, to, found, out, false)) {
            continue;
          }
          for (int small = k; small < to; small += SMALL_WINDOW) {
            read(server, one, small, Math.min(to, small + SMALL_WINDOW), found, out, true);
          }
        }
      }
    }
    for (int s = 0; s < found.length; s++) {
      BitSet back = (BitSet) found[s].clone();
      back.and(deleted[s]);
      if (!back.isEmpty()) {
        out.back.put(s, back);
      }
      BitSet missing = (BitSet) written[s].clone();
      missing.clear(0, from);
      missing.andNot(deleted[s]);
      missing.andNot(found[s]);
      if (!missing.isEmpty()) {
        out.missing.put(s, missing);
      }
    }
    return out;
  }

  private boolean read(
      ServerUnderTest server,
      String selector,
      int from,
      int to,
      BitSet[] found,
      Difference out,
      boolean last)
      throws IOException, InterruptedException {
    HttpResponse<String> answer =
        server.get(
            "/api/v1/query?query="
                + ServerUnderTest.encode("{" + selector + "}[" + (to - from) + "m]")
                + "&time="
                + timeMs(to - 1) / 1000);
    if (answer.statusCode() != 200) {
      if (last) {
        out.unreadable.add(answer.statusCode() + " " + answer.body().strip());
      }
      return false;
    }
    for (JsonNode series : JSON.readTree(answer.body()).path("data").path("result")) {
      JsonNode metric = series.path("metric");
      Integer s = indices.get(metric.path("series").asText());
      if (s == null || !groups.get(s).metric().equals(metric.path("__name__").asText())) {
        out.wrong.add("unknown series " + metric);
        continue;
      }
      for (JsonNode sample : series.path("values")) {
        int k = known(sample, s, out);
        boolean isRight =
            groups.get(s) != Group.HISTOGRAM && sample.path(1).asDouble() == value(s, k);
        if (k >= 0 && !isRight) {
          out.wrong.add(metric + " has " + sample);
        } else if (k >= 0) {
          found[s].set(k);
        }
      }
      for (JsonNode sample : series.path("histograms")) {
        int k = known(sample, s, out);
        if (k >= 0 && (groups.get(s) != Group.HISTOGRAM || !isRight(s, k, sample.path(1)))) {
          out.wrong.add(metric + " has " + sample);
        } else if (k >= 0) {
          found[s].set(k);
        }
      }
    }
    return true;
  }

  private int known(JsonNode sample, int s, Difference out) {
    long timeMs = Math.round(sample.path(0).asDouble() * 1000);
    int k = step(timeMs);
    if (k < 0 || k >= STEPS || timeMs(k) != timeMs || !written[s].get(k)) {
      out.wrong.add(labels.get(s) + " has " + sample + ", never written");
      return -1;
    }
    return k;
  }

  /** The first answer is compared with what was written, later ones with the first. */
  private boolean isRight(int s, int k, JsonNode histogram) {
    boolean right =
        histogram.path("count").asDouble() == 10.0 * k && histogram.path("sum").asDouble() == k;
    synchronized (histograms) {
      String first = histograms.putIfAbsent((long) s * STEPS + k, histogram.toString());
      return right && (first == null || first.equals(histogram.toString()));
    }
  }

  // ---- what damage may cost --------------------------------------------------------------------

  /** Returns the samples that are behind the checkpoint and of none of some requests. */
  long countBeyond(Map<Integer, BitSet> samplesBySeries, BitSet allowed) {
    long n = 0;
    for (Map.Entry<Integer, BitSet> e : samplesBySeries.entrySet()) {
      int s = e.getKey();
      boolean made = makers[s] > 0 && allowed.get(makers[s]);
      n +=
          e.getValue().stream()
              .filter(k -> !made && !(requests[s][k] > 0 && allowed.get(requests[s][k])))
              .count();
    }
    return n;
  }

  /** Returns how many of some samples are outside of a range of time. */
  long countOutside(Map<Integer, BitSet> samplesBySeries, long minMs, long maxMs) {
    long n = 0;
    for (BitSet steps : samplesBySeries.values()) {
      n += steps.stream().filter(k -> timeMs(k) < minMs || timeMs(k) >= maxMs).count();
    }
    return n;
  }
}
