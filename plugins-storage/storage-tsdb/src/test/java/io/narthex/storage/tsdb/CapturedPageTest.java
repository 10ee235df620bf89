package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a query holds of the head before it reads. */
class CapturedPageTest {
  private static final int SERIES = 20_000;
  private static final int SAMPLES = 4;

  @TempDir Path dir;

  private static SeriesCursor select(TsdbStorage db) {
    return db.select(
        new SelectRequest(
            List.of(Matcher.equal("__name__", "m")),
            TestDb.T0,
            TestDb.T0 + TestDb.HOUR,
            new SelectRequest.Hints("", 0, 0, false)));
  }

  @Test
  void queryHoldsLittleOfEachSeriesBeforeItReads() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (TsdbStorage db = TestDb.open(dir)) {
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
      select(db).close(); // what is loaded at first does not count
      long before = threads.getCurrentThreadAllocatedBytes();
      try (SeriesCursor cursor = select(db)) {
        assertThat((threads.getCurrentThreadAllocatedBytes() - before) / SERIES).isLessThan(180);
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
}
