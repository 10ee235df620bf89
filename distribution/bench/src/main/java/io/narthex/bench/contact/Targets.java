package io.narthex.bench.contact;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a server says of its targets. */
final class Targets {
  private static final long PATIENCE_MS = 25_000;
  private static final long SETTLED_MS = 6_000;
  private static final long POLL_MS = 250;
  private static final List<String> KINDS =
      List.of(
          "no such host",
          "connection refused",
          "unsupported protocol scheme",
          "server returned HTTP status",
          "unsupported Content-Type");

  private Targets() {}

  /**
   * Waits until there are so many targets, dropped ones too, all of which were scraped, or until
   * their number has not changed for longer than a server takes to look for new ones.
   */
  static List<JsonNode> await(Side side, int wanted, boolean scraped)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE_MS * 1_000_000;
    long changed = System.nanoTime();
    int before = -1;
    while (true) {
      List<JsonNode> all = new ArrayList<>();
      JsonNode data = side.data("/api/v1/targets");
      boolean unknown = false;
      for (JsonNode target : data.path("activeTargets")) {
        all.add(target);
        unknown |= target.path("health").asText().equals("unknown");
      }
      data.path("droppedTargets").forEach(all::add);
      long now = System.nanoTime();
      if (all.size() != before) {
        before = all.size();
        changed = now;
      }
      boolean settled = all.size() >= wanted || now - changed > SETTLED_MS * 1_000_000;
      if ((settled && !(scraped && unknown)) || now > deadline) {
        return all;
      }
      Thread.sleep(POLL_MS);
    }
  }

  /** Returns what is the same for the same target in every server. */
  static String shown(JsonNode target) {
    StringBuilder text = new StringBuilder();
    if (target.has("labels")) {
      text.append(target.path("scrapeUrl").asText())
          .append(' ')
          .append(labels(target.path("labels")));
    } else {
      text.append("dropped ").append(labels(target.path("discoveredLabels")));
    }
    return text.toString();
  }

  /** Returns the health of a target and why it is down. */
  static String health(JsonNode target) {
    return target.path("health").asText() + ' ' + kind(target.path("lastError").asText());
  }

  private static String kind(String error) {
    if (error.isEmpty()) {
      return "";
    }
    for (String kind : KINDS) {
      if (error.toLowerCase(Locale.ROOT).contains(kind.toLowerCase(Locale.ROOT))) {
        return kind;
      }
    }
    return "other error";
  }

  /** Returns labels in their order, those of a file's place aside. */
  static String labels(JsonNode labels) {
    Map<String, String> sorted = new TreeMap<>();
    labels.properties().forEach(label -> sorted.put(label.getKey(), label.getValue().asText()));
    sorted.remove("__meta_filepath");
    return sorted.toString();
  }
}
