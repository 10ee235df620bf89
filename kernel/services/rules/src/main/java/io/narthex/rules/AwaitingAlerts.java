package io.narthex.rules;

import io.narthex.model.Alert;
import io.narthex.model.Labels;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Alerts for the Alertmanager of this process while it is being replaced or absent: the newest of
 * each label set; the oldest sets are dropped when there are too many. Thread-safe.
 */
final class AwaitingAlerts {
  private static final Logger LOG = LoggerFactory.getLogger(AwaitingAlerts.class);

  private final Map<Labels, Alert> newest = new LinkedHashMap<>(); // guarded by this
  private final int capacity;

  AwaitingAlerts(int capacity) {
    this.capacity = capacity;
  }

  /** Keeps alerts; returns how many others were dropped for them. */
  synchronized int add(List<Alert> alerts) {
    if (newest.isEmpty() && !alerts.isEmpty()) {
      LOG.warn(
          "alerting is not running: alerts are shown but nobody is notified; they are kept until it runs");
    }
    for (Alert a : alerts) {
      newest.remove(a.labels());
      newest.put(a.labels(), a);
    }
    int lost = 0;
    for (Iterator<Labels> i = newest.keySet().iterator(); newest.size() > capacity; lost++) {
      i.next();
      i.remove();
    }
    return lost;
  }

  /** Removes and returns all, oldest first. */
  synchronized List<Alert> takeAll() {
    List<Alert> all = new ArrayList<>(newest.values());
    newest.clear();
    return all;
  }
}
