package io.narthex.query;

import io.narthex.format.re2.Re2;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.promql.Functions;
import io.narthex.promql.ParseException;
import io.narthex.promql.ParserOptions;
import io.narthex.promql.Printer;
import io.narthex.promql.PromqlParser;
import io.narthex.promql.ValueType;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.context.QueryMemory;
import io.narthex.query.context.QueryTurns;
import io.narthex.query.eval.Evaluator;
import io.narthex.query.functions.Expressions;
import io.narthex.query.functions.FunctionTable;
import io.narthex.query.functions.PluginFunctions;
import io.narthex.query.functions.QueryFunctions;
import io.narthex.query.functions.RangeFunction;
import io.narthex.query.functions.Windows;
import io.narthex.query.plan.Plan;
import io.narthex.query.plan.Planner;
import io.narthex.query.plan.Recorder;
import io.narthex.query.plan.SyntaxTree;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.query.AnswerMemory;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.query.QueryOrigin;
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
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The engine: waits for a query's turn, parses it, evaluates it over a storage. Thread-safe; a
 * query that a virtual thread asks for runs on a thread of the platform, see {@link QueryThreads},
 * and ends early when the thread that asks is interrupted.
 *
 * <p>What a query holds is counted in samples and in bytes. One that finds no memory because others
 * hold it begins again when it is free, see {@link QueryMemory}. A range query that would hold more
 * than one query may is evaluated in slices of its steps: wide vectors with few values are small
 * results, but have room for all steps on the way.
 */
public final class PromqlEngine implements QueryEngine, QueryInspector {
  private static final NativeHistogram[] NO_HISTOGRAMS = new NativeHistogram[0];

  private final Storage storage;
  private final Supplier<EngineOptions> settings;
  private final QueryTurns turns;
  private final QueryTurns parsers;
  private final FunctionRegistry functions;
  private final QueryMemory memory;
  private final QueryThreads threads;
  private final Planning planning;

  /** Is given the reason of each query that is refused because of a limit. */
  volatile Consumer<Refusal> refusals = reason -> {};

  /** Where running queries are noted, if anywhere. */
  volatile @Nullable ActiveQueries active;

  /** A limit that a query exceeds. */
  enum Refusal {
    /** Characters of the text. */
    LENGTH,
    /** Tokens of the text. */
    TOKENS,
    /** Depth of the expression. */
    DEPTH,
    /** Samples held. */
    SAMPLES,
    /** Bytes held. */
    MEMORY,
    /** The time it may take, all of which it waited for its turn or for memory. */
    QUEUE;

    String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Plans queries before they are evaluated. */
  interface Planning {
    /** See {@link Planner#plan}. */
    Plan plan(Expr e, Grid grid, QueryContext context, QueryFunctions functions, boolean leavesOut);
  }

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
    this(
        storage,
        settings,
        functions,
        new QueryMemory(new WorkMemory(Runtime.getRuntime().maxMemory())));
  }

  PromqlEngine(
      Storage storage,
      Supplier<EngineOptions> settings,
      FunctionRegistry functions,
      QueryMemory memory) {
    this(storage, settings, functions, memory, Planner::plan);
  }

  PromqlEngine(
      Storage storage,
      Supplier<EngineOptions> settings,
      FunctionRegistry functions,
      QueryMemory memory,
      Planning planning) {
    this.storage = storage;
    this.planning = planning;
    this.functions = functions;
    this.settings = settings;
    this.memory = memory;
    int most = settings.get().maxConcurrent();
    int cores = Runtime.getRuntime().availableProcessors();
    this.turns = new QueryTurns(most, cores);
    this.parsers = new QueryTurns(cores, cores);
    this.threads = new QueryThreads(most + cores);
    FunctionTable unused = FunctionTable.builtIn(); // a mismatch shows at the start
  }

  QueryMemory memory() {
    return memory;
  }

  /** Ends the threads when they are idle; queries can be asked for no more. */
  void stop() {
    threads.stop();
  }

  /** Returns the parser for some settings. */
  public static PromqlParser parser(EngineOptions o) {
    return parser(o, name -> null, () -> {});
  }

