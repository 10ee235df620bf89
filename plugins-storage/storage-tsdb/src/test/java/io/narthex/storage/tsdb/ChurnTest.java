package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.SeriesPage;
import io.narthex.testkit.FakeClock;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Targets whose series change all the time, and which are gone then. */
class ChurnTest {
  private static final int ROUNDS = 10;
  private static final int SERIES = 2000;
  private static final Labels ALIVE = Labels.of("__name__", "up", "job", "alive");

  @TempDir Path folder;

  @Test
  void seriesOfTargetsThatAreGoneLeaveTheHead() {
    FakeClock clock = new FakeClock(TestDb.T0);
    TsdbStorage db = TestDb.open(folder, TsdbConfig.DEFAULT, clock);
    try {
      live(db, clock, Duration.ofMinutes(1));
      churn(db, clock);
      assertThat(db.stats(0).headSeries()).isEqualTo(ROUNDS * SERIES + 1);
      List<WeakReference<Object>> held = held(db);
      assertThat(held).hasSizeGreaterThan(ROUNDS * SERIES);
      live(db, clock, Duration.ofHours(8));
      assertThat(db.stats(0).headSeries()).isEqualTo(1);
      assertThat(db.stats(0).headLabelPairs()).isEqualTo(2);
      awaitGone(held);
      assertThat(
              db.series(List.of(List.of(Matcher.equal("__name__", "pod"))), 0, Long.MAX_VALUE, 0))
          .as("they are still in blocks")
          .hasSize(ROUNDS * SERIES);
    } finally {
      db.close();
    }
  }

  @Test
  void headTakesAsMuchAsItsLivingSeriesNeedWhateverThereHasBeen() {
    FakeClock clock = new FakeClock(TestDb.T0);
    TsdbStorage db = TestDb.open(folder, TsdbConfig.DEFAULT, clock);
    Set<Labels> lasting = new LinkedHashSet<>();
    int most = 0;
    for (int turn = 0; turn < 12; turn++) {
      // of each page one series stays
      for (int i = 0; i < SERIES; i++) {
        Labels labels = Labels.of("__name__", "pod", "id", "pod-" + turn + "-" + i);
        TestDb.append(db, labels, clock.millis(), i);
        if (turn < 4 && i % 500 == 0) {
          lasting.add(labels);
        }
      }
      for (int minute = 0; minute < 240; minute++) {
        lasting.forEach(l -> TestDb.append(db, l, clock.millis(), 1));
        clock.advance(Duration.ofMinutes(1));
      }
      db.maintain();
      most = Math.max(most, db.head().index().seriesCount());
    }
    Head head = db.head();
    assertThat(head.counters.get("head_series_created_total")).isEqualTo(12 * SERIES);
    assertThat(most).isLessThan(2 * SERIES);
    assertThat(head.nextId()).as("ids").isLessThan(3 * SERIES);
    int pages = 0;
    for (int id = 0; id < head.nextId(); id += SeriesPage.SIZE) {
      pages += head.page(id) == null ? 0 : 1;
    }
    assertThat(pages).isLessThanOrEqualTo(3 * SERIES / SeriesPage.SIZE + 1);
    for (Labels labels : lasting) {
      assertThat(
              db.select(
                      SelectRequest.of(
                          List.of(Matcher.equal("id", labels.get("id"))), 0, Long.MAX_VALUE))
                  .nextSeries())
          .isTrue();
    }
    db.close();
  }

  @Test
  void referenceToARemovedSeriesMeansNoOtherOne() {
    FakeClock clock = new FakeClock(TestDb.T0);
    try (TsdbStorage db = TestDb.open(folder, TsdbConfig.DEFAULT, clock)) {
      TestDb.append(db, ALIVE, clock.millis(), 0);
      Labels gone = Labels.of("__name__", "gone");
      long old = db.resolve(gone);
      TestDb.append(db, gone, clock.millis(), 0);
      live(db, clock, Duration.ofHours(8));
      Labels next = Labels.of("__name__", "next");
      long fresh = db.resolve(next);
      assertThat((int) fresh).as("id").isEqualTo((int) old);
      assertThat(fresh).isNotEqualTo(old);
      SampleBatch batch = new SampleBatch(2);
      batch.add(old, clock.millis(), 1);
      batch.add(fresh, clock.millis(), 2);
      AppendResult result = db.append(batch);
      assertThat(result.code(0)).isEqualTo(AppendResult.UNKNOWN_SERIES);
      assertThat(result.code(1)).isEqualTo(AppendResult.OK);
      assertThat(db.resolve(next)).isEqualTo(fresh);
      assertThat(db.resolve(gone)).isNotIn(old, fresh);
    }
  }

  /** Each round shows other series than the one before; after the last one the target is gone. */
  private static void churn(TsdbStorage db, FakeClock clock) {
    for (int round = 0; round < ROUNDS; round++) {
      long[] refs = new long[SERIES];
      for (int i = 0; i < SERIES; i++) {
        refs[i] = db.resolve(Labels.of("__name__", "pod", "id", "pod-" + round + "-" + i));
      }
      for (int scrape = 0; scrape < 2; scrape++) {
        SampleBatch batch = new SampleBatch(SERIES);
        for (long ref : refs) {
          batch.add(ref, clock.millis(), scrape);
        }
        assertThat(db.append(batch).allOk()).isTrue();
        clock.advance(Duration.ofSeconds(15));
      }
    }
  }

  /** One series continues. */
  private static void live(TsdbStorage db, FakeClock clock, Duration time) {
    for (long minute = 0; minute < time.toMinutes(); minute++) {
      TestDb.append(db, ALIVE, clock.millis(), minute);
      clock.advance(Duration.ofMinutes(1));
      if (minute % 60 == 59) {
        db.maintain();
      }
    }
  }

  /**
   * Returns what the head holds of series, but for two pages: that of the series that continues,
   * and the last one, which the next series will be in.
   */
  private static List<WeakReference<Object>> held(TsdbStorage db) {
    List<WeakReference<Object>> held = new ArrayList<>();
    Head head = db.head();
    SeriesPage first = head.page(0);
    SeriesPage last = head.page(ROUNDS * SERIES);
    for (int id = 1; id <= ROUNDS * SERIES; id++) {
      SeriesPage page = Objects.requireNonNull(head.page(id));
      held.add(new WeakReference<>(Objects.requireNonNull(head.pairs(id))));
      if (page != first && page != last && (id & SeriesPage.MASK) == 0) {
        held.add(new WeakReference<>(page));
      }
    }
    return held;
  }

  private static void awaitGone(List<WeakReference<Object>> held) {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (held.stream().anyMatch(r -> !r.refersTo(null))) {
      assertThat(System.nanoTime())
          .as("%s are still held", held.stream().filter(r -> !r.refersTo(null)).count())
          .isLessThan(deadline);
      System.gc();
    }
  }
}
