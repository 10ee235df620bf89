package io.narthex.model;

import java.util.Objects;

/**
 * A single observation stored with a series, usually with a trace id. Immutable.
 *
 * @param labels for example the trace id; names and values have at most 128 UTF-8 characters
 *     together
 * @param value the observed value
 * @param timestampMs epoch milliseconds; meaningless unless {@code hasTimestamp}
 * @param hasTimestamp whether the target gave a timestamp
 */
public record Exemplar(Labels labels, double value, long timestampMs, boolean hasTimestamp) {
  /** Refuses null labels. */
  public Exemplar {
    Objects.requireNonNull(labels, "labels");
  }
}
