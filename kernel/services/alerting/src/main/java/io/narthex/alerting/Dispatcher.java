package io.narthex.alerting;

import io.narthex.config.alertmanager.TimeIntervals;
import io.narthex.model.Labels;
import io.narthex.service.config.AlertmanagerConfig;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts alerts into aggregation groups and flushes the groups when they are due, under one
 * configuration; a reload makes a new dispatcher, and the notification log prevents duplicates.
 *
 * <p>Timing: the first flush of a group comes {@code group_wait} after its creation, immediately
 * when the alert that creates it is older than that; each later one {@code group_interval} after
 * the start of the previous one. If a flush is still running when the next is due, the next follows
 * immediately. A group that is empty after a flush is removed.
 *
 * <p>Concurrency: one lock guards all groups; deliveries run without it.
 */
final class Dispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
  private static final Duration LEAST_TIMEOUT = Duration.ofSeconds(10);

  private final Timers timers;
  private final RouteNode root;
  private final Map<String, TimeIntervals> intervals = new HashMap<>();
  private final Inhibitor inhibitor;
  private final Silences silences;
  private final Deliveries deliveries;
  private final @Nullable AlertingMetrics metrics;
  private final Instant notBefore;

  private final Object lock = new Object();
  private final Map<GroupId, Group> groups = new LinkedHashMap<>(); // guarded by lock
  private boolean stopped; // guarded by lock

  /** Identity of a group. */
  private record GroupId(String routeId, Labels labels) {}

  /** Snapshot of a group. */
  record GroupState(
      RouteNode route, Labels labels, String key, List<StoredAlert> alerts, List<String> mutedBy) {}

  /**
   * Creates a dispatcher.
   *
   * @param notBefore no group flushes earlier
   */
  Dispatcher(
      AlertmanagerConfig config,
      Inhibitor inhibitor,
      Silences silences,
      Deliveries deliveries,
      Timers timers,
      @Nullable AlertingMetrics metrics,
      Instant notBefore) {
    this.timers = timers;
    this.root = RouteNode.root(config.route());
    this.inhibitor = inhibitor;
    this.silences = silences;
    this.deliveries = deliveries;
    this.metrics = metrics;
    this.notBefore = notBefore;
    config.timeIntervals().forEach(t -> intervals.put(t.name(), TimeIntervals.parse(t.node())));
  }

  RouteNode root() {
    return root;
  }

  /** An alert and the group it goes to. */
  private record Placement(RouteNode route, Labels labels, StoredAlert alert) {}

  /**
   * Inserts new or changed alerts. All of them are in their groups before any of these can flush: a
   * flush between two alerts would notify of half a group, and as resolved if resolved ones came
   * first.
   */
  void process(List<StoredAlert> alerts) {
    List<Placement> placements = new ArrayList<>();
    for (StoredAlert alert : alerts) {
      for (RouteNode route : root.match(alert.labels())) {
        placements.add(new Placement(route, route.groupLabels(alert.labels()), alert));
      }
    }
    synchronized (lock) {
      if (stopped) {
        return;
      }
      for (Placement p : placements) {
        groups
            .computeIfAbsent(
                new GroupId(p.route().id(), p.labels()), id -> new Group(id, p.route(), p.alert()))
            .insert(p.alert());
      }
    }
  }

  /** Stops all groups; running deliveries continue, but are not retried. */
  void stop() {
    synchronized (lock) {
      stopped = true;
      groups.values().forEach(Group::cancel);
      groups.clear();
    }
  }

  boolean isStopped() {
    synchronized (lock) {
      return stopped;
    }
  }

  int groupCount() {
    synchronized (lock) {
      return groups.size();
    }
  }

  /** Returns a snapshot of all groups. */
  List<GroupState> groups() {
    synchronized (lock) {
      List<GroupState> out = new ArrayList<>();
      for (Group g : groups.values()) {
        out.add(
            new GroupState(
                g.route,
                g.labels,
                g.key,
                List.copyOf(g.alerts.values()),
                mutedBy(g.route, timers.now())));
      }
      return out;
    }
  }

  /** Returns the names of the time intervals that mute a route now. */
  List<String> mutedBy(RouteNode route, Instant now) {
    TreeSet<String> names = new TreeSet<>();
    for (String name : route.route().muteTimeIntervals()) {
      if (holds(name, now)) {
        names.add(name);
      }
    }
    if (outsideActive(route, now)) {
      names.addAll(route.route().activeTimeIntervals());
    }
    return List.copyOf(names);
  }

  private boolean outsideActive(RouteNode route, Instant now) {
    List<String> active = route.route().activeTimeIntervals();
    return !active.isEmpty() && active.stream().noneMatch(n -> holds(n, now));
  }

  private boolean holds(String interval, Instant now) {
    TimeIntervals t = intervals.get(interval);
    return t != null && t.contains(now);
  }

  /** Filters out muted alerts. */
  private List<StoredAlert> unmuted(RouteNode route, List<StoredAlert> alerts, Instant now) {
    List<StoredAlert> rest = new ArrayList<>();
    for (StoredAlert a : alerts) {
      if (inhibitor.inhibitedBy(a.labels(), now) == null) {
        rest.add(a);
      }
    }
    count("inhibition", alerts.size() - rest.size());
    if (rest.isEmpty()) {
      return rest;
    }
    if (outsideActive(route, now)) {
      count("active_time_interval", rest.size());
      return List.of();
    }
    if (route.route().muteTimeIntervals().stream().anyMatch(n -> holds(n, now))) {
      count("mute_time_interval", rest.size());
      return List.of();
    }
    List<StoredAlert> out = new ArrayList<>();
    for (StoredAlert a : rest) {
      if (silences.silencing(a.labels(), now).isEmpty()) {
        out.add(a);
      }
    }
    count("silence", rest.size() - out.size());
    return out;
  }

  private void count(String reason, int n) {
    if (n > 0 && metrics != null) {
      metrics.suppressed.with(reason).add(n);
    }
  }

  /** Returns labels in the form of group keys: names are never quoted, not even UTF-8 ones. */
  private static String text(Labels labels) {
    StringJoiner out = new StringJoiner(", ", "{", "}");
    for (int i = 0; i < labels.size(); i++) {
      String quoted = Labels.of("n", labels.value(i)).toString(); // {n="…"}
      out.add(labels.name(i) + quoted.substring(2, quoted.length() - 1));
    }
    return out.toString();
  }

  /** An aggregation group. All of it is guarded by the dispatcher's lock. */
  private final class Group {
    final GroupId id;
    final RouteNode route;
    final Labels labels;
    final String key;
    final Map<Labels, StoredAlert> alerts = new LinkedHashMap<>();
    private boolean gone;
    private boolean flushing;
    private boolean dueAgain;
    private Timers.@Nullable Task timer;

    Group(GroupId id, RouteNode route, StoredAlert first) {
      this.id = id;
      this.route = route;
      this.labels = id.labels();
      this.key = route.key() + ":" + text(labels);
      Instant now = timers.now();
      Duration wait = route.route().groupWait();
      // only the alert that creates the group counts: an old alert sent again must not end the wait
      schedule(first.startsAt().plus(wait).isBefore(now) ? now : now.plus(wait));
    }

    private void schedule(Instant at) {
      if (timer != null) {
        timer.cancel();
      }
      Instant time = at.isBefore(notBefore) ? notBefore : at;
      timer = timers.at(time, "alert-group " + key, this::flush);
    }

    void cancel() {
      if (timer != null) {
        timer.cancel();
      }
    }

    void insert(StoredAlert alert) {
      alerts.put(alert.labels(), alert);
    }

    private void flush() {
      List<StoredAlert> all;
      Instant now;
      synchronized (lock) {
        if (stopped || gone) {
          return;
        }
        now = timers.now();
        schedule(now.plus(route.route().groupInterval()));
        if (flushing) {
          dueAgain = true;
          return;
        }
        flushing = true;
        all = new ArrayList<>(alerts.values());
      }
      all.sort((a, b) -> StoredAlert.ORDER.compare(a.labels(), b.labels()));
      Duration timeout = route.route().groupInterval();
      Instant deadline = now.plus(timeout.compareTo(LEAST_TIMEOUT) < 0 ? LEAST_TIMEOUT : timeout);
      List<StoredAlert> unmuted;
      try {
        unmuted = unmuted(route, all, now);
      } catch (RuntimeException | Error e) {
        LOG.error("alert group {}: cannot be flushed", key, e);
        flushed(all, now, false);
        return;
      }
      if (unmuted.isEmpty()) {
        flushed(all, now, true);
        return;
      }
      deliveries.deliver(
          Dispatcher.this,
          route,
          key,
          labels,
          unmuted,
          now,
          deadline,
          success -> flushed(all, now, success));
    }

    /**
     * After a success, removes the alerts that were resolved at the flush and have not changed
     * since.
     */
    private void flushed(List<StoredAlert> all, Instant flushTime, boolean success) {
      boolean again;
      synchronized (lock) {
        flushing = false;
        if (success) {
          for (StoredAlert a : all) {
            if (a.resolvedAt(flushTime)) {
              alerts.remove(a.labels(), a);
            }
          }
        }
        if (alerts.isEmpty()) {
          // an alert that fires again makes a new group, which notifies after group_wait
          gone = true;
          cancel();
          groups.remove(id, this);
        }
        again = dueAgain && !stopped && !gone;
        dueAgain = false;
      }
      if (again) {
        timers.run("alert-group " + key, this::flushNow);
      }
    }

    private void flushNow() {
      synchronized (lock) {
        if (stopped || gone) {
          return;
        }
        schedule(timers.now());
      }
    }
  }
}
