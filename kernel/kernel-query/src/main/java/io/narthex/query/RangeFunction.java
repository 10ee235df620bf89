package io.narthex.query;

import io.narthex.promql.PosRange;

/**
 * A function over the samples of a window that moves from step to step. One instance serves one
 * call in one query: {@link #begin} for each series, then {@link #apply} for its steps in order.
 */
abstract class RangeFunction {
  /** The part of a series inside the window (start, end]; reused for all steps. */
  static final class Window {
    Samples samples = new Samples(io.narthex.model.Labels.EMPTY, false);
    int floatLo;
    int floatHi;
    int histLo;
    int histHi;
    long start;
    long end;
    long rangeMs;
    long evalTime;
    int step;

    int floats() {
      return floatHi - floatLo;
    }

    int hists() {
      return histHi - histLo;
    }
  }

  /** Samples looked at between two looks at the clock. */
  private static final int CHECK_EVERY = 200_000;

  /** Where findings go; another one from block to block when threads share the series. */
  Annotations annotations;

  final PosRange place;
  Samples samples = new Samples(io.narthex.model.Labels.EMPTY, false);
  String metric = "";

  RangeFunction(Annotations annotations, PosRange place) {
    this.annotations = annotations;
    this.place = place;
  }

  /** Prepares for a series. */
  void begin(Samples s) {
    samples = s;
    metric = s.labels.metricName();
  }

  /** Returns the empty result for a series. */
  final StepSeries result(Samples s, Grid grid, boolean namesGoLater) {
    boolean drop = !keepsName();
    return drop && !namesGoLater
        ? new StepSeries(Evaluator.withoutName(s.labels), false, grid.size())
        : new StepSeries(s.labels, drop || s.dropName, grid.size());
  }

  /** Writes the value of a step, or nothing. The window holds at least one sample. */
  abstract void apply(Window w, StepSeries out);

  /**
   * Writes the values of all steps for a series of floats only.
   *
   * @param bounds the windows of all steps; the same object for series with the same times
   */
  void applyAll(Bounds bounds, StepSeries out) {
    Window w = bounds.window;
    w.samples = samples;
    w.histLo = 0;
    w.histHi = 0;
    int work = 0;
    for (int i = 0; i < bounds.lo.length; i++) {
      int n = bounds.hi[i] - bounds.lo[i];
      if (n > 0) {
        work += n;
        if (work > CHECK_EVERY) {
          work = 0;
          bounds.context.checkNow();
        }
        bounds.move(i);
        apply(w, out);
      }
    }
  }

  /** The windows of all steps over one column of times. */
  static final class Bounds {
    final long[] times;
    final int count;
    final int[] lo;
    final int[] hi;
    final long[] ends;
    final Grid grid;
    final QueryContext context;
    final long rangeMs;
    final Window window = new Window();
    long samples;
    long largest;

    Bounds(
        Samples s,
        Grid grid,
        QueryContext context,
        long rangeMs,
        long[] ends,
        long before,
        long after) {
      this.times = s.floatTimes;
      this.count = s.floatCount;
      this.grid = grid;
      this.context = context;
      this.rangeMs = rangeMs;
      this.ends = ends;
      this.lo = new int[grid.size()];
      this.hi = new int[grid.size()];
      window.rangeMs = rangeMs;
      int l = 0;
      int h = 0;
      for (int i = 0; i < lo.length; i++) {
        long to = ends[i] + after;
        long from = ends[i] - rangeMs - before;
        while (h < count && times[h] <= to) {
          h++;
        }
        while (l < h && times[l] <= from) {
          l++;
        }
        lo[i] = l;
        hi[i] = h;
        samples += h - l;
        largest = Math.max(largest, h - l);
      }
    }

    boolean fits(Samples s) {
      return s.floatTimes == times && s.floatCount == count;
    }

    /** Moves the window to a step. */
    void move(int i) {
      window.step = i;
      window.evalTime = grid.time(i);
      window.end = ends[i];
      window.start = ends[i] - rangeMs;
      window.floatLo = lo[i];
      window.floatHi = hi[i];
    }
  }

  /** Tells whether the metric name stays. */
  boolean keepsName() {
    return false;
  }

  /** Reports histograms beside floats; returns false when there are no floats. */
  final boolean floatsOnly(Window w) {
    if (w.floats() == 0) {
      return false;
    }
    if (w.hists() > 0) {
      annotations.histogramsIgnoredInMixedRange(metric, place);
    }
    return true;
  }
}
