package io.narthex.spi.config;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A text that is never shown: {@link #toString()} hides it. */
public final class Secret {
  private final String value;

  private Secret(String value) {
    this.value = Objects.requireNonNull(value, "value");
  }

  /** Wraps a text. */
  public static Secret of(String value) {
    return new Secret(value);
  }

  /** Returns the text itself. Keep it out of logs and messages. */
  public String reveal() {
    return value;
  }

  /** Tells whether the text is empty. */
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
