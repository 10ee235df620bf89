package io.narthex.exporter.jvm.jmx;

import java.time.Duration;
import java.util.regex.Pattern;

/** A pattern that must match a whole text and may take a second. Thread-safe. */
public final class BoundedPattern {
  private static final Duration LONGEST = Duration.ofSeconds(1);

  private final Pattern pattern;

  /**
   * Compiles it.
   *
   * @throws java.util.regex.PatternSyntaxException when it is none
   */
  public BoundedPattern(String pattern) {
    this.pattern = Pattern.compile(pattern, 0);
  }

  /** Returns whether it matches; a text that takes too long does not. */
  public boolean matches(String text) {
    try {
      return pattern.matcher(new BoundedText(text, Deadline.after(LONGEST))).matches();
    } catch (BoundedText.TooSlow | StackOverflowError e) {
      return false;
    }
  }
}
