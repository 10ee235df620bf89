package io.narthex.model;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * An alert as rules send it and receivers see it.
 *
 * @param labels identify the alert, {@code alertname} among them
 * @param annotations texts for people, those that are not empty
 * @param startsAt since when the condition holds
 * @param endsAt when it ended, or until when it is taken to hold if nobody renews it
 * @param generatorUrl page that shows where the alert comes from, may be empty
 * @param emptyAnnotations names of the annotations whose text is empty
 */
public record Alert(
    Labels labels,
    Labels annotations,
    Instant startsAt,
    Instant endsAt,
    String generatorUrl,
    List<String> emptyAnnotations) {
  /** Refuses null parts. */
  public Alert {
    Objects.requireNonNull(labels, "labels");
    Objects.requireNonNull(annotations, "annotations");
    Objects.requireNonNull(startsAt, "startsAt");
    Objects.requireNonNull(endsAt, "endsAt");
    Objects.requireNonNull(generatorUrl, "generatorUrl");
    emptyAnnotations = List.copyOf(emptyAnnotations);
  }

  /** Creates an alert none of whose annotations is empty. */
  public Alert(
      Labels labels, Labels annotations, Instant startsAt, Instant endsAt, String generatorUrl) {
    this(labels, annotations, startsAt, endsAt, generatorUrl, List.of());
  }

  /** Creates an alert with annotations that may be empty. */
  public static Alert of(
      Labels labels,
      Map<String, String> annotations,
      Instant startsAt,
      Instant endsAt,
      String generatorUrl) {
    return new Alert(
        labels,
        Labels.of(annotations),
        startsAt,
        endsAt,
        generatorUrl,
        Annotations.empty(annotations));
  }

  /** Returns the alert with other labels. */
  public Alert withLabels(Labels other) {
    return new Alert(other, annotations, startsAt, endsAt, generatorUrl, emptyAnnotations);
  }

  /** Returns all annotations by name, in order, the empty ones too. */
  public Map<String, String> annotationTexts() {
    return Annotations.texts(annotations, emptyAnnotations);
  }

  /** Tells whether the alert has ended at {@code now}. */
  public boolean resolvedAt(Instant now) {
    return !endsAt.isAfter(now);
  }
}
