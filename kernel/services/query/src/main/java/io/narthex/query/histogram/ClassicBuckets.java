package io.narthex.query.histogram;

import java.util.Arrays;

/** Cumulative buckets of a classic histogram at one step, by rising bound. Reused. */
public final class ClassicBuckets {
  /** Differences up to this share are rounding errors. */
  private static final double SMALL_DELTA = 1e-12;

  private double[] bounds = new double[16];
  private double[] counts = new double[16];
  private int n;

  /** Whether counts that fell had to be raised; set by {@link #quantile}. */
  public boolean forcedMonotonic;

  public void clear() {
    n = 0;
    forcedMonotonic = false;
  }

  public int size() {
    return n;
  }

  /** Adds a bucket; bounds must not fall. Buckets with equal bounds are joined. */
  public void add(double bound, double count) {
    if (n > 0 && bounds[n - 1] == bound) {
      counts[n - 1] += count;
      return;
    }
    if (n == bounds.length) {
      bounds = Arrays.copyOf(bounds, n * 2);
      counts = Arrays.copyOf(counts, n * 2);
    }
    bounds[n] = bound;
    counts[n++] = count;
  }

  /** Returns the quantile as BucketQuantile in promql/quantile.go of Prometheus. */
  public double quantile(double q) {
    if (Double.isNaN(q)) {
      return Double.NaN;
    }
    if (q < 0) {
      return Double.NEGATIVE_INFINITY;
    }
    if (q > 1) {
      return Double.POSITIVE_INFINITY;
    }
    if (bounds[n - 1] != Double.POSITIVE_INFINITY) {
      return Double.NaN;
    }
    makeMonotonic();
    if (n < 2) {
      return Double.NaN;
    }
    double observations = counts[n - 1];
    if (observations == 0) {
      return Double.NaN;
    }
    double rank = q * observations;
    int b = bucketOf(rank);
    if (b == n - 1) {
      return bounds[n - 2];
    }
    if (b == 0 && bounds[0] <= 0) {
      return bounds[0];
    }
    double start = 0;
    double end = bounds[b];
    double count = counts[b];
    if (b > 0) {
      start = bounds[b - 1];
      count -= counts[b - 1];
      rank -= counts[b - 1];
    }
    return start + (end - start) * (rank / count);
  }

  /**
   * Returns the first bucket that holds a rank, the last one aside, by binary search: with NaN
   * counts its path decides.
   */
  private int bucketOf(double rank) {
    int low = 0;
    int high = n - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (counts[middle] >= rank) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private void makeMonotonic() {
    double prev = counts[0];
    for (int i = 1; i < n; i++) {
      double now = counts[i];
      if (now == prev) {
        continue;
      }
      if (almostEqual(prev, now)) {
        counts[i] = prev;
      } else if (now < prev) {
        counts[i] = prev;
        forcedMonotonic = true;
      } else {
        prev = now;
      }
    }
  }

  private static boolean almostEqual(double a, double b) {
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return Double.isNaN(a) && Double.isNaN(b);
    }
    double sum = Math.abs(a) + Math.abs(b);
    double diff = Math.abs(a - b);
    if (a == 0 || b == 0 || sum < Double.MIN_NORMAL) {
      return diff < SMALL_DELTA * Double.MIN_NORMAL;
    }
    return diff / Math.min(sum, Double.MAX_VALUE) < SMALL_DELTA;
  }

  /** Returns the share of observations between two values, as BucketFraction. */
  public double fraction(double lower, double upper) {
    if (bounds[n - 1] != Double.POSITIVE_INFINITY) {
      return Double.NaN;
    }
    makeMonotonic();
    double count = counts[n - 1];
    if (count == 0 || Double.isNaN(lower) || Double.isNaN(upper)) {
      return Double.NaN;
    }
    if (lower >= upper) {
      return 0;
    }
    double rank = 0;
    double lowerRank = 0;
    double upperRank = 0;
    boolean lowerSet = false;
    boolean upperSet = false;
    for (int i = 0; i < n; i++) {
      double from = i > 0 ? bounds[i - 1] : bounds[0] > 0 ? 0 : Double.NEGATIVE_INFINITY;
      double to = bounds[i];
      if (!lowerSet && from >= lower) {
        lowerRank = rank;
        lowerSet = true;
      }
      if (!upperSet && from >= upper) {
        upperRank = rank;
        upperSet = true;
      }
      if (lowerSet && upperSet) {
        break;
      }
      if (!lowerSet && from < lower && to > lower) {
        lowerRank = rank + HistogramMath.share(lower, from, to, counts[i] - rank, true);
        lowerSet = true;
      }
      if (!upperSet && from < upper && to > upper) {
        upperRank = rank + HistogramMath.share(upper, from, to, counts[i] - rank, true);
        upperSet = true;
      }
      if (lowerSet && upperSet) {
        break;
      }
      rank = counts[i];
    }
    if (!lowerSet || lowerRank > count) {
      lowerRank = count;
    }
    if (!upperSet || upperRank > count) {
      upperRank = count;
    }
    return (upperRank - lowerRank) / count;
  }
}
