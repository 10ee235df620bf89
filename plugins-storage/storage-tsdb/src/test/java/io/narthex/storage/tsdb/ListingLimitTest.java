package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.StorageException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits and deadlines of listings end the work, not only its result. */
class ListingLimitTest {
  private static final int SERIES = 50_000;
  private static final List<List<Matcher>> ALL = List.of(List.of(Matcher.equal("__name__", "m")));

  @TempDir static Path folder;
  private static TsdbStorage db;

  @BeforeAll
  static void fill() {
    db = TestDb.open(folder);
    for (int hour = 0; hour < 6; hour += 5) { // the older half goes into a block
      SampleBatch batch = new SampleBatch(SERIES);
      for (int i = 0; i < SERIES; i++) {
        batch.add(db.resolve(TestDb.series("m", i * 2 + hour)), TestDb.T0 + hour * TestDb.HOUR, i);
      }
      assertThat(db.append(batch).allOk()).isTrue();
      db.maintain();
    }
    assertThat(db.blocks().list()).hasSize(1);
    assertThat(db.stats(0).headSeries()).isEqualTo(SERIES);
  }

  @AfterAll
  static void close() {
    db.close();
  }

  private static List<?> list(String call, List<List<Matcher>> sets, int limit) {
    return switch (call) {
      case "series" -> db.series(sets, 0, Long.MAX_VALUE, limit);
      case "labelNames" -> db.labelNames(sets, 0, Long.MAX_VALUE, limit);
      case "all values" -> db.labelValues("i", List.of(), 0, Long.MAX_VALUE, limit);
      default -> db.labelValues("i", sets, 0, Long.MAX_VALUE, limit);
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"series", "labelValues", "all values", "labelNames"})
  void givesTheFirstEntries(String call) {
    List<?> all = list(call, ALL, 0);
    for (int limit : new int[] {1, 2, 10, 5000}) {
      assertThat(list(call, ALL, limit)).isEqualTo(all.subList(0, Math.min(all.size(), limit)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"series", "all values"})
  void makesLittleMoreThanTheLimitAllows(String call) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    IntFunction<Long> allocated =
        limit -> {
          long before = threads.getCurrentThreadAllocatedBytes();
          list(call, ALL, limit);
          return threads.getCurrentThreadAllocatedBytes() - before;
        };
    long _ = allocated.apply(0); // what is loaded at first does not count
    long all = allocated.apply(0);
    assertThat(allocated.apply(10)).isLessThan(all / 10);
  }

  @ParameterizedTest
  @ValueSource(strings = {"series", "labelNames", "labelValues", "select", "delete"})
  void endsSoonAfterAnInterrupt(String call) {
    AtomicInteger asked = new AtomicInteger();
    Matcher interrupts =
        Matcher.regex(
            "i",
            "(?i)x.*",
            value -> {
              if (!value.isEmpty() && asked.incrementAndGet() == 10) {
                Thread.currentThread().interrupt();
              }
              return true;
            });
    try {
      assertThatThrownBy(
              () -> {
                switch (call) {
                  case "select" ->
                      db.select(SelectRequest.of(List.of(interrupts), 0, Long.MAX_VALUE)).close();
                  case "delete" -> db.delete(List.of(List.of(interrupts)), 0, Long.MAX_VALUE);
                  default -> list(call, List.of(List.of(interrupts)), 0);
                }
              })
          .isInstanceOf(StorageException.Failed.class)
          .hasMessageContaining("interrupted");
      assertThat(Thread.currentThread().isInterrupted()).as("still").isTrue();
    } finally {
      boolean _ = Thread.interrupted();
    }
    assertThat(asked.get()).isLessThan(2500);
    TestDb.append(db, Labels.of("__name__", "after"), TestDb.T0 + 6 * TestDb.HOUR, 1);
  }

  @Test
  void endsAfterAThousandSeries() {
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> db.series(ALL, 0, Long.MAX_VALUE, 0))
          .isInstanceOf(StorageException.Failed.class);
    } finally {
      boolean _ = Thread.interrupted();
    }
  }
}
