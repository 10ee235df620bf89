package io.narthex.bench.contact;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Pages of metrics, and answers that are none: the health of the target and what is stored. */
final class Expositions implements Area {
  private static final Set<String> VARYING = Set.of("scrape_duration_seconds");

  private final PageServer pages;

  Expositions(PageServer pages) {
    this.pages = pages;
  }

  @Override
  public String name() {
    return "expositions";
  }

  @Override
  public List<String> files() {
    return List.of("pages-text", "pages-openmetrics", "answers");
  }

  @Override
  public Map<String, String> outcomes(Side side, List<Input> inputs)
      throws IOException, InterruptedException {
    StringBuilder groups = new StringBuilder("[");
    for (Input input : inputs) {
      String path = "/pages/" + side.name() + '/' + input.id();
      pages.page(
          path,
          switch (input.kind()) {
            case "pages-text" ->
                PageServer.answer("text/plain; version=0.0.4; charset=utf-8", input.body());
            case "pages-openmetrics" ->
                PageServer.answer(
                    "application/openmetrics-text; version=1.0.0; charset=utf-8", input.body());
            default -> placed(input);
          });
      groups
          .append(groups.length() > 1 ? ",\n" : "")
          .append("{\"targets\": [\"127.0.0.1:")
          .append(pages.port())
          .append("\"], \"labels\": {\"__metrics_path__\": \"")
          .append(path)
          .append("\", \"input\": \"")
          .append(input.id())
          .append("\"}}");
    }
    Files.writeString(side.folder().resolve("pages.json"), groups.append(']').toString());
    side.configure(
        """
        global: {scrape_interval: 4s, scrape_timeout: 2s}
        scrape_configs:
          - {job_name: pages, file_sd_configs: [{files: [pages.json]}], relabel_configs: [{target_label: instance, replacement: i}]}
        """);
    Map<String, String> out = new TreeMap<>();
    for (JsonNode target : Targets.await(side, inputs.size(), true)) {
      // what is scraped as a page's own label begins with exported_
      out.put(target.path("labels").path("input").asText(), target.path("health").asText() + '\n');
    }
    Map<String, TreeSet<String>> series = new TreeMap<>();
    String query = URLEncoder.encode("{job=\"pages\"}[5m]", StandardCharsets.UTF_8);
    for (JsonNode each : side.data("/api/v1/query?query=" + query).path("result")) {
      JsonNode metric = each.path("metric");
      if (!VARYING.contains(metric.path("__name__").asText())) {
        series
            .computeIfAbsent(metric.path("input").asText(), _ -> new TreeSet<>())
            .add(
                Targets.labels(metric)
                    + ' '
                    + each.path("values").path(0).path(1).asText()
                    + each.path("histograms").path(0).path(1));
      }
    }
    series.forEach((id, lines) -> out.merge(id, String.join("\n", lines), String::concat));
    side.reset();
    return out;
  }

  private byte[] placed(Input input) {
    return new String(input.body(), StandardCharsets.ISO_8859_1)
        .replace("$PORT", Integer.toString(pages.port()))
        .getBytes(StandardCharsets.ISO_8859_1);
  }
}
