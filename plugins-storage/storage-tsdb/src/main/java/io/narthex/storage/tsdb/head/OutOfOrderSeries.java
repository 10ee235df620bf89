package io.narthex.storage.tsdb.head;

import io.narthex.model.NativeHistogram;
import io.narthex.storage.tsdb.chunks.SampleBytes;
import io.narthex.storage.tsdb.head.OutOfOrderSamples.Sample;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.Objects;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * Out-of-order samples of a series in order of time: chunks of arrays, so that a time is found by
 * two binary searches and a sample put in by moving at most a chunk. Guarded by the head's locks.
 *
 * <p>A chunk that a reader has is not changed any more: whoever wants to change it makes a copy.
 */
final class OutOfOrderSeries {
  static final int ROWS = 128;
  private static final int FIRST_ROWS = 4;

  private static final class Chunk {
    int size;
    long[] timesMs;
    double[] values;
    @Nullable NativeHistogram @Nullable [] histograms; // null until there is one
    long @Nullable [] startTimesMs; // null until there is one

    /** Whether a reader has it; once set it stays. */
    boolean shared;

    Chunk(int rows) {
      timesMs = new long[rows];
      values = new double[rows];
    }

    Chunk copy(int from, int to) {
      Chunk c = new Chunk(Math.max(FIRST_ROWS, to - from));
      c.size = to - from;
      System.arraycopy(timesMs, from, c.timesMs, 0, c.size);
      System.arraycopy(values, from, c.values, 0, c.size);
      if (histograms != null) {
        c.histograms = new NativeHistogram[c.values.length];
        System.arraycopy(histograms, from, c.histograms, 0, c.size);
      }
      if (startTimesMs != null) {
        c.startTimesMs = new long[c.values.length];
        System.arraycopy(startTimesMs, from, c.startTimesMs, 0, c.size);
      }
      return c;
    }

    private void grow() {
      int rows = Math.min(ROWS, timesMs.length * 2);
      timesMs = Arrays.copyOf(timesMs, rows);
      values = Arrays.copyOf(values, rows);
      histograms = histograms == null ? null : Arrays.copyOf(histograms, rows);
      startTimesMs = startTimesMs == null ? null : Arrays.copyOf(startTimesMs, rows);
    }

    void insert(int at, long timeMs, double value, @Nullable NativeHistogram h, long startTimeMs) {
      if (size == timesMs.length) {
        grow();
      }
      if (h != null && histograms == null) {
        histograms = new NativeHistogram[timesMs.length];
      }
      if (startTimeMs != 0 && startTimesMs == null) {
        startTimesMs = new long[timesMs.length];
      }
      int moved = size - at;
      System.arraycopy(timesMs, at, timesMs, at + 1, moved);
      System.arraycopy(values, at, values, at + 1, moved);
      timesMs[at] = timeMs;
      values[at] = value;
      if (histograms != null) {
        System.arraycopy(histograms, at, histograms, at + 1, moved);
        histograms[at] = h;
      }
      if (startTimesMs != null) {
        System.arraycopy(startTimesMs, at, startTimesMs, at + 1, moved);
        startTimesMs[at] = startTimeMs;
      }
      size++;
    }

    /** Returns the row of a time, or -1 - the row where it would be. */
    int find(long timeMs) {
      return Arrays.binarySearch(timesMs, 0, size, timeMs);
    }

    long lastMs() {
      return timesMs[size - 1];
    }

    Sample sample(int row) {
      return new Sample(
          timesMs[row],
          values[row],
          histograms == null ? null : histograms[row],
          startTimesMs == null ? 0 : startTimesMs[row]);
    }
  }

  private Chunk[] chunks = new Chunk[1];
  private int count;

