package io.narthex.query.functions;

import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.histogram.Hist;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * {@code rate}, {@code increase} and {@code delta}.
 *
 * <p>Extrapolates as extrapolatedRate in promql/functions.go of Prometheus, operation by operation.
 * Counter resets are found once per series; a step then costs the difference of two samples and the
 * resets inside its window, of which there are usually none.
 */
final class RateFunction extends RangeFunction {
  private static final byte UNKNOWN = 0;
  private static final byte RESET = 1;
  private static final byte NO_RESET = 2;

  private final boolean counter;
  private final boolean perSecond;
  private final boolean useStarts;
  private final boolean typeLabels;
  private final Hist.Findings findings = new Hist.Findings();

  /** Indexes of floats before which the counter was reset. */
  private int[] resets = new int[8];

  private int resetCount;
  private int resetLo;
  private boolean overlap;
  private int[] overlaps = new int[0];
  private boolean named;

  /** Whether each histogram is a reset, if known: windows overlap and ask for the same pairs. */
  private byte[] histResets = new byte[0];

  RateFunction(
      Annotations annotations,
      PosRange position,
      boolean counter,
      boolean perSecond,
      EngineOptions options) {
    super(annotations, position);
    this.counter = counter;
    this.perSecond = perSecond;
    this.useStarts = counter && options.useStartTimestamps();
    this.typeLabels = options.typeAndUnitLabels();
  }

  @Override
  public void begin(Samples s) {
    super.begin(s);
    resetCount = 0;
    resetLo = 0;
    overlap = false;
    named = false;
    if (!counter) {
      return;
    }
    if (histResets.length < s.histCount) {
      histResets = new byte[s.histCount];
    } else {
      Arrays.fill(histResets, UNKNOWN);
    }
    boolean starts = useStarts && s.floatStarts.length > 0;
    int overlapCount = 0;
    for (int i = 1; i < s.floatCount; i++) {
      boolean reset = s.floats[i] < s.floats[i - 1];
      if (starts) {
        reset |= startReset(s.floatTimes, s.floatStarts, i);
        if (overlaps(s.floatTimes, s.floatStarts, i)) {
          if (overlapCount == overlaps.length) {
            overlaps = Arrays.copyOf(overlaps, Math.max(8, overlapCount * 2));
          }
          overlaps[overlapCount++] = i;
          overlap = true;
        }
      }
      if (reset) {
        if (resetCount == resets.length) {
          resets = Arrays.copyOf(resets, resetCount * 2);
        }
        resets[resetCount++] = i;
      }
    }
    if (overlap) {
      Arrays.fill(overlaps, overlapCount, overlaps.length, Integer.MAX_VALUE);
    }
  }

  /** Returns whether the start timestamp of sample {@code i} says that the counter was reset. */
  static boolean startReset(long[] times, long[] starts, int i) {
    long start = starts[i];
    if (start == 0) {
      return false;
    }
    long before = times[i - 1];
    if (start == before) {
      // the next delta, unless the one before has no start of its own
      return starts[i - 1] != 0 && starts[i - 1] < before;
    }
    return start > before && start < times[i];
  }

  static boolean overlaps(long[] times, long[] starts, int i) {
    long start = starts[i];
    return start != 0 && start < times[i - 1] && start != starts[i - 1];
  }

  @Override
  public void apply(Window w, StepSeries out) {
    int floats = w.floats();
    int hists = w.hists();
    if (floats > 0 && hists > 0) {
      annotations.mixedFloatsHistograms(metric, position);
      return;
    }
    if (floats > 0) {
      floats(w, out);
    } else {
      hists(w, out);
    }
  }

  /** What the times alone decide, per step: shared by all series with the same times. */
  static final class Shape {
    final Bounds bounds;
    int version;
    final double[] sampled;
    final double[] toStart;
    final double[] toEnd;
    final double[] factor;

    Shape(Bounds b) {
      bounds = b;
      int n = b.lo.length;
      sampled = new double[n];
      toStart = new double[n];
      toEnd = new double[n];
      factor = new double[n];
    }

    /** Recalculates when the bounds have moved; steps of fewer than two samples are not used. */
    void follow(boolean perSecond) {
      Bounds b = bounds;
      if (version == b.version) {
        return;
      }
      version = b.version;
      for (int i = 0; i < b.lo.length; i++) {
        int lo = b.lo[i];
        int hi = b.hi[i] - 1;
        if (hi <= lo) {
          continue;
        }
        double interval = (b.times[hi] - b.times[lo]) / 1000.0;
        double average = interval / (hi - lo);
        double threshold = average * 1.1;
        double start = (b.times[lo] - (b.ends[i] - b.rangeMs)) / 1000.0;
        double end = (b.ends[i] - b.times[hi]) / 1000.0;
        sampled[i] = interval;
        toStart[i] = start >= threshold ? average / 2 : start;
        toEnd[i] = end >= threshold ? average / 2 : end;
        factor[i] = factor(i, toStart[i], perSecond);
      }
    }

