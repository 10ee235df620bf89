package io.narthex.exporter.jvm.jmx;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The outcomes of rules with {@code cache}, kept from one scrape to the next as long as they are
 * used. Not thread-safe.
 */
final class MatchCache {
  private final int rules;
  private final int mostChars;
  private Map<String, @Nullable Outcome[]> last = new HashMap<>(); // by text, then by rule
  private Map<String, @Nullable Outcome[]> current = new HashMap<>();
  private int chars; // of the texts in current, and one for each rule

  /**
   * An outcome.
   *
   * @param match null: the rule does not match
   */
  record Outcome(@Nullable Match match) {}

  /** Creates one that keeps texts of so many characters in all. */
  MatchCache(int rules, int mostChars) {
    this.rules = rules;
    this.mostChars = mostChars;
  }

  /** Begins a scrape: what it does not use is forgotten at its end. */
  void begin() {
    last = current;
    current = new HashMap<>();
    chars = 0;
  }

  @Nullable Outcome get(int rule, String text) {
    @Nullable Outcome[] outcomes = current.get(text);
    if (outcomes == null) {
      outcomes = last.get(text);
      if (outcomes == null || !keep(text, outcomes)) {
        return null;
      }
    }
    return outcomes[rule];
  }

  void put(int rule, String text, Outcome outcome) {
    @Nullable Outcome[] outcomes = current.get(text);
    if (outcomes == null) {
      outcomes = new Outcome[rules];
      if (!keep(text, outcomes)) {
        return;
      }
    }
    outcomes[rule] = outcome;
  }

  private boolean keep(String text, @Nullable Outcome[] outcomes) {
    int size = text.length() + rules;
    if (size > mostChars - chars) {
      return false;
    }
    chars += size;
    current.put(text, outcomes);
    return true;
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
