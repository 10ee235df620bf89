package io.narthex.query;

import io.narthex.model.Labels;
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
