package io.narthex.alerting;

import io.narthex.model.Labels;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The known alerts by label set. An alert stays until its end, however far that is in the future,
 * so alerts are bounded by their number per name and by the memory they take. Thread-safe.
 */
final class AlertStore {
  /** An alert is refused because there are too many. */
  static final class LimitException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    LimitException(String message) {
      super(message);
    }
  }

  private final Map<Labels, StoredAlert> alerts = new HashMap<>();
  private final Map<String, Integer> perName = new HashMap<>(); // only while there is a limit
  private final int maxPerName;
  private final long maxBytes;
  private long bytes;

  /**
   * Creates an empty store.
   *
   * @param maxPerName alerts of one name, 0 = no limit
   * @param maxBytes estimated memory of all
   */
  AlertStore(int maxPerName, long maxBytes) {
    this.maxPerName = maxPerName;
    this.maxBytes = maxBytes;
  }

  private static String name(StoredAlert a) {
    return a.labels().get("alertname");
  }

  /**
   * Adds an alert, merged with the version known so far, and returns the result.
   *
   * @throws LimitException when it is new and there are too many
   */
  synchronized StoredAlert put(StoredAlert alert, Instant now) {
    StoredAlert old = alerts.get(alert.labels());
    if (old == null && (isFull(alert) || isNameFull(alert))) {
      collectGarbage(now);
      if (isNameFull(alert)) {
        throw new LimitException(
            "alert limit reached: "
                + maxPerName
                + " alerts named \""
                + name(alert)
                + "\" (--alerts.per-alertname-limit)");
      }
    }
    long more = old == null ? alert.size() : Math.max(0, alert.size() - old.size());
    if (bytes + more > maxBytes) {
      throw new LimitException(
          "alert limit reached: alerts need more than "
              + maxBytes
              + " bytes of memory; send fewer, or raise --alerts.max-bytes");
    }
    StoredAlert result = old != null && alert.overlaps(old) ? old.merge(alert, now) : alert;
    alerts.put(alert.labels(), result);
    bytes += result.size() - (old == null ? 0 : old.size());
    if (old == null && maxPerName > 0) {
      perName.merge(name(alert), 1, Integer::sum);
    }
    return result;
  }

  private boolean isFull(StoredAlert alert) {
    return bytes + alert.size() > maxBytes;
  }

  private boolean isNameFull(StoredAlert alert) {
    return maxPerName > 0 && perName.getOrDefault(name(alert), 0) >= maxPerName;
  }

  private void recount() {
    bytes = 0;
    perName.clear();
    for (StoredAlert a : alerts.values()) {
      bytes += a.size();
      if (maxPerName > 0) {
        perName.merge(name(a), 1, Integer::sum);
      }
    }
  }

  /** Adds alerts unchanged, except those already known. */
  synchronized void putAll(List<StoredAlert> more) {
    more.forEach(a -> alerts.putIfAbsent(a.labels(), a));
    recount();
  }

  synchronized List<StoredAlert> all() {
    return new ArrayList<>(alerts.values());
  }

  /** Forgets alerts that have ended. */
  synchronized void collectGarbage(Instant now) {
    if (alerts.values().removeIf(a -> a.resolvedAt(now))) {
      recount();
    }
  }
}
