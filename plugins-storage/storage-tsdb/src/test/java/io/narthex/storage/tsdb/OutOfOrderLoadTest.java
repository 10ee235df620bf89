package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Matcher;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.chunks.SampleBytes;
import io.narthex.testkit.storage.StoredSeries;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many samples out of order at once. */
class OutOfOrderLoadTest {
  private static final int HOURS = 10;

  @TempDir Path dir;

  private static TsdbStorage open(Path folder) {
    TsdbConfig config = TestDb.config(Duration.ZERO, 0, Duration.ofHours(HOURS + 1), 64L << 20);
    TsdbStorage db = TestDb.open(folder, config);
    TestDb.append(db, TestDb.series("newest", 0), TestDb.T0 + HOURS * TestDb.HOUR, 1);
    return db;
  }

  private interface Times {
    long of(long reference, int row);
  }

  /** Appends late samples, one a series or all of one, and returns the CPU time. */
  private static long append(TsdbStorage db, int n, boolean oneSeries, Times times) {
    long[] refs = new long[oneSeries ? 1 : n];
    for (int i = 0; i < refs.length; i++) {
      refs[i] = db.resolve(TestDb.series("late", i));
    }
    SampleBatch batch = new SampleBatch(n);
    for (int i = 0; i < n; i++) {
      long ref = refs[i % refs.length];
      batch.add(ref, times.of(ref, i), i);
    }
    long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    assertThat(db.append(batch).allOk()).isTrue();
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before;
  }

  /**
   * Returns a time with which 31 times the hash of the reference plus its own is always the same.
   */
  private static long sameHash(long reference, int row) {
    int high = (int) (TestDb.T0 >>> 32);
    int wanted = (int) TestDb.T0 + 33_000_000 - 31 * (Long.hashCode(reference) & 0xfffff);
    return ((long) high << 32) | ((wanted ^ high) & 0xffffffffL);
  }

  @Test
  void timeOfARequestOfLateSamplesIsLinearWhateverTheirTimesAre() {
    try (TsdbStorage few = open(dir.resolve("few"));
        TsdbStorage many = open(dir.resolve("many"))) {
      append(few, 2000, false, OutOfOrderLoadTest::sameHash);
      long one = append(open(dir.resolve("one")), 2000, false, OutOfOrderLoadTest::sameHash);
      long sixteen = append(many, 32_000, false, OutOfOrderLoadTest::sameHash);
      assertThat(sixteen).isLessThan(64 * Math.max(one, 5_000_000));
    }
  }

  @Test
  void lateSamplesOfOneSeriesInAnyOrderAreKept() {
    int n = 20_000;
    int[] order = new int[n];
    Random random = new Random(5);
    for (int i = 0; i < n; i++) {
      int at = random.nextInt(i + 1);
      order[i] = order[at];
      order[at] = i;
    }
    try (TsdbStorage db = open(dir)) {
      append(db, n, true, (_, i) -> TestDb.T0 + order[i] * 100L);
      append(db, n, true, (_, i) -> TestDb.T0 + order[i] * 100L); // again: all are known
      StoredSeries found =
          StoredSeries.select(db, 100, 0, Long.MAX_VALUE, Matcher.equal("__name__", "late")).get(0);
      assertThat(found.samples()).hasSize(n);
      for (int i = 0; i < n; i++) {
        StoredSeries.Sample s = found.samples().get((int) i);
        assertThat(s.timeMs()).isEqualTo(TestDb.T0 + i * 100L);
        assertThat(order[(int) s.value()]).isEqualTo(i);
      }
      assertThat(db.head().outOfOrder().bytes()).isEqualTo(n * SampleBytes.of(null));
      db.delete(
          java.util.List.of(java.util.List.of(Matcher.equal("__name__", "late"))),
          TestDb.T0 + 500_000,
          TestDb.T0 + 999_999);
      assertThat(db.head().outOfOrder().bytes()).isEqualTo((n - 5000) * SampleBytes.of(null));
    }
  }

  @Test
  void goIntoBlocksWhenHalfOfTheRoomIsUsed() {
    int n = 10_000;
    TsdbStorage db = open(dir);
    db.head().outOfOrderRoom(n * SampleBytes.of(null));
    append(db, n * 2 / 5, true, (_, i) -> TestDb.T0 + i * 1000L);
    db.maintain();
    assertThat(db.blocks().list()).isEmpty();
    append(db, n, true, (_, i) -> TestDb.T0 + i * 1000L); // those before are known
    SampleBatch more = new SampleBatch(1);
    more.add(db.resolve(TestDb.series("late", 0)), TestDb.T0 + n * 1000L, 1);
    assertThat(db.append(more).code(0)).isEqualTo(AppendResult.NO_ROOM);
    // in the head's range, in order and then once more out of order: the first is what counts
    long inOrderMs = TestDb.T0 + HOURS * TestDb.HOUR;
    TestDb.append(db, TestDb.series("late", 0), inOrderMs, 1);
    TestDb.append(db, TestDb.series("late", 0), inOrderMs + 1, 2);
    db.maintain();
    TestDb.append(db, TestDb.series("late", 0), inOrderMs, 3);
    db.head().outOfOrderRoom(1);
    db.maintain();
    assertThat(db.head().outOfOrder().isEmpty()).isTrue();
    assertThat(db.blocks().list()).isNotEmpty().allMatch(b -> b.meta.outOfOrder());
    check(db, n, inOrderMs);
    TestDb.append(db, TestDb.series("newest", 0), inOrderMs + 60_000, 2);
    db.close();
    db = TestDb.open(dir);
    assertThat(db.head().minValidMs()).as("of blocks in order only").isLessThan(TestDb.T0);
    check(db, n, inOrderMs);
    db.maintain();
    check(db, n, inOrderMs);
    db.close();
  }

  private static void check(TsdbStorage db, int late, long inOrderMs) {
    StoredSeries found =
        StoredSeries.select(db, 100, 0, Long.MAX_VALUE, Matcher.equal("__name__", "late")).get(0);
    assertThat(found.samples()).hasSize(late + 2);
    assertThat(found.samples().get(late).timeMs()).isEqualTo(inOrderMs);
    assertThat(found.samples().get(late).value()).isEqualTo(1);
  }
}
