package io.narthex.query.functions;

import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.histogram.Hist;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;

/** {@code irate} and {@code idelta}: the last two samples. */
final class InstantRateFunction extends RangeFunction {
  private final boolean rate;
  private final boolean useStarts;
  private final Hist.Notes notes = new Hist.Notes();

  InstantRateFunction(
      Annotations annotations, PosRange place, boolean rate, EngineOptions options) {
    super(annotations, place);
    this.rate = rate;
    this.useStarts = rate && options.useStartTimestamps();
  }

  @Override
  public void apply(Window w, StepSeries out) {
    Samples s = samples;
    int f = w.floatHi - 1;
    int h = w.histHi - 1;
    if (w.floats() + w.hists() < 2) {
      return;
    }
    boolean lastIsFloat = w.hists() == 0 || (w.floats() > 0 && s.floatTimes[f] > s.histTimes[h]);
    int f2 = lastIsFloat ? f - 1 : f;
    int h2 = lastIsFloat ? h : h - 1;
    boolean hasFloat = f2 >= w.floatLo;
    boolean hasHist = h2 >= w.histLo;
    boolean beforeIsFloat = hasFloat && (!hasHist || s.floatTimes[f2] > s.histTimes[h2]);
    if (lastIsFloat != beforeIsFloat) {
      annotations.mixedFloatsHistograms(metric, place);
      return;
    }
    if (lastIsFloat) {
      long interval = s.floatTimes[f] - s.floatTimes[f2];
      if (interval == 0) {
        return;
      }
      double v = s.floats[f];
      boolean starts = useStarts && s.floatStarts.length > 0;
      boolean reset =
          rate
              && (v < s.floats[f2]
                  || (starts && RateFunction.startReset(s.floatTimes, s.floatStarts, f)));
      if (!reset) {
        v -= s.floats[f2];
      }
      if (starts && RateFunction.overlaps(s.floatTimes, s.floatStarts, f)) {
        annotations.startTimeOverlap(metric, place);
      }
      out.set(w.step, rate ? v / (interval / 1000.0) : v);
    } else {
      hists(w, out, h, h2);
    }
  }

  private void hists(Window w, StepSeries out, int last, int before) {
    Samples s = samples;
    long interval = s.histTimes[last] - s.histTimes[before];
    if (interval == 0) {
      return;
    }
    Hist a = s.hists[before];
    Hist b = s.hists[last];
    boolean anyGauge = a.hint == ResetHint.GAUGE || b.hint == ResetHint.GAUGE;
    boolean bothGauge = a.hint == ResetHint.GAUGE && b.hint == ResetHint.GAUGE;
    if (rate && anyGauge) {
      annotations.notCounter(metric, place);
    }
    if (!rate && !bothGauge) {
      annotations.notGauge(metric, place);
    }
    boolean starts = useStarts && s.histStarts.length > 0;
    Hist result = b;
    if (!rate
        || !(b.isResetSince(a)
            || (starts && RateFunction.startReset(s.histTimes, s.histStarts, last)))) {
      notes.clear();
      result = b.minus(a, notes);
      if (notes.incompatible) {
        annotations.mixedExponentialCustom(metric, place);
        return;
      }
      if (notes.boundsReconciled) {
        annotations.boundsReconciled("subtraction", place);
      }
    }
    result = result.withHint(ResetHint.GAUGE).compact();
    out.set(w.step, rate ? result.dividedBy(interval / 1000.0) : result);
  }
}
