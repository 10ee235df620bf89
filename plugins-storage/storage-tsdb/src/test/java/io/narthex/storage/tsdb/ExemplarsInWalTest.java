package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SeriesExemplars;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExemplarsInWalTest {
  private static final long T0 = TestDb.T0;
  private static final Labels SERIES = TestDb.series("m", 0);

  @TempDir Path dir;

  private static Exemplar at(long timeMs) {
    return new Exemplar(Labels.of("trace", "x".repeat(100)), 1, timeMs, true);
  }

  /** Returns the bytes that a batch with these exemplars adds to the WAL. */
  private long logged(String name, int rejected, Exemplar... exemplars) {
    TsdbStorage db = TestDb.open(dir.resolve(name));
    assertThat(TestDb.append(db, SERIES, T0, 1)).isZero();
    long before = db.wal().bytesOnDisk();
    SampleBatch batch = new SampleBatch(1);
    int row = batch.add(db.resolve(SERIES), T0 + 1000, 1);
    for (Exemplar e : exemplars) {
      batch.exemplar(row, e);
    }
    AppendResult result = db.append(batch);
    assertThat(result.rejectedExemplars()).isEqualTo(rejected);
    long bytes = db.wal().bytesOnDisk() - before;
    db.crash();
    db = TestDb.open(dir.resolve(name));
    List<SeriesExemplars> kept = db.exemplars(List.of(List.of()), 0, Long.MAX_VALUE);
    assertThat(kept).singleElement().satisfies(k -> assertThat(k.exemplars()).hasSize(1));
    db.close();
    return bytes;
  }

  /** Those of one batch included: a sender repeats the same one with each bucket. */
  @Test
  void whatTheRingDoesNotTakeIsNotLogged() {
    long one = logged("one", 0, at(T0));
    assertThat(logged("same", 0, at(T0), at(T0), at(T0))).isEqualTo(one);
    assertThat(logged("older", 2, at(T0), at(T0 - 1), at(T0 - 2))).isEqualTo(one);
  }
}
