package io.narthex.query.eval;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.model.StaleMarker;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.Extended;
import io.narthex.query.histogram.Hist;
import io.narthex.query.plan.Plan;
import io.narthex.query.plan.SharedRead;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import io.narthex.query.series.Samples;
import io.narthex.query.series.SeriesSink;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.TimeColumns;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads the samples of selectors. */
final class Selection {
  private static final int TILE = 512;
  private static final int SMALL_TILE = 32;

  private record Key(
      List<Matcher> matchers, long minTime, long maxTime, boolean stale, boolean resets) {}

  private final QueryContext context;
  private final Plan plan;
  private @Nullable SampleTile tile;
  private @Nullable Hist lastHist; // the histogram read last, in both forms
  private @Nullable NativeHistogram lastModel;

  /**
   * Whether counter resets of histograms are detected while reading and stored in their hints. Set
   * inside functions that need only count and sum, as in Prometheus.
   */
  boolean detectResets;

  Selection(QueryContext context, Plan plan) {
    this.context = context;
    this.plan = plan;
  }

  /** Returns the samples of a range selector between the times, both inclusive. */
  List<Samples> range(
      MatrixSelector m,
      Grid grid,
      long minTime,
      long maxTime,
      boolean stale,
      String function,
      long rangeMs,
      long stepMs) {
    SharedRead.Member member = plan.member(m, grid, SamplePart.VALUE);
    if (member != null && !detectResets && !stale) {
      return new SharedReader(this, context).samples(member);
    }
    VectorSelector v = m.selector();
    return samples(
        v.matchers(), minTime, maxTime, stale, function, rangeMs, stepMs, plan.isReadAgain(v));
  }

  private List<Samples> samples(
      List<Matcher> matchers,
      long minTime,
      long maxTime,
      boolean stale,
      String function,
      long rangeMs,
      long stepMs,
      boolean again) {
    Key key = new Key(matchers, minTime, maxTime, stale, detectResets);
    List<Samples> known = context.selections.get(key);
    if (known != null) {
      context.read(context.kept.getOrDefault(key, 0L));
      return known;
    }
    long read = context.samplesRead();
    long taken = context.taken();
    List<Samples> out = new ArrayList<>();
    each(request(matchers, minTime, maxTime, function, rangeMs, stepMs), stale, out::add);
    if (again) {
      keep(taken);
      context.selections.put(key, out);
      context.kept.put(key, context.samplesRead() - read);
    }
    return out;
  }

  /** Retains what has been taken since {@code taken}. */
  private void keep(long taken) {
    long bytes = context.taken() - taken;
    context.drop(bytes);
    context.retain(bytes);
  }

  /** Returns the request to the storage; see {@link SelectRequest.Hints} for the last three. */
  SelectRequest request(
      List<Matcher> matchers,
      long minTime,
      long maxTime,
      String function,
      long rangeMs,
      long stepMs) {
    return new SelectRequest(
        matchers,
        minTime,
        maxTime,
        new SelectRequest.Hints(function, rangeMs, stepMs, context.options.useStartTimestamps()));
  }

  /** Returns a request with or without an order of its series. */
  static SelectRequest ordered(SelectRequest request, boolean ordered) {
    return ordered
        ? request
        : new SelectRequest(
            request.matchers(),
            request.minTimeMs(),
            request.maxTimeMs(),
            request.hints().inAnyOrder());
  }

  /**
   * Reads series one by one. The bytes of each are taken when the sink gets it.
   *
   * @param stale whether stale markers are wanted
   * @param sink takes each that has samples
   */
  void each(SelectRequest request, boolean stale, Consumer<Samples> sink) {
    each(request, stale, () -> Samples.NO_VALUES, sink);
  }

  /**
   * Reads series one by one. The bytes of each are taken when the sink gets it.
   *
   * @param columns returns a column that may be used for the values of the next series
   */
  void each(
      SelectRequest request, boolean stale, Supplier<double[]> columns, Consumer<Samples> sink) {
    TimeColumns times = new TimeColumns();
    try (QueryContext.Selected selected = context.select(request)) {
      SeriesCursor cursor = selected.cursor();
      while (cursor.nextSeries()) {
        context.check();
        Samples s = new Samples(cursor.labels(), times, columns.get());
        read(cursor, s, stale);
        if (detectResets) {
          noteResets(s);
        }
        if (s.floatCount + s.histCount > 0) {
          keep(s, times);
          sink.accept(s);
        } else {
          context.drop(s.bytes());
        }
      }
    } finally {
      context.drop(times.bytes());
    }
  }

