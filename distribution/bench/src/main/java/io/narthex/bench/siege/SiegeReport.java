package io.narthex.bench.siege;

import java.util.ArrayList;
import java.util.List;

/** What a run has found: a verdict per line, with what led to it. */
public final class SiegeReport {
  private final List<String> lines = new ArrayList<>();
  private final List<String> failed = new ArrayList<>();

  void check(String name, boolean held, String detail, List<String> examples) {
    lines.add((held ? "ok    " : "FAIL  ") + name + ": " + detail);
    if (!held) {
      failed.add(name);
      examples.stream().limit(40).forEach(e -> lines.add("        " + e));
    }
  }

  /** Adds something to know. */
  void note(String text) {
    lines.add("      " + text);
  }

  /** Tells whether every check held. */
  public boolean passed() {
    return failed.isEmpty();
  }

  /** Returns all lines, the last of which says all. */
  public List<String> lines() {
    List<String> all = new ArrayList<>(lines);
    all.add(passed() ? "siege: passed" : "siege: FAILED: " + String.join(", ", failed));
    return all;
  }
}
