package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.Ulid;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.storage.StoredSeries;
import io.narthex.testkit.storage.TestStorageContext;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockTest {
  private static final WalFiles FILES = new WalFiles(true);
  private static final long T0 = TestDb.T0;
  private static final long HOUR = TestDb.HOUR;
  private static final List<List<Matcher>> ALL = List.of(List.of(Matcher.equal("__name__", "m")));

  @TempDir Path dir;

  private static void fill(TsdbStorage db, long from, long to, int series) {
    SampleBatch batch = new SampleBatch(series);
    for (long t = from; t < to; t += 60_000) {
      batch.clear();
      for (int i = 0; i < series; i++) {
        batch.add(db.resolve(TestDb.series("m", i)), t, (t - T0) / 1000.0 + i * 0.25);
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  private TestStorageContext context() {
    return new TestStorageContext(dir, 1L << 50, new FakeClock(T0));
  }

  @Test
  void probeAlongsideTheOwnerChangesNothing() {
    TsdbStorageProvider provider = new TsdbStorageProvider();
    provider.probe(TsdbConfig.DEFAULT, context()); // an empty folder
    assertThat(dir).isEmptyDirectory();
    TsdbStorage db = TestDb.open(dir);
    fill(db, T0, T0 + 7 * HOUR, 5);
    db.maintain();
    List<StoredSeries> before = TestDb.all(db);
    provider.probe(TsdbConfig.DEFAULT, context());
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  /** Else an update would be refused exactly when a restart would serve. */
  @Test
  void probeAcceptsWhatAStartServesAndRefusesAnotherFormat() throws IOException {
    TsdbStorageProvider provider = new TsdbStorageProvider();
    TsdbStorage db = TestDb.open(dir);
    fill(db, T0, T0 + 7 * HOUR, 5);
    db.maintain();
    List<Path> blocks =
        db.blocks().list().stream().map(b -> dir.resolve("blocks").resolve(b.meta.id())).toList();
    assertThat(blocks).hasSizeGreaterThan(1);
    Path block = blocks.getFirst();
    db.close();
    Files.write(block.resolve("index"), new byte[] {1, 2, 3});
    provider.probe(TsdbConfig.DEFAULT, context());
    assertThat(block).as("probe only looks").exists();
    Map<Path, byte[]> whole = new HashMap<>();
    for (Path other : blocks.subList(1, blocks.size())) {
      Path index = other.resolve("index");
      whole.put(index, Files.readAllBytes(index));
      Files.write(index, new byte[3]);
    }
    assertThatThrownBy(() -> provider.probe(TsdbConfig.DEFAULT, context()))
        .as("it is not likely that all are damaged")
        .isInstanceOf(StorageException.Corrupt.class)
        .hasMessageContaining("index");
    for (Map.Entry<Path, byte[]> e : whole.entrySet()) {
      Files.write(e.getKey(), e.getValue());
    }
    TsdbStorage again = TestDb.open(dir);
    assertThat(again.blocks().setAside()).isEqualTo(1);
    assertThat(TestDb.all(again)).isNotEmpty();
    again.close();
    provider.probe(TsdbConfig.DEFAULT, context());
    Files.writeString(dir.resolve("tsdb.version"), "narthex tsdb 9\n");
    assertThatThrownBy(() -> provider.probe(TsdbConfig.DEFAULT, context()))
        .isInstanceOf(StorageException.Unusable.class)
        .hasMessageContaining("format is \"narthex tsdb 9\"");
  }

  @Test
  void makesBlocksOfTheOldPartOfTheHead() {
    TsdbStorage db = TestDb.open(dir);
    fill(db, T0, T0 + 7 * HOUR, 5);
    List<StoredSeries> before = TestDb.all(db);
    db.maintain();
    assertThat(db.blocks().list()).hasSize(2);
    assertThat(db.blocks().list().get(0).meta.minTimeMs()).isEqualTo(T0);
    assertThat(db.blocks().list().get(1).meta.maxTimeMs()).isEqualTo(T0 + 4 * HOUR);
    assertThat(TestDb.all(db)).isEqualTo(before);
    assertThat(db.stats(3).headMinTimeMs()).isEqualTo(T0 + 4 * HOUR);
    assertThat(db.stats(3).minTimeMs()).isEqualTo(T0);
    assertThat(FILES.segments(dir)).hasSize(1);
    assertThat(FILES.checkpoints(dir)).hasSize(1);
    assertThat(StoredSeries.select(db, 10, T0 + HOUR, T0 + 5 * HOUR, regex("i", "3|4")))
        .hasSize(2)
        .allMatch(s -> s.samples().size() == 4 * 60 + 1);
    db.crash();
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(before);
    assertThat(TestDb.append(again, TestDb.series("m", 0), T0 + 4 * HOUR - 1, 1))
        .isEqualTo(AppendResult.OUT_OF_BOUNDS);
    assertThat(TestDb.append(again, TestDb.series("m", 0), T0 + 7 * HOUR, 1)).isZero();
    again.close();
  }

  private static double figure(Map<String, Double> statistics, String name) {
    return Objects.requireNonNull(statistics.get(name));
  }

  @Test
  void compactionsAndChunksOfTheHeadAreMeasured() {
    TsdbStorage db = TestDb.open(dir);
    fill(db, T0, T0 + 7 * HOUR, 5);
    Map<String, Double> before = db.stats(0).counters();
    assertThat(before).containsEntry("compaction_chunk_samples_count", 0.0);
    assertThat(before.get("head_chunks_created_total")).isEqualTo(before.get("head_chunks"));
    db.maintain();
    Map<String, Double> after = db.stats(0).counters();
    double chunks = db.blocks().list().stream().mapToLong(b -> b.meta.chunks()).sum();
    assertThat(chunks).isPositive();
    assertThat(after)
        .containsEntry("compactions_total", 2.0)
        .containsEntry("compaction_duration_seconds_count", 2.0)
        .containsEntry("compaction_duration_seconds_bucket{le=\"8192.0\"}", 2.0)
        .containsEntry("compaction_chunk_samples_count", chunks)
        .containsEntry("compaction_chunk_samples_sum", 5.0 * 4 * 60)
        .containsEntry("compaction_chunk_size_bytes_count", chunks)
        .containsEntry("compaction_chunk_range_seconds_count", chunks)
        .containsEntry("head_gc_duration_seconds_count", 2.0);
    assertThat(after.get("compaction_chunk_size_bytes_sum")).isGreaterThan(chunks);
    assertThat(after.get("head_chunks_removed_total")).isGreaterThanOrEqualTo(0);
    assertThat(
            figure(after, "head_chunks_created_total") - figure(after, "head_chunks_removed_total"))
        .isEqualTo(after.get("head_chunks"));
    fill(db, T0 + 7 * HOUR, T0 + 16 * HOUR, 5);
    db.maintain();
    Map<String, Double> merged = db.stats(0).counters();
    assertThat(merged.get("compactions_total")).isGreaterThan(5);
    assertThat(merged)
        .as("chunks of merged blocks are not new ones")
        .containsEntry("compaction_chunk_samples_sum", 5.0 * 14 * 60);
    assertThat(merged.get("head_chunks_created_total"))
        .isGreaterThanOrEqualTo(after.get("head_chunks_created_total"));
    db.close();
  }

  @Test
  void forcingTheLogToTheDiskIsMeasured() {
    TsdbStorage db = TestDb.open(dir);
    assertThat(db.stats(0).counters()).containsEntry("wal_fsync_duration_seconds_count", 0.0);
    assertThat(db.stats(0).counters().get("wal_fsync_duration_seconds{quantile=\"0.99\"}")).isNaN();
    db.reconfigure(
        new TsdbConfig(
            Duration.ZERO,
            new ByteSize(0),
            Duration.ofHours(2),
            Duration.ZERO,
            Duration.ZERO,
            "always",
            new ByteSize(1 << 20),
            1000,
            false));
    fill(db, T0, T0 + HOUR, 1);
    Map<String, Double> statistics = db.stats(0).counters();
    assertThat(statistics).containsEntry("wal_fsync_duration_seconds_count", 60.0);
    assertThat(statistics.get("wal_fsync_duration_seconds{quantile=\"0.5\"}"))
        .isBetween(0.0, statistics.get("wal_fsync_duration_seconds_sum"));
    db.delete(ALL, T0, T0 + HOUR / 2);
    assertThat(db.stats(0).counters())
        .as("a delete is acknowledged when it is on the disk")
        .containsEntry("wal_fsync_duration_seconds_count", 61.0);
    db.close();
  }

  private static Matcher regex(String name, String pattern) {
    return TestDb.regex(name, pattern);
  }

  @Test
  void losesNothingInACrashBetweenBlockAndLog() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, T0, T0 + 4 * HOUR, 3);
    List<StoredSeries> before = TestDb.all(db);
    Path log = FILES.wal(dir).resolve(FILES.segment(1));
    byte[] bytes = Files.readAllBytes(log);
    db.maintain();
    assertThat(db.blocks().list()).hasSize(1);
    db.crash();
    // the block is there, the WAL as if it had not been truncated yet
    for (int n : FILES.checkpoints(dir)) {
      Files.delete(FILES.head(dir).resolve(FILES.checkpoint(n)));
    }
    Files.write(log, bytes);
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(before);
    again.close();
  }

  @Test
  void mergesBlocksInLevels() {
    TsdbStorage db = TestDb.open(dir);
    List<StoredSeries> before = null;
    for (int h = 0; h < 30; h += 3) {
      fill(db, T0 + h * HOUR, T0 + (h + 3) * HOUR, 4);
      before = TestDb.all(db);
      db.maintain();
      assertThat(TestDb.all(db)).isEqualTo(before);
    }
    assertThat(db.blocks().list().stream().mapToInt(b -> b.meta.level()).max()).hasValue(3);
    assertThat(db.blocks().list().size()).isLessThan(8);
    long end = Long.MIN_VALUE;
    for (Block b : db.blocks().list()) {
      assertThat(b.meta.minTimeMs()).isGreaterThanOrEqualTo(end);
      end = b.meta.maxTimeMs();
      assertThat(b.meta.sources()).isNotEmpty();
    }
    assertThat(db.stats(0).blocks())
        .extracting(StorageStats.Block::sources)
        .containsExactlyElementsOf(db.blocks().list().stream().map(b -> b.meta.sources()).toList());
    int count = db.blocks().list().size();
    db.close();
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(before);
    again.close();
    assertThat(dir.resolve("blocks")).isDirectoryContaining(p -> Ulid.isUlid(name(p)));
    try (Stream<Path> folders = Files.list(dir.resolve("blocks"))) {
      assertThat(folders.count()).isEqualTo(count);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String name(Path p) {
    return p.getFileName().toString();
  }

  @Test
  void keepsABlockReadableWhileItIsReplaced() {
    TsdbStorage db = TestDb.open(dir);
    fill(db, T0, T0 + 12 * HOUR, 3);
    List<StoredSeries> before = TestDb.all(db);
    Block first;
    try (SeriesCursor cursor =
        db.select(SelectRequest.of(ALL.get(0), Long.MIN_VALUE, Long.MAX_VALUE))) {
      db.maintain();
      first = db.blocks().list().get(0);
      assertThat(cursor.nextSeries()).isTrue();
      assertThat(StoredSeries.read(cursor, 50)).isEqualTo(before.get(0));
    }
    try (SeriesCursor cursor =
        db.select(SelectRequest.of(ALL.get(0), Long.MIN_VALUE, Long.MAX_VALUE))) {
      fill(db, T0 + 12 * HOUR, T0 + 24 * HOUR, 3);
      db.maintain();
      db.delete(ALL, T0, T0 + HOUR);
      db.cleanTombstones();
      assertThat(db.blocks().list()).doesNotContain(first);
      assertThat(first.folder).exists();
      for (StoredSeries s : before) {
        assertThat(cursor.nextSeries()).isTrue();
        assertThat(StoredSeries.read(cursor, 50)).isEqualTo(s);
      }
      assertThat(cursor.nextSeries()).isFalse();
    }
    assertThat(first.folder).doesNotExist();
    db.close();
  }

  @Test
  void dropsBlocksByTimeAndSize() {
    TsdbStorage db =
        TestDb.open(dir, TestDb.config(Duration.ofHours(10), 0, Duration.ZERO, 1 << 20));
    fill(db, T0, T0 + 24 * HOUR, 3);
    db.maintain();
    List<Block> blocks = db.blocks().list();
    long newest = blocks.get(blocks.size() - 1).meta.maxTimeMs();
    assertThat(blocks).allMatch(b -> newest - b.meta.maxTimeMs() < 10 * HOUR);
    assertThat(db.counters().get("time_retentions_total")).isPositive();
    long size = blocks.stream().mapToLong(b -> b.bytes).sum();
    db.reconfigure(TestDb.config(Duration.ofHours(10), size / 2 + 100_000, Duration.ZERO, 1 << 20));
    db.reconfigure(TestDb.config(Duration.ofHours(10), 1, Duration.ZERO, 1 << 20));
    db.maintain();
    assertThat(db.blocks().list()).isEmpty();
    assertThat(TestDb.all(db)).hasSize(3);
    db.close();
  }

  @Test
  void hidesAndRemovesDeletedSamplesOfBlocks() {
    TsdbStorage db = TestDb.open(dir);
    fill(db, T0, T0 + 7 * HOUR, 3);
    db.maintain();
    db.delete(List.of(List.of(Matcher.equal("i", "1"))), T0 + HOUR, T0 + 5 * HOUR);
    db.delete(List.of(List.of(Matcher.equal("i", "2"))), Long.MIN_VALUE, Long.MAX_VALUE);
    List<StoredSeries> after = TestDb.all(db);
    assertThat(after).hasSize(2);
    assertThat(after.get(1).samples()).hasSize(7 * 60 - 4 * 60 - 1);
    db.crash();
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(after);
    again.cleanTombstones();
    assertThat(TestDb.all(again)).isEqualTo(after);
    assertThat(again.blocks().list()).allMatch(b -> b.tombstones().size() == 0);
    fill(again, T0 + 7 * HOUR, T0 + 12 * HOUR, 3);
    again.maintain();
    assertThat(TestDb.all(again)).hasSize(3);
    assertThat(TestDb.all(again).get(1).samples()).hasSize(12 * 60 - 4 * 60 - 1);
    again.close();
  }

  @Test
  void aDeleteOlderThanTheHeadLeavesNothingInIt() {
    TsdbStorage db = TestDb.open(dir);
    fill(db, T0, T0 + 7 * HOUR, 3);
    db.maintain();
    db.delete(ALL, T0, T0 + 4 * HOUR - 1);
    assertThat(db.head().tombstones().size()).isZero();
    assertThat(TestDb.all(db)).allSatisfy(s -> assertThat(s.samples()).hasSize(3 * 60));
    db.delete(ALL, T0, T0 + 4 * HOUR);
    assertThat(db.head().tombstones().size()).isEqualTo(3);
    assertThat(TestDb.all(db)).allSatisfy(s -> assertThat(s.samples()).hasSize(3 * 60 - 1));
    db.close();
  }

  @Test
  void takesLateSamplesWithinTheWindow() {
    TsdbConfig config = TestDb.config(Duration.ZERO, 0, Duration.ofHours(3), 1 << 20);
    TsdbStorage db = TestDb.open(dir, config);
    fill(db, T0, T0 + 5 * HOUR, 2);
    Labels a = TestDb.series("m", 0);
    Labels fresh = TestDb.series("m", 9);
    assertThat(TestDb.append(db, a, T0 + 3 * HOUR + 1, 7)).isEqualTo(AppendResult.OK);
    assertThat(TestDb.append(db, a, T0 + 3 * HOUR + 1, 7)).isEqualTo(AppendResult.OK);
    assertThat(TestDb.append(db, a, T0 + 3 * HOUR + 1, 8)).isEqualTo(AppendResult.OK);
    assertThat(TestDb.append(db, fresh, T0 + 2 * HOUR + 30, 8)).isEqualTo(AppendResult.OK);
    assertThat(TestDb.append(db, a, T0 + HOUR, 8)).isEqualTo(AppendResult.TOO_OLD);
    List<StoredSeries> before = TestDb.all(db);
    assertThat(before).hasSize(3);
    assertThat(before.get(0).samples()).hasSize(5 * 60 + 1);
    db.crash();
    db = TestDb.open(dir, config);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.maintain();
    assertThat(TestDb.all(db)).isEqualTo(before);
    fill(db, T0 + 5 * HOUR, T0 + 8 * HOUR, 2);
    before = TestDb.all(db);
    db.maintain();
    assertThat(db.blocks().list().stream().noneMatch(b -> b.meta.outOfOrder())).isTrue();
    assertThat(db.counters().get("vertical_compactions_total")).isPositive();
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
    db = TestDb.open(dir, config);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  @Test
  void skipsGapsInTime() {
    TsdbStorage db = TestDb.open(dir);
    TestDb.append(db, TestDb.series("m", 0), 1000, 1);
    TestDb.append(db, TestDb.series("m", 1), T0, 1);
    TestDb.append(db, TestDb.series("m", 1), T0 + HOUR, 1);
    List<StoredSeries> before = TestDb.all(db);
    db.maintain();
    assertThat(TestDb.all(db)).isEqualTo(before);
    assertThat(db.stats(0).headMinTimeMs()).isEqualTo(T0);
    assertThat(db.blocks().list()).hasSize(1);
    db.close();
  }

  @Test
  void forgetsSeriesThatHaveNoSamplesLeftInTheHead() {
    TsdbStorage db = TestDb.open(dir);
    long gone = db.resolve(TestDb.series("gone", 0));
    TestDb.append(db, TestDb.series("gone", 0), T0, 1);
    fill(db, T0, T0 + 5 * HOUR, 2);
    db.maintain();
    assertThat(db.stats(0).headSeries()).isEqualTo(2);
    SampleBatch batch = new SampleBatch(1);
    batch.add(gone, T0 + 5 * HOUR, 1);
    assertThat(db.append(batch).code(0)).isEqualTo(AppendResult.UNKNOWN_SERIES);
    assertThat(TestDb.append(db, TestDb.series("gone", 0), T0 + 5 * HOUR, 2)).isZero();
    assertThat(db.labelValues("__name__", List.of(), T0, T0 + 9 * HOUR, 0))
        .containsExactly("gone", "m");
    List<StoredSeries> before = TestDb.all(db);
    assertThat(before.get(0).samples()).hasSize(2);
    db.crash();
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(before);
    again.close();
  }

  @Test
  void findsTheSameSeriesInABlockAsTheMatchersSay() {
    TsdbStorage db = TestDb.open(dir);
    List<Labels> series = new ArrayList<>();
    String[] odd = {"é", "日本", "\uD83D\uDE00", "a\nb", "a.b", "A", "", "x-1", "x+1", "[x]"};
    for (int i = 0; i < 300; i++) {
      Labels l =
          Labels.of(
              "__name__",
              "m",
              "pod",
              "web-" + i + "-" + (i * 7919 % 1000),
              "odd",
              odd[i % odd.length],
              "zone",
              "z" + i % 3);
      series.add(l);
      TestDb.append(db, l, T0 + i, i);
    }
    for (int i = 0; i < 70; i++) {
      Labels l = Labels.of("__name__", "m2", "odd", odd[i % odd.length] + (i / 10));
      series.add(l);
      TestDb.append(db, l, T0 + 1000 + i, i);
    }
    TestDb.append(db, TestDb.series("late", 0), T0 + 4 * HOUR, 1);
    series.add(TestDb.series("late", 0));
    String[] patterns = {
      "web-1.*",
      "web-[0-9]+-1\\d\\d",
      ".*9",
      "web-(1|2|3)-.*",
      "web-1?2-.*",
      ".+",
      ".*",
      "",
      "web-.{3,5}",
      "(?i)WEB-1.*",
      "web-1.*|nothing",
      "[^w].*",
      "é.?",
      "日本\\d",
      ".",
      "..",
      "a.b",
      "a\\.b.*",
      "[[:alpha:]]+",
      "x[-+]1",
      "\\[x\\]",
      "z[0-1]",
      "z0|z2",
      "(z0|z2)",
      "web-\\w+-\\d+",
      "a\nb",
      "[a-z]+.*",
      "\\Qa.b\\E",
      "web-1.*$",
      "^web-1.*",
      "web-1.*?",
      "\uD83D\uDE00.*",
      "\\x41",
      "web-(?:10|11)-[^1]+",
      "(web)?-?.*",
      "w*eb.*"
    };
    for (int round = 0; round < 2; round++) {
      for (String name : new String[] {"pod", "odd", "zone", "nothing"}) {
        for (String p : patterns) {
          String java = p.replace("[[:alpha:]]", "\\p{Alpha}");
          check(db, series, Matcher.regex(name, p, predicate(java)));
          check(db, series, Matcher.notRegex(name, p, predicate(java)));
        }
        check(db, series, Matcher.equal(name, "web-1-919"));
        check(db, series, Matcher.notEqual(name, "z1"));
        // few series are left when these are looked at
        for (String p : patterns) {
          String java = p.replace("[[:alpha:]]", "\\p{Alpha}");
          for (Matcher m :
              List.of(
                  Matcher.regex(name, p, predicate(java)),
                  Matcher.notRegex(name, p, predicate(java)),
                  Matcher.notEqual(name, "web-1-919"))) {
            checkBoth(db, series, Matcher.equal("pod", "web-1-919"), m);
          }
        }
      }
      db.maintain();
      assertThat(db.blocks().list()).hasSize(1);
    }
    db.close();
  }

  @Test
  void keepsLongValuesInADictionary() {
    TsdbStorage db = TestDb.open(dir);
    for (int i = 0; i < 100; i++) {
      Labels l = Labels.of("__name__", "m", "v", i + "x".repeat(i * 300));
      TestDb.append(db, l, T0 + i, i);
    }
    TestDb.append(db, TestDb.series("late", 0), T0 + 4 * HOUR, 1);
    List<StoredSeries> before = TestDb.all(db);
    db.maintain();
    assertThat(TestDb.all(db)).isEqualTo(before);
    assertThat(StoredSeries.select(db, 9, 0, Long.MAX_VALUE, regex("v", "9.*x")))
        .extracting(s -> s.samples().get(0).value())
        .containsExactlyInAnyOrder(9.0, 90.0, 91.0, 92.0, 93.0, 94.0, 95.0, 96.0, 97.0, 98.0, 99.0);
    db.close();
  }

  private static Predicate<String> predicate(String pattern) {
    java.util.regex.Pattern p =
        java.util.regex.Pattern.compile(pattern, java.util.regex.Pattern.DOTALL);
    return v -> p.matcher(v).matches();
  }

  private static void checkBoth(TsdbStorage db, List<Labels> series, Matcher a, Matcher b) {
    List<Labels> found = db.series(List.of(List.of(b, a)), Long.MIN_VALUE, Long.MAX_VALUE, 0);
    assertThat(found)
        .as(a + " " + b)
        .containsExactlyInAnyOrderElementsOf(
            series.stream().filter(l -> a.matches(l) && b.matches(l)).toList());
  }

  private static void check(TsdbStorage db, List<Labels> series, Matcher m) {
    List<Labels> expected =
        series.stream()
            .filter(l -> m.matches(l) && l.metricName().startsWith("m"))
            .sorted()
            .toList();
    List<Labels> found =
        db.series(
            List.of(List.of(m, TestDb.regex("__name__", "m.*"))),
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            0);
    List<Labels> missing = new ArrayList<>(expected);
    missing.removeAll(found);
    List<Labels> wrong = new ArrayList<>(found);
    wrong.removeAll(expected);
    assertThat(missing).as("missing for %s", m).isEmpty();
    assertThat(wrong).as("wrong for %s", m).isEmpty();
    assertThat(found).as("order for %s", m).isSortedAccordingTo(Labels::compareTo);
  }

  @Test
  void reportsDamagedBlocksWithFileAndOffset() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, T0, T0 + 4 * HOUR, 3);
    db.maintain();
    Path block = db.blocks().list().get(0).folder;
    db.close();
    flip(block.resolve("chunks"), 20);
    TsdbStorage again = TestDb.open(dir);
    assertThatThrownBy(() -> TestDb.all(again))
        .isInstanceOf(StorageException.Corrupt.class)
        .hasMessageContaining(block.resolve("chunks") + " at byte ");
    again.close();
    flip(block.resolve("chunks"), 20);
    Path aside = block.resolveSibling(block.getFileName() + ".damaged");
    long size = Files.size(block.resolve("index"));
    for (long at = 0; at < size; at += 37) {
      flip(block.resolve("index"), at);
      TsdbStorage without = TestDb.open(dir);
      assertThat(without.blocks().list()).as("flip at %s", at).isEmpty();
      assertThat(TestDb.all(without)).as("the head").hasSize(3);
      without.crash();
      assertThat(aside).exists();
      Files.move(aside, block);
      flip(block.resolve("index"), at);
    }
    TsdbStorage whole = TestDb.open(dir);
    assertThat(whole.blocks().list()).hasSize(1);
    assertThat(TestDb.all(whole).get(0).samples()).hasSize(4 * 60);
    whole.close();
  }

  private static void flip(Path path, long at) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(at);
      int b = file.read();
      file.seek(at);
      file.write(b ^ 0x10);
    }
  }
}
