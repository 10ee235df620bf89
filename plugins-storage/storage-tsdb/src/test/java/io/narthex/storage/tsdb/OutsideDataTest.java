package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.chunks.SampleBytes;
import io.narthex.storage.tsdb.compaction.Retention;
import io.narthex.storage.tsdb.head.OutOfOrderSamples;
import io.narthex.storage.tsdb.io.Limits;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.storage.StoredSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What comes from outside must not harm what is there. */
class OutsideDataTest {
  private static final Duration MONTH = Duration.ofDays(30);

  @TempDir Path dir;

  private static NativeHistogram histogram(int spans) {
    int[] all = new int[2 * spans];
    double[] buckets = new double[spans];
    for (int i = 0; i < spans; i++) {
      all[2 * i + 1] = 1;
    }
    Arrays.fill(buckets, 1);
    return NativeHistogram.builder().count(spans).sum(1).positive(all, buckets).build();
  }

  private static byte append(TsdbStorage db, Labels labels, long timeMs, NativeHistogram h) {
    SampleBatch batch = new SampleBatch(1);
    batch.add(db.resolve(labels), timeMs, h);
    return db.append(batch).code(0);
  }

  private static void fill(TsdbStorage db, int hours) {
    for (long t = TestDb.T0; t < TestDb.T0 + hours * TestDb.HOUR; t += 60_000) {
      assertThat(TestDb.append(db, TestDb.series("m", 1), t, t % 97)).isEqualTo(AppendResult.OK);
    }
  }

  @Test
  void samplesOfEveryKindFromTheFutureAreRefused() {
    FakeClock clock = new FakeClock(TestDb.T0 + 7 * TestDb.HOUR);
    TsdbStorage db = TestDb.open(dir, TestDb.config(MONTH, 0, Duration.ZERO, 64 << 20), clock);
    fill(db, 7);
    db.maintain();
    long now = clock.millis();
    long ahead = now + 601_000;
    assertThat(append(db, TestDb.series("h", 1), ahead, histogram(2)))
        .isEqualTo(AppendResult.TOO_FAR_IN_FUTURE);
    assertThat(TestDb.append(db, TestDb.series("f", 1), ahead, 1))
        .isEqualTo(AppendResult.TOO_FAR_IN_FUTURE);
    SampleBatch batch = new SampleBatch(1);
    batch.add(db.resolve(TestDb.series("m", 1)), now, 1);
    batch.exemplar(0, new Exemplar(Labels.of("a", "b"), 1, ahead, true));
    assertThat(db.append(batch).rejectedExemplars()).isEqualTo(1);
    assertThat(TestDb.append(db, TestDb.series("m", 1), now + 600_000, 1))
        .isEqualTo(AppendResult.OK);
    db.close();
  }

  /** A clock that ran a month ahead has left a block; what is real must not age. */
  @Test
  void aBlockOfTheFutureDeletesNothing() {
    TsdbConfig config = TestDb.config(Duration.ofDays(15), 0, Duration.ZERO, 64 << 20);
    FakeClock clock = new FakeClock(TestDb.T0 + 7 * TestDb.HOUR);
    TsdbStorage db = TestDb.open(dir, config, clock);
    fill(db, 7);
    db.maintain();
    clock.advance(MONTH);
    append(db, TestDb.series("h", 1), clock.millis(), histogram(2));
    append(db, TestDb.series("h", 1), clock.millis() + 4 * TestDb.HOUR, histogram(2));
    clock.advance(Duration.ofHours(4));
    append(db, TestDb.series("h", 1), clock.millis(), histogram(2));
    clock.set(TestDb.T0 + 7 * TestDb.HOUR);
    db.maintain();
    db.maintain();
    assertThat(
            TestDb.all(db).stream()
                .filter(s -> s.labels().metricName().equals("m"))
                .mapToInt(s -> s.samples().size())
                .sum())
        .isEqualTo(7 * 60);
    db.close();
  }

