package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a query holds of the head before it reads. */
class CapturedPageTest {
  private static final int SERIES = 20_000;
  private static final int SAMPLES = 4;

  @TempDir Path dir;

  private static SeriesCursor select(TsdbStorage db, SelectMemory memory) {
    return db.select(
        SelectRequest.of(
            List.of(Matcher.equal("__name__", "m")), TestDb.T0, TestDb.T0 + TestDb.HOUR),
        memory);
  }

  private static void fill(TsdbStorage db) {
    long[] refs = new long[SERIES];
    for (int i = 0; i < SERIES; i++) {
      refs[i] = db.resolve(TestDb.series("m", i));
    }
    for (int t = 0; t < SAMPLES; t++) {
      SampleBatch batch = new SampleBatch(SERIES);
      for (long ref : refs) {
        batch.add(ref, TestDb.T0 + t * 1000L, t);
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  @Test
  void queryHoldsLittleOfEachSeriesBeforeItReads() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (TsdbStorage db = TestDb.open(dir)) {
      fill(db);
      select(db, SelectMemory.UNCOUNTED).close(); // what is loaded at first does not count
      long[] asked = new long[1];
      long before = threads.getCurrentThreadAllocatedBytes();
      try (SeriesCursor cursor = select(db, bytes -> asked[0] += bytes)) {
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(allocated / SERIES).isLessThan(180);
        assertThat((double) asked[0] / allocated).as("asked for").isBetween(0.9, 1.3);
        SampleTile tile = new SampleTile(10);
        int found = 0;
        while (cursor.nextSeries()) {
          assertThat(cursor.nextTile(tile)).isTrue();
          assertThat(tile.size).isEqualTo(SAMPLES);
          assertThat(tile.values[SAMPLES - 1]).isEqualTo(SAMPLES - 1);
          found++;
        }
        assertThat(found).isEqualTo(SERIES);
      }
    }
  }

  @Test
  void queryThatGetsNoMemoryCapturesNoMore() {
    try (TsdbStorage db = TestDb.open(dir)) {
      fill(db);
      IllegalStateException enough = new IllegalStateException("enough");
      AtomicLong asked = new AtomicLong();
      assertThatThrownBy(
              () -> {
                SeriesCursor _ =
                    select(
                        db,
                        bytes -> {
                          if (asked.addAndGet(bytes) > 500_000) {
                            throw new SelectMemory.Refused(enough);
                          }
                        });
              })
          .isInstanceOfSatisfying(
              SelectMemory.Refused.class, e -> assertThat(e.reason()).isSameAs(enough));
      assertThat(asked.get()).isLessThan(1_500_000); // a page more than allowed
      TestDb.append(db, TestDb.series("m", 0), TestDb.T0 + 60_000, 1); // no lock is held
      assertThat(TestDb.all(db)).hasSize(SERIES);
    }
  }
}
