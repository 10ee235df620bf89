package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.testkit.storage.StoredSeries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code stale_series_compaction_threshold}. */
class EndedSeriesTest {
  private static final long T0 = TestDb.T0;
  private static final long HOUR = TestDb.HOUR;
  private static final int SERIES = 10;

  @TempDir Path dir;

  private static TsdbConfig config(double share) {
    return TestDb.config(Duration.ZERO, 0, Duration.ofHours(1), 1 << 20)
        .withStaleSeriesCompactionThreshold(share);
  }

  /** Fills two and a half hours, after which the given number of series end. */
  private static void fill(TsdbStorage db, int ended) {
    long end = T0 + 5 * HOUR / 2;
    for (long t = T0; t <= end; t += 5 * 60_000) {
      for (int i = 0; i < SERIES; i++) {
        double value = t == end && i < ended ? StaleMarker.VALUE : t % 977 + i;
        assertThat(TestDb.append(db, TestDb.series("m", i), t, value)).isZero();
      }
    }
  }

  private static long inHead(TsdbStorage db) {
    return db.stats(0).headSeries();
  }

  @Test
  void manyThatEndedLeaveTheHeadBeforeItIsLongEnough() {
    TsdbStorage db = TestDb.open(dir, config(0.5));
    fill(db, 5);
    List<StoredSeries> before = TestDb.all(db);
    assertThat(db.stats(0).counters()).containsEntry("head_stale_series", 5.0);
    db.maintain();
    assertThat(inHead(db)).isEqualTo(5);
    assertThat(db.stats(0).counters()).containsEntry("head_stale_series", 0.0);
    assertThat(db.blocks().list()).hasSize(2).allMatch(b -> b.meta.outOfOrder());
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.maintain();
    assertThat(db.blocks().list()).as("written once").hasSize(2);
    db.crash();
    db = TestDb.open(dir, config(0.5));
    assertThat(inHead(db)).as("the WAL has them no more").isEqualTo(5);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  @Test
  void fewStayAndSoDoAllWithoutAShare() {
    TsdbStorage db = TestDb.open(dir, config(0.5));
    fill(db, 4);
    db.maintain();
    assertThat(inHead(db)).isEqualTo(SERIES);
    db.reconfigure(config(0));
    db.maintain();
    assertThat(inHead(db)).isEqualTo(SERIES);
    db.reconfigure(config(0.4));
    db.maintain();
    assertThat(inHead(db)).isEqualTo(6);
    db.close();
  }

  @Test
  void oneThatBeginsAgainIsAllThere() {
    TsdbStorage db = TestDb.open(dir, config(0.1));
    fill(db, 5);
    Labels back = TestDb.series("m", 0);
    long reference = db.resolve(back);
    db.maintain();
    SampleBatch batch = new SampleBatch(1);
    batch.add(reference, T0 + 3 * HOUR, 42);
    assertThat(db.append(batch).code(0)).isEqualTo(AppendResult.UNKNOWN_SERIES);
    batch.ref(0, db.resolve(back));
    assertThat(db.append(batch).allOk()).isTrue();
    StoredSeries all = one(db, back);
    assertThat(all.samples()).hasSize(32);
    assertThat(all.samples().getLast().value()).isEqualTo(42);
    for (int h = 3; h < 8; h++) { // a block of the whole head, which is merged with the early one
      for (int i = 5; i < SERIES; i++) {
        assertThat(TestDb.append(db, TestDb.series("m", i), T0 + h * HOUR, h)).isZero();
      }
    }
    db.maintain();
    assertThat(db.blocks().list()).extracting(b -> b.meta.minTimeMs()).doesNotHaveDuplicates();
    assertThat(one(db, back)).isEqualTo(all);
    db.close();
  }

  private static StoredSeries one(TsdbStorage db, Labels labels) {
    List<StoredSeries> found =
        StoredSeries.select(
            db,
            100,
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            Matcher.equal("__name__", labels.get("__name__")),
            Matcher.equal("i", labels.get("i")));
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  /** Damage hides where the chunks of a series begin, and its id was another series' before. */
  @Test
  void anIdThatIsUsedAgainGetsNoChunksOfTheSeriesBefore() throws IOException {
    TsdbStorage db = TestDb.open(dir, config(0.1), LocalDisk.INSTANCE, 500);
    for (int k = 0; k <= 130; k++) {
      for (int i = 0; i < SERIES; i++) {
        double value = k == 130 && i < 5 ? StaleMarker.VALUE : k * 7919 % 977 + i;
        assertThat(TestDb.append(db, TestDb.series("m", i), T0 + k * 30_000, value)).isZero();
      }
    }
    db.maintain();
    assertThat(inHead(db)).isEqualTo(5);
    for (int k = 131; k < 300; k++) {
      for (int i = 0; i < 5; i++) {
        if (i == 0 || k < 180) { // one gets several chunks, some get none
          double value = -k * 7919 % 977 - i;
          assertThat(TestDb.append(db, TestDb.series("n", i), T0 + k * 30_000, value)).isZero();
        }
      }
    }
    assertThat(db.head().nextId()).as("ids are used again").isEqualTo(SERIES);
    Map<Labels, StoredSeries> before = new HashMap<>();
    TestDb.all(db).forEach(s -> before.put(s.labels(), s));
    db.close();
    List<Path> files;
    try (Stream<Path> all = Files.list(dir.resolve("head"))) {
      files = all.sorted().toList();
    }
    assertThat(files).hasSize(2);
    for (Path file : files) {
      byte[] whole = Files.readAllBytes(file);
      for (int at = 0; at < whole.length; at += 1 + whole.length / 100) {
        byte[] damaged = whole.clone();
        damaged[at] ^= 4;
        Files.write(file, damaged);
        db = TestDb.open(dir, config(0.1), LocalDisk.INSTANCE, 500);
        for (StoredSeries s : TestDb.all(db)) {
          assertThat(Objects.requireNonNull(before.get(s.labels())).samples())
              .as("%s, byte %s", file, at)
              .containsAll(s.samples());
        }
        db.crash();
      }
      Files.write(file, whole);
    }
  }

  /** They are in no block yet, and would be lost. */
  @Test
  void oneWithOutOfOrderSamplesStays() {
    TsdbStorage db = TestDb.open(dir, config(0.1));
    fill(db, 5);
    assertThat(TestDb.append(db, TestDb.series("m", 0), T0 + 2 * HOUR + 1, 3)).isZero();
    List<StoredSeries> before = TestDb.all(db);
    db.maintain();
    assertThat(inHead(db)).isEqualTo(6);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  @Test
  void histogramsEndToo() {
    TsdbStorage db = TestDb.open(dir, config(0.1));
    SampleBatch batch = new SampleBatch(2);
    long reference = db.resolve(TestDb.series("h", 0));
    batch.add(
        reference,
        T0,
        NativeHistogram.builder()
            .count(3)
            .sum(2)
            .positive(new int[] {0, 1}, new double[] {3})
            .build());
    batch.add(reference, T0 + 1000, NativeHistogram.stale());
    assertThat(db.append(batch).allOk()).isTrue();
    List<StoredSeries> before = TestDb.all(db);
    db.maintain();
    assertThat(inHead(db)).isZero();
    assertThat(db.blocks().list()).extracting((Block b) -> b.meta.samples()).containsExactly(2L);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }
}
