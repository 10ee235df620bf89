package io.narthex.query;

import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.promql.PosRange;
import java.util.Arrays;

/**
 * A running sum or mean of histograms. Every part is summed with compensation as {@link Kahan}
 * does; the lost low parts are kept in a second histogram of the same layout. A mean whose sum
 * leaves the finite numbers goes on as incremental mean.
 */
final class HistSum {
  private final Annotations annotations;
  private final PosRange place;
  private final boolean average;
  private final Hist.Notes notes = new Hist.Notes();
  private Hist sum = Hist.EMPTY;
  private Hist low = Hist.EMPTY;
  private int n;
  private boolean incremental;
  private boolean sawReset;
  private boolean sawNotReset;

  HistSum(Annotations annotations, PosRange place, boolean average) {
    this.annotations = annotations;
    this.place = place;
    this.average = average;
  }

  void reset() {
    n = 0;
    incremental = false;
    sum = Hist.EMPTY;
    low = Hist.EMPTY;
    sawReset = false;
    sawNotReset = false;
  }

  /** Adds; false when exponential and custom buckets meet. */
  boolean add(Hist h) {
    sawReset |= h.hint == ResetHint.RESET;
    sawNotReset |= h.hint == ResetHint.NOT_RESET;
    if (sawReset && sawNotReset) {
      annotations.conflictingResets("aggregation", place);
    }
    n++;
    if (n == 1) {
      sum = h;
      low =
          new Hist(
              h.schema,
              h.zeroThreshold,
              0,
              0,
              0,
              Buckets.NONE,
              Buckets.NONE,
              h.bounds,
              ResetHint.UNKNOWN);
      return true;
    }
    notes.clear();
    if (incremental) {
      addToMean(h);
    } else {
      Hist oldSum = sum;
      Hist oldLow = low;
      accumulate(h);
      if (average && overflows(sum) && !overflows(h)) {
        incremental = true;
        sum = oldSum.dividedBy(n - 1);
        low = oldLow.dividedBy(n - 1);
        addToMean(h);
      }
    }
    if (notes.boundsReconciled) {
      annotations.boundsReconciled("aggregation", place);
    }
    return !notes.incompatible;
  }

  private void addToMean(Hist h) {
    double q = (double) (n - 1) / n;
    sum = sum.times(q);
    low = low.times(q);
    accumulate(h.dividedBy(n));
  }

  private static boolean overflows(Hist h) {
    if (Double.isInfinite(h.count) || Double.isInfinite(h.sum) || Double.isInfinite(h.zeroCount)) {
      return true;
    }
    for (double c : h.positive.count) {
      if (Double.isInfinite(c)) {
        return true;
      }
    }
    for (double c : h.negative.count) {
      if (Double.isInfinite(c)) {
        return true;
      }
    }
    return false;
  }

  private void accumulate(Hist h) {
    Hist[] pair = sum.aligned(h, notes);
    if (pair.length == 0) {
      return;
    }
    Hist a = pair[0];
    Hist b = pair[1];
    Hist c = low.inLayoutOf(a);
    Buckets[] positive = add(a.positive, b.positive, c.positive);
    Buckets[] negative = add(a.negative, b.negative, c.negative);
    sum =
        new Hist(
            a.schema,
            a.zeroThreshold,
            a.zeroCount + b.zeroCount,
            a.count + b.count,
            a.sum + b.sum,
            positive[0],
            negative[0],
            a.bounds,
            a.mergeHints(b, notes));
    low =
        new Hist(
            a.schema,
            a.zeroThreshold,
            Kahan.compensation(a.zeroCount, b.zeroCount, c.zeroCount),
            Kahan.compensation(a.count, b.count, c.count),
            Kahan.compensation(a.sum, b.sum, c.sum),
            positive[1],
            negative[1],
            a.bounds,
            ResetHint.UNKNOWN);
  }

  /** Returns the sum of two sides and what it loses, {@code c} being what was lost before. */
  private static Buckets[] add(Buckets a, Buckets b, Buckets c) {
    int max = a.size() + b.size() + c.size();
    int[] index = new int[max];
    double[] total = new double[max];
    double[] lost = new double[max];
    int i = 0;
    int j = 0;
    int k = 0;
    int n = 0;
    while (i < a.size() || j < b.size() || k < c.size()) {
      int at = i < a.size() ? a.index[i] : Integer.MAX_VALUE;
      at = j < b.size() ? Math.min(at, b.index[j]) : at;
      at = k < c.size() ? Math.min(at, c.index[k]) : at;
      double x = i < a.size() && a.index[i] == at ? a.count[i++] : 0;
      double y = j < b.size() && b.index[j] == at ? b.count[j++] : 0;
      double z = k < c.size() && c.index[k] == at ? c.count[k++] : 0;
      index[n] = at;
      total[n] = x + y;
      lost[n++] = Kahan.compensation(x, y, z);
    }
    int[] used = Arrays.copyOf(index, n);
    return new Buckets[] {
      new Buckets(used, Arrays.copyOf(total, n)), new Buckets(used, Arrays.copyOf(lost, n))
    };
  }

  /** Returns the sum or mean of what has been added. */
  Hist value() {
    if (n == 1) {
      return sum;
    }
    Hist s = sum;
    Hist l = low;
    if (average && !incremental) {
      s = sum.dividedBy(n);
      l = low.dividedBy(n);
    }
    notes.clear();
    ResetHint hint = s.hint;
    return s.plus(l, notes).withHint(hint);
  }
}
