package io.narthex.query.series;

/** Takes the series of an instant vector one by one, in order. */
public interface SeriesSink {
  /**
   * Takes a series. Its columns may serve for the next one as soon as this has returned; its labels
   * and histograms stay as they are.
   */
  void add(StepSeries series);
}
