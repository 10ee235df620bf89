package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.SeriesPage;
import io.narthex.testkit.FakeClock;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
