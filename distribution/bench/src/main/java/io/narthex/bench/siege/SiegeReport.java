package io.narthex.bench.siege;

import java.util.ArrayList;
import java.util.List;

/** The results of a run: a verdict per line, with its reasons. */
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

  /** Adds a remark. */
  void note(String text) {
    lines.add("      " + text);
  }

  /** Returns whether every check held. */
  public boolean passed() {
    return failed.isEmpty();
  }

  /** Returns all lines, the last of which is the summary. */
  public List<String> lines() {
    List<String> all = new ArrayList<>(lines);
    all.add(passed() ? "siege: passed" : "siege: FAILED: " + String.join(", ", failed));
    return all;
  }
}
