package io.narthex.alerting;

import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.model.Labels;
import io.narthex.service.config.AlertmanagerConfig.InhibitRule;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides which alerts are inhibited. All sources with equal labels are remembered, so that one
 * that matches both sides of a rule never hides another. Thread-safe.
 */
final class Inhibitor {
  private final List<Rule> rules;

  Inhibitor(List<InhibitRule> rules) {
    this.rules = rules.stream().map(Rule::new).toList();
  }

  int size() {
    return rules.size();
  }

  /** Adds a new or changed alert. */
  void put(StoredAlert alert) {
    for (Rule rule : rules) {
      rule.put(alert);
    }
  }

  /** Removes sources that are resolved. */
  void collectGarbage(Instant now) {
    rules.forEach(r -> r.collectGarbage(now));
  }

  /** Returns the fingerprint of an alert that inhibits these labels, or null. */
  @Nullable Long inhibitedBy(Labels target, Instant now) {
    for (Rule rule : rules) {
      Long source = rule.inhibitedBy(target, now);
      if (source != null) {
        return source;
      }
    }
    return null;
  }

  /** One rule with its sources by the values of the equal labels. */
  static final class Rule {
    private final List<AlertMatcher> source;
    private final List<AlertMatcher> target;
    private final List<String> equal;
    private final Map<List<String>, Map<Labels, StoredAlert>> sources = new HashMap<>();

    Rule(InhibitRule rule) {
      source = AlertMatcher.compile(rule.sourceMatchers());
      target = AlertMatcher.compile(rule.targetMatchers());
      equal = List.copyOf(rule.equal());
    }

    private List<String> equalValues(Labels labels) {
      List<String> values = new ArrayList<>(equal.size());
      for (String name : equal) {
        values.add(labels.get(name));
      }
      return values;
    }

    synchronized void put(StoredAlert alert) {
      if (AlertMatcher.matchAll(source, alert.labels())) {
        sources
            .computeIfAbsent(equalValues(alert.labels()), k -> new LinkedHashMap<>())
            .put(alert.labels(), alert);
      }
    }

    synchronized void collectGarbage(Instant now) {
      sources.values().forEach(m -> m.values().removeIf(a -> a.resolvedAt(now)));
      sources.values().removeIf(Map::isEmpty);
    }

    @Nullable Long inhibitedBy(Labels labels, Instant now) {
      if (!AlertMatcher.matchAll(target, labels)) {
        return null;
      }
      return firingSource(labels, AlertMatcher.matchAll(source, labels), now);
    }

    /**
     * Returns a firing source with the same equal labels.
     *
     * @param excludeTwoSided whether sources that are targets too do not count
     */
    synchronized @Nullable Long firingSource(Labels labels, boolean excludeTwoSided, Instant now) {
      Map<Labels, StoredAlert> candidates = sources.get(equalValues(labels));
      if (candidates == null) {
        return null;
      }
      Iterator<StoredAlert> all = candidates.values().iterator();
      Long found = null;
      while (all.hasNext()) {
        StoredAlert candidate = all.next();
        if (candidate.resolvedAt(now)) {
          all.remove();
        } else if (found == null
            && !(excludeTwoSided && AlertMatcher.matchAll(target, candidate.labels()))) {
          found = candidate.fingerprint();
        }
      }
      if (candidates.isEmpty()) {
        sources.remove(equalValues(labels));
      }
      return found;
    }
  }
}
