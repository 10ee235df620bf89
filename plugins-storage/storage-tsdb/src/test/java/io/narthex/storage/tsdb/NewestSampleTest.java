package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Asked for the newest sample only, the storage gives that which is the last of all samples. */
class NewestSampleTest {
  private static final long STEP = 10_000;

  @TempDir Path dir;

  private static TreeMap<Labels, String> last(
      TsdbStorage db, long min, long max, SelectRequest.Hints hints) {
    TreeMap<Labels, String> found = new TreeMap<>();
    SampleTile tile = new SampleTile(7);
    SelectRequest request =
        new SelectRequest(List.of(Matcher.notEqual("__name__", "")), min, max, hints);
    try (SeriesCursor cursor = db.select(request)) {
      while (cursor.nextSeries()) {
        while (cursor.nextTile(tile)) {
          int i = tile.size - 1;
          Object value =
              tile.kind == SampleTile.Kind.FLOAT
                  ? Double.doubleToRawLongBits(tile.values[i])
                  : tile.histograms[i].count();
          found.put(cursor.labels(), tile.timesMs[i] + " " + value);
        }
      }
    }
    return found;
  }

  @Test
  void isTheLastOfAllSamplesAndInAnyOrderThereAreTheSameSeries() {
    Random random = new Random(11);
    try (TsdbStorage db =
        TestDb.open(dir, TestDb.config(Duration.ofDays(9), 0, Duration.ofHours(1), 1 << 20))) {
      int series = 30;
      int rows = 200;
      for (int i = 0; i < rows; i++) {
        SampleBatch batch = new SampleBatch(series);
        for (int s = 0; s < series; s++) {
          if (random.nextInt(4) == 0) {
            continue; // gaps
          }
          long time = TestDb.T0 + i * STEP - (random.nextInt(20) == 0 ? 7 * STEP : 0);
          long ref = db.resolve(TestDb.series("m", s));
          if (s % 5 == 0 && random.nextInt(3) == 0) {
            batch.add(ref, time, NativeHistogram.builder().schema(0).count(i).sum(i).build());
          } else {
            batch.add(ref, time, random.nextInt(9) == 0 ? StaleMarker.VALUE : i);
          }
        }
        var unused = db.append(batch);
        if (i == 150) {
          db.delete(List.of(List.of(Matcher.equal("i", "3"))), TestDb.T0, TestDb.T0 + 149 * STEP);
        }
      }
      db.delete(
          List.of(List.of(Matcher.equal("i", "4"))),
          TestDb.T0 + 190 * STEP,
          TestDb.T0 + 300 * STEP);
      for (int i = 0; i < 300; i++) {
        long max = TestDb.T0 + random.nextInt(rows + 20) * STEP - random.nextInt(2);
        long min = max - random.nextInt(300_000);
        SelectRequest.Hints newest =
            new SelectRequest.Hints(SelectRequest.Hints.NEWEST, 0, 0, false);
        TreeMap<Labels, String> expected = last(db, min, max, SelectRequest.Hints.NONE);
        assertThat(last(db, min, max, newest)).as(min + " to " + max).isEqualTo(expected);
        assertThat(last(db, min, max, newest.inAnyOrder())).isEqualTo(expected);
      }
    }
  }
}