  /** Returns the chunk that a time belongs into: the last that begins at or before it. */
  private int chunkOf(long timeMs) {
    int low = 0;
    int high = count - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (chunks[middle].timesMs[0] <= timeMs) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  boolean contains(long timeMs) {
    return count > 0 && chunks[chunkOf(timeMs)].find(timeMs) >= 0;
  }

  /** Puts a sample in; returns false when there is one at its time, which stays. */
  boolean add(long timeMs, double value, @Nullable NativeHistogram h, long startTimeMs) {
    if (count == 0) {
      put(0, new Chunk(FIRST_ROWS));
    }
    int c = chunkOf(timeMs);
    int row = chunks[c].find(timeMs);
    if (row >= 0) {
      return false;
    }
    row = -1 - row;
    if (chunks[c].size == ROWS) {
      if (row == ROWS && c == count - 1) {
        c++; // in order among themselves, the usual case: no chunk is left half empty
        row = 0;
        put(c, new Chunk(FIRST_ROWS));
      } else {
        Chunk full = chunks[c];
        chunks[c] = full.copy(0, ROWS / 2);
        put(c + 1, full.copy(ROWS / 2, ROWS));
        if (row > ROWS / 2) {
          c++;
          row -= ROWS / 2;
        }
      }
    }
    if (chunks[c].shared) {
      chunks[c] = chunks[c].copy(0, chunks[c].size);
    }
    chunks[c].insert(row, timeMs, value, h, startTimeMs);
    return true;
  }

  private void put(int at, Chunk chunk) {
    if (count == chunks.length) {
      chunks = Arrays.copyOf(chunks, count * 2);
    }
    System.arraycopy(chunks, at, chunks, at + 1, count - at);
    chunks[at] = chunk;
    count++;
  }

  boolean isEmpty() {
    return count == 0;
  }

  long newestMs() {
    return chunks[count - 1].lastMs();
  }

  /** Removes the samples whose times a sorted list has, and returns their bytes. */
  long removeAll(Sorted times) {
    OutOfOrderSeries left = new OutOfOrderSeries();
    long bytes = 0;
    int at = 0;
    for (int c = 0; c < count; c++) {
      Chunk chunk = chunks[c];
      for (int row = 0; row < chunk.size; row++) {
        long time = chunk.timesMs[row];
        while (at < times.size() && times.timeMs(at) < time) {
          at++;
        }
        NativeHistogram h = chunk.histograms == null ? null : chunk.histograms[row];
        if (at < times.size() && times.timeMs(at) == time) {
          bytes += SampleBytes.of(h);
        } else {
          long start = chunk.startTimesMs == null ? 0 : chunk.startTimesMs[row];
          left.add(time, chunk.values[row], h, start);
        }
      }
    }
    chunks = left.chunks;
    count = left.count;
    return bytes;
  }

  /** Times in order. */
  interface Sorted {
    int size();

    long timeMs(int i);
  }

  /** Returns the samples in range, both ends inclusive, as they are now. */
  Range range(long minTimeMs, long maxTimeMs) {
    if (count == 0 || minTimeMs > maxTimeMs) {
      return new Range(new Chunk[0], 0, 0);
    }
    int first = chunkOf(minTimeMs);
    int last = chunkOf(maxTimeMs);
    Chunk[] some = Arrays.copyOfRange(chunks, first, last + 1);
    for (Chunk c : some) {
      c.shared = true;
    }
    int from = some[0].find(minTimeMs);
    int to = some[some.length - 1].find(maxTimeMs);
    return new Range(some, from < 0 ? -1 - from : from, to < 0 ? -1 - to : to + 1);
  }

  /** Samples of a range. Never changes. */
  static final class Range extends AbstractList<Sample> implements RandomAccess, Sorted {
    private final Chunk[] chunks;

    /** Number of the first row of each chunk, counted from the first row of the first chunk. */
    private final int[] starts;

    private final int from;
    private final int size;

    private Range(Chunk[] chunks, int from, int endInLast) {
      this.chunks = chunks;
      this.from = from;
      starts = new int[chunks.length];
      int rows = 0;
      for (int i = 0; i < chunks.length; i++) {
        starts[i] = rows;
        rows += i < chunks.length - 1 ? chunks[i].size : endInLast;
      }
      size = Math.max(0, rows - from);
    }

    private int chunkOf(int row) {
      int at = Arrays.binarySearch(starts, row);
      return at < 0 ? -at - 2 : at;
    }

    @Override
    public Sample get(int index) {
      int row = from + Objects.checkIndex(index, size);
      int c = chunkOf(row);
      return chunks[c].sample(row - starts[c]);
    }

    @Override
    public long timeMs(int i) {
      int row = from + i;
      int c = chunkOf(row);
      return chunks[c].timesMs[row - starts[c]];
    }

    @Override
    public int size() {
      return size;
    }
  }
}
