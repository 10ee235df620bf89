package io.narthex.core.check;

import io.narthex.service.rules.RuleTestService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What {@code narthex test rules} does: runs unit tests of rules, and writes a JUnit report. */
public final class RuleTestsCheck {
  private RuleTestsCheck() {}

  /**
   * Runs the tests.
   *
   * @param options of the command, by name; empty when not given; lists are separated by U+0001
   * @param tests null: the rules part of the server does not run
   */
  public static Verdict check(UnaryOperator<String> options, @Nullable RuleTestService tests) {
    if (tests == null) {
      return new Verdict(1, "the rules part of the server does not run, so nothing is tested");
    }
    RuleTestService.Outcome outcome =
        tests.run(
            list(options.apply("file")).stream().map(Path::of).toList(),
            new RuleTestService.Options(
                list(options.apply("run")),
                !options.apply("diff").isEmpty(),
                !options.apply("debug").isEmpty(),
                !options.apply("ignore-unknown-fields").isEmpty()));
    String text = outcome.text().stripTrailing();
    String junit = options.apply("junit");
    if (!junit.isEmpty()) {
      try {
        Files.writeString(Path.of(junit), outcome.junit());
      } catch (IOException e) {
        return new Verdict(1, text + "\n" + junit + ": cannot be written, got " + e);
      }
    }
    return new Verdict(outcome.passed() ? 0 : 1, text);
  }

  private static List<String> list(String joined) {
    return Stream.of(joined.split("\u0001")).filter(s -> !s.isEmpty()).toList();
  }
}
