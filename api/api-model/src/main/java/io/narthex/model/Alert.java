package io.narthex.model;

import java.time.Instant;
import java.util.Objects;

/**
 * An alert as rules send it and receivers see it.
 *
 * @param labels identify the alert, {@code alertname} among them
 * @param annotations texts for people
 * @param startsAt since when the condition holds
 * @param endsAt when it ended, or until when it is taken to hold if nobody renews it
 * @param generatorUrl page that shows where the alert comes from, may be empty
 */
public record Alert(
    Labels labels, Labels annotations, Instant startsAt, Instant endsAt, String generatorUrl) {
  /** Refuses null parts. */
  public Alert {
    Objects.requireNonNull(labels, "labels");
    Objects.requireNonNull(annotations, "annotations");
    Objects.requireNonNull(startsAt, "startsAt");
    Objects.requireNonNull(endsAt, "endsAt");
    Objects.requireNonNull(generatorUrl, "generatorUrl");
  }

  /** Tells whether the alert has ended at {@code now}. */
  public boolean resolvedAt(Instant now) {
    return !endsAt.isAfter(now);
  }
}