  private void keep(Samples s, TimeColumns times) {
    long before = times.bytes();
    times.keep(s);
    context.take(times.bytes() - before);
  }

  /** Returns whether nothing else needs what a range selector reads. */
  boolean isAlone(MatrixSelector m, Grid grid) {
    return !plan.isReadAgain(m.selector())
        && (detectResets || plan.member(m, grid, SamplePart.VALUE) == null);
  }

  private void read(SeriesCursor cursor, Samples s, boolean stale) {
    SampleTile t = tile(TILE);
    long taken = s.bytes();
    context.take(taken);
    while (cursor.nextTile(t)) {
      context.read(t.size);
      add(t, s, stale);
      context.take(s.bytes() - taken);
      taken = s.bytes();
      context.check();
    }
  }

  /** Adds the samples of a tile; stale markers are left out unless wanted. */
  void add(SampleTile t, Samples s, boolean stale) {
    boolean starts = context.options.useStartTimestamps();
    if (t.kind == SampleTile.Kind.FLOAT && !starts) {
      s.addFloats(t.timesMs, t.values, t.size, stale);
    } else if (t.kind == SampleTile.Kind.FLOAT) {
      for (int i = 0; i < t.size; i++) {
        double v = t.values[i];
        if (!stale && StaleMarker.is(v)) {
          continue;
        }
        s.addFloat(t.timesMs[i], v);
        if (starts && t.startTimesMs[i] != 0) {
          s.floatStart(t.startTimesMs[i]);
        }
      }
    } else {
      for (int i = 0; i < t.size; i++) {
        NativeHistogram h = t.histograms[i];
        if (!stale && h.isStale()) {
          continue;
        }
        s.addHist(t.timesMs[i], hist(h));
        if (starts && t.startTimesMs[i] != 0) {
          s.histStart(t.startTimesMs[i]);
        }
      }
    }
  }

  private Hist hist(NativeHistogram h) {
    Hist made =
        lastHist == null || lastModel == null ? Hist.of(h) : Hist.of(h, lastModel, lastHist);
    lastHist = made;
    lastModel = h;
    return made;
  }

  private static void noteResets(Samples s) {
    Hist prev = null;
    for (int i = 0; i < s.histCount; i++) {
      Hist h = s.hists[i];
      if (h.hint != ResetHint.GAUGE && !StaleMarker.is(h.sum)) {
        if (prev != null) {
          boolean reset = h.isResetSince(prev);
          s.hists[i] = h.withHint(reset ? ResetHint.RESET : ResetHint.NOT_RESET);
        }
      }
      prev = StaleMarker.is(h.sum) ? null : h;
    }
  }

  /** Returns the instant vector of a selector. */
  List<StepSeries> instant(VectorSelector v, Grid grid, SamplePart part) {
    List<StepSeries> out = new ArrayList<>();
    if (grid.size() == 0) {
      return out;
    }
    long offset = context.duration(v.offsetMs(), v.offsetExpr(), false);
    boolean fixed = v.at() != null;
    long first = context.base(v.at(), grid.time(0)) - offset;
    long last = fixed ? first : grid.endMs() - offset;
    boolean smoothed = v.mode() == RangeMode.SMOOTHED;
    if (!smoothed && !detectResets && (fixed || grid.size() == 1)) {
      newest(plan.matchers(v), first, grid.size(), part, true, true, false, out::add);
      return out;
    }
    if (!smoothed && !detectResets) {
      SharedRead.Member member = plan.member(v, grid, part);
      return member == null
          ? stepped(plan.matchers(v), grid, offset, part, plan.isReadAgain(v))
          : new SharedReader(this, context).vector(member);
    }
    long until = smoothed ? last + context.lookbackMs : last;
    List<Samples> all =
        samples(
            v.matchers(),
            first - context.lookbackMs + 1,
            until,
            true,
            "",
            0,
            grid.size() > 1 ? grid.stepMs() : 0,
            plan.isReadAgain(v));
    for (Samples s : all) {
      context.check();
      StepSeries series = context.series(s.labels, false, grid.size());
      boolean any;
      if (smoothed) {
        any =
            Extended.instant(
                s, series, grid, offset, fixed ? first : Long.MIN_VALUE, context, v.position());
      } else if (fixed) {
        any = fill(s, series, Grid.instant(first), 0, part);
        for (int i = 1; i < grid.size() && any; i++) {
          series.copy(i, series, 0);
        }
      } else {
        any = fill(s, series, grid, offset, part);
      }
      if (any) {
        context.queried(series);
        context.hold(series.samples());
        out.add(series);
      }
    }
    return out;
  }

