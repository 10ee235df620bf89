package io.narthex.bench;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.PatternSyntaxException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;

/**
 * Runs the micro benchmarks of engine and parser over the whole list and prints one table.
 *
 * <p>There is a JVM per class of queries, not one per query: data are loaded once, and code is
 * compiled for many queries, as in a server. The drawback: code optimised for one query is not
 * always good for the next. {@code -f 1} gives each query its own JVM.
 *
 * <p>Usage: {@code MicroBenchmarks [REGEX …] [options of JMH]}. Only what some expression finds in
 * the name of a query, such as {@code 1000 steps, joins: a + b} or {@code parser: a + b}, is run.
 */
public final class MicroBenchmarks {
  /** The time after which a class of queries is cancelled, minutes. */
  private static final int PATIENCE_MINUTES = 60;

  private final PrintStream out;

  private MicroBenchmarks(PrintStream out) {
    this.out = out;
  }

  /** Runs them. */
  public static void main(String[] args) throws Exception {
    CommandLineOptions options;
    try {
      options = new CommandLineOptions(args);
    } catch (CommandLineOptionException e) {
      System.err.println("jmh: " + e.getMessage() + "; -h lists the options");
      System.exit(2);
      return;
    }
    if (options.shouldHelp()) {
      options.showHelp();
      return;
    }
    System.exit(new MicroBenchmarks(System.out).run(options, args));
  }

  private int run(CommandLineOptions options, String[] args)
      throws IOException, InterruptedException {
    List<MicroBenchmarkPart> parts;
    try {
      parts = MicroBenchmarkPart.matching(options.getIncludes());
    } catch (PatternSyntaxException e) {
      System.err.println("jmh: " + e.getPattern() + ": " + e.getDescription());
      return 2;
    }
    if (parts.isEmpty()) {
      System.err.println(
          "jmh: no query is named like "
              + String.join(", ", options.getIncludes())
              + "; names look like \""
              + BenchQueries.all().get(0).name()
              + "\"");
      return 2;
    }
    long begun = System.nanoTime();
    out.printf(
        Locale.ROOT,
        "jmh: %d queries and expressions in %d parts; Java %s, %d processors%n%n",
        parts.stream().mapToInt(part -> part.names().size()).sum(),
        parts.size(),
        System.getProperty("java.version"),
        Runtime.getRuntime().availableProcessors());
    out.println("| what | expression | µs | ± µs | bytes allocated |");
    out.println("|---|---|---|---|---|");
    out.flush();
    int failed = 0;
    for (MicroBenchmarkPart part : parts) {
      failed += runPart(part, args) ? 0 : 1;
    }
    out.printf(
        Locale.ROOT,
        "%njmh: done in %.1f min, %d of %d parts failed%n",
        (System.nanoTime() - begun) / 60e9,
        failed,
        parts.size());
    return failed == 0 ? 0 : 1;
  }

  /** Runs a part in a JVM of its own, which prints its rows of the table. */
  private static boolean runPart(MicroBenchmarkPart part, String[] args)
      throws IOException, InterruptedException {
    String java =
        Optional.ofNullable(System.getProperty("java.home"))
            .map(home -> Path.of(home, "bin", "java").toString())
            .orElse("java");
    List<String> command = new ArrayList<>();
    command.add(java);
    command.add("-Xmx" + part.heapGiB() + "g");
    command.add("-XX:+UseCompactObjectHeaders");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-cp");
    command.add(System.getProperty("java.class.path", "." + File.pathSeparator));
    command.add(MicroBenchmarkPart.class.getName());
    command.add(part.title());
    command.addAll(List.of(args));
    Process process = new ProcessBuilder(command).inheritIO().start();
    Thread end = new Thread(process::destroy);
    Runtime.getRuntime().addShutdownHook(end);
    try {
      return process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES) && process.exitValue() == 0;
    } finally {
      process.destroy();
      Runtime.getRuntime().removeShutdownHook(end);
    }
  }
}
