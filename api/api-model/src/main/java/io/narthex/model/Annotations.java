package io.narthex.model;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Annotations as a map. A label without a value is no label, but an annotation without a text is
 * one: what carries annotations as {@link Labels} carries the names of the empty ones with them.
 */
public final class Annotations {
  private Annotations() {}

  /** Returns all annotations in the order of their names; cannot be changed. */
  public static Map<String, String> texts(Labels annotations, List<String> empty) {
    Map<String, String> all = new TreeMap<>(Labels::compareCodePoints);
    empty.forEach(name -> all.put(name, ""));
    annotations.forEach(all::put);
    return Collections.unmodifiableMap(all);
  }

  /** Returns a copy in the order of the names; cannot be changed. */
  public static Map<String, String> sorted(Map<String, String> texts) {
    Map<String, String> all = new TreeMap<>(Labels::compareCodePoints);
    all.putAll(texts);
    return Collections.unmodifiableMap(all);
  }

  /** Returns the names of the annotations without a text, in order. */
  public static List<String> empty(Map<String, String> texts) {
    return texts.entrySet().stream()
        .filter(e -> e.getValue().isEmpty())
        .map(Map.Entry::getKey)
        .sorted(Labels::compareCodePoints)
        .toList();
  }
}
