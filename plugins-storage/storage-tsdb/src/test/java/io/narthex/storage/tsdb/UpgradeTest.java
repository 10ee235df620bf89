package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.FailingDisk;
import io.narthex.storage.tsdb.io.ForgettingDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.metrics.Counters;
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
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A folder of format 1 or 2 becomes one of format 3. */
class UpgradeTest {
  private static final int SERIES = 3;

  /** A page of chunks for each chunk. */
  private static final int PAGE_BYTES = 8;

  private static final TsdbConfig CONFIG = config();
  private static final WalFiles FORMAT_1 = new WalFiles(false);

  @TempDir Path dir;

  private static TsdbConfig config() {
    TsdbConfig d = TsdbConfig.DEFAULT;
    return new TsdbConfig(
        d.retentionTime(),
        d.retentionSize(),
        d.minBlockDuration(),
        d.maxBlockDuration(),
        Duration.ofMinutes(1),
        "always",
        new ByteSize(1000),
        d.maxExemplars(),
        false);
  }

  /** Appends a batch at each step; what fails is not tried again. */
  private static void append(TsdbStorage db, CrashModel model, int from, int to) {
    for (int k = from; k < to; k++) {
      long late = k % 5 == 4 ? 7500 : 0;
      long t = TestDb.T0 + k * 1000L - late;
      List<Labels> series = new ArrayList<>();
      for (int i = 0; i < SERIES; i++) {
        series.add(TestDb.series("m", i));
      }
      series.add(TestDb.series("churn", k / 8));
      try {
        SampleBatch batch = new SampleBatch(series.size());
        for (Labels s : series) {
          model.sent(s, t, k);
          batch.add(db.resolve(s), t, k);
        }
        assertThat(db.append(batch).allOk()).isTrue();
      } catch (StorageException.Failed e) {
        continue;
      }
      for (Labels s : series) {
        model.acknowledged(s, t, k);
      }
    }
  }

  private static void delete(TsdbStorage db, CrashModel model) {
    Labels series = TestDb.series("m", 1);
    long from = TestDb.T0 + 2000;
    long to = TestDb.T0 + 6000;
    model.deleting(series, from, to);
    db.delete(List.of(List.of(Matcher.equal("__name__", "m"), Matcher.equal("i", "1"))), from, to);
    model.deleted(series, from, to);
  }

  private static CrashModel model() {
    return new CrashModel(TestDb.HOUR, true);
  }

  private String version() throws IOException {
    return Files.readString(dir.resolve("tsdb.version"));
  }

