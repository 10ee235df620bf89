package io.narthex.testkit.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.DeletableStorage;
import io.narthex.spi.storage.LookupStorage;
import io.narthex.spi.storage.MetadataStorage;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageException;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.storage.StoredSeries.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests for every storage. Extend it and implement how to open the storage; disable what it does
 * not support by overriding the method, with a reason.
 */
public abstract class StorageKit {
  /** Time of the first samples of the tests; a multiple of two hours. */
  protected static final long T0 = 1_699_999_200_000L;

  private static final long FOREVER_MIN = Long.MIN_VALUE;
  private static final long FOREVER_MAX = Long.MAX_VALUE;

  /** Folder of the storage under test. */
  @TempDir protected Path directory;

  /**
   * Clock of the storage under test, ahead of all samples: a storage may refuse those from the
   * future.
   */
  protected final FakeClock clock = new FakeClock(T0 + 1000L * 24 * 3_600_000);

  /** The storage under test. */
  protected Storage storage;

  private int openings;

  /** For JUnit. */
  @SuppressWarnings({"NullAway", "this-escape"})
  protected StorageKit() {}

  /** Opens a storage with its default settings, exemplars on, no out-of-order window. */
  protected abstract Storage open(StorageContext context);

  /** Returns whether samples survive closing and opening the storage. */
  protected abstract boolean isPersistent();

  /**
   * Opens a storage that takes samples out of order, up to an hour behind the newest of their
   * series at least; null when there is none, which leaves out its tests.
   */
  protected @Nullable Storage openOutOfOrder(StorageContext context) {
    return null;
  }

  /**
   * Ends a storage as a killed process does: nothing more is written, and what others need to open
   * its folder is released.
   *
   * @return false when that cannot be played, which leaves out its tests
   */
  protected boolean kill(Storage running) {
    return false;
  }

  @BeforeEach
  final void openFirst() {
    storage = open(nextContext());
  }

  @AfterEach
  final void closeLast() {
    storage.close();
  }

  /** Closes the storage and opens it again. */
  protected final void reopen() {
    storage.close();
    storage = open(nextContext());
  }

  private StorageContext nextContext() {
    openings++;
    return new TestStorageContext(directory, ((long) openings) << 40, clock);
  }

  // ---- small helpers -------------------------------------------------------------------------

  /** Appends one float sample and returns its code. */
  protected final byte append(Labels labels, long timeMs, double value) {
    SampleBatch batch = new SampleBatch(1);
    batch.add(storage.resolve(labels), timeMs, value);
    return storage.append(batch).code(0);
  }

  /** Appends one histogram and returns its code. */
  protected final byte append(Labels labels, long timeMs, NativeHistogram histogram) {
    SampleBatch batch = new SampleBatch(1);
    batch.add(storage.resolve(labels), timeMs, histogram);
    return storage.append(batch).code(0);
  }

  /** Selects all samples of the series that match. */
  protected final List<StoredSeries> all(Matcher... matchers) {
    return range(FOREVER_MIN, FOREVER_MAX, matchers);
  }

  /** Selects the samples in range. */
  protected final List<StoredSeries> range(long minTimeMs, long maxTimeMs, Matcher... matchers) {
    return StoredSeries.select(storage, 7, minTimeMs, maxTimeMs, matchers);
  }

  /** Returns a fully anchored regular expression matcher. */
  protected static Matcher regex(String name, String pattern) {
    Pattern p = Pattern.compile(pattern, Pattern.DOTALL);
    return Matcher.regex(name, pattern, v -> p.matcher(v).matches());
  }

  /** Returns the negation of {@link #regex}. */
  protected static Matcher notRegex(String name, String pattern) {
    Pattern p = Pattern.compile(pattern, Pattern.DOTALL);
    return Matcher.notRegex(name, pattern, v -> p.matcher(v).matches());
  }

  /** Returns a series of metric {@code up}. */
  protected static Labels up(String instance) {
    return Labels.of(Labels.METRIC_NAME, "up", "instance", instance);
  }

  private static Matcher name(String metric) {
    return Matcher.equal(Labels.METRIC_NAME, metric);
  }

  /** Returns a histogram with {@code n} observations. */
  protected static NativeHistogram histogram(int n) {
    return NativeHistogram.builder()
        .schema(3)
        .zeroBucket(1e-128, n)
        .count(n * 6.0)
        .sum(n * 1.5)
        .positive(new int[] {-2, 2, 3, 1}, new double[] {n, n * 2.0, n})
        .negative(new int[] {0, 1}, new double[] {n})
        .build();
  }

