package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import io.narthex.testkit.storage.StoredSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reading that is stopped halfway, and appends that must not wait for it. */
class ReadsAlongsideAppendsTest {
  private static final int SERIES = 200_000;
  private static final int EXEMPLARS = 1000;
  private static final long WATCHDOG_SECONDS = 60;

  @TempDir static Path folder;
  private static TsdbStorage db;
  private static long[] refs;
  private static long timeMs = TestDb.T0;
  private static final ExecutorService threads =
      Executors.newCachedThreadPool(r -> new Thread(r, "alongside"));

  @BeforeAll
  static void fill() {
    db = TestDb.open(folder, TestDb.config(Duration.ZERO, 0, Duration.ofHours(1), 64 << 20));
    refs = new long[SERIES];
    for (int i = 0; i < SERIES; i++) {
      refs[i] = db.resolve(TestDb.series("m", i));
    }
    SampleBatch batch = batch();
    for (int i = 0; i < EXEMPLARS; i++) {
      batch.exemplar(i, new Exemplar(Labels.EMPTY, i, timeMs, true));
    }
    assertThat(db.append(batch).allOk()).isTrue();
  }

  @AfterAll
  static void close() {
    threads.shutdownNow();
    db.close();
  }

  /** Returns a batch with a sample of each series, newer than all before. */
  private static SampleBatch batch() {
    timeMs += 1000;
    SampleBatch batch = new SampleBatch(SERIES);
    for (long ref : refs) {
      batch.add(ref, timeMs, timeMs);
    }
    return batch;
  }