    double factor(int i, double start, boolean perSecond) {
      double f = (sampled[i] + start + toEnd[i]) / sampled[i];
      return perSecond ? f / (bounds.rangeMs / 1000.0) : f;
    }
  }

  @Override
  public void applyAll(Bounds b, StepSeries out) {
    if (useStarts && samples.floatStarts.length > 0) {
      super.applyAll(b, out);
      return;
    }
    if (counter && b.largest > 0) {
      checkName();
    }
    Shape s = b.shape;
    if (s == null) {
      s = new Shape(b);
      b.shape = s;
    }
    s.follow(perSecond);
    double[] v = samples.floats;
    double[] values = out.floats;
    byte[] kinds = out.kinds;
    for (int i = 0; i < b.lo.length; i++) {
      int lo = b.lo[i];
      int hi = b.hi[i] - 1;
      if (hi <= lo) {
        continue;
      }
      double first = v[lo];
      double result = v[hi] - first;
      double factor = s.factor[i];
      if (counter) {
        if (resetCount > 0) {
          while (resetLo < resetCount && resets[resetLo] <= lo) {
            resetLo++;
          }
          for (int r = resetLo; r < resetCount && resets[r] <= hi; r++) {
            result += v[resets[r] - 1];
          }
        }
        if (result > 0 && first >= 0) {
          double toZero = s.sampled[i] * (first / result);
          if (toZero < s.toStart[i]) {
            factor = s.factor(i, toZero, perSecond);
          }
        }
      }
      kinds[i] = StepSeries.FLOAT;
      values[i] = result * factor;
    }
  }

  private void floats(Window w, StepSeries out) {
    Samples s = samples;
    if (counter && !named) {
      named = true;
      checkName();
    }
    int lo = w.floatLo;
    int hi = w.floatHi - 1;
    long firstT = s.floatTimes[lo];
    long lastT = s.floatTimes[hi];
    long startT = 0;
    boolean fromStart = false;
    if (useStarts && s.floatStarts.length > 0) {
      startT = s.floatStarts[lo];
      fromStart = startT > w.start && startT < firstT;
      if (overlap) {
        reportOverlap(lo, hi);
      }
    }
    if (lo == hi && !fromStart) {
      return;
    }
    double first = s.floats[lo];
    double result = s.floats[hi] - first;
    if (counter) {
      while (resetLo < resetCount && resets[resetLo] <= lo) {
        resetLo++;
      }
      for (int r = resetLo; r < resetCount && resets[r] <= hi; r++) {
        result += s.floats[resets[r] - 1];
      }
    }
    if (fromStart) {
      result += first;
    }
    double zero = counter && result > 0 && first >= 0 ? first / result : Double.NaN;
    out.set(w.step, result * factor(w, firstT, lastT, hi - lo, fromStart ? startT : -1, zero));
  }

  private void reportOverlap(int lo, int hi) {
    int at = Arrays.binarySearch(overlaps, lo + 1);
    at = at < 0 ? -at - 1 : at;
    if (at < overlaps.length && overlaps[at] <= hi) {
      annotations.startTimeOverlap(metric, position);
    }
  }

  private void checkName() {
    if (metric.isEmpty()) {
      return;
    }
    if (typeLabels) {
      String type = samples.labels.get("__type__");
      if (!type.equals("counter") && !type.equals("histogram")) {
        annotations.possibleNonCounterType(metric, type, position);
      }
      return;
    }
    if (!metric.endsWith("_total")
        && !metric.endsWith("_sum")
        && !metric.endsWith("_count")
        && !metric.endsWith("_bucket")) {
      annotations.possibleNonCounter(metric, position);
    }
  }

