package io.narthex.storage.memory;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The samples of one series as columns in order of time. Guarded by the storage's lock; rows below
 * the size are never changed in place, so that a {@link View} taken under the lock stays valid.
 */
final class MemorySeries {
  final long ref;
  final Labels labels;
  private int size;
  private long[] timesMs = new long[8];
  private double[] values = new double[8];
  private NativeHistogram @Nullable [] histograms; // null until the first histogram
  private long @Nullable [] startTimesMs; // null until the first start time
  // kept apart from the columns: an older sample stays refused when the newest is deleted
  private long newestMs = Long.MIN_VALUE;
  private double newestValue;
  private @Nullable NativeHistogram newestHistogram;

  MemorySeries(long ref, Labels labels) {
    this.ref = ref;
    this.labels = labels;
  }

  /**
   * Rows {@code from} (inclusive) to {@code to} (exclusive) of a series, unaffected by later
   * changes.
   */
  record View(
      Labels labels,
      long[] timesMs,
      double[] values,
      NativeHistogram @Nullable [] histograms,
      long @Nullable [] startTimesMs,
      int from,
      int to) {}

  /**
   * Returns the code of {@link AppendResult} for a sample. One that equals the newest is OK and
   * need not be added.
   */
  byte check(long timeMs, double value, @Nullable NativeHistogram histogram) {
    if (timeMs > newestMs || newestMs == Long.MIN_VALUE) {
      return AppendResult.OK;
    }
    if (timeMs < newestMs) {
      return AppendResult.OUT_OF_ORDER;
    }
    return same(value, histogram, newestValue, newestHistogram)
        ? AppendResult.OK
        : AppendResult.DUPLICATE;
  }

  private static boolean same(
      double a, @Nullable NativeHistogram ah, double b, @Nullable NativeHistogram bh) {
    return ah == null
        ? bh == null && Double.doubleToRawLongBits(a) == Double.doubleToRawLongBits(b)
        : ah.equals(bh);
  }

  /** Returns whether there is a sample with the same time and bits. */
  boolean has(long timeMs, double value, @Nullable NativeHistogram histogram) {
    int row = Arrays.binarySearch(timesMs, 0, size, timeMs);
    return row >= 0
        && same(value, histogram, values[row], histograms == null ? null : histograms[row]);
  }

  /** Adds a sample that {@link #check} accepted. Returns false when it is the newest already. */
  boolean add(long timeMs, double value, @Nullable NativeHistogram histogram, long startTimeMs) {
    if (timeMs == newestMs) {
      return false;
    }
    if (size == timesMs.length) {
      resize(size * 2);
    }
    timesMs[size] = timeMs;
    values[size] = value;
    if (histogram != null) {
      if (histograms == null) {
        histograms = new NativeHistogram[timesMs.length];
      }
      histograms[size] = histogram;
    }
    if (startTimeMs != 0) {
      if (startTimesMs == null) {
        startTimesMs = new long[timesMs.length];
      }
      startTimesMs[size] = startTimeMs;
    }
    size++;
    newestMs = timeMs;
    newestValue = value;
    newestHistogram = histogram;
    return true;
  }

  private void resize(int capacity) {
    timesMs = Arrays.copyOf(timesMs, capacity);
    values = Arrays.copyOf(values, capacity);
    if (histograms != null) {
      histograms = Arrays.copyOf(histograms, capacity);
    }
    if (startTimesMs != null) {
      startTimesMs = Arrays.copyOf(startTimesMs, capacity);
    }
  }

  /** Returns the rows in range, or null when there are none. Both ends inclusive. */
  @Nullable View view(long minTimeMs, long maxTimeMs) {
    int from = firstAtOrAfter(minTimeMs);
    int to = maxTimeMs == Long.MAX_VALUE ? size : firstAtOrAfter(maxTimeMs + 1);
    return from >= to
        ? null
        : new View(labels, timesMs, values, histograms, startTimesMs, from, to);
  }

  /** Returns whether there is a sample in range, both ends inclusive. */
  boolean hasSampleIn(long minTimeMs, long maxTimeMs) {
    int from = firstAtOrAfter(minTimeMs);
    return from < size && timesMs[from] <= maxTimeMs;
  }

  /** Deletes samples, both ends inclusive. Returns how many. */
  int delete(long minTimeMs, long maxTimeMs) {
    int from = firstAtOrAfter(minTimeMs);
    int to = maxTimeMs == Long.MAX_VALUE ? size : firstAtOrAfter(maxTimeMs + 1);
    int gone = to - from;
    if (gone <= 0) {
      return 0;
    }
    resize(Math.max(8, size)); // fresh arrays: views keep the old ones
    System.arraycopy(timesMs, to, timesMs, from, size - to);
    System.arraycopy(values, to, values, from, size - to);
    if (histograms != null) {
      System.arraycopy(histograms, to, histograms, from, size - to);
      Arrays.fill(histograms, size - gone, size, null);
    }
    if (startTimesMs != null) {
      System.arraycopy(startTimesMs, to, startTimesMs, from, size - to);
      Arrays.fill(startTimesMs, size - gone, size, 0);
    }
    size -= gone;
    return gone;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Returns the time of the newest sample ever added; {@code Long.MIN_VALUE} = none. */
  long newestMs() {
    return newestMs;
  }

  /** Returns the time of the oldest sample; {@code Long.MAX_VALUE} = none. */
  long oldestMs() {
    return size == 0 ? Long.MAX_VALUE : timesMs[0];
  }

  private int firstAtOrAfter(long timeMs) {
    int i = Arrays.binarySearch(timesMs, 0, size, timeMs);
    return i < 0 ? -i - 1 : i;
  }
}
