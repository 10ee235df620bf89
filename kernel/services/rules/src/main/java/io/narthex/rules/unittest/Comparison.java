package io.narthex.rules.unittest;

import io.narthex.model.Labels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Compares what a test expects with what it gets, and describes the difference.
 *
 * @param fuzzy whether numbers may differ in the last bit
 * @param diff whether the description is line by line instead of both sides
 */
record Comparison(boolean fuzzy, boolean diff) {
  /**
   * A sample of a result.
   *
   * @param histogram in the notation of test files; empty: the value is a number
   */
  record Sample(Labels labels, double value, String histogram) {
    @Override
    public String toString() {
      return labels + " " + (histogram.isEmpty() ? number(value) : histogram);
    }

    private static String number(double value) {
      if (value == Math.rint(value) && Math.abs(value) < 1e15) {
        return Long.toString((long) value);
      }
      return Double.isInfinite(value) ? (value > 0 ? "+Inf" : "-Inf") : Double.toString(value);
    }
  }

  /** Returns how two results differ, in any order of their samples; null when they do not. */
  @Nullable String samples(List<Sample> want, List<Sample> got) {
    List<Sample> a = sorted(want);
    List<Sample> b = sorted(got);
    boolean same = a.size() == b.size();
    for (int i = 0; same && i < a.size(); i++) {
      same = same(a.get(i), b.get(i));
    }
    if (same) {
      return null;
    }
    return describe(
        a.stream().map(Sample::toString).toList(), b.stream().map(Sample::toString).toList());
  }

  private static List<Sample> sorted(List<Sample> samples) {
    return samples.stream().sorted(Comparator.comparing(Sample::labels)).toList();
  }

  private boolean same(Sample a, Sample b) {
    return a.labels().equals(b.labels())
        && a.histogram().equals(b.histogram())
        && (!a.histogram().isEmpty() || same(a.value(), b.value()));
  }

  private boolean same(double a, double b) {
    if (a == b || (Double.isNaN(a) && Double.isNaN(b))) {
      return true;
    }
    return fuzzy && (Math.nextUp(a) == b || Math.nextDown(a) == b);
  }

  /** Describes two lists that differ. */
  String describe(List<String> want, List<String> got) {
    StringBuilder out = new StringBuilder();
    if (diff) {
      List<String> left = new ArrayList<>(got);
      for (String text : want) {
        lines(out, left.remove(text) ? "          " : "        - ", text);
      }
      left.forEach(text -> lines(out, "        + ", text));
      return out.toString().stripTrailing();
    }
    side(out, "exp", want);
    side(out, "got", got);
    return out.toString().stripTrailing();
  }

  private static void side(StringBuilder out, String name, List<String> texts) {
    if (texts.isEmpty()) {
      out.append("        ").append(name).append(": nothing\n");
    }
    for (String text : texts) {
      lines(out, "        " + name + ": ", text);
    }
  }

  private static void lines(StringBuilder out, String prefix, String text) {
    String indent = prefix;
    for (String line : text.split("\n", -1)) {
      out.append(indent).append(line).append('\n');
      indent = " ".repeat(prefix.length());
    }
  }
}
