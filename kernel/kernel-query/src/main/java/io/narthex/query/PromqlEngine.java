package io.narthex.query;

import io.narthex.format.re2.Re2;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.promql.ParseException;
import io.narthex.promql.ParserOptions;
import io.narthex.promql.Printer;
import io.narthex.promql.PromqlParser;
import io.narthex.promql.ValueType;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.query.QueryResult;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The engine: parses a query, waits for its turn, evaluates it over a storage. Thread-safe; a query
 * runs on the thread that asks, and ends early when that thread is interrupted.
 */
public final class PromqlEngine implements QueryEngine, QueryInspector {
  private static final NativeHistogram[] NO_HISTOGRAMS = new NativeHistogram[0];

  private final Storage storage;
  private final Supplier<EngineOptions> settings;
  private final Semaphore slots;
  private final FunctionRegistry functions;

  /**
   * Creates an engine.
   *
   * @param storage what is read
   * @param settings read anew for each query, but for the number of concurrent ones
   */
  public PromqlEngine(Storage storage, Supplier<EngineOptions> settings) {
    this(storage, settings, PluginFunctions.NONE);
  }

  /**
   * Creates an engine with functions of plugins.
   *
   * @param storage what is read
   * @param settings read anew for each query, but for the number of concurrent ones
   * @param functions what plugins add
   */
  public PromqlEngine(
      Storage storage, Supplier<EngineOptions> settings, FunctionRegistry functions) {
    this.storage = storage;
    this.functions = functions;
    this.settings = settings;
    this.slots = new Semaphore(settings.get().maxConcurrent(), true);
  }

  /** Returns the parser for some settings. */
  public static PromqlParser parser(EngineOptions o) {
    return parser(o, name -> null);
  }

  private static PromqlParser parser(EngineOptions o, ParserOptions.FunctionSource extra) {
    return new PromqlParser(
        new ParserOptions(
            o.experimentalFunctions(),
            o.extendedRangeSelectors(),
            o.binopFill(),
            Re2::compile,
            extra));
  }

  private Expr parse(String expression, EngineOptions o, FunctionRegistry.Lease lease) {
    Map<String, String> gone = new HashMap<>();
    ParserOptions.FunctionSource source =
        name -> {
          PromqlFunction f = lease.find(name);
          String former = f == null ? functions.formerProvider(name) : null;
          if (former != null) {
            gone.put(name, former);
          }
          return f == null ? null : PluginFunctions.signature(f);
        };
    try {
      return parser(o, source).parse(expression);
    } catch (ParseException e) {
      String first = e.errors().getFirst().message();
      for (Map.Entry<String, String> g : gone.entrySet()) {
        if (isUnknown(first, g.getKey())) {
          boolean alone =
              e.errors().stream()
                  .allMatch(x -> gone.keySet().stream().anyMatch(n -> isUnknown(x.message(), n)));
          throw new QueryException(
              Kind.BAD_DATA,
              e.getMessage() + "; plugin " + g.getValue() + ", which had it, is not running",
              alone ? g.getValue() : null);
        }
      }
      throw new QueryException(Kind.BAD_DATA, String.valueOf(e.getMessage()));
    }
  }

  private static boolean isUnknown(String message, String function) {
    return message.equals("unknown function with name \"" + function + "\"");
  }

  @Override
  public QueryResult instant(String expression, long timeMs, Options options) {
    long prepared = System.nanoTime();
    EngineOptions o = settings.get();
    try (FunctionRegistry.Lease lease = functions.lease()) {
      Expr expr = parse(expression, o, lease);
      return run(expr, expression, timeMs, timeMs, 0, true, options, o, prepared, lease, null);
    }
  }

  @Override
  public QueryResult range(
      String expression, long startMs, long endMs, long stepMs, Options options) {
    long prepared = System.nanoTime();
    EngineOptions o = settings.get();
    try (FunctionRegistry.Lease lease = functions.lease()) {
      Expr expr = parse(expression, o, lease);
      checkRange(expr, stepMs);
      return run(
          expr, expression, startMs, endMs, stepMs, false, options, o, prepared, lease, null);
    }
  }

  private static void checkRange(Expr expr, long stepMs) {
    if (expr.type() != ValueType.VECTOR && expr.type() != ValueType.SCALAR) {
      throw new QueryException(
          Kind.BAD_DATA,
          "invalid expression type \""
              + expr.type().documented()
              + "\" for range query, must be Scalar or instant Vector");
    }
    if (stepMs <= 0) {
      throw new QueryException(
          Kind.BAD_DATA, "range query: step must be greater than 0, got " + stepMs + "ms");
    }
  }

  @Override
  public String format(String expression) {
    try (FunctionRegistry.Lease lease = functions.lease()) {
      return Printer.pretty(parse(expression, settings.get(), lease));
    }
  }