  /** An older version took samples of any time, and its log may still hold one. */
  @Test
  void aSampleOfTheFutureInTheHeadLocksNobodyOut() {
    FakeClock clock = new FakeClock(TestDb.T0);
    TsdbStorage db = TestDb.open(dir, TestDb.config(MONTH, 0, Duration.ZERO, 64 << 20), clock);
    assertThat(TestDb.append(db, TestDb.series("m", 1), clock.millis(), 1))
        .isEqualTo(AppendResult.OK);
    clock.advance(MONTH);
    assertThat(append(db, TestDb.series("h", 1), clock.millis(), histogram(2)))
        .isEqualTo(AppendResult.OK);
    clock.set(TestDb.T0 + 60_000);
    assertThat(TestDb.append(db, TestDb.series("m", 1), clock.millis(), 2))
        .isEqualTo(AppendResult.OK);
    db.close();
  }

  @Test
  void eachBlockThatRetentionDeletesIsLogged() {
    Logger logger = (Logger) LoggerFactory.getLogger(Retention.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.INFO);
    try {
      FakeClock clock = new FakeClock(TestDb.T0 + 7 * TestDb.HOUR);
      TsdbStorage db =
          TestDb.open(dir, TestDb.config(Duration.ofDays(15), 0, Duration.ZERO, 64 << 20), clock);
      fill(db, 7);
      db.maintain();
      clock.advance(MONTH);
      assertThat(TestDb.append(db, TestDb.series("n", 1), clock.millis(), 1))
          .isEqualTo(AppendResult.OK);
      clock.advance(Duration.ofHours(4));
      assertThat(TestDb.append(db, TestDb.series("n", 1), clock.millis(), 1))
          .isEqualTo(AppendResult.OK);
      db.maintain();
      db.maintain();
      db.close();
    } finally {
      logger.setLevel(null);
      logger.detachAppender(logged);
    }
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .anySatisfy(text -> assertThat(text).contains("deleted", "is past the retention time of"));
  }

  @Test
  void everythingAcknowledgedReplays() {
    TsdbStorage db = TestDb.open(dir);
    String[] pairs = new String[2 * (Limits.LABELS + 1)];
    for (int i = 0; i <= Limits.LABELS; i++) {
      pairs[2 * i] = i == 0 ? "__name__" : "l" + (1_000_000 + i);
      pairs[2 * i + 1] = "v";
    }
    assertThatThrownBy(() -> db.resolve(Labels.of(pairs)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at most 65536 labels, got 65537");
    Labels most = Labels.of(Arrays.copyOf(pairs, 2 * Limits.LABELS));
    assertThat(TestDb.append(db, most, TestDb.T0, 1)).isEqualTo(AppendResult.OK);
    assertThat(append(db, TestDb.series("h", 1), TestDb.T0, histogram(600_000)))
        .isEqualTo(AppendResult.INVALID_HISTOGRAM);
    SampleBatch batch = new SampleBatch(1);
    batch.add(db.resolve(TestDb.series("m", 1)), TestDb.T0, 1);
    batch.exemplar(0, new Exemplar(Labels.of(Arrays.copyOf(pairs, 200)), 1, TestDb.T0, true));
    batch.exemplar(0, new Exemplar(Labels.of("trace", "x"), 1, TestDb.T0, true));
    batch.exemplar(0, new Exemplar(Labels.of(pairs), 1, TestDb.T0, true)); // no reader takes it
    assertThat(db.append(batch).rejectedExemplars()).isEqualTo(2);
    for (int i = 2; i < 100; i++) {
      assertThat(TestDb.append(db, TestDb.series("m", i), TestDb.T0, i)).isEqualTo(AppendResult.OK);
    }
    db.crash();
    TsdbStorage again = TestDb.open(dir);
    assertThat(TestDb.all(again)).hasSize(100);
    again.close();
    TsdbStorage third = TestDb.open(dir);
    assertThat(TestDb.all(third)).hasSize(100);
    third.close();
  }

  /** Each late row was compared with all before it, under the lock of all appends. */
  @Test
  void manyLateSamplesAreCheckedInLinearTime() {
    TsdbStorage db = TestDb.open(dir, TestDb.config(MONTH, 0, Duration.ofHours(10), 64 << 20));
    TestDb.append(db, TestDb.series("m", 1), TestDb.T0 + 10 * TestDb.HOUR, 1);
    SampleBatch batch = new SampleBatch(1);
    long ref = db.resolve(TestDb.series("m", 1));
    for (int i = 0; i < 300_000; i++) {
      batch.add(ref, TestDb.T0 + TestDb.HOUR + i, i);
    }
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20), () -> assertThat(db.append(batch).allOk()).isTrue());
    append(db, TestDb.series("m", 1), TestDb.T0 + TestDb.HOUR - 1, histogram(1));
    assertThat(db.stats(1).counters())
        .containsEntry("head_out_of_order_samples_appended_total{type=\"float\"}", 300_000.0)
        .containsEntry("head_out_of_order_samples_appended_total{type=\"histogram\"}", 1.0)
        .doesNotContainKey("head_out_of_order_samples_appended_total");
    db.close();
  }