  @Test
  void aFolderIsChangedWhileItIsUsed() throws IOException {
    FORMAT_1.prepare(dir);
    CrashModel model = model();
    TsdbStorage db = TestDb.open(dir, CONFIG);
    append(db, model, 0, 40);
    delete(db, model);
    assertThat(db.upgrade()).isTrue();
    assertThat(version()).isEqualTo("narthex tsdb 3\n");
    assertThat(dir.resolve("log")).doesNotExist();
    assertThat(model.check(TestDb.all(db))).isEmpty();
    append(db, model, 40, 80);
    assertThat(db.upgrade()).as("again").isFalse();
    List<StoredSeries> before = TestDb.all(db);
    assertThat(model.check(before)).isEmpty();
    db.crash();
    db = TestDb.open(dir, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
    db = TestDb.open(dir, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  @Test
  void aFolderIsChangedAfterADayWithThisVersionAndNotBefore() throws IOException {
    FORMAT_1.prepare(dir);
    CrashModel model = model();
    TsdbStorage db = TestDb.open(dir, CONFIG);
    append(db, model, 0, 10);
    db.maintain();
    assertThat(version()).isEqualTo("narthex tsdb 1\n");
    db.confirmAfter(Duration.ZERO);
    db.maintain();
    assertThat(version()).isEqualTo("narthex tsdb 3\n");
    assertThat(dir.resolve("log")).doesNotExist();
    append(db, model, 10, 20);
    assertThat(model.check(TestDb.all(db))).isEmpty();
    db.close();
  }

  private List<Integer> chunkFiles() {
    return FramedWal.numbers(LocalDisk.INSTANCE, dir.resolve("head"), Frame.Kind.CHUNKS);
  }

  /** Chunks that were moved to files without names get into files that a checkpoint refers to. */
  @Test
  void sealedChunksAreMovedToFilesThatCheckpointsReferTo() throws IOException {
    FORMAT_1.prepare(dir);
    CrashModel model = model();
    TsdbStorage db = TestDb.open(dir, CONFIG, LocalDisk.INSTANCE, 300);
    append(db, model, 0, 500);
    db.maintain(); // moves pages
    append(db, model, 500, 700);
    List<StoredSeries> before = TestDb.all(db);
    assertThat(db.head().chunkFileBytes()).isZero();
    try (SeriesCursor cursor =
        db.select(
            SelectRequest.of(
                List.of(Matcher.equal("__name__", "m")), Long.MIN_VALUE, Long.MAX_VALUE))) {
      assertThat(cursor.nextSeries()).isTrue();
      assertThat(db.upgrade()).isTrue();
      SampleTile tile = new SampleTile(100);
      int rows = 0;
      do {
        while (cursor.nextTile(tile)) {
          rows += tile.size;
        }
      } while (cursor.nextSeries());
      assertThat(rows).as("a query that began before").isEqualTo(SERIES * 700);
    }
    assertThat(TestDb.all(db)).isEqualTo(before);
    assertThat(chunkFiles()).isNotEmpty();
    long moved = db.head().chunkFileBytes();
    assertThat(moved).isPositive();
    append(db, model, 700, 1100);
    db.maintain();
    assertThat(db.head().chunkFileBytes()).as("without another start").isGreaterThan(moved);
    before = TestDb.all(db);
    assertThat(model.check(before)).isEmpty();
    db.crash();
    for (int i = 0; i < 2; i++) {
      db = TestDb.open(dir, CONFIG, LocalDisk.INSTANCE, 300);
      assertThat(TestDb.all(db)).isEqualTo(before);
      assertThat(db.counters().get(Counters.damageOf("chunks"))).isZero();
      assertThat(run("verify")).contains(".chunks: ").doesNotContain("damaged");
      db.close();
    }
  }

  /** What came before is read from the log until a checkpoint has it. */
  @Test
  void aFolderWithoutItsFirstCheckpointIsWhole() throws IOException {
    FORMAT_1.prepare(dir);
    CrashModel model = model();
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    TsdbStorage db = TestDb.open(dir, CONFIG, disk, PAGE_BYTES);
    append(db, model, 0, 40);
    db.head().spill(disk, dir.resolve("log"));
    delete(db, model);
    disk.failing(op -> op.contains(".checkpoint"));
    assertThatThrownBy(db::upgrade).isInstanceOf(StorageException.Failed.class);
    assertThat(version()).isEqualTo("narthex tsdb 3\n");
    append(db, model, 40, 60);
    List<StoredSeries> before = TestDb.all(db);
    assertThat(model.check(before)).isEmpty();
    assertThat(run("verify")).contains(dir.resolve("log").toString()).doesNotContain("damaged");
    assertThat(run("dump").lines().count())
        .isEqualTo(before.stream().mapToLong(s -> s.samples().size()).sum());
    db.crash();

    db = TestDb.open(dir, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(before);
    append(db, model, 60, 70);
    before = TestDb.all(db);
    db.crash();
    db = TestDb.open(dir, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.maintain();
    assertThat(dir.resolve("log")).doesNotExist();
    db.crash();
    db = TestDb.open(dir, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(before);
    db.close();
  }

  private String run(String command) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      new TsdbCommand(out, out).run(List.of(command, dir.toString()));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void appendsContinueMeanwhile() throws InterruptedException {
    FORMAT_1.prepare(dir);
    TsdbStorage db = TestDb.open(dir, CONFIG, new FailingDisk(LocalDisk.INSTANCE));
    int writers = 4;
    int[] done = new int[writers];
    AtomicBoolean end = new AtomicBoolean();
    CountDownLatch running = new CountDownLatch(writers);
    List<Thread> threads = new ArrayList<>();
    for (int w = 0; w < writers; w++) {
      int writer = w;
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                while (!end.get() || done[writer] < 20) {
                  int n = done[writer];
                  if (TestDb.append(db, TestDb.series("w", writer), TestDb.T0 + n, n) == 0) {
                    done[writer]++;
                  }
                  if (n == 10) {
                    running.countDown();
                  }
                }
              }));
    }
    running.await();
    assertThat(db.upgrade()).isTrue();
    end.set(true);
    for (Thread t : threads) {
      t.join();
    }
    db.crash();
    TsdbStorage again = TestDb.open(dir, CONFIG);
    List<StoredSeries> all = TestDb.all(again);
    assertThat(all).hasSize(writers);
    for (StoredSeries s : all) {
      int writer = Integer.parseInt(s.labels().get("i"));
      assertThat(s.samples()).hasSize(done[writer]);
    }
    again.close();
  }

  /** Runs through the change; returns the numbers of its first and last operation. */
  private static long[] live(FailingDisk disk, Path root, CrashModel model, List<String> problems) {
    TsdbStorage db = TestDb.open(root, CONFIG, disk, PAGE_BYTES);
    append(db, model, 0, 40); // some sealed chunks, of which all but one are moved
    db.head().spill(disk, root.resolve("log"));
    delete(db, model);
    long first = disk.operations() + 1;
    for (int i = 0; i < 2; i++) {
      try {
        db.upgrade();
      } catch (StorageException.Failed e) {
        // it is as it was, or changed
      }
      append(db, model, 40 + 5 * i, 45 + 5 * i);
    }
    if (!disk.isStopped()) {
      problems.addAll(model.check(TestDb.all(db)));
    }
    db.crash();
    return new long[] {first, disk.operations()};
  }

  private static void check(ForgettingDisk below, Path root, CrashModel model, List<String> into) {
    for (int i = 0; i < 2; i++) {
      TsdbStorage db = TestDb.open(root, CONFIG, below, PAGE_BYTES);
      into.addAll(model.check(TestDb.all(db)));
      append(db, model, 60 + 20 * i, 70 + 20 * i);
      db.maintain();
      db.upgrade();
      append(db, model, 70 + 20 * i, 80 + 20 * i);
      into.addAll(model.check(TestDb.all(db)));
      Path log = root.resolve("log");
      try {
        if (below.isDirectory(log) && !below.list(log).isEmpty()) {
          into.add("the log is there");
        }
      } catch (IOException e) {
        into.add(e.toString());
      }
      db.crash();
    }
  }

  @Test
  void aCrashAFailureAndAPowerCutAtAnyStepLoseNothing() {
    Logger logger = (Logger) LoggerFactory.getLogger("io.narthex.storage.tsdb");
    logger.setLevel(Level.OFF); // hundreds of failures
    try {
      List<String> problems = new ArrayList<>();
      ForgettingDisk counted = new ForgettingDisk(dir.resolve("count"));
      FORMAT_1.prepare(counted, dir.resolve("count"));
      long[] steps = live(new FailingDisk(counted), dir.resolve("count"), model(), problems);
      assertThat(problems).isEmpty();
      for (long at = steps[0]; at <= steps[1]; at++) {
        for (int kind = 0; kind < 4; kind++) {
          problems.addAll(attempt(at, kind));
        }
      }
      assertThat(problems).isEmpty();
    } finally {
      logger.setLevel(null);
    }
  }

  private List<String> attempt(long at, int kind) {
    Path root = dir.resolve(kind + "-" + at);
    ForgettingDisk below = new ForgettingDisk(root);
    FORMAT_1.prepare(below, root);
    FailingDisk disk = new FailingDisk(below);
    if (kind < 2) {
      disk.stopAt(at);
    } else {
      disk.failAt(at, at + 2 * kind - 4);
    }
    CrashModel model = model();
    List<String> problems = new ArrayList<>();
    live(disk, root, model, problems);
    if (kind == 1) {
      below.powerCut(new Random(at));
    }
    check(below, root, model, problems);
    String what =
        switch (kind) {
          case 0 -> "stop";
          case 1 -> "power cut";
          default -> "failure";
        };
    return problems.stream()
        .map(p -> what + " " + kind + " at operation " + at + " " + disk.firstFailed() + ": " + p)
        .toList();
  }

  /** Returns the types of the records in files of a kind. */
  private Set<Integer> types(Frame.Kind kind) throws IOException {
    Path folder = dir.resolve(kind == Frame.Kind.WAL ? "wal" : "head");
    Set<Integer> types = new TreeSet<>();
    for (int number : FramedWal.numbers(LocalDisk.INSTANCE, folder, kind)) {
      FrameReader.read(
          LocalDisk.INSTANCE,
          folder.resolve(kind.fileName(number)),
          kind,
          number,
          true,
          new FrameReader.Handler() {
            @Override
            public void record(int type, ByteSource body, long offset) {
              types.add(type);
            }

            @Override
            public void damage(long offset, long length, String reason, MemorySegment bytes) {
              throw new AssertionError(reason);
            }
          });
    }
    return types;
  }

  private static void appendMany(TsdbStorage db, int from, int to) {
    SampleBatch batch = new SampleBatch(300);
    for (int k = from; k < to; k++) {
      batch.clear();
      for (int i = 0; i < 300; i++) {
        batch.add(db.resolve(TestDb.series("many", i)), TestDb.T0 + k * 1000L, i * k % 97);
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  /** The version of the plugin before this one can take it over until then. */
  @Test
  void aFolderOfFormat2IsContinuedAsOneAndChangedAfterADay() throws IOException {
    Files.writeString(dir.resolve("tsdb.version"), "narthex tsdb 2\n");
    TsdbConfig config = TestDb.config(Duration.ZERO, 0, Duration.ZERO, 1 << 20);
    TsdbStorage db = TestDb.open(dir, config);
    appendMany(db, 0, 20);
    db.close();
    assertThat(types(Frame.Kind.CHECKPOINT)).contains(16, 20).doesNotContain(23, 24, 25);
    db = TestDb.open(dir, config);
    appendMany(db, 20, 40);
    db.maintain();
    assertThat(types(Frame.Kind.WAL)).contains(1).doesNotContain(6);
    assertThat(version()).isEqualTo("narthex tsdb 2\n");
    List<StoredSeries> before = TestDb.all(db);
    db.confirmAfter(Duration.ZERO);
    db.maintain();
    assertThat(version()).isEqualTo("narthex tsdb 3\n");
    assertThat(types(Frame.Kind.CHECKPOINT)).contains(23, 24, 25).doesNotContain(16, 20);
    assertThat(TestDb.all(db)).isEqualTo(before);
    appendMany(db, 40, 50);
    assertThat(types(Frame.Kind.WAL)).contains(6).doesNotContain(1);
    assertThat(db.upgrade()).as("again").isFalse();
    before = TestDb.all(db);
    db.crash();
    for (int i = 0; i < 2; i++) {
      db = TestDb.open(dir, config);
      assertThat(TestDb.all(db)).isEqualTo(before);
      assertThat(db.counters().get(Counters.damageOf("checkpoint"))).isZero();
      db.close();
    }
  }

  @Test
  void aFolderOfFormat2IsThatUntilItsVersionIsWritten() throws IOException {
    Files.writeString(dir.resolve("tsdb.version"), "narthex tsdb 2\n");
    FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
    TsdbStorage db = TestDb.open(dir, CONFIG, disk);
    appendMany(db, 0, 5);
    disk.failing(op -> op.contains("tsdb.version"));
    assertThatThrownBy(db::upgrade).isInstanceOf(StorageException.Failed.class);
    assertThat(version()).isEqualTo("narthex tsdb 2\n");
    disk.failing(op -> false);
    db.close();
    assertThat(types(Frame.Kind.CHECKPOINT)).contains(16, 20).doesNotContain(23, 24, 25);
  }
}
