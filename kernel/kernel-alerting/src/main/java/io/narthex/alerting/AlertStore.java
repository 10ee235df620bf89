package io.narthex.alerting;

import io.narthex.model.Labels;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The alerts that are known, by label set. Thread-safe. */
final class AlertStore {
  private final Map<Labels, StoredAlert> alerts = new HashMap<>();

  /** Takes an alert and returns what it makes together with the version known so far. */
  synchronized StoredAlert put(StoredAlert alert, Instant now) {
    StoredAlert old = alerts.get(alert.labels());
    StoredAlert result = old != null && alert.overlaps(old) ? old.merge(alert, now) : alert;
    alerts.put(alert.labels(), result);
    return result;
  }

  /** Takes alerts as they are, those that are known already excepted. */
  synchronized void putAll(List<StoredAlert> more) {
    more.forEach(a -> alerts.putIfAbsent(a.labels(), a));
  }

  synchronized List<StoredAlert> all() {
    return new ArrayList<>(alerts.values());
  }

  /** Forgets alerts that have ended. */
  synchronized void collectGarbage(Instant now) {
    alerts.values().removeIf(a -> a.resolvedAt(now));
  }
}
