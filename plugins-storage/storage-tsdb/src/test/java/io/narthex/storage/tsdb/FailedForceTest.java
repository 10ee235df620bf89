package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ByteSize;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.FailingDisk;
import io.narthex.storage.tsdb.io.ForgettingDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.testkit.storage.StoredSeries;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A failed force or write of the WAL, and a full disk, cost nothing that was acknowledged. */
class FailedForceTest {
  private static final long T0 = TestDb.T0;
  private static final String FAILURES = "narthex_tsdb_fsync_failures_total";

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

  private ForgettingDisk forgettingDisk(Path root) {
    ForgettingDisk disk = new ForgettingDisk(root);
    files.prepare(disk, root);
    return disk;
  }

  private static TsdbConfig config(String fsync, long segmentBytes) {
    TsdbConfig d = TsdbConfig.DEFAULT;
    return new TsdbConfig(
        d.retentionTime(),
        d.retentionSize(),
        d.minBlockDuration(),
        d.maxBlockDuration(),
        d.outOfOrderTimeWindow(),
        fsync,
        new ByteSize(segmentBytes),
        d.maxExemplars(),
        false);
  }

  private String checkpointSuffix() {
    return framed() ? ".checkpoint" : ".snap";
  }

  private static double value(TsdbStorage db, int series, long timeMs) {
    for (StoredSeries s : TestDb.all(db)) {
      for (StoredSeries.Sample sample : s.samples()) {
        if (s.labels().equals(TestDb.series("m", series)) && sample.timeMs() == timeMs) {
          return sample.value();
        }
      }
    }
    return Double.NaN;
  }

