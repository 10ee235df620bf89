package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Matcher;
import io.narthex.spi.storage.AppendResult;
import io.narthex.testkit.storage.StoredSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutOfOrderDeletesTest {
  private static final long MINUTE = 60_000;
  private static final long T0 = TestDb.T0;
  private static final long LATE = T0 + 90 * MINUTE + 1;
  private static final TsdbConfig CONFIG =
      TestDb.config(Duration.ZERO, 0, Duration.ofHours(3), 1 << 20);

  @TempDir Path dir;

  private TsdbStorage db;

  @BeforeEach
  void fill() {
    db = TestDb.open(dir, CONFIG);
    append(0, 4 * 60);
  }

  private void append(int fromMinute, int toMinute) {
    for (int m = fromMinute; m < toMinute; m++) {
      assertThat(TestDb.append(db, TestDb.series("m", 0), T0 + m * MINUTE, m))
          .isEqualTo(AppendResult.OK);
    }
  }

  private void appendLate(double value) {
    assertThat(TestDb.append(db, TestDb.series("m", 0), LATE, value)).isEqualTo(AppendResult.OK);
  }

  private void delete() {
    db.delete(
        List.of(List.of(Matcher.equal("__name__", "m"))), T0 + 80 * MINUTE, T0 + 100 * MINUTE);
  }

  private void crash() {
    db.crash();
    db = TestDb.open(dir, CONFIG);
  }

  private List<Double> deleted() {
    return TestDb.all(db).stream()
        .map(StoredSeries::samples)
        .flatMap(List::stream)
        .filter(s -> s.timeMs() >= T0 + 80 * MINUTE && s.timeMs() <= T0 + 100 * MINUTE)
        .map(StoredSeries.Sample::value)
        .toList();
  }

  @Test
  void aDeletedSampleStaysDeletedOverFlushAndRestart() {
    appendLate(4711);
    assertThat(deleted()).hasSize(22);
    delete();
    assertThat(deleted()).isEmpty();
    crash();
    assertThat(deleted()).isEmpty();
    db.maintain();
    assertThat(db.blocks().list()).isNotEmpty();
    assertThat(deleted()).isEmpty();
    crash();
    assertThat(deleted()).isEmpty();
    append(4 * 60, 8 * 60);
    db.maintain();
    assertThat(deleted()).isEmpty();
    db.close();
  }

  @Test
  void aSampleThatArrivesAfterTheDeleteIsKept() {
    appendLate(1);
    delete();
    appendLate(2);
    assertThat(deleted()).containsExactly(2.0);
    crash();
    assertThat(deleted()).containsExactly(2.0);
    db.close();
    db = TestDb.open(dir, CONFIG);
    assertThat(deleted()).as("by way of a checkpoint").containsExactly(2.0);
    db.maintain();
    assertThat(deleted()).containsExactly(2.0);
    crash();
    assertThat(deleted()).containsExactly(2.0);
    db.close();
  }
}
