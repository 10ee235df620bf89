package io.narthex.bench.contact;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Files of the node exporter's textfile collector: what it shows of each. */
final class TextFiles implements Area {
  @Override
  public String name() {
    return "textfiles";
  }

  @Override
  public List<String> files() {
    return List.of("textfiles", "pages-text");
  }

  @Override
  public Map<String, String> outcomes(Side side, List<Input> inputs)
      throws IOException, InterruptedException {
    Path folder = side.folder().resolve("textfile");
    Path file = folder.resolve("a.prom");
    Map<String, String> out = new TreeMap<>();
    for (Input input : inputs) {
      Files.write(file, input.body());
      StringBuilder shown = new StringBuilder("shown");
      side.textfileMetrics()
          .replace(folder.toString(), "FOLDER")
          .lines()
          .filter(line ->
              !line.matches(
                  "(# (HELP|TYPE) )?(node_textfile_mtime|node_scrape_collector|node_exporter_build_info).*"))
          .sorted()
          .forEach(line -> shown.append('\n').append(line));
      out.put(input.id(), shown.toString());
    }
    Files.delete(file);
    return out;
  }
}
