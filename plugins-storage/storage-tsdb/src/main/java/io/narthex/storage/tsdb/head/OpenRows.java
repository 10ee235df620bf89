package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The float rows of the series of a page that wait to be sealed, packed: columns of times and
 * doubles would take 192 bytes of each series. A series keeps the array that it once needed, so
 * that appending to series that stay allocates nothing.
 *
 * <pre>
 * rows of a series, one behind the other:
 *   u8: 1 = TIME | 2 = START | zero bytes below &lt;&lt; 2 | zero bytes above &lt;&lt; 5
 *   TIME   zigzag varint, the distance to the row before less the distance before that
 *   START  zigzag varint, the start time less the one before
 *   the bytes of the value XOR the value before that are neither the zero bytes below nor those
 *   above, lowest first
 * </pre>
 *
 * Before the first row are its own time, the distance 0, the start time 0 and the value 0. Two
 * equal values have seven zero bytes above and one below. Guarded by the head's locks.
 */
final class OpenRows {
  private static final int TIME = 1;
  private static final int START = 2;
  private static final int BELOW_SHIFT = 2;
  private static final int ABOVE_SHIFT = 5;
  private static final int MASK = 7;
  private static final int SAME = 7 << ABOVE_SHIFT | 1 << BELOW_SHIFT;

  /** An array has this before its bytes, and takes a multiple of eight. */
  private static final int HEADER = 12;

  private static final int FIRST = 20;

  /** What the rows of a series take at most: a byte, two numbers of ten and a value each. */
  static final int MOST_BYTES = SeriesPage.ROWS * (1 + 10 + 10 + Long.BYTES);

  private static final byte[] NONE = {};

  private final byte[] count = new byte[SeriesPage.SIZE];
  private final long[] firstMs = new long[SeriesPage.SIZE];

  /** From the last row but one to the last. */
  private final int[] distance = new int[SeriesPage.SIZE];

  private final short[] used = new short[SeriesPage.SIZE];
  private final byte[] @Nullable [] bytes = new byte[SeriesPage.SIZE][];

  /** Start times of the last rows; null until a series here has one. */
  private long @Nullable [] startMs;

  /** Returns how many rows of a series wait. */
  int count(int slot) {
    return count[slot];
  }

  /** Returns how many bytes the rows of a series have. */
  int bytes(int slot) {
    return used[slot];
  }

  /** Returns the time of the first row of a series that has some. */
  long firstMs(int slot) {
    return firstMs[slot];
  }

  /** Returns whether a row that is newer than those there are may come behind them. */
  boolean takes(int slot, long timeMs) {
    int n = count[slot];
    long distanceToFirst = timeMs - firstMs[slot];
    return n == 0
        || (n < SeriesPage.ROWS
            && distanceToFirst >= 0 // else it is more than a long can have
            && distanceToFirst <= Integer.MAX_VALUE);
  }

  /**
   * Adds a row that is taken. An error changes nothing.
   *
   * @param lastMs time of the last row; without rows not used
   * @param last value of the last row; without rows not used
   */
  void add(int slot, long timeMs, double value, long start, long lastMs, double last) {
    boolean isFirst = count[slot] == 0;
    int step = isFirst ? 0 : (int) (timeMs - lastMs);
    long change = ByteSink.zigzagged(isFirst ? 0 : (long) step - distance[slot]);
    long[] starts = startMs;
    if (starts == null && start != 0) {
      starts = new long[SeriesPage.SIZE];
      startMs = starts;
    }
    long startBefore = starts == null || isFirst ? 0 : starts[slot];
    long startChange = ByteSink.zigzagged(start - startBefore);
    long xor = Double.doubleToRawLongBits(value);
    if (!isFirst) {
      xor ^= Double.doubleToRawLongBits(last);
    }
    int above = Long.numberOfLeadingZeros(xor) >>> 3;
    int below = Long.numberOfTrailingZeros(xor) >>> 3;
    int valueBytes = xor == 0 ? 0 : Long.BYTES - above - below;
    int size =
        1
            + (change == 0 ? 0 : varintBytes(change))
            + (startChange == 0 ? 0 : varintBytes(startChange))
            + valueBytes;
    int from = isFirst ? 0 : used[slot];
    byte[] into = room(slot, from, size);
    int at = from + 1;
    into[from] =
        (byte)
            ((change == 0 ? 0 : TIME)
                | (startChange == 0 ? 0 : START)
                | (xor == 0 ? SAME : below << BELOW_SHIFT | above << ABOVE_SHIFT));
    if (change != 0) {
      at = varint(into, at, change);
    }
    if (startChange != 0) {
      at = varint(into, at, startChange);
    }
    long left = xor >>> (below << 3 & 63);
    for (int i = 0; i < valueBytes; i++) {
      into[at++] = (byte) left;
      left >>>= 8;
    }
    if (isFirst) {
      firstMs[slot] = timeMs;
    }
    if (starts != null) {
      starts[slot] = start;
    }
    distance[slot] = step;
    used[slot] = (short) at;
    count[slot]++;
  }

