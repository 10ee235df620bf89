package io.narthex.query.oracle;

import io.narthex.model.Labels;
import java.util.List;

/** A series held in memory: samples by rising time, staleness markers included. */
record Series(Labels labels, List<Sample> samples) {
  /**
   * A value at a time in Unix milliseconds.
   *
   * @param startMs when the counter began to count; 0 if that is unknown
   */
  record Sample(long timeMs, double value, long startMs) {
    /** Creates one without a start time. */
    Sample(long timeMs, double value) {
      this(timeMs, value, 0);
    }
  }

  /** Copies the list. */
  Series {
    samples = List.copyOf(samples);
  }
}
