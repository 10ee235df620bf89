package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.storage.StoredSeries;
import io.narthex.testkit.storage.TestStorageContext;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/** Small helpers of the tests. */
final class TestDb {
  static final long T0 = 1_699_999_200_000L;
  static final long HOUR = 3_600_000;
  private static int openings;

  private TestDb() {}

  /** Opens without background threads. */
  static TsdbStorage open(Path dir, TsdbConfig config) {
    openings++;
    return TsdbStorage.open(
        config,
        new TestStorageContext(dir, ((long) openings) << 40, new FakeClock(T0 + 1000 * 24 * HOUR)),
        false);
  }

  static TsdbStorage open(Path dir, TsdbConfig config, Disk disk) {
    openings++;
    return TsdbStorage.open(
        config,
        new TestStorageContext(dir, ((long) openings) << 40, new FakeClock(T0 + 1000 * 24 * HOUR)),
        false,
        disk);
  }

  /** Opens with small pages of chunks, so that tests fill many. */
  static TsdbStorage open(Path dir, TsdbConfig config, Disk disk, int pageBytes) {
    openings++;
    return TsdbStorage.open(
        config,
        new TestStorageContext(dir, ((long) openings) << 40, new FakeClock(T0 + 1000 * 24 * HOUR)),
        false,
        disk,
        pageBytes);
  }

  static TsdbStorage open(Path dir, TsdbConfig config, FakeClock clock) {
    openings++;
    return TsdbStorage.open(
        config, new TestStorageContext(dir, ((long) openings) << 40, clock), false);
  }

  static TsdbStorage open(Path dir) {
    return open(dir, TsdbConfig.DEFAULT);
  }

  static TsdbConfig config(Duration retention, long bytes, Duration outOfOrder, long segmentBytes) {
    return new TsdbConfig(
        retention,
        new ByteSize(bytes),
        Duration.ofHours(2),
        Duration.ZERO,
        outOfOrder,
        "never",
        new ByteSize(segmentBytes),
        1000,
        false);
  }

  static Labels series(String metric, int i) {
    return Labels.of("__name__", metric, "i", Integer.toString(i));
  }

  static byte append(TsdbStorage db, Labels labels, long timeMs, double value) {
    SampleBatch batch = new SampleBatch(1);
    batch.add(db.resolve(labels), timeMs, value);
    return db.append(batch).code(0);
  }

  static List<StoredSeries> all(TsdbStorage db) {
    return StoredSeries.select(
        db, 100, Long.MIN_VALUE, Long.MAX_VALUE, Matcher.notEqual("__name__", ""));
  }

  static Matcher regex(String name, String pattern) {
    Pattern p = Pattern.compile(pattern, Pattern.DOTALL);
    return Matcher.regex(name, pattern, v -> p.matcher(v).matches());
  }

  static Matcher notRegex(String name, String pattern) {
    Pattern p = Pattern.compile(pattern, Pattern.DOTALL);
    return Matcher.notRegex(name, pattern, v -> p.matcher(v).matches());
  }
}
