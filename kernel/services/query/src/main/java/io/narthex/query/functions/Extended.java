package io.narthex.query.functions;

import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.model.StaleMarker;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.QueryContext;
import io.narthex.query.histogram.Hist;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import org.jspecify.annotations.Nullable;

/**
 * {@code anchored} and {@code smoothed}: windows whose borders are given a value. An anchored
 * window begins with the last sample at or before its start; a smoothed one has both borders
 * interpolated between the samples around them. A counter that was reset between two samples is
 * taken to have risen from zero.
 */
public final class Extended {
  private Extended() {}

  /** Writes the interpolated values of an instant selector; returns whether there are any. */
  public static boolean instant(
      Samples s,
      StepSeries out,
      Grid grid,
      long offset,
      long fixed,
      QueryContext context,
      PosRange position) {
    boolean any = false;
    Hist.Findings findings = new Hist.Findings();
    String metric = s.labels.metricName();
    for (int i = 0; i < grid.size(); i++) {
      long t = fixed == Long.MIN_VALUE ? grid.time(i) - offset : fixed;
      long oldest = t - context.lookbackMs;
      long newest = t + context.lookbackMs;
      int f = Samples.firstAfter(s.floatTimes, s.floatCount, t);
      int h = Samples.firstAfter(s.histTimes, s.histCount, t);
      boolean floats =
          Samples.firstAfter(s.floatTimes, s.floatCount, newest)
              > Samples.firstAfter(s.floatTimes, s.floatCount, oldest);
      boolean hists =
          Samples.firstAfter(s.histTimes, s.histCount, newest)
              > Samples.firstAfter(s.histTimes, s.histCount, oldest);
      if (floats && hists) {
        context.annotations.mixedFloatsHistograms(metric, position);
        continue;
      }
      int at = floats ? f - 1 : h - 1;
      long[] times = floats ? s.floatTimes : s.histTimes;
      int count = floats ? s.floatCount : s.histCount;
      if (at < 0 || times[at] <= oldest) {
        continue;
      }
      boolean next = times[at] < t && at + 1 < count && times[at + 1] <= newest;
      if (floats) {
        if (StaleMarker.is(s.floats[at])) {
          continue;
        }
        double v = s.floats[at];
        if (next && !StaleMarker.is(s.floats[at + 1])) {
          v = line(v, s.floats[at + 1], times[at], times[at + 1], t, false);
        }
        out.set(i, v);
      } else {
        if (StaleMarker.is(s.hists[at].sum)) {
          continue;
        }
        Hist v = s.hists[at];
        if (next && !StaleMarker.is(s.hists[at + 1].sum)) {
          boolean counter = v.hint != ResetHint.GAUGE;
          v = line(v, s.hists[at + 1], times[at], times[at + 1], t, counter, findings);
          if (v == null) {
            context.annotations.mixedExponentialCustom(metric, position);
            continue;
          }
        }
        out.set(i, v);
      }
      any = true;
    }
    return any;
  }

  private static double line(double y1, double y2, long t1, long t2, long t, boolean counter) {
    double from = counter && y2 < y1 ? 0 : y1;
    return from + (y2 - from) * (t - t1) / (t2 - t1);
  }

  private static @Nullable Hist line(
      Hist y1, Hist y2, long t1, long t2, long t, boolean counter, Hist.Findings findings) {
    if (y1.isCustom() != y2.isCustom()) {
      return null;
    }
    double share = (double) (t - t1) / (t2 - t1);
    if (counter && y2.isResetSince(y1)) {
      return y2.times(share).withHint(ResetHint.RESET);
    }
    Hist rise = y2.minus(y1, findings);
    Hist between = y1.plus(rise.times(share), findings);
    return counter ? between.withHint(ResetHint.NOT_RESET) : between;
  }

  /** {@code rate}, {@code increase} and {@code delta} over an extended window. */
  static final class Rate extends RangeFunction {
    private final RangeMode mode;
    private final boolean counter;
    private final boolean perSecond;
    private final Hist.Findings findings = new Hist.Findings();

    Rate(
        Annotations annotations,
        PosRange position,
        RangeMode mode,
        boolean counter,
        boolean perSecond) {
      super(annotations, position);
      this.mode = mode;
      this.counter = counter;
      this.perSecond = perSecond;
    }

    @Override
    public void apply(Window w, StepSeries out) {
      boolean smoothed = mode == RangeMode.SMOOTHED;
      int floats = used(samples.floatTimes, w.floatLo, w.floatHi, w, smoothed);
      int hists = used(samples.histTimes, w.histLo, w.histHi, w, smoothed);
      if (floats > 0 && hists > 0) {
        annotations.mixedFloatsHistograms(metric, position);
      } else if (floats > 0) {
        floats(w, out, smoothed);
      } else if (hists > 0) {
        hists(w, out, smoothed);
      }
    }

    private static int used(long[] t, int lo, int hi, Window w, boolean smoothed) {
      if (lo == hi) {
        return 0;
      }
      int first = firstUsed(t, lo, hi, w.start);
      int last = smoothed ? lastUsed(t, lo, hi, w.end) : hi - 1;
      boolean onlyAfter = smoothed && t[first] > w.end;
      return t[last] <= w.start || onlyAfter ? 0 : last - first + 1;
    }

    /** Returns the last sample at or before the start of the window, else the first. */
    static int firstUsed(long[] t, int lo, int hi, long start) {
      int i = lo;
      while (i + 1 < hi && t[i + 1] <= start) {
        i++;
      }
      return i;
    }

    /** Returns the first sample at or after the end of the window, else the last. */
    private static int lastUsed(long[] t, int lo, int hi, long end) {
      int i = lo;
      while (i < hi - 1 && t[i] < end) {
        i++;
      }
      return i;
    }

