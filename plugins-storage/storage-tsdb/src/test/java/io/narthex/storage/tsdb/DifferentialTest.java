package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.testkit.storage.StoredSeries;
import io.narthex.testkit.storage.StoredSeries.Sample;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Does the same random things to the database and to a model that fits on a page. */
class DifferentialTest {
  private static final long SEED =
      Long.getLong("tests.seed", new Random().nextLong() & 0xffffffffL);
  private static final long WINDOW = TestDb.HOUR;

  /** Small, so that most pages of chunks are in files. */
  private static final int PAGE_BYTES = 700;

  @TempDir Path dir;

  private final WalFiles files = new WalFiles(framed());

  /** Whether the folder has format 3, as new ones do, and not format 1. */
  boolean framed() {
    return true;
  }

  @BeforeEach
  void makeFolder() {
    files.prepare(dir);
  }

  private final Random random = new Random();
  private long seed;
  private final Map<Labels, TreeMap<Long, Sample>> model = new TreeMap<>();
  private final Map<Labels, Sample> newest = new TreeMap<>();
  private long headMax = Long.MIN_VALUE;
  private int firstName;

  @Test
  void doesWhatTheModelDoes() {
    runRounds("plain", 0, 0);
  }

  @Test
  void doesWhatTheModelDoesWithLateSamples() {
    runRounds("late", 2 * TestDb.HOUR, 0);
  }

  /** Series leave the head, and others have their ids, over restarts and crashes. */
  @Test
  void doesWhatTheModelDoesWithSeriesThatComeAndGo() {
    runRounds("churn", TestDb.HOUR, 12);
  }

  /**
   * Runs the rounds.
   *
   * @param stepsOfName steps after which a new series takes the place of another; 0 = none does
   */
  private void runRounds(String name, long outOfOrderMs, int stepsOfName) {
    for (int round = 0; round < Integer.getInteger("tests.rounds", 1); round++) {
      seed = SEED + round;
      System.out.println("DifferentialTest " + name + " tests.seed=" + seed);
      random.setSeed(seed);
      model.clear();
      newest.clear();
      headMax = Long.MIN_VALUE;
      firstName = 0;
      run(dir.resolve(name + round), outOfOrderMs, stepsOfName);
    }
  }

  private void run(Path folder, long outOfOrderMs, int stepsOfName) {
    TsdbConfig config = TestDb.config(Duration.ZERO, 0, Duration.ofMillis(outOfOrderMs), 50_000);
    files.prepare(folder);
    TsdbStorage db = open(folder, config);
    long now = TestDb.T0;
    for (int step = 0; step < 1200; step++) {
      now += random.nextInt(stepsOfName > 0 ? 180_000 : 60_000);
      firstName += stepsOfName > 0 && step % stepsOfName == 0 ? 1 : 0;
      append(db, now, outOfOrderMs);
      int action = random.nextInt(400);
      if (action == 0) {
        db.close();
        db = open(folder, config);
      } else if (action < 3) {
        db.crash();
        db = open(folder, config);
      } else if (action < (stepsOfName > 0 ? 20 : 8)) {
        db.maintain();
      } else if (action < (stepsOfName > 0 ? 26 : 10)) {
        delete(db, now);
      } else if (action == (stepsOfName > 0 ? 26 : 10)) {
        db.cleanTombstones();
      }
      if (random.nextInt(50) == 0) {
        db.head().spill(LocalDisk.INSTANCE, folder);
      }
      if (step % 20 == 0 || action < 11) {
        compare(db, now, step);
      }
    }
    if (stepsOfName > 0) {
      assertThat(db.head().nextId()).as("ids").isLessThan(model.size() * 3 / 4);
    }
    db.close();
    db = open(folder, config);
    compare(db, now, -1);
    db.close();
  }

  private static TsdbStorage open(Path folder, TsdbConfig config) {
    return TestDb.open(folder, config, LocalDisk.INSTANCE, PAGE_BYTES);
  }

  private Labels series(int i) {
    return Labels.of("__name__", "m" + i % 3, "a", "v" + i, i % 2 == 0 ? "b" : "c", "w" + i % 5);
  }

  private void append(TsdbStorage db, long now, long outOfOrderMs) {
    SampleBatch batch = new SampleBatch(16);
    List<Labels> rows = new ArrayList<>();
    List<Sample> samples = new ArrayList<>();
    int n = 1 + random.nextInt(12);
    for (int i = 0; i < n; i++) {
      Labels labels = series(firstName + random.nextInt(25));
      long t = now;
      int jump = random.nextInt(20);
      if (jump == 0) {
        t -= random.nextInt((int) (3 * TestDb.HOUR));
      } else if (jump == 1) {
        t -= random.nextInt(60_000);
      }
      long start = random.nextInt(6) == 0 ? t - random.nextInt(1000) - 1 : 0;
      int row;
      if (random.nextInt(10) == 0) {
        NativeHistogram h = histogram(random.nextInt(50));
        row = batch.add(db.resolve(labels), t, h);
        samples.add(new Sample(t, 0, h, start));
      } else {
        double v = value();
        row = batch.add(db.resolve(labels), t, v);
        samples.add(new Sample(t, v, null, start));
      }
      rows.add(labels);
      if (start != 0) {
        batch.startTime(row, start);
      }
    }
    AppendResult result = db.append(batch);
    long lowest = headMax == Long.MIN_VALUE ? samples.get(0).timeMs() - WINDOW : headMax - WINDOW;
    lowest = Math.max(lowest, db.head().minValidMs());
    long max = headMax;
    for (int i = 0; i < n; i++) {
      byte expected = expected(rows.get(i), samples.get(i), lowest, max, outOfOrderMs);
      assertThat(result.code(i))
          .as("seed %s: %s of %s", seed, samples.get(i), rows.get(i))
          .isEqualTo(expected);
    }
  }

