package io.narthex.query.series;

/** Takes the series of an instant vector one by one, in label order unless it needs none. */
public interface SeriesSink {
  /**
   * Takes a series. Its columns may serve for the next one as soon as this has returned; its labels
   * and histograms stay as they are.
   */
  void add(StepSeries series);

  /** Returns whether the order of the series, and their labels, matter. */
  default boolean needsLabels() {
    return true;
  }
}
