package io.narthex.bench.torture;

import java.util.ArrayList;
import java.util.List;

/** The results of a run: lines for people, and whether every check held. */
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

  /** Adds a remark. */
  void note(String text) {
    lines.add("      " + text);
  }

  void summary(String text) {
    summary = "torture: " + (passed() ? "passed: " : "FAILED: ") + text;
  }

  /** Returns whether every check held. */
  public boolean passed() {
    return failed.isEmpty();
  }

  /** Returns a summary in one line. */
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
