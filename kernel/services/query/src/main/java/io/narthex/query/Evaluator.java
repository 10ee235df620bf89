package io.narthex.query;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.At;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.NumberLiteral;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.Expr.StringLiteral;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.promql.Expr.UnaryExpr;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.ValueType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Evaluates expressions series by series over all steps at once. What does not depend on the step
 * is evaluated for one step and repeated.
 */
final class Evaluator {
  final QueryContext context;
  final Selection selection;
  private final InstantFunctions functions;
  private final Aggregations aggregations;
  private final BinaryOperations binary;

  Evaluator(QueryContext context) {
    this.context = context;
    this.selection = new Selection(context);
    this.functions = new InstantFunctions(this);
    this.aggregations = new Aggregations(this);
    this.binary = new BinaryOperations(this);
  }

  /** Returns the value of an expression that is no range vector. */
  Value eval(Expr e, Grid grid) {
    Recorder recorder = context.recorder;
    return recorder == null ? evalHeld(e, grid) : evalRecorded(e, grid, recorder);
  }

  private Value evalRecorded(Expr e, Grid grid, Recorder recorder) {
    long begun = System.nanoTime();
    long read = context.samplesRead();
    Value v = evalHeld(e, grid);
    long series = v instanceof Value.Vector x ? x.series().size() : 1;
    long samples = v instanceof Value.Vector ? size(v) : grid.size();
    recorder.add(e, series, samples, context.samplesRead() - read, System.nanoTime() - begun);
    return v;
  }

  private Value evalHeld(Expr e, Grid grid) {
    long held = context.held();
    long taken = context.taken();
    Shared shared = context.plan.shared(e, grid, context.isInSubquery());
    Value v = shared == null ? evalOnce(e, grid) : shared.eval(this, e, grid);
    context.settle(held + size(v));
    context.settleBytes(taken + bytes(v));
    return v;
  }

  /** Evaluates an expression anew, whether its value is shared or not. */
  Value evalOnce(Expr e, Grid grid) {
    Double constant = context.plan.constant(e);
    if (constant != null) {
      return scalar(grid, constant);
    }
    return grid.size() > 1 && context.plan.isInvariant(e)
        ? repeat(evalEach(e, grid.first()), grid.size())
        : evalEach(e, grid);
  }

  /** Tells whether an operator is no more than a link of the chain it is the left side of. */
  boolean isPartOfChain(BinaryExpr b, Grid grid) {
    return (grid.size() == 1 || !context.plan.isInvariant(b))
        && context.plan.shared(b, grid, context.isInSubquery()) == null;
  }

  /**
   * Hands the series of a vector over, in order. Where they can be made one by one, only one is
   * there at a time; limits and figures are as if all were.
   */
  void feed(Expr e, Grid grid, SeriesSink sink) {
    boolean single =
        context.plan.constant(e) == null
            && (grid.size() == 1 || !context.plan.isInvariant(e))
            && context.plan.shared(e, grid, context.isInSubquery()) == null;
    if (single && e instanceof VectorSelector v && selection.feeds(v, grid)) {
      feed(e, grid, sink, counted -> selection.feed(v, grid, counted));
    } else if (single && e instanceof Call c && SeriesFeed.serves(c, grid, selection)) {
      feed(e, grid, sink, counted -> new SeriesFeed(this, c, grid, counted).run());
    } else {
      vector(e, grid).forEach(sink::add);
    }
  }

  private void feed(Expr e, Grid grid, SeriesSink sink, Consumer<SeriesSink> source) {
    context.check();
    long begun = System.nanoTime();
    long read = context.samplesRead();
    long held = context.held();
    long[] seriesAndSamples = new long[2];
    source.accept(s -> {
      seriesAndSamples[0]++;
      seriesAndSamples[1] += s.samples();
      sink.add(s);
    });
    context.settle(held + seriesAndSamples[1]);
    Recorder recorder = context.recorder;
    if (recorder != null) {
      recorder.add(
          e,
          seriesAndSamples[0],
          seriesAndSamples[1],
          context.samplesRead() - read,
          System.nanoTime() - begun);
    }
  }

  static long size(Value v) {
    if (!(v instanceof Value.Vector x)) {
      return 0;
    }
    long n = 0;
    for (StepSeries s : x.series()) {
      n += s.samples();
    }
    return n;
  }

