package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Power cuts under scraping: what a query had shown is there afterwards, with the same values. */
@Tag("quiet")
class CrashIT {
  private static final String SHOWN =
      "{__name__=~\"up|node_cpu_seconds_total|jvm_memory_used_bytes|scrape_duration_seconds\"}[1h]";

  @TempDir private Path folder = Path.of("");

  @Test
  void noSampleThatAQueryHadShownIsLostOrChanged() throws IOException {
    Path config =
        Files.writeString(
            folder.resolve("prometheus.yml"),
            """
            global: {scrape_interval: 200ms, scrape_timeout: 200ms}
            scrape_configs:
              - {job_name: narthex, static_configs: [{targets: [self]}]}
              - {job_name: node, metrics_path: /exporters/node/metrics, static_configs: [{targets: [self]}]}
              - {job_name: jvm, metrics_path: /exporters/jvm/metrics, static_configs: [{targets: [self]}]}
            """);
    Map<String, String> shown = new LinkedHashMap<>();
    for (int round = 1; round <= 3; round++) {
      Server.Setup setup =
          Distribution.server(folder.resolve("data")).with("--config.file=" + config);
      try (Server server = setup.start()) {
        Map<String, String> now = samples(server);
        assertThat(now).as("after cut " + (round - 1)).containsAllEntriesOf(shown);
        int before = now.size();
        Server.await("more samples", () -> samples(server).size() > before + 200);
        shown = samples(server); // the answer is read whole, then the power goes
        server.kill();
      }
    }
    assertThat(shown.size()).isGreaterThan(600);
    try (Server server =
        Distribution.server(folder.resolve("data")).with("--config.file=" + config).start()) {
      assertThat(samples(server)).containsAllEntriesOf(shown);
      assertThat(server.log()).doesNotContain("corrupt");
    }
  }

  @Test
  void secondServerOnTheSameFolderIsRefused() {
    Path data = folder.resolve("data");
    try (Server first = Distribution.server(data).start()) {
      Server second = Distribution.server(data).with("--web.listen-address=127.0.0.1:0").launch();
      assertThat(second.awaitEnd()).as(second.log()).isEqualTo(1);
      assertThat(second.log()).contains("opening storage failed");
      assertThat(first.get("-/ready").statusCode()).isEqualTo(200);
    }
  }

  /** Returns all samples of the last hour: series and time to the value's text. */
  private static Map<String, String> samples(Server server) {
    Map<String, String> samples = new LinkedHashMap<>();
    for (JsonNode series : server.query(SHOWN)) {
      String name = series.path("metric").toString();
      for (JsonNode value : series.path("values")) {
        samples.put(name + " " + value.get(0).asText(), value.get(1).asText());
      }
    }
    return samples;
  }
}
