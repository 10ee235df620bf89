package io.narthex.query;

import io.narthex.model.Labels;
import io.narthex.model.StaleMarker;
import java.util.Arrays;

/**
 * Raw samples of one series over the range an evaluation needs, floats and histograms apart, each
 * in order of time. Filled once, then read only.
 */
final class Samples {
  static final long[] NO_TIMES = new long[0];
  private static final double[] NO_VALUES = new double[0];
  private static final Hist[] NO_HISTS = new Hist[0];

  final Labels labels;
  final boolean dropName;
  long[] floatTimes = NO_TIMES;
  double[] floats = NO_VALUES;

  /** Start times of the floats, or empty when none are known. */
  long[] floatStarts = NO_TIMES;

  int floatCount;
  long[] histTimes = NO_TIMES;
  Hist[] hists = NO_HISTS;
  long[] histStarts = NO_TIMES;
  int histCount;

  Samples(Labels labels, boolean dropName) {
    this.labels = labels;
    this.dropName = dropName;
  }

  void addFloat(long time, double value) {
    if (floatCount == floatTimes.length) {
      int n = Math.max(16, floatCount * 2);
      floatTimes = Arrays.copyOf(floatTimes, n);
      floats = Arrays.copyOf(floats, n);
      if (floatStarts.length > 0) {
        floatStarts = Arrays.copyOf(floatStarts, n);
      }
    }
    floatTimes[floatCount] = time;
    floats[floatCount++] = value;
  }

  void addHist(long time, Hist value) {
    if (histCount == histTimes.length) {
      int n = Math.max(16, histCount * 2);
      histTimes = Arrays.copyOf(histTimes, n);
      hists = Arrays.copyOf(hists, n);
      if (histStarts.length > 0) {
        histStarts = Arrays.copyOf(histStarts, n);
      }
    }
    histTimes[histCount] = time;
    hists[histCount++] = value;
  }

  /** Adds the first {@code n} samples of two columns; stale markers are left out unless wanted. */
  void addFloats(long[] times, double[] values, int n, boolean stale) {
    int room = floatCount + n;
    if (room > floatTimes.length) {
      int size = floatCount == 0 ? n : Math.max(room, floatCount * 2);
      floatTimes = Arrays.copyOf(floatTimes, size);
      floats = Arrays.copyOf(floats, size);
      if (floatStarts.length > 0) {
        floatStarts = Arrays.copyOf(floatStarts, size);
      }
    }
    if (stale || !anyNan(values, n)) {
      System.arraycopy(times, 0, floatTimes, floatCount, n);
      System.arraycopy(values, 0, floats, floatCount, n);
      floatCount = room;
      return;
    }
    for (int i = 0; i < n; i++) {
      if (!StaleMarker.is(values[i])) {
        floatTimes[floatCount] = times[i];
        floats[floatCount++] = values[i];
      }
    }
  }

  private static boolean anyNan(double[] values, int n) {
    boolean any = false;
    for (int i = 0; i < n; i++) {
      any |= Double.isNaN(values[i]);
    }
    return any;
  }

  /** Takes over the time column of another series if it holds the same times. */
  void shareTimes(Samples other) {
    if (floatCount > 0
        && floatCount == other.floatCount
        && Arrays.equals(floatTimes, 0, floatCount, other.floatTimes, 0, floatCount)) {
      floatTimes = other.floatTimes;
    }
  }

  /** Sets the start time of the float added last. */
  void floatStart(long start) {
    if (floatStarts.length == 0) {
      floatStarts = new long[floatTimes.length];
    }
    floatStarts[floatCount - 1] = start;
  }

  /** Sets the start time of the histogram added last. */
  void histStart(long start) {
    if (histStarts.length == 0) {
      histStarts = new long[histTimes.length];
    }
    histStarts[histCount - 1] = start;
  }

  /** Returns the index of the first of {@code n} rising times after {@code time}. */
  static int firstAfter(long[] times, int n, long time) {
    int lo = 0;
    int hi = n;
    while (lo < hi) {
      int mid = (lo + hi) >>> 1;
      if (times[mid] <= time) {
        lo = mid + 1;
      } else {
        hi = mid;
      }
    }
    return lo;
  }
}
