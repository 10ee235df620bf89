package io.narthex.bench;

import io.narthex.bench.BenchQueries.Query;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.runner.options.WarmupMode;

/**
 * What one JVM of {@link MicroBenchmarks} runs: all chosen queries of a class, or the parser.
 *
 * @param title of the class of queries, or {@link #PARSER}
 * @param names of the queries, or the expressions to parse
 * @param heapGiB how much memory it needs
 */
record MicroBenchmarkPart(String title, List<String> names, int heapGiB) {
  /** The part of the parser, which has no queries. */
  static final String PARSER = "parser";

  /** A query that needs more than this is measured in fewer iterations. */
  private static final long SLOW_NANOS = 1_000_000_000L;

  private static final long WARM_NANOS = 200_000_000L;

  /** Returns the parts that have something whose name an expression finds; none = all. */
  static List<MicroBenchmarkPart> matching(List<String> expressions) {
    List<Pattern> patterns = expressions.stream().map(text -> Pattern.compile(text, 0)).toList();
    List<MicroBenchmarkPart> out = new ArrayList<>();
    add(
        out,
        PARSER,
        Stream.concat(BenchQueries.VALID.stream(), BenchQueries.INVALID.stream())
            .filter(text -> matches(patterns, PARSER + ": " + text))
            .toList(),
        1);
    for (QueryClass kind : QueryClass.values()) {
      add(
          out,
          kind.title,
          BenchQueries.all().stream()
              .filter(query -> query.kind() == kind)
              .map(Query::name)
              .filter(name -> matches(patterns, name))
              .toList(),
          kind.heapGiB);
    }
    return out;
  }

  private static void add(
      List<MicroBenchmarkPart> out, String title, List<String> names, int heapGiB) {
    if (!names.isEmpty()) {
      out.add(new MicroBenchmarkPart(title, names, heapGiB));
    }
  }

  private static boolean matches(List<Pattern> patterns, String name) {
    return patterns.isEmpty() || patterns.stream().anyMatch(p -> p.matcher(name).find());
  }

  /** Runs one part: its title, then the arguments of {@link MicroBenchmarks}. */
  public static void main(String[] args) throws Exception {
    CommandLineOptions options = new CommandLineOptions(Arrays.copyOfRange(args, 1, args.length));
    MicroBenchmarkPart part =
        matching(options.getIncludes()).stream()
            .filter(p -> p.title.equals(args[0]))
            .findFirst()
            .orElseThrow();
    part.run(options, System.out);
  }

  private void run(CommandLineOptions options, PrintStream out) throws RunnerException {
    Set<String> slow = options.getForkCount().hasValue() ? Set.of() : warm();
    for (String name : names) {
      for (RunResult result : new Runner(options(options, name, slow.contains(name))).run()) {
        out.println(row(name, result));
      }
      out.flush();
    }
  }

  /**
   * Loads the data and evaluates or parses all in turn, so that the first ones measured are as warm
   * as the last; returns those that are slow.
   */
  private Set<String> warm() {
    Consumer<String> once;
    if (title.equals(PARSER)) {
      ParserBenchmark benchmark = new ParserBenchmark();
      once =
          text -> {
            benchmark.text = text;
            var unused = benchmark.parse();
          };
    } else {
      EngineBenchmark.share(BenchQueries.named(names.get(0)).kind().metrics());
      EngineBenchmark benchmark = new EngineBenchmark();
      once =
          name -> {
            if (!name.equals(benchmark.query)) {
              benchmark.query = name;
              benchmark.prepare();
            }
            var unused = benchmark.evaluate();
          };
    }
    Set<String> slow = new HashSet<>();
    for (String name : names) {
      long begun = System.nanoTime();
      long last;
      do {
        long t = System.nanoTime();
        once.accept(name);
        last = System.nanoTime() - t;
      } while (System.nanoTime() - begun < WARM_NANOS);
      if (last > SLOW_NANOS) {
        slow.add(name);
      }
    }
    return slow;
  }

  private Options options(CommandLineOptions given, String name, boolean slow) {
    boolean parser = title.equals(PARSER);
    Class<?> benchmark = parser ? ParserBenchmark.class : EngineBenchmark.class;
    ChainedOptionsBuilder builder =
        new OptionsBuilder()
            .parent(given)
            .include("^" + Pattern.quote(benchmark.getName()) + "\\.")
            .param(parser ? "text" : "query", name)
            .addProfiler("gc")
            .shouldFailOnError(true);
    if (!given.getForkCount().hasValue()) {
      builder.forks(0).warmupMode(WarmupMode.INDI);
    }
    if (!given.verbosity().hasValue()) {
      builder.verbosity(VerboseMode.SILENT);
    }
    if (slow && !given.getWarmupIterations().hasValue()) {
      builder.warmupIterations(1);
    }
    if (slow && !given.getMeasurementIterations().hasValue()) {
      builder.measurementIterations(3);
    }
    return builder.build();
  }

  private String row(String name, RunResult result) {
    boolean parser = title.equals(PARSER);
    Result<?> time = result.getPrimaryResult();
    Result<?> allocated = result.getSecondaryResults().get("gc.alloc.rate.norm");
    return String.format(
        Locale.ROOT,
        "| %s | `%s` | %s | %s | %s |",
        parser ? PARSER : BenchQueries.named(name).group(),
        (parser ? name : BenchQueries.named(name).expression()).replace("|", "\\|"),
        number(time.getScore()),
        number(time.getScoreError()),
        allocated == null ? "–" : String.format(Locale.ROOT, "%,.0f", allocated.getScore()));
  }

  private static String number(double v) {
    return Double.isNaN(v) ? "–" : String.format(Locale.ROOT, v < 10 ? "%.2f" : "%,.0f", v);
  }
}
