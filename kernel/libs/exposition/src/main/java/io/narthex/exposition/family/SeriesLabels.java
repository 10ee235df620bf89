package io.narthex.exposition.family;

import io.narthex.model.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Labels as they are written: sorted by name; values may be empty, which {@link Labels} has not,
 * and names may repeat, which the check of a push refuses. Immutable.
 */
public final class SeriesLabels {
  /** No labels. */
  public static final SeriesLabels EMPTY = new SeriesLabels(new String[0]);

  /** Names at even, values at odd indices. */
  private final String[] pairs;

  private SeriesLabels(String[] pairs) {
    this.pairs = pairs;
  }

  /** Collects pairs in any order. */
  public static final class Builder {
    private final List<String> pairs = new ArrayList<>();

    /** Adds a pair. */
    public Builder add(String name, String value) {
      pairs.add(name);
      pairs.add(value);
      return this;
    }

    /** Returns whether a name was added. */
    public boolean has(String name) {
      for (int i = 0; i < pairs.size(); i += 2) {
        if (pairs.get(i).equals(name)) {
          return true;
        }
      }
      return false;
    }

    /** Sets the value of a name: of the first pair that has it, or of a new one. */
    public Builder set(String name, String value) {
      for (int i = 0; i < pairs.size(); i += 2) {
        if (pairs.get(i).equals(name)) {
          pairs.set(i + 1, value);
          return this;
        }
      }
      return add(name, value);
    }

    /** Removes all pairs. */
    public void clear() {
      pairs.clear();
    }

    /** Returns the labels. */
    public SeriesLabels build() {
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
      return new SeriesLabels(sorted);
    }
  }

  /** Returns a builder that starts from these labels. */
  public Builder toBuilder() {
    Builder b = new Builder();
    b.pairs.addAll(Arrays.asList(pairs));
    return b;
  }

  /** Returns the number of pairs. */
  public int size() {
    return pairs.length / 2;
  }

  /** Returns the name of a pair. */
  public String name(int index) {
    return pairs[2 * index];
  }

  /** Returns the value of a pair. */
  public String value(int index) {
    return pairs[2 * index + 1];
  }

  /** Returns a name that occurs more than once, or null. */
  public @Nullable String repeated() {
    for (int i = 2; i < pairs.length; i += 2) {
      if (pairs[i].equals(pairs[i - 2])) {
        return pairs[i];
      }
    }
    return null;
  }

  /**
   * Returns the order of series in an exposition: those with fewer labels first, then by the values
   * in the order of the names, as MetricSorter of client_golang.
   */
  public static int compareSeries(SeriesLabels a, SeriesLabels b) {
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
  public long bytes() {
    long sum = 32 + 4L * pairs.length;
    for (String s : pairs) {
      sum += 40 + s.length();
    }
    return sum;
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof SeriesLabels other && Arrays.equals(pairs, other.pairs);
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
