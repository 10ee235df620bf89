package io.narthex.rules.unittest;

import io.narthex.model.Labels;
import io.narthex.model.go.GoFloat;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
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
      String text = GoFloat.format(value, 'e', -1);
      return Double.isFinite(value) ? text.toUpperCase(Locale.ROOT) : text;
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
    List<String> left = a.stream().map(Sample::toString).toList();
    List<String> right = b.stream().map(Sample::toString).toList();
    return diff ? lines(left, right) : side("exp: ", left) + "\n" + side("got: ", right);
  }

  private static String side(String name, List<String> samples) {
    return "        " + name + (samples.isEmpty() ? "nil" : String.join(", ", samples));
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

  /** Describes two lists of alerts that differ. */
  String alerts(List<String> want, List<String> got) {
    return diff ? lines(want, got) : "        exp:" + list(want) + ", \n        got:" + list(got);
  }

  private static String list(List<String> alerts) {
    StringJoiner out = new StringJoiner(",", "[", "\n            ]").setEmptyValue("[]");
    for (int i = 0; i < alerts.size(); i++) {
      String indented = alerts.get(i).replace("\n", "\n              ");
      out.add("\n            " + i + ":\n              " + indented);
    }
    return out.toString();
  }

  /** Describes a difference line by line. */
  private static String lines(List<String> want, List<String> got) {
    StringBuilder out = new StringBuilder();
    List<String> left = new ArrayList<>(got);
    for (String text : want) {
      lines(out, left.remove(text) ? "          " : "        - ", text);
    }
    left.forEach(text -> lines(out, "        + ", text));
    return out.toString().stripTrailing();
  }

  private static void lines(StringBuilder out, String prefix, String text) {
    String indent = prefix;
    for (String line : text.split("\n", -1)) {
      out.append(indent).append(line).append('\n');
      indent = " ".repeat(prefix.length());
    }
  }
}
