package io.narthex.query.series;

import io.narthex.model.Labels;
import io.narthex.model.StaleMarker;
import io.narthex.query.histogram.Hist;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Raw samples of one series over the range an evaluation needs: floats and histograms in separate
 * columns, each sorted by time. Filled once, then read-only.
 */
public final class Samples {
  private static final int HEAD_BYTES = 160;

  /** As long as the series before, but no more than so many times what is known to come. */
  private static final int MOST_AHEAD = 4;

  public static final long[] NO_TIMES = new long[0];
  public static final double[] NO_VALUES = new double[0];
  private static final Hist[] NO_HISTS = new Hist[0];

  public final Labels labels;
  public final boolean dropName;
  public long[] floatTimes = NO_TIMES;
  public double[] floats = NO_VALUES;

  /** Start times of the floats, or empty when none are known. */
  public long[] floatStarts = NO_TIMES;

  public int floatCount;
  public long[] histTimes = NO_TIMES;
  public Hist[] hists = NO_HISTS;
  public long[] histStarts = NO_TIMES;
  public int histCount;
  private long histBytes;

  /**
   * Whether {@link #floatTimes} is the column of another series, which so far has the same times.
   */
  private boolean borrowed;

  private int lent; // length of the borrowed column
  private final @Nullable TimeColumns others;

  public Samples(Labels labels, boolean dropName) {
    this.labels = labels;
    this.dropName = dropName;
    others = null;
  }

  /**
   * Creates the samples of a series that may have the same times as another one, as all series of a
   * target have. The column is shared as long as the times are equal.
   *
   * @param others the columns of other series
   * @param column for the values, as far as it is long enough; nobody else uses it
   */
  public Samples(Labels labels, TimeColumns others, double[] column) {
    this.labels = labels;
    dropName = false;
    this.others = others;
    floats = column;
  }

  private void borrow(long firstMs) {
    if (others != null && others.find(firstMs)) {
      borrowed = true;
      floatTimes = others.times();
      lent = others.count();
      if (floats.length < lent) {
        floats = new double[lent];
      }
    }
  }

  /** Returns whether the times are a column of another series. */
  boolean isBorrowed() {
    return borrowed;
  }

  /** Takes the column of values away; the times stay for series that share them. */
  public double[] takeColumn() {
    double[] column = floats;
    floats = NO_VALUES;
    return column;
  }

  /** Stops sharing the column of times and makes room for {@code rows} samples. */
  private void own(int rows) {
    if (borrowed) {
      borrowed = false;
      long[] mine = new long[Math.max(rows, lent)];
      System.arraycopy(floatTimes, 0, mine, 0, floatCount);
      floatTimes = mine;
    }
    int size = Math.max(rows, floatCount * 2);
    if (others != null) {
      size = Math.max(size, Math.min(others.lastCount(), rows * MOST_AHEAD));
    }
    if (rows > floatTimes.length) {
      floatTimes = Arrays.copyOf(floatTimes, size);
      if (floatStarts.length > 0) {
        floatStarts = Arrays.copyOf(floatStarts, size);
      }
    }
    if (rows > floats.length) {
      floats = Arrays.copyOf(floats, size);
    }
  }

  public void addFloat(long time, double value) {
    if (borrowed || floatCount == floatTimes.length || floatCount == floats.length) {
      own(Math.max(16, floatCount + 1));
    }
    floatTimes[floatCount] = time;
    floats[floatCount++] = value;
  }

  public void addHist(long time, Hist value) {
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
    histBytes += value.bytes();
  }

  /** Adds the first {@code n} samples of two columns; stale markers are left out unless wanted. */
  public void addFloats(long[] times, double[] values, int n, boolean stale) {
    int room = floatCount + n;
    if (floatCount == 0 && n > 0 && !borrowed) {
      borrow(times[0]);
    }
    boolean whole = stale || !anyNan(values, n);
    if (borrowed
        && whole
        && room <= lent
        && Arrays.equals(times, 0, n, floatTimes, floatCount, room)) {
      System.arraycopy(values, 0, floats, floatCount, n);
      floatCount = room;
      return;
    }
    own(room);
    if (whole) {
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

  /** Sets the start time of the float added last. */
  public void floatStart(long start) {
    if (floatStarts.length == 0) {
      floatStarts = new long[floatTimes.length];
    }
    floatStarts[floatCount - 1] = start;
  }

  /** Sets the start time of the histogram added last. */
  public void histStart(long start) {
    if (histStarts.length == 0) {
      histStarts = new long[histTimes.length];
    }
    histStarts[histCount - 1] = start;
  }

  /** Returns about how many bytes these samples take beyond the columns they share. */
  public long bytes() {
    long n = HEAD_BYTES + 8L * floats.length + 8L * floatStarts.length;
    if (!borrowed) {
      n += 8L * floatTimes.length;
    }
    n += 12L * hists.length + 8L * histStarts.length;
    return n + histBytes;
  }

  /** Returns the index of the first of {@code n} rising times after {@code time}. */
  public static int firstAfter(long[] times, int n, long time) {
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
