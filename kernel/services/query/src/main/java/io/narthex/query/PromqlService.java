package io.narthex.query;

import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.model.go.PromDuration;
import io.narthex.query.QueryRunner.Outcome;
import io.narthex.query.RunningQueries.Asked;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.context.QueryMemory;
import io.narthex.query.functions.FunctionTable;
import io.narthex.query.functions.PluginFunctions;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.config.ReloadStage;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.query.EmptyResultExplainer;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryActivity;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.query.QueryOrigin;
import io.narthex.service.query.QueryResult;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's query engine: configured by flags and features, reading through the storage gate.
 */
@Component(service = {QueryEngine.class, ReloadListener.class})
public final class PromqlService
    implements QueryEngine, QueryInspector, QueryActivity, EmptyResultExplainer, ReloadListener {
  private static final Logger LOG = LoggerFactory.getLogger(PromqlService.class);
  private static final Duration DRAIN = Duration.ofSeconds(30);

  private final PromqlEngine engine;
  private final EngineMetrics metrics;
  private final @Nullable ActiveQueries active;
  private final RunningQueries running = new RunningQueries();
  private final QueryTotals totals = new QueryTotals(System::nanoTime);
  private volatile EngineOptions options;
  private volatile @Nullable QueryLog log; // replaced by apply(), which is called one at a time

  /** Creates the engine for a server. */
  @Activate
  public PromqlService(
      @Reference StorageGate storage,
      @Reference ServerInfo server,
      @Reference Metrics metrics,
      @Reference FunctionRegistry functions,
      @Reference WorkMemory memory) {
    functions.reserve(PluginFunctions.reserved());
    options = options(server);
    this.metrics = new EngineMetrics(metrics, options.maxConcurrent());
    warnOfUnmatched(FunctionTable.builtIn());
    engine = new PromqlEngine(storage, () -> options, functions, new QueryMemory(memory));
    engine.refusals = reason -> this.metrics.refused(reason.text());
    this.metrics.memory(engine.memory().total(), engine.memory()::granted);
    active = active(server, options.maxConcurrent());
    engine.track(active);
  }

  private static void warnOfUnmatched(FunctionTable functions) {
    if (!functions.withoutKernel().isEmpty()) {
      LOG.warn(
          "promql-grammar has functions that this query engine lacks: {}; they are refused as"
              + " unknown until kernel-query is updated too",
          String.join(", ", functions.withoutKernel()));
    }
    if (!functions.withoutSignature().isEmpty()) {
      LOG.warn(
          "this query engine has functions that promql-grammar lacks: {}; they are unknown until"
              + " promql-grammar is updated too",
          String.join(", ", functions.withoutSignature()));
    }
  }

  /** Creates the file of running queries; logs those that the previous process did not finish. */
  private static @Nullable ActiveQueries active(ServerInfo server, int most) {
    String folder = server.flag("storage.tsdb.path");
    if (folder.isEmpty()) {
      return null;
    }
    Path file = Path.of(folder, ActiveQueries.NAME);
    try {
      // a file of this process belongs to the engine that this one replaces
      if (!ActiveQueries.isNewerThan(file, server.startTime())) {
        List<String> unfinished = ActiveQueries.unfinished(file);
        if (!unfinished.isEmpty()) {
          LOG.warn(
              "These queries didn't finish in the last run: [{}]", String.join(",", unfinished));
        }
      }
      return new ActiveQueries(file, most, Clock.systemUTC());
    } catch (IOException e) {
      LOG.warn(
          "{}: cannot be written, got {}; running queries are not tracked", file, e.toString());
      return null;
    }
  }

  /** Returns the options that the flags and features of a server give. */
  public static EngineOptions options(ServerInfo server) {
    EngineOptions d = EngineOptions.DEFAULT;
    return new EngineOptions(
        duration(server.flag("query.lookback-delta"), d.lookback()),
        duration(server.flag("query.timeout"), d.timeout()),
        number(server.flag("query.max-samples"), d.maxSamples()),
        (int) number(server.flag("query.max-concurrency"), d.maxConcurrent()),
        d.defaultSubqueryStep(),
        server.feature("promql-delayed-name-removal"),
        server.feature("use-start-timestamps"),
        server.feature("type-and-unit-labels"),
        server.feature("promql-experimental-functions"),
        server.feature("promql-extended-range-selectors"),
        server.feature("promql-binop-fill-modifiers"));
  }

  private static Duration duration(String flag, Duration fallback) {
    return flag.isEmpty() ? fallback : PromDuration.parse(flag);
  }

  private static long number(String flag, long fallback) {
    return flag.isEmpty() ? fallback : Long.parseLong(flag);
  }

  @Override
  public String name() {
    return "query";
  }

  @Override
  public ReloadStage stage() {
    return ReloadStage.QUERY;
  }

  @Override
  public void apply(ConfigSnapshot snapshot) {
    var global = snapshot.prometheus().global();
    options = options.withSubqueryStep(global.evaluationInterval());
    String name = global.queryLogFile();
    Path file = name.isEmpty() ? null : Path.of(name);
    QueryLog old = log;
    if (!Objects.equals(file, old == null ? null : old.file())) {
      try {
        log = file == null ? null : new QueryLog(file, Clock.systemUTC());
      } catch (IOException e) {
        throw new ConfigException(
            "query_log_file: cannot open "
                + file
                + " for writing, got "
                + e.getMessage()
                + "; check the path and its permissions");
      }
      close(old);
      metrics.log(file != null);
    }
  }

  /**
   * Accepts no more queries and waits for those that run, unless the whole server stops; those that
   * take too long are cancelled. Then closes the query log.
   */
  @Deactivate
  public void stop(BundleContext bundle) {
    boolean serverEnds = bundle.getBundle(0).getState() == Bundle.STOPPING;
    running.stop(serverEnds ? Duration.ZERO : DRAIN);
    engine.stop();
    if (active != null) {
      active.close();
    }
    close(log);
  }

  private static void close(@Nullable QueryLog log) {
    if (log != null) {
      try {
        log.close();
      } catch (IOException e) {
        LOG.warn("query log {}: {}", log.file(), e.getMessage());
      }
    }
  }

  @Override
  public QueryResult instant(String expression, long timeMs, Options o) {
    return run(
        new Asked(expression, timeMs, timeMs, 0, o.origin()),
        () -> engine.instantly(expression, timeMs, o));
  }

  @Override
  public QueryResult range(String expression, long startMs, long endMs, long stepMs, Options o) {
    return run(
        new Asked(expression, startMs, endMs, stepMs, o.origin()),
        () -> engine.stepwise(expression, startMs, endMs, stepMs, o));
  }

  private QueryResult run(Asked asked, Supplier<Outcome> query) {
    if (asked.origin() instanceof QueryOrigin.WarmUp) {
      return running.within(query).result();
    }
    metrics.begin();
    long begun = System.nanoTime();
    try {
      Outcome outcome = running.within(asked, query);
      QueryResult result = outcome.result();
      metrics.observe(result.statistics());
      record(asked, result.statistics().execTotalNanos(), outcome.bytes());
      write(asked, result.statistics(), null);
      return result;
    } catch (QueryException e) {
      if (e.kind() != QueryException.Kind.BAD_DATA) {
        record(asked, System.nanoTime() - begun, 0);
        write(asked, null, e.getMessage());
      }
      throw e;
    } finally {
      metrics.end();
    }
  }

  private void record(Asked asked, long nanos, long bytes) {
    long rangeSeconds = (asked.endMs() - asked.startMs()) / 1000;
    totals.record(asked.query(), asked.source(), rangeSeconds, nanos, bytes);
  }

  @Override
  public List<Running> running() {
    return running.list();
  }

  @Override
  public @Nullable Running cancel(String id) {
    return running.cancel(id);
  }

  @Override
  public Top top(int most, Duration age) {
    return totals.top(most, age);
  }

  private void write(
      Asked asked, QueryResult.@Nullable Statistics statistics, @Nullable String error) {
    QueryLog l = log;
    if (l == null) {
      return;
    }
    try {
      l.write(
          asked.query(),
          asked.startMs(),
          asked.endMs(),
          asked.stepMs(),
          asked.origin(),
          statistics,
          error);
    } catch (IOException e) {
      metrics.logFailure();
    }
  }

  @Override
  public String format(String expression) {
    return running.within(() -> engine.format(expression));
  }

  @Override
  public List<List<Matcher>> selectors(String expression) {
    return running.within(() -> engine.selectors(expression));
  }

  @Override
  public Map<String, Map<String, Boolean>> features() {
    return engine.features();
  }

  @Override
  public Map<String, @Nullable Object> syntaxTree(String expression) {
    return running.within(() -> engine.syntaxTree(expression));
  }

  @Override
  public PlanNode explain(String expression, long startMs, long endMs, long stepMs, Options o) {
    metrics.begin();
    try {
      return running.within(
          new Asked(expression, startMs, endMs, stepMs, o.origin()),
          () -> engine.explain(expression, startMs, endMs, stepMs, o));
    } finally {
      metrics.end();
    }
  }

  @Override
  public Explanation whyEmpty(
      String expression,
      long startMs,
      long endMs,
      Function<String, @Nullable MetricMetadata> metadata) {
    return running.within(() -> engine.whyEmpty(expression, startMs, endMs, metadata));
  }

  @Override
  public void check(String expression) {
    running.within(() -> {
      engine.check(expression);
      return true;
    });
  }

  @Override
  public Canonical canonical(String expression) {
    return running.within(() -> engine.canonical(expression));
  }

  @Override
  public List<Matcher> selector(String text) {
    return running.within(() -> engine.selector(text));
  }
}
