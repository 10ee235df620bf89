package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.StaleMarker;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Rows that wait come back bit by bit. */
class OpenRowsTest {
  private static final long T0 = 1_700_000_000_000L;
  private static final int SLOT = 7;

  private final OpenRows open = new OpenRows();
  private final ChunkRows expected = new ChunkRows();
  private final ChunkRows found = new ChunkRows();
  private final ByteSource in = new ByteSource();

  private void add(long timeMs, double value, long startMs) {
    int last = expected.size - 1;
    open.add(
        SLOT,
        timeMs,
        value,
        startMs,
        last < 0 ? 0 : expected.timesMs[last],
        last < 0 ? 0 : expected.values[last]);
    expected.add(timeMs, value, null, startMs);
  }

  private void check() {
    open.read(SLOT, in, found);
    same();
    byte[] copied = new byte[open.bytes(SLOT) + 3];
    open.copyBytes(SLOT, copied, 3);
    in.reset(copied, 3, copied.length);
    OpenRows.read(in, open.count(SLOT), open.firstMs(SLOT), found);
    same();
    assertThat(in.remaining()).isZero();
    OpenRows other = new OpenRows();
    other.copy(open);
    other.read(SLOT, in, found);
    same();
    assertThat(open.count(SLOT - 1)).isZero();
    assertThat(open.count(SLOT + 1)).isZero();
  }

  private void same() {
    assertThat(found.size).isEqualTo(expected.size);
    for (int i = 0; i < found.size; i++) {
      assertThat(found.timesMs[i]).isEqualTo(expected.timesMs[i]);
      assertThat(Double.doubleToRawLongBits(found.values[i]))
          .isEqualTo(Double.doubleToRawLongBits(expected.values[i]));
      assertThat(found.startTimeMs(i)).isEqualTo(expected.startTimeMs(i));
    }
  }

  private void clear() {
    open.clear(SLOT);
    expected.clear(false);
  }

  @Test
  void keepsValuesOfAllKinds() {
    double[] values = {
      0,
      -0.0,
      1,
      1,
      1234.56,
      Double.MIN_VALUE,
      Double.MAX_VALUE,
      Double.NaN,
      StaleMarker.VALUE,
      Double.NEGATIVE_INFINITY,
      Double.longBitsToDouble(0x00ffffffffffff00L),
      Double.longBitsToDouble(0xffL),
      Double.longBitsToDouble(-1L),
      Double.longBitsToDouble(1L << 63),
      0x1p53,
      -1e300
    };
    for (int i = 0; i < values.length; i++) {
      add(T0 + i * 15_000L, values[i], 0);
      check();
    }
    assertThat(values).hasSize(SeriesPage.ROWS);
    assertThat(open.takes(SLOT, T0 + 1_000_000)).isFalse();
  }

  @Test
  void keepsTimesAtAnyDistance() {
    add(T0, 1, 0);
    add(T0 + 1, 2, 0);
    add(T0 + Integer.MAX_VALUE - 1, 3, 0);
    add(T0 + Integer.MAX_VALUE, 3, 0);
    check();
    assertThat(open.takes(SLOT, T0 + Integer.MAX_VALUE + 1L)).isFalse();
    clear();
    assertThat(open.takes(SLOT, Long.MIN_VALUE)).isTrue();
    add(Long.MIN_VALUE, 1, 0);
    add(Long.MIN_VALUE + 5, 2, 0);
    check();
    assertThat(open.takes(SLOT, Long.MAX_VALUE)).isFalse();
  }

  @Test
  void keepsStartTimesOfWhichRowsHaveThem() {
    add(T0, 1, 0);
    add(T0 + 10, 2, T0 - 5);
    add(T0 + 20, 3, T0 - 5);
    add(T0 + 30, 4, 0);
    add(T0 + 40, 5, T0 + 39);
    check();
    clear();
    add(T0 + 50, 6, T0 - 5);
    check();
    clear();
    add(T0 + 60, 7, 0);
    check();
    assertThat(found.hasStartTimes).isFalse();
  }

  @Test
  void needsNoMoreRoomThanBeforeForRowsOfTheSameKind() {
    int[] bytes = new int[3];
    for (int round = 0; round < bytes.length; round++) {
      for (int i = 0; i < SeriesPage.ROWS; i++) {
        add(T0 + i * 15_000L, 1000 + i, 0);
      }
      check();
      bytes[round] = open.bytes(SLOT);
      clear();
    }
    assertThat(bytes).containsOnly(bytes[0]);
    assertThat(bytes[0]).isLessThan(64);
  }

  @Test
  void keepsRandomRows() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 2_000; round++) {
      clear();
      if (random.nextInt(50) == 0) {
        open.remove(SLOT);
      }
      int n = 1 + random.nextInt(SeriesPage.ROWS);
      long time = T0;
      double value = random.nextInt();
      long start = 0;
      for (int i = 0; i < n; i++) {
        time += random.nextInt(3) == 0 ? 1 + random.nextInt(100_000_000) : 15_000;
        value =
            switch (random.nextInt(5)) {
              case 0 -> value;
              case 1 -> value + random.nextInt(1000);
              case 2 -> Math.round(value * 100) / 100.0;
              case 3 -> Double.longBitsToDouble(random.nextLong() << random.nextInt(64));
              default -> random.nextDouble();
            };
        start = random.nextInt(4) == 0 ? random.nextLong() : start;
        assertThat(open.takes(SLOT, time)).isTrue();
        add(time, value, start);
      }
      check();
    }
  }

  @Test
  void rowsThatAreSetAreThoseThatWouldBeAdded() {
    Random random = new Random(5);
    byte[] scratch = new byte[OpenRows.MOST_BYTES];
    for (int n = 1; n <= SeriesPage.ROWS; n++) {
      clear();
      for (int i = 0; i < n; i++) {
        boolean far = n % 2 == 0;
        add(
            T0 + i * 15_000L + random.nextInt(1000),
            far ? Double.longBitsToDouble(random.nextLong()) : i / 4,
            far ? random.nextLong() : 0);
      }
      check();
      byte[] added = new byte[open.bytes(SLOT)];
      open.copyBytes(SLOT, added, 0);
      ChunkRows rows = new ChunkRows();
      open.read(SLOT, in, rows);
      open.set(SLOT, rows, scratch);
      check();
      byte[] set = new byte[open.bytes(SLOT)];
      open.copyBytes(SLOT, set, 0);
      assertThat(set).isEqualTo(added);
      java.util.Arrays.fill(scratch, (byte) 99); // is nobody's any more
      if (n < SeriesPage.ROWS) {
        add(T0 + n * 15_000L + 999, 5, 0);
      }
      check();
    }
  }
}
