package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.narthex.model.Matcher;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.compaction.Compactor;
import io.narthex.storage.tsdb.compaction.HeadFlush;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.FailingDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.storage.StoredSeries;
import io.narthex.testkit.storage.TestStorageContext;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What fails in the background touches nothing else. */
class MaintenanceTest {
  private static final long T0 = TestDb.T0;
  private static final long HOUR = TestDb.HOUR;
  private static final int SERIES = 4;
  private static final String CHECKPOINT_FAILURES =
      "narthex_tsdb_task_failures_total{task=\"checkpoint\"}";

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

  private static TsdbConfig keeping(Duration retention) {
    TsdbConfig d = TestDb.config(retention, 0, Duration.ZERO, 1 << 20);
    return new TsdbConfig(
        retention,
        d.retentionSize(),
        d.minBlockDuration(),
        Duration.ofHours(6),
        d.outOfOrderTimeWindow(),
        d.walFsync(),
        d.walSegmentSize(),
        d.maxExemplars(),
        false);
  }

  private static void fillHour(TsdbStorage db, int hour) {
    SampleBatch batch = new SampleBatch(SERIES);
    for (long t = T0 + hour * HOUR; t < T0 + (hour + 1) * HOUR; t += 60_000) {
      batch.clear();
      for (int i = 0; i < SERIES; i++) {
        batch.add(db.resolve(TestDb.series("m", i)), t, t % 977 + i * 0.25);
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  private static double metric(TsdbStorage db, String name) {
    Double value = db.stats(0).counters().get(name);
    assertThat(value).as(name).isNotNull();
    return value == null ? -1 : value;
  }

  private static long oldestMs(TsdbStorage db) {
    return db.blocks().list().stream().mapToLong(b -> b.meta.minTimeMs()).min().orElse(0);
  }

  private static void flip(Path file, long at) throws IOException {
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.seek(at);
      int b = f.read();
      f.seek(at);
      f.write(b ^ 8);
    }
  }

  @Test
  void aBlockThatCannotBeMergedIsLeftOutAndRetentionAndMergingContinue() throws IOException {
    TsdbConfig config = keeping(Duration.ofHours(30));
    TsdbStorage db = TestDb.open(dir, config);
    for (int h = 0; h < 7; h++) {
      fillHour(db, h);
    }
    db.maintain();
    Path damaged = db.blocks().list().get(1).folder;
    db.crash();
    flip(damaged.resolve("chunks"), 20);
    Logger logger = (Logger) LoggerFactory.getLogger(Block.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.ERROR);
    db = TestDb.open(dir, config);
    try {
      for (int h = 7; h < 30; h++) {
        fillHour(db, h);
        db.maintain();
      }
      assertThat(metric(db, "narthex_tsdb_blocks_damaged")).isEqualTo(1);
      assertThat(db.blocks().list()).extracting(b -> b.meta.level()).contains(2);
      for (int h = 30; h < 60; h++) {
        fillHour(db, h);
        db.maintain();
      }
      assertThat(oldestMs(db)).isGreaterThan(T0 + 20 * HOUR);
      assertThat(metric(db, "time_retentions_total")).isPositive();
      assertThat(metric(db, "compactions_failed_total")).isEqualTo(1);
      assertThat(metric(db, "narthex_tsdb_blocks_damaged")).isZero();
      assertThat(damaged).doesNotExist();
      assertThat(TestDb.all(db)).hasSize(SERIES);
    } finally {
      logger.setLevel(null);
      logger.detachAppender(logged);
    }
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .singleElement()
        .asString()
        .contains(damaged.toString(), "chunks at byte 8", "merged no more");
    db.close();
  }

  /** A folder where the checkpoint should be makes it fail each time. */
  private void blockCheckpoints(TsdbStorage db) throws IOException {
    for (int n = 1; n <= 200; n++) {
      Path folder = files.head(dir).resolve(files.checkpoint(db.wal().segment() + n));
      Files.createDirectories(folder.resolve("not-empty"));
    }
  }

  @Test
  void aCheckpointThatFailsStopsNeitherRetentionNorMerging() throws IOException {
    TsdbStorage db = TestDb.open(dir, keeping(Duration.ofHours(30)));
    blockCheckpoints(db);
    for (int h = 0; h < 60; h++) {
      fillHour(db, h);
      if (h % 4 == 3) {
        db.maintain(); // each of them makes a block, and so wants a checkpoint
      }
    }
    assertThat(oldestMs(db)).isGreaterThan(T0 + 20 * HOUR);
    assertThat(db.blocks().list()).extracting(b -> b.meta.level()).contains(2);
    assertThat(metric(db, CHECKPOINT_FAILURES)).isPositive();
    assertThat(metric(db, "wal_truncations_failed_total")).isPositive();
    assertThat(metric(db, "compactions_failed_total")).isZero();
    db.crash();
  }

  @Test
  void aCheckpointThatFailedAfterAFlushIsTriedAgain() throws IOException {
    TsdbStorage db = TestDb.open(dir, keeping(Duration.ZERO));
    Path inTheWay = files.head(dir).resolve(files.checkpoint(db.wal().segment() + 1));
    Files.createDirectories(inTheWay.resolve("not-empty"));
    for (int h = 0; h < 4; h++) {
      fillHour(db, h);
    }
    db.maintain();
    assertThat(db.blocks().list()).hasSize(1);
    assertThat(files.segments(dir)).hasSizeGreaterThan(1);
    Files.delete(inTheWay.resolve("not-empty"));
    Files.delete(inTheWay);
    db.maintain();
    assertThat(files.segments(dir)).hasSize(1);
    assertThat(files.checkpoints(dir)).hasSize(1);
    db.close();
  }

  /** A context whose clock throws an Error while it is broken. */
  private static final class BrokenClock extends Clock implements StorageContext {
    private final Path folder;
    private volatile boolean broken;

    BrokenClock(Path folder) {
      this.folder = folder;
    }

    @Override
    public Instant instant() {
      if (broken) {
        throw new InternalError("a fault occurred in an unsafe memory access operation");
      }
      return Instant.ofEpochMilli(T0 + 1000 * HOUR);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public String instance() {
      return "test storage";
    }

    @Override
    public Clock clock() {
      return this;
    }

    @Override
    public HttpTransport http() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Path stateDirectory() {
      return folder.resolve("narthex");
    }

    @Override
    public Path configDirectory() {
      return folder;
    }

    @Override
    public Path dataDirectory() {
      return folder;
    }

    @Override
    public long referenceBase() {
      return 1L << 45;
    }

    @Override
    public void replayProgress(double done) {}
  }

  @Test
  void anErrorOfOneTaskEndsNeitherTheOthersNorTheirThread() {
    BrokenClock context = new BrokenClock(dir);
    TsdbStorage db = TsdbStorage.open(keeping(Duration.ofHours(30)), context, false);
    for (int h = 0; h < 4; h++) {
      fillHour(db, h);
    }
    context.broken = true;
    db.maintain();
    context.broken = false;
    assertThat(db.blocks().list()).as("made of the head").hasSize(1);
    assertThat(metric(db, "narthex_tsdb_task_failures_total{task=\"retention\"}")).isEqualTo(2);
    db.maintain();
    assertThat(metric(db, "narthex_tsdb_task_failures_total{task=\"retention\"}")).isEqualTo(2);
    db.close();
  }

  private List<String> files(String folder, String suffix) throws IOException {
    try (Stream<Path> all = Files.list(dir.resolve(folder))) {
      return all.map(p -> p.getFileName().toString()).filter(n -> n.endsWith(suffix)).toList();
    }
  }

  @Test
  void aCheckpointThatFailsLeavesNoTemporaryFile() throws IOException {
    TsdbStorage db = TestDb.open(dir, keeping(Duration.ZERO));
    blockCheckpoints(db);
    for (int h = 0; h < 5; h++) {
      fillHour(db, h);
    }
    db.maintain();
    assertThat(metric(db, CHECKPOINT_FAILURES)).isEqualTo(1);
    assertThat(files(framed() ? "head" : "log", ".tmp")).isEmpty();
    db.crash();
  }

  private static Disk room(ToLongFunction<Path> usable) {
    return new FailingDisk(LocalDisk.INSTANCE).usable(usable);
  }

  private TsdbStorage open(Duration outOfOrder, Disk disk) {
    return TsdbStorage.open(
        TestDb.config(Duration.ofHours(30), 0, outOfOrder, 1 << 20),
        new TestStorageContext(dir, 1L << 46, new FakeClock(T0 + 1000 * HOUR)),
        false,
        disk);
  }

  @Test
  void whatWouldNotFitOnTheDiskIsNotBegunAndRetentionRuns() throws IOException {
    AtomicLong free = new AtomicLong(Long.MAX_VALUE);
    TsdbStorage db = open(Duration.ZERO, room(_ -> free.get()));
    for (int h = 0; h < 7; h++) {
      fillHour(db, h);
    }
    db.maintain();
    int segment = db.wal().segment();
    assertThat(db.blocks().list()).hasSize(2);
    free.set(1000);
    fillHour(db, 7);
    fillHour(db, 8);
    fillHour(db, 40);
    db.maintain();
    assertThat(db.blocks().list()).hasSize(2);
    assertThat(metric(db, "narthex_tsdb_task_failures_total{task=\"flush\"}")).isEqualTo(1);
    assertThat(db.wal().segment()).as("no segment for a checkpoint").isEqualTo(segment);
    db.reconfigure(TestDb.config(Duration.ofMinutes(1), 0, Duration.ZERO, 1 << 20));
    db.maintain();
    assertThat(db.blocks().list()).as("the newest block counts its own age").hasSize(1);
    free.set(Long.MAX_VALUE);
    db.reconfigure(TestDb.config(Duration.ofDays(30), 0, Duration.ZERO, 1 << 20));
    db.maintain();
    assertThat(db.blocks().list()).hasSizeGreaterThan(1);
    assertThat(files("blocks", ".tmp")).isEmpty();
    db.close();
  }

  /** The block of the head is finished, and there is no room for that of the other samples. */
  @Test
  void aFlushThatFailsHalfwayLeavesNoBlockBehind() throws IOException {
    AtomicInteger calls = new AtomicInteger();
    TsdbStorage db =
        open(Duration.ofHours(3), room(_ -> calls.getAndIncrement() % 2 == 0 ? Long.MAX_VALUE : 0));
    for (int h = 0; h < 4; h++) {
      fillHour(db, h);
    }
    assertThat(TestDb.append(db, TestDb.series("m", 0), T0 + HOUR + 1, 5)).isZero();
    List<StoredSeries> before = TestDb.all(db);
    for (int i = 0; i < 3; i++) {
      calls.set(0);
      db.maintain();
    }
    assertThat(metric(db, "narthex_tsdb_task_failures_total{task=\"flush\"}")).isEqualTo(3);
    assertThat(files("blocks", "")).isEmpty();
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.crash();
    db = TestDb.open(dir, TestDb.config(Duration.ofHours(30), 0, Duration.ofHours(3), 1 << 20));
    db.maintain();
    assertThat(db.blocks().list()).isNotEmpty();
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  @Test
  void aMergeStopsAtTheNextSeriesAndLeavesEverythingAsItWas() throws IOException {
    Disk scarce = room(folder -> folder.endsWith("blocks") ? Long.MAX_VALUE : 0);
    TsdbStorage db = open(Duration.ZERO, scarce);
    for (int h = 0; h < 13; h++) {
      fillHour(db, h);
    }
    db.reconfigure(keeping(Duration.ZERO));
    AtomicInteger asked = new AtomicInteger();
    new HeadFlush(db.head(), db.blocks(), scarce, db.counters(), () -> false).run(2 * HOUR);
    List<Block> before = db.blocks().list();
    assertThat(before).hasSizeGreaterThan(3);
    Compactor compactor =
        new Compactor(db.blocks(), scarce, db.counters(), () -> asked.incrementAndGet() > 3);
    compactor.run(2 * HOUR, 6 * HOUR);
    assertThat(asked.get()).as("asked before the plan, and at two series or three").isLessThan(6);
    assertThat(db.blocks().list()).isEqualTo(before);
    assertThat(files("blocks", ".tmp")).isEmpty();
    db.maintain();
    assertThat(db.blocks().list()).isNotEqualTo(before);
    db.close();
  }

  @Test
  void aDamagedBlockKeepsNoOtherFromBeingCleaned() throws IOException {
    TsdbStorage db = TestDb.open(dir, keeping(Duration.ZERO));
    for (int h = 0; h < 7; h++) {
      fillHour(db, h);
    }
    db.maintain();
    db.delete(List.of(List.of(Matcher.equal("__name__", "m"))), T0 + HOUR, T0 + 3 * HOUR);
    Path damaged = db.blocks().list().get(0).folder;
    db.crash();
    flip(damaged.resolve("chunks"), 20);
    TsdbStorage again = TestDb.open(dir, keeping(Duration.ZERO));
    assertThatThrownBy(again::cleanTombstones)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(damaged.toString());
    assertThat(again.blocks().list())
        .extracting(b -> b.tombstones().size())
        .containsExactly(SERIES, 0);
    again.close();
  }

  /**
   * Closing waited for the whole flush; it is asked at each series, and while the index is made.
   */
  @Test
  void aFlushStopsAtTheNextSeriesAndLeavesEverythingAsItWas() throws IOException {
    TsdbStorage db = TestDb.open(dir, keeping(Duration.ZERO));
    for (int h = 0; h < 4; h++) {
      fillHour(db, h);
    }
    List<StoredSeries> before = TestDb.all(db);
    AtomicInteger asked = new AtomicInteger();
    int steps = 0;
    for (int most = 0; db.blocks().list().isEmpty(); most++) {
      asked.set(0);
      int limit = most;
      new HeadFlush(
              db.head(),
              db.blocks(),
              LocalDisk.INSTANCE,
              db.counters(),
              () -> asked.incrementAndGet() > limit)
          .run(2 * HOUR);
      if (db.blocks().list().isEmpty()) {
        assertThat(asked.get()).as("times asked after it was told to stop").isLessThan(limit + 3);
        assertThat(files("blocks", "")).isEmpty();
        assertThat(TestDb.all(db)).isEqualTo(before);
        steps++;
      }
    }
    assertThat(steps).as("places to stop at").isGreaterThan(3 * SERIES);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  @Test
  void cleaningStopsWhenTheDatabaseClosesAndSaysSo() {
    TsdbStorage db = TestDb.open(dir, keeping(Duration.ZERO));
    for (int h = 0; h < 7; h++) {
      fillHour(db, h);
    }
    db.maintain();
    db.delete(List.of(List.of(Matcher.equal("__name__", "m"))), T0 + HOUR, T0 + 3 * HOUR);
    AtomicInteger asked = new AtomicInteger();
    Compactor compactor =
        new Compactor(
            db.blocks(), LocalDisk.INSTANCE, db.counters(), () -> asked.incrementAndGet() > 2);
    assertThatThrownBy(compactor::rewriteWithoutTombstones)
        .isInstanceOf(StorageException.Closed.class);
    assertThat(asked.get()).isLessThan(6);
    assertThat(db.blocks().list()).allMatch(b -> b.tombstones().size() == SERIES);
    db.close();
  }

  /** What a longer block let in while a shorter one was made was cut off with the head. */
  @Test
  void aSampleOfTheRangeThatIsFlushedIsRefusedWhateverTheConfigurationBecomes() {
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    TsdbStorage db =
        TestDb.open(dir, TestDb.config(Duration.ZERO, 0, Duration.ZERO, 1 << 20), disk);
    for (int h = 0; h < 4; h++) {
      fillHour(db, h);
    }
    TsdbConfig d = keeping(Duration.ZERO);
    TsdbConfig longer =
        new TsdbConfig(
            d.retentionTime(),
            d.retentionSize(),
            Duration.ofHours(20),
            Duration.ofHours(20),
            d.outOfOrderTimeWindow(),
            d.walFsync(),
            d.walSegmentSize(),
            d.maxExemplars(),
            false);
    List<Byte> codes = new java.util.ArrayList<>();
    disk.observer(op -> {
      if (op.equals("create index")) { // all samples have been read
        db.reconfigure(longer);
        codes.add(TestDb.append(db, TestDb.series("other", 1), T0 + HOUR, 5));
        codes.add(TestDb.append(db, TestDb.series("other", 1), T0 + 3 * HOUR, 6));
      }
    });
    db.maintain();
    disk.observer(_ -> {});
    assertThat(codes).containsExactly(AppendResult.OUT_OF_BOUNDS, AppendResult.OK);
    assertThat(TestDb.append(db, TestDb.series("other", 2), T0 + 2 * HOUR, 7))
        .as("afterwards it is the end of the block that counts")
        .isZero();
    db.close();
  }
}
