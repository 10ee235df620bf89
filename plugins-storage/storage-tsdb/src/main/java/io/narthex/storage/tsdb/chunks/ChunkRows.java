package io.narthex.storage.tsdb.chunks;

import io.narthex.model.NativeHistogram;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Rows of one kind as columns, on their way into or out of a chunk. Grows as needed and is reused.
 * Not thread-safe.
 */
public final class ChunkRows {
  public boolean isHistogram;
  public boolean hasStartTimes;
  public int size;
  public long[] timesMs = new long[16];
  public double[] values = new double[16];
  public NativeHistogram @Nullable [] histograms;
  public long @Nullable [] startTimesMs;

  /** Bytes of the histograms that were added one by one. */
  private long histogramBytes;

  /** Returns whether a chunk should have no more rows: by their number, or by their bytes. */
  public boolean isFull() {
    return size >= ChunkCodec.MAX_ROWS || histogramBytes >= ChunkCodec.HISTOGRAM_BYTES;
  }

  /** Returns about how many bytes the histograms take that were added one by one. */
  public long histogramBytes() {
    return histogramBytes;
  }

  public void clear(boolean histogram) {
    isHistogram = histogram;
    hasStartTimes = false;
    size = 0;
    histogramBytes = 0;
  }

  /** Drops all rows, and the histograms with them; the kind stays. */
  public void reset() {
    if (histograms != null) {
      Arrays.fill(histograms, 0, Math.min(size, histograms.length), null);
    }
    clear(isHistogram);
  }

  /** Makes room for {@code n} rows in all columns in use. */
  public void reserve(int n) {
    if (timesMs.length < n) {
      int capacity = Math.max(n, timesMs.length * 2);
      timesMs = Arrays.copyOf(timesMs, capacity);
      values = Arrays.copyOf(values, capacity);
    }
    if (isHistogram) {
      histograms();
    }
    if (hasStartTimes) {
      startTimes();
    }
  }

  /** Returns the histogram column with room for all rows. */
  public NativeHistogram[] histograms() {
    NativeHistogram[] h = histograms;
    if (h == null || h.length < timesMs.length) {
      h = h == null ? new NativeHistogram[timesMs.length] : Arrays.copyOf(h, timesMs.length);
      histograms = h;
    }
    return h;
  }

  /** Returns the column of start times with room for all rows. */
  public long[] startTimes() {
    long[] s = startTimesMs;
    if (s == null || s.length < timesMs.length) {
      s = s == null ? new long[timesMs.length] : Arrays.copyOf(s, timesMs.length);
      startTimesMs = s;
    }
    return s;
  }

  public long startTimeMs(int row) {
    return hasStartTimes && startTimesMs != null ? startTimesMs[row] : 0;
  }

  /** Adds a row of the kind of these rows. */
  public void add(
      long timeMs, double value, @Nullable NativeHistogram histogram, long startTimeMs) {
    reserve(size + 1);
    timesMs[size] = timeMs;
    values[size] = value;
    if (histogram != null) {
      histograms()[size] = histogram;
      histogramBytes += SampleBytes.of(histogram);
    }
    if (startTimeMs != 0 && !hasStartTimes) {
      hasStartTimes = true;
      Arrays.fill(startTimes(), 0, size, 0);
    }
    if (hasStartTimes) {
      startTimes()[size] = startTimeMs;
    }
    size++;
  }

  /** Adds row {@code row} of {@code other}, which is of the same kind. */
  public void add(ChunkRows other, int row) {
    add(
        other.timesMs[row],
        other.values[row],
        other.isHistogram ? other.histograms()[row] : null,
        other.startTimeMs(row));
  }

  /** Drops the rows before {@code timeMs}. */
  public void dropBefore(long timeMs) {
    int from = 0;
    while (from < size && timesMs[from] < timeMs) {
      from++;
    }
    if (from > 0) {
      System.arraycopy(timesMs, from, timesMs, 0, size - from);
      System.arraycopy(values, from, values, 0, size - from);
      if (isHistogram) {
        System.arraycopy(histograms(), from, histograms(), 0, size - from);
      }
      if (hasStartTimes) {
        System.arraycopy(startTimes(), from, startTimes(), 0, size - from);
      }
      size -= from;
    }
  }
}