  private static NativeHistogram custom(int n) {
    return NativeHistogram.builder()
        .schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA)
        .count(n)
        .sum(n)
        .positive(new int[] {0, 2}, new double[] {n - 1, 1})
        .customBounds(new double[] {0.5, 1, 2.5})
        .resetHint(NativeHistogram.ResetHint.GAUGE)
        .build();
  }

  // ---- series --------------------------------------------------------------------------------

  @Test
  protected void resolvesTheSameLabelsToTheSameReference() {
    long a = storage.resolve(up("a"));
    assertThat(storage.resolve(Labels.of("instance", "a", "__name__", "up"))).isEqualTo(a);
    assertThat(storage.resolve(up("b"))).isNotEqualTo(a);
  }

  @Test
  protected void givesOutReferencesWithinItsBase() {
    long base = 1L << 40;
    assertThat(storage.resolve(up("a"))).isBetween(base, base + (1L << 40) - 1);
  }

  @Test
  protected void returnsWhatWasAppended() {
    append(up("a"), T0, 1);
    append(up("a"), T0 + 15_000, 2.5);
    append(up("a"), T0 + 30_000, -3);
    assertThat(all(name("up")))
        .containsExactly(StoredSeries.floats(up("a"), T0, 1, T0 + 15_000, 2.5, T0 + 30_000, -3));
  }

  @Test
  protected void returnsSeriesInLabelOrder() {
    for (String i : List.of("b", "\uD83D\uDE00", "a", "\uFFFD", "aa", "A")) {
      append(up(i), T0, 1);
    }
    append(Labels.of(Labels.METRIC_NAME, "up"), T0, 1);
    append(Labels.of(Labels.METRIC_NAME, "up", "aaa", "1"), T0, 1);
    assertThat(all(name("up")).stream().map(StoredSeries::labels))
        .hasSize(8)
        .isSortedAccordingTo(Labels::compareTo)
        .endsWith(up("\uFFFD"), up("\uD83D\uDE00"));
  }

  @Test
  protected void hidesSeriesWithoutSampleInRange() {
    append(up("a"), T0, 1);
    append(up("b"), T0 + 60_000, 1);
    storage.resolve(up("c"));
    assertThat(range(T0, T0 + 59_999, name("up")))
        .extracting(StoredSeries::labels)
        .containsExactly(up("a"));
    assertThat(all(name("up"))).hasSize(2);
  }

  @Test
  protected void takesBothBoundsOfARangeAsInclusive() {
    for (int i = 0; i < 5; i++) {
      append(up("a"), T0 + i * 1000L, i);
    }
    assertThat(range(T0 + 1000, T0 + 3000, name("up")))
        .containsExactly(StoredSeries.floats(up("a"), T0 + 1000, 1, T0 + 2000, 2, T0 + 3000, 3));
    assertThat(range(T0 + 1001, T0 + 2999, name("up")))
        .containsExactly(StoredSeries.floats(up("a"), T0 + 2000, 2));
    assertThat(range(T0 + 1001, T0 + 1999, name("up"))).isEmpty();
    assertThat(range(T0 + 2000, T0 + 1000, name("up"))).isEmpty();
  }

  @Test
  protected void evaluatesAllKindsOfMatchers() {
    append(Labels.of("__name__", "m", "a", "1", "b", "x"), T0, 1);
    append(Labels.of("__name__", "m", "a", "2"), T0, 2);
    append(Labels.of("__name__", "m", "b", "xy"), T0, 3);
    append(Labels.of("__name__", "n", "a", "1"), T0, 4);
    assertThat(values(name("m"))).containsExactly(1.0, 2.0, 3.0);
    assertThat(values(name("m"), Matcher.equal("a", "1"))).containsExactly(1.0);
    assertThat(values(Matcher.equal("a", "1"))).containsExactly(1.0, 4.0);
    assertThat(values(name("m"), Matcher.equal("a", ""))).containsExactly(3.0);
    assertThat(values(name("m"), Matcher.notEqual("a", ""))).containsExactly(1.0, 2.0);
    assertThat(values(name("m"), Matcher.notEqual("a", "1"))).containsExactly(2.0, 3.0);
    assertThat(values(name("m"), Matcher.notEqual("zzz", "1"))).containsExactly(1.0, 2.0, 3.0);
    assertThat(values(name("m"), regex("b", "x.*"))).containsExactly(1.0, 3.0);
    assertThat(values(name("m"), regex("b", "x"))).containsExactly(1.0);
    assertThat(values(name("m"), regex("b", "x|"))).containsExactly(1.0, 2.0);
    assertThat(values(name("m"), regex("b", "x|xy|z"))).containsExactly(1.0, 3.0);
    assertThat(values(name("m"), regex("b", ".*"))).containsExactly(1.0, 2.0, 3.0);
    assertThat(values(name("m"), regex("b", ".+"))).containsExactly(1.0, 3.0);
    assertThat(values(name("m"), regex("b", ".*y"))).containsExactly(3.0);
    assertThat(values(name("m"), notRegex("b", "x.*"))).containsExactly(2.0);
    assertThat(values(name("m"), notRegex("b", ""))).containsExactly(1.0, 3.0);
    assertThat(values(name("m"), notRegex("b", ".+"))).containsExactly(2.0);
    assertThat(values(regex("__name__", "[mn]"), notRegex("a", "2|"))).containsExactly(1.0, 4.0);
    assertThat(values(name("nothing"))).isEmpty();
    assertThat(values(name("m"), Matcher.equal("nothing", "x"))).isEmpty();
    assertThat(values(name("m"), name("n"))).isEmpty();
  }

  private List<Double> values(Matcher... matchers) {
    List<Double> list = new ArrayList<>();
    for (StoredSeries s : all(matchers)) {
      for (Sample x : s.samples()) {
        list.add(x.value());
      }
    }
    return list;
  }

  // ---- samples -------------------------------------------------------------------------------

  @Test
  protected void keepsEveryBitOfAValue() {
    double[] values = {
      0.0,
      -0.0,
      Double.NaN,
      StaleMarker.VALUE,
      Double.longBitsToDouble(StaleMarker.NORMAL_NAN_BITS),
      Double.longBitsToDouble(0x7ff8000000abcdefL),
      Double.longBitsToDouble(0xfff8000000000001L),
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      Double.MIN_VALUE,
      Double.MAX_VALUE,
      -Double.MIN_NORMAL,
      0.1,
      0.1 + 0.2,
      1e22,
      1e23,
      9007199254740993.0,
      -9007199254740991.0,
      1.7976931348623155e308,
      Math.PI
    };
    List<Object> expected = new ArrayList<>();
    for (int i = 0; i < 3 * values.length; i++) {
      double v = values[i % values.length];
      assertThat(append(up("a"), T0 + i * 1000L, v)).isEqualTo(AppendResult.OK);
      expected.add(T0 + i * 1000L);
      expected.add(v);
    }
    StoredSeries want = StoredSeries.floats(up("a"), expected.toArray());
    assertThat(all(name("up"))).containsExactly(want);
    if (isPersistent()) {
      reopen();
      assertThat(all(name("up"))).containsExactly(want);
    }
  }

  @Test
  protected void acceptsTheNewestSampleTwiceWhenItsBitsAreTheSame() {
    append(up("a"), T0, StaleMarker.VALUE);
    assertThat(append(up("a"), T0, StaleMarker.VALUE)).isEqualTo(AppendResult.OK);
    assertThat(append(up("a"), T0, Double.NaN)).isEqualTo(AppendResult.DUPLICATE);
    append(up("a"), T0 + 1, 0.0);
    assertThat(append(up("a"), T0 + 1, -0.0)).isEqualTo(AppendResult.DUPLICATE);
    assertThat(append(up("a"), T0 + 1, 0.0)).isEqualTo(AppendResult.OK);
    assertThat(all(name("up")))
        .containsExactly(StoredSeries.floats(up("a"), T0, StaleMarker.VALUE, T0 + 1, 0.0));
  }

  @Test
  protected void refusesAnotherValueAtTheNewestTime() {
    append(up("a"), T0, 1);
    assertThat(append(up("a"), T0, 2)).isEqualTo(AppendResult.DUPLICATE);
    assertThat(append(up("a"), T0, histogram(1))).isEqualTo(AppendResult.DUPLICATE);
    append(up("h"), T0, histogram(1));
    assertThat(append(up("h"), T0, histogram(1))).isEqualTo(AppendResult.OK);
    assertThat(append(up("h"), T0, histogram(2))).isEqualTo(AppendResult.DUPLICATE);
    assertThat(append(up("h"), T0, 1.0)).isEqualTo(AppendResult.DUPLICATE);
    assertThat(all(name("up")))
        .containsExactly(
            StoredSeries.floats(up("a"), T0, 1), StoredSeries.of(up("h"), T0, histogram(1)));
  }

  @Test
  protected void refusesSamplesOlderThanTheNewest() {
    append(up("a"), T0 + 1000, 1);
    assertThat(append(up("a"), T0 + 999, 1)).isEqualTo(AppendResult.OUT_OF_ORDER);
    assertThat(append(up("b"), T0 + 999, 1)).isEqualTo(AppendResult.OK);
    assertThat(all(name("up"), Matcher.equal("instance", "a")))
        .containsExactly(StoredSeries.floats(up("a"), T0 + 1000, 1));
  }

  @Test
  protected void takesTheFirstOfTwoSamplesInOneBatch() {
    long ref = storage.resolve(up("a"));
    SampleBatch batch = new SampleBatch(4);
    batch.add(ref, T0, 1);
    batch.add(ref, T0, 2);
    batch.add(ref, T0, 1);
    batch.add(ref, T0 - 1, 1);
    batch.add(ref, T0 + 1, 3);
    AppendResult result = storage.append(batch);
    assertThat(result.allOk()).isFalse();
    assertThat(result.code(0)).isEqualTo(AppendResult.OK);
    assertThat(result.code(1)).isEqualTo(AppendResult.DUPLICATE);
    assertThat(result.code(2)).isEqualTo(AppendResult.OK);
    assertThat(result.code(3)).isEqualTo(AppendResult.OUT_OF_ORDER);
    assertThat(result.code(4)).isEqualTo(AppendResult.OK);
    assertThat(result.count(AppendResult.DUPLICATE)).isEqualTo(1);
    assertThat(all(name("up"))).containsExactly(StoredSeries.floats(up("a"), T0, 1, T0 + 1, 3));
  }

  @Test
  protected void saysAllOkWithoutASingleObject() {
    SampleBatch batch = new SampleBatch(1);
    batch.add(storage.resolve(up("a")), T0, 1);
    assertThat(storage.append(batch)).isSameAs(AppendResult.ALL_OK);
    batch.clear();
    assertThat(storage.append(batch)).isSameAs(AppendResult.ALL_OK);
  }

  @Test
  protected void reportsReferencesItDoesNotKnow() {
    long ref = storage.resolve(up("a"));
    SampleBatch batch = new SampleBatch(4);
    batch.add(ref + 1000, T0, 1);
    batch.add(0, T0, 1);
    batch.add(ref, T0, 1);
    batch.add(-5, T0, 1);
    AppendResult result = storage.append(batch);
    assertThat(result.code(0)).isEqualTo(AppendResult.UNKNOWN_SERIES);
    assertThat(result.code(1)).isEqualTo(AppendResult.UNKNOWN_SERIES);
    assertThat(result.code(2)).isEqualTo(AppendResult.OK);
    assertThat(result.code(3)).isEqualTo(AppendResult.UNKNOWN_SERIES);
  }

  @Test
  protected void doesNotKnowTheReferencesOfAnEarlierOpening() {
    long ref = storage.resolve(up("a"));
    append(up("a"), T0, 1);
    reopen();
    storage.resolve(up("b"));
    SampleBatch batch = new SampleBatch(1);
    batch.add(ref, T0 + 1, 1);
    assertThat(storage.append(batch).code(0)).isEqualTo(AppendResult.UNKNOWN_SERIES);
    assertThat(append(up("a"), T0 + 1, 2)).isEqualTo(AppendResult.OK);
  }

  @Test
  protected void keepsNothingOfABatch() {
    SampleBatch batch = new SampleBatch(2);
    long ref = storage.resolve(up("a"));
    batch.add(ref, T0, 1);
    storage.append(batch);
    batch.clear();
    batch.add(ref, T0 + 5, 2);
    storage.append(batch);
    batch.clear();
    assertThat(all(name("up"))).containsExactly(StoredSeries.floats(up("a"), T0, 1, T0 + 5, 2));
  }

  // ---- histograms and start times ------------------------------------------------------------

  @Test
  protected void keepsHistogramsWhole() {
    append(up("a"), T0, histogram(1));
    append(up("a"), T0 + 1000, histogram(5));
    append(up("a"), T0 + 2000, NativeHistogram.stale());
    append(up("a"), T0 + 3000, custom(9));
    append(
        up("a"),
        T0 + 4000,
        NativeHistogram.builder()
            .schema(-4)
            .count(0.25)
            .sum(Double.NaN)
            .positive(new int[] {1, 1, 0, 1}, new double[] {0.125, 1.0 / 3})
            .resetHint(NativeHistogram.ResetHint.RESET)
            .build());
    List<StoredSeries> before = all(name("up"));
    assertThat(before).hasSize(1);
    assertThat(before.get(0).samples())
        .extracting(Sample::histogram)
        .containsExactly(
            histogram(1),
            histogram(5),
            NativeHistogram.stale(),
            custom(9),
            NativeHistogram.builder()
                .schema(-4)
                .count(0.25)
                .sum(Double.NaN)
                .positive(new int[] {1, 1, 0, 1}, new double[] {0.125, 1.0 / 3})
                .resetHint(NativeHistogram.ResetHint.RESET)
                .build());
    if (isPersistent()) {
      reopen();
      assertThat(all(name("up"))).isEqualTo(before);
    }
  }

  @Test
  protected void mixesFloatsAndHistogramsInOneSeries() {
    Labels a = up("a");
    append(a, T0, 1);
    append(a, T0 + 1, 2);
    append(a, T0 + 2, histogram(3));
    append(a, T0 + 3, 4);
    append(a, T0 + 4, histogram(5));
    append(a, T0 + 5, histogram(6));
    StoredSeries want =
        StoredSeries.of(
            a,
            T0,
            1.0,
            T0 + 1,
            2.0,
            T0 + 2,
            histogram(3),
            T0 + 3,
            4.0,
            T0 + 4,
            histogram(5),
            T0 + 5,
            histogram(6));
    for (int capacity : new int[] {1, 2, 3, 100}) {
      assertThat(StoredSeries.select(storage, capacity, FOREVER_MIN, FOREVER_MAX, name("up")))
          .containsExactly(want);
    }
  }

  @Test
  protected void refusesHistogramsThatContradictThemselves() {
    NativeHistogram negative = histogram(1).toBuilder().count(-1).build();
    assertThat(append(up("a"), T0, negative)).isEqualTo(AppendResult.INVALID_HISTOGRAM);
    NativeHistogram schema = histogram(1).toBuilder().schema(9).build();
    assertThat(append(up("a"), T0, schema)).isEqualTo(AppendResult.INVALID_HISTOGRAM);
    NativeHistogram bounds = custom(3).toBuilder().customBounds(new double[] {2, 1}).build();
    assertThat(append(up("a"), T0, bounds)).isEqualTo(AppendResult.INVALID_HISTOGRAM);
    assertThat(all(name("up"))).isEmpty();
  }

  @Test
  protected void returnsStartTimesWhenTheyAreWanted() {
    SampleBatch batch = new SampleBatch(4);
    long ref = storage.resolve(up("a"));
    batch.startTime(batch.add(ref, T0, 1), T0 - 5000);
    batch.add(ref, T0 + 1000, 2);
    batch.startTime(batch.add(ref, T0 + 2000, histogram(1)), T0 - 4000);
    storage.append(batch);
    StoredSeries want =
        new StoredSeries(
            up("a"),
            List.of(
                new Sample(T0, 1, null, T0 - 5000),
                new Sample(T0 + 1000, 2, null, 0),
                new Sample(T0 + 2000, 0, histogram(1), T0 - 4000)));
    assertThat(all(name("up"))).containsExactly(want);
    if (isPersistent()) {
      reopen();
      assertThat(all(name("up"))).containsExactly(want);
    }
  }

  @Test
  protected void keepsTheNewestMetadataOfEachFamily() {
    Assumptions.assumeTrue(storage instanceof MetadataStorage, "this storage keeps no metadata");
    MetricMetadata a = new MetricMetadata("a", MetricType.COUNTER, "Ä \\ \n \"", "seconds");
    MetricMetadata b = new MetricMetadata("b", MetricType.GAUGEHISTOGRAM, "", "");
    SampleBatch batch = new SampleBatch(1);
    batch.add(storage.resolve(up("a")), T0, 1);
    batch.metadata(new MetricMetadata("a", MetricType.UNKNOWN, "old", ""));
    batch.metadata(b);
    batch.metadata(a);
    assertThat(storage.append(batch).allOk()).isTrue();
    batch.clear();
    assertThat(batch.metadataCount()).isZero();
    batch.metadata(b); // without any sample
    assertThat(storage.append(batch).allOk()).isTrue();
    for (int i = 0; i < (isPersistent() ? 2 : 1); i++) {
      MetadataStorage keeping = (MetadataStorage) storage;
      assertThat(keeping.metadata("", 0)).containsExactlyInAnyOrder(a, b);
      assertThat(keeping.metadata("a", 0)).containsExactly(a);
      assertThat(keeping.metadata("c", 0)).isEmpty();
      assertThat(keeping.metadata("", 1)).hasSize(1);
      if (isPersistent()) {
        reopen();
      }
    }
  }

  @Test
  protected void findsStoredSamplesByReferenceAndTime() {
    Assumptions.assumeTrue(storage instanceof LookupStorage, "this storage looks no samples up");
    LookupStorage looking = (LookupStorage) storage;
    int series = 700;
    int times = 300;
    SampleBatch batch = new SampleBatch(series);
    for (int t = 0; t < times; t++) {
      batch.clear();
      for (int i = 0; i < series; i++) {
        long ref = storage.resolve(up("a" + i));
        if (i % 10 == 0) {
          batch.add(ref, T0 + t * 1000L, histogram(i + t));
        } else {
          batch.add(ref, T0 + t * 1000L, i + t / 4.0);
        }
      }
      assertThat(storage.append(batch).allOk()).isTrue();
      if (t == 7 || t == 150 || t >= times - 17) {
        BitSet all = new BitSet();
        all.set(0, series);
        // others than those that are there: a value, a time, a kind, a reference
        batch.add(batch.ref(1), T0 + t * 1000L, -1.0);
        batch.add(batch.ref(1), T0 + t * 1000L + 1, 1 + t / 4.0);
        batch.add(batch.ref(0), T0 + t * 1000L, 0.0);
        batch.add(batch.ref(1), T0 + t * 1000L, histogram(1));
        batch.add(-1, T0 + t * 1000L, 1 + t / 4.0);
        all.set(series, series + 5);
        assertThat(looking.stored(batch, all)).isEqualTo(range(0, series));
        all.clear(5);
        BitSet expected = range(0, series);
        expected.clear(5);
        assertThat(looking.stored(batch, all)).isEqualTo(expected);
      }
    }
    batch.clear();
    for (int t = 0; t < times; t += 3) {
      batch.add(storage.resolve(up("a5")), T0 + t * 1000L, 5 + t / 4.0);
    }
    assertThat(looking.stored(batch, range(0, batch.size()))).isEqualTo(range(0, batch.size()));
    assertThat(looking.stored(batch, new BitSet())).isEqualTo(new BitSet());
  }

  private static BitSet range(int from, int to) {
    BitSet range = new BitSet();
    range.set(from, to);
    return range;
  }

  @Test
  protected void passesSeriesOneByOneInTheOrderOfTheList() {
    for (int i = 0; i < 300; i++) {
      append(Labels.of(Labels.METRIC_NAME, i % 2 == 0 ? "up" : "b", "i", "" + i), T0 + i, i);
    }
    List<List<Matcher>> sets = List.of(List.of(name("up")), List.of(regex("i", ".*7")));
    for (long[] range : new long[][] {{FOREVER_MIN, FOREVER_MAX}, {T0 + 100, T0 + 200}}) {
      for (int limit : new int[] {0, 1, 20, 1_000_000}) {
        List<Labels> passed = new ArrayList<>();
        storage.forEachSeries(sets, range[0], range[1], limit, passed::add);
        assertThat(passed)
            .as("limit %d", limit)
            .isEqualTo(storage.series(sets, range[0], range[1], limit))
            .isNotEmpty();
      }
    }
    List<Labels> two = new ArrayList<>();
    storage.forEachSeries(
        sets,
        FOREVER_MIN,
        FOREVER_MAX,
        0,
        labels -> {
          two.add(labels);
          return two.size() < 2;
        });
    assertThat(two).isEqualTo(storage.series(sets, FOREVER_MIN, FOREVER_MAX, 2));
    assertThatThrownBy(() ->
            storage.forEachSeries(
                sets,
                FOREVER_MIN,
                FOREVER_MAX,
                0,
                labels -> {
                  throw new IllegalArgumentException("of the sink");
                }))
        .hasMessage("of the sink");
    assertThat(append(up("after"), T0, 1)).isEqualTo(AppendResult.OK);
  }

  /** A storage may read on, but what it gives is right, and it works for the next one. */
  @Test
  protected void aReaderThatWaitsNoLongerGetsNothingWrong() {
    SampleBatch batch = new SampleBatch(3000);
    for (int i = 0; i < 3000; i++) {
      batch.add(storage.resolve(up("" + i)), T0, i);
    }
    storage.append(batch);
    SelectRequest all = SelectRequest.of(List.of(name("up")), FOREVER_MIN, FOREVER_MAX);
    AtomicBoolean left = new AtomicBoolean(true);
    for (boolean before : new boolean[] {true, false}) {
      left.set(before);
      int read = 0;
      try (SeriesCursor cursor = storage.select(all.until(left::get))) {
        left.set(true);
        while (cursor.nextSeries()) {
          read++;
        }
        assertThat(read).as("series").isEqualTo(3000);
      } catch (StorageException.Failed e) {
        assertThat(read).isLessThan(3000);
      }
    }
    assertThat(all(name("up"))).hasSize(3000);
  }

  @Test
  protected void aReaderOfFewSeriesGetsTheFirst() {
    for (int i = 9; i >= 0; i--) {
      append(up("" + i), T0 + i, i);
    }
    SelectRequest request =
        new SelectRequest(
            List.of(name("up")), T0 + 2, FOREVER_MAX, SelectRequest.Hints.NONE.limitedTo(3));
    try (SeriesCursor cursor = storage.select(request)) {
      for (int i = 2; i < 5; i++) {
        assertThat(cursor.nextSeries()).isTrue();
        assertThat(StoredSeries.read(cursor, 10))
            .isEqualTo(StoredSeries.floats(up("" + i), T0 + i, (double) i));
      }
    }
  }

  /** Zeros are an addition of version 1.5 of the interface: a storage may leave them out. */
  @Test
  protected void beginsSeriesWithAZeroThatIsNewerThanWhatTheyHave() {
    SampleBatch batch = new SampleBatch(4);
    long ref = storage.resolve(up("a"));
    batch.zeroAt(batch.add(ref, T0, 5), T0 - 5000);
    batch.zeroAt(batch.add(ref, T0 + 1000, 6), T0 - 5000); // there already
    batch.zeroAt(batch.add(ref, T0 + 3000, 1), T0 + 2000); // it began again
    batch.zeroAt(batch.add(ref, T0 + 4000, histogram(3)), T0 + 3500);
    batch.zeroAt(batch.add(ref, T0 + 5000, 2), T0 + 5000); // not before the sample
    batch.zeroAt(batch.add(storage.resolve(up("b")), T0, custom(2)), T0 - 7000);
    assertThat(storage.append(batch).allOk()).isTrue();
    Assumptions.assumeFalse(
        range(FOREVER_MIN, T0 - 1, name("up")).isEmpty(), "this storage leaves out zeros");
    List<StoredSeries> want =
        List.of(
            StoredSeries.of(
                up("a"),
                T0 - 5000,
                0.0,
                T0,
                5.0,
                T0 + 1000,
                6.0,
                T0 + 2000,
                0.0,
                T0 + 3000,
                1.0,
                T0 + 3500,
                SampleBatch.zeroOf(histogram(3)),
                T0 + 4000,
                histogram(3),
                T0 + 5000,
                2.0),
            StoredSeries.of(up("b"), T0 - 7000, SampleBatch.zeroOf(custom(2)), T0, custom(2)));
    assertThat(all(name("up"))).isEqualTo(want);
    if (isPersistent()) {
      reopen();
      assertThat(all(name("up"))).isEqualTo(want);
    }
  }

  /** A zero is never refused, and the codes of a batch are those of its rows. */
  @Test
  protected void leavesOutZerosThatAreOlderThanWhatASeriesHas() {
    append(up("a"), T0, 5);
    append(up("b"), T0 + 1000, 7);
    SampleBatch batch = new SampleBatch(4);
    batch.zeroAt(batch.add(storage.resolve(up("a")), T0 + 1000, 6), T0 - 1);
    batch.zeroAt(batch.add(storage.resolve(up("c")), T0 + 1000, 6), T0);
    batch.add(storage.resolve(up("b")), T0 + 1000, 8);
    AppendResult result = storage.append(batch);
    assertThat(result.code(0)).isEqualTo(AppendResult.OK);
    assertThat(result.code(1)).isEqualTo(AppendResult.OK);
    assertThat(result.code(2)).isEqualTo(AppendResult.DUPLICATE);
    assertThat(all(name("up"))).contains(StoredSeries.floats(up("a"), T0, 5.0, T0 + 1000, 6.0));
  }

  // ---- cursors -------------------------------------------------------------------------------

  @Test
  protected void fillsTilesSmallerThanTheSeries() {
    Object[] expected = new Object[2000];
    for (int i = 0; i < 1000; i++) {
      append(up("a"), T0 + i * 1000L, i % 7);
      expected[2 * i] = T0 + i * 1000L;
      expected[2 * i + 1] = (double) (i % 7);
    }
    for (int capacity : new int[] {1, 3, 64, 999, 1000, 5000}) {
      assertThat(StoredSeries.select(storage, capacity, FOREVER_MIN, FOREVER_MAX, name("up")))
          .containsExactly(StoredSeries.floats(up("a"), expected));
    }
  }

  @Test
  protected void skipsSeriesWhoseSamplesNobodyReads() {
    for (int i = 0; i < 100; i++) {
      append(up("a"), T0 + i, i);
      append(up("b"), T0 + i, i);
    }
    try (SeriesCursor cursor =
        storage.select(SelectRequest.of(List.of(name("up")), FOREVER_MIN, FOREVER_MAX))) {
      assertThat(cursor.nextSeries()).isTrue();
      assertThat((Object) cursor.labels()).isEqualTo(up("a"));
      assertThat(cursor.nextSeries()).isTrue();
      assertThat((Object) cursor.labels()).isEqualTo(up("b"));
      assertThat(StoredSeries.read(cursor, 10).samples()).hasSize(100);
      assertThat(cursor.nextSeries()).isFalse();
      assertThat(cursor.nextSeries()).isFalse();
    }
  }

  @Test
  protected void shieldsACursorFromLaterAppends() {
    for (int i = 0; i < 100; i++) {
      append(up("a"), T0 + i, i);
    }
    try (SeriesCursor cursor =
        storage.select(SelectRequest.of(List.of(name("up")), FOREVER_MIN, FOREVER_MAX))) {
      for (int i = 100; i < 1000; i++) {
        append(up("a"), T0 + i, i);
      }
      append(up("b"), T0, 1);
      assertThat(cursor.nextSeries()).isTrue();
      assertThat(StoredSeries.read(cursor, 10).samples()).hasSize(100);
      assertThat(cursor.nextSeries()).isFalse();
    }
    assertThat(all(name("up"))).hasSize(2);
  }

  @Test
  protected void showsABatchToSelectsAllAtOnce() throws Exception {
    int series = 40;
    long[] refs = new long[series];
    for (int i = 0; i < series; i++) {
      refs[i] = storage.resolve(up("i" + i));
    }
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    CountDownLatch started = new CountDownLatch(1);
    Thread reader =
        new Thread(
            () -> {
              try {
                while (!done.get()) {
                  List<StoredSeries> got = all(name("up"));
                  started.countDown();
                  if (!got.isEmpty()) {
                    assertThat(got).hasSize(series);
                    int n = got.get(0).samples().size();
                    assertThat(got).allMatch(s -> s.samples().size() == n);
                  }
                }
              } catch (Throwable e) {
                failure.set(e);
              }
            },
            "kit-reader");
    reader.start();
    started.await();
    SampleBatch batch = new SampleBatch(series);
    for (int round = 0; round < 300; round++) {
      batch.clear();
      for (int i = 0; i < series; i++) {
        batch.add(refs[i], T0 + round * 1000L, round);
      }
      assertThat(storage.append(batch).allOk()).isTrue();
    }
    done.set(true);
    reader.join();
    assertThat(failure.get()).isNull();
  }

  @Test
  protected void takesAppendsOfManyThreads() throws Exception {
    int threads = 4;
    int rounds = 200;
    List<Thread> writers = new ArrayList<>();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    for (int t = 0; t < threads; t++) {
      int id = t;
      Thread writer =
          new Thread(
              () -> {
                try {
                  SampleBatch batch = new SampleBatch(10);
                  for (int r = 0; r < rounds; r++) {
                    batch.clear();
                    for (int i = 0; i < 10; i++) {
                      batch.add(storage.resolve(up(id + "-" + i)), T0 + r * 10L, r);
                    }
                    assertThat(storage.append(batch).allOk()).isTrue();
                  }
                } catch (Throwable e) {
                  failure.set(e);
                }
              },
              "kit-writer-" + t);
      writer.start();
      writers.add(writer);
    }
    for (Thread w : writers) {
      w.join();
    }
    assertThat(failure.get()).isNull();
    assertThat(all(name("up"))).hasSize(threads * 10).allMatch(s -> s.samples().size() == rounds);
  }

  // ---- metadata ------------------------------------------------------------------------------

  @Test
  protected void listsSeriesNamesAndValues() {
    append(Labels.of("__name__", "m", "a", "2", "b", "x"), T0, 1);
    append(Labels.of("__name__", "m", "a", "1"), T0, 1);
    append(Labels.of("__name__", "n", "c", "z"), T0, 1);
    List<List<Matcher>> m = List.of(List.of(name("m")));
    assertThat(storage.series(m, FOREVER_MIN, FOREVER_MAX, 0))
        .containsExactly(
            Labels.of("__name__", "m", "a", "1"), Labels.of("__name__", "m", "a", "2", "b", "x"));
    assertThat(
            storage.series(
                List.of(List.of(name("n")), List.of(name("m")), List.of(Matcher.equal("a", "1"))),
                FOREVER_MIN,
                FOREVER_MAX,
                0))
        .hasSize(3);
    assertThat(storage.labelNames(List.of(), FOREVER_MIN, FOREVER_MAX, 0))
        .containsExactly("__name__", "a", "b", "c");
    assertThat(storage.labelNames(m, FOREVER_MIN, FOREVER_MAX, 0))
        .containsExactly("__name__", "a", "b");
    assertThat(storage.labelValues("__name__", List.of(), FOREVER_MIN, FOREVER_MAX, 0))
        .containsExactly("m", "n");
    assertThat(storage.labelValues("a", m, FOREVER_MIN, FOREVER_MAX, 0)).containsExactly("1", "2");
    assertThat(storage.labelValues("c", m, FOREVER_MIN, FOREVER_MAX, 0)).isEmpty();
    assertThat(storage.labelValues("nothing", List.of(), FOREVER_MIN, FOREVER_MAX, 0)).isEmpty();
  }

  @Test
  protected void listsOnlyWhatMayHaveSamplesInRange() {
    append(up("a"), T0, 1);
    append(up("b"), T0 + 60_000, 1);
    append(Labels.of("__name__", "up", "only", "late"), T0 + 60_000, 1);
    List<List<Matcher>> m = List.of(List.of(name("up")));
    assertThat(storage.series(m, T0 - 10, T0 + 10, 0)).containsExactly(up("a"));
    assertThat(storage.series(m, T0 + 61_000, T0 + 70_000, 0)).isEmpty();
    assertThat(storage.labelNames(m, T0 - 10, T0 + 10, 0)).containsExactly("__name__", "instance");
    assertThat(storage.labelValues("instance", m, T0 + 59_000, T0 + 70_000, 0))
        .containsExactly("b");
    assertThat(storage.labelValues("instance", List.of(), T0 - 20, T0 - 10, 0)).isEmpty();
  }

  @Test
  protected void takesLongAndStrangeLabels() {
    List<Labels> all = new ArrayList<>();
    all.add(Labels.of("__name__", "m", "v", "x".repeat(50_000)));
    all.add(Labels.of("__name__", "m", "v", "\u0000\u0001 \"\\ \n\t"));
    all.add(Labels.of("__name__", "m", "ключ.with space", "значение"));
    all.add(Labels.of("v", "no name"));
    for (Labels l : all) {
      assertThat(append(l, T0, 1)).isEqualTo(AppendResult.OK);
    }
    all.sort(Labels::compareTo);
    Matcher any = regex("v", ".*");
    Matcher some = Matcher.notEqual("zzz", "x");
    assertThat(all(any, some)).extracting(StoredSeries::labels).isEqualTo(all);
    if (isPersistent()) {
      reopen();
      assertThat(all(any, some)).extracting(StoredSeries::labels).isEqualTo(all);
    }
  }

  @Test
  protected void obeysLimits() {
    for (int i = 0; i < 10; i++) {
      append(Labels.of("__name__", "m", "l" + i, "v", "x", "x" + i), T0, 1);
    }
    List<List<Matcher>> m = List.of(List.of(name("m")));
    assertThat(storage.series(m, FOREVER_MIN, FOREVER_MAX, 3)).hasSize(3);
    assertThat(storage.series(m, FOREVER_MIN, FOREVER_MAX, 10)).hasSize(10);
    assertThat(storage.labelNames(m, FOREVER_MIN, FOREVER_MAX, 2))
        .containsExactly("__name__", "l0");
    assertThat(storage.labelValues("x", List.of(), FOREVER_MIN, FOREVER_MAX, 2))
        .containsExactly("x0", "x1");
  }

  // ---- exemplars -----------------------------------------------------------------------------

  @Test
  protected void keepsExemplars() {
    append(up("a"), T0, 1, new Exemplar(Labels.of("trace", "1"), 0.5, T0 - 10, true));
    append(up("a"), T0 + 10, 2, new Exemplar(Labels.of("trace", "2"), 0.7, T0, true));
    append(up("b"), T0 + 10, 2, new Exemplar(Labels.of("trace", "3"), 0.9, T0, true));
    List<List<Matcher>> m = List.of(List.of(name("up")));
    List<SeriesExemplars> got = storage.exemplars(m, FOREVER_MIN, FOREVER_MAX);
    assertThat(got).extracting(SeriesExemplars::series).containsExactly(up("a"), up("b"));
    assertThat(got.get(0).exemplars())
        .containsExactly(
            new Exemplar(Labels.of("trace", "1"), 0.5, T0 - 10, true),
            new Exemplar(Labels.of("trace", "2"), 0.7, T0, true));
    assertThat(storage.exemplars(m, T0 - 10, T0 - 1)).hasSize(1);
    assertThat(storage.exemplars(m, T0 + 1, T0 + 1000)).isEmpty();
    if (isPersistent()) {
      reopen();
      assertThat(storage.exemplars(m, FOREVER_MIN, FOREVER_MAX)).isEqualTo(got);
    }
  }

  @Test
  protected void refusesOldAndLongExemplars() {
    append(up("a"), T0, 1, new Exemplar(Labels.of("trace", "1"), 0.5, T0, true));
    assertThat(append(up("a"), T0 + 1, 1, new Exemplar(Labels.of("t", "2"), 0.5, T0 - 1, true)))
        .isEqualTo(1);
    assertThat(append(up("a"), T0 + 2, 1, new Exemplar(Labels.of("trace", "1"), 0.5, T0, true)))
        .isEqualTo(0);
    assertThat(
            append(
                up("a"), T0 + 3, 1, new Exemplar(Labels.of("t", "x".repeat(128)), 0.5, T0, true)))
        .isEqualTo(1);
    assertThat(storage.exemplars(List.of(List.of(name("up"))), FOREVER_MIN, FOREVER_MAX))
        .singleElement()
        .satisfies(e -> assertThat(e.exemplars()).hasSize(1));
  }

  private int append(Labels labels, long timeMs, double value, Exemplar exemplar) {
    SampleBatch batch = new SampleBatch(1);
    batch.exemplar(batch.add(storage.resolve(labels), timeMs, value), exemplar);
    return storage.append(batch).rejectedExemplars();
  }

  @Test
  protected void takesExemplarsWhateverBecomesOfTheirSample() {
    append(up("a"), T0 + 10, 1, new Exemplar(Labels.of("trace", "1"), 0.5, T0, true));
    Assumptions.assumeTrue(keepsAnyExemplar(), "storage keeps no exemplars");
    SampleBatch batch = new SampleBatch(2);
    Exemplar second = new Exemplar(Labels.of("trace", "2"), 0.5, T0 + 5, true);
    batch.exemplar(batch.add(storage.resolve(up("a")), T0, 7), second);
    Exemplar third = new Exemplar(Labels.of("trace", "3"), 0.5, T0 + 6, true);
    batch.exemplar(batch.add(storage.resolve(up("a")), T0 + 10, 1), third);
    AppendResult result = storage.append(batch);
    assertThat(result.code(0)).isEqualTo(AppendResult.OUT_OF_ORDER);
    assertThat(result.code(1)).as("the newest sample again").isEqualTo(AppendResult.OK);
    assertThat(result.rejectedExemplars()).isZero();
    assertThat(storage.exemplars(List.of(List.of(name("up"))), T0 + 1, T0 + 10))
        .singleElement()
        .satisfies(e -> assertThat(e.exemplars()).containsExactly(second, third));
  }

  private boolean keepsAnyExemplar() {
    return !storage.exemplars(List.of(List.of(name("up"))), FOREVER_MIN, FOREVER_MAX).isEmpty();
  }

  // ---- samples out of order ------------------------------------------------------------------

  /** Puts a storage with an out-of-order window in the place of the one under test. */
  private void openWithWindow() {
    storage.close();
    Storage late = openOutOfOrder(nextContext());
    Assumptions.assumeTrue(late != null, "storage takes no samples out of order");
    if (late != null) {
      storage = late;
    }
  }

  private void reopenWithWindow() {
    if (isPersistent()) {
      openWithWindow();
    }
  }

  @Test
  protected void returnsSamplesOutOfOrderInOrder() {
    openWithWindow();
    for (int i = 0; i < 60; i++) {
      append(up("a"), T0 + i * 60_000L, i);
    }
    assertThat(append(up("a"), T0 + 30_000, 0.5)).isEqualTo(AppendResult.OK);
    assertThat(append(up("a"), T0 + 90_000, 1.5)).isEqualTo(AppendResult.OK);
    assertThat(append(up("a"), T0 + 60_000, 1)).as("as stored").isEqualTo(AppendResult.OK);
    StoredSeries want = StoredSeries.floats(up("a"), T0, 0, T0 + 30_000, 0.5, T0 + 60_000, 1);
    assertThat(range(T0, T0 + 60_000, name("up"))).containsExactly(want);
    assertThat(all(name("up")).get(0).samples()).hasSize(62);
    reopenWithWindow();
    assertThat(range(T0, T0 + 60_000, name("up"))).containsExactly(want);
    assertThat(all(name("up")).get(0).samples()).hasSize(62);
  }

  @Test
  protected void deletesSamplesOutOfOrder() {
    openWithWindow();
    Assumptions.assumeTrue(storage instanceof DeletableStorage, "storage cannot delete");
    append(up("a"), T0 + 3_000_000, 3);
    append(up("a"), T0 + 1000, 1);
    append(up("a"), T0 + 2000, 2);
    DeletableStorage deletable = (DeletableStorage) storage;
    deletable.delete(List.of(List.of(name("up"))), T0, T0 + 1500);
    StoredSeries rest = StoredSeries.floats(up("a"), T0 + 2000, 2, T0 + 3_000_000, 3);
    assertThat(all(name("up"))).containsExactly(rest);
    deletable.cleanTombstones();
    assertThat(all(name("up"))).containsExactly(rest);
    // what arrives afterwards has not been deleted
    assertThat(append(up("a"), T0 + 1200, 9)).isEqualTo(AppendResult.OK);
    StoredSeries more = StoredSeries.floats(up("a"), T0 + 1200, 9, T0 + 2000, 2, T0 + 3_000_000, 3);
    assertThat(all(name("up"))).containsExactly(more);
    reopenWithWindow();
    assertThat(all(name("up"))).containsExactly(more);
  }

  // ---- what comes from outside ---------------------------------------------------------------

  /** A storage may refuse what is ahead of its clock; if it does, today's samples stay welcome. */
  @Test
  protected void isNotLedAstrayByTimesFromTheFuture() {
    long now = clock.millis();
    append(up("a"), now - 1000, 1);
    boolean bounded = append(up("a"), now + 24 * 3_600_000L, 2) != AppendResult.OK;
    Assumptions.assumeTrue(bounded, "storage has no bound ahead of its clock");
    for (long ahead : new long[] {24 * 3_600_000L, 100 * 365 * 24 * 3_600_000L}) {
      for (String series : List.of("a", "b")) {
        assertThat(append(up(series), now + ahead, 2)).isEqualTo(AppendResult.TOO_FAR_IN_FUTURE);
        assertThat(append(up(series), now + ahead + 1, histogram(1)))
            .isEqualTo(AppendResult.TOO_FAR_IN_FUTURE);
      }
    }
    assertThat(append(up("a"), now, 3)).isEqualTo(AppendResult.OK);
    assertThat(append(up("b"), now, 3)).isEqualTo(AppendResult.OK);
    assertThat(all(name("up")))
        .containsExactly(
            StoredSeries.floats(up("a"), now - 1000, 1, now, 3),
            StoredSeries.floats(up("b"), now, 3));
  }

  @Test
  protected void storesTheRestOfABatchWhoseSeriesBecameUnknown() {
    long gone = storage.resolve(up("gone"));
    append(up("gone"), T0, 1);
    reopen(); // between resolve and append
    SampleBatch batch = new SampleBatch(3);
    batch.add(storage.resolve(up("b")), T0 + 1, 1);
    batch.exemplar(
        batch.add(gone, T0 + 1, 2), new Exemplar(Labels.of("trace", "1"), 0.5, T0, true));
    batch.add(storage.resolve(up("c")), T0 + 1, 3);
    AppendResult result = storage.append(batch);
    assertThat(result.count(AppendResult.UNKNOWN_SERIES)).isEqualTo(1);
    assertThat(result.code(0)).isEqualTo(AppendResult.OK);
    assertThat(result.code(1)).isEqualTo(AppendResult.UNKNOWN_SERIES);
    assertThat(result.code(2)).isEqualTo(AppendResult.OK);
    assertThat(keepsAnyExemplar()).as("of a series that is not known").isFalse();
    batch.ref(1, storage.resolve(up("gone")));
    assertThat(storage.append(batch).allOk()).as("the others are stored already").isTrue();
    assertThat(range(T0 + 1, T0 + 1, name("up"))).hasSize(3);
    if (keepsAnyExemplar()) {
      assertThat(storage.exemplars(List.of(List.of(name("up"))), FOREVER_MIN, FOREVER_MAX))
          .extracting(SeriesExemplars::series)
          .containsExactly(up("gone"));
    }
  }

  /** Appends batches that are extreme in one way each; each is acknowledged. */
  private void appendExtremes() {
    String[] many = new String[2 * 1000];
    for (int i = 0; i < 1000; i++) {
      many[2 * i] = i == 0 ? Labels.METRIC_NAME : "label" + i;
      many[2 * i + 1] = i == 0 ? "extreme" : "v" + i;
    }
    assertThat(append(Labels.of(many), T0, 1)).isEqualTo(AppendResult.OK);
    Labels large = Labels.of(Labels.METRIC_NAME, "extreme", "v", "é".repeat(200_000));
    assertThat(append(large, T0, 1)).isEqualTo(AppendResult.OK);
    Labels buckets = Labels.of(Labels.METRIC_NAME, "extreme", "v", "buckets");
    double[] counts = new double[20_000];
    Arrays.fill(counts, 3);
    for (int i = 0; i < 3; i++) {
      NativeHistogram wide =
          NativeHistogram.builder()
              .schema(8)
              .count(60_000)
              .sum(i)
              .positive(new int[] {-10_000, counts.length}, counts)
              .build();
      assertThat(append(buckets, T0 + i, wide)).isEqualTo(AppendResult.OK);
    }
    int[] spans = new int[2 * counts.length];
    for (int i = 0; i < spans.length; i += 2) {
      spans[i] = i == 0 ? 0 : 1;
      spans[i + 1] = 1;
    }
    NativeHistogram holes =
        NativeHistogram.builder().schema(8).count(60_000).sum(1).positive(spans, counts).build();
    assertThat(append(buckets, T0 + 10, holes)).isEqualTo(AppendResult.OK);
    NativeHistogram empty = NativeHistogram.builder().schema(0).build();
    assertThat(append(buckets, T0 + 11, empty)).isEqualTo(AppendResult.OK);
    SampleBatch batch = new SampleBatch(16);
    long[] refs = new long[500];
    for (int s = 0; s < refs.length; s++) {
      refs[s] = storage.resolve(Labels.of(Labels.METRIC_NAME, "extreme", "s", "" + s));
    }
    for (int i = 0; i < 100; i++) {
      for (long ref : refs) {
        batch.add(ref, T0 + i, Math.sin(i));
      }
    }
    batch.exemplar(0, new Exemplar(Labels.of("t", "x".repeat(127)), 0.5, T0, true));
    assertThat(storage.append(batch).allOk()).isTrue();
    for (long time : new long[] {T0 + 1, T0 + 1000, T0 + 3_600_000}) {
      assertThat(append(Labels.of(Labels.METRIC_NAME, "extreme", "v", "gaps"), time, 1))
          .isEqualTo(AppendResult.OK);
    }
  }

  @Test
  protected void keepsWhatIsExtreme() {
    appendExtremes();
    List<StoredSeries> before = all(name("extreme"));
    assertThat(before).hasSize(504);
    if (isPersistent()) {
      reopen();
      assertThat(all(name("extreme"))).isEqualTo(before);
    }
  }

  /** Replaces the storage by one that is opened after a kill. */
  private void killAndReopen() {
    Assumptions.assumeTrue(isPersistent() && kill(storage), "storage cannot be killed here");
    storage = open(nextContext());
  }

  @Test
  protected void keepsWhatItAcknowledgedOverAKill() {
    appendExtremes();
    append(up("a"), T0, 1, new Exemplar(Labels.of("trace", "1"), 0.5, T0, true));
    if (storage instanceof DeletableStorage deletable) {
      append(up("deleted"), T0, 1);
      append(up("deleted"), T0 + 1, 2);
      deletable.delete(List.of(List.of(Matcher.equal("instance", "deleted"))), T0, T0);
    }
    Matcher any = Matcher.notEqual("__name__", "");
    List<StoredSeries> before = all(any);
    List<List<Matcher>> sets = List.of(List.of(any));
    List<SeriesExemplars> exemplars = storage.exemplars(sets, FOREVER_MIN, FOREVER_MAX);
    killAndReopen();
    assertThat(all(any)).isEqualTo(before);
    assertThat(storage.exemplars(sets, FOREVER_MIN, FOREVER_MAX)).isEqualTo(exemplars);
    for (int round = 0; round < 5; round++) {
      append(up("a"), T0 + 1 + round, round);
      killAndReopen();
      assertThat(all(Matcher.equal("instance", "a")).get(0).samples()).hasSize(2 + round);
    }
  }

  // ---- statistics, deletes, life cycle -------------------------------------------------------

  @Test
  protected void countsSeriesAndPairs() {
    append(Labels.of("__name__", "m", "a", "1"), T0, 1);
    append(Labels.of("__name__", "m", "a", "2"), T0 + 7, 1);
    append(Labels.of("__name__", "n", "a", "1"), T0 + 3, 1);
    var stats = storage.stats(1);
    assertThat(stats.headSeries()).isEqualTo(3);
    assertThat(stats.headLabelPairs()).isEqualTo(4);
    assertThat(stats.headMinTimeMs()).isEqualTo(T0);
    assertThat(stats.headMaxTimeMs()).isEqualTo(T0 + 7);
    assertThat(stats.minTimeMs()).isEqualTo(T0);
    assertThat(stats.seriesByMetric()).hasSize(1);
    assertThat(stats.seriesByMetric().get(0).name()).isEqualTo("m");
    assertThat(stats.seriesByMetric().get(0).value()).isEqualTo(2);
    assertThat(stats.seriesByPair().get(0).name()).isEqualTo("__name__=m");
    assertThat(stats.valuesByLabel()).hasSize(1);
    assertThat(stats.memoryByLabel()).hasSize(1);
    assertThat(storage.stats(0).seriesByMetric()).isEmpty();
  }

  @Test
  protected void hidesWhatIsDeleted() {
    Assumptions.assumeTrue(storage instanceof DeletableStorage, "storage cannot delete");
    for (int i = 0; i < 10; i++) {
      append(up("a"), T0 + i, i);
      append(up("b"), T0 + i, i);
    }
    DeletableStorage deletable = (DeletableStorage) storage;
    deletable.delete(List.of(List.of(Matcher.equal("instance", "a"))), T0 + 2, T0 + 8);
    deletable.delete(List.of(List.of(Matcher.equal("instance", "b"))), FOREVER_MIN, FOREVER_MAX);
    StoredSeries rest = StoredSeries.floats(up("a"), T0, 0, T0 + 1, 1, T0 + 9, 9);
    assertThat(all(name("up"))).containsExactly(rest);
    assertThat(append(up("a"), T0 + 9, 9)).isEqualTo(AppendResult.OK);
    ((DeletableStorage) storage).cleanTombstones();
    assertThat(all(name("up"))).containsExactly(rest);
    if (isPersistent()) {
      reopen();
      assertThat(all(name("up"))).containsExactly(rest);
    }
    assertThat(append(up("b"), T0 + 100, 1)).isEqualTo(AppendResult.OK);
    assertThat(all(Matcher.equal("instance", "b")))
        .containsExactly(StoredSeries.floats(up("b"), T0 + 100, 1));
  }

  @Test
  protected void keepsSamplesOverAReopeningWhenPersistent() {
    for (int i = 0; i < 500; i++) {
      append(up("a"), T0 + i * 1000L, i * 0.1);
      append(up("b"), T0 + i * 1000L, i);
    }
    List<StoredSeries> before = all(name("up"));
    reopen();
    assertThat(all(name("up"))).isEqualTo(isPersistent() ? before : List.of());
    if (isPersistent()) {
      assertThat(append(up("a"), T0 + 1, 5)).isEqualTo(AppendResult.OUT_OF_ORDER);
      assertThat(append(up("a"), T0 + 500_000, 5)).isEqualTo(AppendResult.OK);
    }
  }

  @Test
  protected void refusesEverythingAfterClose() {
    long ref = storage.resolve(up("a"));
    append(up("a"), T0, 1);
    storage.close();
    storage.close();
    SampleBatch batch = new SampleBatch(1);
    batch.add(ref, T0 + 1, 1);
    List<List<Matcher>> m = List.of(List.of(name("up")));
    List<Runnable> calls =
        List.of(
            () -> storage.resolve(up("a")),
            () -> storage.append(batch),
            () -> storage.select(SelectRequest.of(m.get(0), 0, 1)).close(),
            () -> storage.series(m, 0, 1, 0),
            () -> storage.labelNames(m, 0, 1, 0),
            () -> storage.labelValues("a", m, 0, 1, 0),
            () -> storage.exemplars(m, 0, 1),
            () -> storage.stats(0));
    for (Runnable call : calls) {
      assertThatThrownBy(call::run).isInstanceOf(StorageException.Closed.class);
    }
  }

  @Test
  protected void finishesACursorThatIsOpenWhileTheStorageCloses() {
    for (int i = 0; i < 300; i++) {
      append(up("a"), T0 + i, i);
    }
    try (SeriesCursor cursor =
        storage.select(SelectRequest.of(List.of(name("up")), FOREVER_MIN, FOREVER_MAX))) {
      assertThat(cursor.nextSeries()).isTrue();
      storage.close();
      try {
        assertThat(StoredSeries.read(cursor, 10).samples()).hasSize(300);
      } catch (StorageException.Closed e) {
        // also allowed: a storage may abort its readers, but must never return wrong samples
        assertThat(e).isNotNull();
      }
    }
  }
}
