package io.narthex.discovery.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import io.narthex.model.TargetGroup;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads a JSON list of {@code {targets: […], labels: {…}}}. */
final class TargetList {
  // buffers recycled by threads of the host would keep this plugin's class loader alive
  private static final JsonFactory JSON =
      JsonFactory.builder().recyclerPool(JsonRecyclerPools.nonRecyclingPool()).build();

  /** A group; more labels may be added to its own. */
  record Group(Map<String, String> labels, List<Map<String, String>> targets) {}

  private TargetList() {}

  /** Returns the groups in order; unknown keys are ignored. */
  static List<Group> read(InputStream in) throws IOException {
    try (JsonParser p = JSON.createParser(in)) {
      List<Group> groups = new ArrayList<>();
      JsonToken first = p.nextToken();
      if (first == JsonToken.VALUE_NULL) {
        return groups;
      }
      expect(p, first, JsonToken.START_ARRAY, "the answer", "a list of target groups");
      for (JsonToken t = p.nextToken(); t != JsonToken.END_ARRAY; t = p.nextToken()) {
        if (t == JsonToken.VALUE_NULL) {
          throw new IOException("nil target group item found (index " + groups.size() + ")");
        }
        expect(p, t, JsonToken.START_OBJECT, "target group " + groups.size(), "an object");
        groups.add(group(p, groups.size()));
      }
      if (p.nextToken() != null) {
        throw new IOException("the answer continues after its list" + at(p));
      }
      return groups;
    } catch (JsonProcessingException e) {
      throw new IOException("the answer is not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static Group group(JsonParser p, int index) throws IOException {
    Map<String, String> labels = new LinkedHashMap<>();
    List<Map<String, String>> targets = new ArrayList<>();
    while (p.nextToken() != JsonToken.END_OBJECT) {
      String key = p.currentName();
      JsonToken value = p.nextToken();
      if (value == JsonToken.VALUE_NULL) {
        continue;
      }
      if (key.equals("targets")) {
        expect(p, value, JsonToken.START_ARRAY, "targets of group " + index, "a list");
        for (JsonToken t = p.nextToken(); t != JsonToken.END_ARRAY; t = p.nextToken()) {
          expect(p, t, JsonToken.VALUE_STRING, "a target of group " + index, "a text");
          targets.add(Map.of(TargetGroup.ADDRESS, p.getText()));
        }
      } else if (key.equals("labels")) {
        expect(p, value, JsonToken.START_OBJECT, "labels of group " + index, "an object");
        while (p.nextToken() != JsonToken.END_OBJECT) {
          String name = p.currentName();
          expect(p, p.nextToken(), JsonToken.VALUE_STRING, "label \"" + name + "\"", "a text");
          labels.put(name, p.getText());
        }
      } else {
        p.skipChildren();
      }
    }
    return new Group(labels, targets);
  }

  private static void expect(
      JsonParser p,
      @org.jspecify.annotations.Nullable JsonToken got,
      JsonToken wanted,
      String what,
      String form)
      throws IOException {
    if (got != wanted) {
      throw new IOException(
          what + " must be " + form + ", got " + (got == null ? "nothing" : got) + at(p));
    }
  }

  private static String at(JsonParser p) {
    return " at line "
        + p.currentTokenLocation().getLineNr()
        + " column "
        + p.currentTokenLocation().getColumnNr();
  }
}
