package io.narthex.alerting;

import io.narthex.model.Annotations;
import io.narthex.model.Labels;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Converts alerts to types that another version of this bundle can read: a list of maps. */
final class HandedAlerts {
  /** Key of the hand-over; a change of the format needs another number. */
  static final String KEY = "alerting/1";

  private static final Logger LOG = LoggerFactory.getLogger(HandedAlerts.class);

  private HandedAlerts() {}

  static List<Map<String, Object>> write(List<StoredAlert> alerts) {
    List<Map<String, Object>> out = new ArrayList<>();
    for (StoredAlert a : alerts) {
      out.add(
          Map.of(
              "labels", a.labels(),
              "annotations", Labels.of(a.annotations()),
              "emptyAnnotations", Annotations.empty(a.annotations()),
              "startsAt", a.startsAt(),
              "endsAt", a.endsAt(),
              "updatedAt", a.updatedAt(),
              "generatorUrl", a.generatorUrl(),
              "timeout", a.timeout()));
    }
    return out;
  }

  static List<StoredAlert> read(@Nullable Object left) {
    List<StoredAlert> out = new ArrayList<>();
    if (left instanceof List<?> alerts) {
      try {
        for (Object alert : alerts) {
          Map<?, ?> a = (Map<?, ?>) alert;
          out.add(
              new StoredAlert(
                  (Labels) Objects.requireNonNull(a.get("labels")),
                  Annotations.texts(
                      (Labels) Objects.requireNonNull(a.get("annotations")),
                      a.get("emptyAnnotations") instanceof List<?> empty
                          ? empty.stream().map(String::valueOf).toList()
                          : List.of()),
                  (Instant) Objects.requireNonNull(a.get("startsAt")),
                  (Instant) Objects.requireNonNull(a.get("endsAt")),
                  (Instant) Objects.requireNonNull(a.get("updatedAt")),
                  String.valueOf(a.get("generatorUrl")),
                  Boolean.TRUE.equals(a.get("timeout"))));
        }
      } catch (ClassCastException | NullPointerException e) {
        LOG.error(
            "alerts of the previous version cannot be used; their senders will send them again", e);
      }
    }
    return out;
  }
}
