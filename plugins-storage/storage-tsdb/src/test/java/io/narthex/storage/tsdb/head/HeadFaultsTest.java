package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.wal.Wal;
import io.narthex.storage.tsdb.wal.WriteAheadLog;
import io.narthex.testkit.FakeClock;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Errors in the middle of an append, such as a lack of memory, lose no other sample. */
class HeadFaultsTest {
  private static final long T0 = 1_700_000_000_000L;

  @TempDir Path dir;

  private final Head head = new Head(new Counters(), new FakeClock(T0 + 100_000_000));
  private Wal wal;

  @BeforeEach
  void open() {
    head.configure(7_200_000, 0, 0);
    wal = new Wal(LocalDisk.INSTANCE, dir, 1 << 20, 1, 0, new Counters());
  }

  @AfterEach
  void close() {
    wal.close();
  }

  private int series(int i) {
    return (int) head.resolve(Labels.of("__name__", "m", "i", "" + i), wal);
  }

  private AppendResult append(Object... idsTimesAndValues) {
    SampleBatch batch = new SampleBatch(4);
    for (int i = 0; i < idsTimesAndValues.length; i += 3) {
      batch.add(
          ((Number) idsTimesAndValues[i]).longValue(),
          ((Number) idsTimesAndValues[i + 1]).longValue(),
          ((Number) idsTimesAndValues[i + 2]).doubleValue());
    }
    return head.append(batch, 0, wal, false);
  }

  private SeriesPage page(int id) {
    return Objects.requireNonNull(head.page(id));
  }

  @Test
  void anErrorWhileRowsAreSealedLosesNoneOfThem() {
    for (int i = 0; i < Tail.CHUNKS - 1; i++) {
      series(i); // their first chunks end sooner
    }
    int id = series(Tail.CHUNKS - 1);
    int next = series(Tail.CHUNKS);
    append(next, T0, 4711);
    int full = SeriesPage.ROWS * Tail.CHUNKS;
    for (int i = 0; i < full - 1; i++) {
      append(id, T0 + i, i);
    }
    SeriesPage page = page(id);
    int slot = id & SeriesPage.MASK;
    byte[] tail = page.tail[slot];
    assertThat(Tail.count(tail)).isEqualTo(Tail.CHUNKS - 1);
    page.tail[slot] = new byte[] {Tail.CHUNKS - 1, 99};
    assertThatThrownBy(() -> append(id, T0 + full - 1, full - 1)).isInstanceOf(Exception.class);
    assertThatThrownBy(() -> append(id, T0 + full, full)).isInstanceOf(Exception.class);
    ChunkRows rows = new ChunkRows();
    page.open.read(slot, new ByteSource(), rows);
    assertThat(rows.size).isEqualTo(SeriesPage.ROWS);
    assertThat(rows.values[0]).isEqualTo(full - SeriesPage.ROWS);
    assertThat(rows.values[SeriesPage.ROWS - 1]).isEqualTo(full - 1);
    page.tail[slot] = tail;
    assertThat(append(id, T0 + full, full).allOk()).isTrue();
    assertThat(page.chunk[slot]).isNotZero();
    assertThat(page.open.count(slot)).isEqualTo(1);
    page.open.read(next & SeriesPage.MASK, new ByteSource(), rows);
    assertThat(rows.size).isEqualTo(1);
    assertThat(rows.values[0]).isEqualTo(4711);
  }

  @Test
  void anErrorInACheckIsForgottenByTheNextBatch() {
    int first = series(0);
    for (int i = 1; i < SeriesPage.SIZE; i++) {
      series(i);
    }
    int other = series(SeriesPage.SIZE + 7);
    append(first, T0, 1, other, T0, 1);
    SeriesPage page = page(other);
    page.histograms = new SeriesPage.HistogramTail[0]; // its newest sample cannot be looked up
    assertThatThrownBy(() -> append(first, T0 + 5, 2, other, T0, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    page.histograms = null;
    assertThat(append(other, T0 + 9, 3, first, T0 + 6, 4).allOk())
        .as("the first series has no sample at 9")
        .isTrue();
    assertThat(page(first).pendingRow[first & SeriesPage.MASK]).isZero();
  }

  @Test
  void seriesThatAreScrapedTogetherAreNotSealedByTheSameBatch() {
    int series = 64;
    long before = 0;
    long most = 0;
    for (int i = 0; i < series; i++) {
      series(i);
    }
    for (int row = 0; row < 512; row++) {
      SampleBatch batch = new SampleBatch(series);
      for (int id = 0; id < series; id++) {
        batch.add(id, T0 + row * 15_000L, row + id);
      }
      assertThat(head.append(batch, 0, wal, false).allOk()).isTrue();
      most = Math.max(most, head.chunks().chunks() - before);
      before = head.chunks().chunks();
    }
    assertThat(most).isEqualTo(series / Tail.CHUNKS);
    int rowsOfChunk = Tail.CHUNKS * SeriesPage.ROWS; // but for the first and the last
    assertThat(before).isEqualTo(series * (512 / rowsOfChunk));
  }

  /** A WAL that is slow at first, and cannot take batches of two rows. */
  private WriteAheadLog faulty(CountDownLatch writing, CountDownLatch released) {
    return (WriteAheadLog)
        Proxy.newProxyInstance(
            WriteAheadLog.class.getClassLoader(),
            new Class<?>[] {WriteAheadLog.class},
            (_, method, arguments) -> {
              if (method.getName().equals("batch") && ((SampleBatch) arguments[0]).size() == 2) {
                throw new IllegalStateException("cannot be encoded");
              }
              if (method.getName().equals("write")) {
                writing.countDown();
                released.await();
              }
              try {
                return method.invoke(wal, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void aBatchThatCannotBeEncodedFailsAlone() throws Exception {
    int[] ids = {series(0), series(1), series(2), series(3)};
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    WriteAheadLog faulty = faulty(writing, released);
    List<FutureTask<Boolean>> appends = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      SampleBatch batch = new SampleBatch(2);
      batch.add(ids[i], T0, i);
      if (i == 2) {
        batch.add(ids[i], T0 + 1, i);
      }
      FutureTask<Boolean> append =
          new FutureTask<>(() -> head.append(batch, 0, faulty, false).allOk());
      appends.add(append);
      Thread.ofPlatform().start(append);
      writing.await();
      while (head.waitingBatches() < i) {
        Thread.onSpinWait();
      }
    }
    released.countDown();
    assertThat(appends.get(0).get()).isTrue();
    assertThat(appends.get(1).get()).isTrue();
    assertThatThrownBy(() -> appends.get(2).get()).hasRootCauseMessage("cannot be encoded");
    assertThat(appends.get(3).get()).isTrue();
    for (int i = 0; i < ids.length; i++) {
      int slot = ids[i] & SeriesPage.MASK;
      assertThat(page(ids[i]).newestMs[slot]).isEqualTo(i == 2 ? SeriesPage.NEVER : T0);
    }
  }
}