  /**
   * Returns what the difference has to be multiplied by.
   *
   * @param intervals samples in the window less one
   * @param startT a start time inside the window from which the counter rose from zero, or -1
   * @param zero share of the sampled interval after which the line, going back, meets zero
   */
  private double factor(
      Window w, long firstT, long lastT, int intervals, long startT, double zero) {
    double sampled = (lastT - firstT) / 1000.0;
    double average = intervals > 0 ? sampled / intervals : 0;
    double threshold = average * 1.1;
    double toEnd = (w.end - lastT) / 1000.0;
    double toStart;
    if (startT >= 0) {
      toStart = 0;
      sampled = (lastT - startT) / 1000.0;
    } else {
      toStart = (firstT - w.start) / 1000.0;
      if (toStart >= threshold) {
        toStart = average / 2;
      }
      double toZero = sampled * zero;
      if (toZero < toStart) {
        toStart = toZero;
      }
    }
    if (toEnd >= threshold) {
      toEnd = average / 2;
    }
    double factor = (sampled + toStart + toEnd) / sampled;
    return perSecond ? factor / (w.rangeMs / 1000.0) : factor;
  }

  /* histograms */

  private void hists(Window w, StepSeries out) {
    Samples s = samples;
    int lo = w.histLo;
    int hi = w.histHi - 1;
    boolean starts = useStarts && s.histStarts.length > 0;
    long firstT = s.histTimes[lo];
    boolean fromStart = false;
    if (starts) {
      fromStart = s.histStarts[lo] > w.start && s.histStarts[lo] < firstT;
      for (int i = lo + 1; i <= hi; i++) {
        if (overlaps(s.histTimes, s.histStarts, i)) {
          annotations.startTimeOverlap(metric, position);
        }
      }
    }
    if (lo == hi && !fromStart) {
      return;
    }
    Hist result = difference(lo, hi, starts);
    if (result == null) {
      return;
    }
    if (fromStart) {
      findings.clear();
      result = result.plus(s.hists[lo], findings);
      if (findings.boundsReconciled) {
        annotations.boundsReconciled("addition", position);
      }
    }
    double first = s.hists[lo].count;
    double zero = counter && result.count > 0 && first >= 0 ? first / result.count : Double.NaN;
    double factor =
        factor(w, firstT, s.histTimes[hi], hi - lo, fromStart ? s.histStarts[lo] : -1, zero);
    out.set(w.step, result.times(factor).withHint(ResetHint.GAUGE).compact());
  }

  private @Nullable Hist difference(int lo, int hi, boolean starts) {
    Hist[] h = samples.hists;
    Hist prev = h[lo];
    Hist last = h[hi];
    if (counter) {
      for (int i = lo; i <= hi; i++) {
        if (h[i].hint == ResetHint.GAUGE) {
          annotations.notCounter(metric, position);
        }
      }
      if (hi > lo && (isReset(lo + 1) || startReset(starts, lo + 1))) {
        // what was before a reset between the first two need not fit the rest
        Hist second = h[lo + 1];
        Hist none = Hist.EMPTY;
        prev =
            new Hist(
                second.schema,
                0,
                0,
                0,
                0,
                none.positive,
                none.negative,
                second.bounds,
                second.hint);
      }
    }
    if (last.isCustom() != prev.isCustom()) {
      annotations.mixedExponentialCustom(metric, position);
      return null;
    }
    int minSchema = Math.min(prev.schema, last.schema);
    if (counter) {
      for (int i = lo + 1; i < hi; i++) {
        if (h[i].isCustom() != prev.isCustom()) {
          annotations.mixedExponentialCustom(metric, position);
          return null;
        }
        minSchema = Math.min(minSchema, h[i].schema);
      }
    }
    Hist result = last.toSchema(minSchema);
    findings.clear();
    result = result.minus(prev, findings);
    if (findings.boundsReconciled) {
      annotations.boundsReconciled("subtraction", position);
    }
    if (counter) {
      for (int i = lo + 1; i <= hi; i++) {
        boolean reset = prev == h[i - 1] ? isReset(i) : h[i].isResetSince(prev);
        if (reset || startReset(starts, i)) {
          findings.clear();
          result = result.plus(prev, findings);
          if (findings.boundsReconciled) {
            annotations.boundsReconciled("addition", position);
          }
        }
        prev = h[i];
      }
    } else if (h[lo].hint != ResetHint.GAUGE || h[hi].hint != ResetHint.GAUGE) {
      annotations.notGauge(metric, position);
    }
    return result;
  }

  /** Returns whether a histogram was reset since the one before it. */
  private boolean isReset(int i) {
    if (histResets[i] == UNKNOWN) {
      Hist[] h = samples.hists;
      histResets[i] = h[i].isResetSince(h[i - 1]) ? RESET : NO_RESET;
    }
    return histResets[i] == RESET;
  }

  private boolean startReset(boolean starts, int i) {
    return starts && startReset(samples.histTimes, samples.histStarts, i);
  }
}
