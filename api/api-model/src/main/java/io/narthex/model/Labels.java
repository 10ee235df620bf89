package io.narthex.model;

import io.narthex.model.go.GoString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A label set: names are unique and sorted, no value is empty. Immutable and safe to share.
 *
 * <p>Names, and label sets among each other, are ordered by Unicode code point, which equals the
 * order of their UTF-8 bytes. Label sets compare pair by pair (name, then value); a prefix sorts
 * before the longer set.
 */
public final class Labels implements Comparable<Labels>, Iterable<Label> {
  /** The label that holds the metric name. */
  public static final String METRIC_NAME = "__name__";

  /** The label set without labels. */
  public static final Labels EMPTY = new Labels(new String[0]);

  /** Up to this number of labels an insertion sort is faster. */
  private static final int INSERTION_MAX = 32;

  /** Names at even, values at odd indices. Never changed after construction. */
  private final String[] pairs;

  private int hash; // 0 = not yet computed; a benign race

  private Labels(String[] pairs) {
    this.pairs = pairs;
  }

  /**
   * Returns the label set of alternating names and values. Pairs with an empty value are omitted.
   *
   * @throws IllegalArgumentException for an odd number of arguments or a duplicate name
   */
  public static Labels of(String... namesAndValues) {
    if (namesAndValues.length % 2 != 0) {
      throw new IllegalArgumentException(
          "labels: names and values must alternate, got " + namesAndValues.length);
    }
    return sorted(namesAndValues.clone());
  }

  /** Returns the label set of a map; entries with an empty value are omitted. */
  public static Labels of(Map<String, String> map) {
    String[] raw = new String[map.size() * 2];
    int n = 0;
    for (Map.Entry<String, String> e : map.entrySet()) {
      raw[n++] = e.getKey();
      raw[n++] = e.getValue();
    }
    return sorted(raw);
  }

  /** Returns the label set of {@code labels}; pairs with an empty value are omitted. */
  public static Labels of(Collection<Label> labels) {
    String[] raw = new String[labels.size() * 2];
    int n = 0;
    for (Label l : labels) {
      raw[n++] = l.name();
      raw[n++] = l.value();
    }
    return sorted(raw);
  }

  private static Labels sorted(String[] raw) {
    int n = 0;
    boolean inOrder = true;
    for (int i = 0; i < raw.length; i += 2) {
      if (raw[i + 1].isEmpty()) {
        continue;
      }
      raw[n] = raw[i];
      raw[n + 1] = raw[i + 1];
      if (n > 0 && compareCodePoints(raw[n - 2], raw[n]) >= 0) {
        inOrder = false;
      }
      n += 2;
    }
    if (n == 0) {
      return EMPTY;
    }
    String[] pairs = n == raw.length ? raw : Arrays.copyOf(raw, n);
    if (!inOrder) {
      if (n <= 2 * INSERTION_MAX) {
        insertionSort(pairs);
      } else {
        pairs = mergeSorted(pairs);
      }
      for (int i = 2; i < n; i += 2) {
        if (pairs[i].equals(pairs[i - 2])) {
          throw new IllegalArgumentException("labels: name \"" + pairs[i] + "\" occurs twice");
        }
      }
    }
    return new Labels(pairs);
  }

  /** For the usual, small sets: sorting pairs in place beats creating objects. */
  private static void insertionSort(String[] pairs) {
    for (int i = 2; i < pairs.length; i += 2) {
      String name = pairs[i];
      String value = pairs[i + 1];
      int j = i - 2;
      while (j >= 0 && compareCodePoints(pairs[j], name) > 0) {
        pairs[j + 2] = pairs[j];
        pairs[j + 3] = pairs[j + 1];
        j -= 2;
      }
      pairs[j + 2] = name;
      pairs[j + 3] = value;
    }
  }

  /** For large sets, which come from hostile or broken senders: the cost must stay n log n. */
  private static String[] mergeSorted(String[] pairs) {
    Integer[] order = new Integer[pairs.length / 2];
    for (int i = 0; i < order.length; i++) {
      order[i] = i * 2;
    }
    Arrays.sort(order, (a, b) -> compareCodePoints(pairs[a], pairs[b]));
    String[] sorted = new String[pairs.length];
    for (int i = 0; i < order.length; i++) {
      sorted[2 * i] = pairs[order[i]];
      sorted[2 * i + 1] = pairs[order[i] + 1];
    }
    return sorted;
  }

