package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class OutOfOrderSelectTest {
  private static final long T0 = TestDb.T0;
  private static final long HOUR = TestDb.HOUR;

  @TempDir Path dir;

  /** With a walk over all series that have some, each select takes milliseconds. */
  @Test
  @Timeout(60)
  void selectReadsTheOutOfOrderSamplesOfItsOwnSeriesOnly() {
    TsdbStorage db =
        TestDb.open(dir, TestDb.config(Duration.ofHours(100), 0, Duration.ofHours(2), 64 << 20));
    int series = 100_000;
    for (long t : new long[] {T0 + HOUR, T0}) {
      SampleBatch batch = new SampleBatch(series);
      for (int i = 0; i < series; i++) {
        batch.add(db.resolve(TestDb.series("m", i)), t, i);
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
    for (int i = 0; i < series; i++) {
      SelectRequest one =
          SelectRequest.of(
              List.of(Matcher.equal("__name__", "m"), Matcher.equal("i", "" + i)), T0, T0 + HOUR);
      try (SeriesCursor cursor = db.select(one)) {
        assertThat(cursor.nextSeries()).isTrue();
      }
    }
    db.close();
  }
}
