package io.narthex.push;

import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.Kind;
import io.narthex.exposition.family.Metric;
import io.narthex.exposition.family.SeriesLabels;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A group: what was pushed with the same labels in the path. Immutable.
 *
 * @param key the labels of the path
 * @param series the labels that each of its series has: those of the path, and an {@code instance}
 * @param families what was pushed, by name, without the times of pushes
 * @param pushNanos when the last push succeeded, nanoseconds since 1970; 0 = never
 * @param failureNanos the same of the last push that failed
 * @param ttlNanos how long after the last push the group is kept; 0 = as {@link TimesToLive} say
 * @param bytes estimate of the memory
 */
record Group(
    SeriesLabels key,
    SeriesLabels series,
    Map<String, Stamped> families,
    long pushNanos,
    long failureNanos,
    long ttlNanos,
    long bytes) {
  static final String PUSH_TIME = "push_time_seconds";
  static final String FAILURE_TIME = "push_failure_time_seconds";

  private static final String PUSH_HELP =
      "Last Unix time when changing this group in the Pushgateway succeeded.";
  private static final String FAILURE_HELP =
      "Last Unix time when changing this group in the Pushgateway failed.";

  /** A family and when it was pushed, nanoseconds since 1970. */
  record Stamped(Family family, long nanos) {}

  /** Returns a group without families. */
  static Group empty(SeriesLabels key) {
    return new Group(
        key, labelled(SeriesLabels.EMPTY, key), Map.of(), 0, 0, 0, 512 + 2 * key.bytes());
  }

  /**
   * Returns the labels of a series with those of a group in place of their own, and with an {@code
   * instance}, be it empty, so that Prometheus does not add the one of the Pushgateway.
   */
  static SeriesLabels labelled(SeriesLabels series, SeriesLabels group) {
    SeriesLabels.Builder b = series.toBuilder();
    for (int i = 0; i < group.size(); i++) {
      b.set(group.name(i), group.value(i));
    }
    if (!b.has("instance")) {
      b.add("instance", "");
    }
    return b.build();
  }

  /**
   * Returns the group after a push that succeeded.
   *
   * @param replace whether what was there goes; else families of the same name
   * @param ttl 0 for none
   */
  Group pushed(Map<String, Family> body, boolean replace, long nanos, long ttl) {
    TreeMap<String, Stamped> next = new TreeMap<>();
    if (!replace) {
      next.putAll(families);
    }
    body.forEach((name, f) -> next.put(name, new Stamped(f, nanos)));
    return with(next, nanos, failureNanos, ttl);
  }

  /** Returns the group after a push that failed. */
  Group failed(long nanos) {
    return new Group(key, series, families, pushNanos, nanos, ttlNanos, bytes);
  }

  private Group with(Map<String, Stamped> next, long push, long failure, long ttl) {
    long sum = 512 + 2 * key.bytes();
    for (Stamped s : next.values()) {
      sum += s.family().bytes() + 64;
    }
    return new Group(key, series, next, push, failure, ttl, sum);
  }

  /** Returns the same with families as a file has them. */
  Group restored(Map<String, Stamped> all, long push, long failure, long ttl) {
    return with(new TreeMap<>(all), push, failure, ttl);
  }

  /** Returns whether the last push succeeded. */
  boolean lastSucceeded() {
    return pushNanos >= failureNanos;
  }

  /** Returns when the group was pushed to last, nanoseconds since 1970. */
  long lastNanos() {
    return Math.max(pushNanos, failureNanos);
  }

  /** Returns the families with the two that tell when it was pushed to, by name. */
  TreeMap<String, Stamped> exposed() {
    TreeMap<String, Stamped> all = new TreeMap<>(families);
    all.put(PUSH_TIME, time(PUSH_TIME, PUSH_HELP, pushNanos));
    all.put(FAILURE_TIME, time(FAILURE_TIME, FAILURE_HELP, failureNanos));
    return all;
  }

  private Stamped time(String name, String help, long nanos) {
    long at = nanos == 0 ? Math.max(pushNanos, failureNanos) : nanos; // when it became 0
    Metric value = new Metric.Value(series, nanos / 1e9);
    return new Stamped(new Family(name, Kind.GAUGE, help, List.of(value)), at);
  }
}
