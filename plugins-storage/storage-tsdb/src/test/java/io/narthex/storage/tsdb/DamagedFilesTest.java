package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.testkit.storage.StoredSeries;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder with files that a crash or a bad disk has left is opened, and the rest is served. */
class DamagedFilesTest {
  private static final long T0 = TestDb.T0;
  private static final long HOUR = TestDb.HOUR;
  private static final int SERIES = 3;

  @TempDir Path dir;

  private final WalFiles files = new WalFiles(framed());

  /** Whether the folder has format 3, as new ones do, and not format 1. */
  boolean framed() {
    return true;
  }

  @BeforeEach
  void makeFolder() {
    files.prepare(dir);
  }

  private static void fill(TsdbStorage db, int fromHour, int toHour) {
    SampleBatch batch = new SampleBatch(SERIES);
    for (long t = T0 + fromHour * HOUR; t < T0 + toHour * HOUR; t += 60_000) {
      batch.clear();
      for (int i = 0; i < SERIES; i++) {
        batch.add(db.resolve(TestDb.series("m", i)), t, t % 977 + i * 0.25);
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  private static void copyFolder(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path p : files.toList()) {
        Files.copy(p, to.resolve(p.getFileName()));
      }
    }
  }

  @Test
  void aBlockOfWhichBlocksWereMadeStaysAwayWhenItCouldNotBeDeleted() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 0, 4);
    db.maintain();
    Path first = db.blocks().list().get(0).folder;
    Path copy = dir.resolve("copy");
    copyFolder(first, copy);
    for (int i = 0; i < 2; i++) {
      db.delete(List.of(List.of(Matcher.equal("i", "" + i))), T0, T0 + HOUR);
      db.cleanTombstones();
    }
    List<StoredSeries> before = TestDb.all(db);
    db.close();
    copyFolder(copy, first);
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).as("deleted samples stay deleted").isEqualTo(before);
    assertThat(first).doesNotExist();
    again.close();
  }

  @Test
  void whatAKilledDeletionLeftIsRemovedAtTheStart() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 0, 7);
    db.maintain();
    Path first = db.blocks().list().get(0).folder;
    db.crash();
    Path half = first.resolveSibling(first.getFileName() + ".tmp");
    Files.move(first, half);
    Files.delete(half.resolve("meta.json"));
    Files.delete(half.resolve("index"));
    TsdbStorage again = TestDb.open(dir);
    assertThat(half).doesNotExist();
    assertThat(TestDb.all(again)).hasSize(SERIES);
    again.close();
  }

  @Test
  void aVersionFileThatAPowerCutEmptiedIsWrittenAgain() throws IOException {
    for (int zeros : new int[] {0, 15}) {
      TsdbStorage db = TestDb.open(dir);
      fill(db, zeros, zeros + 1);
      List<StoredSeries> before = TestDb.all(db);
      db.crash();
      Path version = dir.resolve("tsdb.version");
      Files.write(version, new byte[zeros]);
      TsdbStorage again = TestDb.open(dir);
      assertThat(TestDb.all(again)).isEqualTo(before);
      assertThat(version).hasContent("narthex tsdb " + (framed() ? 3 : 1));
      assertThat(dir.resolve("tsdb.version.tmp")).doesNotExist();
      again.close();
    }
  }

  private static void flip(Path file, long at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[(int) at] ^= 4;
    Files.write(file, bytes);
  }

  private void damage(int kind, Path block) throws IOException {
    switch (kind) {
      case 0 -> flip(block.resolve("index"), 40);
      case 1 -> flip(block.resolve("tombstones"), 20);
      case 2 -> Files.delete(block.resolve("index"));
      case 3 -> Files.delete(block.resolve("chunks"));
      default -> Files.write(block.resolve("chunks"), new byte[0]);
    }
  }

  @Test
  void aDamagedBlockIsSetAsideAndTheRestIsServed() throws IOException {
    for (int kind = 0; kind < 5; kind++) {
      Path root = dir.resolve("kind" + kind);
      files.prepare(root);
      TsdbStorage db = TestDb.open(root);
      fill(db, 0, 7);
      db.maintain();
      db.delete(List.of(List.of(Matcher.equal("i", "1"))), T0, T0 + HOUR);
      assertThat(db.blocks().list()).hasSize(2);
      Path block = db.blocks().list().get(0).folder;
      db.crash();
      damage(kind, block);
      Files.createDirectory(block.resolveSibling("01HF000000000000000000000A"));
      for (int start = 0; start < 2; start++) {
        TsdbStorage again = TestDb.open(root);
        assertThat(again.blocks().list()).as("kind %s", kind).hasSize(1);
        List<StoredSeries> all = TestDb.all(again);
        assertThat(all).hasSize(SERIES);
        assertThat(all.get(0).samples()).hasSize(5 * 60);
        assertThat(again.stats(0).counters())
            .containsEntry("narthex_tsdb_blocks_set_aside", 2.0)
            .containsEntry("narthex_tsdb_damaged_total{file=\"block\"}", start == 0 ? 2.0 : 0.0);
        assertThat(block).doesNotExist();
        assertThat(block.resolveSibling(block.getFileName() + ".damaged")).exists();
        again.maintain();
        again.crash();
      }
    }
  }

  @Test
  void foldersNamedAsFilesOfTheWalAreLeftAlone() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 0, 1);
    List<StoredSeries> before = TestDb.all(db);
    int next = db.wal().segment() + 1;
    db.crash();
    Path segment = files.wal(dir).resolve(files.segment(next));
    Path checkpoint = files.head(dir).resolve(files.checkpoint(next));
    Files.createDirectories(segment.resolve("x"));
    Files.createDirectories(checkpoint.resolve("x"));
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(before);
    again.close();
    TsdbStorage third = TestDb.open(dir);
    assertThat(TestDb.all(third)).isEqualTo(before);
    third.close();
    assertThat(segment.resolve("x")).exists();
    assertThat(checkpoint.resolve("x")).exists();
  }

  @Test
  void aDamagedVersionFileNextToFilesOfThisVersionIsWrittenAgain() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 0, 1);
    List<StoredSeries> before = TestDb.all(db);
    db.crash();
    Path version = dir.resolve("tsdb.version");
    for (String text : List.of("narthex tqdb 1\n", "nar", "\u00ff\u00fe", "narthex tsdb x\n")) {
      Files.write(version, text.getBytes(StandardCharsets.ISO_8859_1));
      TsdbStorage again = TestDb.open(dir);
      assertThat(TestDb.all(again)).isEqualTo(before);
      assertThat(version).hasContent("narthex tsdb " + (framed() ? 3 : 1));
      again.crash();
    }
  }

  @Test
  void aVersionFileOfAnotherVersionOrOfSomethingElseIsRefused() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    fill(db, 0, 1);
    db.crash();
    Path version = dir.resolve("tsdb.version");
    Files.writeString(version, "narthex tsdb 4\n");
    assertThatThrownBy(() -> TestDb.open(dir))
        .isInstanceOf(StorageException.Unusable.class)
        .hasMessageContaining("format is \"narthex tsdb 4\"");
    Path other = dir.resolve("other");
    Files.createDirectories(other.resolve("log"));
    Files.writeString(other.resolve("log").resolve("00000001.log"), "not ours");
    Files.writeString(other.resolve("tsdb.version"), "acme\n");
    assertThatThrownBy(() -> TestDb.open(other)).isInstanceOf(StorageException.Unusable.class);
    assertThat(other.resolve("tsdb.version")).hasContent("acme");
  }

  /** The JVM makes an InternalError of an I/O error on a mapped page, as of a file that is cut. */
  @Test
  void aPartOfABlockThatCannotBeReadIsDamageWithFileAndOffset() throws IOException {
    for (String name : List.of("index", "chunks")) {
      Path root = dir.resolve("unreadable-" + name);
      files.prepare(root);
      TsdbStorage db = TestDb.open(root);
      fill(db, 0, 7);
      db.maintain();
      Block block = db.blocks().list().get(0);
      try (RandomAccessFile file =
          new RandomAccessFile(block.folder.resolve(name).toFile(), "rw")) {
        file.setLength(0);
      }
      assertThatThrownBy(() -> TestDb.all(db))
          .isInstanceOf(StorageException.Corrupt.class)
          .hasMessageContaining(block.folder.resolve(name) + " at byte ")
          .hasMessageContaining("cannot be read");
      assertThat(block.isDamaged()).isTrue();
      assertThat(db.stats(0).counters())
          .containsEntry("block_damaged{block=\"" + block.meta.id() + "\"}", 1.0);
      db.crash();
    }
  }
}
