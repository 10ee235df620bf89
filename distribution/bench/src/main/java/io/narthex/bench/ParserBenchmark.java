package io.narthex.bench;

import io.narthex.promql.ParseException;
import io.narthex.promql.PromqlParser;
import io.narthex.query.EngineOptions;
import io.narthex.query.PromqlEngine;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Times the parser on right and wrong expressions. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--sun-misc-unsafe-memory-access=allow")
public class ParserBenchmark {
  /** The expression. */
  @Param({
    "a",
    "metric{a=\"b\",c!=\"d\"}",
    "sum by (job, mode) (rate(node_cpu_seconds_total[5m]))",
    "histogram_quantile(0.9, sum by (le) (rate(h_bucket{job=~\"a.*\"}[5m])))",
    "a + on (l) group_left (x) b / ignoring (z) c and d unless e or f",
    "max_over_time(rate(x[5m])[1h:1m] offset 5m)",
    "((((((((((1 + 2) * 3) - 4) / 5) ^ 6) % 7) + a) > bool 1) and b) or c)",
    "sum(",
    "rate(a)",
    "a{b=}"
  })
  public String text = "";

  private final PromqlParser parser = PromqlEngine.parser(EngineOptions.CONFORMANCE);

  /** Parses, or fails to. */
  @Benchmark
  public Object parse() {
    try {
      return parser.parse(text);
    } catch (ParseException e) {
      return e;
    }
  }
}
