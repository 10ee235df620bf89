package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.FailingDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.wal.FramedWal;
import io.narthex.testkit.storage.StoredSeries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The checkpoint before the newest has its sealed chunks as long as a start may fall back on it.
 */
class PreviousChunkFilesTest {
  private static final WalFiles FILES = new WalFiles(true);
  private static final TsdbConfig CONFIG =
      TestDb.config(Duration.ofDays(15), 0, Duration.ZERO, 4000);
  private static final int PAGE_BYTES = 500;
  private static final int SERIES = 5;
  private static final long STEP = 60_000;

  @TempDir Path dir;
  private List<StoredSeries> all = List.of();
  private List<Integer> ofOlder = List.of();
  private List<Integer> ofBoth = List.of();
  private Path older = Path.of("");
  private Path newest = Path.of("");
  private byte[] whole = {};

  private TsdbStorage open(Disk disk) {
    return TestDb.open(dir, CONFIG, disk, PAGE_BYTES);
  }

  private TsdbStorage open() {
    return open(LocalDisk.INSTANCE);
  }

  private static void append(TsdbStorage db, int from, int to) {
    for (int k = from; k < to; k++) {
      for (int i = 0; i < SERIES; i++) {
        double value = (k * 7919 + i) % 1000;
        assertThat(TestDb.append(db, TestDb.series("m", i), TestDb.T0 + k * STEP, value)).isZero();
      }
    }
  }

  private List<Integer> chunkFiles() {
    return FramedWal.numbers(LocalDisk.INSTANCE, FILES.head(dir), Frame.Kind.CHUNKS);
  }

  private Path chunkFile(int number) {
    return FILES.head(dir).resolve(Frame.Kind.CHUNKS.fileName(number));
  }

  /**
   * Leaves two checkpoints and all segments since the older one, whose oldest chunks have left the
   * head.
   */
  @BeforeEach
  void fill() throws IOException {
    TsdbStorage db = open();
    append(db, 0, 170);
    db.close();
    ofOlder = chunkFiles();
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    db = open(disk);
    append(db, 170, 400);
    disk.failing(op -> op.startsWith("delete") && op.endsWith(".wal"));
    db.maintain();
    assertThat(db.blocks().list()).isNotEmpty();
    all = TestDb.all(db);
    db.crash();
    List<Integer> checkpoints = FILES.checkpoints(dir);
    assertThat(checkpoints).hasSize(2);
    older = FILES.head(dir).resolve(FILES.checkpoint(checkpoints.getFirst()));
    newest = FILES.head(dir).resolve(FILES.checkpoint(checkpoints.getLast()));
    whole = Files.readAllBytes(newest);
    ofBoth = chunkFiles();
    assertThat(ofBoth).containsAll(ofOlder).hasSizeGreaterThan(ofOlder.size());
    assertThat(ofOlder).isNotEmpty();
  }

  private static double damaged(TsdbStorage db, String kind) {
    return db.counters().get(Counters.damageOf(kind));
  }

  @Test
  void theOlderOneIsWholeWhicheverByteOfTheNewestIsDamaged() throws IOException {
    int step = Math.max(1, whole.length / 60);
    for (int at = 0; at < whole.length; at += step) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x10;
      Files.write(newest, damaged);
      TsdbStorage db = open();
      assertThat(damaged(db, "checkpoint")).as("byte " + at).isPositive();
      assertThat(damaged(db, "chunks")).as("byte " + at).isZero();
      assertThat(TestDb.all(db)).as("byte " + at).isEqualTo(all);
      db.crash();
    }
    Files.write(newest, whole);
    Files.delete(older);
    TsdbStorage db = open();
    assertThat(TestDb.all(db)).as("what the newest refers to is there, too").isEqualTo(all);
    assertThat(damaged(db, "checkpoint") + damaged(db, "chunks")).isZero();
    db.close();
  }

  @Test
  void theOlderOneIsTakenWhenAFileOfTheNewestIsMissing() throws IOException {
    List<Integer> ofNewest = new ArrayList<>(ofBoth);
    ofNewest.removeAll(ofOlder);
    Files.delete(chunkFile(ofNewest.getFirst()));
    TsdbStorage db = open();
    assertThat(damaged(db, "chunks")).isPositive();
    assertThat(TestDb.all(db)).isEqualTo(all);
    db.crash();
  }

  @Test
  void whatCanBeReadOfTheNewestIsUsedWhenFilesOfTheOlderOneAreMissing() throws IOException {
    Files.write(newest, Arrays.copyOf(whole, whole.length - 1));
    TsdbStorage db = open();
    db.crash();
    Files.delete(chunkFile(ofOlder.getFirst()));
    db = open();
    // only the record of the end is damaged, and what the file held is in a block
    assertThat(TestDb.all(db)).isEqualTo(all);
    db.crash();
  }

  @Test
  void theNextCheckpointReplacesBothWithTheirFiles() throws IOException {
    Files.write(newest, Arrays.copyOf(whole, whole.length / 2));
    TsdbStorage db = open();
    db.maintain();
    assertThat(older).doesNotExist();
    assertThat(newest).doesNotExist();
    db.close();
    assertThat(chunkFiles()).doesNotContain(ofOlder.getFirst());
    db = open();
    assertThat(TestDb.all(db)).isEqualTo(all);
    assertThat(damaged(db, "checkpoint") + damaged(db, "chunks")).isZero();
    db.close();
  }
}
