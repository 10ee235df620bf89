package io.narthex.query.eval;

import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.query.histogram.Hist;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import io.narthex.query.series.StepSeries;
import io.narthex.spi.storage.SampleTile;
import org.jspecify.annotations.Nullable;

/**
 * Turns the samples of an instant selector, as they come, into the values of its steps: each step
 * takes the newest sample at or before it, unless that is older than the lookback or a staleness
 * marker. Not thread-safe.
 */
final class StepFiller {
  private final long first; // time of step 0 with the offset taken off
  private final long stepMs;
  private final int size;
  private final long lookbackMs;
  private final SamplePart part;

  private @Nullable StepSeries out;
  private int next; // first step that is not decided
  private long nextTime;
  private boolean any;

  // the newest sample so far; it holds for the steps up to the next one
  private long time;
  private boolean present; // whether there is one and it is no staleness marker
  private double value;
  private @Nullable Hist hist;
  private @Nullable NativeHistogram raw; // becomes hist when a step needs it

  /**
   * Creates a filler.
   *
   * @param lookbackMs a sample at {@code t} holds for steps before {@code t + lookbackMs}
   */
  StepFiller(Grid grid, long offset, long lookbackMs, SamplePart part) {
    first = grid.startMs() - offset;
    stepMs = grid.stepMs();
    size = grid.size();
    this.lookbackMs = lookbackMs;
    this.part = part;
  }

  /** Starts with an empty series. */
  void begin(StepSeries series) {
    out = series;
    next = 0;
    nextTime = first;
    any = false;
    begin(0, false);
  }

  /** Adds the samples of a tile, which are newer than those before. */
  void add(SampleTile t, boolean starts) {
    if (t.kind == SampleTile.Kind.FLOAT && part == SamplePart.VALUE) {
      addFloats(t);
      return;
    }
    for (int i = 0; i < t.size; i++) {
      long start = starts ? t.startTimesMs[i] : 0;
      if (t.kind == SampleTile.Kind.FLOAT) {
        add(t.timesMs[i], t.values[i], start);
      } else {
        NativeHistogram h = t.histograms[i];
        settle(t.timesMs[i]);
        begin(t.timesMs[i], !h.isStale());
        raw = part == SamplePart.VALUE ? h : null;
        value = shown(0, start);
      }
    }
  }

  /** As {@link #settle} for each row, with everything in local variables. */
  private void addFloats(SampleTile t) {
    if (t.size == 0) {
      return;
    }
    settle(t.timesMs[0]);
    begin(t.timesMs[0], !StaleMarker.is(t.values[0]));
    StepSeries series = series();
    int step = next;
    long stepTime = nextTime;
    long sampleTime = t.timesMs[0];
    double sample = t.values[0];
    boolean there = present;
    for (int i = 1; i < t.size; i++) {
      long until = t.timesMs[i];
      while (step < size && stepTime < until) {
        if (there && stepTime - sampleTime < lookbackMs) {
          series.set(step, sample);
          any = true;
        }
        step++;
        stepTime += stepMs;
      }
      sampleTime = until;
      sample = t.values[i];
      there = !StaleMarker.is(sample);
    }
    next = step;
    nextTime = stepTime;
    begin(sampleTime, there);
    value = sample;
  }

  /** Adds a sample that is newer than those before. */
  void add(long timeMs, double sample, long startMs) {
    settle(timeMs);
    begin(timeMs, !StaleMarker.is(sample));
    value = shown(sample, startMs);
  }

  /** Adds a sample that is newer than those before. */
  void add(long timeMs, Hist sample, long startMs) {
    settle(timeMs);
    begin(timeMs, !StaleMarker.is(sample.sum));
    hist = part == SamplePart.VALUE ? sample : null;
    value = shown(0, startMs);
  }

  private void begin(long timeMs, boolean isThere) {
    time = timeMs;
    present = isThere;
    hist = null;
    raw = null;
  }

  private StepSeries series() {
    StepSeries series = out;
    if (series == null) {
      throw new IllegalStateException("step filler: no series; call begin first");
    }
    return series;
  }

  private double shown(double sample, long startMs) {
    return switch (part) {
      case VALUE -> sample;
      case TIME -> time / 1000.0;
      case START_TIME -> startMs / 1000.0;
    };
  }

  /** Decides the steps before {@code until}. */
  private void settle(long until) {
    StepSeries series = series();
    while (next < size && nextTime < until) {
      if (present && nextTime - time < lookbackMs) {
        any = true;
        Hist h = hist;
        if (h == null && raw != null) {
          h = Hist.of(raw);
          hist = h;
        }
        if (h == null) {
          series.set(next, value);
        } else {
          series.set(next, h);
        }
      }
      next++;
      nextTime += stepMs;
    }
  }

  /** Decides the remaining steps; returns whether any step has a value. */
  boolean end() {
    settle(Long.MAX_VALUE);
    return any;
  }
}