  /**
   * Replaces the rows of a series by those that {@link #add} would take one by one.
   *
   * @param scratch of {@link #MOST_BYTES}; rows are collected in it, not in ever longer arrays
   */
  void set(int slot, ChunkRows rows, byte[] scratch) {
    clear(slot);
    bytes[slot] = scratch;
    for (int i = 0; i < rows.size; i++) {
      int last = Math.max(0, i - 1);
      add(
          slot,
          rows.timesMs[i],
          rows.values[i],
          rows.startTimeMs(i),
          rows.timesMs[last],
          rows.values[last]);
    }
    int n = used[slot];
    bytes[slot] = Arrays.copyOf(scratch, rounded(Math.max(FIRST, n + n / 4)));
  }

  private static int rounded(int least) {
    return (least + HEADER + 7 & ~7) - HEADER;
  }

  private byte[] room(int slot, int from, int size) {
    byte[] now = bytes[slot];
    if (now != null && now.length - from >= size) {
      return now;
    }
    byte[] more = new byte[rounded(Math.max(FIRST, from + size + from / 4))];
    if (now != null) {
      System.arraycopy(now, 0, more, 0, from);
    }
    bytes[slot] = more;
    return more;
  }

  private static int varintBytes(long value) {
    return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
  }

  private static int varint(byte[] into, int from, long value) {
    int at = from;
    long v = value;
    while ((v & ~0x7fL) != 0) {
      into[at++] = (byte) (v | 0x80);
      v >>>= 7;
    }
    into[at++] = (byte) v;
    return at;
  }

  /** Drops the rows of a series; it keeps its array. */
  void clear(int slot) {
    count[slot] = 0;
    used[slot] = 0;
  }

  /** Drops the rows of a series that is removed. */
  void remove(int slot) {
    clear(slot);
    bytes[slot] = null;
  }

  /** Copies the rows of a series. */
  void read(int slot, ByteSource in, ChunkRows into) {
    byte[] from = bytes[slot];
    in.reset(from == null ? NONE : from, 0, used[slot]);
    read(in, count[slot], firstMs[slot], into);
  }

  /** Takes what another one has, whose arrays it does not share. */
  void copy(OpenRows from) {
    System.arraycopy(from.count, 0, count, 0, count.length);
    System.arraycopy(from.firstMs, 0, firstMs, 0, firstMs.length);
    System.arraycopy(from.distance, 0, distance, 0, distance.length);
    long[] starts = from.startMs;
    startMs = starts == null ? null : starts.clone();
    for (int slot = 0; slot < used.length; slot++) {
      int n = from.used[slot];
      if (n > 0) {
        from.copyBytes(slot, room(slot, 0, n), 0);
      }
      used[slot] = (short) n;
    }
  }

  /** Copies the bytes of a series, for {@link #read(ByteSource, int, long, ChunkRows)}. */
  void copyBytes(int slot, byte[] into, int at) {
    byte[] from = bytes[slot];
    if (from != null) {
      System.arraycopy(from, 0, into, at, used[slot]);
    }
  }

  /**
   * Reads rows.
   *
   * @param in on the first of them
   */
  static void read(ByteSource in, int n, long firstMs, ChunkRows into) {
    into.clear(false);
    into.reserve(n);
    long time = firstMs;
    long step = 0;
    long start = 0;
    long bits = 0;
    byte[] data = in.data;
    for (int i = 0; i < n; i++) {
      int head = in.u8();
      if ((head & TIME) != 0) {
        step += in.zigzag();
      }
      time += step;
      if ((head & START) != 0) {
        start += in.zigzag();
        startTimes(into, i);
      }
      int below = head >>> BELOW_SHIFT & MASK;
      int end = Long.BYTES - (head >>> ABOVE_SHIFT & MASK);
      int at = in.position;
      for (int b = below; b < end; b++) {
        bits ^= (data[at++] & 0xffL) << (b << 3);
      }
      in.position = at;
      into.timesMs[i] = time;
      into.values[i] = Double.longBitsToDouble(bits);
      if (into.hasStartTimes) {
        into.startTimes()[i] = start;
      }
    }
    into.size = n;
  }

  private static void startTimes(ChunkRows into, int rows) {
    if (!into.hasStartTimes) {
      into.hasStartTimes = true;
      Arrays.fill(into.startTimes(), 0, rows, 0);
    }
  }
}
