package io.narthex.query.eval;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.Expressions;
import io.narthex.query.functions.FunctionKernel;
import io.narthex.query.functions.FunctionKernel.OfWindows;
import io.narthex.query.functions.Operators;
import io.narthex.query.functions.RangeCall;
import io.narthex.query.functions.RangeFunction;
import io.narthex.query.functions.Windows;
import io.narthex.query.plan.Recorder;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.query.series.SeriesSink;
import io.narthex.query.series.StepSeries;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A function over a range selector that streams its results. A series with histograms, which is
 * large, is read, evaluated and dropped; series of floats are gathered until it pays to evaluate
 * them together, see {@link ParallelWindows}. Not thread-safe.
 */
final class SeriesFeed {
  /** Floats that are gathered: 2.4 MB, and as much for their times unless these are shared. */
  private static final int MOST_FLOATS = 300_000;

  private final Operators operators;
  private final QueryContext context;
  private final Selection selection;
  private final OfWindows kernels;
  private final FunctionKernel kernel;
  private final @Nullable Recorder recorder;
  private final Call call;
  private final MatrixSelector selector;
  private final Grid grid;
  private final SeriesSink sink;
  private final Windows windows;
  private final RangeFunction function;
  private final List<Samples> floats = new ArrayList<>();
  private final ArrayDeque<double[]> columns = new ArrayDeque<>(); // of series that are done

  /** Without their names series may have the same labels: those of which that is possible. */
  private final Set<Labels> seen = new HashSet<>();

  private final boolean mayBeSame;
  private @Nullable ParallelWindows parallel;
  private long gathered;
  private long series;
  private long samples;
  private long readingNanos;
  private long sinceNanos;

  SeriesFeed(
      Operators operators,
      Selection selection,
      @Nullable Recorder recorder,
      FunctionKernel kernel,
      Call call,
      Grid grid,
      SeriesSink sink) {
    this.operators = operators;
    this.context = operators.context();
    this.selection = selection;
    this.recorder = recorder;
    this.kernel = kernel;
    this.kernels = (OfWindows) kernel.evaluation();
    this.call = call;
    this.selector = java.util.Objects.requireNonNull(selector(call));
    this.grid = grid;
    this.sink = sink;
    windows = Windows.of(selector, grid, context);
    mayBeSame =
        !context.options.delayedNameRemoval()
            && selector.selector().matchers().stream()
                .noneMatch(
                    m -> m.type() == Matcher.Type.EQUAL && m.name().equals(Labels.METRIC_NAME));
    function = newFunction();
  }

  /** Returns whether a call gives one series for each of a selector that nothing else reads. */
  static boolean serves(Call c, FunctionKernel kernel, Grid grid, Selection selection) {
    MatrixSelector m = selector(c);
    return m != null
        && m.selector().mode() == RangeMode.PLAIN
        && kernel.isPerSeries()
        && selection.isAlone(m, grid);
  }

  private static @Nullable MatrixSelector selector(Call c) {
    return c.arguments().size() == 1
            && Expressions.unwrap(c.arguments().getFirst()) instanceof MatrixSelector m
        ? m
        : null;
  }

  private RangeFunction newFunction() {
    Expr written = call.arguments().getFirst();
    return kernels.kernel().create(RangeCall.of(operators, call, written, RangeMode.PLAIN, grid));
  }

  /**
   * Reads and evaluates all series.
   *
   * @param ordered whether they have to come in label order
   */
  void run(boolean ordered) {
    long read = context.samplesRead();
    sinceNanos = System.nanoTime();
    selection.each(
        Selection.ordered(
            selection.request(
                selector.selector().matchers(),
                windows.firstMs(grid),
                windows.lastMs(grid),
                call.function().name(),
                windows.rangeMs,
                grid.size() > 1 ? grid.stepMs() : 0),
            ordered),
        false,
        this::column,
        this::take);
    readingNanos += System.nanoTime() - sinceNanos;
    flush();
    Recorder noted = recorder;
    if (noted != null) {
      noted.add(selector, series, samples, context.samplesRead() - read, readingNanos);
    }
  }

  private void take(Samples s) {
    readingNanos += System.nanoTime() - sinceNanos;
    series++;
    samples += s.floatCount + s.histCount;
    if (s.histCount == 0) {
      floats.add(s);
      gathered += s.floatCount;
      if (gathered > MOST_FLOATS) {
        flush();
      }
    } else {
      flush(); // keeps the order of the series
      hand(windows.apply(function, s, grid, context, null));
      context.drop(s.bytes());
    }
    sinceNanos = System.nanoTime();
  }

  private void flush() {
    Windows gatheredOnes = windows.over(floats);
    if (ParallelWindows.pays(gatheredOnes, grid, call, kernel, RangeMode.PLAIN)) {
      ParallelWindows several = parallel;
      if (several == null) {
        several = new ParallelWindows(context, grid, this::newFunction, true);
        parallel = several;
      }
      several.evaluate(gatheredOnes, this::hand);
    } else {
      StepSeries unused = null;
      for (Samples s : floats) {
        context.check();
        unused = windows.apply(function, s, grid, context, unused);
        hand(unused);
      }
    }
    columns.clear();
    for (Samples s : floats) {
      context.drop(s.bytes());
      columns.add(s.takeColumn());
    }
    floats.clear();
    gathered = 0;
  }

  private double[] column() {
    double[] column = columns.poll();
    return column == null ? Samples.NO_VALUES : column;
  }

  private void hand(StepSeries result) {
    if (result.isEmpty()) {
      return;
    }
    if (mayBeSame && !seen.add(result.labels)) {
      throw LabelSets.duplicate();
    }
    sink.add(result);
    context.drop(result.bytes());
  }
}
