package io.narthex.service.query;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** Runs PromQL queries. Thread-safe; calls beyond the concurrency limit wait. */
@ProviderType
public interface QueryEngine {
  /**
   * Evaluates at one instant, {@code timeMs} in epoch milliseconds.
   *
   * @throws QueryException when the query is invalid or fails
   */
  QueryResult instant(String expression, long timeMs, Options options);

  /**
   * Evaluates at {@code startMs}, {@code startMs + stepMs}, … up to {@code endMs} inclusive, in
   * epoch milliseconds.
   *
   * @throws QueryException when the query is invalid or fails
   */
  QueryResult range(String expression, long startMs, long endMs, long stepMs, Options options);

  /**
   * Returns the expression in its canonical layout on several lines.
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
   * Parses and type-checks without running, and returns the expression in canonical form on one
   * line. An engine that cannot print expressions returns the text unchanged and reports plugin
   * functions, so that the caller checks again when plugins change.
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
   * @param pluginFunctions whether it calls functions of plugins
   */
  record Canonical(String text, boolean pluginFunctions) {}

  /**
   * Parses a selector, as in {@code match[]}, into matchers.
   *
   * @throws QueryException when it is not a selector
   */
  java.util.List<io.narthex.model.Matcher> selector(String text);

  /**
   * Options of a query. Immutable.
   *
   * @param timeout null: the server's limit; 0 or less: times out immediately
   * @param lookback null: the server's setting
   * @param perStepStatistics whether statistics per step are collected
   * @param statistics whether the statistics must count all samples of the query's selectors,
   *     including those that cannot change the result and are otherwise not read
   * @param origin origin of the query; null: unknown
   * @param memory keeps the memory of the result reserved until the caller releases it; null: the
   *     result counts as released when it is returned
   */
  record Options(
      @Nullable Duration timeout,
      @Nullable Duration lookback,
      boolean perStepStatistics,
      boolean statistics,
      @Nullable QueryOrigin origin,
      @Nullable AnswerMemory memory) {
    /** Creates options without origin. */
    public Options(
        @Nullable Duration timeout,
        @Nullable Duration lookback,
        boolean perStepStatistics,
        boolean statistics) {
      this(timeout, lookback, perStepStatistics, statistics, null, null);
    }

    /** Returns these options with another origin. */
    public Options from(QueryOrigin who) {
      return new Options(timeout, lookback, perStepStatistics, statistics, who, memory);
    }

    /** Returns these options with the memory of the result kept. */
    public Options keeping(AnswerMemory kept) {
      return new Options(timeout, lookback, perStepStatistics, statistics, origin, kept);
    }

    /** Creates options with full statistics if those per step are collected. */
    public Options(
        @Nullable Duration timeout, @Nullable Duration lookback, boolean perStepStatistics) {
      this(timeout, lookback, perStepStatistics, perStepStatistics);
    }

    /** The server's defaults. */
    public static final Options DEFAULT = new Options(null, null, false);
  }
}