  @Test
  void aForceThatFailsIsAFailedAppendAndAnotherValueMayFollow() {
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    TsdbStorage db = TestDb.open(dir, config("always", 1 << 20), disk);
    TestDb.append(db, TestDb.series("m", 0), T0, 1);
    disk.failing(op -> op.startsWith("force"));
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> TestDb.append(db, TestDb.series("m", 0), T0 + 1, 2))
          .isInstanceOf(StorageException.Failed.class)
          .hasMessageContaining("WAL");
    }
    assertThat(value(db, 0, T0 + 1)).isNaN();
    assertThat(db.counters().get(FAILURES)).isPositive();
    disk.failing(_ -> false);
    assertThat(TestDb.append(db, TestDb.series("m", 0), T0 + 1, 3)).isZero();
    db.crash();
    TsdbStorage again = TestDb.open(dir);
    assertThat(value(again, 0, T0)).isEqualTo(1);
    assertThat(value(again, 0, T0 + 1)).as("acknowledged").isEqualTo(3);
    assertThat(again.counters().get("wal_corruptions_total")).isZero();
    again.close();
  }

  @Test
  void aForceThatFailsForAnotherThreadMeanwhileIsAFailedAppend() {
    ForgettingDisk below = new ForgettingDisk(dir);
    FailingDisk disk = new FailingDisk(below);
    TsdbStorage db = TestDb.open(dir, config("never", 1 << 20), disk);
    TestDb.append(db, TestDb.series("m", 0), T0, 1); // written, and to be forced
    db.reconfigure(config("always", 1 << 20));
    disk.observer(operation -> {
      if (operation.startsWith("write ")) { // as the task that forces does between the two
        disk.observer(_ -> {});
        disk.failing(op -> op.startsWith("force"));
        assertThatThrownBy(() -> db.wal().sync()).isInstanceOf(StorageException.Failed.class);
        disk.failing(_ -> false);
      }
    });
    assertThatThrownBy(() -> TestDb.append(db, TestDb.series("m", 0), T0 + 1, 2))
        .isInstanceOf(StorageException.Failed.class)
        .hasMessageContaining("cannot force to the disk");
    assertThat(TestDb.append(db, TestDb.series("m", 0), T0 + 1, 3)).isZero();
    db.crash();
    below.powerCut(losingAll());
    TsdbStorage again = TestDb.open(dir, config("always", 1 << 20), below);
    assertThat(value(again, 0, T0)).isEqualTo(1);
    assertThat(value(again, 0, T0 + 1)).as("acknowledged").isEqualTo(3);
    again.crash();
  }

  @Test
  void anAppendIsNotAcknowledgedWhenTheEndOfItsSegmentCannotBeForced() {
    for (long segmentBytes : new long[] {60, 150, 400}) {
      Path root = dir.resolve("segments-of-" + segmentBytes);
      ForgettingDisk below = forgettingDisk(root);
      FailingDisk disk = new FailingDisk(below);
      TsdbStorage db = TestDb.open(root, config("always", segmentBytes), disk);
      for (int i = 0; i < 40; i++) {
        String failing = "force " + files.segment(1 + i / 5);
        disk.failing(op -> op.startsWith(failing)); // the name may have been temporary
        try {
          TestDb.append(db, TestDb.series("m", i % 3), T0 + i, i);
        } catch (StorageException.Failed e) {
          disk.failing(_ -> false);
          assertThat(TestDb.append(db, TestDb.series("m", i % 3), T0 + i, i)).isZero();
        }
        disk.failing(_ -> false);
      }
      db.crash();
      below.powerCut(losingAll());
      TsdbStorage again = TestDb.open(root, config("always", segmentBytes), below);
      for (int i = 0; i < 40; i++) {
        assertThat(value(again, i % 3, T0 + i)).isEqualTo(i);
      }
      again.crash();
    }
  }

  /** A source of randomness with which a power cut leaves nothing that was not forced. */
  private static Random losingAll() {
    return new Random() {
      private static final long serialVersionUID = 1;

      @Override
      public int nextInt(int bound) {
        return 0;
      }
    };
  }

  @Test
  void whatWasNotForcedIsWrittenAgainAfterAForceThatFailed() {
    ForgettingDisk below = forgettingDisk(dir);
    FailingDisk disk = new FailingDisk(below);
    TsdbStorage db = TestDb.open(dir, config("60m", 1 << 20), disk);
    TestDb.append(db, TestDb.series("m", 0), T0, 1);
    TestDb.append(db, TestDb.series("m", 1), T0, 2);
    int segment = db.wal().segment();
    disk.failing(op -> op.startsWith("force"));
    assertThatThrownBy(db::forceWal).hasMessageContaining("cannot force");
    disk.failing(_ -> false);
    TestDb.append(db, TestDb.series("m", 0), T0 + 1, 3);
    db.forceWal();
    assertThat(db.wal().segment()).as("a new segment").isEqualTo(segment + 1);
    db.crash();
    below.powerCut(losingAll());
    TsdbStorage again = TestDb.open(dir, config("60m", 1 << 20), below);
    assertThat(value(again, 0, T0)).isEqualTo(1);
    assertThat(value(again, 1, T0)).isEqualTo(2);
    assertThat(value(again, 0, T0 + 1)).isEqualTo(3);
    assertThat(again.counters().get("wal_corruptions_total")).isZero();
    again.crash();
  }

  @Test
  void theTaskThatForcesTriesAgainWithoutAnyAppend() {
    ForgettingDisk below = forgettingDisk(dir);
    FailingDisk disk = new FailingDisk(below);
    TsdbStorage db = TestDb.open(dir, config("60m", 1 << 20), disk);
    TestDb.append(db, TestDb.series("m", 0), T0, 1);
    disk.failing(op -> op.startsWith("force"));
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(db::forceWal).isInstanceOf(StorageException.Failed.class);
    }
    disk.failing(_ -> false);
    db.forceWal();
    db.crash();
    below.powerCut(losingAll());
    TsdbStorage again = TestDb.open(dir, config("60m", 1 << 20), below);
    assertThat(value(again, 0, T0)).isEqualTo(1);
    again.crash();
  }

  @Test
  void whatCameBeforeAWriteThatCouldNotBeUndoneIsForced() {
    ForgettingDisk below = forgettingDisk(dir);
    FailingDisk disk = new FailingDisk(below);
    TsdbStorage db = TestDb.open(dir, config("60m", 1 << 20), disk);
    TestDb.append(db, TestDb.series("m", 0), T0, 1);
    disk.failing(op -> op.startsWith("write") || op.startsWith("setLength"));
    assertThatThrownBy(() -> TestDb.append(db, TestDb.series("m", 0), T0 + 1, 2))
        .hasMessageContaining("cannot write");
    disk.failing(_ -> false);
    assertThat(TestDb.append(db, TestDb.series("m", 0), T0 + 1, 3)).isZero();
    db.forceWal();
    db.crash();
    below.powerCut(losingAll());
    TsdbStorage again = TestDb.open(dir, config("60m", 1 << 20), below);
    assertThat(value(again, 0, T0)).isEqualTo(1);
    assertThat(value(again, 0, T0 + 1)).isEqualTo(3);
    assertThat(again.counters().get("wal_corruptions_total")).isZero();
    again.crash();
  }

  @Test
  void aWalThatCannotBeClosedLeavesNoBlockOpen() {
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    TsdbStorage db = TestDb.open(dir, config("60m", 1 << 20), disk);
    for (int i = 0; i < 300; i++) {
      TestDb.append(db, TestDb.series("m", 0), T0 + i * 60_000L, i);
    }
    db.maintain();
    TestDb.append(db, TestDb.series("m", 0), T0 + 301 * 60_000L, 1);
    assertThat(db.blocks().list()).isNotEmpty();
    disk.failing(_ -> true);
    assertThatThrownBy(db::close).isInstanceOf(StorageException.Failed.class);
    assertThat(db.blocks().list()).isEmpty();
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again).getFirst().samples()).hasSize(301);
    again.close();
  }

  @Test
  void aFullDiskServesWhatIsThereAndTakesSamplesAgainOnceThereIsRoom() {
    TsdbStorage before = TestDb.open(dir);
    TestDb.append(before, TestDb.series("m", 0), T0, 1);
    before.crash();
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    disk.free(0);
    TsdbStorage db = TestDb.open(dir, TsdbConfig.DEFAULT, disk);
    assertThat(value(db, 0, T0)).isEqualTo(1);
    assertThatThrownBy(() -> TestDb.append(db, TestDb.series("m", 0), T0 + 1, 2))
        .isInstanceOf(StorageException.Failed.class)
        .hasMessageContaining("WAL")
        .hasMessageContaining("cannot begin a segment");
    db.maintain();
    assertThat(value(db, 0, T0)).isEqualTo(1);
    disk.free(Long.MAX_VALUE);
    assertThat(TestDb.append(db, TestDb.series("m", 0), T0 + 1, 3)).isZero();
    db.crash();
    TsdbStorage again = TestDb.open(dir);
    assertThat(value(again, 0, T0 + 1)).isEqualTo(3);
    again.close();
  }

  @Test
  void aCheckpointThatReadsBackDamagedReplacesNothing() {
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    TsdbStorage db = TestDb.open(dir, config("60m", 1 << 20), disk);
    for (int i = 0; i < 300; i++) {
      TestDb.append(db, TestDb.series("m", i % 3), T0 + i * 60_000L, i);
    }
    disk.corrupting(op -> op.contains(checkpointSuffix()));
    db.maintain();
    assertThat(db.counters().get("checkpoint_creations_failed_total")).isEqualTo(1);
    List<StoredSeries> all = TestDb.all(db);
    db.crash();
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).isEqualTo(all);
    assertThat(again.counters().get("narthex_tsdb_damaged_total{file=\"checkpoint\"}")).isZero();
    again.close();
  }

  @Test
  void aCheckpointThatCannotBeOpenedEndsTheStartAndIsNotReplaced() {
    TsdbStorage db = TestDb.open(dir);
    TestDb.append(db, TestDb.series("m", 0), T0, 1);
    db.close();
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    disk.failing(op -> op.startsWith("map ") && op.endsWith(checkpointSuffix()));
    assertThatThrownBy(() -> TestDb.open(dir, TsdbConfig.DEFAULT, disk))
        .isInstanceOf(StorageException.Failed.class)
        .hasMessageContaining(checkpointSuffix() + ": cannot read");
    disk.failing(_ -> false);
    TsdbStorage again = TestDb.open(dir, TsdbConfig.DEFAULT, disk);
    assertThat(value(again, 0, T0)).isEqualTo(1);
    again.close();
  }

  @Test
  void whatIsWrittenAgainIsNotBegunWithoutRoomForIt() {
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    TsdbStorage db = TestDb.open(dir, config("60m", 1 << 20), disk);
    TestDb.append(db, TestDb.series("m", 0), T0, 1);
    disk.failing(op -> op.startsWith("force"));
    assertThatThrownBy(db::forceWal).hasMessageContaining("cannot force");
    disk.failing(_ -> false);
    disk.usable(_ -> 5);
    long operations = disk.operations();
    assertThatThrownBy(() -> TestDb.append(db, TestDb.series("m", 0), T0 + 1, 2))
        .hasMessageContaining("are free");
    assertThat(disk.operations()).isEqualTo(operations);
    disk.usable(_ -> Long.MAX_VALUE);
    assertThat(TestDb.append(db, TestDb.series("m", 0), T0 + 1, 2)).isZero();
    db.close();
  }

  /** What the killed process has not forced is forced before anything follows it. */
  @Test
  void aKillAndAPowerCutAfterTheRestartLoseNothingThatWasForcedInBetween() {
    Path root = dir.resolve("killed");
    ForgettingDisk below = forgettingDisk(root);
    TsdbStorage db = TestDb.open(root, config("60m", 1 << 20), below);
    for (int i = 0; i < 20; i++) {
      TestDb.append(db, TestDb.series("m", 0), T0 + i, i);
    }
    db.crash();
    db = TestDb.open(root, config("always", 1 << 20), below);
    TestDb.append(db, TestDb.series("m", 0), T0 + 20, 20);
    db.crash();
    below.powerCut(losingAll());
    db = TestDb.open(root, config("always", 1 << 20), below);
    for (int i = 0; i <= 20; i++) {
      assertThat(value(db, 0, T0 + i)).isEqualTo(i);
    }
    assertThat(db.counters().get("wal_corruptions_total")).isZero();
    db.crash();
  }

  @Test
  void anIdleWalIsNotForced() {
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    TsdbStorage db = TestDb.open(dir, config("60m", 1 << 20), disk);
    TestDb.append(db, TestDb.series("m", 0), T0, 1);
    db.forceWal();
    long operations = disk.operations();
    db.forceWal();
    assertThat(disk.operations()).isEqualTo(operations);
    db.close();
  }
}
