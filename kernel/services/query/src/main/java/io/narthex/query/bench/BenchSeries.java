package io.narthex.query.bench;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleTile;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The samples of one series, in arrays that grow. Guarded by its storage. */
final class BenchSeries {
  final Labels labels;
  final long ref;

  private long[] timesMs = new long[16];
  private double[] values = new double[16];
  private @Nullable NativeHistogram @Nullable [] histograms; // once there is one
  private int size;

  BenchSeries(Labels labels, long ref) {
    this.labels = labels;
    this.ref = ref;
  }

  /** Returns the newest sample if it is a histogram. */
  @Nullable NativeHistogram lastHistogram() {
    return size == 0 || histograms == null ? null : histograms[size - 1];
  }

  byte append(long timeMs, double value, @Nullable NativeHistogram histogram) {
    if (size > 0 && timeMs <= timesMs[size - 1]) {
      if (timeMs < timesMs[size - 1]) {
        return AppendResult.OUT_OF_ORDER;
      }
      boolean same =
          histogram == null
              && lastHistogram() == null
              && Double.doubleToRawLongBits(value) == Double.doubleToRawLongBits(values[size - 1]);
      return same ? AppendResult.OK : AppendResult.DUPLICATE;
    }
    if (size == timesMs.length) {
      // arrays that parts of running queries hold stay as they are
      timesMs = Arrays.copyOf(timesMs, size * 2);
      values = Arrays.copyOf(values, size * 2);
      histograms = histograms == null ? null : Arrays.copyOf(histograms, size * 2);
    }
    timesMs[size] = timeMs;
    values[size] = value;
    if (histogram != null) {
      if (histograms == null) {
        histograms = new @Nullable NativeHistogram[timesMs.length];
      }
      histograms[size] = histogram;
    }
    size++;
    return AppendResult.OK;
  }

  /** Returns the samples of a time range, both ends inclusive. */
  Part part(long minTimeMs, long maxTimeMs) {
    int from = Arrays.binarySearch(timesMs, 0, size, minTimeMs);
    int to = Arrays.binarySearch(timesMs, 0, size, maxTimeMs);
    return new Part(
        labels,
        timesMs,
        values,
        histograms,
        from < 0 ? -from - 1 : from,
        to < 0 ? -to - 1 : to + 1);
  }

  /** Samples of a series; what is appended later is not in it. */
  record Part(
      Labels labels,
      long[] timesMs,
      double[] values,
      @Nullable NativeHistogram @Nullable [] histograms,
      int from,
      int to) {
    int size() {
      return Math.max(0, to - from);
    }

    /** Fills a tile with rows of one kind and returns the position after them. */
    int fill(SampleTile tile, int at) {
      boolean histogram = at < to && histogram(at) != null;
      tile.kind = histogram ? SampleTile.Kind.HISTOGRAM : SampleTile.Kind.FLOAT;
      int rows = 0;
      while (at < to && rows < tile.capacity()) {
        NativeHistogram value = histogram(at);
        if ((value != null) != histogram) {
          break;
        }
        tile.timesMs[rows] = timesMs[at];
        tile.startTimesMs[rows] = 0;
        if (value != null) {
          tile.histograms[rows] = value;
        } else {
          tile.values[rows] = values[at];
        }
        rows++;
        at++;
      }
      tile.size = rows;
      return at;
    }

    private @Nullable NativeHistogram histogram(int row) {
      return histograms == null ? null : histograms[row];
    }
  }
}
