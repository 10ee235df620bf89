package io.narthex.bench.contact;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Lists of targets in files, YAML and JSON, and in answers to {@code http_sd_configs}: the targets
 * that come of each, with all labels that were found.
 */
final class TargetLists implements Area {
  private static final String JSON = "lists-json";
  private static final String HTTP = "lists-http";

  private final PageServer pages;

  TargetLists(PageServer pages) {
    this.pages = pages;
  }

  @Override
  public String name() {
    return "lists";
  }

  @Override
  public List<String> files() {
    return List.of("lists-yaml", JSON, HTTP);
  }

  @Override
  public Map<String, String> outcomes(Side side, List<Input> inputs)
      throws IOException, InterruptedException {
    Path folder = Files.createDirectories(side.folder().resolve("lists"));
    StringBuilder config =
        new StringBuilder(
            """
            global: {scrape_interval: 1h, scrape_timeout: 1s}
            scrape_configs:
              - job_name: files
                # equal targets would be one
                relabel_configs: &own [{source_labels: [__meta_filepath, __meta_url], target_label: input}]
                file_sd_configs: [{files: ['lists/*.yml', 'lists/*.json']}]
              - job_name: answers
                relabel_configs: *own
                http_sd_configs:
            """);
    Map<String, TreeSet<String>> found = new TreeMap<>();
    boolean http = false;
    for (Input input : inputs) {
      found.put(input.id(), new TreeSet<>());
      if (input.kind().equals(HTTP)) {
        String path = "/lists/" + input.id();
        pages.page(path, PageServer.answer("application/json", input.body()));
        config
            .append("      - url: http://127.0.0.1:")
            .append(pages.port())
            .append(path)
            .append('\n');
        http = true;
      } else {
        String suffix = input.kind().equals(JSON) ? ".json" : ".yml";
        Files.write(folder.resolve(input.id() + suffix), input.body());
      }
    }
    if (!http) {
      config.append("      []\n");
    }
    side.configure(config.toString());
    for (JsonNode target : Targets.await(side, Integer.MAX_VALUE, false)) {
      JsonNode labels = target.path("discoveredLabels");
      String source =
          labels.has("__meta_url")
              ? labels.path("__meta_url").asText()
              : labels.path("__meta_filepath").asText();
      String id = source.substring(source.lastIndexOf('/') + 1).replaceFirst("[.].*", "");
      TreeSet<String> lines = found.get(id);
      if (lines != null) {
        lines.add(Targets.labels(labels));
      }
    }
    side.reset();
    Map<String, String> out = new TreeMap<>();
    found.forEach(
        (id, lines) -> out.put(id, lines.size() + " targets\n" + String.join("\n", lines)));
    return out;
  }
}
