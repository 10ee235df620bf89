package io.narthex.push;

import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.exposition.family.SeriesLabels;
import io.narthex.model.Labels;
import io.narthex.service.push.PushSettings;
import java.util.ArrayList;
import java.util.List;

/** When groups end: as their last push said, else as the settings say. Immutable. */
final class TimesToLive {
  private record Rule(List<AlertMatcher> matchers, long nanos) {}

  private final List<Rule> rules = new ArrayList<>();

  /**
   * Compiles the matchers of the settings.
   *
   * @throws IllegalArgumentException when one is wrong; the configuration has checked them
   */
  TimesToLive(PushSettings settings) {
    for (PushSettings.TimeToLive t : settings.timeToLive()) {
      List<AlertMatcher> matchers = new ArrayList<>();
      for (String text : t.matchers()) {
        matchers.addAll(AlertMatcher.compile(MatcherSyntax.parse(text, MatcherSyntax.Mode.UTF8)));
      }
      rules.add(new Rule(matchers, t.ttl().toNanos()));
    }
  }

  /** Returns when a group ends, nanoseconds since 1970. */
  long endNanos(Group group) {
    long ttl = group.ttlNanos() != 0 ? group.ttlNanos() : ofLabels(group.key());
    return ttl == 0 ? Long.MAX_VALUE : group.lastNanos() + ttl;
  }

  private long ofLabels(SeriesLabels key) {
    if (rules.isEmpty()) {
      return 0;
    }
    Labels.Builder labels = Labels.builder();
    for (int i = 0; i < key.size(); i++) {
      labels.set(key.name(i), key.value(i));
    }
    Labels all = labels.build();
    for (Rule rule : rules) {
      if (AlertMatcher.matchAll(rule.matchers(), all)) {
        return rule.nanos();
      }
    }
    return 0;
  }
}
