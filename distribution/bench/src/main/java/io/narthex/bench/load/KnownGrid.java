package io.narthex.bench.load;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Series whose samples are known: in slices, of which all series get a sample at the same times.
 * Values are whole numbers that number of series and number of sample give; the sum of those of a
 * slice is exact. Like a node exporter's: half of the series are constant, a quarter are counters,
 * a quarter are random.
 */
final class KnownGrid {
  static final String NAME = "grid";
  private static final int SERIES_PER_QUERY = 50_000;
  private static final long SAMPLES_PER_QUERY = 15_000_000;
  private static final int SERIES_PER_INSTANCE = 100;

  private final long seed;
  private final List<Slice> slices = new ArrayList<>();
  private int series;

  KnownGrid(long seed) {
    this.seed = seed;
  }

  /** Some series. One thread at a time adds samples. */
  final class Slice {
    private final int number;
    private final int first;
    private final int size;
    private long[] timesMs = new long[256];
    private double sum;
    private volatile int count;

    private Slice(int number, int first, int size) {
      this.number = number;
      this.first = first;
      this.size = size;
    }

    int number() {
      return number;
    }

    int size() {
      return size;
    }

    /** Returns how many samples of each series have been acknowledged. */
    int count() {
      return count;
    }

    /** Returns the time of the newest acknowledged sample. */
    long newestMs() {
      return count == 0 ? Long.MIN_VALUE : timesMs[count - 1];
    }

    /** Adds the next sample of each series to a request, and as many more as there are times. */
    void next(WriteRequest request, long[] times) {
      double[] values = new double[times.length];
      TreeMap<String, String> labels = new TreeMap<>();
      for (int s = first; s < first + size; s++) {
        for (int i = 0; i < times.length; i++) {
          values[i] = value(s, count + i);
        }
        label(labels, s);
        request.series(labels, times, values, 0, times.length);
      }
    }

    private void label(TreeMap<String, String> labels, int s) {
      labels.put("__name__", NAME);
      labels.put("instance", "host-" + s / SERIES_PER_INSTANCE);
      labels.put("job", "node");
      labels.put("series", Integer.toString(s));
      labels.put("slice", Integer.toString(number));
    }

    /** Notes that the samples of {@link #next} have been acknowledged. */
    void acknowledged(long[] times) {
      int n = count;
      if (n + times.length > timesMs.length) {
        timesMs = Arrays.copyOf(timesMs, 2 * (n + times.length));
      }
      System.arraycopy(times, 0, timesMs, n, times.length);
      for (int s = first; s < first + size; s++) {
        for (int i = 0; i < times.length; i++) {
          sum += value(s, n + i);
        }
      }
      count = n + times.length;
    }
  }

  /** Adds a slice. */
  Slice add(int size) {
    Slice slice = new Slice(slices.size(), series, size);
    slices.add(slice);
    series += size;
    return slice;
  }

  /** Adds a sample to some series from the first on, at a time, until a request is full. */
  void addLate(WriteRequest request, long[] times, int bytes) {
    TreeMap<String, String> labels = new TreeMap<>();
    double[] values = new double[times.length];
    for (Slice slice : slices) {
      for (int s = slice.first; s < slice.first + slice.size && request.size() < bytes; s++) {
        slice.label(labels, s);
        request.series(labels, times, values, 0, times.length);
      }
    }
  }

  private long mix(long number) {
    long x = number ^ seed << 20;
    x = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
    x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
    return x ^ x >>> 31;
  }

  private long value(int s, int k) {
    long own = mix(s);
    return switch (s & 3) {
      case 0 -> mix((long) s << 32 | k) & 0xfffff;
      case 1 -> (own & 0xffff) + k * (own >>> 20 & 0xff) + (mix((long) s << 32 | k) & 7);
      default -> own & 0xffff;
    };
  }

  /** Returns how many samples of slices have been acknowledged. */
  static long samples(List<Slice> of) {
    return of.stream().mapToLong(s -> (long) s.count * s.size).sum();
  }

  // ---- checking --------------------------------------------------------------------------------

  /** Compares number and sum of the samples of slices with what has been acknowledged. */
  static List<String> check(ServerUnderTest server, List<Slice> slices)
      throws IOException, InterruptedException {
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < slices.size(); ) {
      List<Slice> some = new ArrayList<>();
      int size = 0;
      long samples = 0;
      while (i < slices.size() && size < SERIES_PER_QUERY && samples < SAMPLES_PER_QUERY) {
        size += slices.get(i).size;
        samples += samples(List.of(slices.get(i)));
        some.add(slices.get(i++));
      }
      compare(server, "count", some, wrong);
      compare(server, "sum", some, wrong);
    }
    return wrong;
  }

  private static void compare(
      ServerUnderTest server, String function, List<Slice> some, List<String> wrong)
      throws IOException, InterruptedException {
    String selector =
        some.stream().map(s -> Integer.toString(s.number)).collect(Collectors.joining("|"));
    JsonNode result =
        server
            .data(
                "/api/v1/query?query="
                    + ServerUnderTest.encode(
                        "sum by (slice) ("
                            + function
                            + "_over_time("
                            + NAME
                            + "{slice=~\""
                            + selector
                            + "\"}"
                            + range(some)
                            + "))")
                    + at(some))
            .path("result");
    TreeMap<Integer, Double> found = new TreeMap<>();
    for (JsonNode one : result) {
      found.put(one.path("metric").path("slice").asInt(), one.path("value").path(1).asDouble());
    }
    for (Slice slice : some) {
      double expected = function.equals("sum") ? slice.sum : (double) slice.count * slice.size;
      Double value = found.get(slice.number);
      if (value == null || value != expected) {
        wrong.add(
            String.format(
                Locale.ROOT,
                "slice %d: %s is %.0f, expected %.0f",
                slice.number,
                function,
                value == null ? Double.NaN : value,
                expected));
      }
    }
  }

  /** Compares all samples of some series, with their times. */
  List<String> checkSeries(ServerUnderTest server, int tries)
      throws IOException, InterruptedException {
    Random random = new Random(seed);
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < tries; i++) {
      Slice slice = slices.get(random.nextInt(slices.size()));
      int s = slice.first + random.nextInt(slice.size);
      JsonNode values =
          server
              .data(
                  "/api/v1/query?query="
                      + ServerUnderTest.encode(
                          NAME + "{series=\"" + s + "\"}" + range(List.of(slice)))
                      + at(List.of(slice)))
              .path("result")
              .path(0)
              .path("values");
      boolean same = values.size() == slice.count;
      for (int k = 0; same && k < slice.count; k++) {
        same =
            Math.round(values.path(k).path(0).asDouble() * 1000) == slice.timesMs[k]
                && values.path(k).path(1).asDouble() == value(s, k);
      }
      if (!same) {
        wrong.add(
            "series "
                + s
                + ": "
                + values.size()
                + " samples, expected "
                + slice.count
                + ", or one of another time or value");
      }
    }
    return wrong;
  }

  /** A range is open at its begin. */
  private static String range(List<Slice> some) {
    long first = some.stream().mapToLong(s -> s.timesMs[0]).min().orElseThrow();
    return "[" + (newest(some) - first + 1) + "ms]";
  }

  private static String at(List<Slice> some) {
    return String.format(Locale.ROOT, "&time=%.3f", newest(some) / 1000.0);
  }

  private static long newest(List<Slice> some) {
    return some.stream().mapToLong(Slice::newestMs).max().orElseThrow();
  }
}
