package io.narthex.core.metrics;

import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * Quantiles of the observations of the last minutes. Thread-safe.
 *
 * <p>Observations are counted in buckets whose width is a 64th of the power of two below them, so a
 * quantile between the extremes is off by less than 1 % of itself, and an observation costs one
 * increment: some of them are made for every query. Observations beyond 2^-30 and 2^30 share the
 * outermost buckets. The counts are kept in windows of a fifth of the age; the oldest window is
 * dropped as a whole.
 */
final class SlidingQuantiles {
  private static final int WINDOWS = 5;
  private static final int SUB_BITS = 6;
  private static final int SHIFT = 52 - SUB_BITS;
  private static final int EXPONENTS = 60;
  private static final long LEAST = Double.doubleToRawLongBits(0x1p-30) >> SHIFT;
  private static final int BUCKETS = (EXPONENTS << SUB_BITS) + 1;

  private final LongSupplier nanoTime;
  private final long windowNanos;
  private final long begunNanos;
  private final int[][] counts = new int[WINDOWS][]; // guarded by this, as all below
  private final double[] least = new double[WINDOWS];
  private final double[] greatest = new double[WINDOWS];
  private long window;
  private long count;
  private double sum;

  /**
   * Creates an empty set of windows.
   *
   * @param nanoTime as {@link System#nanoTime}
   */
  SlidingQuantiles(long ageNanos, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    windowNanos = ageNanos / WINDOWS;
    begunNanos = nanoTime.getAsLong();
    clear(0);
  }

  private void clear(int slot) {
    int[] c = counts[slot];
    if (c != null) {
      Arrays.fill(c, 0);
    }
    least[slot] = Double.POSITIVE_INFINITY;
    greatest[slot] = Double.NEGATIVE_INFINITY;
  }

  private void rotate() {
    long now = (nanoTime.getAsLong() - begunNanos) / windowNanos;
    if (now != window) {
      for (long w = Math.max(window + 1, now - WINDOWS + 1); w <= now; w++) {
        clear((int) (w % WINDOWS));
      }
      window = now;
    }
  }

  /** Counts an observation, not negative. */
  synchronized void observe(double value) {
    rotate();
    count++;
    sum += value;
    int slot = (int) (window % WINDOWS);
    int[] c = counts[slot];
    if (c == null) {
      c = new int[BUCKETS];
      counts[slot] = c;
    }
    c[bucket(value)]++;
    least[slot] = Math.min(least[slot], value);
    greatest[slot] = Math.max(greatest[slot], value);
  }

  private static int bucket(double value) {
    return (int) Math.clamp((Double.doubleToRawLongBits(value) >> SHIFT) - LEAST, 0L, BUCKETS - 1L);
  }

  /** Returns the middle of a bucket. */
  private static double middle(int bucket) {
    double lower = Double.longBitsToDouble((bucket + LEAST) << SHIFT);
    double upper = Double.longBitsToDouble((bucket + 1 + LEAST) << SHIFT);
    return (lower + upper) / 2;
  }

  /** Returns the number of all observations ever. */
  synchronized long count() {
    return count;
  }

  /** Returns the sum of all observations ever. */
  synchronized double sum() {
    return sum;
  }

  /** Returns quantiles of the last minutes, NaN when there were no observations. */
  synchronized double[] quantiles(double... wanted) {
    rotate();
    long[] all = new long[BUCKETS];
    long total = 0;
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (int slot = 0; slot < WINDOWS; slot++) {
      int[] c = counts[slot];
      if (c != null) {
        for (int i = 0; i < BUCKETS; i++) {
          all[i] += c[i];
          total += c[i];
        }
        min = Math.min(min, least[slot]);
        max = Math.max(max, greatest[slot]);
      }
    }
    double[] out = new double[wanted.length];
    for (int i = 0; i < out.length; i++) {
      long rank = Math.max(1, (long) Math.ceil(wanted[i] * total));
      if (total == 0) {
        out[i] = Double.NaN;
      } else if (rank == 1 || rank == total) {
        out[i] = rank == 1 ? min : max;
      } else {
        out[i] = Math.clamp(middle(find(all, rank)), min, max);
      }
    }
    return out;
  }

  private static int find(long[] all, long rank) {
    long seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
      seen += all[i];
      if (seen >= rank) {
        return i;
      }
    }
    return BUCKETS - 1;
  }
}
