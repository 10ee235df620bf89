package io.narthex.query.functions;

import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.histogram.Hist;
import io.narthex.query.math.Kahan;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import java.util.Arrays;

/** The {@code *_over_time} functions and those like them. */
public final class OverTime {
  private OverTime() {}

  /** A function of floats only, with an annotation when there are histograms among them. */
  abstract static class OfFloats extends RangeFunction {
    OfFloats(Annotations annotations, PosRange position) {
      super(annotations, position);
    }

    @Override
    public final void apply(Window w, StepSeries out) {
      if (floatsOnly(w)) {
        out.set(w.step, value(samples.floats, w.floatLo, w.floatHi, w));
      }
    }

    abstract double value(double[] v, int lo, int hi, Window w);
  }

  /** {@code sum_over_time} and {@code avg_over_time}. */
  static final class Sum extends RangeFunction {
    private final boolean average;
    private final HistSum histSum;

    Sum(Annotations annotations, PosRange position, boolean average) {
      super(annotations, position);
      this.average = average;
      this.histSum = new HistSum(annotations, position, average);
    }

    /** Sums of all samples before each, of a series of whole numbers. */
    private long[] before = new long[0];

    /**
     * Takes differences of running sums where that is exact: all samples are whole numbers whose
     * sums stay below 2^53, so that compensation has nothing to compensate.
     */
    @Override
    public void applyAll(Bounds bounds, StepSeries out) {
      if (bounds.samples < 4L * bounds.count || !sumUp()) {
        super.applyAll(bounds, out);
        return;
      }
      for (int i = 0; i < bounds.lo.length; i++) {
        int n = bounds.hi[i] - bounds.lo[i];
        if (n > 0) {
          double sum = before[bounds.hi[i]] - before[bounds.lo[i]];
          out.set(i, average ? sum / n : sum);
        }
      }
    }

    private boolean sumUp() {
      final double limit = 0x1p53;
      int n = samples.floatCount;
      double[] v = samples.floats;
      if (before.length <= n) {
        before = new long[n + 1];
      }
      long sum = 0;
      double size = 0;
      for (int i = 0; i < n; i++) {
        size += Math.abs(v[i]);
        if (v[i] != Math.rint(v[i]) || !(size < limit) || isNegativeZero(v[i])) {
          return false;
        }
        sum += (long) v[i];
        before[i + 1] = sum;
      }
      return true;
    }

    private static boolean isNegativeZero(double v) {
      return v == 0 && Double.doubleToRawLongBits(v) != 0;
    }

    @Override
    public void apply(Window w, StepSeries out) {
      if (w.floats() > 0 && w.hists() > 0) {
        annotations.mixedFloatsHistograms(metric, position);
        return;
      }
      if (w.floats() > 0) {
        double[] v = samples.floats;
        out.set(w.step, average ? mean(v, w.floatLo, w.floatHi) : sum(v, w.floatLo, w.floatHi));
        return;
      }
      histSum.reset();
      for (int i = w.histLo; i < w.histHi; i++) {
        if (!histSum.add(samples.hists[i])) {
          annotations.mixedExponentialCustom(metric, position);
          return;
        }
      }
      out.set(w.step, histSum.value());
    }

    static double sum(double[] v, int lo, int hi) {
      double sum = 0;
      double c = 0;
      for (int i = lo; i < hi; i++) {
        double inc = v[i];
        double t = sum + inc;
        if (Double.isInfinite(t)) {
          c = 0;
        } else if (Math.abs(sum) >= Math.abs(inc)) {
          c += (sum - t) + inc;
        } else {
          c += (inc - t) + sum;
        }
        sum = t;
      }
      return Double.isInfinite(sum) ? sum : sum + c;
    }

    static double mean(double[] v, int lo, int hi) {
      double sum = v[lo];
      double c = 0;
      double n = 1;
      for (int i = lo + 1; i < hi; i++) {
        n = i - lo + 1;
        double t = sum + v[i];
        if (Double.isInfinite(t)) {
          return incrementalMean(v, i, hi, n, sum / (n - 1), c / (n - 1));
        }
        c = Kahan.compensation(sum, v[i], c);
        sum = t;
      }
      return sum / n + c / n;
    }

