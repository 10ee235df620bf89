package io.narthex.query.functions;

import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.query.context.QueryContext;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The samples under a range selector or subquery, and how its window moves. */
public final class Windows {
  public final List<Samples> series;
  public final long rangeMs;
  private final long offsetMs;
  private final boolean fixed;
  private final long fixedEnd;
  private final long before;
  private final long after;
  private RangeFunction.@Nullable BoundsByTimes bounds;
  private long[] ends = new long[0];

  /**
   * Describes windows.
   *
   * @param fixed whether the window stays where it is, with its end at {@code fixedEnd}
   * @param before how many milliseconds before the window samples are needed too
   * @param after the same after it
   */
  public Windows(
      List<Samples> series,
      long rangeMs,
      long offsetMs,
      boolean fixed,
      long fixedEnd,
      long before,
      long after) {
    this.series = series;
    this.rangeMs = rangeMs;
    this.offsetMs = offsetMs;
    this.fixed = fixed;
    this.fixedEnd = fixedEnd;
    this.before = before;
    this.after = after;
  }

  /** Returns how the window of a range selector moves, over no series. */
  public static Windows of(MatrixSelector m, Grid grid, QueryContext context) {
    VectorSelector v = m.selector();
    long rangeMs = context.duration(m.rangeMs(), m.rangeExpr(), true);
    long offset = context.duration(v.offsetMs(), v.offsetExpr(), false);
    long first = context.base(v.at(), grid.time(0)) - offset;
    long before = v.mode() == RangeMode.PLAIN ? 0 : context.lookbackMs;
    long after = v.mode() == RangeMode.SMOOTHED ? context.lookbackMs : 0;
    return new Windows(List.of(), rangeMs, offset, v.at() != null, first, before, after);
  }

  /** Returns the same windows over other series. */
  public Windows over(List<Samples> others) {
    return new Windows(others, rangeMs, offsetMs, fixed, fixedEnd, before, after);
  }

  /** Returns the earliest time of a sample that any step looks at. */
  public long firstMs(Grid grid) {
    return end(grid, 0) - rangeMs - before + 1;
  }

  /** Returns the latest time of a sample that any step looks at. */
  public long lastMs(Grid grid) {
    return end(grid, grid.size() - 1) + after;
  }

  private long end(Grid grid, int step) {
    return fixed ? fixedEnd : grid.time(step) - offsetMs;
  }

  /**
   * Returns the result of a function for one series, perhaps an empty one. The bytes of a result
   * that is not empty are taken.
   *
   * @param unused a result whose columns may be used; null = none
   */
  public StepSeries apply(
      RangeFunction f, Samples s, Grid grid, QueryContext context, @Nullable StepSeries unused) {
    long bytes = StepSeries.bytes(grid.size());
    context.take(bytes);
    StepSeries r = f.result(s, grid, context.options.delayedNameRemoval(), unused);
    f.begin(s);
    slide(s, f, r, grid, context);
    context.hold(r.samples());
    context.take(r.isEmpty() ? -bytes : r.bytes() - bytes);
    return r;
  }

  /** Moves the window over a series and counts what it looks at. */
  public void slide(Samples s, RangeFunction f, StepSeries out, Grid grid, QueryContext context) {
    setEnds(grid);
    if (s.histCount > 0) {
      slideMixed(s, f, out, grid, context);
      return;
    }
    RangeFunction.BoundsByTimes known = bounds;
    if (known == null) {
      known = boundsByTimes(grid, context);
      bounds = known;
    }
    RangeFunction.Bounds b = known.over(s);
    f.applyAll(b, out);
    count(b, context);
  }

  /** Calculates where the window ends at each step; before {@link #bounds}. */
  public void setEnds(Grid grid) {
    if (ends.length != grid.size()) {
      ends = new long[grid.size()];
      for (int i = 0; i < ends.length; i++) {
        ends[i] = end(grid, i);
      }
    }
  }

  /** Returns windows that are over no series yet. */
  public RangeFunction.Bounds bounds(Grid grid, QueryContext context) {
    return new RangeFunction.Bounds(grid, context, rangeMs, ends, before, after);
  }

  /** Returns windows for series of which many have the same times. */
  public RangeFunction.BoundsByTimes boundsByTimes(Grid grid, QueryContext context) {
    return new RangeFunction.BoundsByTimes(grid.size(), () -> bounds(grid, context));
  }

  /** Counts what a function over these windows looks at. */
  public void count(RangeFunction.Bounds b, QueryContext context) {
    if (context.countsPerStep()) {
      for (int i = 0; i < ends.length; i++) {
        context.queried(i, b.hi[i] - b.lo[i]);
      }
    } else {
      context.queried(0, b.samples);
    }
    context.hold(b.largest);
    context.release(b.largest);
  }

  private void slideMixed(
      Samples s, RangeFunction f, StepSeries out, Grid grid, QueryContext context) {
    long largest = 0;
    RangeFunction.Window w = new RangeFunction.Window();
    w.samples = s;
    w.rangeMs = rangeMs;
    for (int i = 0; i < ends.length; i++) {
      w.evalTime = grid.time(i);
      w.step = i;
      w.end = ends[i];
      w.start = w.end - rangeMs;
      long from = w.start - before;
      long to = w.end + after;
      while (w.floatHi < s.floatCount && s.floatTimes[w.floatHi] <= to) {
        w.floatHi++;
      }
      while (w.floatLo < w.floatHi && s.floatTimes[w.floatLo] <= from) {
        w.floatLo++;
      }
      while (w.histHi < s.histCount && s.histTimes[w.histHi] <= to) {
        w.histHi++;
      }
      while (w.histLo < w.histHi && s.histTimes[w.histLo] <= from) {
        w.histLo++;
      }
      if (w.floatHi > w.floatLo || w.histHi > w.histLo) {
        long n = w.floats() + histSamples(s, w);
        largest = Math.max(largest, n);
        context.queried(i, n);
        f.apply(w, out);
      }
    }
    context.hold(largest);
    context.release(largest);
  }

  private static long histSamples(Samples s, RangeFunction.Window w) {
    long n = 0;
    for (int i = w.histLo; i < w.histHi; i++) {
      n += s.hists[i].sampleSize();
    }
    return n;
  }
}