  @Test
  void lateSamplesAreRefusedWhenTheyHoldTheirShareOfTheHeap() {
    TsdbStorage db = TestDb.open(dir, TestDb.config(MONTH, 0, Duration.ofHours(10), 64 << 20));
    NativeHistogram large = histogram(100_000);
    append(db, TestDb.series("h", 1), TestDb.T0 + 10 * TestDb.HOUR, histogram(1));
    long most = Limits.OUT_OF_ORDER_BYTES / SampleBytes.of(large);
    long taken = 0;
    byte code = AppendResult.OK;
    while (code == AppendResult.OK && taken <= most) {
      code = append(db, TestDb.series("h", 1), TestDb.T0 + TestDb.HOUR + taken, large);
      taken += code == AppendResult.OK ? 1 : 0;
    }
    assertThat(code).isEqualTo(AppendResult.NO_ROOM);
    assertThat(taken).isEqualTo(most);
    assertThat(append(db, TestDb.series("h", 1), TestDb.T0 + 10 * TestDb.HOUR + 1, histogram(1)))
        .as("what comes in order does not count")
        .isEqualTo(AppendResult.OK);
    db.close();
  }

  @Test
  void lateSamplesCountWhatTheyTake() {
    OutOfOrderSamples outOfOrder = new OutOfOrderSamples();
    outOfOrder.add(1, 5, 1, null, 0);
    outOfOrder.add(1, 5, 2, null, 0);
    outOfOrder.add(2, 5, 0, histogram(10), 0);
    assertThat(outOfOrder.bytes()).isEqualTo(2 * 130 + 10 * 8 + 20 * 4);
    outOfOrder.remove(1, outOfOrder.range(1, 0, 10));
    outOfOrder.remove(2, outOfOrder.range(2, 0, 10));
    assertThat(outOfOrder.bytes()).isZero();
  }

  @Test
  void largeHistogramsDoNotWaitOnTheHeap() {
    TsdbStorage db = TestDb.open(dir);
    for (int i = 0; i < 5; i++) {
      append(db, TestDb.series("large", 1), TestDb.T0 + i, histogram(100_000 + i));
      append(db, TestDb.series("usual", 1), TestDb.T0 + i, histogram(100 + i));
    }
    assertThat(db.head().chunks().chunks()).as("sealed").isEqualTo(5);
    List<StoredSeries> all = TestDb.all(db);
    assertThat(all).hasSize(2);
    assertThat(all).allSatisfy(series -> assertThat(series.samples()).hasSize(5));
    assertThat(all.getFirst().samples().getLast().histogram()).isEqualTo(histogram(100_004));
    db.close();
  }
}
