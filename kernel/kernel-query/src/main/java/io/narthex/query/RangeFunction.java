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

  final Annotations annotations;
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

  /** Writes the value of a step, or nothing. The window holds at least one sample. */
  abstract void apply(Window w, StepSeries out);

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
