package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Settings of a plugin from before it comes until after it has gone and come back. */
class SettingsIT {
  private static final String ID = "io.acme.tide";
  private static final String SPI = "io.narthex.spi.";

  private byte[] jar = {};
  @RegisterExtension private final Stage stage = new Stage();

  @BeforeEach
  void start() throws IOException {
    try (InputStream in = SettingsIT.class.getResourceAsStream("/settings/Tide.java")) {
      jar =
          CompiledPlugin.jar(
              stage.folder.resolve("work"),
              ID,
              "1.0.0",
              "io.acme.tide.Tide",
              new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8),
              Map.of(
                  SPI + "discovery.DiscoveryProvider", "io.acme.tide.Tide$Discover",
                  SPI + "exporter.ExporterProvider", "io.acme.tide.Tide$Export",
                  SPI + "notifier.NotifierProvider", "io.acme.tide.Tide$Notify",
                  SPI + "function.FunctionProvider", "io.acme.tide.Tide$Functions"));
    }
    write(
        "prometheus.yml",
        """
        global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 200ms}
        rule_files: [rules.yml]
        scrape_configs:
          - job_name: found
            tide_sd_configs:
              - {gauge: '{target}', pin: pin4711}
          - job_name: measured
            metrics_path: /exporters/tide/metrics
            static_configs: [{targets: [self], labels: {instance: me}}]
        """);
    rules("lamp == 1");
    alertmanager("{tide_url: '{sink}', tide_key: sesame}");
    write(
        "narthex.yml",
        """
        storage:
        exporters:
          jvm:
          tide: {height: 3, pin: pin4713}
        """
            + Stage.QUICK_REMOVAL);
    launch();
  }

  private void launch() {
    stage.start(setup -> setup.with("--web.enable-lifecycle"));
  }

  private void write(String file, String text) throws IOException {
    stage.file(file, text);
  }

  private void rules(String expression) throws IOException {
    write(
        "rules.yml",
        """
        groups:
          - name: tides
            rules:
              - {alert: LampOn, expr: 'lamp == 1'}
              - {record: doubled, expr: '%s'}
        """
            .replace("%s", expression));
  }

  private void alertmanager(String global) throws IOException {
    write(
        "alertmanager.yml",
        """
        global: %s
        route: {receiver: harbour, group_by: [alertname], group_wait: 200ms, group_interval: 200ms}
        receivers:
          - name: harbour
            tide_configs: [{}]
        """
            .replace("%s", global));
  }

  private Server server() {
    return stage.server();
  }

  @Test
  void settingsWaitWorkStayAndWorkAgain() throws Exception {
    waitForThePlugin();
    comeAlive();
    areDescribedAndHidden();
    areChecked();
    stayWhenThePluginGoes();
    countAgainWhenItReturns();
    areForgottenWhenAsked();
  }

  private void waitForThePlugin() throws Exception {
    assertThat(waiting())
        .contains(
            stage.folder.resolve("prometheus.yml") + ":6:9: job found, tide_sd_configs[0]",
            stage.folder.resolve("alertmanager.yml") + ":1:10: global, tide_url",
            stage.folder.resolve("alertmanager.yml") + ":5:20: receiver harbour, tide_configs[0]",
            stage.folder.resolve("narthex.yml") + ":4:3: exporters.tide")
        .noneMatch(w -> w.contains("jvm"));
    for (JsonNode w : server().json("narthex/api/v1/plugins/waiting").path("waiting")) {
      assertThat(w.path("reason").asText()).isEqualTo("waiting for plugin `tide`");
    }
    assertThat(cli("list"))
        .contains("Waiting for plugins:", "exporters.tide: waiting for plugin `tide`");
    Server.await(
        "the scrape of an absent exporter says why",
        () ->
            server()
                .get("api/v1/targets?state=active")
                .body()
                .contains("waiting for plugin `tide`"));
    assertThat(orphans()).isEmpty();
    assertThat(server().log()).contains("narthex.yml:4:3: exporters.tide: waiting for plugin");
    assertThat(server().get("metrics").body())
        .contains("narthex_config_waiting_blocks{kind=\"notifier\"} 3");
  }

  private void comeAlive() throws IOException {
    drop();
    Server.await("discovery", () -> server().value("up{job=\"found\"}") == 1);
    Server.await("exporter", () -> server().value("tide_height{job=\"measured\"}") == 3);
    Server.await("notifier with its global keys", () -> told().equals("harbour sesame"));
    assertThat(stage.sink.received().getLast().path("text").asText()).isEqualTo("by Alertmanager");
    Server.await("nothing waits", () -> waiting().isEmpty());
    rules("tide_double(lamp)");
    reload(200);
    Server.await("rule with a plugin's function", () -> server().value("doubled") == 2);
  }

  private void areDescribedAndHidden() throws Exception {
    JsonNode providers =
        server().json("narthex/api/v1/plugins/" + ID + "/schema").path("providers");
    assertThat(providers.findValuesAsText("kind"))
        .containsExactly("discovery", "exporter", "function", "notifier");
    JsonNode discovery = providers.get(0);
    assertThat(discovery.path("where").asText()).isEqualTo("prometheus.yml: tide_sd_configs[]");
    assertThat(discovery.path("schema").path("$schema").asText()).contains("2020-12");
    assertThat(discovery.path("schema").path("required").toString()).isEqualTo("[\"gauge\"]");
    assertThat(discovery.path("schema").path("properties").path("pause").path("default").asText())
        .isEqualTo("45s");
    JsonNode notifier = providers.get(3);
    assertThat(notifier.path("schema").path("properties").has("send_resolved")).isTrue();
    assertThat(
            notifier
                .path("globalSchema")
                .path("properties")
                .path("tide_key")
                .path("writeOnly")
                .asBoolean())
        .isTrue();
    HttpResponse<String> bare =
        server().get("narthex/api/v1/plugins/" + ID + "/schema?provider=notifier:tide&part=global");
    assertThat(bare.headers().firstValue("Content-Type")).contains("application/schema+json");
    assertThat(Server.parse(bare.body()).path("properties").has("tide_url")).isTrue();
    assertThat(server().get("narthex/api/v1/plugins/no.such/schema").statusCode()).isEqualTo(404);
    assertThat(
            server()
                .get("narthex/api/v1/plugins/io.narthex.notifier.slack/schema?format=markdown")
                .body())
        .contains("| `api_url` | secret |", "not together with `api_url_file`")
        .contains("| `http_config.tls_config.ca_file` | path |");
    assertThat(cli("docs", ID))
        .contains(
            "| `height` | number | metres | `0` | Height of the water; at least 0 |",
            "| `who` | text |  | `harbour` | Who is told; one of `harbour`, `ships` |",
            "| `tide_key` | secret |");
    assertThat(Server.parse(cli("schema", ID, "--provider=exporter:tide")).path("properties"))
        .hasSize(2);

    String prometheus = server().get("api/v1/status/config").body();
    assertThat(prometheus).contains("pin: <secret>", "pause: 45s").doesNotContain("pin4711");
    assertThat(server().get("api/v2/status").body())
        .contains("tide_key: <secret>")
        .doesNotContain("sesame");
    assertThat(server().log()).doesNotContain("pin4711", "sesame", "pin4713");
  }

  private void areChecked() throws IOException {
    alertmanager("{tide_kee: sesame}");
    assertThat(reload(500))
        .contains("alertmanager.yml:1:10: field tide_kee not found in global")
        .contains("did you mean \"tide_key\"?");
    alertmanager("{other_key: sesame}");
    assertThat(reload(500)).contains("field other_key not found in global");
    alertmanager("{tide_url: '{sink}', tide_key: open, tide_key_file: /key}");
    assertThat(reload(500)).contains("at most one of tide_key & tide_key_file must be configured");
    alertmanager("{tide_url: '{sink}', tide_key: open}");
    reload(200);
    write("narthex.yml", "exporters:\n  tide: {height: -1}\n");
    assertThat(reload(500)).contains("narthex.yml:2:18: height must be at least 0, got -1");
    write("narthex.yml", "exporters:\n  tide: {height: 4}\n" + Stage.QUICK_REMOVAL);
    reload(200);
    Server.await("changed settings", () -> server().value("tide_height") == 4);
  }

  private void stayWhenThePluginGoes() throws Exception {
    assertThat(act("POST", ID + "/disable")).isEqualTo(200);
    Files.delete(stage.plugins.resolve("tide.jar"));
    Server.await("it is gone", () -> server().plugin(ID).isMissingNode());
    Server.await(
        "the rule says what it lacks",
        () ->
            server()
                .get("api/v1/rules")
                .body()
                .contains("plugin io.acme.tide, which had it, is not running"));

    // a server that starts without the plugin has not forgotten, and its rules wait
    server().stop();
    launch();
    JsonNode orphan = server().json("narthex/api/v1/plugins/orphans").path("orphans").get(0);
    assertThat(orphan.path("id").asText()).isEqualTo(ID);
    assertThat(orphan.path("version").asText()).isEqualTo("1.0.0");
    assertThat(orphan.path("records").toString()).isEqualTo("[\"stopped by you\"]");
    assertThat(orphan.path("folders").toString()).contains("plugin-state/tide");
    assertThat(orphan.path("keptVersions").toString()).isEqualTo("[\"1.0.0\"]");
    assertThat(orphan.path("blocks").findValuesAsText("block"))
        .contains(
            "job found, tide_sd_configs[0]",
            "global, tide_key",
            "receiver harbour, tide_configs[0]",
            "exporters.tide",
            "group tides, rule doubled");
    assertThat(waiting())
        .contains(stage.folder.resolve("rules.yml") + ":5:33: group tides, rule doubled");
    assertThat(cli("list"))
        .contains("Left by plugins that are not installed", ID, "stopped by you", "1 kept version");
    write("narthex.yml", "exporters:\n  tide: {height: 5}\n");
    reload(200); // and neither has a reload
  }

  private void countAgainWhenItReturns() throws IOException {
    long seen = Files.size(stage.data.resolve("narthex/plugin-state/tide/seen"));
    drop();
    Server.await(
        "the decision counts again",
        () -> server().plugin(ID).path("state").asText().equals("stopped"));
    assertThat(orphans()).isEmpty();
    assertThat(server().json("narthex/api/v1/plugins/waiting").toString())
        .contains("io.acme.tide is stopped: stopped by you");
    assertThat(act("POST", ID + "/enable")).isEqualTo(200);
    Server.await("its settings count again", () -> server().value("tide_height") == 5);
    Server.await(
        "its rule works again",
        () -> !server().get("api/v1/rules").body().contains("is not running"));
    Server.await(
        "its target's alert is back",
        () -> server().get("api/v2/alerts").body().contains("LampOn"));
    stage.target.metrics("# TYPE lamp gauge\nlamp 0\n"); // the alert ends
    Server.await("its key counts again", () -> told().equals("harbour open"));
    Server.await("nothing waits", () -> waiting().isEmpty());
    assertThat(Files.size(stage.data.resolve("narthex/plugin-state/tide/seen")))
        .isGreaterThan(seen);
  }

  private void areForgottenWhenAsked() throws Exception {
    assertThat(act("DELETE", "orphans/" + ID)).as("it is there").isEqualTo(409);
    assertThat(act("DELETE", ID)).isEqualTo(200);
    Server.await("it is left over", () -> orphans().equals(List.of(ID)));
    assertThat(server().get("narthex/api/v1/plugins/orphans").statusCode()).isEqualTo(200);
    cli("forget", ID);
    assertThat(orphans()).isEmpty();
    assertThat(stage.data.resolve("narthex/plugin-state/tide")).doesNotExist();
    assertThat(waiting()).as("the files still name it").isNotEmpty();
    assertThat(server().json("narthex/api/v1/audit").toString()).contains("\"forget\"");
  }

  // --- small steps

  private void drop() throws IOException {
    stage.drop(jar, "tide.jar");
  }

  private int act(String method, String path) {
    return stage.admin(method, path).statusCode();
  }

  /** Has the files read again and returns the answer. */
  private String reload(int status) {
    HttpResponse<String> answer = server().post("-/reload");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    return answer.body();
  }

  private List<String> waiting() {
    List<String> out = new ArrayList<>();
    for (JsonNode w : server().json("narthex/api/v1/plugins/waiting").path("waiting")) {
      out.add(w.path("place").asText() + ": " + w.path("block").asText());
    }
    return out;
  }

  private List<String> orphans() {
    return server().json("narthex/api/v1/plugins/orphans").path("orphans").findValuesAsText("id");
  }

  private String told() {
    var received = stage.sink.received();
    return received.isEmpty()
        ? ""
        : received.getLast().path("who").asText() + " " + received.getLast().path("key").asText();
  }

  private String cli(String... words) throws IOException, InterruptedException {
    return stage.cli(0, words);
  }
}
