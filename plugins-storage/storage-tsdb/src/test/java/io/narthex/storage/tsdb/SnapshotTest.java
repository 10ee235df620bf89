package io.narthex.storage.tsdb;

import static io.narthex.storage.tsdb.TestDb.HOUR;
import static io.narthex.storage.tsdb.TestDb.T0;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Matcher;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.FailingDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.storage.StoredSeries;
import io.narthex.testkit.storage.TestStorageContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
  @TempDir private Path folder = Path.of("");

  private static final TsdbConfig CONFIG =
      TestDb.config(Duration.ZERO, 0, Duration.ofHours(24), 64 << 20);

  /** Seven hours of three series, of which blocks are made, then what only the head has. */
  private static void fill(TsdbStorage db) {
    for (int i = 0; i < 7 * 60; i++) {
      for (int s = 0; s < 3; s++) {
        TestDb.append(db, TestDb.series("m", s), T0 + i * 60_000L, i + s);
      }
    }
    db.maintain();
    assertThat(db.blocks().list()).isNotEmpty();
    TestDb.append(db, TestDb.series("new", 1), T0 + 7 * HOUR, 1);
    assertThat(TestDb.append(db, TestDb.series("m", 1), T0 + 1, 4711)).isEqualTo(AppendResult.OK);
    assertThat(TestDb.append(db, TestDb.series("m", 1), T0 + 6 * HOUR + 1, 4712))
        .isEqualTo(AppendResult.OK);
    db.delete(
        List.of(List.of(Matcher.equal("i", "2"))), T0 + 30 * 60_000L, T0 + 6 * HOUR + 30 * 60_000L);
  }

  private static Path blocksOf(Path snapshot) {
    return snapshot.resolve("blocks");
  }

  @Test
  void aSnapshotOpensAsADataFolderWithAllThatWasStored() throws IOException {
    TsdbStorage db = TestDb.open(folder, CONFIG);
    fill(db);
    List<StoredSeries> before = TestDb.all(db);
    String name = db.snapshot(false);
    assertThat(name).matches("[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}");
    Path snapshot = folder.resolve("snapshots").resolve(name);
    Path block = db.blocks().list().getFirst().folder;
    assertThat(
            Files.isSameFile(
                block.resolve("chunks"),
                blocksOf(snapshot).resolve(block.getFileName()).resolve("chunks")))
        .as("a block takes no room twice")
        .isTrue();

    // what comes later is not in it
    TestDb.append(db, TestDb.series("m", 0), T0 + 8 * HOUR, 1);
    db.delete(List.of(List.of(Matcher.equal("i", "1"))), Long.MIN_VALUE, Long.MAX_VALUE);
    db.cleanTombstones();
    db.close();
    try (TsdbStorage copy = TestDb.open(snapshot, CONFIG)) {
      assertThat(TestDb.all(copy)).isEqualTo(before);
      assertThat(TestDb.append(copy, TestDb.series("m", 0), T0 + 8 * HOUR, 2))
          .isEqualTo(AppendResult.OK);
      copy.maintain();
      assertThat(TestDb.all(copy)).hasSameSizeAs(before);
    }
    try (TsdbStorage again = TestDb.open(folder, CONFIG)) {
      assertThat(again.blocks().list()).isNotEmpty();
    }
  }

  @Test
  void aSnapshotWithoutTheHeadHasTheBlocksOnly() throws IOException {
    try (TsdbStorage db = TestDb.open(folder, CONFIG)) {
      fill(db);
      Path snapshot = folder.resolve("snapshots").resolve(db.snapshot(true));
      try (Stream<Path> blocks = Files.list(blocksOf(snapshot))) {
        assertThat(blocks).hasSameSizeAs(db.blocks().list());
      }
      try (TsdbStorage copy = TestDb.open(snapshot, CONFIG)) {
        assertThat(TestDb.all(copy)).hasSize(3);
      }
    }
  }

  @Test
  void anEmptyDatabaseHasASnapshot() {
    try (TsdbStorage db = TestDb.open(folder)) {
      Path snapshot = folder.resolve("snapshots").resolve(db.snapshot(false));
      try (TsdbStorage copy = TestDb.open(snapshot)) {
        assertThat(TestDb.all(copy)).isEmpty();
      }
    }
  }

  @Test
  void oneThatDoesNotFitOnTheDiskIsNotBegun() throws IOException {
    try (TsdbStorage db =
        TsdbStorage.open(
            CONFIG,
            new TestStorageContext(folder, 1L << 40, new FakeClock(T0 + 24 * HOUR)),
            false,
            new FailingDisk(LocalDisk.INSTANCE).usable(_ -> 0))) {
      TestDb.append(db, TestDb.series("m", 1), T0, 1);
      assertThatThrownBy(() -> db.snapshot(false))
          .isInstanceOf(StorageException.Failed.class)
          .hasMessageContaining("bytes");
      try (Stream<Path> left = Files.list(folder.resolve("snapshots"))) {
        assertThat(left).isEmpty();
      }
    }
  }

  @Test
  void whatAKillLeftUnfinishedIsRemovedAtTheNextStart() throws IOException {
    Path unfinished = folder.resolve("snapshots/20260101T000000Z-00.tmp/blocks/x");
    Path finished = folder.resolve("snapshots/20260101T000000Z-01");
    Files.createDirectories(unfinished);
    Files.createDirectories(finished);
    Files.writeString(unfinished.resolve("index"), "x");
    TestDb.open(folder).close();
    assertThat(folder.resolve("snapshots/20260101T000000Z-00.tmp")).doesNotExist();
    assertThat(finished).exists();
  }
}