  @Override
  public List<List<Matcher>> selectors(String expression) {
    List<List<Matcher>> found = new ArrayList<>();
    Deque<Expr> left = new ArrayDeque<>();
    try (FunctionRegistry.Lease lease = functions.lease()) {
      left.push(parse(expression, settings.get(), lease));
    }
    while (!left.isEmpty()) {
      Expr e = left.pop();
      if (e instanceof Expr.VectorSelector v) {
        found.add(v.matchers());
      } else if (e instanceof MatrixSelector m) {
        found.add(m.selector().matchers());
      }
      SyntaxTree.children(e).reversed().forEach(left::push);
    }
    return found;
  }

  @Override
  public Map<String, Map<String, Boolean>> features() {
    return LanguageFeatures.of(settings.get());
  }

  @Override
  public Map<String, @Nullable Object> syntaxTree(String expression) {
    try (FunctionRegistry.Lease lease = functions.lease()) {
      return SyntaxTree.of(parse(expression, settings.get(), lease));
    }
  }

  @Override
  public PlanNode explain(
      String expression, long startMs, long endMs, long stepMs, Options options) {
    long prepared = System.nanoTime();
    EngineOptions o = settings.get();
    boolean instant = stepMs == 0;
    long end = instant ? startMs : endMs;
    try (FunctionRegistry.Lease lease = functions.lease()) {
      Expr expr = parse(expression, o, lease);
      if (!instant) {
        checkRange(expr, stepMs);
      }
      Recorder recorder = new Recorder();
      QueryResult unused =
          run(
              expr,
              expression,
              startMs,
              end,
              stepMs,
              instant,
              options,
              o,
              prepared,
              lease,
              recorder);
      return recorder.plan(expr, this::countSeries);
    }
  }

  private long countSeries(List<Matcher> matchers) {
    return storage
        .series(List.of(matchers), Long.MIN_VALUE, Long.MAX_VALUE, PlanNode.ESTIMATE_LIMIT)
        .size();
  }

  @Override
  public void check(String expression) {
    try (FunctionRegistry.Lease lease = functions.lease()) {
      Expr unused = parse(expression, settings.get(), lease);
    }
  }

  @Override
  public List<Matcher> selector(String text) {
    try {
      return parser(settings.get()).parseSelector(text).matchers();
    } catch (ParseException e) {
      throw new QueryException(Kind.BAD_DATA, String.valueOf(e.getMessage()));
    }
  }

