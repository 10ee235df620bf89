package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ByteSize;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.FailingDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.testkit.storage.StoredSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Appends that wait are written and forced together. */
class CommitQueueTest {
  private static final long T0 = TestDb.T0;
  private static final int WRITERS = 8;
  private static final long WATCHDOG_SECONDS = 60;

  @TempDir Path dir;

  private final WalFiles files = new WalFiles(framed());
  private final FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE);
  private final AtomicInteger forces = new AtomicInteger();
  private final CountDownLatch forcing = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  /** Whether the folder has format 3, as new ones do, and not format 1. */
  boolean framed() {
    return true;
  }

  @BeforeEach
  void makeFolder() {
    files.prepare(dir);
  }

  private TsdbStorage open() {
    TsdbConfig d = TsdbConfig.DEFAULT;
    TsdbConfig config =
        new TsdbConfig(
            d.retentionTime(),
            d.retentionSize(),
            d.minBlockDuration(),
            d.maxBlockDuration(),
            Duration.ZERO,
            "always",
            new ByteSize(1 << 20),
            d.maxExemplars(),
            false);
    return TestDb.open(dir, config, disk);
  }

  private boolean isForceOfTheWal(String operation) {
    return operation.startsWith("force 0")
        && operation.contains(files.segment(1).substring(8)); // its suffix
  }

  /** Counts forces from now on; the first one takes until {@link #released}. */
  private void holdTheFirstForce() {
    disk.observer(operation -> {
      if (isForceOfTheWal(operation) && forces.incrementAndGet() == 1) {
        forcing.countDown();
        await(released);
      }
    });
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(WATCHDOG_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("nobody came");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void awaitWaiting(TsdbStorage db, int batches) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WATCHDOG_SECONDS);
    while (db.head().waitingBatches() < batches) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(db.head().waitingBatches() + " wait, expected " + batches);
      }
      Thread.onSpinWait();
    }
  }

  /** Appends in a thread of its own, which is waited for by {@link #code}. */
  private static FutureTask<Byte> start(TsdbStorage db, int series, long timeMs, double value) {
    SampleBatch batch = new SampleBatch(1);
    batch.add(db.resolve(TestDb.series("m", series)), timeMs, value);
    FutureTask<Byte> task = new FutureTask<>(() -> db.append(batch).code(0));
    Thread.ofPlatform().start(task);
    return task;
  }

  private static byte code(FutureTask<Byte> task) throws InterruptedException {
    try {
      return task.get(WATCHDOG_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new AssertionError(e);
    } catch (TimeoutException e) {
      throw new AssertionError("an append does not end", e);
    }
  }

  /** Resolves series: a new one waits for the append under way. */
  private static void resolve(TsdbStorage db) {
    for (int i = 0; i <= WRITERS; i++) {
      db.resolve(TestDb.series("m", i));
    }
  }

  /** Returns values by series and time. */
  private static Map<String, Double> values(TsdbStorage db) {
    Map<String, Double> values = new TreeMap<>();
    for (StoredSeries s : TestDb.all(db)) {
      for (StoredSeries.Sample sample : s.samples()) {
        values.put(s.labels().get("i") + " at " + (sample.timeMs() - T0), sample.value());
      }
    }
    return values;
  }

  @Test
  void appendsThatWaitShareAForce() throws InterruptedException {
    TsdbStorage db = open();
    resolve(db);
    holdTheFirstForce();
    List<FutureTask<Byte>> appends = new ArrayList<>();
    appends.add(start(db, 0, T0, 0));
    await(forcing);
    Map<String, Double> expected = new TreeMap<>(Map.of("0 at 0", 0.0));
    for (int i = 1; i <= WRITERS; i++) {
      appends.add(start(db, i, T0 + i, i));
      expected.put(i + " at " + i, (double) i);
    }
    awaitWaiting(db, WRITERS);
    assertThat(values(db)).as("nothing shows before it is forced").isEmpty();
    released.countDown();
    for (FutureTask<Byte> append : appends) {
      assertThat(code(append)).isEqualTo(AppendResult.OK);
    }
    assertThat(forces).hasValue(2);
    assertThat(values(db)).isEqualTo(expected);
    db.crash();
    db = open();
    assertThat(values(db)).isEqualTo(expected);
    db.close();
  }

  @Test
  void aForceThatFailsIsAFailureOfEachBatchOfItsRound() throws InterruptedException {
    TsdbStorage db = open();
    resolve(db);
    holdTheFirstForce();
    FutureTask<Byte> first = start(db, 0, T0, 0);
    await(forcing);
    List<FutureTask<Byte>> others = new ArrayList<>();
    for (int i = 1; i <= WRITERS; i++) {
      others.add(start(db, i, T0, 1));
    }
    awaitWaiting(db, WRITERS);
    disk.failing(operation -> isForceOfTheWal(operation) && forces.get() == 2);
    released.countDown();
    assertThat(code(first)).isEqualTo(AppendResult.OK);
    for (FutureTask<Byte> append : others) {
      assertThatThrownBy(() -> code(append))
          .isInstanceOf(StorageException.Failed.class)
          .hasMessageContaining("cannot force");
    }
    assertThat(db.counters().get("wal_writes_failed_total")).isEqualTo(WRITERS);
    disk.failing(_ -> false);
    assertThat(values(db)).isEqualTo(Map.of("0 at 0", 0.0));
    Map<String, Double> expected = new TreeMap<>(Map.of("0 at 0", 0.0));
    for (int i = 1; i <= WRITERS; i++) {
      assertThat(TestDb.append(db, TestDb.series("m", i), T0, 2)).isZero();
      expected.put(i + " at 0", 2.0);
    }
    db.crash();
    db = open();
    assertThat(values(db)).as("and no value that was refused").isEqualTo(expected);
    db.close();
  }

  @Test
  void whatHasASeriesInCommonIsCheckedOnceTheOtherIsThere() throws InterruptedException {
    TsdbStorage db = open();
    resolve(db);
    holdTheFirstForce();
    List<FutureTask<Byte>> appends = new ArrayList<>();
    appends.add(start(db, 0, T0, 0));
    await(forcing);
    double[][] batches = {
      {1, 10, 1}, // in the second round, with all that have no series before
      {1, 10, 2}, // in the third
      {2, 20, 1},
      {2, 21, 1},
      {3, 31, 1},
      {3, 30, 1},
      {4, 40, 1},
      {4, 40, 1}
    };
    for (double[] b : batches) {
      appends.add(start(db, (int) b[0], T0 + (long) b[1], b[2]));
      awaitWaiting(db, appends.size() - 1);
    }
    released.countDown();
    List<Byte> codes = new ArrayList<>();
    for (FutureTask<Byte> append : appends) {
      codes.add(code(append));
    }
    assertThat(codes)
        .containsExactly(
            AppendResult.OK,
            AppendResult.OK,
            AppendResult.DUPLICATE,
            AppendResult.OK,
            AppendResult.OK,
            AppendResult.OK,
            AppendResult.OUT_OF_ORDER,
            AppendResult.OK,
            AppendResult.OK);
    assertThat(forces).hasValue(3);
    Map<String, Double> expected =
        Map.of(
            "0 at 0", 0., "1 at 10", 1., "2 at 20", 1., "2 at 21", 1., "3 at 31", 1., "4 at 40",
            1.);
    assertThat(values(db)).isEqualTo(expected);
    db.crash();
    db = open();
    assertThat(values(db)).isEqualTo(expected);
    db.close();
  }

  @Test
  void whatIsClosedMeanwhileIsTakenOrSaysSo() throws InterruptedException {
    TsdbStorage db = open();
    resolve(db);
    holdTheFirstForce();
    List<FutureTask<Byte>> appends = new ArrayList<>();
    appends.add(start(db, 0, T0, 0));
    await(forcing);
    for (int i = 1; i <= WRITERS; i++) {
      appends.add(start(db, i, T0, i));
    }
    awaitWaiting(db, WRITERS);
    FutureTask<Byte> closing =
        new FutureTask<>(() -> {
          db.close();
          return (byte) 0;
        });
    Thread.ofPlatform().start(closing);
    released.countDown();
    code(closing);
    Map<String, Double> expected = new TreeMap<>();
    for (int i = 0; i <= WRITERS; i++) {
      try {
        assertThat(code(appends.get(i))).isEqualTo(AppendResult.OK);
        expected.put(i + " at 0", (double) i);
      } catch (StorageException.Closed e) {
        // says so
      }
    }
    assertThat(expected).containsKey("0 at 0");
    disk.observer(_ -> {});
    TsdbStorage again = open();
    assertThat(values(again)).isEqualTo(expected);
    again.close();
  }

  @Test
  void anInterruptedThreadWaitsAllTheSame() throws InterruptedException {
    TsdbStorage db = open();
    resolve(db);
    holdTheFirstForce();
    FutureTask<Byte> first = start(db, 0, T0, 0);
    await(forcing);
    SampleBatch batch = new SampleBatch(1);
    batch.add(db.resolve(TestDb.series("m", 1)), T0, 1);
    FutureTask<Byte> second =
        new FutureTask<>(() -> {
          boolean ok = db.append(batch).allOk();
          return (byte) (ok && Thread.currentThread().isInterrupted() ? 7 : 1);
        });
    Thread thread = Thread.ofPlatform().start(second);
    awaitWaiting(db, 1);
    thread.interrupt();
    released.countDown();
    assertThat(code(first)).isEqualTo(AppendResult.OK);
    assertThat(code(second)).isEqualTo((byte) 7);
    db.close();
  }

  /** What is acknowledged of a series that all writers have is there, and in order. */
  @Test
  void whateverIsAcknowledgedReplays() throws InterruptedException {
    TsdbStorage db = open();
    AtomicLong clock = new AtomicLong();
    Map<String, Double> acknowledged = new ConcurrentHashMap<>();
    List<FutureTask<Byte>> writers = new ArrayList<>();
    for (int w = 1; w <= WRITERS; w++) {
      int writer = w;
      FutureTask<Byte> task =
          new FutureTask<>(() -> {
            SampleBatch batch = new SampleBatch(2);
            for (int i = 0; i < 150; i++) {
              batch.clear();
              long own = db.resolve(TestDb.series("m", writer));
              batch.add(own, T0 + i, writer);
              long time = clock.incrementAndGet();
              if (i % 3 == 0) {
                batch.add(db.resolve(TestDb.series("m", 0)), T0 + time, writer);
              }
              AppendResult result = db.append(batch);
              for (int row = 0; row < batch.size(); row++) {
                if (result.code(row) == AppendResult.OK) {
                  acknowledged.put(
                      (row == 0 ? writer + " at " + i : "0 at " + time), (double) writer);
                }
              }
            }
            return (byte) 0;
          });
      writers.add(task);
      Thread.ofPlatform().start(task);
    }
    for (FutureTask<Byte> w : writers) {
      code(w);
    }
    assertThat(acknowledged).hasSizeGreaterThan(WRITERS * 150);
    assertThat(values(db)).isEqualTo(new TreeMap<>(acknowledged));
    db.crash();
    TsdbStorage again = open();
    assertThat(values(again)).isEqualTo(new TreeMap<>(acknowledged));
    again.close();
  }
}