  /** Compares two strings by code point, which is the order of their UTF-8 bytes. */
  public static int compareCodePoints(String a, String b) {
    int n = Math.min(a.length(), b.length());
    for (int i = 0; i < n; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        // surrogates sort above all other chars in UTF-8 order
        boolean xs = Character.isSurrogate(x);
        boolean ys = Character.isSurrogate(y);
        return xs != ys ? (xs ? 1 : -1) : Character.compare(x, y);
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  /** Returns the number of labels. */
  public int size() {
    return pairs.length / 2;
  }

  /** Returns whether the set has no label. */
  public boolean isEmpty() {
    return pairs.length == 0;
  }

  /** Returns the name at {@code index}, 0 to {@code size() - 1}. */
  public String name(int index) {
    return pairs[index * 2];
  }

  /** Returns the value at {@code index}, 0 to {@code size() - 1}. */
  public String value(int index) {
    return pairs[index * 2 + 1];
  }

  /** Returns the value of {@code name}, or the empty string when there is no such label. */
  public String get(String name) {
    int i = indexOf(name);
    return i < 0 ? "" : pairs[i * 2 + 1];
  }

  /** Returns whether the set has a label {@code name}. */
  public boolean has(String name) {
    return indexOf(name) >= 0;
  }

  /** Returns the metric name, or the empty string. */
  public String metricName() {
    return get(METRIC_NAME);
  }

  private int indexOf(String name) {
    for (int i = 0; i < pairs.length; i += 2) {
      if (pairs[i].equals(name)) {
        return i / 2;
      }
    }
    return -1;
  }

  /** Returns this set without the label {@code name}. */
  public Labels without(String name) {
    int at = indexOf(name);
    if (at < 0) {
      return this;
    }
    String[] rest = new String[pairs.length - 2];
    System.arraycopy(pairs, 0, rest, 0, at * 2);
    System.arraycopy(pairs, at * 2 + 2, rest, at * 2, rest.length - at * 2);
    return rest.length == 0 ? EMPTY : new Labels(rest);
  }

  /** Returns this set with {@code name} set to {@code value}; an empty value removes the label. */
  public Labels with(String name, String value) {
    if (value.isEmpty()) {
      return without(name);
    }
    int at = indexOf(name);
    if (at >= 0) {
      String[] copy = pairs.clone();
      copy[at * 2 + 1] = value;
      return new Labels(copy);
    }
    int insert = 0;
    while (insert < pairs.length && compareCodePoints(pairs[insert], name) < 0) {
      insert += 2;
    }
    String[] more = new String[pairs.length + 2];
    System.arraycopy(pairs, 0, more, 0, insert);
    more[insert] = name;
    more[insert + 1] = value;
    System.arraycopy(pairs, insert, more, insert + 2, pairs.length - insert);
    return new Labels(more);
  }

  /** Returns only the labels whose name is in {@code names}. */
  public Labels keep(Set<String> names) {
    return filtered(names, true);
  }

  /** Returns only the labels whose name is not in {@code names}. */
  public Labels drop(Set<String> names) {
    return filtered(names, false);
  }

  private Labels filtered(Set<String> names, boolean keep) {
    String[] out = new String[pairs.length];
    int n = 0;
    for (int i = 0; i < pairs.length; i += 2) {
      if (names.contains(pairs[i]) == keep) {
        out[n++] = pairs[i];
        out[n++] = pairs[i + 1];
      }
    }
    if (n == pairs.length) {
      return this;
    }
    return n == 0 ? EMPTY : new Labels(Arrays.copyOf(out, n));
  }

  /** Calls {@code action} with each name and value in order. */
  public void forEach(BiConsumer<String, String> action) {
    for (int i = 0; i < pairs.length; i += 2) {
      action.accept(pairs[i], pairs[i + 1]);
    }
  }

  /** Returns a new map with the labels in order; changing it does not change this set. */
  public Map<String, String> toMap() {
    Map<String, String> map = new LinkedHashMap<>(Math.max(4, size() * 2));
    forEach(map::put);
    return map;
  }

  /** Returns the labels as a list in order. */
  public List<Label> toList() {
    List<Label> list = new ArrayList<>(size());
    for (Label l : this) {
      list.add(l);
    }
    return list;
  }

  @Override
  public Iterator<Label> iterator() {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < pairs.length;
      }

      @Override
      public Label next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        Label l = new Label(pairs[next], pairs[next + 1]);
        next += 2;
        return l;
      }
    };
  }

  @Override
  public int compareTo(Labels other) {
    int n = Math.min(pairs.length, other.pairs.length);
    for (int i = 0; i < n; i++) {
      int c = compareCodePoints(pairs[i], other.pairs[i]);
      if (c != 0) {
        return c;
      }
    }
    return Integer.compare(pairs.length, other.pairs.length);
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof Labels other
        && hashCode() == other.hashCode()
        && Arrays.equals(pairs, other.pairs);
  }

  @Override
  public int hashCode() {
    int h = hash;
    if (h == 0) {
      h = Arrays.hashCode(pairs);
      hash = h;
    }
    return h;
  }

  /** Returns the set in selector form, {@code name{a="b"}} or {@code {a="b"}}, with Go quoting. */
  @Override
  public String toString() {
    StringBuilder b = new StringBuilder(64);
    b.append('{');
    for (int i = 0; i < pairs.length; i += 2) {
      if (i > 0) {
        b.append(", ");
      }
      if (isLegacyName(pairs[i])) {
        b.append(pairs[i]);
      } else {
        GoString.appendQuoted(b, pairs[i]);
      }
      b.append('=');
      GoString.appendQuoted(b, pairs[i + 1]);
    }
    return b.append('}').toString();
  }

  /**
   * Returns whether {@code name} needs no quotes as a label name: {@code [a-zA-Z_][a-zA-Z0-9_]*}.
   */
  public static boolean isLegacyName(String name) {
    if (name.isEmpty()) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      if (!letter && (i == 0 || c < '0' || c > '9')) {
        return false;
      }
    }
    return true;
  }

  /** Returns a builder that starts from this set. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Returns an empty builder. */
  public static Builder builder() {
    return new Builder(EMPTY);
  }

  /** Collects changes to a label set. Not thread-safe. */
  public static final class Builder {
    private final Map<String, String> map;

    private Builder(Labels start) {
      map = start.toMap();
    }

    /** Sets a label; an empty value removes it. */
    public Builder set(String name, String value) {
      if (value.isEmpty()) {
        map.remove(name);
      } else {
        map.put(name, value);
      }
      return this;
    }

    /** Removes a label. */
    public Builder remove(String name) {
      map.remove(name);
      return this;
    }

    /** Returns the current value of {@code name}, or the empty string. */
    public String get(String name) {
      return map.getOrDefault(name, "");
    }

    /** Returns a copy of the current names. */
    public List<String> names() {
      return List.copyOf(map.keySet());
    }

    /** Returns the label set collected so far. */
    public Labels build() {
      return Labels.of(map);
    }
  }
}
