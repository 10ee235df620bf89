package ${package};

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import java.util.Arrays;

/**
 * The samples of one series, as columns in order of time. Guarded by the lock of the storage; existing
 * rows are never changed in place, so a view taken under the lock stays valid.
 */
final class Series {
  final long reference;
  final Labels labels;
  private int size;
  private long[] times = new long[8];
  private double[] values = new double[8];
  private NativeHistogram[] histograms = new NativeHistogram[8];
  private long[] startTimes = new long[8];

  Series(long reference, Labels labels) {
    this.reference = reference;
    this.labels = labels;
  }

  /** Rows {@code from} (inclusive) to {@code to} (exclusive). */
  record View(
      Labels labels,
      long[] times,
      double[] values,
      NativeHistogram[] histograms,
      long[] startTimes,
      int from,
      int to) {}

  /** Appends a sample; one that equals the newest is accepted but not stored. */
  byte append(long time, double value, NativeHistogram histogram, long startTime) {
    if (size > 0 && time <= newest()) {
      return time < newest()
          ? AppendResult.OUT_OF_ORDER
          : isNewest(value, histogram) ? AppendResult.OK : AppendResult.DUPLICATE;
    }
    if (size == times.length) {
      keep(0, size * 2);
    }
    times[size] = time;
    values[size] = value;
    histograms[size] = histogram;
    startTimes[size] = startTime;
    size++;
    return AppendResult.OK;
  }

  private boolean isNewest(double value, NativeHistogram histogram) {
    NativeHistogram last = histograms[size - 1];
    return histogram == null
        ? last == null
            && Double.doubleToRawLongBits(value) == Double.doubleToRawLongBits(values[size - 1])
        : histogram.equals(last);
  }

  /** Continues with new columns that begin with row {@code from}. */
  private void keep(int from, int capacity) {
    times = Arrays.copyOfRange(times, from, from + capacity);
    values = Arrays.copyOfRange(values, from, from + capacity);
    histograms = Arrays.copyOfRange(histograms, from, from + capacity);
    startTimes = Arrays.copyOfRange(startTimes, from, from + capacity);
  }

  /** Drops samples before a time; returns false when none is left. */
  boolean forgetBefore(long time) {
    int from = firstAtOrAfter(time);
    if (from > 0 && from < size) {
      keep(from, Math.max(8, size - from));
      size -= from;
    }
    return from < size || from == 0;
  }

  /** Returns the samples in range, both ends inclusive; null when there are none. */
  View view(long min, long max) {
    int from = firstAtOrAfter(min);
    int to = max == Long.MAX_VALUE ? size : firstAtOrAfter(max + 1);
    return from >= to
        ? null
        : new View(labels, times, values, histograms, startTimes, from, to);
  }

  boolean hasSampleIn(long min, long max) {
    int from = firstAtOrAfter(min);
    return from < size && times[from] <= max;
  }

  long oldest() {
    return size == 0 ? Long.MAX_VALUE : times[0];
  }

  private long newest() {
    return times[size - 1];
  }

  private int firstAtOrAfter(long time) {
    int i = Arrays.binarySearch(times, 0, size, time);
    return i < 0 ? -i - 1 : i;
  }
}
