package io.narthex.push;

import io.narthex.model.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Labels as they are pushed: sorted by name; values may be empty, which {@link Labels} has not, and
 * names may repeat, which the check of a push refuses. Immutable.
 */
final class PushedLabels {
  static final PushedLabels EMPTY = new PushedLabels(new String[0]);

  /** Names at even, values at odd indices. */
  private final String[] pairs;

  private PushedLabels(String[] pairs) {
    this.pairs = pairs;
  }

  /** Collects pairs in any order. */
  static final class Builder {
    private final List<String> pairs = new ArrayList<>();

    Builder add(String name, String value) {
      pairs.add(name);
      pairs.add(value);
      return this;
    }

    /** Returns whether a name was added. */
    boolean has(String name) {
      for (int i = 0; i < pairs.size(); i += 2) {
        if (pairs.get(i).equals(name)) {
          return true;
        }
      }
      return false;
    }

    /** Sets the value of a name: of the first pair that has it, or of a new one. */
    Builder set(String name, String value) {
      for (int i = 0; i < pairs.size(); i += 2) {
        if (pairs.get(i).equals(name)) {
          pairs.set(i + 1, value);
          return this;
        }
      }
      return add(name, value);
    }

    void clear() {
      pairs.clear();
    }

    PushedLabels build() {
      int n = pairs.size() / 2;
      Integer[] order = new Integer[n];
      Arrays.setAll(order, i -> 2 * i);
      // stable: of equal names the first stays in front
      Arrays.sort(order, (a, b) -> Labels.compareCodePoints(pairs.get(a), pairs.get(b)));
      String[] sorted = new String[2 * n];
      for (int i = 0; i < n; i++) {
        sorted[2 * i] = pairs.get(order[i]);
        sorted[2 * i + 1] = pairs.get(order[i] + 1);
      }
      return new PushedLabels(sorted);
    }
  }

  /** Returns a builder that starts from these labels. */
  Builder toBuilder() {
    Builder b = new Builder();
    b.pairs.addAll(Arrays.asList(pairs));
    return b;
  }

  int size() {
    return pairs.length / 2;
  }

  String name(int index) {
    return pairs[2 * index];
  }

  String value(int index) {
    return pairs[2 * index + 1];
  }

  /** Returns a name that occurs more than once, or null. */
  @Nullable String repeated() {
    for (int i = 2; i < pairs.length; i += 2) {
      if (pairs[i].equals(pairs[i - 2])) {
        return pairs[i];
      }
    }
    return null;
  }

  /**
   * Returns these labels with those of a group in place of their own, and with an {@code instance},
   * be it empty, so that Prometheus does not add the one of the Pushgateway.
   */
  PushedLabels of(PushedLabels group) {
    Builder b = toBuilder();
    for (int i = 0; i < group.size(); i++) {
      b.set(group.name(i), group.value(i));
    }
    if (!b.has("instance")) {
      b.add("instance", "");
    }
    return b.build();
  }

  /**
   * Returns the order of series in an exposition: those with fewer labels first, then by the values
   * in the order of the names, as MetricSorter of client_golang.
   */
  static int compareSeries(PushedLabels a, PushedLabels b) {
    if (a.size() != b.size()) {
      return Integer.compare(a.size(), b.size());
    }
    for (int i = 0; i < a.size(); i++) {
      int order = Labels.compareCodePoints(a.value(i), b.value(i));
      if (order != 0) {
        return order;
      }
    }
    for (int i = 0; i < a.size(); i++) {
      int order = Labels.compareCodePoints(a.name(i), b.name(i));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  /** Returns an estimate of the memory in bytes. */
  long bytes() {
    long sum = 32 + 4L * pairs.length;
    for (String s : pairs) {
      sum += 40 + s.length();
    }
    return sum;
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof PushedLabels other && Arrays.equals(pairs, other.pairs);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(pairs);
  }

  @Override
  public String toString() {
    return Arrays.toString(pairs);
  }
}
