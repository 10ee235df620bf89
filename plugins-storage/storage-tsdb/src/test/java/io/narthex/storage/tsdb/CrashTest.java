package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.recovery.Checkpoint;
import io.narthex.testkit.storage.StoredSeries;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrashTest {
  static final long T0 = TestDb.T0;

  @TempDir Path dir;

  final WalFiles files = new WalFiles(framed());

  /** Whether the folder has format 3, as new ones do, and not format 1. */
  boolean framed() {
    return true;
  }

  @BeforeEach
  void makeFolder() {
    files.prepare(dir);
  }

  @Test
  void keepsEverythingAppendedWhenTheProcessIsKilled() {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 50);
    List<StoredSeries> before = TestDb.all(db);
    db.crash();
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(before);
    assertThat(again.counters().get("clean_start")).isZero();
    assertThat(again.counters().get("wal_corruptions_total")).isZero();
    again.close();
    TsdbStorage third = TestDb.open(dir);
    assertThat(TestDb.all(third)).isEqualTo(before);
    assertThat(third.counters().get("clean_start")).isEqualTo(1);
    third.close();
  }

  static void fill(TsdbStorage db, int batches) {
    fill(db, 0, batches);
  }

  static void fill(TsdbStorage db, int from, int to) {
    Random random = new Random(7);
    SampleBatch batch = new SampleBatch(8);
    for (int b = from; b < to; b++) {
      batch.clear();
      for (int i = 0; i < 4; i++) {
        long ref = db.resolve(TestDb.series("m", i + b / 10));
        long t = T0 + b * 15_000L;
        int row =
            i == 3 && b % 5 == 0
                ? batch.add(ref, t, NativeHistogram.builder().count(b).sum(b).build())
                : batch.add(ref, t, random.nextInt(3) == 0 ? random.nextGaussian() : b);
        if (i == 2) {
          batch.startTime(row, T0 - 5);
          batch.exemplar(row, new Exemplar(Labels.of("trace", "t" + b), b, t, true));
        }
      }
      assertThat(db.append(batch).code(0)).isEqualTo(AppendResult.OK);
    }
  }

  @Test
  void keepsEveryWholeRecordWhereverTheLogIsCut() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    Path segment = onlySegment();
    List<Long> ends = new ArrayList<>();
    List<List<StoredSeries>> states = new ArrayList<>();
    ends.add(Files.size(segment));
    states.add(List.of());
    for (int b = 1; b <= 12; b++) {
      fill(db, b - 1, b);
      ends.add(Files.size(segment));
      states.add(TestDb.all(db));
    }
    db.crash();
    byte[] whole = Files.readAllBytes(segment);
    for (int cut = 0; cut <= whole.length; cut++) {
      Path copy = dir.resolve("cut" + cut);
      Files.createDirectories(files.wal(copy));
      Files.write(
          files.wal(copy).resolve(segment.getFileName()), java.util.Arrays.copyOf(whole, cut));
      int expected = 0;
      while (expected + 1 < ends.size() && ends.get(expected + 1) <= cut) {
        expected++;
      }
      TsdbStorage cutDb = TestDb.open(copy);
      // format 2 has exemplars in a record of their own, behind the rows
      int next = framed() ? Math.min(expected + 1, states.size() - 1) : expected;
      assertThat(TestDb.all(cutDb))
          .as("cut at %s", cut)
          .isIn(states.get(expected), states.get(next));
      assertThat(cutDb.counters().get("wal_corruptions_total")).isZero();
      assertThat(TestDb.append(cutDb, TestDb.series("m", 0), T0 + 900_000, 1)).isZero();
      List<StoredSeries> after = TestDb.all(cutDb);
      cutDb.crash();
      if (cut % 10 == 0) {
        // what was appended behind the cut is not lost to a second crash
        TsdbStorage second = TestDb.open(copy);
        assertThat(TestDb.all(second)).isEqualTo(after);
        second.close();
      }
      Directories.deleteTree(LocalDisk.INSTANCE, copy);
    }
  }

  private Path onlySegment() {
    return files.wal(dir).resolve(files.segment(files.segments(dir).getFirst()));
  }

  @Test
  void skipsDamageInTheMiddleOfTheWalAndSaysSo() throws IOException {
    TsdbStorage db = TestDb.open(dir, TestDb.config(Duration.ZERO, 0, Duration.ZERO, 2000));
    fill(db, 200);
    int samples = samples(TestDb.all(db));
    db.crash();
    List<Integer> segments = files.segments(dir);
    assertThat(segments).hasSizeGreaterThan(3);
    Path damaged = files.wal(dir).resolve(files.segment(segments.get(2)));
    try (RandomAccessFile file = new RandomAccessFile(damaged.toFile(), "rw")) {
      file.seek(900);
      int b = file.read();
      file.seek(900);
      file.write(b ^ 0x55);
    }
    TsdbStorage again = TestDb.open(dir);
    assertThat(again.counters().get("wal_corruptions_total")).isEqualTo(1);
    List<StoredSeries> left = TestDb.all(again);
    if (framed()) {
      assertThat(samples(left)).isBetween(samples - 4 * 64, samples - 1);
      assertThat(dir.resolve("quarantine")).isNotEmptyDirectory();
    } else {
      assertThat(samples(left)).isBetween(samples - 4, samples - 1);
      assertThat(damaged.resolveSibling(damaged.getFileName() + ".cut")).exists();
    }
    assertThat(files.wal(dir).resolve(files.segment(segments.get(3)))).exists();
    fillLater(again);
    List<StoredSeries> more = TestDb.all(again);
    again.close();
    TsdbStorage third = TestDb.open(dir);
    assertThat(third.counters().get("wal_corruptions_total")).isZero();
    assertThat(TestDb.all(third)).isEqualTo(more);
    third.close();
  }

  static int samples(List<StoredSeries> series) {
    return series.stream().mapToInt(s -> s.samples().size()).sum();
  }

  @Test
  void aSegmentThatIsMissingInTheMiddleIsNoticed() throws IOException {
    TsdbStorage db = TestDb.open(dir, TestDb.config(Duration.ZERO, 0, Duration.ZERO, 700));
    fill(db, 40);
    db.crash();
    List<Integer> segments = files.segments(dir);
    Files.delete(files.wal(dir).resolve(files.segment(segments.get(2))));
    TsdbStorage again = TestDb.open(dir);
    assertThat(again.counters().get("wal_corruptions_total")).isEqualTo(1);
    assertThat(TestDb.all(again)).isNotEmpty();
    again.maintain();
    again.crash();
    TsdbStorage third = TestDb.open(dir, TestDb.config(Duration.ZERO, 0, Duration.ZERO, 700));
    assertThat(third.counters().get("wal_corruptions_total")).isZero();
    int first = files.checkpoints(dir).getLast();
    fill(third, 40, 60);
    third.crash();
    Files.delete(files.wal(dir).resolve(files.segment(first)));
    TsdbStorage fourth = TestDb.open(dir);
    assertThat(fourth.counters().get("wal_corruptions_total"))
        .as("the one that the checkpoint begins with")
        .isEqualTo(1);
    fourth.close();
  }

  @Test
  void aCheckpointThatIsMissingIsNoticed() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 40);
    db.close();
    Files.delete(files.head(dir).resolve(files.checkpoint(files.checkpoints(dir).getLast())));
    TsdbStorage again = TestDb.open(dir);
    assertThat(again.counters().get("narthex_tsdb_damaged_total{file=\"checkpoint\"}"))
        .isEqualTo(1);
    again.maintain(); // writes a new checkpoint
    again.crash();
    TsdbStorage third = TestDb.open(dir);
    assertThat(third.counters().get("narthex_tsdb_damaged_total{file=\"checkpoint\"}")).isZero();
    third.close();
  }

  @Test
  void zerosAtTheEndOfTheNewestSegmentAreNoDamage() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 20);
    List<StoredSeries> before = TestDb.all(db);
    Path segment = db.wal().path(db.wal().segment());
    db.crash();
    Files.write(segment, new byte[5000], java.nio.file.StandardOpenOption.APPEND);
    TsdbStorage again = TestDb.open(dir);
    assertThat(again.counters().get("wal_corruptions_total")).isZero();
    assertThat(TestDb.all(again)).isEqualTo(before);
    again.close();
  }

  private static void fillLater(TsdbStorage db) {
    for (int i = 0; i < 20; i++) {
      TestDb.append(db, TestDb.series("later", i), T0 + 1_000_000, i);
    }
  }

  @Test
  void recoversAfterACrashInTheMiddleOfASnapshot() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 60);
    List<StoredSeries> before = TestDb.all(db);
    db.crash();
    // a checkpoint that was not finished, and one that was while its segments were not deleted yet
    Files.write(files.head(dir).resolve(files.checkpoint(9) + ".tmp"), new byte[] {1, 2, 3});
    TsdbStorage second = TestDb.open(dir);
    Path segment = onlySegment();
    byte[] bytes = Files.readAllBytes(segment);
    second.close();
    Files.write(segment, bytes);
    TsdbStorage third = TestDb.open(dir);
    assertThat(TestDb.all(third)).isEqualTo(before);
    third.close();
  }

  /** It refused to start, and following its advice lost the whole head. */
  @Test
  void servesTheWholeRecordsOfADamagedCheckpoint() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 60);
    List<StoredSeries> before = TestDb.all(db);
    db.close();
    int number = files.checkpoints(dir).getLast();
    String name = files.checkpoint(number);
    byte[] whole = Files.readAllBytes(files.head(dir).resolve(name));
    for (int at = 0; at < whole.length; at += 23) {
      byte[] bytes = whole.clone();
      bytes[at] ^= (byte) (1 << at % 8);
      Path copy = dir.resolve("flipped" + at);
      Files.createDirectories(files.head(copy));
      Files.write(files.head(copy).resolve(name), bytes);
      TsdbStorage again = TestDb.open(copy);
      List<StoredSeries> found = TestDb.all(again);
      assertThat(before.stream().filter(s -> !found.contains(s)).count())
          .as("series that are not whole after a flip at %s", at)
          .isLessThanOrEqualTo(framed() ? Checkpoint.SERIES_OF_RECORD : 1);
      assertThat(again.counters().get("narthex_tsdb_damaged_total{file=\"checkpoint\"}"))
          .as("flip at %s", at)
          .isPositive();
      if (framed()) {
        assertThat(copy.resolve("quarantine")).isNotEmptyDirectory();
      } else {
        assertThat(copy.resolve("log").resolve(name + ".damaged")).hasBinaryContent(bytes);
      }
      again.maintain(); // writes a new checkpoint
      again.crash();
      TsdbStorage third = TestDb.open(copy);
      assertThat(TestDb.all(third)).as("flip at %s", at).isEqualTo(found);
      assertThat(third.counters().get("narthex_tsdb_damaged_total{file=\"checkpoint\"}")).isZero();
      third.crash();
      Directories.deleteTree(LocalDisk.INSTANCE, copy);
    }
  }

  @Test
  void servesWhatIsLeftOfACheckpointThatEndsEarly() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 60);
    db.close();
    int number = files.checkpoints(dir).getLast();
    Path checkpoint = files.head(dir).resolve(files.checkpoint(number));
    byte[] whole = Files.readAllBytes(checkpoint);
    int found = 0;
    for (int length : new int[] {0, 5, 8, whole.length / 2, whole.length - 1}) {
      Files.write(checkpoint, java.util.Arrays.copyOf(whole, length));
      TsdbStorage again = TestDb.open(dir);
      assertThat(TestDb.all(again)).hasSizeGreaterThanOrEqualTo(found);
      found = TestDb.all(again).size();
      again.crash();
    }
    assertThat(found).isPositive();
  }

  @Test
  void refusesAFolderThatIsInUse() {
    TsdbStorage db = TestDb.open(dir);
    assertThatThrownBy(() -> TestDb.open(dir))
        .isInstanceOf(StorageException.Unusable.class)
        .hasMessageContaining("another server");
    TestDb.append(db, TestDb.series("m", 0), T0, 1);
    db.close();
    TestDb.open(dir).close();
  }

  @Test
  void aFolderThatIsNotLockedCanBeOpenedTwice() {
    TsdbConfig d = TsdbConfig.DEFAULT;
    TsdbConfig unlocked =
        new TsdbConfig(
            d.retentionTime(),
            d.retentionSize(),
            d.minBlockDuration(),
            d.maxBlockDuration(),
            d.outOfOrderTimeWindow(),
            d.walFsync(),
            d.walSegmentSize(),
            d.maxExemplars(),
            true); // --storage.tsdb.no-lockfile
    TsdbStorage db = TestDb.open(dir, unlocked);
    TestDb.open(dir, unlocked).close();
    db.close();
  }

  @Test
  void refusesAFolderThatPrometheusWroteAndLeavesItAlone() throws IOException {
    for (String name : List.of("wal", "chunks_head", "01HF000000000000000000000A")) {
      Path root = dir.resolve("of-" + name);
      Files.createDirectories(root.resolve(name));
      Files.writeString(root.resolve(name).resolve("index"), "theirs");
      assertThatThrownBy(() -> TestDb.open(root))
          .isInstanceOf(StorageException.Unusable.class)
          .hasMessageContaining("Prometheus");
      try (Stream<Path> files = Files.walk(root)) {
        assertThat(files.count()).isEqualTo(3);
      }
    }
  }

  @Test
  void leavesForeignFilesAlone() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    Files.createDirectories(dir.resolve("narthex"));
    Files.writeString(dir.resolve("narthex/silences"), "host");
    Files.writeString(dir.resolve("blocks/notes.txt"), "mine");
    Files.createDirectories(dir.resolve("blocks/01HF000000000000000000000A.tmp"));
    fill(db, 10);
    db.close();
    TestDb.open(dir).close();
    assertThat(dir.resolve("narthex/silences")).hasContent("host");
    assertThat(dir.resolve("blocks/notes.txt")).hasContent("mine");
    assertThat(dir.resolve("blocks/01HF000000000000000000000A.tmp")).doesNotExist();
  }

  @Test
  void takesAppendsOfInterruptedThreads() throws InterruptedException {
    TsdbStorage db = TestDb.open(dir);
    Thread t =
        new Thread(
            () -> {
              Thread.currentThread().interrupt();
              for (int i = 0; i < 10; i++) {
                TestDb.append(db, TestDb.series("m", 0), T0 + i, i);
              }
            },
            "interrupted-writer");
    t.start();
    t.join();
    List<StoredSeries> before = TestDb.all(db);
    assertThat(before.get(0).samples()).hasSize(10);
    Thread.currentThread().interrupt();
    db.close();
    assertThat(Thread.interrupted()).isTrue();
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(before);
    assertThat(again.counters().get("clean_start")).isEqualTo(1);
    again.close();
  }
}
