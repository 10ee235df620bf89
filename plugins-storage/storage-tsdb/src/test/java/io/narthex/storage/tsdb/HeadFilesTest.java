package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.head.SpoiledChunks;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.FailingDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.recovery.Checkpoint;
import io.narthex.storage.tsdb.wal.FramedWal;
import io.narthex.testkit.storage.StoredSeries;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints refer to files of sealed chunks, so that they and a start cost as the series do. */
class HeadFilesTest {
  private static final int SERIES = 40;
  private static final int PAGE_BYTES = 4000;
  private static final long STEP = 10_000;

  @TempDir Path dir;

  private final Random random = new Random(11);

  private TsdbStorage open() {
    return open(Duration.ZERO, PAGE_BYTES);
  }

  private TsdbStorage open(Duration outOfOrder, int pageBytes) {
    return TestDb.open(
        dir, TestDb.config(Duration.ZERO, 0, outOfOrder, 1 << 20), LocalDisk.INSTANCE, pageBytes);
  }

  private void append(TsdbStorage db, int from, int to) {
    SampleBatch batch = new SampleBatch(SERIES);
    for (int k = from; k < to; k++) {
      batch.clear();
      for (int i = 0; i < SERIES; i++) {
        batch.add(db.resolve(TestDb.series("m", i)), TestDb.T0 + k * STEP, random.nextInt(1000));
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  private List<Path> chunkFiles() {
    Path head = dir.resolve("head");
    return FramedWal.numbers(LocalDisk.INSTANCE, head, Frame.Kind.CHUNKS).stream()
        .map(n -> head.resolve(Frame.Kind.CHUNKS.fileName(n)))
        .toList();
  }

  private Path checkpoint() {
    Path head = dir.resolve("head");
    int n = FramedWal.numbers(LocalDisk.INSTANCE, head, Frame.Kind.CHECKPOINT).getLast();
    return head.resolve(Frame.Kind.CHECKPOINT.fileName(n));
  }

  private String verify() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new FolderCheck(dir, new PrintStream(out, true, StandardCharsets.UTF_8)).run();
    return out.toString(StandardCharsets.UTF_8);
  }

  private static double damaged(TsdbStorage db, String kind) {
    return db.counters().get("narthex_tsdb_damaged_total{file=\"" + kind + "\"}");
  }

  private static void flip(Path file, long at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[(int) at] ^= 16;
    Files.write(file, bytes);
  }

  private static int samples(List<StoredSeries> all) {
    return all.stream().mapToInt(s -> s.samples().size()).sum();
  }

  @Test
  void filesOfChunksThatBlocksHaveAreGone() throws IOException {
    int hour = (int) (TestDb.HOUR / STEP);
    long most = 0;
    try (TsdbStorage db = open()) {
      for (int h = 0; h < 24; h++) {
        append(db, h * hour, (h + 1) * hour);
        db.maintain();
        long bytes = 0;
        for (Path file : chunkFiles()) {
          bytes += Files.size(file);
        }
        most = Math.max(most, bytes);
      }
      // three hours are in the head, and a file goes as a whole
      long perHour = (long) SERIES * hour * 2;
      assertThat(most).isBetween(perHour, 5 * perHour);
      assertThat(samples(TestDb.all(db))).isEqualTo(24 * hour * SERIES);
    }
  }

  @Test
  void everythingComesBackAfterACloseAndAfterAKill() throws IOException {
    TsdbStorage db = open(Duration.ofHours(1), PAGE_BYTES);
    append(db, 0, 300);
    TestDb.append(db, TestDb.series("late", 1), TestDb.T0 + 100 * STEP, 1);
    TestDb.append(db, TestDb.series("m", 1), TestDb.T0 + 5, 0.5);
    List<StoredSeries> before = TestDb.all(db);
    db.close();
    assertThat(chunkFiles()).isNotEmpty();
    assertThat(verify()).doesNotContain("damaged").contains(".chunks: ");
    db = open(Duration.ofHours(1), PAGE_BYTES);
    assertThat(TestDb.all(db)).isEqualTo(before);
    assertThat(db.head().minMs()).isEqualTo(TestDb.T0);
    assertThat(db.head().maxMs()).isEqualTo(TestDb.T0 + 299 * STEP);
    append(db, 300, 500);
    before = TestDb.all(db);
    db.maintain();
    db.crash();
    db = open(Duration.ofHours(1), PAGE_BYTES);
    assertThat(TestDb.all(db)).as("replayed behind the checkpoint").isEqualTo(before);
    append(db, 500, 700);
    before = TestDb.all(db);
    db.close();
    db = open(Duration.ofHours(1), PAGE_BYTES);
    assertThat(TestDb.all(db)).isEqualTo(before);
    assertThat(TestDb.append(db, TestDb.series("m", 0), TestDb.T0 + 699 * STEP, -1))
        .as("the newest sample is known")
        .isEqualTo(AppendResult.DUPLICATE);
    assertThat(damaged(db, "chunks") + damaged(db, "checkpoint") + damaged(db, "wal")).isZero();
    db.close();
  }

  @Test
  void histogramsComeBackInAllStates() {
    TsdbStorage db = open();
    Labels mixed = Labels.of("__name__", "mixed");
    for (int k = 0; k < 400; k++) {
      SampleBatch batch = new SampleBatch(1);
      long t = TestDb.T0 + k * STEP;
      NativeHistogram h = CrashModel.histogram(k);
      if (k / 20 % 2 == 0) {
        batch.add(db.resolve(mixed), t, k);
      } else {
        batch.add(db.resolve(mixed), t, h);
      }
      assertThat(db.append(batch).allOk()).isTrue();
      if (k % 7 == 0) {
        List<StoredSeries> before = TestDb.all(db);
        db.close();
        db = open();
        assertThat(TestDb.all(db)).as("row %s", k).isEqualTo(before);
        batch.clear();
        if (k / 20 % 2 == 0) {
          batch.add(db.resolve(mixed), t, h);
        } else {
          batch.add(db.resolve(mixed), t, CrashModel.histogram(k + 0.5));
        }
        assertThat(db.append(batch).code(0)).isEqualTo(AppendResult.DUPLICATE);
      }
    }
    db.close();
  }

  @Test
  void aCheckpointDoesNotGrowWithTheSamplesInSealedChunks() throws IOException {
    TsdbStorage db = open();
    int rows = 128; // each series has none that are not sealed
    append(db, 0, rows);
    db.close();
    long first = Files.size(checkpoint());
    db = open();
    append(db, rows, 4 * rows);
    db.close();
    assertThat(Files.size(checkpoint())).isBetween(first / 2, first + PAGE_BYTES / 4 + 400);
    assertThat(first).isLessThan(SERIES * 300L + PAGE_BYTES);
    long[] written = {0};
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    disk.observer(operation -> written[0] += operation.startsWith("write") ? 1 : 0);
    db =
        TestDb.open(dir, TestDb.config(Duration.ZERO, 0, Duration.ZERO, 1 << 20), disk, PAGE_BYTES);
    List<Path> files = chunkFiles();
    List<Long> times = new ArrayList<>();
    for (Path p : files) {
      times.add(Files.getLastModifiedTime(p).toMillis());
    }
    written[0] = 0;
    db.close();
    assertThat(written[0]).as("one segment, one checkpoint").isLessThan(5);
    assertThat(chunkFiles()).containsAll(files);
    for (int i = 0; i < files.size(); i++) {
      assertThat(Files.getLastModifiedTime(files.get(i)).toMillis()).isEqualTo(times.get(i));
    }
  }

  @Test
  void neitherACheckpointNorAStartDecodesSealedChunks() {
    TsdbStorage db = open();
    append(db, 0, 300);
    db.head().endPage();
    assertThat(SpoiledChunks.of(db.head())).isGreaterThanOrEqualTo(2 * SERIES);
    db.close();
    assertThat(checkpoint()).exists();
    db = open();
    assertThat(damaged(db, "chunks") + damaged(db, "checkpoint")).isZero();
    TsdbStorage read = db;
    assertThatThrownBy(() -> TestDb.all(read)).isInstanceOf(RuntimeException.class);
    db.crash();
  }

  @Test
  void manyCheckpointsMakeNoManySmallPages() throws IOException {
    for (int i = 0; i < 30; i++) {
      TsdbStorage db = open();
      append(db, i * 10, i * 10 + 10);
      db.close();
    }
    TsdbStorage db = open();
    int pages = db.head().chunkFiles().size();
    assertThat(pages).isLessThanOrEqualTo(chunkFiles().size());
    assertThat(db.head().chunks().bytes() / Math.max(1, pages)).isGreaterThan(PAGE_BYTES / 5);
    assertThat(samples(TestDb.all(db))).isEqualTo(SERIES * 300);
    db.close();
  }

  @Test
  void aFlippedBitInAFileOfChunksCostsOneChunkAndIsReported() throws IOException {
    TsdbStorage db = open();
    append(db, 0, 600);
    List<StoredSeries> before = TestDb.all(db);
    db.close();
    Path file = chunkFiles().getFirst();
    flip(file, Files.size(file) / 2 + 200);
    assertThat(verify()).contains("damaged  " + file + " at byte ");
    db = open();
    List<StoredSeries> after = TestDb.all(db);
    assertThat(samples(before) - samples(after)).isBetween(16, 128); // a first one is shorter
    assertThat(damaged(db, "chunks")).isEqualTo(1);
    try (Stream<Path> kept = Files.list(dir.resolve("quarantine"))) {
      assertThat(kept).hasSize(1);
    }
    append(db, 600, 700);
    after = TestDb.all(db);
    db.maintain();
    db.crash();
    db = open();
    assertThat(TestDb.all(db)).isEqualTo(after);
    db.close();
  }

  @Test
  void aMissingFileOfChunksCostsWhatItHeld() throws IOException {
    TsdbStorage db = open();
    for (int life = 0; life < 3; life++) { // each begins a file
      append(db, life * 300, life * 300 + 300);
      if (life < 2) {
        db.close();
        db = open();
      }
    }
    List<StoredSeries> before = TestDb.all(db);
    db.close();
    assertThat(chunkFiles()).hasSize(3);
    Path middle = chunkFiles().get(1);
    Files.delete(middle);
    assertThat(verify()).contains("damaged  " + middle + ": is missing");
    db = open();
    List<StoredSeries> after = TestDb.all(db);
    assertThat(damaged(db, "chunks")).isEqualTo(1);
    // a chunk that is begun in one life is sealed in the next
    assertThat(samples(after))
        .isBetween(samples(before) - SERIES * (300 + 128), samples(before) - SERIES * (300 - 128));
    for (int i = 0; i < SERIES; i++) {
      assertThat(before.get(i).samples()).containsAll(after.get(i).samples());
      assertThat(after.get(i).samples().getFirst()).isEqualTo(before.get(i).samples().getFirst());
      assertThat(after.get(i).samples().getLast()).isEqualTo(before.get(i).samples().getLast());
    }
    db.close();
    db = open();
    assertThat(TestDb.all(db)).as("once more, past the gap").isEqualTo(after);
    assertThat(damaged(db, "chunks")).isZero();
    db.close();
  }

  @Test
  void aFlippedBitInACheckpointLosesNoSealedChunk() throws IOException {
    TsdbStorage db = open();
    append(db, 0, 600);
    List<StoredSeries> before = TestDb.all(db);
    db.close();
    Path original = checkpoint();
    byte[] whole = Files.readAllBytes(original);
    Path copy = dir.resolve("copy");
    for (int at = 0; at < whole.length; at += whole.length / 25) {
      Files.createDirectories(copy);
      try (Stream<Path> all = Files.list(dir.resolve("head"))) {
        for (Path p : all.toList()) {
          Files.copy(p, copy.resolve(p.getFileName()));
        }
      }
      flip(original, at);
      db = open();
      List<StoredSeries> after = TestDb.all(db);
      int lost = samples(before) - samples(after);
      assertThat(after.size()).as("byte %s", at).isIn(SERIES, SERIES - Checkpoint.SERIES_OF_RECORD);
      if (after.size() == SERIES) {
        assertThat(lost).as("byte %s", at).isLessThanOrEqualTo(Checkpoint.SERIES_OF_RECORD * 127);
      }
      assertThat(damaged(db, "checkpoint")).as("byte %s", at).isPositive();
      db.crash();
      try (Stream<Path> all = Files.list(dir.resolve("head"))) {
        for (Path p : all.toList()) {
          Files.delete(p);
        }
      }
      try (Stream<Path> all = Files.list(copy)) {
        for (Path p : all.toList()) {
          Files.move(p, dir.resolve("head").resolve(p.getFileName()));
        }
      }
    }
  }

  @Test
  void filesGoWithTheirSamplesWhileAQueryReadsThem() throws IOException {
    TsdbStorage db = open(Duration.ZERO, 300); // files of 76 KB
    append(db, 0, 1000);
    db.head().spill(LocalDisk.INSTANCE, dir);
    append(db, 1000, 1400); // 3.9 hours: a block is due
    List<Path> early = chunkFiles();
    assertThat(early).isNotEmpty();
    try (SeriesCursor cursor =
        db.select(
            SelectRequest.of(
                List.of(Matcher.equal("__name__", "m")), TestDb.T0, TestDb.T0 + 5 * TestDb.HOUR))) {
      assertThat(cursor.nextSeries()).isTrue();
      db.maintain();
      assertThat(db.blocks().list()).hasSize(1);
      SampleTile tile = new SampleTile(100);
      int rows = 0;
      do {
        while (cursor.nextTile(tile)) {
          rows += tile.size;
        }
      } while (cursor.nextSeries());
      assertThat(rows).isEqualTo(SERIES * 1400);
    }
    append(db, 1400, 2600);
    db.maintain();
    append(db, 2600, 2700);
    List<StoredSeries> before = TestDb.all(db);
    db.close();
    assertThat(early.getFirst()).doesNotExist();
    assertThat(verify()).doesNotContain("damaged");
    db = open(Duration.ZERO, 300); // files of 76 KB
    assertThat(TestDb.all(db)).isEqualTo(before);
    assertThat(db.stats(0).counters().get("head_chunks_storage_size_bytes"))
        .isGreaterThanOrEqualTo(db.head().chunkFileBytes());
    db.close();
  }

  @Test
  void filesOfAKilledProcessThatNoCheckpointNamesAreDeleted() throws IOException {
    for (int life = 0; life < 3; life++) {
      TsdbStorage db = open();
      append(db, life * 300, life * 300 + 300);
      db.head().spill(LocalDisk.INSTANCE, dir);
      assertThat(chunkFiles()).hasSize(1);
      assertThat(samples(TestDb.all(db))).isEqualTo(SERIES * 300 * (life + 1));
      db.crash();
    }
  }

  @Test
  void folderViewsReadThem() throws IOException {
    try (TsdbStorage db = open()) {
      append(db, 0, 500);
      db.head().spill(LocalDisk.INSTANCE, dir);
      db.maintain();
      List<StoredSeries> all = TestDb.all(db);
      try (FolderView view = FolderView.of(dir)) {
        assertThat(TestDb.all(view.storage())).isEqualTo(all);
      }
      assertThat(db.snapshot(false)).isNotEmpty();
    }
    try (FolderView view = FolderView.of(dir)) {
      assertThat(samples(TestDb.all(view.storage()))).isEqualTo(SERIES * 500);
    }
  }

  @Test
  void aPageThatCannotBeWrittenMakesNoCheckpointAndLosesNothing() {
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    TsdbConfig config = TestDb.config(Duration.ZERO, 0, Duration.ZERO, 1 << 20);
    TsdbStorage db = TestDb.open(dir, config, disk, PAGE_BYTES);
    append(db, 0, 300);
    List<StoredSeries> before = TestDb.all(db);
    disk.failing(operation -> operation.endsWith(".chunks"));
    db.head().spill(disk, dir);
    assertThat(db.counters().get("mmap_chunks_failed_total")).isEqualTo(1);
    db.close();
    assertThat(FramedWal.numbers(disk, dir.resolve("head"), Frame.Kind.CHECKPOINT)).isEmpty();
    disk.failing(_ -> false);
    db = TestDb.open(dir, config, disk, PAGE_BYTES);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  @Test
  void aStartDoesNotBeginWhenAFileCannotBeMapped() {
    TsdbStorage db = open();
    append(db, 0, 300);
    db.close();
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    disk.failing(operation -> operation.startsWith("map") && operation.endsWith(".chunks"));
    TsdbConfig config = TestDb.config(Duration.ZERO, 0, Duration.ZERO, 1 << 20);
    assertThatThrownBy(() -> TestDb.open(dir, config, disk, PAGE_BYTES))
        .hasMessageContaining(".chunks: cannot be mapped");
    db = open();
    assertThat(samples(TestDb.all(db))).isEqualTo(SERIES * 300);
    db.close();
  }

  /** Returns where the records of a type begin. */
  private static List<Long> offsets(Path checkpoint, int wanted) throws IOException {
    List<Long> offsets = new ArrayList<>();
    FrameReader.read(
        LocalDisk.INSTANCE,
        checkpoint,
        Frame.Kind.CHECKPOINT,
        Integer.parseInt(checkpoint.getFileName().toString().substring(0, 8)),
        false,
        new FrameReader.Handler() {
          @Override
          public void record(int type, ByteSource body, long offset) {
            if (type == wanted) {
              offsets.add(offset);
            }
          }

          @Override
          public void damage(long offset, long length, String reason, MemorySegment bytes) {
            throw new AssertionError(reason);
          }
        });
    return offsets;
  }

  /** All series depend on them. */
  @Test
  void aDamagedCopyOfTheLabelsOfACheckpointCostsNothing() throws IOException {
    TsdbStorage db = open();
    append(db, 0, 40);
    List<StoredSeries> before = TestDb.all(db);
    db.close();
    Path original = checkpoint();
    byte[] whole = Files.readAllBytes(original);
    List<Long> copies = offsets(original, 23);
    assertThat(copies).hasSize(2);
    for (long at : copies) {
      for (int byteOfFrame : new int[] {1, 5, 14}) {
        Files.write(original, whole);
        flip(original, at + byteOfFrame);
        db = open();
        assertThat(TestDb.all(db))
            .as("byte %s of the frame at %s", byteOfFrame, at)
            .isEqualTo(before);
        assertThat(damaged(db, "checkpoint")).isEqualTo(1);
        db.crash();
      }
    }
  }

  @Test
  void damagedStatesOfACheckpointCostNoSeriesAndNoSealedChunk() throws IOException {
    TsdbStorage db = open();
    append(db, 0, 600);
    List<StoredSeries> before = TestDb.all(db);
    db.close();
    Path original = checkpoint();
    List<Long> states = offsets(original, 25);
    assertThat(states).hasSize(SERIES / Checkpoint.SERIES_OF_RECORD);
    flip(original, states.get(2) + 40);
    db = open();
    List<StoredSeries> after = TestDb.all(db);
    assertThat(after).hasSize(SERIES);
    assertThat(samples(before) - samples(after)).isBetween(1, Checkpoint.SERIES_OF_RECORD * 127);
    assertThat(damaged(db, "checkpoint")).isEqualTo(1);
    db.crash();
  }

  @Test
  void seriesOfACheckpointShareLabelsAndTimes() throws IOException {
    long[] bytes = new long[2];
    for (int format = 2; format <= 3; format++) {
      Path root = dir.resolve("format-" + format);
      Files.createDirectories(root);
      Files.writeString(root.resolve("tsdb.version"), "narthex tsdb " + format + "\n");
      TsdbStorage db = TestDb.open(root);
      SampleBatch batch = new SampleBatch(2000);
      for (int k = 0; k < 45; k++) {
        batch.clear();
        for (int i = 0; i < 2000; i++) {
          Labels labels = NodeLikeData.labels(i / 1000, i % 1000);
          batch.add(db.resolve(labels), TestDb.T0 + k * STEP + i / 1000, k);
        }
        assertThat(db.append(batch).allOk()).isTrue();
      }
      List<StoredSeries> before = TestDb.all(db);
      db.close();
      try (Stream<Path> all = Files.list(root.resolve("head"))) {
        Path checkpoint = all.filter(p -> p.toString().endsWith(".checkpoint")).findAny().get();
        bytes[format - 2] = Files.size(checkpoint) / 2000;
      }
      db = TestDb.open(root);
      assertThat(TestDb.all(db)).isEqualTo(before);
      db.close();
    }
    assertThat(bytes[1]).as("bytes a series, before %s", bytes[0]).isLessThan(bytes[0] * 6 / 10);
  }
}
