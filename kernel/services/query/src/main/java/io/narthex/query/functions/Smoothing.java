package io.narthex.query.functions;

import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.QueryContext;
import io.narthex.query.series.StepSeries;
import java.util.Locale;

/**
 * {@code double_exponential_smoothing}. Each value depends on the one before, so a window alone is
 * bound by the latency of five operations per sample; the windows of neighbouring steps overlap,
 * and four of them are calculated side by side, each in the order of operations of
 * funcDoubleExponentialSmoothing in promql/functions.go.
 */
final class Smoothing extends RangeFunction {
  private static final int LANES = 4;

  /** With fewer common samples the windows are calculated one by one. */
  private static final int MIN_COMMON = 16;

  private static final int CHECK_EVERY = 200_000;

  private final double[] smoothing;
  private final double[] trend;

  /** The state of one window: the last two values and the trend. */
  private static final class Lane {
    double factor;
    double trendFactor;
    double before;
    double last;
    double trend;

    void begin(double[] v, int lo) {
      before = 0;
      last = v[lo];
      trend = v[lo + 1] - v[lo];
      double x = factor * v[lo + 1];
      double y = (1 - factor) * (last + trend);
      before = last;
      last = x + y;
    }

    void add(double[] v, int from, int to) {
      double s0 = before;
      double s1 = last;
      double b = trend;
      double sf = factor;
      double tf = trendFactor;
      for (int i = from; i < to; i++) {
        double x = sf * v[i];
        b = tf * (s1 - s0) + (1 - tf) * b;
        double y = (1 - sf) * (s1 + b);
        s0 = s1;
        s1 = x + y;
      }
      before = s0;
      last = s1;
      trend = b;
    }
  }

  private final Lane[] lanes = new Lane[LANES];

  Smoothing(Annotations annotations, PosRange position, double[] smoothing, double[] trend) {
    super(annotations, position);
    this.smoothing = smoothing;
    this.trend = trend;
    for (int i = 0; i < LANES; i++) {
      lanes[i] = new Lane();
    }
  }

  private void factors(Lane lane, int step) {
    double sf = smoothing[step];
    double tf = trend[step];
    if (!(sf > 0 && sf < 1)) {
      throw QueryContext.failed(
          String.format(
              Locale.ROOT, "invalid smoothing factor. Expected: 0 < sf < 1, got: %f", sf));
    }
    if (!(tf > 0 && tf < 1)) {
      throw QueryContext.failed(
          String.format(Locale.ROOT, "invalid trend factor. Expected: 0 < tf < 1, got: %f", tf));
    }
    lane.factor = sf;
    lane.trendFactor = tf;
  }

  @Override
  public void apply(Window w, StepSeries out) {
    Lane lane = lanes[0];
    factors(lane, w.step);
    if (w.floats() < 2) {
      if (w.floats() == 1 && w.hists() > 0) {
        annotations.histogramsIgnoredInMixedRange(metric, position);
      }
      return;
    }
    boolean unused = floatsOnly(w);
    lane.begin(samples.floats, w.floatLo);
    lane.add(samples.floats, w.floatLo + 2, w.floatHi);
    out.set(w.step, lane.last);
  }

  @Override
  public void applyAll(Bounds bounds, StepSeries out) {
    int steps = bounds.lo.length;
    int work = 0;
    int i = 0;
    while (i < steps) {
      int common = 0;
      if (i + LANES <= steps) {
        // bounds only rise, so the first window ends first and the last one begins last
        common = bounds.hi[i] - bounds.lo[i + LANES - 1] - 2;
      }
      if (common >= MIN_COMMON) {
        together(bounds, i, out);
        work += LANES * common;
        i += LANES;
      } else {
        if (bounds.hi[i] > bounds.lo[i]) {
          bounds.move(i);
          bounds.window.samples = samples;
          bounds.window.histLo = 0;
          bounds.window.histHi = 0;
          apply(bounds.window, out);
          work += bounds.hi[i] - bounds.lo[i];
        }
        i++;
      }
      if (work > CHECK_EVERY) {
        work = 0;
        bounds.context.checkNow();
      }
    }
  }

  /** Calculates the windows of {@link #LANES} steps from {@code step} on. */
  private void together(Bounds bounds, int step, StepSeries out) {
    double[] v = samples.floats;
    int from = bounds.lo[step + LANES - 1] + 2;
    int to = bounds.hi[step];
    for (int k = 0; k < LANES; k++) {
      Lane lane = lanes[k];
      factors(lane, step + k);
      lane.begin(v, bounds.lo[step + k]);
      lane.add(v, bounds.lo[step + k] + 2, from);
    }
    common(v, from, to, lanes[0], lanes[1], lanes[2], lanes[3]);
    for (int k = 0; k < LANES; k++) {
      lanes[k].add(v, to, bounds.hi[step + k]);
      out.set(step + k, lanes[k].last);
    }
  }

  /** Adds the same samples to four windows; a processor overlaps what does not depend. */
  private static void common(double[] v, int from, int to, Lane p, Lane q, Lane r, Lane s) {
    double p0 = p.before;
    double p1 = p.last;
    double pb = p.trend;
    double q0 = q.before;
    double q1 = q.last;
    double qb = q.trend;
    double r0 = r.before;
    double r1 = r.last;
    double rb = r.trend;
    double s0 = s.before;
    double s1 = s.last;
    double sb = s.trend;
    double pf = p.factor;
    double qf = q.factor;
    double rf = r.factor;
    double sf = s.factor;
    double pt = p.trendFactor;
    double qt = q.trendFactor;
    double rt = r.trendFactor;
    double st = s.trendFactor;
    for (int i = from; i < to; i++) {
      double x = v[i];
      pb = pt * (p1 - p0) + (1 - pt) * pb;
      qb = qt * (q1 - q0) + (1 - qt) * qb;
      rb = rt * (r1 - r0) + (1 - rt) * rb;
      sb = st * (s1 - s0) + (1 - st) * sb;
      p0 = p1;
      q0 = q1;
      r0 = r1;
      s0 = s1;
      p1 = pf * x + (1 - pf) * (p1 + pb);
      q1 = qf * x + (1 - qf) * (q1 + qb);
      r1 = rf * x + (1 - rf) * (r1 + rb);
      s1 = sf * x + (1 - sf) * (s1 + sb);
    }
    p.before = p0;
    p.last = p1;
    p.trend = pb;
    q.before = q0;
    q.last = q1;
    q.trend = qb;
    r.before = r0;
    r.last = r1;
    r.trend = rb;
    s.before = s0;
    s.last = s1;
    s.trend = sb;
  }
}
