package io.narthex.bench;

import io.narthex.bench.BenchQueries.Query;
import io.narthex.query.PromqlEngine;
import io.narthex.query.context.EngineOptions;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult;
import io.narthex.spi.storage.Storage;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Times the engine itself: parse, plan and evaluation over a storage in memory, no HTTP. {@link
 * MicroBenchmarks} runs it over all of {@link BenchQueries}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class EngineBenchmark {
  private static final long END_MS = 1_700_000_000_000L;
  private static final EngineOptions OPTIONS =
      new EngineOptions(
          Duration.ofMinutes(5),
          Duration.ofMinutes(2),
          500_000_000,
          20,
          Duration.ofMinutes(1),
          false,
          false,
          false,
          true,
          true,
          true);

  private static volatile @Nullable Storage shared;

  /** The name of a query of the list; MicroBenchmarks sets it. */
  @Param("1 step, one series: a_one")
  public String query = "";

  private QueryEngine engine = new PromqlEngine(LibraryContext.memory(), () -> OPTIONS);
  private Query chosen = BenchQueries.all().get(0);

  /** Fills a storage that all queries of this process read from then on. */
  static void share(Set<String> metrics) {
    shared = filled(metrics);
  }

  private static Storage filled(Set<String> metrics) {
    Storage storage = LibraryContext.memory();
    new BenchData(BenchData.Scale.FULL, END_MS, metrics).load(storage);
    return storage;
  }

  /** Finds the query; fills a storage with what it reads unless there is one. */
  @Setup
  public void prepare() {
    chosen = BenchQueries.named(query);
    Storage storage = shared;
    engine =
        new PromqlEngine(
            storage == null ? filled(chosen.kind().metrics()) : storage, () -> OPTIONS);
  }

  /** Evaluates the query, whole. */
  @Benchmark
  public QueryResult evaluate() {
    return evaluate(engine, chosen, END_MS);
  }

  /** Evaluates a query over data that ends at some time. */
  static QueryResult evaluate(QueryEngine engine, Query query, long endMs) {
    return query.steps() == 1
        ? engine.instant(query.expression(), endMs, QueryEngine.Options.DEFAULT)
        : engine.range(
            query.expression(),
            query.startMs(endMs),
            endMs,
            query.kind().stepMs,
            QueryEngine.Options.DEFAULT);
  }
}
