package io.narthex.model;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Annotations as a map. {@link Labels} cannot hold an empty value, but an annotation may be empty:
 * types with annotations as {@link Labels} also have the names of the empty ones.
 */
public final class Annotations {
  private Annotations() {}

  /** Returns all annotations in order of names; unmodifiable. */
  public static Map<String, String> texts(Labels annotations, List<String> empty) {
    Map<String, String> all = new TreeMap<>(Labels::compareCodePoints);
    empty.forEach(name -> all.put(name, ""));
    annotations.forEach(all::put);
    return Collections.unmodifiableMap(all);
  }

  /** Returns a copy in order of names; unmodifiable. */
  public static Map<String, String> sorted(Map<String, String> texts) {
    Map<String, String> all = new TreeMap<>(Labels::compareCodePoints);
    all.putAll(texts);
    return Collections.unmodifiableMap(all);
  }

  /** Returns the sorted names of the annotations with an empty value. */
  public static List<String> empty(Map<String, String> texts) {
    return texts.entrySet().stream()
        .filter(e -> e.getValue().isEmpty())
        .map(Map.Entry::getKey)
        .sorted(Labels::compareCodePoints)
        .toList();
  }
}
