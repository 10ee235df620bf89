package io.narthex.query.functions;

import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.histogram.Buckets;
import io.narthex.query.histogram.Hist;
import io.narthex.query.math.Kahan;
import java.util.Arrays;

/**
 * A running sum or mean of histograms. Every part is summed with compensation as {@link Kahan}
 * does; the lost low parts are kept in a second histogram of the same layout. A mean whose sum
 * leaves the finite numbers continues as an incremental mean.
 */
public final class HistSum {
  private final Annotations annotations;
  private final PosRange position;
  private final boolean average;
  private final Hist.Findings findings = new Hist.Findings();
  private Hist sum = Hist.EMPTY;
  private Hist low = Hist.EMPTY;
  private int n;
  private boolean incremental;

  /** Whether the arrays of {@link #sum} and {@link #low} were made here and are not shared. */
  private boolean owned;

  private boolean sawReset;
  private boolean sawNotReset;

  public HistSum(Annotations annotations, PosRange position, boolean average) {
    this.annotations = annotations;
    this.position = position;
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
  public boolean add(Hist h) {
    sawReset |= h.hint == ResetHint.RESET;
    sawNotReset |= h.hint == ResetHint.NOT_RESET;
    if (sawReset && sawNotReset) {
      annotations.conflictingResets("aggregation", position);
    }
    n++;
    if (n == 1) {
      sum = h;
      owned = false;
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
    findings.clear();
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
    if (findings.boundsReconciled) {
      annotations.boundsReconciled("aggregation", position);
    }
    return !findings.incompatible;
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
    Hist[] pair = sum.aligned(h, findings);
    if (pair.length == 0) {
      return;
    }
    Hist a = pair[0];
    Hist b = pair[1];
    Hist c = low.inLayoutOf(a);
    // a mean may need the sum before this one
    boolean ours = owned && !average && a == sum && c == low;
    Buckets[] positive = add(a.positive, b.positive, c.positive, ours);
    Buckets[] negative = add(a.negative, b.negative, c.negative, ours);
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
            a.mergeHints(b, findings));
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
    owned = true;
  }

  /**
   * Returns the sum of two sides and what it loses, {@code c} being what was lost before.
   *
   * @param ours whether {@code a} and {@code c} may be changed
   */
  private static Buckets[] add(Buckets a, Buckets b, Buckets c, boolean ours) {
    if (a.sameIndexes(b) && (c.size() == 0 || a.sameIndexes(c))) {
      return addSame(a, b, c, ours);
    }
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

  private static Buckets[] addSame(Buckets a, Buckets b, Buckets c, boolean ours) {
    boolean inPlace = ours && c.size() == a.size();
    int n = a.size();
    double[] total = inPlace ? a.count : new double[n];
    double[] lost = inPlace ? c.count : new double[n];
    if (c.size() == 0) {
      for (int i = 0; i < n; i++) {
        lost[i] = Kahan.compensation(a.count[i], b.count[i], 0);
        total[i] = a.count[i] + b.count[i];
      }
    } else {
      for (int i = 0; i < n; i++) {
        double x = a.count[i];
        double y = b.count[i];
        lost[i] = Kahan.compensation(x, y, c.count[i]);
        total[i] = x + y;
      }
    }
    return inPlace
        ? new Buckets[] {a, c}
        : new Buckets[] {new Buckets(a.index, total), new Buckets(a.index, lost)};
  }

  /** Returns the sum or mean of what has been added. */
  public Hist value() {
    if (n == 1) {
      return sum;
    }
    Hist s = sum;
    Hist l = low;
    if (average && !incremental) {
      s = sum.dividedBy(n);
      l = low.dividedBy(n);
    }
    findings.clear();
    ResetHint hint = s.hint;
    return s.plus(l, findings).withHint(hint);
  }
}
