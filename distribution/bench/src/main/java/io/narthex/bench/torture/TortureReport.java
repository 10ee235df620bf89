package io.narthex.bench.torture;

import java.util.ArrayList;
import java.util.List;

/** What a run has found: lines for people, and whether every check held. */
public final class TortureReport {
  private final List<String> lines = new ArrayList<>();
  private final List<String> failed = new ArrayList<>();
  private String summary = "";

  /** Adds the outcome of a check. */
  void check(String name, boolean held, String detail, List<String> examples) {
    lines.add((held ? "ok    " : "FAIL  ") + name + ": " + detail);
    if (!held) {
      failed.add(name);
      examples.forEach(e -> lines.add("        " + e));
    }
  }

  /** Adds something to know. */
  void note(String text) {
    lines.add("      " + text);
  }

  void summary(String text) {
    summary = "torture: " + (passed() ? "passed: " : "FAILED: ") + text;
  }

  /** Tells whether every check held. */
  public boolean passed() {
    return failed.isEmpty();
  }

  /** Returns one line that says all. */
  public String summary() {
    return summary;
  }

  /** Returns the lines of all checks and the summary. */
  public List<String> lines() {
    List<String> all = new ArrayList<>(lines);
    all.add(summary);
    return all;
  }
}
