package io.narthex.bench;

import io.narthex.query.EngineOptions;
import io.narthex.query.PromqlEngine;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
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

/** Times the engine itself: parse, plan and evaluation over a storage in memory, no HTTP. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--sun-misc-unsafe-memory-access=allow")
public class EngineBenchmark {
  private static final int POINTS = 8_640 + 1_000;
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

  /** The expression; X stands for the size. */
  @Param({
    "a_X",
    "rate(a_X[1m])",
    "rate(sparse[1m])",
    "rate(a_X[1m] smoothed)",
    "double_exponential_smoothing(a_X[1d], 0.3, 0.3)",
    "changes(a_X[1d])",
    "rate(a_X[1d])",
    "absent_over_time(a_X[1d])",
    "-a_X",
    "a_X - b_X",
    "a_X and b_X{l=~'.*[0-4]$'}",
    "a_X or b_X{l=~'.*[0-4]$'}",
    "a_X unless b_X{l=~'.*[0-4]$'}",
    "a_X and b_X{l='notfound'}",
    "abs(a_X)",
    "label_replace(a_X, 'l2', '$1', 'l', '(.*)')",
    "label_join(a_X, 'l2', '-', 'l', 'l')",
    "sum(a_X)",
    "sum without(le)(h_X)",
    "sum by(le)(h_X)",
    "count_values('value', h_X)",
    "topk(5, a_X)",
    "limitk(5, a_X)",
    "limit_ratio(0.5, a_X)",
    "rate(a_X[1m]) + rate(b_X[1m])",
    "sum without(l)(rate(a_X[1m])) / sum without(l)(rate(b_X[1m]))",
    "histogram_quantile(0.9, rate(h_X[5m]))",
    "a_X + on(l) group_right a_one",
    "timestamp(a_X)",
    "sum(a_X)/(sum(a_X)+sum(b_X))",
    "sum_over_time(a_X[10m:3m])",
    "quantile(0.9, a_X)"
  })
  public String expression = "";

  /** The size of the metrics. */
  @Param({"one", "hundred"})
  public String size = "";

  /** How many steps of ten seconds. */
  @Param({"1", "1000"})
  public int steps;

  private QueryEngine engine = new PromqlEngine(LibraryContext.memory(), () -> OPTIONS);
  private String query = "";

  /** Fills the storage. */
  @Setup
  public void load() {
    var storage = LibraryContext.memory();
    new BenchData(POINTS, END_MS, true).load(storage);
    engine = new PromqlEngine(storage, () -> OPTIONS);
    query = expression.replace("X", size);
  }

  /** Evaluates the query, whole. */
  @Benchmark
  public QueryResult query() {
    return steps == 1
        ? engine.instant(query, END_MS, QueryEngine.Options.DEFAULT)
        : engine.range(
            query,
            END_MS - (steps - 1) * BenchData.STEP_MS,
            END_MS,
            BenchData.STEP_MS,
            QueryEngine.Options.DEFAULT);
  }
}
