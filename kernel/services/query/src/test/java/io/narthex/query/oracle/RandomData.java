package io.narthex.query.oracle;

import io.narthex.model.Labels;
import io.narthex.model.StaleMarker;
import io.narthex.query.TestStorage;
import io.narthex.query.oracle.Series.Sample;
import io.narthex.spi.storage.SampleBatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** Random series over {@value #LENGTH_MS} ms: several metrics, many labels, gaps, odd values. */
final class RandomData {
  /** Time of the first samples. */
  static final long START_MS = 1_700_000_003_000L;

  /** Time between the first and the last samples. */
  static final long LENGTH_MS = 2_400_000;

  private static final String[] BOUNDS = {"0.05", "0.1", "0.5", "1", "5", "+Inf"};

  private final Random random;
  private final List<Series> series = new ArrayList<>();

  RandomData(Random random) {
    this.random = random;
    for (String job : List.of("api", "web", "db")) {
      for (int i = 0; i < 3; i++) {
        String instance = "i" + i;
        for (String mode : List.of("idle", "user")) {
          String[] labels = {"job", job, "instance", instance, "mode", mode};
          add("gauge", Kind.GAUGE, labels);
          add("temperature", Kind.DECIMALS, labels);
          add("constant", Kind.CONSTANT, labels);
          add("special", Kind.SPECIAL, labels);
          add("huge", Kind.HUGE, labels);
          add("requests_total", Kind.COUNTER, labels);
          add("bytes_total", Kind.FRACTIONS, labels);
        }
        add("build", Kind.ONE, "job", job, "instance", instance, "version", "v" + i % 2);
        if (i < 2) {
          histogram(job, instance);
        }
      }
    }
    add("lonely", Kind.GAUGE);
    series.sort(Comparator.comparing(Series::labels));
  }

  private enum Kind {
    GAUGE,
    DECIMALS,
    CONSTANT,
    SPECIAL,
    HUGE,
    COUNTER,
    FRACTIONS,
    ONE
  }

  /** Returns all series in label order. */
  List<Series> series() {
    return series;
  }

  /** Writes all series to a storage. */
  void load(TestStorage storage) {
    for (Series s : series) {
      SampleBatch batch = new SampleBatch(Math.max(1, s.samples().size()));
      long ref = storage.resolve(s.labels());
      for (Sample x : s.samples()) {
        batch.startTime(batch.add(ref, x.timeMs(), x.value()), x.startMs());
      }
      storage.append(batch);
    }
  }

  private void add(String name, Kind kind, String... labels) {
    if (random.nextInt(8) == 0) {
      return;
    }
    List<Sample> samples = new ArrayList<>();
    double at = random.nextInt(100);
    for (long t : times()) {
      at = next(kind, at);
      samples.add(new Sample(t, at));
    }
    if (kind == Kind.COUNTER && random.nextBoolean()) {
      samples = random.nextBoolean() ? withStarts(samples) : asDeltas(samples);
    }
    series.add(new Series(labels(name, labels), withGaps(samples)));
  }

  private static Labels labels(String name, String... labels) {
    return Labels.of(labels).with(Labels.METRIC_NAME, name);
  }

  private double next(Kind kind, double before) {
    return switch (kind) {
      case GAUGE -> before + random.nextGaussian();
      case DECIMALS -> Math.round(before * 10 + random.nextInt(21) - 10) / 10.0;
      case CONSTANT -> random.nextInt(40) == 0 ? random.nextInt(5) : before;
      case COUNTER -> random.nextInt(30) == 0 ? random.nextInt(3) : before + random.nextInt(20);
      case FRACTIONS -> random.nextInt(30) == 0 ? 0 : before + 1500.25 * random.nextInt(20) / 3;
      case ONE -> 1;
      case HUGE -> Double.MAX_VALUE * (random.nextDouble() - 0.2);
      case SPECIAL ->
          switch (random.nextInt(14)) {
            case 0 -> Double.NaN;
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> Double.NEGATIVE_INFINITY;
            case 3 -> -0.0;
            case 4 -> 1e300 * random.nextInt(3);
            case 5 -> -1e-300;
            case 6 -> Double.MAX_VALUE;
            default -> random.nextInt(7) - 3;
          };
    };
  }

  private List<Long> times() {
    long interval = List.of(15_000L, 15_000L, 10_000L, 30_000L, 60_000L).get(random.nextInt(5));
    int jitter = List.of(0, 0, 7, 4_000, 9_000).get(random.nextInt(5));
    boolean irregular = random.nextInt(6) == 0;
    List<Long> out = new ArrayList<>();
    // half of the series have samples at full seconds, where many windows begin and end
    int grain = random.nextBoolean() ? 1 : 1000;
    long t = START_MS + random.nextInt(20_000) / grain * grain;
    while (t <= START_MS + LENGTH_MS) {
      out.add(t + (jitter == 0 ? 0 : random.nextInt(jitter)));
      t += irregular ? 10_000 + random.nextInt(90_000) : interval;
    }
    return out;
  }

  /** Says when the counter began, anew after each reset; now and then not at all. */
  private List<Sample> withStarts(List<Sample> samples) {
    List<Sample> out = new ArrayList<>();
    long start = START_MS - random.nextInt(100_000);
    Sample before = null;
    for (Sample s : samples) {
      if (before != null && (s.value() < before.value() || random.nextInt(40) == 0)) {
        start = s.timeMs() - random.nextInt((int) (s.timeMs() - before.timeMs()) + 1);
      }
      out.add(new Sample(s.timeMs(), s.value(), random.nextInt(20) == 0 ? 0 : start));
      before = s;
    }
    return out;
  }

  /** Makes each sample count from the one before, most often. */
  private List<Sample> asDeltas(List<Sample> samples) {
    List<Sample> out = new ArrayList<>();
    long before = START_MS - 15_000;
    for (Sample s : samples) {
      out.add(new Sample(s.timeMs(), s.value() % 17, random.nextInt(20) == 0 ? 0 : before));
      before = s.timeMs();
    }
    return out;
  }

  /** Takes stretches out, with and without a staleness marker at their start. */
  private List<Sample> withGaps(List<Sample> samples) {
    List<Sample> out = new ArrayList<>();
    long until = Long.MIN_VALUE;
    for (Sample s : samples) {
      if (s.timeMs() < until) {
        continue;
      }
      if (random.nextInt(60) == 0) {
        until = s.timeMs() + random.nextInt(600_000);
        if (random.nextBoolean()) {
          out.add(new Sample(s.timeMs(), StaleMarker.VALUE));
        }
        continue;
      }
      out.add(s);
    }
    return out;
  }

  private void histogram(String job, String instance) {
    List<Long> times = times();
    double[][] counts = new double[times.size()][BOUNDS.length];
    double[] own = new double[BOUNDS.length];
    for (double[] row : counts) {
      double all = 0;
      boolean reset = random.nextInt(50) == 0;
      for (int b = 0; b < BOUNDS.length; b++) {
        own[b] = reset ? 0 : own[b] + random.nextInt(5);
        all += own[b];
        row[b] = random.nextInt(200) == 0 ? all - 3 : all;
      }
    }
    for (int b = 0; b < BOUNDS.length; b++) {
      List<Sample> samples = new ArrayList<>();
      for (int i = 0; i < counts.length; i++) {
        samples.add(new Sample(times.get(i), counts[i][b]));
      }
      boolean gaps = random.nextInt(4) == 0;
      Labels labels = labels("latency_bucket", "job", job, "instance", instance, "le", BOUNDS[b]);
      series.add(new Series(labels, gaps ? withGaps(samples) : samples));
    }
  }
}
