package io.narthex.model;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * An alert as rules send it and receivers get it. Immutable.
 *
 * @param labels identify the alert; include {@code alertname}
 * @param annotations descriptive texts, without the empty ones
 * @param startsAt when the alert started to fire
 * @param endsAt when it was resolved, or, in the future, when it counts as resolved unless it is
 *     sent again
 * @param generatorUrl URL of the page that shows the alert's origin; may be empty
 * @param emptyAnnotations names of the annotations whose value is empty
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

  /** Creates an alert without empty annotations. */
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

  /** Returns all annotations by name, in order of names, including the empty ones. */
  public Map<String, String> annotationTexts() {
    return Annotations.texts(annotations, emptyAnnotations);
  }

  /** Returns whether the alert is resolved at {@code now}. */
  public boolean resolvedAt(Instant now) {
    return !endsAt.isAfter(now);
  }
}
