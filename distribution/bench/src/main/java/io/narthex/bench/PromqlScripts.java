package io.narthex.bench;

import io.narthex.query.script.PromqlTestRunner;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs the PromQL test scripts of a folder (or one file) against the engine over a storage in
 * memory and prints every failure as {@code file:line: …} and {@code passed N of M}. A file that
 * cannot be read as a script is one failure, and its evals count as not passed.
 *
 * <p>Usage: {@code PromqlScripts DIR|FILE …}. Exit status 0 when all passed, 1 when not, 2 when
 * there is nothing to run.
 */
public final class PromqlScripts {
  private static final Pattern LINE = Pattern.compile("^line (\\d+): (.*)$", Pattern.DOTALL);
  private static final Pattern EVAL = Pattern.compile("(?m)^\\s*eval", 0);

  /**
   * The result of some scripts.
   *
   * @param files scripts read
   * @param total evals
   * @param passed evals with the expected result
   * @param failures one text per failure, {@code file:line: what is wrong}
   */
  record Outcome(int files, int total, int passed, List<String> failures) {}

  private PromqlScripts() {}

  /** Runs the scripts named on the command line. */
  public static void main(String[] args) {
    if (args.length == 0) {
      System.err.println("conformance promql: no folder given; usage: conformance promql DIR");
      System.exit(2);
    }
    Outcome outcome;
    try {
      List<Path> files = new ArrayList<>();
      for (String arg : args) {
        files.addAll(scripts(Path.of(arg)));
      }
      outcome = run(files);
    } catch (IOException e) {
      System.err.println("conformance promql: cannot read " + e.getMessage());
      System.exit(2);
      return;
    }
    if (outcome.files == 0) {
      System.err.println(
          "conformance promql: no .test files in "
              + String.join(", ", args)
              + "; name a folder that has some");
      System.exit(2);
    }
    PrintStream out = System.out;
    outcome.failures.forEach(out::println);
    out.println("passed " + outcome.passed + " of " + outcome.total);
    System.exit(outcome.failures.isEmpty() ? 0 : 1);
  }

  /** Returns the scripts at or below a path, in order. */
  static List<Path> scripts(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    try (Stream<Path> s = Files.walk(path)) {
      return s.filter(p -> p.toString().endsWith(".test") && Files.isRegularFile(p))
          .sorted()
          .toList();
    }
  }

  /** Runs scripts one after another. */
  static Outcome run(List<Path> files) throws IOException {
    PromqlTestRunner runner =
        new PromqlTestRunner(LibraryContext::memory, PromqlTestRunner.OPTIONS);
    int total = 0;
    int passed = 0;
    List<String> failures = new ArrayList<>();
    for (Path file : files) {
      String script;
      try {
        script = Files.readString(file, StandardCharsets.UTF_8);
      } catch (CharacterCodingException e) {
        failures.add(file + ":1: not UTF-8 text");
        continue;
      }
      try {
        PromqlTestRunner.Outcome o = runner.run(file.toString(), script);
        total += o.total();
        passed += o.passed();
        failures.addAll(o.failures());
      } catch (RuntimeException | StackOverflowError e) {
        total += (int) EVAL.matcher(script).results().count();
        failures.add(unreadable(file, e));
      }
    }
    return new Outcome(files.size(), total, passed, failures);
  }

  private static String unreadable(Path file, Throwable e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    if (message.startsWith(file + ":")) {
      return message;
    }
    Matcher m = LINE.matcher(message);
    return m.matches()
        ? file + ":" + m.group(1) + ": cannot be read as a script: " + m.group(2)
        : file + ":1: cannot be run: " + message;
  }
}
