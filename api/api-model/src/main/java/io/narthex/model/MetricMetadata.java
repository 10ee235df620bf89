package io.narthex.model;

import java.util.Objects;

/**
 * Type, help and unit of a metric family. Immutable.
 *
 * @param name family name as exposed
 * @param type declared type
 * @param help help text, may be empty
 * @param unit base unit such as {@code seconds}, may be empty
 */
public record MetricMetadata(String name, MetricType type, String help, String unit) {
  /** Refuses null parts. */
  public MetricMetadata {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(help, "help");
    Objects.requireNonNull(unit, "unit");
  }
}