  private QueryResult run(
      Expr expr,
      String text,
      long startMs,
      long endMs,
      long stepMs,
      boolean instant,
      Options options,
      EngineOptions o,
      long preparedNanos,
      FunctionRegistry.Lease lease,
      @Nullable Recorder recorder) {
    Duration timeout = options.timeout() == null ? o.timeout() : options.timeout();
    if (timeout.compareTo(o.timeout()) > 0) {
      timeout = o.timeout();
    }
    Duration lookback = options.lookback() == null ? o.lookback() : options.lookback();
    long deadline = System.nanoTime() + timeout.toNanos();
    long queued = System.nanoTime();
    try {
      if (!slots.tryAcquire(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new QueryException(Kind.TIMEOUT, "query timed out in query queue");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QueryException(Kind.CANCELED, "query was canceled in query queue");
    }
    long begun = System.nanoTime();
    try {
      QueryContext context =
          new QueryContext(
              o,
              storage,
              text,
              startMs,
              endMs,
              stepMs,
              instant,
              lookback.toMillis(),
              deadline,
              lease);
      context.recorder = recorder;
      long size = instant ? 1 : endMs < startMs ? 0 : (endMs - startMs) / stepMs + 1;
      if (size > Integer.MAX_VALUE - 8) {
        throw QueryContext.failed(
            "query processing would load too many samples into memory in query execution");
      }
      Grid grid = new Grid(startMs, instant ? 1 : stepMs, (int) size);
      if (options.perStepStatistics()) {
        context.countPerStep(grid.size());
      }
      Evaluator evaluator = new Evaluator(context);
      QueryResult.Data data =
          instant ? instantData(evaluator, expr, grid) : rangeData(evaluator, expr, grid);
      long done = System.nanoTime();
      return new QueryResult(
          data,
          context.annotations.warnings(),
          context.annotations.infos(),
          new QueryResult.Statistics(
              done - begun,
              0,
              queued - preparedNanos,
              done - begun,
              begun - queued,
              done - preparedNanos,
              context.queryableSamples(),
              context.samplesRead(),
              context.peakSamples(),
              options.perStepStatistics() ? context.perStep() : null));
    } catch (StorageException.Closed e) {
      throw new QueryException(Kind.UNAVAILABLE, String.valueOf(e.getMessage()));
    } catch (StorageException e) {
      throw new QueryException(Kind.INTERNAL, String.valueOf(e.getMessage()));
    } finally {
      slots.release();
    }
  }

  /* results */

  private static QueryResult.Data instantData(Evaluator evaluator, Expr expr, Grid grid) {
    Expr inner = Evaluator.unwrap(expr);
    if (inner instanceof MatrixSelector || inner instanceof SubqueryExpr) {
      return matrix(evaluator, inner, grid);
    }
    Value v = evaluator.eval(expr, grid);
    return switch (v) {
      case Value.Text t -> new QueryResult.Data.Text(grid.startMs(), t.text());
      case Value.Scalar s -> new QueryResult.Data.Scalar(grid.startMs(), s.values()[0]);
      case Value.Vector x -> {
        List<QueryResult.VectorSample> out = new ArrayList<>();
        for (StepSeries s : evaluator.finish(x.series())) {
          if (s.kinds[0] == StepSeries.FLOAT) {
            out.add(new QueryResult.VectorSample(s.labels, grid.startMs(), s.floats[0], null));
          } else if (s.kinds[0] == StepSeries.HIST) {
            out.add(new QueryResult.VectorSample(s.labels, grid.startMs(), 0, s.hist(0).toModel()));
          }
        }
        yield new QueryResult.Data.Vector(out);
      }
    };
  }

  private static QueryResult.Data matrix(Evaluator evaluator, Expr range, Grid grid) {
    if (range instanceof MatrixSelector m && m.selector().mode() != Expr.RangeMode.PLAIN) {
      throw QueryContext.failed(
          m.selector().mode().name().toLowerCase(java.util.Locale.ROOT)
              + " modifier can only be used inside a function");
    }
    Windows windows = evaluator.windows(range, grid, "");
    List<QueryResult.Series> out = new ArrayList<>();
    RangeFunction collect =
        new RangeFunction(evaluator.context.annotations, range.position()) {
          @Override
          void apply(Window w, StepSeries unused) {
            NativeHistogram[] h = new NativeHistogram[w.hists()];
            for (int i = 0; i < h.length; i++) {
              h[i] = samples.hists[w.histLo + i].toModel();
            }
            out.add(
                new QueryResult.Series(
                    samples.dropName ? evaluator.withoutName(samples.labels) : samples.labels,
                    Arrays.copyOfRange(samples.floatTimes, w.floatLo, w.floatHi),
                    Arrays.copyOfRange(samples.floats, w.floatLo, w.floatHi),
                    Arrays.copyOfRange(samples.histTimes, w.histLo, w.histHi),
                    h));
          }
        };
    StepSeries unused = new StepSeries(io.narthex.model.Labels.EMPTY, false, 1);
    for (Samples s : windows.series) {
      collect.begin(s);
      windows.slide(s, collect, unused, grid, evaluator.context);
    }
    out.sort((a, b) -> a.labels().compareTo(b.labels()));
    for (int i = 1; i < out.size(); i++) {
      if (out.get(i).labels().equals(out.get(i - 1).labels())) {
        throw Evaluator.sameLabelset();
      }
    }
    return new QueryResult.Data.Matrix(out);
  }

  private static QueryResult.Data rangeData(Evaluator evaluator, Expr expr, Grid grid) {
    List<QueryResult.Series> out = new ArrayList<>();
    if (grid.size() == 0) {
      return new QueryResult.Data.Matrix(out);
    }
    Value v = evaluator.eval(expr, grid);
    if (v instanceof Value.Scalar s) {
      long[] times = new long[grid.size()];
      for (int i = 0; i < times.length; i++) {
        times[i] = grid.time(i);
      }
      out.add(
          new QueryResult.Series(
              io.narthex.model.Labels.EMPTY, times, s.values(), new long[0], NO_HISTOGRAMS));
      return new QueryResult.Data.Matrix(out);
    }
    long[] allTimes = new long[grid.size()];
    for (int i = 0; i < allTimes.length; i++) {
      allTimes[i] = grid.time(i);
    }
    for (StepSeries s : evaluator.finish(((Value.Vector) v).series())) {
      QueryResult.Series series = series(s, grid, allTimes);
      if (series.timesMs().length + series.histogramTimesMs().length > 0) {
        out.add(series);
      }
    }
    out.sort((a, b) -> a.labels().compareTo(b.labels()));
    return new QueryResult.Data.Matrix(out);
  }

  /** Returns a series of the result; one without gaps shares the times of all steps. */
  private static QueryResult.Series series(StepSeries s, Grid grid, long[] allTimes) {
    int floats = 0;
    int hists = 0;
    for (byte k : s.kinds) {
      floats += k == StepSeries.FLOAT ? 1 : 0;
      hists += k == StepSeries.HIST ? 1 : 0;
    }
    if (floats == s.steps()) {
      return new QueryResult.Series(s.labels, allTimes, s.floats, Samples.NO_TIMES, NO_HISTOGRAMS);
    }
    long[] times = new long[floats];
    double[] values = new double[floats];
    long[] histTimes = new long[hists];
    NativeHistogram[] histograms = hists == 0 ? NO_HISTOGRAMS : new NativeHistogram[hists];
    int f = 0;
    int h = 0;
    for (int i = 0; i < s.steps(); i++) {
      if (s.kinds[i] == StepSeries.FLOAT) {
        times[f] = grid.time(i);
        values[f++] = s.floats[i];
      } else if (s.kinds[i] == StepSeries.HIST) {
        histTimes[h] = grid.time(i);
        histograms[h++] = s.hist(i).toModel();
      }
    }
    return new QueryResult.Series(s.labels, times, values, histTimes, histograms);
  }

  /** Tells whether a value is a staleness marker; results never hold one. */
  static boolean isStale(double v) {
    return StaleMarker.is(v);
  }
}