  private static <T> T await(Future<T> work) throws Exception {
    return work.get(WATCHDOG_SECONDS, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"series", "labelNames", "labelValues", "select", "exemplars", "delete"})
  void appendsAndNewSeriesDoNotWait(String call) throws Exception {
    CountDownLatch halfway = new CountDownLatch(1);
    CountDownLatch appended = new CountDownLatch(1);
    AtomicInteger asked = new AtomicInteger();
    int stopAt = call.equals("exemplars") ? EXEMPLARS / 2 : SERIES / 2;
    Matcher stops =
        Matcher.regex(
            "i",
            "(?i)x.*",
            value -> {
              if (!value.isEmpty() && asked.incrementAndGet() == stopAt) {
                halfway.countDown();
                try {
                  appended.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
              return false;
            });
    List<List<Matcher>> sets = List.of(List.of(stops));
    Future<?> reader =
        threads.submit(() -> {
          switch (call) {
            case "series" -> db.series(sets, 0, Long.MAX_VALUE, 0);
            case "labelNames" -> db.labelNames(sets, 0, Long.MAX_VALUE, 0);
            case "labelValues" -> db.labelValues("i", sets, 0, Long.MAX_VALUE, 0);
            case "select" -> db.select(SelectRequest.of(List.of(stops), 0, Long.MAX_VALUE)).close();
            case "exemplars" -> db.exemplars(sets, 0, Long.MAX_VALUE);
            default -> db.delete(sets, 0, Long.MAX_VALUE);
          }
        });
    assertThat(halfway.await(WATCHDOG_SECONDS, TimeUnit.SECONDS)).isTrue();
    try {
      assertThat(await(threads.submit(() -> db.append(batch()))).allOk()).isTrue();
      Labels fresh = TestDb.series("fresh", 0);
      assertThat(await(threads.submit(() -> TestDb.append(db, fresh, timeMs, 1)))).isZero();
      await(threads.submit(() -> db.stats(10)));
      assertThat(reader.isDone()).isFalse();
    } finally {
      appended.countDown();
    }
    await(reader);
  }

  @ParameterizedTest
  @ValueSource(strings = {"series", "labelNames", "labelValues", "select"})
  void whatIsReadWhileItIsClosedFailsInsteadOfMissingSomething(String call, @TempDir Path own) {
    TsdbStorage closing = TestDb.open(own);
    TestDb.append(closing, TestDb.series("m", 1), TestDb.T0, 1);
    Matcher closes =
        Matcher.regex(
            "i",
            "(?i)1",
            value -> {
              try {
                await(threads.submit(closing::close));
              } catch (Exception e) {
                throw new AssertionError("cannot be closed", e);
              }
              return value.equals("1");
            });
    List<List<Matcher>> sets = List.of(List.of(closes));
    assertThatThrownBy(
            () -> {
              switch (call) {
                case "series" -> closing.series(sets, 0, Long.MAX_VALUE, 0);
                case "labelNames" -> closing.labelNames(sets, 0, Long.MAX_VALUE, 0);
                case "labelValues" -> closing.labelValues("i", sets, 0, Long.MAX_VALUE, 0);
                default ->
                    closing.select(SelectRequest.of(List.of(closes), 0, Long.MAX_VALUE)).close();
              }
            })
        .isInstanceOf(StorageException.Closed.class);
  }

  @Test
  void whatChangesWhileItIsCapturedIsSeenAsItWas() throws Exception {
    AtomicInteger taken = new AtomicInteger();
    long before = timeMs;
    long lateMs = before - 500;
    SelectMemory memory =
        bytes -> {
          if (taken.getAndIncrement() == 1) {
            try {
              assertThat(await(threads.submit(() -> db.append(batch()))).allOk()).isTrue();
              await(threads.submit(() -> TestDb.append(db, TestDb.series("m", 7), lateMs, 7)));
              int last = SERIES - 1;
              await(threads.submit(() -> TestDb.append(db, TestDb.series("m", last), lateMs, 7)));
              List<List<Matcher>> some = List.of(List.of(Matcher.equal("i", "" + (last - 1))));
              await(threads.submit(() -> db.delete(some, before, before)));
            } catch (Exception e) {
              throw new AssertionError("stopped by what is captured", e);
            }
          }
        };
    Map<Long, Integer> rows = new TreeMap<>();
    SampleTile tile = new SampleTile(10);
    SelectRequest request =
        SelectRequest.of(List.of(Matcher.equal("__name__", "m")), lateMs, Long.MAX_VALUE);
    try (SeriesCursor cursor = db.select(request, memory)) {
      while (cursor.nextSeries()) {
        while (cursor.nextTile(tile)) {
          for (int i = 0; i < tile.size; i++) {
            rows.merge(tile.timesMs[i], 1, Integer::sum);
          }
        }
      }
    }
    assertThat(taken.get()).as("slices").isGreaterThan(50);
    assertThat(rows).isEqualTo(Map.of(before, SERIES));
    assertThat(timeMs).as("the batch came while it was captured").isGreaterThan(before);
  }

  @Test
  void seriesThatComeAndGoAreSeenInPairsAndWhole(@TempDir Path own) throws Exception {
    TsdbStorage churning =
        TestDb.open(own, TestDb.config(Duration.ZERO, 0, Duration.ZERO, 200_000));
    int rounds = 900; // a minute each
    AtomicLong acknowledged = new AtomicLong();
    Future<?> writer =
        threads.submit(() -> {
          for (int round = 0; round < rounds; round++) {
            SampleBatch pair = new SampleBatch(2);
            for (String metric : new String[] {"a", "b"}) {
              Labels labels = TestDb.series(metric, round / 3);
              pair.add(churning.resolve(labels), TestDb.T0 + round * 60_000L, round);
            }
            assertThat(churning.append(pair).allOk()).isTrue();
            acknowledged.set(round + 1);
            if (round % 60 == 59) {
              churning.maintain();
            }
          }
        });
    boolean last;
    do {
      last = writer.isDone();
      long least = acknowledged.get();
      check(churning, least);
      List<Labels> listed =
          churning.series(List.of(List.of(TestDb.regex("i", ".+"))), 0, Long.MAX_VALUE, 0);
      assertThat(listed).hasSizeGreaterThanOrEqualTo((int) ((least + 2) / 3) * 2);
    } while (!last);
    await(writer);
    assertThat(churning.blocks().list()).isNotEmpty();
    assertThat(churning.counters().get("head_series_removed_total")).isGreaterThan(100);
    assertThat(churning.counters().get("compactions_failed_total")).isZero();
    churning.close();
  }

  private static void check(TsdbStorage churning, long least) {
    List<StoredSeries> found =
        StoredSeries.select(churning, 100, 0, Long.MAX_VALUE, TestDb.regex("i", ".+"));
    Map<String, List<StoredSeries.Sample>> byPair = new TreeMap<>();
    long rows = 0;
    for (StoredSeries series : found) {
      String id = series.labels().get("i");
      List<StoredSeries.Sample> other = byPair.putIfAbsent(id, series.samples());
      assertThat(other == null || other.equals(series.samples())).as("both of %s", id).isTrue();
      rows += series.samples().size();
    }
    assertThat(found).hasSize(byPair.size() * 2);
    assertThat(rows).isGreaterThanOrEqualTo(least * 2);
  }
}
