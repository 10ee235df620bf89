package io.narthex.model;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Targets with common labels, as a discovery finds them. Immutable.
 *
 * @param source identifies the group within its discovery; a later group with the same source
 *     replaces this one, one without targets removes it
 * @param labels labels of all targets of the group, for example {@code __meta_*}
 * @param targets labels of each target, with {@code __address__}; empty values allowed
 */
public record TargetGroup(
    String source, Map<String, String> labels, List<Map<String, String>> targets) {
  /** The label that holds {@code host:port}. */
  public static final String ADDRESS = "__address__";

  /** Copies its arguments. */
  public TargetGroup {
    Objects.requireNonNull(source, "source");
    labels = Map.copyOf(labels);
    targets = targets.stream().map(Map::copyOf).toList();
  }
}
