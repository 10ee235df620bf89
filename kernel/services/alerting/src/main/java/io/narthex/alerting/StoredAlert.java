package io.narthex.alerting;

import io.narthex.model.Annotations;
import io.narthex.model.Labels;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;

/**
 * An alert in the store.
 *
 * @param annotations by name; values may be empty
 * @param timeout whether the end was not given but computed from the resolve timeout
 */
record StoredAlert(
    Labels labels,
    Map<String, String> annotations,
    Instant startsAt,
    Instant endsAt,
    Instant updatedAt,
    String generatorUrl,
    boolean timeout) {
  StoredAlert {
    annotations = Annotations.sorted(annotations);
  }

  /** Order inside a notification: job, instance, then all labels; alerts without one come last. */
  static final Comparator<Labels> ORDER =
      (a, b) -> {
        for (String name : new String[] {"job", "instance"}) {
          boolean inA = a.has(name);
          boolean inB = b.has(name);
          if (inA != inB) {
            return inA ? -1 : 1;
          }
          int c = Labels.compareCodePoints(a.get(name), b.get(name));
          if (c != 0) {
            return c;
          }
        }
        return compare(a, b);
      };

  /**
   * Compares label sets as Alertmanager does: fewer labels first; then, by the first name in which
   * they differ, the one that lacks it, or the smaller value.
   */
  static int compare(Labels a, Labels b) {
    if (a.size() != b.size()) {
      return Integer.compare(a.size(), b.size());
    }
    for (int i = 0; i < a.size(); i++) {
      int c = Labels.compareCodePoints(b.name(i), a.name(i));
      c = c != 0 ? c : Labels.compareCodePoints(a.value(i), b.value(i));
      if (c != 0) {
        return c;
      }
    }
    return 0;
  }

  /**
   * Returns an estimate of the alert's memory in bytes, its entries in store and groups included.
   */
  long size() {
    long n = 700L + generatorUrl.length();
    for (int i = 0; i < labels.size(); i++) {
      n += 100L + labels.name(i).length() + labels.value(i).length();
    }
    for (Map.Entry<String, String> e : annotations.entrySet()) {
      n += 150L + e.getKey().length() + e.getValue().length();
    }
    return n;
  }

  boolean resolvedAt(Instant now) {
    return !endsAt.isAfter(now);
  }

  long fingerprint() {
    return Fingerprint.of(labels);
  }

  /** Returns whether the times of two versions overlap, so that they are one alert. */
  boolean overlaps(StoredAlert old) {
    return (endsAt.isAfter(old.startsAt) && endsAt.isBefore(old.endsAt))
        || (startsAt.isAfter(old.startsAt) && startsAt.isBefore(old.endsAt));
  }

  /** Merges two versions of one alert. */
  StoredAlert merge(StoredAlert other, Instant now) {
    if (other.updatedAt.isBefore(updatedAt)) {
      return other.merge(this, now);
    }
    Instant start = startsAt.isBefore(other.startsAt) ? startsAt : other.startsAt;
    Instant end = other.endsAt;
    if (other.resolvedAt(now)) {
      if (resolvedAt(now) && endsAt.isAfter(end)) {
        end = endsAt;
      }
    } else if (endsAt.isAfter(end) && !timeout) {
      end = endsAt;
    }
    return new StoredAlert(
        other.labels,
        other.annotations,
        start,
        end,
        other.updatedAt,
        other.generatorUrl,
        other.timeout);
  }
}
