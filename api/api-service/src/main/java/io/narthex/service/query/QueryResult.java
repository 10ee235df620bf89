package io.narthex.service.query;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a query.
 *
 * @param data the values
 * @param warnings texts of warnings, with position
 * @param infos texts of infos, with position
 * @param statistics what the query cost
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
    /** One number. */
    record Scalar(long timeMs, double value) implements Data {}

    /** One text. */
    record Text(long timeMs, String value) implements Data {}

    /** One value per series, all at one time; order as the engine gives it. */
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
   * A series of a matrix. The arrays are handed over, nobody changes them.
   *
   * @param timesMs times of the floats, rising
   * @param values the floats
   * @param histogramTimesMs times of the histograms, rising
   * @param histograms the histograms
   */
  public record Series(
      Labels labels,
      long[] timesMs,
      double[] values,
      long[] histogramTimesMs,
      NativeHistogram[] histograms) {}

  /**
   * What a query cost. Times in nanoseconds.
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
