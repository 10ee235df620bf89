package io.narthex.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Compares answers of the query API: same label sets, same times, values equal except for rounding.
 */
public final class Comparison {
  /** How far values may differ, relative to the larger one. */
  static final double TOLERANCE = 1e-12;

  private Comparison() {}

  /** Returns the first difference between the data of two answers, or null. */
  public static @Nullable String data(Answer x, Answer y) {
    if (!x.resultType().equals(y.resultType())) {
      return "result type";
    }
    if (!same(x.point(), y.point())) {
      return "value";
    }
    if (!x.series().keySet().equals(y.series().keySet())) {
      return "series (" + x.series().size() + " / " + y.series().size() + ")";
    }
    for (Map.Entry<String, Answer.Series> e : x.series().entrySet()) {
      Answer.Series other = Objects.requireNonNull(y.series().get(e.getKey()));
      String difference = points(e.getValue(), other);
      if (difference == null) {
        difference = histograms(e.getValue().histograms(), other.histograms());
      }
      if (difference != null) {
        return difference + " of " + e.getKey();
      }
    }
    return null;
  }

  private static @Nullable String points(Answer.Series a, Answer.Series b) {
    if (a.size() != b.size()) {
      return "number of points (" + a.size() + " / " + b.size() + ")";
    }
    for (int i = 0; i < a.size(); i++) {
      if (a.time(i) != b.time(i) || !sameNumber(a.value(i), b.value(i))) {
        return "value at " + a.time(i) + ": " + a.value(i) + " / " + b.value(i);
      }
    }
    return null;
  }

  private static @Nullable String histograms(JsonNode a, JsonNode b) {
    if (a.size() != b.size()) {
      return "number of histograms (" + a.size() + " / " + b.size() + ")";
    }
    for (int i = 0; i < a.size(); i++) {
      if (!same(a.get(i), b.get(i))) {
        return "histogram at "
            + a.get(i).path(0)
            + differingField(a.get(i).path(1), b.get(i).path(1));
      }
    }
    return null;
  }

  /** Returns the first field of {@code a} that is another in {@code b}, with both values. */
  private static String differingField(JsonNode a, JsonNode b) {
    for (Map.Entry<String, JsonNode> field : a.properties()) {
      JsonNode other = b.path(field.getKey());
      if (!same(field.getValue(), other)) {
        return ": " + field.getKey() + " " + field.getValue() + " / " + other;
      }
    }
    return "";
  }

  /** Compares objects and arrays of numbers and texts of numbers. */
  private static boolean same(JsonNode a, JsonNode b) {
    if (a.isTextual() && b.isTextual()) {
      return sameText(a.asText(), b.asText());
    }
    if (a.isNumber() && b.isNumber()) {
      return a.asDouble() == b.asDouble();
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

  private static boolean sameText(String x, String y) {
    if (x.equals(y)) {
      return true;
    }
    try {
      return sameNumber(Answer.number(x), Answer.number(y));
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static boolean sameNumber(double p, double q) {
    return p == q
        || (Double.isNaN(p) && Double.isNaN(q))
        || Math.abs(p - q) <= TOLERANCE * Math.max(Math.abs(p), Math.abs(q));
  }
}
