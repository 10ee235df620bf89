package io.acme.storage;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleTile;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The samples of one series as columns, in order of time. Guarded by the storage's lock. Rows are
 * never changed while the arrays are shared with a {@link Range}.
 */
final class AcmeSeries {
  final long ref;
  final Labels labels;
  private int size;
  private long[] timesMs = new long[8];
  private long[] startTimesMs = new long[8];
  private double[] values = new double[8];
  private @Nullable NativeHistogram[] histograms = new NativeHistogram[8]; // null: a float

  AcmeSeries(long ref, Labels labels) {
    this.ref = ref;
    this.labels = labels;
  }

  /** Returns the code of {@link AppendResult} for a sample. */
  byte check(long timeMs, double value, @Nullable NativeHistogram histogram) {
    if (size == 0 || timeMs > timesMs[size - 1]) {
      return AppendResult.OK;
    }
    if (timeMs < timesMs[size - 1]) {
      return AppendResult.OUT_OF_ORDER;
    }
    return isNewest(timeMs, value, histogram) ? AppendResult.OK : AppendResult.DUPLICATE;
  }

  /** Returns whether the newest sample is this one, to the bit. */
  boolean isNewest(long timeMs, double value, @Nullable NativeHistogram histogram) {
    if (size == 0 || timesMs[size - 1] != timeMs) {
      return false;
    }
    NativeHistogram newest = histograms[size - 1];
    return histogram == null || newest == null
        ? histogram == newest
            && Double.doubleToRawLongBits(value) == Double.doubleToRawLongBits(values[size - 1])
        : histogram.equals(newest);
  }

  /** Adds a sample newer than all others. */
  void add(long timeMs, long startTimeMs, double value, @Nullable NativeHistogram histogram) {
    if (size == timesMs.length) {
      copy(0, size * 2);
    }
    timesMs[size] = timeMs;
    startTimesMs[size] = startTimeMs;
    values[size] = value;
    histograms[size] = histogram;
    size++;
  }

  /** Removes the newest sample, which is not visible yet. */
  void removeNewest() {
    size--;
  }

  /** Drops samples older than a time. Returns whether any is left. */
  boolean trim(long oldestMs) {
    int from = firstAtOrAfter(oldestMs);
    if (from > size / 4) { // not worth a copy for fewer
      copy(from, Math.max(8, size - from));
    }
    return size > 0;
  }

  /** Copies the rows from {@code from} on to new arrays; readers keep the old ones. */
  private void copy(int from, int capacity) {
    timesMs = Arrays.copyOfRange(timesMs, from, from + capacity);
    startTimesMs = Arrays.copyOfRange(startTimesMs, from, from + capacity);
    values = Arrays.copyOfRange(values, from, from + capacity);
    histograms = Arrays.copyOfRange(histograms, from, from + capacity);
    size -= from;
  }

  private int firstAtOrAfter(long timeMs) {
    int i = Arrays.binarySearch(timesMs, 0, size, timeMs);
    return i < 0 ? -i - 1 : i;
  }

  /** Returns the time of the oldest sample; there is one. */
  long oldestMs() {
    return timesMs[0];
  }

  /** Returns the time of the newest sample; there is one. */
  long newestMs() {
    return timesMs[size - 1];
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Returns the samples between two times, both inclusive, or null when there is none. */
  @Nullable Range range(long minTimeMs, long maxTimeMs) {
    int from = firstAtOrAfter(minTimeMs);
    int to = maxTimeMs == Long.MAX_VALUE ? size : firstAtOrAfter(maxTimeMs + 1);
    return from < to ? new Range(this, from, to) : null;
  }

  /** Rows of a series as they are now; later appends and trims do not show in it. */
  static final class Range {
    private final Labels labels;
    private final long[] timesMs;
    private final long[] startTimesMs;
    private final double[] values;
    private final @Nullable NativeHistogram[] histograms;
    private final int to;
    private int next;

    private Range(AcmeSeries s, int from, int to) {
      labels = s.labels;
      timesMs = s.timesMs;
      startTimesMs = s.startTimesMs;
      values = s.values;
      histograms = s.histograms;
      next = from;
      this.to = to;
    }

    Labels labels() {
      return labels;
    }

    /** Fills a tile with the next rows of one kind. Returns false at the end. */
    boolean fill(SampleTile tile) {
      tile.size = 0;
      if (next == to) {
        return false;
      }
      boolean floats = histograms[next] == null;
      tile.kind = floats ? SampleTile.Kind.FLOAT : SampleTile.Kind.HISTOGRAM;
      while (next < to && tile.size < tile.capacity() && (histograms[next] == null) == floats) {
        int row = tile.size++;
        tile.timesMs[row] = timesMs[next];
        tile.startTimesMs[row] = startTimesMs[next];
        NativeHistogram h = histograms[next];
        if (h == null) {
          tile.values[row] = values[next];
        } else {
          tile.histograms[row] = h;
        }
        next++;
      }
      return true;
    }
  }
}