    private static double incrementalMean(
        double[] v, int from, int hi, double n0, double mean0, double c0) {
      double mean = mean0;
      double c = c0;
      double n = n0;
      for (int i = from; i < hi; i++, n++) {
        double q = (n - 1) / n;
        double inc = v[i] / n;
        double base = q * mean;
        c = Kahan.compensation(base, inc, q * c);
        mean = base + inc;
      }
      return Double.isInfinite(mean) ? mean : mean + c;
    }
  }

  /** {@code min_over_time} and {@code max_over_time}, with a queue of candidates. */
  static final class Extreme extends RangeFunction {
    private final boolean max;
    private final boolean time;

    /** Indexes whose values get worse, the best first. */
    private int[] queue = new int[16];

    private int head;
    private int tail;
    private int next;

    Extreme(Annotations annotations, PosRange position, boolean max, boolean time) {
      super(annotations, position);
      this.max = max;
      this.time = time;
    }

    @Override
    public void begin(Samples s) {
      super.begin(s);
      head = 0;
      tail = 0;
      next = 0;
    }

    @Override
    public void apply(Window w, StepSeries out) {
      if (!floatsOnly(w)) {
        return;
      }
      double[] v = samples.floats;
      if (w.floatLo > next || w.floatHi < next) {
        head = 0;
        tail = 0;
        next = w.floatLo;
      }
      for (; next < w.floatHi; next++) {
        while (tail > head && yields(v[queue[tail - 1]], v[next])) {
          tail--;
        }
        if (tail == queue.length) {
          push();
        }
        queue[tail++] = next;
      }
      while (queue[head] < w.floatLo) {
        head++;
      }
      int best = queue[head];
      out.set(w.step, time ? samples.floatTimes[best] / 1000.0 : v[best]);
    }

    private void push() {
      if (head > 0) {
        System.arraycopy(queue, head, queue, 0, tail - head);
        tail -= head;
        head = 0;
      }
      if (tail == queue.length) {
        queue = Arrays.copyOf(queue, tail * 2);
      }
    }

    /**
     * Returns whether an older value can no longer win once a newer one is there. NaN never wins.
     * Of equal values the first is the result, which matters for the sign of zero, but the time is
     * that of the last.
     */
    private boolean yields(double old, double now) {
      if (Double.isNaN(old)) {
        return true;
      }
      if (old == now) {
        return time || Double.doubleToRawLongBits(old) == Double.doubleToRawLongBits(now);
      }
      return max ? now > old : now < old;
    }
  }

  /** Count, presence. */
  static final class Count extends RangeFunction {
    private final boolean present;

    Count(Annotations annotations, PosRange position, boolean present) {
      super(annotations, position);
      this.present = present;
    }

    @Override
    public void apply(Window w, StepSeries out) {
      out.set(w.step, present ? 1 : w.floats() + w.hists());
    }
  }

  /** First and last sample, or their times. */
  static final class Edge extends RangeFunction {
    private final boolean last;
    private final boolean time;

    Edge(Annotations annotations, PosRange position, boolean last, boolean time) {
      super(annotations, position);
      this.last = last;
      this.time = time;
    }

    @Override
    public boolean keepsName() {
      return !time;
    }

    @Override
    public void apply(Window w, StepSeries out) {
      int f = last ? w.floatHi - 1 : w.floatLo;
      int h = last ? w.histHi - 1 : w.histLo;
      boolean useFloat = w.floats() > 0;
      if (useFloat && w.hists() > 0) {
        long ft = samples.floatTimes[f];
        long ht = samples.histTimes[h];
        useFloat = last ? ft > ht : ft < ht;
      }
      if (time) {
        out.set(w.step, (useFloat ? samples.floatTimes[f] : samples.histTimes[h]) / 1000.0);
      } else if (useFloat) {
        out.set(w.step, samples.floats[f]);
      } else {
        out.set(w.step, samples.hists[h]);
      }
    }
  }

  /** {@code changes} and {@code resets}. */
  static final class Transitions extends RangeFunction {
    private final boolean resets;
    private final boolean useStarts;

