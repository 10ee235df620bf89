package io.narthex.query.functions;

import io.narthex.model.Labels;
import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A function over the samples of a window that moves from step to step. One instance serves one
 * call in one query: {@link #begin} for each series, then {@link #apply} for its steps in order.
 */
public abstract class RangeFunction {
  /** The part of a series inside the window (start, end]; reused for all steps. */
  public static final class Window {
    Samples samples = new Samples(Labels.EMPTY, false);
    public int floatLo;
    public int floatHi;
    public int histLo;
    public int histHi;
    long start;
    long end;
    long rangeMs;
    long evalTime;
    int step;

    public int floats() {
      return floatHi - floatLo;
    }

    public int hists() {
      return histHi - histLo;
    }
  }

  /** Samples between two checks of the deadline. */
  private static final int CHECK_EVERY = 200_000;

  /** Receives annotations; replaced from block to block when threads share the series. */
  public Annotations annotations;

  final PosRange position;
  public Samples samples = new Samples(Labels.EMPTY, false);
  String metric = "";

  public RangeFunction(Annotations annotations, PosRange position) {
    this.annotations = annotations;
    this.position = position;
  }

  /** Prepares for a series. */
  public void begin(Samples s) {
    samples = s;
    metric = s.labels.metricName();
  }

  /** Returns the empty result for a series, in the columns of one that is no longer used. */
  public final StepSeries result(
      Samples s, Grid grid, boolean namesGoLater, @Nullable StepSeries unused) {
    boolean drop = !keepsName();
    boolean now = drop && !namesGoLater;
    Labels labels = now ? LabelSets.withoutName(s.labels) : s.labels;
    boolean later = !now && (drop || s.dropName);
    return unused == null
        ? new StepSeries(labels, later, grid.size())
        : unused.reused(labels, later);
  }

  /** Writes the value of a step, or nothing. The window holds at least one sample. */
  public abstract void apply(Window w, StepSeries out);

  /**
   * Writes the values of all steps for a series of floats only.
   *
   * @param bounds the windows of all steps; of the same {@link Bounds#version} for series with the
   *     same times
   */
  public void applyAll(Bounds bounds, StepSeries out) {
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

  /** The windows of all steps over one column of times, and then over that of another series. */
  public static final class Bounds {
    long[] times = new long[0];
    int count;
    final int[] lo;
    final int[] hi;
    final long[] ends;
    final Grid grid;
    final QueryContext context;
    final long rangeMs;
    final Window window = new Window();
    private final long before;
    private final long after;
    public long samples;
    public long largest;

    /** Rises when the windows become those over other times. */
    int version;

    /** What {@link RateFunction} knows of these windows. */
    RateFunction.@Nullable Shape shape;

    Bounds(Grid grid, QueryContext context, long rangeMs, long[] ends, long before, long after) {
      this.grid = grid;
      this.context = context;
      this.rangeMs = rangeMs;
      this.ends = ends;
      this.before = before;
      this.after = after;
      this.lo = new int[grid.size()];
      this.hi = new int[grid.size()];
      window.rangeMs = rangeMs;
    }

    /** Moves the windows over a series. */
    public void over(Samples s) {
      if (version > 0 && fits(s)) {
        return;
      }
      version++;
      times = s.floatTimes;
      count = s.floatCount;
      samples = 0;
      largest = 0;
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

    private boolean fits(Samples s) {
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

  /**
   * The windows over several columns of times: those over one column serve all series that share
   * it. Bounded. Not thread-safe.
   */
  public static final class BoundsByTimes {
    private static final int MOST = 256; // power of two
    private static final int PROBES = 4;

    /** Most steps of all windows together; with what a rate knows of a step each has 40 bytes. */
    private static final int MOST_STEPS = 1 << 16;

    private final Supplier<Bounds> fresh;
    private final @Nullable Bounds[] known;
    private int next; // which of several gives way

    BoundsByTimes(int steps, Supplier<Bounds> fresh) {
      this.fresh = fresh;
      int room = Math.clamp(MOST_STEPS / Math.max(1, steps), 1, MOST);
      known = new Bounds[Integer.highestOneBit(room)];
    }

    /** Returns the windows over a series, until the next call. */
    public Bounds over(Samples s) {
      int probes = Math.min(PROBES, known.length);
      int first = s.floatCount == 0 ? 0 : slot(s.floatTimes[0]);
      int at = first;
      for (int i = 0; i < probes; i++) {
        at = first + i & known.length - 1;
        Bounds b = known[at];
        if (b == null) {
          break;
        }
        if (b.fits(s)) {
          return b;
        }
        at = first + next % probes & known.length - 1;
      }
      next++;
      Bounds b = known[at];
      if (b == null) {
        b = fresh.get();
        known[at] = b;
      }
      b.over(s);
      return b;
    }

    private int slot(long firstMs) {
      return (int) (firstMs * 0x9e3779b97f4a7c15L >>> 40) & known.length - 1;
    }
  }

  /** Returns whether the metric name stays. */
  public boolean keepsName() {
    return false;
  }

  /** Reports histograms next to floats; returns false when there are no floats. */
  final boolean floatsOnly(Window w) {
    if (w.floats() == 0) {
      return false;
    }
    if (w.hists() > 0) {
      annotations.histogramsIgnoredInMixedRange(metric, position);
    }
    return true;
  }
}