  private static PromqlParser parser(
      EngineOptions o, ParserOptions.FunctionSource extra, PromqlParser.Progress progress) {
    return new PromqlParser(
        new ParserOptions(
            o.experimentalFunctions(),
            o.extendedRangeSelectors(),
            o.binopFill(),
            pattern -> {
              progress.check();
              return Re2.compile(pattern);
            },
            extra),
        progress);
  }

  /** Has a parser stop at a deadline or an interrupt, and ask for the memory it needs. */
  private record Watch(long deadlineNanos, QueryMemory.Share share, QueryTurns.Turn turn)
      implements PromqlParser.Progress {
    @Override
    public void begin(int tokens) {
      share.require((long) tokens * PromqlParser.BYTES_PER_TOKEN);
      check();
    }

    @Override
    public void check() {
      QueryContext.checkNow(deadlineNanos, "query preparation");
      turn.check();
    }
  }

  private Expr parse(
      String expression, EngineOptions o, FunctionRegistry.Lease lease, Watch watch) {
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
      return parser(o, source, watch).parse(expression);
    } catch (ParseException e) {
      refused(e);
      String unknown = e.errors().getFirst().unknownFunction();
      String plugin = unknown == null ? null : gone.get(unknown);
      boolean alone =
          e.errors().stream()
              .map(ParseException.ParseError::unknownFunction)
              .allMatch(name -> name != null && gone.containsKey(name));
      throw new QueryException(
          Kind.BAD_DATA,
          plugin == null
              ? String.valueOf(e.getMessage())
              : e.getMessage() + "; plugin " + plugin + ", which had it, is not running",
          alone ? plugin : null,
          unknown);
    }
  }

  /** Counts an expression that is refused for its size. */
  private void refused(ParseException e) {
    ParseException.Limit limit = e.limit();
    if (limit != null) {
      refusals.accept(
          switch (limit) {
            case LENGTH -> Refusal.LENGTH;
            case TOKENS -> Refusal.TOKENS;
            case DEPTH -> Refusal.DEPTH;
          });
    }
  }

  @Override
  public QueryResult instant(String expression, long timeMs, Options options) {
    return new Run(expression, timeMs, timeMs, 0, true, options, false).run().result;
  }

  @Override
  public QueryResult range(
      String expression, long startMs, long endMs, long stepMs, Options options) {
    return new Run(expression, startMs, endMs, stepMs, false, options, false).run().result;
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

  /** What is done with a syntax tree. */
  private interface Use<T> {
    T of(Expr expr);
  }

  /** Parses outside of queries: as many texts at a time as there are cores. */
  private <T> T parsed(String expression, Use<T> use) {
    EngineOptions o = settings.get();
    return inTurn(
        parsers,
        QueryTurns.Lane.INSTANT,
        System.nanoTime() + o.timeout().toNanos(),
        (watch, share) -> {
          try (FunctionRegistry.Lease lease = functions.lease()) {
            return use.of(parse(expression, o, lease, watch));
          }
        });
  }

  /** Something that needs a turn, and memory. */
  private interface Turn<T> {
    T take(Watch watch, QueryMemory.Share share);
  }

  /**
   * Waits for a turn and takes it; when there is no memory, or no turn for a long one, again as
   * soon as there is.
   */
  private <T> T inTurn(QueryTurns turns, QueryTurns.Lane first, long deadline, Turn<T> work) {
    QueryMemory.Share share = memory.open();
    QueryTurns.Lane lane = first;
    try {
      while (true) {
        long needed = 0;
        try (QueryTurns.Turn turn = turns.await(lane, deadline)) {
          QueryMemory.Share mine = share;
          return threads.run(() -> work.take(new Watch(deadline, mine, turn), mine));
        } catch (QueryTurns.NotShort e) {
          lane = QueryTurns.Lane.LONG;
        } catch (QueryMemory.Shortage e) {
          needed = e.needed;
        } catch (QueryMemory.TooLarge e) {
          refusals.accept(Refusal.MEMORY);
          throw QueryContext.failed(QueryContext.TOO_MANY);
        } catch (QueryContext.TooManySamples e) {
          refusals.accept(Refusal.SAMPLES);
          throw QueryContext.failed(QueryContext.TOO_MANY);
        }
        share.close();
        share = needed == 0 ? memory.open() : memory.await(needed, deadline);
      }
    } catch (QueryMemory.TimedOut e) {
      refusals.accept(Refusal.QUEUE);
      throw new QueryException(Kind.TIMEOUT, "query timed out in query queue");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QueryException(Kind.CANCELED, "query was canceled in query queue");
    } finally {
      share.close();
    }
  }

  @Override
  public String format(String expression) {
    return parsed(expression, Printer::pretty);
  }

  @Override
  public List<List<Matcher>> selectors(String expression) {
    return parsed(
        expression,
        expr -> {
          List<List<Matcher>> found = new ArrayList<>();
          Deque<Expr> left = new ArrayDeque<>();
          left.push(expr);
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
        });
  }

  @Override
  public Map<String, Map<String, Boolean>> features() {
    return LanguageFeatures.of(settings.get());
  }

  @Override
  public Map<String, @Nullable Object> syntaxTree(String expression) {
    return parsed(expression, SyntaxTree::of);
  }

  @Override
  public PlanNode explain(
      String expression, long startMs, long endMs, long stepMs, Options options) {
    boolean instant = stepMs == 0;
    Outcome o =
        new Run(expression, startMs, instant ? startMs : endMs, stepMs, instant, options, true)
            .run();
    return Objects.requireNonNull(o.plan);
  }

  /** Returns how many series there are, as far as there is memory to list them. */
  private long countSeries(List<Matcher> matchers, QueryMemory.Share share) {
    int most = (int) Math.min(PlanNode.ESTIMATE_LIMIT, memory.perQuery() / LISTED_SERIES_BYTES);
    share.require((long) most * LISTED_SERIES_BYTES);
    return storage.series(List.of(matchers), Long.MIN_VALUE, Long.MAX_VALUE, most).size();
  }

  @Override
  public void check(String expression) {
    Expr unused = parsed(expression, expr -> expr);
  }

  @Override
  public Canonical canonical(String expression) {
    return parsed(
        expression, expr -> new Canonical(Printer.print(expr), callsFunctionOfPlugin(expr)));
  }

  private static boolean callsFunctionOfPlugin(Expr e) {
    return (e instanceof Expr.Call c && Functions.get(c.function().name()) == null)
        || SyntaxTree.children(e).stream().anyMatch(PromqlEngine::callsFunctionOfPlugin);
  }

  @Override
  public List<Matcher> selector(String text) {
    EngineOptions o = settings.get();
    return inTurn(
        parsers,
        QueryTurns.Lane.INSTANT,
        System.nanoTime() + o.timeout().toNanos(),
        (watch, share) -> {
          try {
            return parser(o, name -> null, watch).parseSelector(text).matchers();
          } catch (ParseException e) {
            refused(e);
            throw new QueryException(Kind.BAD_DATA, String.valueOf(e.getMessage()));
          }
        });
  }

  /**
   * What a run gives.
   *
   * @param plan of one that is recorded
   */
  private record Outcome(QueryResult result, @Nullable PlanNode plan) {}

  /** One query. */
  private final class Run {
    /** Into how many slices the steps are cut, one after the other when there is no memory. */
    private static final int[] SLICES = {1, 8, 64};

    private final String text;
    private final long startMs;
    private final long endMs;
    private final long stepMs;
    private final boolean instant;
    private final Options options;
    private final boolean recorded;
    private final EngineOptions settings = PromqlEngine.this.settings.get();
    private final long created = System.nanoTime();
    private final long deadline;
    private int cut; // index into SLICES, kept when the query begins again

    Run(
        String text,
        long startMs,
        long endMs,
        long stepMs,
        boolean instant,
        Options options,
        boolean recorded) {
      this.text = text;
      this.startMs = startMs;
      this.endMs = endMs;
      this.stepMs = stepMs;
      this.instant = instant;
      this.options = options;
      this.recorded = recorded;
      Duration most = settings.timeout();
      Duration timeout = options.timeout();
      deadline =
          created + (timeout == null || timeout.compareTo(most) > 0 ? most : timeout).toNanos();
    }

    Outcome run() {
      try {
        return PromqlEngine.this.inTurn(turns, lane(), deadline, this::attempt);
      } catch (StorageException.Closed e) {
        throw new QueryException(Kind.UNAVAILABLE, String.valueOf(e.getMessage()));
      } catch (StorageException e) {
        throw new QueryException(Kind.INTERNAL, String.valueOf(e.getMessage()));
      }
    }

    private QueryTurns.Lane lane() {
      if (options.origin() instanceof QueryOrigin.RuleGroup) {
        return QueryTurns.Lane.RULE;
      }
      return instant ? QueryTurns.Lane.INSTANT : QueryTurns.Lane.RANGE;
    }

    private Outcome attempt(Watch watch, QueryMemory.Share share) {
      ActiveQueries tracker = active;
      int place = tracker == null ? -1 : tracker.begin(text);
      try {
        return inTurn(watch, share);
      } finally {
        if (tracker != null) {
          tracker.end(place);
        }
      }
    }

    private Outcome inTurn(Watch watch, QueryMemory.Share share) {
      long begun = System.nanoTime();
      try (FunctionRegistry.Lease lease = functions.lease()) {
        Expr expr = parse(text, settings, lease, watch);
        if (!instant) {
          checkRange(expr, stepMs);
        }
        while (true) {
          try {
            return evaluate(expr, lease, share, watch, begun);
          } catch (QueryMemory.TooLarge e) {
            if (cut == SLICES.length - 1 || size() <= SLICES[cut]) {
              throw e;
            }
            cut++;
          }
        }
      }
    }

    private long size() {
      return instant ? 1 : endMs < startMs ? 0 : (endMs - startMs) / stepMs + 1;
    }

    private Outcome evaluate(
        Expr expr, FunctionRegistry.Lease lease, QueryMemory.Share share, Watch watch, long begun) {
      QueryTurns.Turn turn = watch.turn();
      long parsed = System.nanoTime();
      if (size() > Integer.MAX_VALUE - 8) {
        throw new QueryMemory.TooLarge();
      }
      Recorder recorder = null;
      if (recorded) {
        recorder = new Recorder();
        recorder.estimate(
            expr,
            matchers -> {
              watch.check();
              return countSeries(matchers, share);
            });
      }
      QueryFunctions functions = new QueryFunctions(lease);
      Annotations annotations = new Annotations(text);
      Grid grid = new Grid(startMs, instant ? 1 : stepMs, (int) size());
      Parts parts = new Parts(grid);
      int width = (grid.size() + SLICES[cut] - 1) / SLICES[cut];
      Figures figures = new Figures(options.perStepStatistics() ? grid.size() : 0);
      int from = 0;
      do {
        Grid slice =
            from == 0 && width == grid.size()
                ? grid
                : new Grid(grid.time(from), grid.stepMs(), Math.min(width, grid.size() - from));
        QueryContext context =
            new QueryContext(
                settings,
                storage,
                startMs,
                endMs,
                stepMs,
                instant,
                (options.lookback() == null ? settings.lookback() : options.lookback()).toMillis(),
                deadline,
                annotations,
                share,
                turn,
                figures.peak,
                parts.bytes);
        context.fits(slice.size());
        if (options.perStepStatistics()) {
          context.countPerStep(slice.size());
        }
        Plan plan = planning.plan(expr, slice, context, functions, !options.statistics());
        if (recorder != null) {
          recorder.use(plan);
        }
        Evaluator evaluator = new Evaluator(context, functions, plan, recorder);
        parts.add(
            instant ? instantData(evaluator, expr, slice) : rangeData(evaluator, expr, slice));
        figures.add(context, from);
        from += width;
      } while (from < grid.size());
      QueryResult.Data data = parts.whole();
      PlanNode explained = null;
      if (recorder != null) {
        explained =
            recorder.plan(
                expr,
                parts.bytes,
                bytes -> {
                  watch.check();
                  share.require(bytes);
                });
      }
      keep(share, parts.bytes);
      long done = System.nanoTime();
      QueryResult result =
          new QueryResult(
              data,
              annotations.warnings(),
              annotations.infos(),
              new QueryResult.Statistics(
                  done - parsed,
                  0,
                  parsed - begun,
                  done - parsed,
                  begun - created,
                  done - created,
                  figures.queryable,
                  figures.read,
                  figures.peak,
                  options.perStepStatistics() ? figures.perStep : null));
      return new Outcome(result, explained);
    }

    /** Has the caller keep the memory of the answer, if it will give it back. */
    private void keep(QueryMemory.Share share, long bytes) {
      AnswerMemory memory = options.memory();
      if (memory != null) {
        memory.hold(share.split(bytes)::close);
      }
    }
  }

  /** What a query has cost so far. */
  private static final class Figures {
    long queryable;
    long read;

    /** Samples held at most: what the slices held together, since one query would have. */
    long peak;

    final long[] perStep;

    Figures(int steps) {
      perStep = new long[steps];
    }

    void add(QueryContext context, int from) {
      queryable += context.queryableSamples();
      read += context.samplesRead();
      peak += context.peakSamples();
      long[] more = context.perStep();
      if (more.length > 0) {
        System.arraycopy(more, 0, perStep, from, more.length);
      }
    }
  }

  /** The answers for the slices of a query, which become one. */
  private static final class Parts {
    private final Grid grid;
    private final Map<Labels, List<QueryResult.Series>> series = new HashMap<>();
    private QueryResult.@Nullable Data first;

    /** About the bytes of all parts. */
    long bytes;

    Parts(Grid grid) {
      this.grid = grid;
    }

    void add(QueryResult.Data part) {
      bytes += bytes(part);
      if (first == null && series.isEmpty()) {
        first = part;
        return;
      }
      scatter(first);
      first = null;
      scatter(part);
    }

    private void scatter(QueryResult.@Nullable Data part) {
      if (part instanceof QueryResult.Data.Matrix m) {
        for (QueryResult.Series s : m.series()) {
          series.computeIfAbsent(s.labels(), l -> new ArrayList<>(2)).add(s);
        }
      }
    }

    QueryResult.Data whole() {
      if (first != null) {
        return first;
      }
      List<Labels> order = new ArrayList<>(series.keySet());
      order.sort(null);
      long[] allTimes = times(grid);
      List<QueryResult.Series> out = new ArrayList<>(order.size());
      for (Labels labels : order) {
        out.add(join(labels, Objects.requireNonNull(series.remove(labels)), allTimes));
      }
      return new QueryResult.Data.Matrix(out);
    }

    private static QueryResult.Series join(
        Labels labels, List<QueryResult.Series> parts, long[] allTimes) {
      int floats = 0;
      int hists = 0;
      for (QueryResult.Series s : parts) {
        floats += s.timesMs().length;
        hists += s.histogramTimesMs().length;
      }
      boolean whole = floats == allTimes.length;
      long[] times = whole ? allTimes : new long[floats];
      double[] values = new double[floats];
      long[] histTimes = hists == 0 ? Samples.NO_TIMES : new long[hists];
      NativeHistogram[] histograms = hists == 0 ? NO_HISTOGRAMS : new NativeHistogram[hists];
      int f = 0;
      int h = 0;
      for (QueryResult.Series s : parts) {
        int n = s.timesMs().length;
        if (!whole) {
          System.arraycopy(s.timesMs(), 0, times, f, n);
        }
        System.arraycopy(s.values(), 0, values, f, n);
        f += n;
        n = s.histogramTimesMs().length;
        System.arraycopy(s.histogramTimesMs(), 0, histTimes, h, n);
        System.arraycopy(s.histograms(), 0, histograms, h, n);
        h += n;
      }
      return new QueryResult.Series(labels, times, values, histTimes, histograms);
    }
  }

  private static final int RESULT_BYTES = 120;

  /** About the bytes of a series in a list; texts of labels are those of the series. */
  private static final int LISTED_SERIES_BYTES = 200;

  /** Returns about how many bytes an answer takes; texts of labels are those of the series. */
  private static long bytes(QueryResult.Data data) {
    return switch (data) {
      case QueryResult.Data.Scalar _, QueryResult.Data.Text _ -> RESULT_BYTES;
      case QueryResult.Data.Vector v -> {
        long n = (long) RESULT_BYTES * v.samples().size();
        for (QueryResult.VectorSample s : v.samples()) {
          n += s.histogram() == null ? 0 : bytes(s.histogram());
        }
        yield n;
      }
      case QueryResult.Data.Matrix m -> {
        long n = 0;
        long[] shared = null;
        for (QueryResult.Series s : m.series()) {
          n += RESULT_BYTES + 8L * s.values().length + 16L * s.histograms().length;
          if (s.timesMs() != shared) {
            n += 8L * s.timesMs().length;
            shared = s.timesMs();
          }
          NativeHistogram before = null;
          for (NativeHistogram h : s.histograms()) {
            n += h == before ? 0 : bytes(h);
            before = h;
          }
        }
        yield n;
      }
    };
  }

  private static long bytes(NativeHistogram h) {
    return 160 + 16L * (h.positiveBuckets().length + h.negativeBuckets().length);
  }

  /* results */

  private static QueryResult.Data instantData(Evaluator evaluator, Expr expr, Grid grid) {
    Expr inner = Expressions.unwrap(expr);
    if (inner instanceof MatrixSelector || inner instanceof SubqueryExpr) {
      return matrix(evaluator, inner, grid);
    }
    Value v = evaluator.eval(expr, grid);
    return switch (v) {
      case Value.Text t -> new QueryResult.Data.Text(grid.startMs(), t.text());
      case Value.Scalar s -> new QueryResult.Data.Scalar(grid.startMs(), s.values()[0]);
      case Value.Vector x -> {
        List<QueryResult.VectorSample> out = new ArrayList<>();
        for (StepSeries s : LabelSets.finish(evaluator.context(), x.series())) {
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
        new RangeFunction(evaluator.context().annotations, range.position()) {
          @Override
          public void apply(Window w, StepSeries unused) {
            evaluator.context().take(RESULT_BYTES + 16L * (w.floats() + w.hists()));
            NativeHistogram[] h = new NativeHistogram[w.hists()];
            for (int i = 0; i < h.length; i++) {
              h[i] = samples.hists[w.histLo + i].toModel();
            }
            out.add(
                new QueryResult.Series(
                    samples.dropName ? LabelSets.withoutName(samples.labels) : samples.labels,
                    Arrays.copyOfRange(samples.floatTimes, w.floatLo, w.floatHi),
                    Arrays.copyOfRange(samples.floats, w.floatLo, w.floatHi),
                    Arrays.copyOfRange(samples.histTimes, w.histLo, w.histHi),
                    h));
          }
        };
    StepSeries unused = new StepSeries(Labels.EMPTY, false, 1);
    for (Samples s : windows.series) {
      collect.begin(s);
      windows.slide(s, collect, unused, grid, evaluator.context());
    }
    out.sort((a, b) -> a.labels().compareTo(b.labels()));
    for (int i = 1; i < out.size(); i++) {
      if (out.get(i).labels().equals(out.get(i - 1).labels())) {
        throw LabelSets.duplicate();
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
      out.add(
          new QueryResult.Series(
              Labels.EMPTY, times(grid), s.values(), Samples.NO_TIMES, NO_HISTOGRAMS));
      return new QueryResult.Data.Matrix(out);
    }
    long[] allTimes = times(grid);
    for (StepSeries s : LabelSets.finish(evaluator.context(), ((Value.Vector) v).series())) {
      QueryResult.Series series = series(s, grid, allTimes, evaluator.context());
      if (series.timesMs().length + series.histogramTimesMs().length > 0) {
        out.add(series);
      }
    }
    out.sort((a, b) -> a.labels().compareTo(b.labels()));
    return new QueryResult.Data.Matrix(out);
  }

  private static long[] times(Grid grid) {
    long[] times = new long[grid.size()];
    for (int i = 0; i < times.length; i++) {
      times[i] = grid.time(i);
    }
    return times;
  }

  /** Returns a series of the result; one without gaps shares the times of all steps. */
  private static QueryResult.Series series(
      StepSeries s, Grid grid, long[] allTimes, QueryContext context) {
    int floats = 0;
    int hists = 0;
    for (byte k : s.kinds) {
      floats += k == StepSeries.FLOAT ? 1 : 0;
      hists += k == StepSeries.HIST ? 1 : 0;
    }
    if (floats == s.steps()) {
      return new QueryResult.Series(s.labels, allTimes, s.floats, Samples.NO_TIMES, NO_HISTOGRAMS);
    }
    context.take(RESULT_BYTES + 16L * floats + 24L * hists);
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

  /** Returns whether a value is a staleness marker; results never hold one. */
  static boolean isStale(double v) {
    return StaleMarker.is(v);
  }
}
