package io.narthex.spi.notifier;

import io.narthex.model.Alert;
import io.narthex.model.Labels;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Alerts of one aggregation group for one receiver block. Immutable.
 *
 * @param receiver name of the receiver
 * @param groupKey identifies the aggregation group, stable over restarts, for example {@code
 *     {}:{alertname="X"}}
 * @param dedupKey equal for all attempts of this delivery
 * @param reason why it is sent now, for example {@code first notification}
 * @param groupLabels labels that all alerts of the group share
 * @param routeLabels labels of the route, templates expanded
 * @param alerts in order of job, instance, then all labels; a resolved one has an end in the past
 * @param truncatedAlerts how many alerts were omitted
 * @param externalUrl URL at which users reach the server's alert pages
 * @param templates expands templates with this notification's data
 * @param state the state that the notifier returned with {@link SendResult.Delivered} for the last
 *     notification of this group to this block; empty when there is none
 */
public record Notification(
    String receiver,
    String groupKey,
    String dedupKey,
    String reason,
    Labels groupLabels,
    Labels routeLabels,
    List<NotifiedAlert> alerts,
    int truncatedAlerts,
    String externalUrl,
    TemplateRenderer templates,
    Map<String, String> state) {
  /** Copies the list and the map. */
  public Notification {
    alerts = List.copyOf(alerts);
    state = Map.copyOf(state);
  }

  /** Creates a notification without state. */
  public Notification(
      String receiver,
      String groupKey,
      String dedupKey,
      String reason,
      Labels groupLabels,
      Labels routeLabels,
      List<NotifiedAlert> alerts,
      int truncatedAlerts,
      String externalUrl,
      TemplateRenderer templates) {
    this(
        receiver,
        groupKey,
        dedupKey,
        reason,
        groupLabels,
        routeLabels,
        alerts,
        truncatedAlerts,
        externalUrl,
        templates,
        Map.of());
  }

  /**
   * An alert of the notification.
   *
   * @param alert the alert itself
   * @param firing whether it fires; else it is resolved
   * @param fingerprint 16 hexadecimal digits of its label set
   */
  public record NotifiedAlert(Alert alert, boolean firing, String fingerprint) {}

  /**
   * Returns the notification with its first {@code most} alerts only, the others counted as
   * truncated; common labels and annotations, and the data of templates, are those of the remaining
   * alerts.
   *
   * @param most 0 = all
   */
  public Notification limitedTo(int most) {
    if (most <= 0 || alerts.size() <= most) {
      return this;
    }
    return new Notification(
        receiver,
        groupKey,
        dedupKey,
        reason,
        groupLabels,
        routeLabels,
        alerts.subList(0, most),
        truncatedAlerts + alerts.size() - most,
        externalUrl,
        templates.limitedTo(most),
        state);
  }

  /**
   * Returns the notification with another template renderer.
   *
   * @since 1.1
   */
  public Notification withTemplates(TemplateRenderer renderer) {
    return new Notification(
        receiver,
        groupKey,
        dedupKey,
        reason,
        groupLabels,
        routeLabels,
        alerts,
        truncatedAlerts,
        externalUrl,
        renderer,
        state);
  }

  /** Returns {@code firing} if any alert is, else {@code resolved}. */
  public String status() {
    return alerts.stream().anyMatch(NotifiedAlert::firing) ? "firing" : "resolved";
  }

  /** Returns the labels that all alerts have with equal values. */
  public Labels commonLabels() {
    return common(alerts.stream().map(a -> a.alert().labels()).toList());
  }

  /** Returns the non-empty annotations that all alerts have with equal values. */
  public Labels commonAnnotations() {
    return common(alerts.stream().map(a -> a.alert().annotations()).toList());
  }

  /**
   * Returns the annotations that all alerts have with equal values, in order of names, including
   * empty ones.
   */
  public Map<String, String> commonAnnotationTexts() {
    Map<String, String> shared = new LinkedHashMap<>();
    for (int i = 0; i < alerts.size(); i++) {
      Map<String, String> own = alerts.get(i).alert().annotationTexts();
      if (i == 0) {
        shared.putAll(own);
      } else {
        shared.entrySet().removeIf(e -> !own.getOrDefault(e.getKey(), "").equals(e.getValue()));
      }
    }
    return shared;
  }

  private static Labels common(List<Labels> sets) {
    if (sets.isEmpty()) {
      return Labels.EMPTY;
    }
    Labels.Builder shared = sets.get(0).toBuilder();
    for (Labels other : sets) {
      for (String name : shared.names()) {
        if (!shared.get(name).equals(other.get(name))) {
          shared.remove(name);
        }
      }
    }
    return shared.build();
  }
}
