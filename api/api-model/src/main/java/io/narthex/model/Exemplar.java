package io.narthex.model;

import java.util.Objects;

/**
 * A single observation kept beside a series, usually with a trace id.
 *
 * @param labels what identifies it, at most 128 UTF-8 characters in all
 * @param value the observed value
 * @param timestampMs epoch milliseconds; meaningless unless {@code hasTimestamp}
 * @param hasTimestamp whether the target gave a time
 */
public record Exemplar(Labels labels, double value, long timestampMs, boolean hasTimestamp) {
  /** Refuses null labels. */
  public Exemplar {
    Objects.requireNonNull(labels, "labels");
  }
}
