package io.narthex.bench.ui;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** The panels of a dashboard document, whatever rows they are in. */
public final class Panels {
  private Panels() {}

  /** Returns them in order, rows left out. */
  public static List<JsonNode> of(JsonNode dashboard) {
    List<JsonNode> found = new ArrayList<>();
    collect(dashboard.path("panels"), found);
    dashboard.path("rows").forEach(row -> collect(row.path("panels"), found));
    return found;
  }

  private static void collect(JsonNode panels, List<JsonNode> into) {
    for (JsonNode panel : panels) {
      if (!panel.path("type").asText().equals("row")) {
        into.add(panel);
      }
      collect(panel.path("panels"), into);
    }
  }
}
