package io.narthex.spi.config;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A string that is never shown: {@link #toString()} hides it. Immutable. */
public final class Secret {
  private final String value;

  private Secret(String value) {
    this.value = Objects.requireNonNull(value, "value");
  }

  /** Wraps a string. */
  public static Secret of(String value) {
    return new Secret(value);
  }

  /** Returns the string itself. Keep it out of logs and messages. */
  public String reveal() {
    return value;
  }

  /** Returns whether the string is empty. */
  public boolean isEmpty() {
    return value.isEmpty();
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof Secret s && value.equals(s.value);
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  @Override
  public String toString() {
    return "<secret>";
  }
}