    /** How many transitions lead up to each float. */
    private int[] before = new int[0];

    Transitions(Annotations annotations, PosRange position, boolean resets, EngineOptions options) {
      super(annotations, position);
      this.resets = resets;
      this.useStarts = resets && options.useStartTimestamps();
    }

    @Override
    public void begin(Samples s) {
      super.begin(s);
      if (before.length < s.floatCount) {
        before = new int[Math.max(16, s.floatCount)];
      }
      for (int i = 1; i < s.floatCount; i++) {
        before[i] = before[i - 1] + (floatTransition(i) ? 1 : 0);
      }
    }

    private boolean floatTransition(int i) {
      double a = samples.floats[i - 1];
      double b = samples.floats[i];
      if (!resets) {
        return b != a && !(Double.isNaN(a) && Double.isNaN(b));
      }
      return b < a
          || (useStarts
              && samples.floatStarts.length > 0
              && RateFunction.startReset(samples.floatTimes, samples.floatStarts, i));
    }

    private boolean histTransition(int i) {
      Hist a = samples.hists[i - 1];
      Hist b = samples.hists[i];
      if (!resets) {
        return !b.sameAs(a);
      }
      return b.isResetSince(a)
          || (useStarts
              && samples.histStarts.length > 0
              && RateFunction.startReset(samples.histTimes, samples.histStarts, i));
    }

    @Override
    public void apply(Window w, StepSeries out) {
      if (w.hists() == 0) {
        out.set(w.step, before[w.floatHi - 1] - before[w.floatLo]);
        return;
      }
      int n = 0;
      int f = w.floatLo;
      int h = w.histLo;
      int lastKind = 0;
      while (f < w.floatHi || h < w.histHi) {
        boolean isFloat =
            h >= w.histHi || (f < w.floatHi && samples.floatTimes[f] < samples.histTimes[h]);
        if (isFloat) {
          n += lastKind == 2 || (lastKind == 1 && floatTransition(f)) ? 1 : 0;
          f++;
          lastKind = 1;
        } else {
          n += lastKind == 1 || (lastKind == 2 && histTransition(h)) ? 1 : 0;
          h++;
          lastKind = 2;
        }
      }
      out.set(w.step, n);
    }
  }

  /** {@code stddev_over_time} and {@code stdvar_over_time}: Welford with compensation. */
  static final class Deviation extends OfFloats {
    private final boolean root;

    Deviation(Annotations annotations, PosRange position, boolean root) {
      super(annotations, position);
      this.root = root;
    }

    @Override
    double value(double[] v, int lo, int hi, Window w) {
      double count = 0;
      double mean = 0;
      double cMean = 0;
      double aux = 0;
      double cAux = 0;
      for (int i = lo; i < hi; i++) {
        count++;
        double delta = v[i] - (mean + cMean);
        double inc = delta / count;
        cMean = Kahan.compensation(mean, inc, cMean);
        mean += inc;
        double inc2 = delta * (v[i] - (mean + cMean));
        cAux = Kahan.compensation(aux, inc2, cAux);
        aux += inc2;
      }
      double variance = (aux + cAux) / count;
      return root ? Math.sqrt(variance) : variance;
    }
  }

  /** {@code quantile_over_time}. */
  public static final class Quantile extends OfFloats {
    private final double[] q;
    private double[] scratch = new double[16];

    Quantile(Annotations annotations, PosRange position, double[] q) {
      super(annotations, position);
      this.q = q;
    }

    @Override
    double value(double[] v, int lo, int hi, Window w) {
      double quantile = q[w.step];
      if (Double.isNaN(quantile) || quantile < 0 || quantile > 1) {
        annotations.invalidQuantile(quantile, position);
      }
      if (scratch.length < hi - lo) {
        scratch = new double[(hi - lo) * 2];
      }
      System.arraycopy(v, lo, scratch, 0, hi - lo);
      return quantile(quantile, scratch, hi - lo);
    }

