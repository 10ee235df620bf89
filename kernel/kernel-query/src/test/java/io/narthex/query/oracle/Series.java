package io.narthex.query.oracle;

import io.narthex.model.Labels;
import java.util.List;

/** A series held in memory: samples by rising time, staleness markers included. */
record Series(Labels labels, List<Sample> samples) {
  /** A value at a time in Unix milliseconds. */
  record Sample(long timeMs, double value) {}

  /** Copies the list. */
  Series {
    samples = List.copyOf(samples);
  }
}
