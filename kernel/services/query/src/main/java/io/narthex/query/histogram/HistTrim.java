package io.narthex.query.histogram;

/**
 * The trim operators: what remains of a histogram below or above a value. A bucket that is cut is
 * shared out as {@code histogram_fraction} does; the sum is estimated from what remains of each
 * bucket at its mean.
 */
public final class HistTrim {
  private final Hist h;
  private final double limit;
  private final boolean upper;
  private double count;
  private double sum;

  private HistTrim(Hist h, double limit, boolean upper) {
    this.h = h;
    this.limit = limit;
    this.upper = upper;
  }

  public static Hist upper(Hist h, double limit) {
    return new HistTrim(h, limit, true).trim();
  }

  public static Hist lower(Hist h, double limit) {
    return new HistTrim(h, limit, false).trim();
  }

  private Hist trim() {
    boolean all = limit == (upper ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY);
    if (all) {
      return h;
    }
    if (Double.isInfinite(limit)) {
      return new Hist(
          h.schema, h.zeroThreshold, 0, 0, 0, Buckets.NONE, Buckets.NONE, h.bounds, h.hint);
    }
    double[] negative = new double[h.negative.size()];
    double[] positive = new double[h.positive.size()];
    boolean cut = false;
    for (int i = 0; i < negative.length; i++) {
      int x = h.negative.index[i];
      negative[i] = part(-h.upper(x), -h.lower(x), h.negative.count[i], false);
      cut |= negative[i] != h.negative.count[i];
    }
    double zero = 0;
    if (h.zeroCount != 0) {
      double from = h.negative.size() == 0 && h.positive.size() > 0 ? 0 : -h.zeroThreshold;
      double to = h.positive.size() == 0 && h.negative.size() > 0 ? 0 : h.zeroThreshold;
      zero = part(from, to, h.zeroCount, true);
      cut |= zero != h.zeroCount;
    }
    for (int i = 0; i < positive.length; i++) {
      int x = h.positive.index[i];
      double from = h.lower(x);
      double to = h.upper(x);
      if (h.isCustom()) {
        positive[i] = customPart(from, to, h.positive.count[i]);
      } else {
        positive[i] = part(from, to, h.positive.count[i], false);
      }
      cut |= positive[i] != h.positive.count[i];
    }
    if (!cut) {
      return h;
    }
    return new Hist(
            h.schema,
            h.zeroThreshold,
            zero,
            count,
            sum,
            new Buckets(h.positive.index, positive),
            new Buckets(h.negative.index, negative),
            h.bounds,
            h.hint)
        .compact();
  }

  /** Adds what remains of a bucket to count and sum, and returns it. */
  private double part(double from, double to, double population, boolean linear) {
    if (population == 0) {
      return 0;
    }
    boolean keepAll = upper ? to <= limit : from >= limit;
    boolean dropAll = upper ? from >= limit : to <= limit;
    if (dropAll && !keepAll) {
      return 0;
    }
    double keptFrom = from;
    double keptTo = to;
    double kept = population;
    if (!keepAll) {
      double below = HistogramMath.share(limit, from, to, population, linear);
      kept = upper ? below : population - below;
      keptFrom = upper ? from : limit;
      keptTo = upper ? limit : to;
    }
    count += kept;
    sum += kept * middle(keptFrom, keptTo, linear);
    return kept;
  }

  private double customPart(double from, double to, double population) {
    if (population == 0) {
      return 0;
    }
    if (to == Double.POSITIVE_INFINITY) {
      // where the observations of an open bucket lie is unknown
      if (upper || from == Double.NEGATIVE_INFINITY) {
        return 0;
      }
      return keepAt(population, Math.max(limit, from));
    }
    if (from == Double.NEGATIVE_INFINITY) {
      if (to > 0) {
        return !upper && limit < 0 ? 0 : part(0, to, population, true);
      }
      return upper ? keepAt(population, Math.min(limit, to)) : 0;
    }
    return part(from, to, population, true);
  }

  private double keepAt(double population, double value) {
    count += population;
    sum += population * value;
    return population;
  }

  private static double middle(double from, double to, boolean linear) {
    if (linear || (from <= 0 && to >= 0)) {
      return (from + to) / 2;
    }
    double mean = Math.sqrt(Math.abs(from) * Math.abs(to));
    return from < 0 ? -mean : mean;
  }
}
