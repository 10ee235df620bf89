package io.narthex.query;

import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Functions;
import io.narthex.promql.Printer;
import io.narthex.promql.PromqlParser;
import io.narthex.query.QueryRunner.Outcome;
import io.narthex.query.QueryRunner.Query;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.context.QueryMemory;
import io.narthex.query.functions.FunctionTable;
import io.narthex.query.functions.PluginFunctions;
import io.narthex.query.plan.Planner;
import io.narthex.query.plan.SyntaxTree;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.query.EmptyResultExplainer;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.query.QueryResult;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The engine: {@link QueryAdmission} decides when a query may run, {@link ExpressionParser} parses
 * it, {@link QueryRunner} plans and evaluates it. Thread-safe; a query that a virtual thread asks
 * for runs on a platform thread, see {@link QueryThreads}, and ends early when the calling thread
 * is interrupted.
 *
 * <p>What a query holds is counted in samples and in bytes. One that finds no memory because others
 * hold it starts over when it is free, see {@link QueryMemory}.
 */
public final class PromqlEngine implements QueryEngine, QueryInspector, EmptyResultExplainer {
  private static final Duration EXPLAINED_WITHIN = Duration.ofSeconds(3);

  private final Storage storage;
  private final Supplier<EngineOptions> settings;
  private final FunctionRegistry functions;
  private final QueryAdmission admission;
  private final ExpressionParser parser;
  private final QueryRunner runner;

  /** Receives the reason for each query that a limit refuses. */
  volatile Consumer<Refusal> refusals = reason -> {};

  /**
   * Creates an engine.
   *
   * @param storage what is read
   * @param settings read for each query, except for the number of concurrent ones
   */
  public PromqlEngine(Storage storage, Supplier<EngineOptions> settings) {
    this(storage, settings, PluginFunctions.NONE);
  }

  /**
   * Creates an engine with functions of plugins.
   *
   * @param storage what is read
   * @param settings read for each query, except for the number of concurrent ones
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
      QueryRunner.Planning planning) {
    this.storage = storage;
    this.functions = functions;
    this.settings = settings;
    Consumer<Refusal> refused = reason -> refusals.accept(reason);
    admission = new QueryAdmission(settings.get().maxConcurrent(), memory, refused);
    parser = new ExpressionParser(FunctionTable.builtIn(), functions, refused);
    runner = new QueryRunner(storage, functions, parser, admission, planning);
  }

  /** Sets where running queries are recorded. */
  void track(@Nullable ActiveQueries active) {
    runner.active = active;
  }

  QueryMemory memory() {
    return admission.memory();
  }

  /** Ends the threads when they are idle; no more queries are accepted. */
  public void stop() {
    admission.stop();
  }

  /** Returns the parser for some settings. */
  public static PromqlParser parser(EngineOptions o) {
    return ExpressionParser.of(o, name -> null, () -> {});
  }

  @Override
  public QueryResult instant(String expression, long timeMs, Options options) {
    return instantly(expression, timeMs, options).result();
  }

  Outcome instantly(String expression, long timeMs, Options options) {
    return run(new Query(expression, timeMs, timeMs, 0, true, options, false));
  }

  @Override
  public QueryResult range(
      String expression, long startMs, long endMs, long stepMs, Options options) {
    return stepwise(expression, startMs, endMs, stepMs, options).result();
  }

  Outcome stepwise(String expression, long startMs, long endMs, long stepMs, Options options) {
    return run(new Query(expression, startMs, endMs, stepMs, false, options, false));
  }

  @Override
  public PlanNode explain(
      String expression, long startMs, long endMs, long stepMs, Options options) {
    boolean instant = stepMs == 0;
    long end = instant ? startMs : endMs;
    Outcome o = run(new Query(expression, startMs, end, stepMs, instant, options, true));
    return Objects.requireNonNull(o.plan());
  }

  @Override
  public Explanation whyEmpty(
      String expression,
      long startMs,
      long endMs,
      Function<String, @Nullable MetricMetadata> metadata) {
    Expr expr = parsed(expression, e -> e);
    EngineOptions o = settings.get();
    try {
      return new EmptyResults(
              this, storage, startMs, endMs, o.lookback(), metadata, EXPLAINED_WITHIN)
          .explain(expr);
    } catch (StorageException.Closed e) {
      throw new QueryException(QueryException.Kind.UNAVAILABLE, String.valueOf(e.getMessage()));
    } catch (StorageException e) {
      throw new QueryException(QueryException.Kind.EXECUTION, String.valueOf(e.getMessage()));
    }
  }

  private Outcome run(Query query) {
    return runner.run(query, settings.get());
  }

  @Override
  public Map<String, Map<String, Boolean>> features() {
    return LanguageFeatures.of(settings.get(), FunctionTable.builtIn());
  }

  /* expressions that are not evaluated */

  private <T> T parsed(String expression, Function<Expr, T> use) {
    EngineOptions o = settings.get();
    return admission.parse(
        deadline(o),
        admitted -> {
          try (FunctionRegistry.Lease lease = functions.lease()) {
            return use.apply(parser.parse(expression, o, lease, admitted));
          }
        });
  }

  private static long deadline(EngineOptions o) {
    return System.nanoTime() + o.timeout().toNanos();
  }

  @Override
  public void check(String expression) {
    Expr unused = parsed(expression, expr -> expr);
  }

  @Override
  public String format(String expression) {
    return parsed(expression, Printer::pretty);
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
  public Map<String, @Nullable Object> syntaxTree(String expression) {
    return parsed(expression, SyntaxTree::of);
  }

  @Override
  public List<List<Matcher>> selectors(String expression) {
    return parsed(expression, PromqlEngine::selectorsOf);
  }

  private static List<List<Matcher>> selectorsOf(Expr expr) {
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
  }

  @Override
  public List<Matcher> selector(String text) {
    EngineOptions o = settings.get();
    return admission.parse(deadline(o), admitted -> parser.selector(text, o, admitted));
  }
}