    private void floats(Window w, StepSeries out, boolean smoothed) {
      long[] t = samples.floatTimes;
      double[] v = samples.floats;
      int first = firstUsed(t, w.floatLo, w.floatHi, w.start);
      int last = smoothed ? lastUsed(t, w.floatLo, w.floatHi, w.end) : w.floatHi - 1;
      double left = v[first];
      if (smoothed && t[first] < w.start && first < last) {
        left = line(v[first], v[first + 1], t[first], t[first + 1], w.start, counter);
      }
      double right = v[last];
      if (smoothed && last > first && t[last] > w.end) {
        right = line(v[last - 1], v[last], t[last - 1], t[last], w.end, counter);
      }
      double result = right - left;
      if (counter) {
        int from = t[first] <= w.start ? first + 1 : first;
        int to = t[last] >= w.end ? last - 1 : last;
        double prev = left;
        for (int i = from; i <= to; i++) {
          if (v[i] < prev) {
            result += prev;
          }
          prev = v[i];
        }
        if (right < prev) {
          result += prev;
        }
      }
      out.set(w.step, perSecond ? result / (w.rangeMs / 1000.0) : result);
    }

    private void hists(Window w, StepSeries out, boolean smoothed) {
      long[] t = samples.histTimes;
      Hist[] v = samples.hists;
      int first = firstUsed(t, w.histLo, w.histHi, w.start);
      int last = smoothed ? lastUsed(t, w.histLo, w.histHi, w.end) : w.histHi - 1;
      findings.clear();
      for (int i = first; i <= last; i++) {
        boolean gauge = v[i].hint == ResetHint.GAUGE;
        if (counter && gauge) {
          annotations.notCounter(metric, position);
        }
        if (v[i].isCustom() != v[first].isCustom()) {
          annotations.mixedExponentialCustom(metric, position);
          return;
        }
      }
      if (!counter && (v[first].hint != ResetHint.GAUGE || v[last].hint != ResetHint.GAUGE)) {
        annotations.notGauge(metric, position);
      }
      Hist left = v[first];
      if (smoothed && t[first] < w.start && first < last) {
        left = line(v[first], v[first + 1], t[first], t[first + 1], w.start, counter, findings);
      }
      Hist right = v[last];
      if (smoothed && last > first && t[last] > w.end) {
        right = line(v[last - 1], v[last], t[last - 1], t[last], w.end, counter, findings);
      }
      if (left == null || right == null) {
        annotations.mixedExponentialCustom(metric, position);
        return;
      }
      if (findings.boundsReconciled) {
        annotations.boundsReconciled("subtraction", position);
        findings.boundsReconciled = false;
      }
      Hist result = right.minus(left, findings);
      if (findings.boundsReconciled) {
        annotations.boundsReconciled("subtraction", position);
        findings.boundsReconciled = false;
      }
      if (counter) {
        result = corrected(result, first, last, left, right);
        if (findings.boundsReconciled) {
          annotations.boundsReconciled("addition", position);
        }
      }
      if (perSecond) {
        result = result.dividedBy(w.rangeMs / 1000.0);
      }
      out.set(w.step, result.withHint(ResetHint.GAUGE).compact());
    }

    /**
     * Adds the value before each reset. Interpolation has already accounted for resets between the
     * samples around a border.
     */
    private Hist corrected(Hist start, int first, int last, Hist left, Hist right) {
      Hist[] v = samples.hists;
      Hist result = start;
      boolean leftBetween = left != v[first];
      boolean rightBetween = right != v[last];
      if (leftBetween && rightBetween && last == first + 1) {
        return result;
      }
      Hist prev = leftBetween ? v[first + 1] : left;
      int from = leftBetween ? first + 2 : first + 1;
      int to = rightBetween ? last - 1 : last;
      for (int i = from; i <= to; i++) {
        if (v[i].isResetSince(prev)) {
          result = result.plus(prev, findings);
        }
        prev = v[i];
      }
      return rightBetween && right.isResetSince(prev) ? result.plus(prev, findings) : result;
    }
  }

  /** {@code changes} and {@code resets} over an anchored window. */
  static final class Transitions extends RangeFunction {
    private final RangeFunction inner;
    private final Window shifted = new Window();

    Transitions(Annotations annotations, PosRange position, RangeFunction inner) {
      super(annotations, position);
      this.inner = inner;
    }

    @Override
    public void begin(Samples s) {
      super.begin(s);
      inner.begin(s);
    }

    @Override
    public void apply(Window w, StepSeries out) {
      shifted.step = w.step;
      shifted.floatHi = w.floatHi;
      shifted.histHi = w.histHi;
      shifted.floatLo = Rate.firstUsed(samples.floatTimes, w.floatLo, w.floatHi, w.start);
      shifted.histLo = Rate.firstUsed(samples.histTimes, w.histLo, w.histHi, w.start);
      if (w.floats() > 0 && w.hists() > 0) {
        // only the later of the two samples before the window stands at its start
        long ft = samples.floatTimes[shifted.floatLo];
        long ht = samples.histTimes[shifted.histLo];
        if (ft <= w.start && ht <= w.start) {
          if (ft < ht) {
            shifted.floatLo++;
          } else {
            shifted.histLo++;
          }
        }
      }
      boolean inside =
          (w.floats() > 0 && samples.floatTimes[w.floatHi - 1] > w.start)
              || (w.hists() > 0 && samples.histTimes[w.histHi - 1] > w.start);
      if (inside) {
        inner.apply(shifted, out);
      }
    }
  }
}
