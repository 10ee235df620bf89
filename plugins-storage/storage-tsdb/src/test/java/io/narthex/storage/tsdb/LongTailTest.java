package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

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
 * Earlier versions sealed eight small chunks at once, so that their checkpoints have tails of up to
 * seven. The files of resources/long-tail were written at commit 81d645ab by {@link #append} of 140
 * rows and a stop.
 */
class LongTailTest {
  private static final TsdbConfig CONFIG =
      TestDb.config(Duration.ofDays(400), 0, Duration.ofMinutes(10), 1 << 20);
  private static final List<String> FILES =
      List.of("tsdb.version", "head/00000002.checkpoint", "wal/00000002.wal");

  @TempDir Path dir;

  static void append(TsdbStorage db, int from, int to) {
    SampleBatch batch = new SampleBatch(8);
    for (int k = from; k < to; k++) {
      batch.clear();
      for (int i = 0; i < 8; i++) { // tails end at different times
        batch.add(
            db.resolve(TestDb.series("m", i)),
            TestDb.T0 + k * 15_000L,
            (k * 7919L * k) % 977 + i / 8.0);
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  @Test
  void isReadAndContinued() throws IOException {
    TsdbStorage fresh = TestDb.open(dir.resolve("fresh"), CONFIG);
    append(fresh, 0, 140);
    List<StoredSeries> expected = TestDb.all(fresh);
    append(fresh, 140, 300);
    List<StoredSeries> continued = TestDb.all(fresh);
    fresh.close();
    Path old = TestDb.extract(dir.resolve("old"), "long-tail", FILES);
    TsdbStorage db = TestDb.open(old, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(expected);
    append(db, 140, 300);
    assertThat(TestDb.all(db)).isEqualTo(continued);
    db.close();
    db = TestDb.open(old, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(continued);
    assertThat(db.counters().get(Counters.damageOf("checkpoint"))).isZero();
    assertThat(db.counters().get(Counters.damageOf("wal"))).isZero();
    db.close();
  }
}