  /** Returns about how many bytes a value takes. */
  static long bytes(Value v) {
    return switch (v) {
      case Value.Vector x -> {
        long n = 0;
        for (StepSeries s : x.series()) {
          n += s.bytes();
        }
        yield n;
      }
      case Value.Scalar s -> 8L * s.values().length;
      case Value.Text _ -> 0;
    };
  }

  private Value evalEach(Expr e, Grid grid) {
    context.check();
    return switch (e) {
      case NumberLiteral n -> scalar(grid, n.value());
      case StringLiteral s -> new Value.Text(s.value());
      case VectorSelector v -> new Value.Vector(selection.instant(v, grid, Selection.Part.VALUE));
      case ParenExpr p -> eval(p.expr(), grid);
      case UnaryExpr u -> unary(u, grid);
      case BinaryExpr b -> binary.eval(b, grid);
      case Expr.AggregateExpr a -> new Value.Vector(aggregations.eval(a, grid));
      case Call c -> call(c, grid);
      case MatrixSelector _, SubqueryExpr _ ->
          throw new IllegalStateException("range vector outside of a function");
    };
  }

  static Value.Scalar scalar(Grid grid, double v) {
    double[] values = new double[grid.size()];
    Arrays.fill(values, v);
    return new Value.Scalar(values);
  }

  List<StepSeries> vector(Expr e, Grid grid) {
    return ((Value.Vector) eval(e, grid)).series();
  }

  double[] scalars(Expr e, Grid grid) {
    return ((Value.Scalar) eval(e, grid)).values();
  }

  static String text(Expr e) {
    Expr inner = unwrap(e);
    return ((StringLiteral) inner).value();
  }

  static Expr unwrap(Expr e) {
    Expr inner = e;
    while (inner instanceof ParenExpr p) {
      inner = p.expr();
    }
    return inner;
  }

  private Value unary(UnaryExpr u, Grid grid) {
    Value v = eval(u.expr(), grid);
    if (!u.minus()) {
      return v;
    }
    return switch (v) {
      case Value.Scalar s -> {
        double[] out = new double[s.values().length];
        for (int i = 0; i < out.length; i++) {
          out[i] = -s.values()[i];
        }
        yield new Value.Scalar(out);
      }
      case Value.Vector x -> {
        List<StepSeries> out = new ArrayList<>(x.series().size());
        for (StepSeries s : x.series()) {
          StepSeries r = renamed(s);
          for (int i = 0; i < s.steps(); i++) {
            if (s.kinds[i] == StepSeries.FLOAT) {
              r.set(i, -s.floats[i]);
            } else if (s.kinds[i] == StepSeries.HIST) {
              r.set(i, s.hist(i).times(-1));
            }
          }
          out.add(r);
        }
        yield new Value.Vector(merge(out));
      }
      case Value.Text t -> t;
    };
  }

  /* names and duplicates */

  /** Returns an empty series whose name is dropped, now or at the end. */
  StepSeries renamed(StepSeries s) {
    return context.options.delayedNameRemoval()
        ? context.series(s.labels, true, s.steps())
        : context.series(withoutName(s.labels), false, s.steps());
  }

  static Labels withoutName(Labels labels) {
    return labels.without(Labels.METRIC_NAME).without("__type__").without("__unit__");
  }

  /**
   * Merges series with equal labels into one.
   *
   * @throws io.narthex.service.query.QueryException when two of them have a value at one step
   */
  List<StepSeries> merge(List<StepSeries> in) {
    if (in.size() < 2) {
      return in;
    }
    Map<Labels, Integer> at = HashMap.newHashMap(in.size());
    List<StepSeries> out = null;
    for (int i = 0; i < in.size(); i++) {
      StepSeries s = in.get(i);
      Integer known = at.putIfAbsent(s.labels, out == null ? i : out.size());
      if (known == null) {
        if (out != null) {
          out.add(s);
        }
        continue;
      }
      if (out == null) {
        out = new ArrayList<>(in.subList(0, i));
      }
      out.set(known, join(out.get(known), s));
    }
    return out == null ? in : out;
  }

  private StepSeries join(StepSeries a, StepSeries b) {
    StepSeries r = context.series(a.labels, a.dropName && b.dropName, a.steps());
    for (int i = 0; i < a.steps(); i++) {
      if (a.kinds[i] != StepSeries.NONE && b.kinds[i] != StepSeries.NONE) {
        throw sameLabelset();
      }
      r.copy(i, a.kinds[i] != StepSeries.NONE ? a : b, i);
    }
    return r;
  }

  static io.narthex.service.query.QueryException sameLabelset() {
    return QueryContext.failed("vector cannot contain metrics with the same labelset");
  }

