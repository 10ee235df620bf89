package io.narthex.bench.scenarios;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Compares responses with the expectations of a scenario. */
final class JsonChecks {
  private static final Pattern PART = Pattern.compile("\\[(\\d+)]|\\.?([^.\\[]+)", 0);

  /** Fields that the API has in the object {@code status} and scenarios name directly. */
  private static final Set<String> IN_STATUS =
      Set.of("state", "silencedBy", "inhibitedBy", "mutedBy");

  private static final Set<String> WHOLE = Set.of("labels", "annotations");

  private JsonChecks() {}

  /** Returns the node at a path such as {@code alerts[0].status}, or a missing node. */
  static JsonNode at(JsonNode root, String path) {
    if (root.has(path)) {
      return root.path(path);
    }
    JsonNode node = root;
    Matcher m = PART.matcher(path);
    int end = 0;
    while (m.find() && m.start() == end) {
      node = m.group(1) != null ? node.path(Integer.parseInt(m.group(1))) : node.path(m.group(2));
      end = m.end();
    }
    if (end != path.length()) {
      throw new ScenarioException("not a path: \"" + path + "\"");
    }
    return node;
  }

  /** Returns whether two values are equal; 1 and 1.0 are. */
  static boolean equal(JsonNode got, JsonNode want) {
    if (got.isNumber() && want.isNumber()) {
      return got.asDouble() == want.asDouble();
    }
    if (got.isArray() && want.isArray()) {
      boolean equal = got.size() == want.size();
      for (int i = 0; equal && i < got.size(); i++) {
        equal = equal(got.get(i), want.get(i));
      }
      return equal;
    }
    return got.equals(want);
  }

  /** Returns whether {@code got} has exactly the elements of {@code want} in any order. */
  static boolean sameElements(JsonNode got, JsonNode want) {
    return pairs(got, want, JsonChecks::hasFields);
  }

  /** Returns whether the expected and actual values can be matched one to one. */
  static boolean pairs(JsonNode got, JsonNode want, BiPredicate<JsonNode, JsonNode> equal) {
    if (!got.isArray() || got.size() != want.size()) {
      return false;
    }
    List<JsonNode> left = new ArrayList<>();
    got.forEach(left::add);
    return assign(left, want, 0, equal);
  }

  private static boolean assign(
      List<JsonNode> left, JsonNode want, int index, BiPredicate<JsonNode, JsonNode> equal) {
    if (index == want.size()) {
      return true;
    }
    for (int i = 0; i < left.size(); i++) {
      JsonNode candidate = left.get(i);
      if (equal.test(candidate, want.get(index))) {
        List<JsonNode> rest = new ArrayList<>(left);
        rest.remove(i);
        if (assign(rest, want, index + 1, equal)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Returns whether a value has at least the wanted fields. */
  private static boolean hasFields(JsonNode got, JsonNode want) {
    if (want.isArray()) {
      return sameElements(got, want);
    }
    if (!want.isObject()) {
      return equal(got, want);
    }
    for (var field : want.properties()) {
      String key = field.getKey();
      JsonNode value = got.path(key);
      if (value.isMissingNode() && IN_STATUS.contains(key)) {
        value = got.path("status").path(key);
      }
      boolean ok =
          WHOLE.contains(key) ? equal(value, field.getValue()) : hasFields(value, field.getValue());
      if (!ok) {
        return false;
      }
    }
    return true;
  }
}
