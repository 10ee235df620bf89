package io.narthex.query.bench;

import io.narthex.model.NativeHistogram;
import io.narthex.promql.HistogramText;
import io.narthex.promql.ParseException;
import io.narthex.promql.SeriesDescription;
import io.narthex.query.PromqlEngine;
import io.narthex.query.PromqlService;
import io.narthex.query.context.EngineOptions;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryWorkbench;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import java.time.Duration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Engines with the server's flags, features and plugin functions, over samples of the caller. */
@Component(service = QueryWorkbench.class)
public final class PromqlWorkbench implements QueryWorkbench {
  private final EngineOptions options;
  private final FunctionRegistry functions;

  /** Takes over the flags of the server. */
  @Activate
  public PromqlWorkbench(@Reference ServerInfo server, @Reference FunctionRegistry functions) {
    this(PromqlService.options(server), functions);
  }

  /** Creates one with options of its own. */
  public PromqlWorkbench(EngineOptions options, FunctionRegistry functions) {
    this.options = options;
    this.functions = functions;
  }

  @Override
  public Bench open(Duration subqueryStep) {
    EngineOptions own = options.withSubqueryStep(subqueryStep);
    BenchStorage storage = new BenchStorage();
    PromqlEngine engine = new PromqlEngine(storage, () -> own, functions);
    return new Bench() {
      @Override
      public StorageGate storage() {
        return storage;
      }

      @Override
      public QueryEngine engine() {
        return engine;
      }

      @Override
      public void close() {
        engine.stop();
      }
    };
  }

  @Override
  public ScriptedSeries series(String line) {
    try {
      SeriesDescription read = SeriesDescription.parse(line);
      return new ScriptedSeries(
          read.labels(),
          read.points().stream()
              .map(p -> new Point(p.omitted(), p.value(), p.histogram()))
              .toList());
    } catch (ParseException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  @Override
  public String literal(NativeHistogram histogram) {
    return HistogramText.write(histogram);
  }
}
