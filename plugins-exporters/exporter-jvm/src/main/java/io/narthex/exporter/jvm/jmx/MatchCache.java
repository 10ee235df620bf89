package io.narthex.exporter.jvm.jmx;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The outcomes of rules with {@code cache}, kept from one scrape to the next as long as they are
 * used. Not thread-safe.
 */
final class MatchCache {
  private record Key(int rule, String text) {}

  private final int mostChars;
  private Map<Key, Outcome> last = new HashMap<>();
  private Map<Key, Outcome> current = new HashMap<>();
  private int chars; // of the texts in current

  /**
   * An outcome.
   *
   * @param match null: the rule does not match
   */
  record Outcome(@Nullable Match match) {}

  /** Creates one that keeps texts of so many characters in all. */
  MatchCache(int mostChars) {
    this.mostChars = mostChars;
  }

  /** Begins a scrape: what it does not use is forgotten at its end. */
  void begin() {
    last = current;
    current = new HashMap<>();
    chars = 0;
  }

  @Nullable Outcome get(int rule, String text) {
    Key key = new Key(rule, text);
    Outcome outcome = current.get(key);
    if (outcome == null) {
      outcome = last.get(key);
      if (outcome != null) {
        put(rule, text, outcome);
      }
    }
    return outcome;
  }

  void put(int rule, String text, Outcome outcome) {
    if (chars + text.length() <= mostChars && current.put(new Key(rule, text), outcome) == null) {
      chars += text.length();
    }
  }

  /** Returns the number of texts with an outcome. */
  int size() {
    return current.size();
  }

  /** Ends a scrape. */
  void end() {
    last = Map.of();
  }
}