  private record Steps(List<Matcher> matchers, Grid grid, long offset, SamplePart part) {}

  /** Returns the vector at many steps, filled while the samples are read. */
  private List<StepSeries> stepped(
      List<Matcher> matchers, Grid grid, long offset, SamplePart part, boolean again) {
    Steps key = new Steps(matchers, grid, offset, part);
    List<StepSeries> known = context.vectors.get(key);
    if (known != null) {
      context.read(context.kept.getOrDefault(key, 0L));
      known.forEach(this::count);
      return known;
    }
    long read = context.samplesRead();
    long taken = context.taken();
    List<StepSeries> out = new ArrayList<>();
    step(matchers, grid, offset, part, true, false, out::add);
    if (again) {
      keep(taken);
      context.vectors.put(key, out);
      context.kept.put(key, context.samplesRead() - read);
    }
    return out;
  }

  /** Returns whether {@link #feed} can serve an instant selector. */
  boolean feeds(VectorSelector v, Grid grid) {
    return grid.size() > 0
        && v.at() == null
        && v.mode() != RangeMode.SMOOTHED
        && !plan.isReadAgain(v)
        && (detectResets || plan.member(v, grid, SamplePart.VALUE) == null);
  }

  /**
   * Streams the series of an instant selector.
   *
   * @param labelled whether labels matter; else series may have none
   * @param ordered whether they have to come in label order
   */
  void feed(VectorSelector v, Grid grid, SeriesSink sink, boolean labelled, boolean ordered) {
    long offset = context.duration(v.offsetMs(), v.offsetExpr(), false);
    if (!detectResets && grid.size() == 1) {
      long time = grid.startMs() - offset;
      newest(plan.matchers(v), time, 1, SamplePart.VALUE, labelled, ordered, true, sink);
      return;
    }
    if (!detectResets) {
      step(plan.matchers(v), grid, offset, SamplePart.VALUE, ordered, true, sink);
      return;
    }
    long first = grid.startMs() - offset - context.lookbackMs + 1;
    long last = grid.endMs() - offset;
    // a reset shows against the previous sample, which may be at no step
    each(
        request(v.matchers(), first, last, "", 0, grid.stepMs()),
        true,
        s -> {
          StepSeries series = context.series(s.labels, false, grid.size());
          if (fill(s, series, grid, offset, SamplePart.VALUE)) {
            count(series);
            sink.add(series);
          }
          context.drop(StepSeries.bytes(grid.size()) + s.bytes());
        });
  }

  /**
   * Fills the steps of a selector while its samples are read; see {@link SeriesSink}.
   *
   * @param ordered whether series have to come in label order
   * @param reuses whether the columns of a series are free when the sink has returned
   */
  private void step(
      List<Matcher> matchers,
      Grid grid,
      long offset,
      SamplePart part,
      boolean ordered,
      boolean reuses,
      SeriesSink sink) {
    SampleTile t = tile(TILE);
    boolean starts = context.options.useStartTimestamps();
    long first = grid.startMs() - offset - context.lookbackMs + 1;
    SelectRequest request =
        ordered(request(matchers, first, grid.endMs() - offset, "", 0, grid.stepMs()), ordered);
    StepFiller filler = new StepFiller(grid, offset, context.lookbackMs, part);
    StepSeries free = null; // its columns may be used
    long columns = StepSeries.bytes(grid.size());
    try (QueryContext.Selected selected = context.select(request)) {
      SeriesCursor cursor = selected.cursor();
      while (cursor.nextSeries()) {
        context.check();
        StepSeries series =
            free == null
                ? context.series(cursor.labels(), false, grid.size())
                : free.reused(cursor.labels(), false);
        filler.begin(series);
        while (cursor.nextTile(t)) {
          context.read(t.size);
          filler.add(t, starts);
          context.check();
        }
        boolean any = filler.end();
        if (any) {
          long hists = series.bytes() - columns;
          context.take(hists);
          count(series);
          sink.add(series);
          context.drop(reuses ? hists : 0);
        }
        free = any && !reuses ? null : series;
      }
    }
    context.drop(free == null ? 0 : columns);
  }

