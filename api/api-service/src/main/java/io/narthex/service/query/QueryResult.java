package io.narthex.service.query;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a query. Immutable.
 *
 * @param data the values
 * @param warnings warnings, with position in the query
 * @param infos infos, with position in the query
 * @param statistics cost of the query
 */
public record QueryResult(
    Data data, List<String> warnings, List<String> infos, Statistics statistics) {
  /** Copies the lists. */
  public QueryResult {
    warnings = List.copyOf(warnings);
    infos = List.copyOf(infos);
  }

  /** The values, by type of the expression. */
  public sealed interface Data {
    /** A number. */
    record Scalar(long timeMs, double value) implements Data {}

    /** A string. */
    record Text(long timeMs, String value) implements Data {}

    /** One value per series, all at one time, in the order of the engine. */
    record Vector(List<VectorSample> samples) implements Data {}

    /** Several values per series, sorted by labels. */
    record Matrix(List<Series> series) implements Data {}
  }

  /**
   * An element of a vector.
   *
   * @param histogram null for a float
   */
  public record VectorSample(
      Labels labels, long timeMs, double value, @Nullable NativeHistogram histogram) {}

  /**
   * A series of a matrix. The arrays are not copied and must not be changed.
   *
   * @param timesMs timestamps of the floats in epoch milliseconds, ascending
   * @param values the floats
   * @param histogramTimesMs timestamps of the histograms in epoch milliseconds, ascending
   * @param histograms the histograms
   */
  public record Series(
      Labels labels,
      long[] timesMs,
      double[] values,
      long[] histogramTimesMs,
      NativeHistogram[] histograms) {}

  /**
   * Cost of a query. Times are in nanoseconds.
   *
   * @param samplesPerStep null unless asked for
   */
  public record Statistics(
      long evalTotalNanos,
      long resultSortNanos,
      long preparationNanos,
      long innerEvalNanos,
      long queueNanos,
      long execTotalNanos,
      long totalQueryableSamples,
      long samplesRead,
      long peakSamples,
      long @Nullable [] samplesPerStep) {}
}
