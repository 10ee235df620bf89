package io.narthex.service.rules;

import java.nio.file.Path;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Runs unit tests of rules, files in the format of {@code promtool test rules}.
 *
 * @since 1.2
 */
@ProviderType
public interface RuleTestService {
  /** Runs the tests of some files, one after the other. A file that cannot be read has failed. */
  Outcome run(List<Path> files, Options options);

  /**
   * What is run, and how it is shown.
   *
   * @param only regular expressions; only tests with a part of their name matched by one of them
   *     are run; empty: all
   * @param diff whether a difference is shown line by line instead of both sides
   * @param debug whether the samples at the end of each test are shown
   * @param ignoreUnknownFields whether keys that the formats do not have are ignored
   */
  record Options(List<String> only, boolean diff, boolean debug, boolean ignoreUnknownFields) {
    /** Copies the list. */
    public Options {
      only = List.copyOf(only);
    }
  }

  /**
   * What became of the tests.
   *
   * @param passed whether all passed
   * @param text the outcome of each file, for people
   * @param junit the same as a JUnit XML document
   */
  record Outcome(boolean passed, String text, String junit) {}
}