  /** Counts what an instant selector has found. */
  void count(StepSeries series) {
    context.queried(series);
    context.hold(series.samples());
  }

  /**
   * Reads the vector at one time, for all steps the same; needs only the newest samples.
   *
   * @param labelled whether labels matter
   * @param ordered whether series have to come in label order
   * @param reuses whether the columns of a series are free when the sink has returned
   */
  private void newest(
      List<Matcher> matchers,
      long time,
      int steps,
      SamplePart part,
      boolean labelled,
      boolean ordered,
      boolean reuses,
      SeriesSink sink) {
    SampleTile t = tile(SMALL_TILE);
    boolean starts = context.options.useStartTimestamps();
    long first = time - context.lookbackMs + 1;
    SelectRequest request =
        ordered(request(matchers, first, time, SelectRequest.Hints.NEWEST, 0, 0), ordered);
    StepSeries free = null; // its columns may be used
    try (QueryContext.Selected selected = context.select(request)) {
      SeriesCursor cursor = selected.cursor();
      while (cursor.nextSeries()) {
        context.check();
        boolean isFloat = false;
        double value = 0;
        NativeHistogram hist = null;
        long found = Long.MIN_VALUE;
        long start = 0;
        while (cursor.nextTile(t)) {
          context.read(t.size);
          int last = t.size - 1;
          isFloat = t.kind == SampleTile.Kind.FLOAT;
          value = isFloat ? t.values[last] : 0;
          hist = isFloat ? null : t.histograms[last];
          found = t.timesMs[last];
          start = starts ? t.startTimesMs[last] : 0;
        }
        boolean stale = isFloat ? StaleMarker.is(value) : hist == null || hist.isStale();
        if (found == Long.MIN_VALUE || stale) {
          continue;
        }
        Labels labels = labelled ? cursor.labels() : Labels.EMPTY;
        StepSeries s =
            free == null ? context.series(labels, false, steps) : free.reused(labels, false);
        Hist h = hist == null ? null : hist(hist);
        context.take(h == null ? 0 : h.bytes());
        for (int i = 0; i < steps; i++) {
          if (part == SamplePart.TIME) {
            s.set(i, found / 1000.0);
          } else if (part == SamplePart.START_TIME) {
            s.set(i, start / 1000.0);
          } else if (h != null) {
            s.set(i, h);
          } else {
            s.set(i, value);
          }
        }
        count(s);
        sink.add(s);
        context.drop(reuses && h != null ? h.bytes() : 0);
        free = reuses ? s : null;
      }
    }
    context.drop(free == null ? 0 : StepSeries.bytes(steps));
  }

  /** Returns a large tile, the same each time. */
  SampleTile tile() {
    return tile(TILE);
  }

  private SampleTile tile(int least) {
    SampleTile t = tile;
    if (t == null || t.capacity() < least) {
      t = new SampleTile(least);
      tile = t;
    }
    return t;
  }

  private boolean fill(Samples s, StepSeries out, Grid grid, long offset, SamplePart part) {
    StepFiller filler = new StepFiller(grid, offset, context.lookbackMs, part);
    filler.begin(out);
    int f = 0;
    int h = 0;
    while (f < s.floatCount || h < s.histCount) {
      if (h == s.histCount || (f < s.floatCount && s.floatTimes[f] < s.histTimes[h])) {
        long start = s.floatStarts.length == 0 ? 0 : s.floatStarts[f];
        filler.add(s.floatTimes[f], s.floats[f], start);
        f++;
      } else {
        long start = s.histStarts.length == 0 ? 0 : s.histStarts[h];
        filler.add(s.histTimes[h], s.hists[h], start);
        h++;
      }
    }
    return filler.end();
  }
}
