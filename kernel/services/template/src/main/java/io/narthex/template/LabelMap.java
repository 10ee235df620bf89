package io.narthex.template;

import io.narthex.model.Labels;
import io.narthex.model.go.GoString;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A map of strings: a missing key reads as the empty string.
 *
 * @param entries names to values
 * @param pairs whether SortedPairs, Names, Values and Remove exist, as in notifications
 * @param absent whether JSON shows null instead of an empty map
 */
record LabelMap(Map<String, String> entries, boolean pairs, boolean absent) implements GoObject {
  static LabelMap plain(Labels labels) {
    return new LabelMap(labels.toMap(), false, false);
  }

  static LabelMap withPairs(Map<String, String> entries) {
    return new LabelMap(entries, true, false);
  }

  @Override
  public @Nullable Object member(String name, List<@Nullable Object> arguments) {
    if (pairs) {
      switch (name) {
        case "SortedPairs" -> {
          return sortedPairs();
        }
        case "Names" -> {
          return new ArrayList<Object>(sortedPairs().names());
        }
        case "Values" -> {
          return new ArrayList<Object>(sortedPairs().values());
        }
        case "Remove" -> {
          Map<String, String> rest = new LinkedHashMap<>(entries);
          for (Object key : Arguments.list(arguments, 0)) {
            rest.remove(Arguments.text(key));
          }
          return withPairs(rest);
        }
        case "String" -> {
          return print();
        }
        default -> {}
      }
    }
    return entries.getOrDefault(name, "");
  }

  Pairs sortedPairs() {
    List<Map.Entry<String, String>> sorted = new ArrayList<>();
    Map<String, String> ordered = new TreeMap<>(Labels::compareCodePoints);
    ordered.putAll(entries);
    String alertname = ordered.remove("alertname");
    if (alertname != null) {
      sorted.add(Map.entry("alertname", alertname));
    }
    ordered.forEach((k, v) -> sorted.add(Map.entry(k, v)));
    return new Pairs(sorted);
  }

  @Override
  public String print() {
    return pairs ? sortedPairs().print() : GoFormat.value(entries);
  }

  @Override
  public String goSyntax() {
    Map<String, String> ordered = new TreeMap<>(Labels::compareCodePoints);
    ordered.putAll(entries);
    StringJoiner out = new StringJoiner(", ", typeName() + "{", "}");
    ordered.forEach((k, v) -> out.add(GoString.quote(k) + ":" + GoString.quote(v)));
    return out.toString();
  }

  @Override
  public @Nullable Object json() {
    return absent ? null : entries;
  }

  @Override
  public boolean isStringer() {
    return pairs;
  }

  @Override
  public String typeName() {
    return pairs ? "template.KV" : "map[string]string";
  }

  @Override
  public Object collection() {
    return entries;
  }

  /** Pairs in order. */
  record Pairs(List<Map.Entry<String, String>> list) implements GoObject {
    List<String> names() {
      return list.stream().map(Map.Entry::getKey).toList();
    }

    List<String> values() {
      return list.stream().map(Map.Entry::getValue).toList();
    }

    @Override
    public @Nullable Object member(String name, List<@Nullable Object> arguments) {
      return switch (name) {
        case "Names" -> new ArrayList<Object>(names());
        case "Values" -> new ArrayList<Object>(values());
        case "String" -> print();
        default -> NO_MEMBER;
      };
    }

    @Override
    public String print() {
      StringBuilder b = new StringBuilder();
      for (Map.Entry<String, String> e : list) {
        b.append(b.isEmpty() ? "" : ", ").append(e.getKey()).append('=').append(e.getValue());
      }
      return b.toString();
    }

    @Override
    public String goSyntax() {
      StringJoiner out = new StringJoiner(", ", typeName() + "{", "}");
      list.forEach(e -> out.add(new Pair(e.getKey(), e.getValue()).goSyntax()));
      return out.toString();
    }

    @Override
    public Object json() {
      List<Object> out = new ArrayList<>();
      for (Map.Entry<String, String> e : list) {
        Map<String, Object> pair = new LinkedHashMap<>();
        pair.put("Name", e.getKey());
        pair.put("Value", e.getValue());
        out.add(pair);
      }
      return out;
    }

    @Override
    public boolean isStringer() {
      return true;
    }

    @Override
    public String typeName() {
      return "template.Pairs";
    }

    @Override
    public Object collection() {
      List<Object> out = new ArrayList<>();
      list.forEach(e -> out.add(new Pair(e.getKey(), e.getValue())));
      return out;
    }
  }

  /** One pair. */
  record Pair(String name, String value) implements GoObject {
    @Override
    public @Nullable Object member(String member, List<@Nullable Object> arguments) {
      return switch (member) {
        case "Name" -> name;
        case "Value" -> value;
        default -> NO_MEMBER;
      };
    }

    @Override
    public String print() {
      return "{" + name + " " + value + "}";
    }

    @Override
    public String goSyntax() {
      return typeName()
          + "{Name:"
          + GoString.quote(name)
          + ", Value:"
          + GoString.quote(value)
          + "}";
    }

    @Override
    public Object json() {
      return Map.of("Name", name, "Value", value);
    }

    @Override
    public String typeName() {
      return "template.Pair";
    }
  }
}
