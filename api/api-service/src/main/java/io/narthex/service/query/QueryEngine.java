package io.narthex.service.query;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** Runs PromQL queries. Thread-safe; calls beyond the concurrency limit wait. */
@ProviderType
public interface QueryEngine {
  /**
   * Evaluates at one instant.
   *
   * @throws QueryException when the query is wrong or fails
   */
  QueryResult instant(String expression, long timeMs, Options options);

  /**
   * Evaluates at {@code startMs}, {@code startMs + stepMs}, … up to {@code endMs} inclusive.
   *
   * @throws QueryException when the query is wrong or fails
   */
  QueryResult range(String expression, long startMs, long endMs, long stepMs, Options options);

  /**
   * Returns the expression in its canonical layout of several lines.
   *
   * @throws QueryException when it cannot be parsed
   */
  String format(String expression);

  /**
   * Parses and type-checks without running.
   *
   * @throws QueryException when it cannot be parsed
   */
  void check(String expression);

  /**
   * Parses and type-checks without running, and returns the expression as it is printed on one
   * line. An engine that does not print expressions returns the text as given and claims functions
   * of plugins, so that the caller looks again when plugins come and go.
   *
   * @throws QueryException when it cannot be parsed
   */
  default Canonical canonical(String expression) {
    check(expression);
    return new Canonical(expression, true);
  }

  /**
   * An expression in its canonical form.
   *
   * @param text the expression on one line
   * @param pluginFunctions whether it calls functions that plugins add
   */
  record Canonical(String text, boolean pluginFunctions) {}

  /**
   * Turns the text of a selector, as in {@code match[]}, into matchers.
   *
   * @throws QueryException when it is no selector
   */
  java.util.List<io.narthex.model.Matcher> selector(String text);

  /**
   * How a query is run.
   *
   * @param timeout null: the server's limit; 0 or less: no time at all
   * @param lookback null: the server's setting
   * @param perStepStatistics whether statistics per step are wanted
   * @param statistics whether the statistics have to count all samples of the query's selectors,
   *     also those that cannot change the answer and else need not be looked at
   * @param origin who asks; null: unknown
   * @param memory where the memory of the answer is kept until the caller is done with it; null:
   *     the answer counts as dropped when it is returned
   */
  record Options(
      @Nullable Duration timeout,
      @Nullable Duration lookback,
      boolean perStepStatistics,
      boolean statistics,
      @Nullable QueryOrigin origin,
      @Nullable AnswerMemory memory) {
    /** As the other, of unknown origin. */
    public Options(
        @Nullable Duration timeout,
        @Nullable Duration lookback,
        boolean perStepStatistics,
        boolean statistics) {
      this(timeout, lookback, perStepStatistics, statistics, null, null);
    }

    /** Returns the same for another origin. */
    public Options from(QueryOrigin who) {
      return new Options(timeout, lookback, perStepStatistics, statistics, who, memory);
    }

    /** Returns the same with the memory of the answer kept. */
    public Options keeping(AnswerMemory kept) {
      return new Options(timeout, lookback, perStepStatistics, statistics, origin, kept);
    }

    /** As the other, with full statistics if those per step are wanted. */
    public Options(
        @Nullable Duration timeout, @Nullable Duration lookback, boolean perStepStatistics) {
      this(timeout, lookback, perStepStatistics, perStepStatistics);
    }

    /** The server's settings. */
    public static final Options DEFAULT = new Options(null, null, false);
  }
}
