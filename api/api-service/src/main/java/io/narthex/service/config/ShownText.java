package io.narthex.service.config;

import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A text that is made when it is first asked for, and kept. Thread-safe. Two are equal when their
 * texts are, for which both are made.
 */
public final class ShownText {
  private @Nullable Supplier<String> source; // null once the text is made; guarded by this
  private String text; // guarded by this

  private ShownText(@Nullable Supplier<String> source, String text) {
    this.source = source;
    this.text = text;
  }

  /** Returns a text that is there already. */
  public static ShownText of(String text) {
    return new ShownText(null, Objects.requireNonNull(text, "text"));
  }

  /** Returns a text that {@code source} makes, once and on the thread that asks first. */
  public static ShownText madeBy(Supplier<String> source) {
    return new ShownText(Objects.requireNonNull(source, "source"), "");
  }

  /** Returns the text. */
  public synchronized String text() {
    Supplier<String> making = source;
    if (making != null) {
      text = making.get();
      source = null; // lets go of what it was made of
    }
    return text;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other || other instanceof ShownText that && text().equals(that.text());
  }

  @Override
  public int hashCode() {
    return text().hashCode();
  }

  @Override
  public String toString() {
    return text();
  }
}
