package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings of plugins that are wrong when the server starts, and the reload that mends them. */
class WrongSettingsIT {
  @RegisterExtension private final Stage stage = new Stage();

  @BeforeEach
  void files() throws IOException {
    stage.file("prometheus.yml", "scrape_configs: []\n");
  }

  private void start(String exporters) throws IOException {
    settings(exporters);
    stage.start(setup -> setup.with("--web.enable-lifecycle"));
  }

  private void settings(String exporters) throws IOException {
    stage.file("narthex.yml", Stage.QUICK_REMOVAL + "exporters: " + exporters + "\n");
  }

  private void reload(int status) {
    HttpResponse<String> answer = stage.server().post("-/reload");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
  }

  private String metrics(String path) {
    HttpResponse<String> answer = stage.server().get("exporters/" + path);
    return answer.statusCode() == 200 ? answer.body() : "status " + answer.statusCode();
  }

  private JsonNode plugin(String id) {
    for (JsonNode p : stage.server().json("narthex/api/v1/plugins").path("plugins")) {
      if (p.path("id").asText().equals(id)) {
        return p;
      }
    }
    throw new AssertionError(id + " is not in the list");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{flagz: []}", "{flags: 5}", "[]", "{procfs: [/proc]}"})
  void exporterThatCannotBeOpenedWaitsForTheReloadThatMendsIt(String wrong) throws IOException {
    start("{node: " + wrong + "}");
    assertThat(metrics("node/metrics")).isEqualTo("status 404");
    assertThat(plugin("io.narthex.exporter.node").path("reason").asText())
        .contains("narthex.yml:2:");
    assertThat(stage.server().get("metrics").body())
        .contains("narthex_config_waiting_blocks{kind=\"exporter\"} 1");
    reload(200); // as wrong as before: it waits on
    assertThat(metrics("node/metrics")).isEqualTo("status 404");
    settings("{node: {flags: ['--collector.disable-defaults', '--collector.loadavg']}}");
    reload(200);
    assertThat(metrics("node/metrics")).contains("node_load1 ");
    assertThat(plugin("io.narthex.exporter.node").path("state").asText()).isEqualTo("running");
    settings("{node: " + wrong + "}");
    reload(500); // one that runs keeps its settings
    assertThat(metrics("node/metrics")).contains("node_load1 ");
  }

  @Test
  void flagThatCannotBeUsedCostsNoOther() throws IOException {
    String good = "'--collector.disable-defaults', '--collector.loadavg'";
    String bad = "'--collector.netdev.device-blacklist=^lo$'";
    start("{node: {flags: [" + good + ", " + bad + "]}}");
    assertThat(metrics("node/metrics")).contains("node_load1 ");
    assertThat(plugin("io.narthex.exporter.node").path("state").asText()).isEqualTo("degraded");
    assertThat(plugin("io.narthex.exporter.node").path("reason").asText())
        .contains("device-blacklist");
    settings("{node: {flags: [" + good + "]}}");
    reload(200);
    assertThat(plugin("io.narthex.exporter.node").path("state").asText()).isEqualTo("running");
    settings("{node: {flags: [" + good + ", " + bad + "]}}");
    reload(500);
    assertThat(metrics("node/metrics")).contains("node_load1 ");
  }

  @Test
  void rulesFileThatCannotBeUsedCostsItsModule() throws IOException {
    stage.file("bad.yml", "rules: [{pattern: '(', name: x}]\n");
    stage.file("good.yml", "includeObjectNames: ['java.lang:type=Memory']\n");
    start("{jvm: {modules: {m: {rules_file: bad.yml}, n: {rules_file: good.yml}}}}");
    assertThat(metrics("jvm/metrics")).contains("jvm_buffer_pool_capacity_bytes{");
    assertThat(metrics("jvm/metrics?module=n")).contains("java_lang_Memory");
    assertThat(metrics("jvm/metrics?module=m")).startsWith("status ");
    assertThat(stage.server().get("exporters/jvm/metrics?module=m").body())
        .contains("bad.yml", "mend it and reload");
    assertThat(plugin("io.narthex.exporter.jvm").path("reason").asText()).contains("bad.yml");
    Files.writeString(stage.folder.resolve("bad.yml"), "rules: []\n");
    reload(200);
    assertThat(metrics("jvm/metrics?module=m")).startsWith("# HELP");
    assertThat(plugin("io.narthex.exporter.jvm").path("state").asText()).isEqualTo("running");
    assertThat(List.of(stage.server().log())).noneMatch(l -> l.contains("Exception"));
  }
}
