package io.narthex.query.series;

/**
 * Columns of times that several series of a selector have. They are found by their first time:
 * targets are scraped at times of their own, and all series of a target at the same. Bounded: when
 * it is full, what came first stays. Not thread-safe.
 */
public final class TimeColumns {
  private static final int SLOTS = 1024; // power of two
  private static final int PROBES = 8;

  /** Most times of all columns that are kept: 4 MB. */
  private static final int MOST_TIMES = 1 << 19;

  private static final long[] NONE = new long[0];

  private long[][] columns = new long[0][];
  private int[] counts = new int[0];
  private int kept;
  private int offered;

  // the series before
  private long[] last = NONE;
  private int lastCount;

  // what was found
  private long[] times = NONE;
  private int count;

  /** Looks for a column that begins with a time; returns whether there is one. */
  boolean find(long firstMs) {
    int at = slot(firstMs);
    for (int i = 0; kept > 0 && i < PROBES && counts[at] > 0; i++) {
      if (columns[at][0] == firstMs) {
        times = columns[at];
        count = counts[at];
        return true;
      }
      at = at + 1 & SLOTS - 1;
    }
    if (lastCount == 0 || last[0] != firstMs) {
      return false;
    }
    times = last;
    count = lastCount;
    return true;
  }

  /** Returns the column that was found; it does not change. */
  long[] times() {
    return times;
  }

  /** Returns how many times the column has that was found, from the start of the array on. */
  int count() {
    return count;
  }

  /** Returns how many samples the series before has. */
  int lastCount() {
    return lastCount;
  }

  /** Offers the times of a series, which is read whole, to those that follow. */
  public void keep(Samples s) {
    if (s.floatCount == 0) {
      return;
    }
    last = s.floatTimes;
    lastCount = s.floatCount;
    if (s.isBorrowed() || offered++ == 0 || last.length > MOST_TIMES - kept) {
      return; // a selector of one series, or of one target, needs no table
    }
    if (counts.length == 0) {
      columns = new long[SLOTS][];
      counts = new int[SLOTS];
    }
    int at = slot(last[0]);
    for (int i = 0; i < PROBES; i++) {
      boolean free = counts[at] == 0;
      if (!free && columns[at][0] == last[0] && counts[at] >= lastCount) {
        return;
      }
      if (free || columns[at][0] == last[0]) {
        kept += last.length - (free ? 0 : columns[at].length);
        columns[at] = last;
        counts[at] = lastCount;
        return;
      }
      at = at + 1 & SLOTS - 1;
    }
  }

  /** Returns about how many bytes the columns take. */
  public long bytes() {
    return 8L * kept + (counts.length == 0 ? 0 : SLOTS * 8L);
  }

  private static int slot(long firstMs) {
    long h = firstMs * 0x9e3779b97f4a7c15L;
    return (int) (h >>> 54) & SLOTS - 1;
  }
}
