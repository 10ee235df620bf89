package io.narthex.model;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Targets that one place of a discovery names together.
 *
 * @param source identifies the group within its discovery; a later group with the same source
 *     replaces this one, one without targets removes it
 * @param labels labels that all targets of the group carry, {@code __meta_*} among them
 * @param targets label maps of the single targets, each with {@code __address__}; empty values
 *     allowed
 */
public record TargetGroup(
    String source, Map<String, String> labels, List<Map<String, String>> targets) {
  /** The label that holds {@code host:port}. */
  public static final String ADDRESS = "__address__";

  /** Copies what it is given. */
  public TargetGroup {
    Objects.requireNonNull(source, "source");
    labels = Map.copyOf(labels);
    targets = targets.stream().map(Map::copyOf).toList();
  }
}
