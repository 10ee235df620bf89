package io.narthex.storage.tsdb.metrics;

import java.util.Arrays;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Durations as a summary among the own metrics: how many, their sum, and quantiles of those of the
 * last ten minutes. Thread-safe; an observation takes no memory.
 *
 * <p>Durations are counted in buckets whose width is a 32nd of the power of two below them, so a
 * quantile is off by less than 2 % of itself. The counts are kept by the minute; a minute that is
 * over for ten is forgotten as a whole.
 */
final class RecentDurations {
  private static final double[] QUANTILES = {0.5, 0.9, 0.99};
  private static final int MINUTES = 10;
  private static final long MINUTE_NANOS = 60_000_000_000L;
  private static final int SUB_BITS = 5;
  private static final int SHIFT = 52 - SUB_BITS;
  private static final long LEAST = Double.doubleToRawLongBits(0x1p-30) >> SHIFT; // 1 ns
  private static final int BUCKETS = 42 << SUB_BITS; // to 2^12 s

  private final LongSupplier nanoTime;
  private final long begunNanos;
  private final int[][] counts = new int[MINUTES][BUCKETS]; // guarded by this, as all below
  private long minute;
  private long count;
  private double sum;

  /**
   * Creates it empty.
   *
   * @param nanoTime as {@link System#nanoTime}
   */
  RecentDurations(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    begunNanos = nanoTime.getAsLong();
  }

  /** Notes how long something took that began at {@code startNanos}. */
  synchronized void observeSince(long startNanos) {
    long now = nanoTime.getAsLong();
    rotate(now);
    double seconds = Math.max(0, now - startNanos) / 1e9;
    count++;
    sum += seconds;
    long bucket = (Double.doubleToRawLongBits(seconds) >> SHIFT) - LEAST;
    counts[(int) (minute % MINUTES)][(int) Math.clamp(bucket, 0L, BUCKETS - 1L)]++;
  }

  private void rotate(long now) {
    long present = (now - begunNanos) / MINUTE_NANOS;
    for (long m = Math.max(minute + 1, present - MINUTES + 1); m <= present; m++) {
      Arrays.fill(counts[(int) (m % MINUTES)], 0);
    }
    minute = Math.max(minute, present);
  }

  /** Adds the samples of a summary of this name; quantiles are NaN when there is nothing recent. */
  synchronized void writeTo(Map<String, Double> statistics, String name) {
    rotate(nanoTime.getAsLong());
    long[] all = new long[BUCKETS];
    long total = 0;
    for (int[] c : counts) {
      for (int i = 0; i < BUCKETS; i++) {
        all[i] += c[i];
        total += c[i];
      }
    }
    for (double q : QUANTILES) {
      statistics.put(
          name + "{quantile=\"" + q + "\"}",
          total == 0 ? Double.NaN : middle(all, Math.max(1, (long) Math.ceil(q * total))));
    }
    statistics.put(name + "_count", (double) count);
    statistics.put(name + "_sum", sum);
  }

  /** Returns the middle of the bucket that holds the observation of this rank. */
  private static double middle(long[] all, long rank) {
    long seen = 0;
    int i = 0;
    while (i < BUCKETS - 1) {
      seen += all[i];
      if (seen >= rank) {
        break;
      }
      i++;
    }
    double lower = Double.longBitsToDouble((i + LEAST) << SHIFT);
    double upper = Double.longBitsToDouble((i + 1 + LEAST) << SHIFT);
    return (lower + upper) / 2;
  }
}
