package io.narthex.query.context;

import java.time.Duration;

/**
 * How the engine behaves.
 *
 * @param lookback how long an instant selector looks back
 * @param timeout longest time of a query
 * @param maxSamples most samples held in memory by a query
 * @param maxConcurrent most queries at once; others wait
 * @param defaultSubqueryStep step of subqueries that name none
 * @param delayedNameRemoval whether the metric name is dropped only at the end of the query
 * @param useStartTimestamps whether start times take part in rates
 * @param typeAndUnitLabels whether the label {@code __type__} says which metrics are counters
 * @param experimentalFunctions whether experimental functions are known
 * @param extendedRangeSelectors whether {@code anchored} and {@code smoothed} are known
 * @param binopFill whether fill modifiers are known
 */
public record EngineOptions(
    Duration lookback,
    Duration timeout,
    long maxSamples,
    int maxConcurrent,
    Duration defaultSubqueryStep,
    boolean delayedNameRemoval,
    boolean useStartTimestamps,
    boolean typeAndUnitLabels,
    boolean experimentalFunctions,
    boolean extendedRangeSelectors,
    boolean binopFill) {
  /** The settings of a server started without flags. */
  public static final EngineOptions DEFAULT =
      new EngineOptions(
          Duration.ofMinutes(5),
          Duration.ofMinutes(2),
          50_000_000,
          20,
          Duration.ofMinutes(1),
          false,
          false,
          false,
          false,
          false,
          false);

  /** Returns the same settings with another step of subqueries that name none. */
  public EngineOptions withSubqueryStep(Duration step) {
    return new EngineOptions(
        lookback,
        timeout,
        maxSamples,
        maxConcurrent,
        step,
        delayedNameRemoval,
        useStartTimestamps,
        typeAndUnitLabels,
        experimentalFunctions,
        extendedRangeSelectors,
        binopFill);
  }
}
