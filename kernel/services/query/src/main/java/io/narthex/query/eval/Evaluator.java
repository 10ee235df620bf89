package io.narthex.query.eval;

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
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.Expressions;
import io.narthex.query.functions.FunctionKernel;
import io.narthex.query.functions.FunctionKernel.OfNumbers;
import io.narthex.query.functions.FunctionKernel.OfRange;
import io.narthex.query.functions.FunctionKernel.OfValues;
import io.narthex.query.functions.FunctionKernel.OfWindows;
import io.narthex.query.functions.FunctionKernel.WindowKernel;
import io.narthex.query.functions.FunctionTable;
import io.narthex.query.functions.Operators;
import io.narthex.query.functions.QueryFunctions;
import io.narthex.query.functions.RangeCall;
import io.narthex.query.functions.RangeFunction;
import io.narthex.query.functions.Windows;
import io.narthex.query.histogram.Hist;
import io.narthex.query.plan.Plan;
import io.narthex.query.plan.Recorder;
import io.narthex.query.plan.Shared;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import io.narthex.query.series.Samples;
import io.narthex.query.series.SeriesSink;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.DoubleBinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates expressions series by series over all steps at once. What does not depend on the step
 * is evaluated for one step and repeated. Not thread-safe.
 */
public final class Evaluator implements Operators {
  private final QueryContext context;
  private final QueryFunctions functions;
  private final Plan plan;
  private final @Nullable Recorder recorder;
  private final Selection selection;
  private final Aggregations aggregations;
  private final BinaryOperations binary;

  /**
   * Prepares an evaluation.
   *
   * @param recorder records what each part costs; null unless requested
   */
  public Evaluator(
      QueryContext context, QueryFunctions functions, Plan plan, @Nullable Recorder recorder) {
    this.context = context;
    this.functions = functions;
    this.plan = plan;
    this.recorder = recorder;
    this.selection = new Selection(context, plan);
    this.aggregations = new Aggregations(this);
    this.binary = new BinaryOperations(this, plan);
  }

  @Override
  public QueryContext context() {
    return context;
  }

  @Override
  public List<StepSeries> select(VectorSelector v, Grid grid, SamplePart part) {
    return selection.instant(v, grid, part);
  }

  @Override
  public boolean detectResets(boolean on) {
    boolean before = selection.detectResets;
    selection.detectResets = on;
    return before;
  }

  @Override
  public Value eval(Expr e, Grid grid) {
    return recorder == null ? evalHeld(e, grid) : evalRecorded(e, grid, recorder);
  }

  private Value evalRecorded(Expr e, Grid grid, Recorder noted) {
    long begun = System.nanoTime();
    long read = context.samplesRead();
    Value v = evalHeld(e, grid);
    long series = v instanceof Value.Vector x ? x.series().size() : 1;
    long samples = v instanceof Value.Vector ? Value.size(v) : grid.size();
    noted.add(e, series, samples, context.samplesRead() - read, System.nanoTime() - begun);
    return v;
  }

  private Value evalHeld(Expr e, Grid grid) {
    long held = context.held();
    long taken = context.taken();
    Shared shared = plan.shared(e, grid, context.isInSubquery());
    Value v =
        shared == null
            ? evalOnce(e, grid)
            : shared.eval(this::evalOnce, context, selection.detectResets, e, grid);
    context.settle(held + Value.size(v));
    context.settleBytes(taken + Value.bytes(v));
    return v;
  }

  /** Evaluates an expression, whether its value is shared or not. */
  private Value evalOnce(Expr e, Grid grid) {
    Double constant = plan.constant(e);
    if (constant != null) {
      return Value.scalar(grid, constant);
    }
    return grid.size() > 1 && plan.isInvariant(e)
        ? repeat(evalEach(e, grid.first()), grid.size())
        : evalEach(e, grid);
  }

  @Override
  public void feed(Expr e, Grid grid, SeriesSink sink) {
    boolean own = plan.isOwn(e, grid, context.isInSubquery());
    if (own && e instanceof VectorSelector v && selection.feeds(v, grid)) {
      feed(
          e,
          grid,
          sink,
          counted -> selection.feed(v, grid, counted, sink.needsLabels(), sink.needsOrder()));
      return;
    }
    if (own && e instanceof Call c) {
      FunctionKernel kernel = functions.of(c);
      if (SeriesFeed.serves(c, kernel, grid, selection)) {
        feed(
            e,
            grid,
            sink,
            counted ->
                new SeriesFeed(this, selection, recorder, kernel, c, grid, counted)
                    .run(sink.needsOrder()));
        return;
      }
    }
    vector(e, grid).forEach(sink::add);
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
    if (recorder != null) {
      recorder.add(
          e,
          seriesAndSamples[0],
          seriesAndSamples[1],
          context.samplesRead() - read,
          System.nanoTime() - begun);
    }
  }

