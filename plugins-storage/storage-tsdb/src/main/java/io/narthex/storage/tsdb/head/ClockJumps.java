package io.narthex.storage.tsdb.head;

/**
 * Tells when the clock is right again after it was ahead: samples that were taken meanwhile are
 * newer than those of today, which would be refused as out of order until the clock has caught up.
 *
 * <p>A clock that was ahead leaves a gap in the times of the samples. When there are samples ahead
 * of the clock, and the clock is in such a gap, then those behind the gap have wrong times, and
 * what continues the samples before the gap is taken, until the clock has passed all of them. A
 * clock that jumps back to times that have samples is itself wrong: nothing is taken then. Guarded
 * by the append lock.
 */
final class ClockJumps {
  private static final int MOST_GAPS = 16;

  /** How far behind the newest sample of today one may be: scrapes have intervals. */
  private static final long LATE_MS = 300_000;

  private final long minGapMs;
  private final long[] fromMs = new long[MOST_GAPS];
  private final long[] toMs = new long[MOST_GAPS];
  private int gaps;

  /** Newest sample of today while the clock has not passed {@link #aheadMs}. */
  private long todayMs;

  private long aheadMs = Long.MIN_VALUE;

  /**
   * Creates one.
   *
   * @param minGapMs how far ahead of the clock a sample may be
   */
  ClockJumps(long minGapMs) {
    this.minGapMs = minGapMs;
  }

  /**
   * Notes that there is no sample between two times. The newest few gaps are remembered.
   *
   * @param todayFromMs where today may be: {@code newestMs}, or where its block begins
   */
  void gap(long todayFromMs, long newestMs, long nextMs) {
    if (nextMs > newestMs && nextMs - newestMs > minGapMs) {
      fromMs[gaps % MOST_GAPS] = todayFromMs;
      toMs[gaps % MOST_GAPS] = nextMs;
      gaps++;
    }
  }

  /** Returns the gaps that are remembered: where today may be, and the next sample, of each. */
  long[] gaps() {
    int first = Math.max(0, gaps - MOST_GAPS);
    long[] all = new long[2 * (gaps - first)];
    for (int i = first; i < gaps; i++) {
      all[2 * (i - first)] = fromMs[i % MOST_GAPS];
      all[2 * (i - first) + 1] = toMs[i % MOST_GAPS];
    }
    return all;
  }

  /**
   * Returns whether the clock was ahead and is right now.
   *
   * @param newestMs end of all samples there are
   * @param latestMs latest time that a sample may have now
   */
  boolean isBack(long newestMs, long latestMs) {
    if (newestMs > latestMs && newestMs > aheadMs) {
      for (int i = Math.max(0, gaps - MOST_GAPS); i < gaps; i++) {
        long from = fromMs[i % MOST_GAPS];
        if (from <= latestMs && latestMs < toMs[i % MOST_GAPS]) {
          todayMs = from;
          aheadMs = newestMs;
        }
      }
    }
    return latestMs - minGapMs < aheadMs;
  }

  /** Returns whether a sample continues those of today, after {@link #isBack} has said yes. */
  boolean continues(long timeMs) {
    if (timeMs < todayMs - LATE_MS) {
      return false;
    }
    todayMs = Math.max(todayMs, timeMs);
    return true;
  }
}