  private byte expected(Labels labels, Sample s, long lowest, long max, long outOfOrderMs) {
    Sample last = newest.get(labels);
    if (s.timeMs() >= lowest) {
      if (last == null || s.timeMs() > last.timeMs()) {
        keep(labels, s);
        newest.put(labels, s);
        return AppendResult.OK;
      }
      if (s.timeMs() == last.timeMs()) {
        return same(s, last) ? AppendResult.OK : AppendResult.DUPLICATE;
      }
    }
    if (outOfOrderMs > 0) {
      if (max != Long.MIN_VALUE && s.timeMs() < max - outOfOrderMs) {
        return AppendResult.TOO_OLD;
      }
      TreeMap<Long, Sample> known = model.computeIfAbsent(labels, _ -> new TreeMap<>());
      Sample there = known.get(s.timeMs());
      if (there == null) {
        keep(labels, s);
        return AppendResult.OK;
      }
      return AppendResult.OK; // the first wins
    }
    return s.timeMs() < lowest ? AppendResult.OUT_OF_BOUNDS : AppendResult.OUT_OF_ORDER;
  }

  private void keep(Labels labels, Sample s) {
    model.computeIfAbsent(labels, _ -> new TreeMap<>()).put(s.timeMs(), s);
    headMax = Math.max(headMax, s.timeMs());
  }

  private static boolean same(Sample a, Sample b) {
    return a.histogram() != null || b.histogram() != null
        ? a.histogram() != null && a.histogram().equals(b.histogram())
        : Double.doubleToRawLongBits(a.value()) == Double.doubleToRawLongBits(b.value());
  }

  private double value() {
    return switch (random.nextInt(8)) {
      case 0 -> StaleMarker.VALUE;
      case 1 -> random.nextGaussian();
      case 2 -> random.nextInt(1000) / 100.0;
      case 3 -> Double.longBitsToDouble(random.nextLong());
      default -> random.nextInt(1000);
    };
  }

  private static NativeHistogram histogram(int n) {
    return NativeHistogram.builder()
        .schema(n % 3)
        .count(n)
        .sum(n * 0.1)
        .positive(new int[] {n % 2, 1}, new double[] {n})
        .build();
  }

  private void delete(TsdbStorage db, long now) {
    Matcher m = Matcher.equal("__name__", "m" + random.nextInt(3));
    long min = now - random.nextInt((int) (8 * TestDb.HOUR));
    long max = min + random.nextInt((int) TestDb.HOUR);
    db.delete(List.of(List.of(m)), min, max);
    model.forEach((labels, samples) -> {
      if (m.matches(labels)) {
        samples.subMap(min, true, max, true).clear();
      }
    });
  }

  private void compare(TsdbStorage db, long now, int step) {
    Matcher[] choices = {
      Matcher.notEqual("__name__", ""),
      Matcher.equal("__name__", "m1"),
      TestDb.regex("a", "v1.*"),
      TestDb.regex("a", "v(1|2|3)"),
      TestDb.notRegex("b", "w[0-2]"),
      Matcher.equal("c", "")
    };
    Matcher m = choices[random.nextInt(choices.length)];
    long min = random.nextBoolean() ? Long.MIN_VALUE : now - random.nextInt((int) TestDb.HOUR * 9);
    long max = random.nextBoolean() ? Long.MAX_VALUE : min + random.nextInt((int) TestDb.HOUR * 9);
    List<StoredSeries> expected = new ArrayList<>();
    model.forEach((labels, samples) -> {
      if (m.matches(labels) && max >= min && !samples.subMap(min, true, max, true).isEmpty()) {
        expected.add(
            new StoredSeries(
                labels, new ArrayList<>(samples.subMap(min, true, max, true).values())));
      }
    });
    List<StoredSeries> found =
        StoredSeries.select(
            db, 1 + random.nextInt(200), min, max, m, Matcher.notEqual("__name__", ""));
    assertThat(found.stream().map(StoredSeries::labels))
        .as("seed %s step %s matcher %s", seed, step, m)
        .containsExactlyElementsOf(expected.stream().map(StoredSeries::labels).toList());
    for (int i = 0; i < expected.size(); i++) {
      assertThat(found.get(i).samples())
          .as("seed %s step %s series %s", seed, step, found.get(i).labels())
          .isEqualTo(expected.get(i).samples());
    }
  }
}