    /** Returns the quantile of the first {@code n} values, which get sorted, NaN first. */
    public static double quantile(double q, double[] values, int n) {
      if (n == 0 || Double.isNaN(q)) {
        return Double.NaN;
      }
      if (q < 0) {
        return Double.NEGATIVE_INFINITY;
      }
      if (q > 1) {
        return Double.POSITIVE_INFINITY;
      }
      sortNanFirst(values, n);
      double rank = q * (n - 1);
      int lower = (int) Math.max(0, Math.floor(rank));
      int upper = Math.min(n - 1, lower + 1);
      double weight = rank - Math.floor(rank);
      return values[lower] * (1 - weight) + values[upper] * weight;
    }

    static void sortNanFirst(double[] values, int n) {
      Arrays.sort(values, 0, n);
      int nans = 0;
      while (nans < n && Double.isNaN(values[n - 1 - nans])) {
        nans++;
      }
      if (nans > 0) {
        System.arraycopy(values, 0, values, nans, n - nans);
        Arrays.fill(values, 0, nans, Double.NaN);
      }
    }
  }

  /** {@code mad_over_time}. */
  static final class MedianDeviation extends OfFloats {
    private double[] scratch = new double[16];

    MedianDeviation(Annotations annotations, PosRange position) {
      super(annotations, position);
    }

    @Override
    double value(double[] v, int lo, int hi, Window w) {
      int n = hi - lo;
      if (scratch.length < n) {
        scratch = new double[n * 2];
      }
      System.arraycopy(v, lo, scratch, 0, n);
      for (int i = 0; i < n; i++) {
        if (Double.isNaN(scratch[i])) {
          return Double.NaN;
        }
      }
      double median = Quantile.quantile(0.5, scratch, n);
      for (int i = 0; i < n; i++) {
        scratch[i] = Math.abs(v[lo + i] - median);
      }
      return Quantile.quantile(0.5, scratch, n);
    }
  }

  /** {@code deriv} and {@code predict_linear}: least squares with compensated sums. */
  static final class Regression extends RangeFunction {
    private final double[] horizon;
    private final boolean predict;
    private double slope;
    private double intercept;

    Regression(Annotations annotations, PosRange position, boolean predict, double[] horizon) {
      super(annotations, position);
      this.predict = predict;
      this.horizon = horizon;
    }

    @Override
    public void apply(Window w, StepSeries out) {
      if (w.floats() < 2) {
        if (w.floats() == 1 && w.hists() > 0) {
          annotations.histogramsIgnoredInMixedRange(metric, position);
        }
        return;
      }
      floatsOnly(w);
      fit(w.floatLo, w.floatHi, predict ? w.evalTime : samples.floatTimes[w.floatLo]);
      out.set(w.step, predict ? slope * horizon[w.step] + intercept : slope);
    }

    private void fit(int lo, int hi, long origin) {
      double[] v = samples.floats;
      long[] t = samples.floatTimes;
      double n = 0;
      double sumX = 0;
      double cX = 0;
      double sumY = 0;
      double cY = 0;
      double sumXy = 0;
      double cXy = 0;
      double sumX2 = 0;
      double cX2 = 0;
      double firstY = v[lo];
      boolean constant = true;
      for (int i = lo; i < hi; i++) {
        double y = v[i];
        if (constant && i > lo && y != firstY) {
          constant = false;
        }
        n++;
        double x = (t[i] - origin) / 1e3;
        cX = Kahan.compensation(sumX, x, cX);
        sumX += x;
        cY = Kahan.compensation(sumY, y, cY);
        sumY += y;
        double xy = x * y;
        cXy = Kahan.compensation(sumXy, xy, cXy);
        sumXy += xy;
        double x2 = x * x;
        cX2 = Kahan.compensation(sumX2, x2, cX2);
        sumX2 += x2;
      }
      if (constant) {
        boolean infinite = Double.isInfinite(firstY);
        slope = infinite ? Double.NaN : 0;
        intercept = infinite ? Double.NaN : firstY;
        return;
      }
      sumX += cX;
      sumY += cY;
      sumXy += cXy;
      sumX2 += cX2;
      double covariance = sumXy - sumX * sumY / n;
      double variance = sumX2 - sumX * sumX / n;
      slope = covariance / variance;
      intercept = sumY / n - slope * sumX / n;
    }
  }
}