  private Value evalEach(Expr e, Grid grid) {
    context.check();
    return switch (e) {
      case NumberLiteral n -> Value.scalar(grid, n.value());
      case StringLiteral s -> new Value.Text(s.value());
      case VectorSelector v -> new Value.Vector(selection.instant(v, grid, SamplePart.VALUE));
      case ParenExpr p -> eval(p.expr(), grid);
      case UnaryExpr u -> unary(u, grid);
      case BinaryExpr b -> binary.eval(b, grid);
      case Expr.AggregateExpr a -> new Value.Vector(aggregations.eval(a, grid));
      case Call c -> call(c, grid);
      case MatrixSelector _, SubqueryExpr _ ->
          throw new IllegalStateException("range vector outside of a function");
    };
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
          StepSeries r = LabelSets.renamed(context, s);
          for (int i = 0; i < s.steps(); i++) {
            if (s.kinds[i] == StepSeries.FLOAT) {
              r.set(i, -s.floats[i]);
            } else if (s.kinds[i] == StepSeries.HIST) {
              r.set(i, s.hist(i).times(-1));
            }
          }
          out.add(r);
        }
        yield new Value.Vector(LabelSets.merge(context, out));
      }
      case Value.Text t -> t;
    };
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
    FunctionKernel kernel = functions.of(c);
    return switch (kernel.evaluation()) {
      case OfNumbers f -> numbers(f.function(), c.arguments(), grid);
      case OfValues f -> f.kernel().eval(this, c, grid);
      case OfWindows f -> new Value.Vector(overWindows(c, kernel, f.kernel(), grid));
      case OfRange f -> {
        Expr range = Expressions.unwrap(rangeOf(c));
        checkMode(range, kernel);
        Windows windows = windows(range, grid, kernel.name());
        yield new Value.Vector(f.kernel().eval(this, range, windows, grid));
      }
    };
  }

  private Value numbers(DoubleBinaryOperator f, List<Expr> a, Grid grid) {
    double[] x = a.isEmpty() ? null : scalars(a.get(0), grid);
    double[] y = a.size() < 2 ? null : scalars(a.get(1), grid);
    double[] out = new double[grid.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = f.applyAsDouble(x == null ? Double.NaN : x[i], y == null ? Double.NaN : y[i]);
    }
    return new Value.Scalar(out);
  }

  private static Expr rangeOf(Call c) {
    for (Expr argument : c.arguments()) {
      if (argument.type() == ValueType.MATRIX) {
        return argument;
      }
    }
    throw new IllegalStateException(c.function().name() + "() has no range vector");
  }

  private List<StepSeries> overWindows(
      Call c, FunctionKernel kernel, WindowKernel code, Grid grid) {
    Expr written = rangeOf(c);
    Expr range = Expressions.unwrap(written);
    RangeMode mode = checkMode(range, kernel);
    Windows windows = windows(range, grid, kernel.name());
    RangeCall call = RangeCall.of(this, c, written, mode, grid);
    List<StepSeries> out = new ArrayList<>();
    if (ParallelWindows.pays(windows, grid, c, kernel, mode)) {
      new ParallelWindows(context, grid, () -> code.create(call), false)
          .evaluate(windows, out::add);
    } else {
      overEach(windows, code.create(call), grid, out);
    }
    if (!context.options.delayedNameRemoval()) {
      LabelSets.refuseDuplicates(out);
    }
    return out;
  }

  private void overEach(Windows windows, RangeFunction f, Grid grid, List<StepSeries> out) {
    for (Samples s : windows.series) {
      context.check();
      StepSeries r = windows.apply(f, s, grid, context, null);
      if (!r.isEmpty()) {
        out.add(r);
      }
    }
  }

  /** Returns the mode of a range vector. */
  private static RangeMode checkMode(Expr range, FunctionKernel kernel) {
    RangeMode mode = range instanceof MatrixSelector m ? m.selector().mode() : RangeMode.PLAIN;
    if (mode != RangeMode.PLAIN && !kernel.modes().contains(mode)) {
      throw QueryContext.failed(
          mode.name().toLowerCase(Locale.ROOT)
              + " modifier can only be used with: "
              + String.join(", ", FunctionTable.builtIn().allowing(mode))
              + " - not with "
              + kernel.name());
    }
    return mode;
  }

  /** Returns the samples of a range vector. */
  public Windows windows(Expr range, Grid grid, String function) {
    Recorder noted = recorder;
    if (noted == null) {
      return window(range, grid, function);
    }
    long begun = System.nanoTime();
    long read = context.samplesRead();
    Windows found = window(range, grid, function);
    long samples = 0;
    for (Samples s : found.series) {
      samples += s.floatCount + s.histCount;
    }
    noted.add(
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
        Windows shape = Windows.of(m, grid, context);
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

  private Windows subquery(SubqueryExpr s, Grid grid) {
    long rangeMs = context.duration(s.rangeMs(), s.rangeExpr(), true);
    long offset = context.duration(s.offsetMs(), s.offsetExpr(), false);
    long step = context.duration(s.stepMs(), s.stepExpr(), s.stepExpr() != null);
    if (step == 0) {
      step = Math.max(1, context.options.defaultSubqueryStep().toMillis());
    }
    At at = s.at();
    boolean fixed = at != null;
    long first = context.base(at, grid.time(0)) - offset;
    long last = fixed ? first : grid.endMs() - offset;
    long start = Grid.firstStep(first - rangeMs, step);
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

  private static Samples toSamples(StepSeries x, Grid grid) {
    Samples out = new Samples(x.labels, x.dropName);
    for (int i = 0; i < x.steps(); i++) {
      if (x.kinds[i] == StepSeries.FLOAT) {
        out.addFloat(grid.time(i), x.floats[i]);
      } else if (x.kinds[i] == StepSeries.HIST) {
        // samples between two steps are skipped, so hints about the previous sample do not hold
        Hist h = x.hist(i);
        out.addHist(grid.time(i), h.hint == ResetHint.GAUGE ? h : h.withHint(ResetHint.UNKNOWN));
      }
    }
    return out;
  }
}
