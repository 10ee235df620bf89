package io.narthex.bench.push;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The answer to {@code GET /api/v1/metrics}: groups with their families. */
final class Groups {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> TIMES = Set.of("push_time_seconds", "push_failure_time_seconds");

  /** The original keeps an empty message as a family without name and metrics. */
  private static final String UNNAMED = "";

  /** Groups by their labels. */
  private final TreeMap<String, JsonNode> groups = new TreeMap<>();

  private Groups() {}

  /** Reads an answer. */
  static Groups parse(String json) throws IOException {
    JsonNode answer = JSON.readTree(json);
    if (!answer.path("status").asText().equals("success")) {
      throw new IOException("no success: " + json);
    }
    Groups out = new Groups();
    for (JsonNode group : answer.path("data")) {
      String labels = text(group.path("labels"));
      if (out.groups.put(labels, group) != null) {
        throw new IOException("the group " + labels + " is there twice");
      }
    }
    return out;
  }

  /** Returns an object's fields in order, whatever their order was. */
  private static String text(JsonNode node) {
    if (node.isArray()) {
      List<String> elements = new ArrayList<>();
      node.forEach(element -> elements.add(text(element)));
      return elements.toString();
    }
    if (!node.isObject()) {
      return node.toString();
    }
    TreeMap<String, String> fields = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      fields.put(field.getKey(), text(field.getValue()));
    }
    return fields.toString();
  }

  /** Returns the help texts that groups give a family. */
  Set<String> helps(String family) {
    Set<String> out = new HashSet<>();
    for (JsonNode group : groups.values()) {
      if (group.has(family)) {
        out.add(group.path(family).path("help").asText());
      }
    }
    return out;
  }

  /** Returns paths that delete all groups. */
  List<String> paths() {
    List<String> out = new ArrayList<>();
    for (JsonNode group : groups.values()) {
      StringBuilder path = new StringBuilder("/metrics/job");
      path.append(base64(group.path("labels").path("job").asText()));
      for (Map.Entry<String, JsonNode> label : group.path("labels").properties()) {
        if (!label.getKey().equals("job")) {
          path.append('/').append(label.getKey()).append(base64(label.getValue().asText()));
        }
      }
      out.add(path.toString());
    }
    return out;
  }

  private static String base64(String value) {
    String encoded =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(value.getBytes(StandardCharsets.UTF_8));
    return "@base64/" + (encoded.isEmpty() ? "=" : encoded);
  }

  /** Returns what differs from another answer; the times of pushes may differ a little. */
  List<String> differences(Groups other) {
    List<String> out = new ArrayList<>();
    Set<String> all = new HashSet<>(groups.keySet());
    all.addAll(other.groups.keySet());
    for (String labels : all) {
      JsonNode mine = groups.get(labels);
      JsonNode others = other.groups.get(labels);
      if (mine == null || others == null) {
        out.add("group " + labels + " is on one side only");
        continue;
      }
      Set<String> fields = new HashSet<>();
      mine.fieldNames().forEachRemaining(fields::add);
      others.fieldNames().forEachRemaining(fields::add);
      fields.remove(UNNAMED);
      for (String field : fields) {
        String here = field(field, mine.path(field));
        String there = field(field, others.path(field));
        if (!here.equals(there)) {
          out.add("group " + labels + ", " + field + ": " + here + " / " + there);
        }
      }
    }
    return out;
  }

  /** Returns a field of a group with nothing in it that changes from push to push. */
  private static String field(String name, JsonNode value) {
    if (!value.has("metrics")) {
      return text(value);
    }
    List<String> metrics = new ArrayList<>();
    for (JsonNode metric : value.path("metrics")) {
      metrics.add(TIMES.contains(name) ? time(metric) : text(metric));
    }
    metrics.sort(null);
    return value.path("type").asText()
        + ' '
        + value.path("help")
        + ' '
        + (value.path("time_stamp").asText().isEmpty() ? "no time stamp" : "")
        + metrics;
  }

  private static String time(JsonNode metric) {
    boolean never = metric.path("value").asText().equals("0");
    return text(metric.path("labels")) + (never ? " never" : " once");
  }
}
