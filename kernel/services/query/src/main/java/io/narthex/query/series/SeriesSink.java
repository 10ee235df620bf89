package io.narthex.query.series;

/** Takes the series of an instant vector one by one. */
public interface SeriesSink {
  /**
   * Takes a series. Its columns may serve for the next one as soon as this has returned; its labels
   * and histograms stay as they are.
   */
  void add(StepSeries series);

  /** Returns whether the labels of the series matter; without them they may have none. */
  default boolean needsLabels() {
    return true;
  }

  /** Returns whether the series have to come in label order. */
  default boolean needsOrder() {
    return true;
  }
}
