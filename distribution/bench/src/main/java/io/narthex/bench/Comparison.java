package io.narthex.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Compares answers of the query API: same label sets, same times, values equal but for rounding.
 */
final class Comparison {
  /** How far values may differ, relative to the larger one. */
  static final double TOLERANCE = 1e-12;

  private Comparison() {}

  /** Returns the first difference between the {@code data} of two answers, or null. */
  static @Nullable String data(JsonNode x, JsonNode y) {
    if (!x.path("resultType").equals(y.path("resultType"))) {
      return "result type";
    }
    String type = x.path("resultType").asText();
    if (type.equals("scalar") || type.equals("string")) {
      return samePoint(x.path("result"), y.path("result")) ? null : "value";
    }
    Map<String, JsonNode> left = byLabels(x.path("result"));
    Map<String, JsonNode> right = byLabels(y.path("result"));
    if (!left.keySet().equals(right.keySet())) {
      return "series (" + left.size() + " / " + right.size() + ")";
    }
    for (Map.Entry<String, JsonNode> e : left.entrySet()) {
      JsonNode other = Objects.requireNonNull(right.get(e.getKey()));
      String difference =
          type.equals("vector")
              ? point(e.getValue().path("value"), other.path("value"))
              : points(e.getValue().path("values"), other.path("values"));
      if (difference == null) {
        difference =
            type.equals("vector")
                ? histogram(e.getValue().path("histogram"), other.path("histogram"))
                : histograms(e.getValue().path("histograms"), other.path("histograms"));
      }
      if (difference != null) {
        return difference + " of " + e.getKey();
      }
    }
    return null;
  }

  private static @Nullable String histograms(JsonNode a, JsonNode b) {
    if (a.size() != b.size()) {
      return "number of histograms (" + a.size() + " / " + b.size() + ")";
    }
    for (int i = 0; i < a.size(); i++) {
      String difference = histogram(a.get(i), b.get(i));
      if (difference != null) {
        return difference;
      }
    }
    return null;
  }

  private static @Nullable String histogram(JsonNode a, JsonNode b) {
    return same(a, b) ? null : "histogram at " + a.path(0);
  }

  /** Compares objects and arrays of numbers and texts of numbers. */
  private static boolean same(JsonNode a, JsonNode b) {
    if (a.isTextual() && b.isTextual()) {
      return sameNumber(a.asText(), b.asText());
    }
    if (!a.isContainerNode()) {
      return a.equals(b);
    }
    if (a.getNodeType() != b.getNodeType() || a.size() != b.size()) {
      return false;
    }
    if (a.isArray()) {
      for (int i = 0; i < a.size(); i++) {
        if (!same(a.get(i), b.get(i))) {
          return false;
        }
      }
      return true;
    }
    for (Map.Entry<String, JsonNode> field : a.properties()) {
      if (!same(field.getValue(), b.path(field.getKey()))) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable String points(JsonNode a, JsonNode b) {
    if (a.size() != b.size()) {
      return "number of points (" + a.size() + " / " + b.size() + ")";
    }
    for (int i = 0; i < a.size(); i++) {
      String difference = point(a.get(i), b.get(i));
      if (difference != null) {
        return difference;
      }
    }
    return null;
  }

  private static @Nullable String point(JsonNode a, JsonNode b) {
    return samePoint(a, b) ? null : "value at " + a.path(0) + ": " + a.path(1) + " / " + b.path(1);
  }

  private static Map<String, JsonNode> byLabels(JsonNode result) {
    Map<String, JsonNode> out = new HashMap<>();
    for (JsonNode element : result) {
      Map<String, String> labels = new TreeMap<>();
      element
          .path("metric")
          .properties()
          .forEach(f -> labels.put(f.getKey(), f.getValue().asText()));
      out.put(labels.toString(), element);
    }
    return out;
  }

  private static boolean samePoint(JsonNode a, JsonNode b) {
    if (a.path(0).asDouble() != b.path(0).asDouble()) {
      return false;
    }
    return sameNumber(a.path(1).asText(), b.path(1).asText());
  }

  private static boolean sameNumber(String x, String y) {
    if (x.equals(y)) {
      return true;
    }
    try {
      double p = Double.parseDouble(x.replace("Inf", "Infinity"));
      double q = Double.parseDouble(y.replace("Inf", "Infinity"));
      return p == q || Math.abs(p - q) <= TOLERANCE * Math.max(Math.abs(p), Math.abs(q));
    } catch (NumberFormatException e) {
      return false;
    }
  }
}
