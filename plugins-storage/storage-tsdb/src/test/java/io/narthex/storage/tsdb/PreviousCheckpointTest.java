package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.storage.tsdb.io.FailingDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.testkit.storage.StoredSeries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint that is damaged before what it replaces has been deleted costs nothing. */
class PreviousCheckpointTest {
  private static final WalFiles FILES = new WalFiles(true);
  private static final TsdbConfig CONFIG =
      TestDb.config(Duration.ofDays(15), 0, Duration.ofHours(1), 1000);

  @TempDir Path dir;
  private List<StoredSeries> all = List.of();
  private Path older = Path.of("");
  private Path newest = Path.of("");
  private byte[] whole = {};

  private static void append(TsdbStorage db, int from, int to) {
    for (int i = from; i < to; i++) {
      long late = i % 9 == 8 ? 2000 : 0;
      long t = TestDb.T0 + i * 1000L - late * 10 + (late > 0 ? 1 : 0);
      assertThat(TestDb.append(db, TestDb.series("m", i % 5), t, i)).isZero();
    }
  }

  /** Leaves two checkpoints, and all segments since the older one. */
  @BeforeEach
  void fill() throws IOException {
    TsdbStorage db = TestDb.open(dir, CONFIG);
    append(db, 0, 100);
    db.close();
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    db = TestDb.open(dir, CONFIG, disk);
    append(db, 100, 200);
    all = TestDb.all(db);
    disk.failing(op -> op.startsWith("delete") && !op.endsWith(".tmp"));
    db.close();
    List<Integer> checkpoints = FILES.checkpoints(dir);
    assertThat(checkpoints).hasSize(2);
    older = FILES.head(dir).resolve(FILES.checkpoint(checkpoints.getFirst()));
    newest = FILES.head(dir).resolve(FILES.checkpoint(checkpoints.getLast()));
    assertThat(FILES.segments(dir)).hasSizeGreaterThan(3).contains(checkpoints.getFirst());
    whole = Files.readAllBytes(newest);
  }

  private double damagedCheckpoints(TsdbStorage db) {
    return db.counters().get(Counters.damageOf("checkpoint"));
  }

  @Test
  void theOlderOneIsTakenWhicheverByteOfTheNewestIsDamaged() throws IOException {
    int step = Math.max(1, whole.length / 50);
    for (int at = 0; at < whole.length; at += step) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x10;
      Files.write(newest, damaged);
      TsdbStorage db = TestDb.open(dir, CONFIG);
      assertThat(damagedCheckpoints(db)).as("byte " + at).isPositive();
      assertThat(TestDb.all(db)).as("byte " + at).isEqualTo(all);
      db.crash();
    }
  }

  @Test
  void theOlderOneIsTakenWhenTheNewestEndsEarly() throws IOException {
    for (int length = 0; length < whole.length; length += 1 + whole.length / 20) {
      Files.write(newest, Arrays.copyOf(whole, length));
      TsdbStorage db = TestDb.open(dir, CONFIG);
      assertThat(damagedCheckpoints(db)).as("length " + length).isPositive();
      assertThat(TestDb.all(db)).as("length " + length).isEqualTo(all);
      db.crash();
    }
  }

  @Test
  void theNextCheckpointReplacesBoth() throws IOException {
    Files.write(newest, Arrays.copyOf(whole, whole.length / 2));
    TsdbStorage db = TestDb.open(dir, CONFIG);
    db.maintain();
    assertThat(FILES.checkpoints(dir)).hasSize(1);
    assertThat(older).doesNotExist();
    assertThat(newest).doesNotExist();
    db.crash();
    db = TestDb.open(dir, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(all);
    assertThat(damagedCheckpoints(db)).isZero();
    db.close();
  }

  @Test
  void whatCanBeReadOfTheNewestIsUsedWhenTheOlderOneIsOfNoUse() throws IOException {
    Files.write(newest, Arrays.copyOf(whole, whole.length - 1));
    int between = FILES.checkpoints(dir).getFirst() + 1;
    Files.delete(FILES.wal(dir).resolve(FILES.segment(between)));
    TsdbStorage db = TestDb.open(dir, CONFIG);
    assertThat(TestDb.all(db)).as("only the record of the end is damaged").isEqualTo(all);
    db.crash();
  }
}
