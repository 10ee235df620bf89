package io.narthex.query.oracle;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Quantiles and shares of histograms whose cumulative buckets are series with {@code le}. */
final class ClassicHistogram {
  /** Relative differences below this are rounding errors. */
  private static final double TOLERANCE = 1e-12;

  /** The observations up to a bound. */
  record Bucket(double bound, double count) {}

  private ClassicHistogram() {}

  static double quantile(double q, List<Bucket> in) {
    if (Double.isNaN(q)) {
      return Double.NaN;
    }
    if (q < 0 || q > 1) {
      return q < 0 ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    List<Bucket> b = prepared(in);
    int n = b.size();
    if (n < 2 || b.getLast().bound() != Double.POSITIVE_INFINITY || b.getLast().count() == 0) {
      return Double.NaN;
    }
    double rank = q * b.getLast().count();
    int at = search(b, rank);
    if (at == n - 1) {
      return b.get(n - 2).bound();
    }
    if (at == 0 && b.getFirst().bound() <= 0) {
      return b.getFirst().bound();
    }
    double from = at == 0 ? 0 : b.get(at - 1).bound();
    double below = at == 0 ? 0 : b.get(at - 1).count();
    double count = b.get(at).count() - below;
    return from + (b.get(at).bound() - from) * ((rank - below) / count);
  }

  /**
   * Returns the first bucket but the last with at least {@code rank} observations, found by
   * halving; that matters where counts are NaN.
   */
  private static int search(List<Bucket> b, double rank) {
    int low = 0;
    int high = b.size() - 1;
    while (low < high) {
      int middle = (low + high) / 2;
      if (b.get(middle).count() >= rank) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  static double fraction(double lower, double upper, List<Bucket> in) {
    List<Bucket> b = prepared(in);
    double count = b.getLast().count();
    if (b.getLast().bound() != Double.POSITIVE_INFINITY
        || count == 0
        || Double.isNaN(lower)
        || Double.isNaN(upper)) {
      return Double.NaN;
    }
    if (lower >= upper) {
      return 0;
    }
    double upTo = below(upper, b);
    double from = below(lower, b);
    // ranks may be above the last one where counts are NaN
    return ((upTo > count ? count : upTo) - (from > count ? count : from)) / count;
  }

  /** Returns how many observations are below a value, linear within its bucket. */
  private static double below(double v, List<Bucket> b) {
    double count = b.getLast().count();
    double rank = 0;
    for (int i = 0; i < b.size(); i++) {
      double to = b.get(i).bound();
      double from = i > 0 ? b.get(i - 1).bound() : to > 0 ? 0 : Double.NEGATIVE_INFINITY;
      if (from >= v) {
        return rank;
      }
      if (to > v) {
        double within = b.get(i).count() - rank;
        // nothing is known about where observations are in a bucket without lower bound
        double before =
            from == Double.NEGATIVE_INFINITY ? within : within * (v - from) / (to - from);
        return rank + before;
      }
      rank = b.get(i).count();
    }
    return count;
  }

  /** Returns buckets by bound, equal bounds joined, counts that never fall. */
  private static List<Bucket> prepared(List<Bucket> in) {
    List<Bucket> sorted = new ArrayList<>(in);
    sorted.sort(Comparator.comparingDouble(Bucket::bound));
    List<Bucket> joined = new ArrayList<>();
    for (Bucket b : sorted) {
      if (!joined.isEmpty() && joined.getLast().bound() == b.bound()) {
        double both = joined.removeLast().count() + b.count();
        joined.add(new Bucket(b.bound(), both));
      } else {
        joined.add(b);
      }
    }
    List<Bucket> out = new ArrayList<>();
    double before = joined.getFirst().count();
    for (Bucket b : joined) {
      double count = b.count();
      if (count < before || nearlyEqual(before, count)) {
        count = before;
      }
      out.add(new Bucket(b.bound(), count));
      before = count;
    }
    return out;
  }

  private static boolean nearlyEqual(double a, double b) {
    if (a == b || Double.isNaN(a) || Double.isNaN(b)) {
      return a == b || (Double.isNaN(a) && Double.isNaN(b));
    }
    double sum = Math.abs(a) + Math.abs(b);
    double difference = Math.abs(a - b);
    if (a == 0 || b == 0 || sum < Double.MIN_NORMAL) {
      return difference < TOLERANCE * Double.MIN_NORMAL;
    }
    return difference / Math.min(sum, Double.MAX_VALUE) < TOLERANCE;
  }
}
