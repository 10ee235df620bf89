package io.narthex.bench;

import io.narthex.promql.ParseException;
import io.narthex.promql.PromqlParser;
import io.narthex.query.PromqlEngine;
import io.narthex.query.script.PromqlTestRunner;
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

/**
 * Times the parser on the valid and invalid expressions of {@link BenchQueries}; {@link
 * MicroBenchmarks} runs it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class ParserBenchmark {
  /** The expression; MicroBenchmarks sets it. */
  @Param("a")
  public String text = "";

  private final PromqlParser parser = PromqlEngine.parser(PromqlTestRunner.OPTIONS);

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
