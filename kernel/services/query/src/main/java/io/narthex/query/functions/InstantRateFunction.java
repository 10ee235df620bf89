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
  private final Hist.Findings findings = new Hist.Findings();

  InstantRateFunction(
      Annotations annotations, PosRange position, boolean rate, EngineOptions options) {
    super(annotations, position);
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
      annotations.mixedFloatsHistograms(metric, position);
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
        annotations.startTimeOverlap(metric, position);
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
      annotations.notCounter(metric, position);
    }
    if (!rate && !bothGauge) {
      annotations.notGauge(metric, position);
    }
    boolean starts = useStarts && s.histStarts.length > 0;
    Hist result = b;
    if (!rate
        || !(b.isResetSince(a)
            || (starts && RateFunction.startReset(s.histTimes, s.histStarts, last)))) {
      findings.clear();
      result = b.minus(a, findings);
      if (findings.incompatible) {
        annotations.mixedExponentialCustom(metric, position);
        return;
      }
      if (findings.boundsReconciled) {
        annotations.boundsReconciled("subtraction", position);
      }
    }
    result = result.withHint(ResetHint.GAUGE).compact();
    out.set(w.step, rate ? result.dividedBy(interval / 1000.0) : result);
  }
}
