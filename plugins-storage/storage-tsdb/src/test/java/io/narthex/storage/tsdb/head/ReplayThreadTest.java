package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.Threads;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.testkit.FakeClock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReplayThreadTest {
  private static final long T0 = 1_700_000_000_000L;
  private static final int SERIES = 700; // in two pages
  private static final int PAGE_BYTES = 4000;

  private final List<Thread> started = new ArrayList<>();
  private final Threads threads =
      (name, work) -> {
        Thread thread = Thread.ofPlatform().name(name).start(work);
        started.add(thread);
        return thread;
      };

  private static Head head() {
    return new Head(new Counters(), new FakeClock(T0), PAGE_BYTES);
  }

  private static Labels labels(int i) {
    return Labels.of("__name__", "m" + i % 3, "i", Integer.toString(i));
  }

  private static NativeHistogram histogram(int n) {
    return NativeHistogram.builder()
        .schema(1)
        .count(n)
        .positive(new int[] {0, 2}, new double[] {1, n})
        .build();
  }

  /** Floats, histograms, series that change their ids, more series. */
  private static void fill(Head head) {
    Random random = new Random(3);
    int next = SERIES;
    for (int i = 0; i < SERIES; i++) {
      head.bind(i, labels(i));
    }
    for (int row = 0; row < 200; row++) {
      for (int id = 0; id < SERIES; id++) {
        boolean isHistogram = id % 50 == 7 && row % 90 > 20;
        head.replay(
            id,
            T0 + row * 15_000L,
            isHistogram ? 0 : random.nextInt(1000),
            isHistogram ? histogram(row) : null,
            id % 9 == 0 ? T0 : 0);
      }
      if (row % 10 == 5) {
        head.bind(random.nextInt(SERIES), labels(next++));
        head.bind(SERIES + row, labels(next++));
      }
    }
  }

  private static SeriesPage page(Head head, int id) {
    return Objects.requireNonNull(head.page(id));
  }

  private static void isSame(Head found, Head expected) {
    assertThat(found.index().all()).isEqualTo(expected.index().all());
    for (String name : expected.index().names()) {
      assertThat(found.index().with(name)).isEqualTo(expected.index().with(name));
      for (String value : expected.index().values(name)) {
        assertThat(found.index().equal(name, value)).isEqualTo(expected.index().equal(name, value));
      }
    }
    assertThat(found.chunks().chunks()).isEqualTo(expected.chunks().chunks()).isGreaterThan(1000);
    for (int i = 0; i < expected.chunks().lastPosition(); i++) {
      HeadChunks.Page p = Objects.requireNonNull(expected.chunks().snapshot()[i]);
      HeadChunks.Page q = Objects.requireNonNull(found.chunks().snapshot()[i]);
      assertThat(q.data()).isEqualTo(p.data());
    }
    for (int id = 0; id < 2 * SeriesPage.SIZE; id += SeriesPage.SIZE) {
      SeriesPage p = page(expected, id);
      SeriesPage q = page(found, id);
      assertThat(q.chunk).isEqualTo(p.chunk);
      assertThat(q.tail).isDeepEqualTo(p.tail);
      assertThat(q.open).usingRecursiveComparison().isEqualTo(p.open);
      assertThat(q.newestMs).isEqualTo(p.newestMs);
    }
    assertThat(found.idsOfEarlierChunks()).isEqualTo(expected.idsOfEarlierChunks());
  }

  @Test
  void twoThreadsMakeTheHeadThatOneMakes() {
    Head expected = head();
    fill(expected);
    Head found = head();
    try (ReplayThread _ = found.replayWith(threads)) {
      fill(found);
    }
    isSame(found, expected);
    assertThat(started).hasSize(1).noneMatch(Thread::isAlive);
    fill(found); // and continues alone
    fill(expected);
    isSame(found, expected);
    assertThat(started).hasSize(1);
  }

  @Test
  void everySeriesIsFoundWhileTheListsAreFilled() {
    Head head = head();
    int series = 20_000; // the table of series grows with the list of all
    try (ReplayThread _ = head.replayWith(threads)) {
      for (int i = 0; i < series; i++) {
        head.bind(i, labels(i));
      }
      for (int i = 0; i < series; i++) {
        assertThat(head.find(labels(i))).isEqualTo(i);
      }
    }
    assertThat(head.index().seriesCount()).isEqualTo(series);
  }

  @Test
  void fewCallsNeedNoThread() {
    Head head = head();
    try (ReplayThread _ = head.replayWith(threads)) {
      for (int i = 0; i < ReplayThread.CALLS - 1; i++) {
        head.bind(i, labels(i));
      }
    }
    assertThat(head.index().seriesCount()).isEqualTo(ReplayThread.CALLS - 1);
    assertThat(started).isEmpty();
  }

  /** A thousand of them that wait would take gigabytes. */
  @Test
  void largeHistogramsDoNotWait() {
    double[] buckets = new double[100_000];
    Arrays.fill(buckets, 0.1);
    NativeHistogram large =
        NativeHistogram.builder()
            .schema(1)
            .count(1)
            .positive(new int[] {0, buckets.length}, buckets)
            .build();
    Head head = head();
    try (ReplayThread _ = head.replayWith(threads)) {
      head.bind(0, labels(0));
      for (int i = 1; i <= 3; i++) {
        head.replay(0, T0 + i, 0, large, 0);
        assertThat(head.chunks().chunks()).isEqualTo(i);
      }
    }
    assertThat(started).isEmpty();
  }

  @Test
  void whatFailsInTheSecondThreadFailsTheReplay() {
    Head head = head();
    assertThatThrownBy(
            () -> {
              try (ReplayThread _ = head.replayWith(threads)) {
                for (int i = 0; i < SERIES; i++) {
                  head.bind(i, labels(i));
                }
                page(head, 0).tail[200] = new byte[] {Tail.CHUNKS - 1, 99};
                fill(head);
              }
            })
        .isInstanceOf(StorageException.Failed.class)
        .hasMessageContaining("head: cannot be filled: ");
    assertThat(started).hasSize(1).noneMatch(Thread::isAlive);
  }

  @Test
  void aReplayThatFailsLeavesNoThread() {
    Head head = head();
    assertThatThrownBy(
            () -> {
              try (ReplayThread _ = head.replayWith(threads)) {
                fill(head);
                throw new IllegalStateException("the disk is gone");
              }
            })
        .hasMessage("the disk is gone");
    assertThat(started).hasSize(1).noneMatch(Thread::isAlive);
  }

  @Test
  void anInterruptStopsTheSecondThreadAndWaitsInTheFirst() {
    Head head = head();
    Thread.currentThread().interrupt();
    try (ReplayThread _ = head.replayWith(threads)) {
      fill(head);
    }
    assertThat(Thread.interrupted()).isTrue();
    assertThatThrownBy(
            () -> {
              Head other = head();
              try (ReplayThread _ = other.replayWith(threads)) {
                for (int i = 0; i < ReplayThread.CALLS; i++) {
                  other.bind(i, labels(i));
                }
                started.getLast().interrupt();
                started.getLast().join();
              }
            })
        .isInstanceOf(StorageException.Failed.class)
        .hasMessageContaining("InterruptedException");
    assertThat(started).noneMatch(Thread::isAlive);
  }
}
