package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.testkit.storage.StoredSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartZerosTest {
  private static final long T0 = TestDb.T0;
  private static final long HOUR = TestDb.HOUR;
  private static final Labels A = Labels.of("__name__", "a");
  private static final Labels B = Labels.of("__name__", "b");
  private static final Labels C = Labels.of("__name__", "c");

  @TempDir Path dir;

  private static void append(TsdbStorage db, Labels labels, long timeMs, double value, long zero) {
    SampleBatch batch = new SampleBatch(1);
    batch.zeroAt(batch.add(db.resolve(labels), timeMs, value), zero);
    assertThat(db.append(batch).allOk()).isTrue();
  }

  /** Between two samples it would be taken for a reset that never was. */
  @Test
  void aZeroIsNeverStoredOutOfOrder() {
    TsdbStorage db =
        TestDb.open(dir, TestDb.config(Duration.ZERO, 0, Duration.ofHours(1), 1 << 20));
    append(db, A, T0, 5, T0 - 1000);
    append(db, A, T0 + 1000, 6, T0 - 1000);
    append(db, A, T0 + 2000, 7, T0 + 500);
    SampleBatch batch = new SampleBatch(2);
    batch.add(db.resolve(A), T0 + 3000, 8);
    batch.zeroAt(batch.add(db.resolve(A), T0 + 4000, 9), T0 + 2500);
    assertThat(db.append(batch).allOk()).isTrue();
    StoredSeries want =
        StoredSeries.floats(
            A, T0 - 1000, 0.0, T0, 5.0, T0 + 1000, 6.0, T0 + 2000, 7.0, T0 + 3000, 8.0, T0 + 4000,
            9.0);
    assertThat(TestDb.all(db)).containsExactly(want);
    db.crash();
    try (TsdbStorage again = TestDb.open(dir)) {
      assertThat(TestDb.all(again)).containsExactly(want);
    }
  }

  @Test
  void aZeroThatIsTooOldIsLeftOutAndNotCounted() {
    try (TsdbStorage db = TestDb.open(dir)) {
      append(db, A, T0, 1, 0);
      append(db, B, T0, 5, T0 - HOUR - 1);
      assertThat(TestDb.all(db))
          .containsExactly(StoredSeries.floats(A, T0, 1.0), StoredSeries.floats(B, T0, 5.0));
      append(db, C, T0, 5, T0 - HOUR);
      assertThat(TestDb.all(db).get(2)).isEqualTo(StoredSeries.floats(C, T0 - HOUR, 0.0, T0, 5.0));
      assertThat(db.counters().get("out_of_bound_samples_total{type=\"float\"}")).isZero();
    }
  }

  @Test
  void codesAndExemplarsBelongToTheRowsOfTheBatch() {
    try (TsdbStorage db = TestDb.open(dir)) {
      append(db, B, T0, 1, 0);
      SampleBatch batch = new SampleBatch(3);
      batch.zeroAt(batch.add(db.resolve(A), T0, 5), T0 - 1000);
      batch.exemplar(
          batch.add(db.resolve(B), T0, 2), new Exemplar(Labels.of("t", "1"), 1, T0, true));
      batch.startTime(batch.add(db.resolve(B), T0 + 1000, 3), T0 - 7);
      AppendResult result = db.append(batch);
      assertThat(List.of(result.code(0), result.code(1), result.code(2)))
          .containsExactly(AppendResult.OK, AppendResult.DUPLICATE, AppendResult.OK);
      assertThat(db.exemplars(List.of(List.of()), Long.MIN_VALUE, Long.MAX_VALUE))
          .singleElement()
          .satisfies(e -> assertThat((Object) e.series()).isEqualTo(B));
      assertThat(TestDb.all(db).get(1).samples().get(1).startTimeMs()).isEqualTo(T0 - 7);
    }
  }

  /** The next batch, whose rows have no zeros, must not be taken for one that has. */
  @Test
  void aBatchAfterAnExpandedOneIsItself() {
    try (TsdbStorage db = TestDb.open(dir)) {
      append(db, A, T0, 5, T0 - 1000);
      assertThat(TestDb.append(db, A, T0 - 1, 5)).isEqualTo(AppendResult.OUT_OF_ORDER);
      assertThat(TestDb.all(db).get(0).samples()).hasSize(2);
    }
  }
}
