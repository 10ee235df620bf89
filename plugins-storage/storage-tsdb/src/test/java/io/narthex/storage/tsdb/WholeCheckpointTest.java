package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.testkit.storage.StoredSeries;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The first checkpoints of format 2 held all rows and referred to no files of chunks. The files of
 * resources/whole-checkpoint were written at commit 459214c0 by {@link #fill}, a stop, a start, 20
 * more rows and a kill.
 */
class WholeCheckpointTest {
  private static final TsdbConfig CONFIG =
      TestDb.config(Duration.ofDays(400), 0, Duration.ofMinutes(10), 1 << 20);
  private static final List<String> FILES =
      List.of("tsdb.version", "head/00000002.checkpoint", "wal/00000002.wal", "wal/00000003.wal");
  private static final Labels HISTOGRAM = Labels.of("__name__", "h");

  @TempDir Path dir;

  private static void append(TsdbStorage db, int from, int to) {
    SampleBatch batch = new SampleBatch(4);
    for (int k = from; k < to; k++) {
      long t = TestDb.T0 + k * 15_000L;
      batch.clear();
      for (int i = 0; i < 3; i++) {
        batch.add(db.resolve(TestDb.series("m", i)), t, (k * 7919L * k) % 977 + i);
      }
      batch.add(
          db.resolve(HISTOGRAM),
          t,
          NativeHistogram.builder()
              .schema(1)
              .count(3.0 * k)
              .sum(k)
              .positive(new int[] {0, 2}, new double[] {k, 2.0 * k})
              .build());
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  /** What was in the checkpoint: 280 rows, two late ones, and a range that is deleted. */
  private static void fill(TsdbStorage db) {
    append(db, 0, 280);
    for (int i = 0; i < 2; i++) {
      assertThat(TestDb.append(db, TestDb.series("m", i), TestDb.T0 + 270 * 15_000L + 1, 5))
          .isZero();
    }
    db.delete(List.of(List.of(Matcher.equal("i", "2"))), TestDb.T0 + 150_000, TestDb.T0 + 300_000);
    append(db, 280, 300);
  }

  @Test
  void isReadAndReplaced() throws IOException {
    TsdbStorage fresh = TestDb.open(dir.resolve("fresh"), CONFIG);
    fill(fresh);
    append(fresh, 280, 300);
    List<StoredSeries> expected = TestDb.all(fresh);
    append(fresh, 300, 500);
    List<StoredSeries> continued = TestDb.all(fresh);
    fresh.close();
    Path old = TestDb.extract(dir.resolve("old"), "whole-checkpoint", FILES);
    TsdbStorage db = TestDb.open(old, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(expected);
    append(db, 300, 500);
    assertThat(TestDb.all(db)).isEqualTo(continued);
    db.close();
    db = TestDb.open(old, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(continued);
    assertThat(db.counters().get(Counters.damageOf("checkpoint"))).isZero();
    assertThat(db.counters().get(Counters.damageOf("wal"))).isZero();
    db.close();
  }
}
