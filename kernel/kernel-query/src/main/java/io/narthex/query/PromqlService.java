package io.narthex.query;

import io.narthex.model.Matcher;
import io.narthex.promql.PromDuration;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import java.time.Duration;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The server's query engine: flags and features decide how it behaves, the gate what it reads. */
@Component(service = {QueryEngine.class, ReloadListener.class})
public final class PromqlService implements QueryEngine, ReloadListener {
  private final PromqlEngine engine;
  private volatile EngineOptions options;

  /** Creates the engine for a server. */
  @Activate
  public PromqlService(@Reference StorageGate storage, @Reference ServerInfo server) {
    options = options(server);
    engine = new PromqlEngine(storage, () -> options);
  }

  private static EngineOptions options(ServerInfo server) {
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
    return flag.isEmpty() ? fallback : Duration.ofMillis(PromDuration.parse(flag));
  }

  private static long number(String flag, long fallback) {
    return flag.isEmpty() ? fallback : Long.parseLong(flag);
  }

  @Override
  public String name() {
    return "query";
  }

  @Override
  public int rank() {
    return 20;
  }

  @Override
  public void apply(ConfigSnapshot snapshot) {
    options = options.withSubqueryStep(snapshot.prometheus().global().evaluationInterval());
  }

  @Override
  public QueryResult instant(String expression, long timeMs, Options o) {
    return engine.instant(expression, timeMs, o);
  }

  @Override
  public QueryResult range(String expression, long startMs, long endMs, long stepMs, Options o) {
    return engine.range(expression, startMs, endMs, stepMs, o);
  }

  @Override
  public String format(String expression) {
    return engine.format(expression);
  }

  @Override
  public void check(String expression) {
    engine.check(expression);
  }

  @Override
  public List<Matcher> selector(String text) {
    return engine.selector(text);
  }
}
