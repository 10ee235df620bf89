package io.narthex.http;

import io.narthex.http.Notifications.Notification;
import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.alerts.AlertmanagerService.AlertQuery;
import io.narthex.service.alerts.AlertmanagerService.AlertView;
import io.narthex.service.alerts.AlertmanagerService.Silence;
import io.narthex.service.config.ConfigService;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.plugins.PluginService.PluginInfo;
import io.narthex.service.rules.RuleService;
import io.narthex.service.rules.RuleService.ActiveAlert;
import io.narthex.service.rules.RuleService.AlertState;
import io.narthex.service.rules.RuleService.AlertingRule;
import io.narthex.service.rules.RuleService.Group;
import io.narthex.service.rules.RuleService.Rule;
import io.narthex.service.targets.TargetService;
import io.narthex.service.targets.TargetService.ActiveTarget;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What pages show, as a number for each topic: another number is a change. Values that change with
 * each scrape or evaluation, such as times, are left out.
 *
 * @param versions by topic
 * @param firing alerts of rules that fire
 */
record LiveState(Map<LiveTopic, Long> versions, int firing, List<Notification> notifications) {
  private static final Logger LOG = LoggerFactory.getLogger(LiveState.class);

  /** Where the state is read; a service that is absent counts as empty. */
  interface Sources {
    @Nullable TargetService targets();

    @Nullable RuleService rules();

    @Nullable AlertmanagerService alerts();

    ConfigService config();

    PluginService plugins();
  }

  private static final class Hash {
    private long value = 17;

    void add(@Nullable Object o) {
      value = value * 1_000_003 + (o == null ? 0 : o.hashCode());
    }
  }

  /** Reads the state; a part that fails keeps what it had before. */
  static LiveState read(Sources from, @Nullable LiveState before) {
    Map<LiveTopic, Long> versions =
        before == null
            ? new EnumMap<>(LiveTopic.class)
            : new EnumMap<LiveTopic, Long>(before.versions);
    int firing = before == null ? 0 : before.firing;
    List<Notification> notifications = before == null ? List.of() : before.notifications;
    List<Notification> shown = part(() -> Notifications.of(from.config()));
    if (shown != null) {
      notifications = shown;
      versions.put(LiveTopic.NOTIFICATIONS, (long) shown.hashCode());
    }
    put(versions, LiveTopic.CONFIG, () -> (long) from.config().lastReload().hashCode());
    put(versions, LiveTopic.PLUGINS, () -> plugins(from.plugins()));
    put(versions, LiveTopic.TARGETS, () -> targets(from.targets()));
    List<Group> groups =
        part(() -> {
          RuleService rules = from.rules();
          return rules == null ? List.<Group>of() : rules.groups();
        });
    put(versions, LiveTopic.SILENCES, () -> silences(from.alerts()));
    if (groups != null) {
      put(versions, LiveTopic.RULES, () -> rules(groups));
      Hash alerts = new Hash();
      Integer fire = part(() -> alerts(groups, alerts));
      firing = fire == null ? firing : fire;
      put(
          versions,
          LiveTopic.ALERTS,
          () -> {
            alerts(from.alerts(), alerts);
            return alerts.value;
          });
    }
    return new LiveState(versions, firing, notifications);
  }

  private static <T> @Nullable T part(Supplier<T> read) {
    try {
      return read.get();
    } catch (RuntimeException e) {
      LOG.debug("a part of the state for pages cannot be read now: {}", e.toString());
      return null;
    }
  }

  private static void put(Map<LiveTopic, Long> versions, LiveTopic topic, Supplier<Long> version) {
    Long read = part(version);
    if (read != null) {
      versions.put(topic, read);
    }
  }

  private static long plugins(PluginService plugins) {
    Hash hash = new Hash();
    for (PluginInfo p : plugins.plugins()) {
      hash.add(p.id());
      hash.add(p.version());
      hash.add(p.state());
      hash.add(p.reason());
      hash.add(p.undoVersion());
    }
    return hash.value;
  }

  private static long targets(@Nullable TargetService targets) {
    Hash hash = new Hash();
    for (ActiveTarget t : targets == null ? List.<ActiveTarget>of() : targets.active()) {
      hash.add(t.pool());
      hash.add(t.labels());
      hash.add(t.scrapeUrl());
      hash.add(t.health());
      hash.add(t.lastError());
    }
    return hash.value;
  }

  private static long rules(List<Group> groups) {
    Hash hash = new Hash();
    for (Group g : groups) {
      hash.add(g.file());
      hash.add(g.name());
      hash.add(g.intervalSeconds());
      for (Rule r : g.rules()) {
        hash.add(r.name());
        hash.add(r.query());
        hash.add(r.health());
        hash.add(r.lastError());
      }
    }
    return hash.value;
  }

  /** Adds the alerts of rules; returns how many fire. */
  private static int alerts(List<Group> groups, Hash hash) {
    int firing = 0;
    for (Group g : groups) {
      for (Rule r : g.rules()) {
        if (r instanceof AlertingRule rule) {
          hash.add(rule.state());
          for (ActiveAlert a : rule.alerts()) {
            hash.add(a.labels());
            hash.add(a.state());
            firing += a.state() == AlertState.FIRING ? 1 : 0;
          }
        }
      }
    }
    return firing;
  }

  private static void alerts(@Nullable AlertmanagerService manager, Hash hash) {
    for (AlertView a : manager == null ? List.<AlertView>of() : manager.alerts(AlertQuery.ALL)) {
      hash.add(a.fingerprint());
      hash.add(a.state());
      hash.add(a.receivers());
      hash.add(a.silencedBy());
      hash.add(a.inhibitedBy());
    }
  }

  private static long silences(@Nullable AlertmanagerService manager) {
    if (manager == null) {
      return 0;
    }
    Hash hash = new Hash();
    for (Silence s : manager.silences(List.of(), true, true, false)) {
      hash.add(s.id());
      hash.add(s.updatedAt());
      hash.add(s.state());
    }
    return hash.value;
  }

  /** Returns the topics that have changed since an earlier state. */
  Set<LiveTopic> since(LiveState before) {
    Set<LiveTopic> changed = EnumSet.noneOf(LiveTopic.class);
    versions.forEach((topic, version) -> {
      if (!version.equals(before.versions.get(topic))) {
        changed.add(topic);
      }
    });
    if (firing != before.firing) {
      changed.add(LiveTopic.ALERTS);
    }
    return changed;
  }

  /** Returns the notifications of this state that another one lacks. */
  List<Notification> notificationsNotIn(LiveState other) {
    List<Notification> found = new ArrayList<>(notifications);
    found.removeIf(n -> other.notifications.stream().anyMatch(o -> o.text().equals(n.text())));
    return found;
  }
}
