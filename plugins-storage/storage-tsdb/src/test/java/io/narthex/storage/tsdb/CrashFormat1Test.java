package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.wal.Wal;
import io.narthex.testkit.storage.StoredSeries;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The same with a folder of format 1. */
class CrashFormat1Test extends CrashTest {
  @Override
  boolean framed() {
    return false;
  }

  /** A flipped bit in a length made the rest of the segment look torn: gone without a word. */
  @Test
  void aFlippedBitInAHeaderOfTheWalLosesThatRecordAlone() throws IOException {
    TsdbStorage db = TestDb.open(dir, TestDb.config(Duration.ZERO, 0, Duration.ZERO, 700));
    fill(db, 40);
    int samples = samples(TestDb.all(db));
    db.crash();
    List<Integer> segments = files.segments(dir);
    assertThat(segments).hasSizeGreaterThan(3);
    String name = files.segment(segments.get(1));
    byte[] whole = Files.readAllBytes(dir.resolve("log").resolve(name));
    int flips = 0;
    for (int at = 8; at < whole.length; at += 8 + length(whole, at)) {
      boolean isBatch = whole[at + 8] == 2;
      for (int bit = 0; bit < 64; bit += at == 8 ? 1 : 13) {
        Path copy = dir.resolve("flip" + at + "-" + bit);
        Files.createDirectories(copy.resolve("log"));
        for (int n : segments) {
          String file = files.segment(n);
          Files.copy(dir.resolve("log").resolve(file), copy.resolve("log").resolve(file));
        }
        byte[] bytes = whole.clone();
        bytes[at + bit / 8] ^= (byte) (1 << bit % 8);
        Files.write(copy.resolve("log").resolve(name), bytes);
        TsdbStorage again = TestDb.open(copy);
        String where = "bit " + bit + " of the header at " + at;
        assertThat(again.counters().get("wal_corruptions_total")).as(where).isEqualTo(1);
        if (isBatch) {
          assertThat(samples(TestDb.all(again))).as(where).isEqualTo(samples - 4);
        } else {
          assertThat(TestDb.all(again)).as(where).isNotEmpty();
        }
        again.crash();
        Directories.deleteTree(LocalDisk.INSTANCE, copy);
        flips++;
      }
    }
    assertThat(flips).isGreaterThan(100);
  }

  @Test
  void leavesNoTraceOfAnAppendThatCouldNotBeLogged() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    TestDb.append(db, TestDb.series("m", 0), T0, 1);
    List<StoredSeries> before = TestDb.all(db);
    long fresh = db.resolve(TestDb.series("m", 1)); // its record has to survive the failure
    ((Wal) db.wal()).breakFile();
    SampleBatch batch = new SampleBatch(2);
    batch.add(fresh, T0 + 1, 2);
    assertThatThrownBy(() -> db.append(batch))
        .isInstanceOf(StorageException.Failed.class)
        .hasMessageContaining("cannot write at byte");
    assertThat(TestDb.all(db)).isEqualTo(before);
    assertThat(db.counters().get("wal_writes_failed_total")).isEqualTo(1);
    assertThat(db.append(batch).allOk()).isTrue();
    List<StoredSeries> after = TestDb.all(db);
    assertThat(after).hasSize(2);
    db.crash();
    // as if the failed write had left half a record
    try (RandomAccessFile file =
        new RandomAccessFile(dir.resolve("log").resolve(Wal.name(1, ".log")).toFile(), "rw")) {
      file.seek(file.length());
      file.write(new byte[] {30, 0, 0, 0, 1, 2, 3, 4, 2, 9});
    }
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(after);
    again.close();
  }

  private static int length(byte[] file, int at) {
    return (file[at] & 0xff) | (file[at + 1] & 0xff) << 8 | (file[at + 2] & 0xff) << 16;
  }
}