  /** Drops the names whose removal was put off. */
  List<StepSeries> finish(List<StepSeries> in) {
    boolean any = false;
    for (StepSeries s : in) {
      any |= s.dropName;
    }
    if (!any) {
      return in;
    }
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      out.add(s.dropName ? s.with(withoutName(s.labels), false) : s);
    }
    return merge(out);
  }

  /* what does not change */

  private Value repeat(Value v, int steps) {
    return switch (v) {
      case Value.Text t -> t;
      case Value.Scalar s -> {
        double[] out = new double[steps];
        Arrays.fill(out, s.values()[0]);
        yield new Value.Scalar(out);
      }
      case Value.Vector x -> {
        List<StepSeries> out = new ArrayList<>(x.series().size());
        for (StepSeries s : x.series()) {
          StepSeries r = context.series(s.labels, s.dropName, steps);
          for (int i = 0; i < steps; i++) {
            r.copy(i, s, 0);
          }
          out.add(r);
        }
        yield new Value.Vector(out);
      }
    };
  }

  /* functions */

  private Value call(Call c, Grid grid) {
    for (Expr argument : c.arguments()) {
      if (argument.type() == ValueType.MATRIX) {
        return new Value.Vector(overRange(c, unwrap(argument), argument, grid));
      }
    }
    return functions.call(c, grid);
  }

  private List<StepSeries> overRange(Call c, Expr range, Expr written, Grid grid) {
    String name = c.function().name();
    if (range instanceof MatrixSelector m) {
      checkMode(m.selector().mode(), name);
    }
    Windows windows = windows(range, grid, name);
    if (name.equals("absent_over_time")) {
      return absentOverTime(range, windows, grid);
    }
    RangeMode mode = range instanceof MatrixSelector m ? m.selector().mode() : RangeMode.PLAIN;
    List<StepSeries> out = new ArrayList<>();
    if (ParallelWindows.pays(windows, grid, c, mode)) {
      new ParallelWindows(
              context,
              windows,
              grid,
              () -> RangeFunctions.create(this, c, written, mode, grid),
              false)
          .evaluate(out::add);
    } else {
      overEach(windows, RangeFunctions.create(this, c, written, mode, grid), grid, out);
    }
    if (!context.options.delayedNameRemoval()) {
      refuseDuplicates(out);
    }
    return out;
  }

  private void overEach(Windows windows, RangeFunction f, Grid grid, List<StepSeries> out) {
    for (Samples s : windows.series) {
      context.check();
      StepSeries r = over(s, windows, f, grid);
      if (!r.isEmpty()) {
        out.add(r);
      }
    }
  }

  /**
   * Returns what a function gives for one series, perhaps nothing. Its bytes are taken, unless it
   * is empty.
   */
  StepSeries over(Samples s, Windows windows, RangeFunction f, Grid grid) {
    long bytes = StepSeries.bytes(grid.size());
    context.take(bytes);
    StepSeries r = f.result(s, grid, context.options.delayedNameRemoval());
    f.begin(s);
    windows.slide(s, f, r, grid, context);
    context.hold(r.samples());
    context.take(r.isEmpty() ? -bytes : r.bytes() - bytes);
    return r;
  }

  private static void refuseDuplicates(List<StepSeries> series) {
    Set<Labels> seen = java.util.HashSet.newHashSet(series.size());
    for (StepSeries s : series) {
      if (!seen.add(s.labels)) {
        throw sameLabelset();
      }
    }
  }

  private static void checkMode(RangeMode mode, String function) {
    Set<String> allowed =
        switch (mode) {
          case PLAIN -> Set.of(function);
          case ANCHORED -> Extended.ANCHORED;
          case SMOOTHED -> Extended.SMOOTHED;
        };
    if (!allowed.contains(function)) {
      throw QueryContext.failed(
          mode.name().toLowerCase(java.util.Locale.ROOT)
              + " modifier can only be used with: "
              + String.join(", ", allowed.stream().sorted().toList())
              + " - not with "
              + function);
    }
  }

  private List<StepSeries> absentOverTime(Expr range, Windows windows, Grid grid) {
    boolean[] present = new boolean[grid.size()];
    RangeFunction mark =
        new RangeFunction(context.annotations, range.position()) {
          @Override
          void apply(Window w, StepSeries out) {
            present[w.step] = true;
          }
        };
    StepSeries scratch = context.series(Labels.EMPTY, false, grid.size());
    for (Samples s : windows.series) {
      mark.begin(s);
      windows.slide(s, mark, scratch, grid, context);
    }
    Labels labels =
        range instanceof MatrixSelector m
            ? InstantFunctions.absentLabels(m.selector())
            : Labels.EMPTY;
    StepSeries out = context.series(labels, false, grid.size());
    boolean any = false;
    for (int i = 0; i < present.length; i++) {
      if (!present[i]) {
        out.set(i, 1);
        any = true;
      }
    }
    return any ? List.of(out) : List.of();
  }

  Windows windows(Expr range, Grid grid, String function) {
    Recorder recorder = context.recorder;
    if (recorder == null) {
      return window(range, grid, function);
    }
    long begun = System.nanoTime();
    long read = context.samplesRead();
    Windows found = window(range, grid, function);
    long samples = 0;
    for (Samples s : found.series) {
      samples += s.floatCount + s.histCount;
    }
    recorder.add(
        range,
        found.series.size(),
        samples,
        context.samplesRead() - read,
        System.nanoTime() - begun);
    return found;
  }

  private Windows window(Expr range, Grid grid, String function) {
    return switch (range) {
      case MatrixSelector m -> {
        Windows shape = shape(m, grid);
        yield shape.over(
            selection.range(
                m,
                grid,
                shape.firstMs(grid),
                shape.lastMs(grid),
                false,
                function,
                shape.rangeMs,
                grid.size() > 1 ? grid.stepMs() : 0));
      }
      case SubqueryExpr s -> subquery(s, grid);
      default -> throw new IllegalStateException("not a range vector");
    };
  }

  /** Returns how the window of a range selector moves, over no series. */
  Windows shape(MatrixSelector m, Grid grid) {
    VectorSelector v = m.selector();
    long rangeMs = context.duration(m.rangeMs(), m.rangeExpr(), true);
    long offset = context.duration(v.offsetMs(), v.offsetExpr(), false);
    long first = Selection.base(context, v.at(), grid.time(0)) - offset;
    long before = v.mode() == RangeMode.PLAIN ? 0 : context.lookbackMs;
    long after = v.mode() == RangeMode.SMOOTHED ? context.lookbackMs : 0;
    return new Windows(List.of(), rangeMs, offset, v.at() != null, first, before, after);
  }

  private Windows subquery(SubqueryExpr s, Grid grid) {
    long rangeMs = context.duration(s.rangeMs(), s.rangeExpr(), true);
    long offset = context.duration(s.offsetMs(), s.offsetExpr(), false);
    long step = context.duration(s.stepMs(), s.stepExpr(), s.stepExpr() != null);
    if (step == 0) {
      step = Math.max(1, context.options.defaultSubqueryStep().toMillis());
    }
    At at = s.at();
    boolean fixed = at != null;
    long first = Selection.base(context, at, grid.time(0)) - offset;
    long last = fixed ? first : grid.endMs() - offset;
    long start = firstStep(first - rangeMs, step);
    long steps = last < start ? 0 : (last - start) / step + 1;
    context.fits(steps);
    Grid inner = new Grid(start, step, (int) steps);
    List<Samples> series = new ArrayList<>();
    if (steps > 0) {
      boolean outer = selection.detectResets;
      selection.detectResets = false;
      context.enterSubquery();
      Value v = eval(s.expr(), inner);
      context.leaveSubquery();
      selection.detectResets = outer;
      for (StepSeries x : ((Value.Vector) v).series()) {
        Samples made = toSamples(x, inner);
        context.take(made.bytes());
        series.add(made);
      }
    }
    return new Windows(series, rangeMs, offset, fixed, first, 0, 0);
  }

  /** Returns the first multiple of {@code step} after a time. */
  static long firstStep(long after, long step) {
    long start = step * (after / step);
    return start <= after ? start + step : start;
  }

  private static Samples toSamples(StepSeries x, Grid grid) {
    Samples out = new Samples(x.labels, x.dropName);
    for (int i = 0; i < x.steps(); i++) {
      if (x.kinds[i] == StepSeries.FLOAT) {
        out.addFloat(grid.time(i), x.floats[i]);
      } else if (x.kinds[i] == StepSeries.HIST) {
        // between two steps there may be samples, so what the hints tell about neighbours is void
        Hist h = x.hist(i);
        out.addHist(grid.time(i), h.hint == ResetHint.GAUGE ? h : h.withHint(ResetHint.UNKNOWN));
      }
    }
    return out;
  }
}
