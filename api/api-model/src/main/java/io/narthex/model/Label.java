package io.narthex.model;

import java.util.Objects;

/**
 * One {@code name="value"} pair.
 *
 * @param name any non-empty UTF-8 string
 * @param value any UTF-8 string; the empty value means "label absent" and never occurs in {@link
 *     Labels}
 */
public record Label(String name, String value) {
  /** Refuses null parts. */
  public Label {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
  }
}
