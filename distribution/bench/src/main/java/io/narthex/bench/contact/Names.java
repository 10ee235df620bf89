package io.narthex.bench.contact;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Addresses of targets, with schemes, paths and parameters: what is asked, the labels, the health.
 * An input is an address and labels, {@code address | name=value | …}; {@code $PORT} is a port that
 * answers.
 */
final class Names implements Area {
  /** What users call their machines and containers; all are loopback. */
  static final List<String> HOSTS =
      List.of(
          "node_exporter",
          "alert_manager",
          "my_app",
          "web.1",
          "app.1.9zq3ab",
          "x_",
          "host_",
          "_srv.x",
          "tasks.app_1",
          "a.b_c.d",
          "xn--bcher-kva.example",
          "-x",
          "x-",
          "1.2.3",
          "0x7f.example",
          "db.internal",
          "4f2a9c01d3e7",
          "my-host",
          "under_score.example.com",
          "kafka_broker-1",
          "UPPER_case",
          "a");

  private static final ObjectMapper JSON = new ObjectMapper();

  private final PageServer pages;
  private final boolean hosts;

  Names(PageServer pages, Hosts hosts) {
    this.pages = pages;
    this.hosts = hosts.permitted();
  }

  @Override
  public String name() {
    return "names";
  }

  @Override
  public List<String> files() {
    return hosts ? List.of("addresses", "hosts") : List.of("addresses");
  }

  @Override
  public Map<String, String> outcomes(Side side, List<Input> inputs)
      throws IOException, InterruptedException {
    ArrayNode groups = JSON.createArrayNode();
    for (Input input : inputs) {
      String[] parts =
          input.text().replace("$PORT", Integer.toString(pages.port())).split(" \\| ", -1);
      ObjectNode group = groups.addObject();
      group.putArray("targets").add(parts[0]);
      ObjectNode labels = group.putObject("labels").put("input", input.id());
      for (int i = 1; i < parts.length; i++) {
        int equals = parts[i].indexOf('=');
        if (equals > 0) {
          labels.put(parts[i].substring(0, equals), parts[i].substring(equals + 1));
        }
      }
    }
    Files.writeString(side.folder().resolve("names.json"), groups.toString());
    side.configure(
        """
        global: {scrape_interval: 4s, scrape_timeout: 1s}
        scrape_configs:
          - job_name: names
            file_sd_configs: [{files: [names.json]}]
        """);
    Map<String, String> out = new TreeMap<>();
    for (JsonNode target : Targets.await(side, inputs.size(), true)) {
      JsonNode labels =
          target.has("labels") ? target.path("labels") : target.path("discoveredLabels");
      out.put(labels.path("input").asText(), Targets.shown(target) + '\n' + Targets.health(target));
    }
    side.reset();
    return out;
  }
}
