package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.spi.storage.StorageException;
import io.narthex.testkit.storage.StoredSeries;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which format a folder has. */
class FolderFormatTest {
  @TempDir Path dir;

  private static void append(TsdbStorage db, int from, int to) {
    for (int i = from; i < to; i++) {
      assertThat(TestDb.append(db, TestDb.series("m", i % 5), TestDb.T0 + i * 1000L, i)).isZero();
    }
  }

  private List<StoredSeries> appendTwice() {
    TsdbStorage db = TestDb.open(dir);
    append(db, 0, 50);
    db.crash();
    db = TestDb.open(dir);
    append(db, 50, 100);
    List<StoredSeries> all = TestDb.all(db);
    db.close();
    return all;
  }

  @Test
  void aNewFolderHasFormat3() {
    List<StoredSeries> before = appendTwice();
    assertThat(dir.resolve("tsdb.version")).hasContent("narthex tsdb 3");
    assertThat(dir.resolve("wal")).isNotEmptyDirectory();
    assertThat(dir.resolve("head")).isNotEmptyDirectory();
    assertThat(dir.resolve("log")).doesNotExist();
    TsdbStorage db = TestDb.open(dir);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  @Test
  void aFlippedBitOfTheVersionLosesNothing() throws IOException {
    List<StoredSeries> before = appendTwice();
    Path version = dir.resolve("tsdb.version");
    byte[] whole = Files.readAllBytes(version);
    int refused = 0;
    for (int bit = 0; bit < whole.length * 8; bit++) {
      byte[] flipped = whole.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(version, flipped);
      try {
        TsdbStorage db = TestDb.open(dir);
        assertThat(TestDb.all(db)).as("bit %d", bit).isEqualTo(before);
        db.close();
      } catch (StorageException.Unusable e) {
        assertThat(e.getMessage()).contains("use the version that wrote it");
        refused++;
      }
    }
    assertThat(refused).as("other digits, which may be of a later version").isLessThan(4);
    Files.write(version, whole);
    TsdbStorage db = TestDb.open(dir);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  /** The version of the plugin before this one can take it over at any moment. */
  @Test
  void aFolderOfFormat1StaysThat() {
    new WalFiles(false).prepare(dir);
    List<StoredSeries> before = appendTwice();
    assertThat(dir.resolve("tsdb.version")).hasContent("narthex tsdb 1");
    assertThat(dir.resolve("log")).isNotEmptyDirectory();
    assertThat(dir.resolve("wal")).doesNotExist();
    assertThat(dir.resolve("head")).doesNotExist();
    TsdbStorage db = TestDb.open(dir);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  private static void fillHours(TsdbStorage db, Labels series, int from, int to) {
    for (long t = from * TestDb.HOUR; t < to * TestDb.HOUR; t += 60_000) {
      assertThat(TestDb.append(db, series, TestDb.T0 + t, t)).isZero();
    }
  }

  /** Nothing of the previous owner is on the disk by the time an id is used again. */
  @Test
  void aLostNameGivesNoRowToThePreviousOwnerOfItsId() throws IOException {
    Labels first = TestDb.series("first", 0);
    Labels second = TestDb.series("zzsecondzz", 0);
    TsdbStorage db = TestDb.open(dir);
    fillHours(db, first, 0, 1);
    int id = (int) db.resolve(first);
    fillHours(db, TestDb.series("m", 1), 0, 8);
    db.maintain();
    fillHours(db, second, 8, 9);
    assertThat((int) db.resolve(second)).as("used again").isEqualTo(id);
    List<StoredSeries> before = TestDb.all(db);
    Path segment = db.wal().path(db.wal().segment());
    db.crash();
    byte[] bytes = Files.readAllBytes(segment);
    bytes[new String(bytes, StandardCharsets.ISO_8859_1).indexOf("zzsecondzz")] ^= 1;
    Files.write(segment, bytes);
    db = TestDb.open(dir);
    assertThat(db.counters().get("wal_corruptions_total")).isEqualTo(1);
    assertThat(TestDb.all(db))
        .hasSize(2)
        .isEqualTo(before.stream().filter(s -> !s.labels().equals(second)).toList());
    db.close();
  }

  @Test
  void verifyNamesDamageInTheWalOfFormat2() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    append(db, 0, 50);
    db.crash();
    assertThat(check()).contains("ok       " + dir.resolve("wal")).doesNotContain("damaged");
    Path segment = dir.resolve("wal").resolve("00000001.wal");
    byte[] bytes = Files.readAllBytes(segment);
    bytes[60] ^= 1;
    Files.write(segment, bytes);
    assertThat(check()).contains("damaged  " + segment + " at byte 30: CRC32C is ");
  }

  private String check() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      new FolderCheck(dir, out).run();
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
