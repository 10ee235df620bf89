package io.narthex.bench;

import io.narthex.bench.WanderingHistogram.Kind;
import io.narthex.model.NativeHistogram;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The series of the differential run: an hour and a half at 15 s, by seed. */
final class DifferentialData {
  static final int POINTS = 360;
  static final long STEP_MS = 15_000;

  // in label order: Prometheus sees series of one head in the order of their creation, and ties
  // depend on it
  private static final Comparator<Map<String, String>> BY_LABELS =
      Comparator.comparing(labels -> String.join("\u0000", flat(labels)));

  private final Map<Map<String, String>, double[]> series = new TreeMap<>(BY_LABELS);
  private final Map<Map<String, String>, @Nullable NativeHistogram[]> histograms =
      new TreeMap<>(BY_LABELS);
  private final long[] timesMs = new long[POINTS];

  DifferentialData(long seed, long endMs) {
    Random random = new Random(seed);
    for (int i = 0; i < POINTS; i++) {
      timesMs[i] = endMs - (POINTS - 1 - i) * STEP_MS;
    }
    for (String job : new String[] {"api", "web", "db"}) {
      for (int instance = 0; instance < 4; instance++) {
        for (String mode : new String[] {"idle", "user"}) {
          Map<String, String> labels = labels("", job, "i" + instance, mode);
          add("gauge", labels, gauge(random));
          add("temperature", labels, decimals(random));
          add("constant", labels, constant(instance));
          add("special", labels, special(random));
          add("sparse", labels, sparse(random));
          add("requests_total", labels, counter(random, 1));
          add("bytes_total", labels, counter(random, 1500.25));
        }
        histogram(random, labels("", job, "i" + instance, "user"));
      }
    }
    addHistograms(new Random(~seed));
  }

  /** Adds native histograms from their own random generator, so that the floats stay the same. */
  private void addHistograms(Random random) {
    for (String job : new String[] {"api", "web", "db"}) {
      for (int instance = 0; instance < 4; instance++) {
        add("nh", labels("", job, "i" + instance, "user"), random, Kind.COUNTER);
        add("nhgauge", labels("", job, "i" + instance, "user"), random, Kind.GAUGE);
        add("nhcb", labels("", job, "i" + instance, "user"), random, Kind.CUSTOM);
      }
    }
  }

  private void add(String name, Map<String, String> labels, Random random, Kind kind) {
    Map<String, String> own = new TreeMap<>(labels);
    own.put("__name__", name);
    WanderingHistogram histogram = new WanderingHistogram(random, kind);
    @Nullable NativeHistogram[] samples = new NativeHistogram[POINTS];
    for (int i = 0; i < POINTS; i++) {
      samples[i] = histogram.next();
    }
    histograms.put(own, samples);
  }

  private static List<String> flat(Map<String, String> labels) {
    List<String> out = new ArrayList<>();
    labels.forEach((name, value) -> {
      out.add(name);
      out.add(value);
    });
    return out;
  }

  private static Map<String, String> labels(String name, String job, String instance, String mode) {
    Map<String, String> labels = new TreeMap<>();
    labels.put("__name__", name);
    labels.put("job", job);
    labels.put("instance", instance);
    labels.put("mode", mode);
    return labels;
  }

  private void add(String name, Map<String, String> labels, double[] values) {
    Map<String, String> own = new TreeMap<>(labels);
    own.put("__name__", name);
    series.put(own, values);
  }

  private static double[] gauge(Random random) {
    double[] v = new double[POINTS];
    double at = random.nextDouble() * 100;
    for (int i = 0; i < POINTS; i++) {
      at += random.nextGaussian();
      v[i] = at;
    }
    return v;
  }

  private static double[] decimals(Random random) {
    double[] v = new double[POINTS];
    for (int i = 0; i < POINTS; i++) {
      v[i] = Math.round(200 + 50 * Math.sin(i / 20.0) + random.nextInt(10)) / 10.0;
    }
    return v;
  }

  private static double[] constant(int value) {
    double[] v = new double[POINTS];
    java.util.Arrays.fill(v, value);
    return v;
  }

  private static double[] special(Random random) {
    double[] v = new double[POINTS];
    for (int i = 0; i < POINTS; i++) {
      v[i] =
          switch (random.nextInt(12)) {
            case 0 -> Double.NaN;
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> Double.NEGATIVE_INFINITY;
            case 3 -> -0.0;
            case 4 -> 1e300;
            case 5 -> -1e-300;
            default -> random.nextInt(7) - 3;
          };
    }
    return v;
  }

  /** Values with gaps (NaN bits of the staleness marker end a stretch). */
  private static double[] sparse(Random random) {
    double[] v = new double[POINTS];
    boolean there = random.nextBoolean();
    for (int i = 0; i < POINTS; i++) {
      if (random.nextInt(25) == 0) {
        there = !there;
      }
      v[i] = there ? random.nextInt(100) : Double.longBitsToDouble(0x7ff0000000000002L);
    }
    return v;
  }

  private static double[] counter(Random random, double unit) {
    double[] v = new double[POINTS];
    double at = 0;
    for (int i = 0; i < POINTS; i++) {
      at = random.nextInt(60) == 0 ? 0 : at + unit * random.nextInt(20);
      v[i] = at;
    }
    return v;
  }

  private void histogram(Random random, Map<String, String> labels) {
    double[] bounds = {0.05, 0.1, 0.5, 1, 5};
    double[][] buckets = new double[bounds.length + 1][POINTS];
    double[] at = new double[bounds.length + 1];
    for (int i = 0; i < POINTS; i++) {
      double cumulative = 0;
      for (int b = 0; b < at.length; b++) {
        at[b] += random.nextInt(5);
        cumulative += at[b];
        buckets[b][i] = cumulative;
      }
    }
    for (int b = 0; b < at.length; b++) {
      Map<String, String> own = new TreeMap<>(labels);
      own.put("le", b == bounds.length ? "+Inf" : Double.toString(bounds[b]));
      add("latency_seconds_bucket", own, buckets[b]);
    }
  }

  long startMs() {
    return timesMs[0];
  }

  long endMs() {
    return timesMs[POINTS - 1];
  }

  /** Writes everything to a server, in order of time. */
  void load(Peer peer) throws Exception {
    WriteRequest request = new WriteRequest();
    for (int from = 0; from < POINTS; from += 60) {
      for (Map.Entry<Map<String, String>, double[]> e : series.entrySet()) {
        request.series(e.getKey(), timesMs, e.getValue(), from, Math.min(POINTS, from + 60));
        if (request.size() > 500_000) {
          peer.write(request.finish());
        }
      }
      for (Map.Entry<Map<String, String>, @Nullable NativeHistogram[]> e : histograms.entrySet()) {
        request.histograms(e.getKey(), timesMs, e.getValue(), from, Math.min(POINTS, from + 60));
      }
      if (request.size() > 0) {
        peer.write(request.finish());
      }
    }
  }

  int size() {
    return series.size() + histograms.size();
  }
}
