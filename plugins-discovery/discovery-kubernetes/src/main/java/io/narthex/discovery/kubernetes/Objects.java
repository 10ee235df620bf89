package io.narthex.discovery.kubernetes;

import io.narthex.json.tree.JsonTree;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Objects by kind and by {@code namespace/name}. Confined to one thread. */
final class Objects {
  private final Map<Kind, Map<String, Object>> all = new EnumMap<>(Kind.class);

  private Map<String, Object> of(Kind kind) {
    return all.computeIfAbsent(kind, _ -> new HashMap<>());
  }

  /** Returns {@code namespace/name}, or the name alone of objects without namespace. */
  static String key(Object object) {
    String namespace = JsonTree.text(object, "metadata", "namespace");
    String name = JsonTree.text(object, "metadata", "name");
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }

  void put(Kind kind, String key, Object object) {
    of(kind).put(key, object);
  }

  void remove(Kind kind, String key) {
    of(kind).remove(key);
  }

  /** Replaces the objects of a namespace; empty = of all namespaces. */
  void replace(Kind kind, String namespace, List<Object> objects) {
    of(kind).keySet().removeIf(k -> namespace.isEmpty() || k.startsWith(namespace + "/"));
    objects.forEach(o -> put(kind, key(o), o));
  }

  @Nullable Object get(Kind kind, String key) {
    return of(kind).get(key);
  }

  Set<String> keys(Kind kind) {
    return Set.copyOf(of(kind).keySet());
  }
}
