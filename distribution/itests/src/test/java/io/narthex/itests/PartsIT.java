package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The server without some of its bundles: it starts, says what is missing, does the rest. */
class PartsIT {
  @RegisterExtension private final Stage stage = new Stage();

  @BeforeEach
  void configure() throws IOException {
    stage
        .file(
            "prometheus.yml",
            """
            global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 200ms}
            rule_files: [rules.yml]
            scrape_configs:
              - {job_name: lamps, static_configs: [{targets: ['{target}']}]}
            """)
        .file(
            "rules.yml",
            """
            groups:
              - name: lamps
                rules:
                  - {alert: LampOn, expr: lamp == 1}
                  - {record: lamp:twice, expr: lamp * 2}
            """);
  }

  /** Starts a distribution that lacks a bundle of lib/kernel. */
  private Server startWithout(String module) throws IOException {
    Path home = stage.folder.resolve("narthex");
    Distribution.copy(home);
    Files.delete(home.resolve("lib/kernel").resolve(module + "-" + Tree.VERSION + ".jar"));
    return stage.start(stage.setup(home));
  }

  private static void scrapesEvaluatesAndAnswers(Server server) {
    Server.await("a scrape", () -> server.value("lamp") == 1);
    Server.await("a recording rule", () -> server.value("lamp:twice") == 2);
    Server.await("an alert", () -> server.value("ALERTS{alertstate=\"firing\"}") == 1);
    assertThat(server.json("api/v1/alerts").path("data").path("alerts")).hasSize(1);
    assertThat(server.get("-/ready").statusCode()).isEqualTo(200);
    assertThat(server.get("metrics").body()).contains("prometheus_build_info");
  }

  @Test
  void worksWithoutAlerting() throws IOException {
    try (Server server = startWithout("kernel-alerting")) {
      scrapesEvaluatesAndAnswers(server);
      assertThat(server.plugin("io.narthex.alerting").isMissingNode()).isTrue();
      assertThat(server.log())
          .contains("io.narthex.alerting is not in lib/kernel: alerts are shown but nobody is");
      Server.await(
          "the rules say that nobody hears of their alerts",
          () -> server.log().contains("alerting is not running: alerts are shown"));
      HttpResponse<String> answer = server.get("api/v2/alerts");
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.body()).contains("alerting is not running");
      assertThat(server.get("query").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void worksWithoutWeb() throws IOException {
    try (Server server = startWithout("kernel-web")) {
      scrapesEvaluatesAndAnswers(server);
      assertThat(server.log()).contains("io.narthex.web is not in lib/kernel: there are no pages");
      HttpResponse<String> root = server.get("");
      assertThat(root.statusCode()).isEqualTo(200);
      assertThat(root.body()).contains("The web UI is not running", "/api/v1/targets");
      assertThat(server.get("query").statusCode()).isEqualTo(404);
      Server.await("the alert is handed on", () -> server.json("api/v2/alerts").size() == 1);
    }
  }
}
