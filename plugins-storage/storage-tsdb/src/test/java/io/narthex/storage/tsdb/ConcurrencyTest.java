package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.testkit.storage.StoredSeries;
import io.narthex.testkit.storage.StoredSeries.Sample;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConcurrencyTest {
  private static final int SERIES = 30;
  private static final int STEPS = 6000; // of 15 s: 25 hours

  @TempDir Path dir;

  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicBoolean done = new AtomicBoolean();

  private Thread start(String name, Runnable work) {
    Thread t =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (Throwable e) {
                failure.compareAndSet(null, e);
              }
            },
            name);
    t.start();
    return t;
  }

  @Test
  void readersSeeWholeSeriesWhileBlocksAreMadeAndMerged() throws InterruptedException {
    TsdbStorage db = TestDb.open(dir, TestDb.config(Duration.ZERO, 0, Duration.ZERO, 200_000));
    AtomicLong visible = new AtomicLong();
    List<Thread> threads = new ArrayList<>();
    threads.add(start("writer", () -> write(db, visible)));
    threads.add(
        start(
            "maintenance",
            () -> {
              while (!done.get()) {
                db.maintain();
                Thread.onSpinWait();
              }
            }));
    threads.add(
        start(
            "reader",
            () -> {
              while (!done.get()) {
                check(db, visible.get());
              }
            }));
    for (Thread t : threads) {
      t.join();
    }
    assertThat(failure.get()).isNull();
    assertThat(db.blocks().list()).isNotEmpty();
    assertThat(db.counters().get("compactions_failed_total")).isZero();
    check(db, STEPS);
    db.close();
    TsdbStorage again = TestDb.open(dir);
    check(again, STEPS);
    again.close();
  }

  private void write(TsdbStorage db, AtomicLong visible) {
    try {
      SampleBatch batch = new SampleBatch(SERIES);
      for (int s = 0; s < STEPS && failure.get() == null; s++) {
        batch.clear();
        for (int i = 0; i < SERIES; i++) {
          Labels labels = TestDb.series("m", i);
          batch.add(db.resolve(labels), TestDb.T0 + s * 15_000L, s * 3.0 + i);
        }
        assertThat(db.append(batch).allOk()).isTrue();
        visible.set(s + 1);
      }
    } finally {
      done.set(true);
    }
  }

  private static void check(TsdbStorage db, long atLeast) {
    List<StoredSeries> all =
        StoredSeries.select(
            db, 500, Long.MIN_VALUE, Long.MAX_VALUE, Matcher.equal("__name__", "m"));
    if (atLeast == 0) {
      return;
    }
    assertThat(all).hasSize(SERIES);
    int size = all.get(0).samples().size();
    assertThat((long) size).isGreaterThanOrEqualTo(atLeast);
    for (StoredSeries s : all) {
      assertThat(s.samples()).hasSize(size);
      for (int k = 0; k < size; k++) {
        Sample x = s.samples().get(k);
        if (x.timeMs() != TestDb.T0 + k * 15_000L
            || x.value() != k * 3.0 + Integer.parseInt(s.labels().get("i"))) {
          throw new AssertionError("row " + k + " of " + s.labels() + " is " + x);
        }
      }
    }
  }
}
