package io.narthex.rules;

import io.narthex.model.Annotations;
import io.narthex.model.Labels;
import io.narthex.rules.AlertRule.Tracked;
import io.narthex.service.rules.RuleService.AlertState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state of groups, in types that another version of this bundle can read: per group a list of
 * rules, per rule a map with {@code rule} (its identity), {@code series} (labels to reference),
 * {@code restored} and {@code alerts} (a list of maps).
 */
final class RuleState {
  /** The key of the hand-over; another format needs another number. */
  static final String KEY = "rules/1";

  private static final Logger LOG = LoggerFactory.getLogger(RuleState.class);

  private final Map<?, ?> groups;

  private RuleState(Map<?, ?> groups) {
    this.groups = groups;
  }

  /** Reads the state that the previous version left, if any. */
  static @Nullable RuleState of(@Nullable Object left) {
    return left instanceof Map<?, ?> map ? new RuleState(map) : null;
  }

  /** Returns the state of stopped groups, by key. */
  static Map<String, Object> of(Map<String, RuleGroup> stopped) {
    Map<String, Object> out = new HashMap<>();
    stopped.forEach((key, group) -> {
      List<Map<String, Object>> rules = new ArrayList<>();
      for (ActiveRule rule : group.rules()) {
        Map<String, Object> state = new HashMap<>();
        state.put("rule", identity(rule));
        state.put("series", new HashMap<>(rule.series));
        if (rule instanceof AlertRule alerts) {
          state.put("restored", alerts.isRestored());
          state.put("alerts", alerts.tracked().stream().map(RuleState::write).toList());
        }
        rules.add(state);
      }
      out.put(key, rules);
    });
    return out;
  }

  private static String identity(ActiveRule rule) {
    return rule.spec.name() + rule.spec.labels();
  }

  /** Restores the state of a group that does not run yet, from the previous one of its key. */
  void restore(String key, RuleGroup group) {
    if (!(groups.get(key) instanceof List<?> states)) {
      return;
    }
    List<Object> left = new ArrayList<>(states);
    for (ActiveRule rule : group.rules()) {
      Map<?, ?> state = take(left, identity(rule));
      if (state == null) {
        continue;
      }
      try {
        read(state, rule);
      } catch (ClassCastException | IllegalArgumentException | NullPointerException e) {
        LOG.error("rule {}: the state from the previous version cannot be used", identity(rule), e);
      }
    }
  }

  private static @Nullable Map<?, ?> take(List<Object> states, String rule) {
    for (Iterator<Object> i = states.iterator(); i.hasNext(); ) {
      if (i.next() instanceof Map<?, ?> state && rule.equals(state.get("rule"))) {
        i.remove();
        return state;
      }
    }
    return null;
  }

  private static void read(Map<?, ?> state, ActiveRule rule) {
    Map<Labels, Long> series = new HashMap<>();
    if (state.get("series") instanceof Map<?, ?> known) {
      known.forEach((labels, ref) -> series.put((Labels) labels, (Long) ref));
    }
    rule.series = series;
    if (rule instanceof AlertRule alerts && state.get("alerts") instanceof List<?> known) {
      List<Tracked> tracked = new ArrayList<>();
      known.forEach(a -> tracked.add(read((Map<?, ?>) a)));
      alerts.takeOver(tracked, Boolean.TRUE.equals(state.get("restored")));
    }
  }

  private static Map<String, Object> write(Tracked a) {
    return Map.ofEntries(
        Map.entry("labels", a.labels()),
        Map.entry("annotations", Labels.of(a.annotations())),
        Map.entry("emptyAnnotations", Annotations.empty(a.annotations())),
        Map.entry("state", a.state().name()),
        Map.entry("value", a.value()),
        Map.entry("activeAt", a.activeAtMs()),
        Map.entry("firedAt", a.firedAtMs()),
        Map.entry("resolvedAt", a.resolvedAtMs()),
        Map.entry("lastSent", a.lastSentMs()),
        Map.entry("validUntil", a.validUntilMs()),
        Map.entry("keepFiringSince", a.keepFiringSinceMs()));
  }

  private static Tracked read(Map<?, ?> a) {
    return new Tracked(
        (Labels) Objects.requireNonNull(a.get("labels")),
        Annotations.texts(
            (Labels) Objects.requireNonNull(a.get("annotations")),
            a.get("emptyAnnotations") instanceof List<?> empty
                ? empty.stream().map(String::valueOf).toList()
                : List.of()),
        AlertState.valueOf(String.valueOf(a.get("state"))),
        (Double) Objects.requireNonNull(a.get("value")),
        time(a, "activeAt"),
        time(a, "firedAt"),
        time(a, "resolvedAt"),
        time(a, "lastSent"),
        time(a, "validUntil"),
        time(a, "keepFiringSince"));
  }

  private static long time(Map<?, ?> a, String name) {
    return (Long) Objects.requireNonNull(a.get(name), name);
  }
}
