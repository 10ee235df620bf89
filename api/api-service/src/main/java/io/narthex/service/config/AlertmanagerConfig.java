package io.narthex.service.config;

import io.narthex.spi.config.ConfigNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code alertmanager.yml}; receivers' blocks are bound by the notifier plugins. Immutable. */
public record AlertmanagerConfig(
    Duration resolveTimeout,
    Route route,
    List<InhibitRule> inhibitRules,
    List<Receiver> receivers,
    List<TimeIntervalSet> timeIntervals,
    List<String> templates,
    ConfigNode globals) {

  /**
   * A node of the routing tree; absent values are inherited from its parent.
   *
   * @param groupBy sorted label names; ignored when {@code groupByAll}
   * @param labels templates by name, including those of the parents
   */
  public record Route(
      String receiver,
      List<String> groupBy,
      boolean groupByAll,
      List<LabelMatcher> matchers,
      boolean continues,
      Duration groupWait,
      Duration groupInterval,
      Duration repeatInterval,
      List<String> muteTimeIntervals,
      List<String> activeTimeIntervals,
      Map<String, String> labels,
      List<Route> routes) {}

  /**
   * A matcher as written.
   *
   * @param operator {@code =}, {@code !=}, {@code =~} or {@code !~}
   * @param value the value or the regular expression, without anchors
   */
  public record LabelMatcher(String name, String operator, String value) {}

  /** An inhibition rule: mutes target alerts while source alerts fire. */
  public record InhibitRule(
      String name,
      List<LabelMatcher> sourceMatchers,
      List<LabelMatcher> targetMatchers,
      List<String> equal) {}

  /**
   * A receiver with its unbound blocks.
   *
   * @param labels for filters of the API; include {@code name}
   */
  public record Receiver(String name, Map<String, String> labels, List<Block> blocks) {}

  /**
   * One block of a receiver.
   *
   * @param type for example {@code slack}
   * @param sendResolved null: the plugin's default
   */
  public record Block(String type, int index, @Nullable Boolean sendResolved, ConfigNode node) {}

  /** A named set of time intervals, unbound. */
  public record TimeIntervalSet(String name, ConfigNode node) {}

  /**
   * Returns the configuration of a server without {@code alertmanager.yml}: alerts are shown,
   * nobody is notified.
   */
  public static AlertmanagerConfig none() {
    return new AlertmanagerConfig(
        Duration.ofMinutes(5),
        new Route(
            "default",
            List.of(),
            false,
            List.of(),
            false,
            Duration.ofSeconds(30),
            Duration.ofMinutes(5),
            Duration.ofHours(4),
            List.of(),
            List.of(),
            Map.of(),
            List.of()),
        List.of(),
        List.of(new Receiver("default", Map.of("name", "default"), List.of())),
        List.of(),
        List.of(),
        ConfigNode.emptyMapping("alertmanager.yml"));
  }
}
