package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadEndTest {
  private static final long T0 = TestDb.T0;
  private static final long HOUR = TestDb.HOUR;

  @TempDir Path dir;

  private static void fill(TsdbStorage db, int series) {
    SampleBatch batch = new SampleBatch(series);
    for (int i = 0; i < series; i++) {
      batch.add(db.resolve(TestDb.series("m", i)), T0, i);
    }
    assertThat(db.append(batch).allOk()).isTrue();
  }

  private static SelectRequest request(Matcher matcher) {
    return SelectRequest.of(List.of(matcher), T0, T0 + HOUR);
  }

  @Test
  void nothingIsSelectedForNobody() {
    try (TsdbStorage db = TestDb.open(dir)) {
      fill(db, 10);
      SelectRequest left = request(Matcher.equal("__name__", "m")).until(() -> true);
      assertThatThrownBy(() -> db.select(left))
          .isInstanceOf(StorageException.Failed.class)
          .hasMessageContaining("nobody waits");
    }
  }

  /** A regex that no automaton knows is tried for each value. */
  @Test
  void theSearchForSeriesEndsInTheMiddle() {
    try (TsdbStorage db = TestDb.open(dir)) {
      fill(db, 20_000);
      AtomicInteger tried = new AtomicInteger();
      Matcher slow =
          Matcher.regex(
              "i",
              "\\b.+",
              value -> {
                tried.incrementAndGet();
                return true;
              });
      assertThatThrownBy(() -> db.select(request(slow).until(() -> tried.get() > 5_000)))
          .isInstanceOf(StorageException.Failed.class);
      assertThat(tried.get()).isBetween(5_000, 10_000);
    }
  }

  @Test
  void whatIsTakenOfTheHeadEndsInTheMiddleAndLeavesNothingBehind() {
    try (TsdbStorage db = TestDb.open(dir)) {
      fill(db, 20_000);
      AtomicInteger taken = new AtomicInteger();
      SelectMemory memory = bytes -> taken.incrementAndGet();
      SelectRequest request = request(Matcher.equal("__name__", "m"));
      assertThatThrownBy(() -> db.select(request.until(() -> taken.get() >= 3), memory))
          .isInstanceOf(StorageException.Failed.class);
      assertThat(taken.get()).isLessThan(6);
      try (SeriesCursor cursor = db.select(request)) {
        int series = 0;
        while (cursor.nextSeries()) {
          series++;
        }
        assertThat(series).isEqualTo(20_000);
      }
    }
  }

  /** Head, blocks and both; a series is passed once wherever it is. */
  @Test
  void seriesOfHeadAndBlocksArePassedInOrder() {
    try (TsdbStorage db = TestDb.open(dir)) {
      for (int h = 0; h < 12; h++) {
        for (int i = 0; i < 50; i++) {
          if (i % (h + 1) == 0) {
            assertThat(TestDb.append(db, TestDb.series("m", i), T0 + h * HOUR, i)).isZero();
          }
        }
      }
      db.maintain();
      assertThat(db.blocks().list()).isNotEmpty();
      List<List<Matcher>> sets = List.of(List.of(Matcher.equal("__name__", "m")));
      for (long from : new long[] {T0, T0 + 5 * HOUR, T0 + 11 * HOUR, T0 + 20 * HOUR}) {
        List<Labels> passed = new ArrayList<>();
        db.forEachSeries(sets, from, T0 + 30 * HOUR, 0, passed::add);
        assertThat(passed).isEqualTo(db.series(sets, from, T0 + 30 * HOUR, 0));
      }
    }
  }
}
