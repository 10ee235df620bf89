package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.ui.Browser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages in a real browser. */
class BrowserIT {
  @TempDir private static Path folder = Path.of("");
  private static @Nullable Server server;
  private static @Nullable Browser browser;

  @BeforeAll
  static void start() throws Exception {
    Peers.Chromium chromium = Peers.chromium();
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s}
        scrape_configs:
          - {job_name: narthex, static_configs: [{targets: [self]}]}
          - {job_name: node, metrics_path: /exporters/node/metrics, static_configs: [{targets: [self]}]}
          - job_name: broken
            static_configs: [{targets: ['127.0.0.1:9'], labels: {evil: '<img src=x onerror="window.hit=1">'}}]
        rule_files: [rules.yml]
        """);
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: '<img src=x onerror="window.hit=2">'
            interval: 1s
            rules:
              - alert: Broken
                expr: up{job="broken"} == 0
                labels: {worse: '"><script>window.hit=3</script>', '<b onmouseover="window.hit=4">': a}
                annotations:
                  summary: '<svg onload="window.hit=5"></svg> {{ $labels.evil }}'
                  runbook_url: 'javascript:window.hit=6'
                  dashboard: 'data:text/html,<script>window.hit=7</script>'
        """);
    Files.writeString(folder.resolve("narthex.yml"), "exporters:\n  absent: {}\n");
    server =
        Distribution.server(folder.resolve("data"))
            .with("--config.file=" + folder.resolve("prometheus.yml"))
            .start();
    browser = new Browser(chromium.driver(), chromium.browser(), folder.resolve("profile"));
    Server.await("samples", () -> server().value("count_over_time(up{job=\"node\"}[1m])") >= 4);
    Server.await("every target's first scrape", () -> server().query("up").size() == 3);
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private static Server server() {
    return Objects.requireNonNull(server);
  }

  private static Browser browser() {
    return Objects.requireNonNull(browser);
  }

  @Test
  void queryPageAnswersWithATable() {
    browser().open(server().url("query"));
    String input = browser().await("query-input");
    browser().click(input);
    browser().type(input, "up{job=\"node\"}");
    browser().click(browser().await("run"));
    browser().await("result-row");
    assertThat(browser().text(browser().find("result-row").getFirst())).contains("node");
    assertThat(browser().text(browser().find("result-value").getFirst())).isEqualTo("1");
    quietPage();
  }

  @Test
  void pushedGroupsAreShownAndDeleted() {
    byte[] pushed =
        "# HELP evil <img src=x onerror=\"window.hit=8\">\nevil{a=\"<script>window.hit=9</script>\"} 1\n"
            .getBytes(java.nio.charset.StandardCharsets.UTF_8);
    // of the value <img src=x onerror="window.hit=10">/
    String zone = "/zone@base64/PGltZyBzcmM9eCBvbmVycm9yPSJ3aW5kb3cuaGl0PTEwIj4v";
    assertThat(server().send("PUT", "metrics/job/nightly" + zone, pushed, "").statusCode())
        .isEqualTo(200);
    browser().open(server().url("pushes"));
    assertThat(browser().text(browser().await("push-group"))).contains("nightly", "1 metric");
    browser().click(browser().await("push-show"));
    assertThat(browser().text(browser().await("push-family"))).contains("evil", "onerror");
    browser().click(browser().await("push-delete"));
    browser().click(browser().await("confirm"));
    Server.await("the group is deleted", () -> browser().find("push-group").isEmpty());
    assertThat(server().get("push/metrics").body()).isEmpty();
    quietPage();
  }

  @Test
  void queryPageDrawsAGraph() {
    browser()
        .open(
            server()
                .url(
                    "graph?g0.expr="
                        + java.net.URLEncoder.encode(
                            "rate(node_cpu_seconds_total{cpu=\"0\"}[10s])",
                            java.nio.charset.StandardCharsets.UTF_8)
                        + "&g0.tab=0&g0.range_input=1m"));
    browser().await("graph");
    browser().await("legend-row");
    Server.await(
        "lines on the canvas",
        () ->
            browser()
                    .script(
                        """
                        const c = document.querySelector('[data-testid="graph"] canvas');
                        if (!c || !c.width) return 0;
                        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
                        const seen = new Set();
                        for (let i = 0; i < d.length; i += 4) {
                          if (d[i + 3] > 200) seen.add((d[i] >> 5) + ',' + (d[i + 1] >> 5) + ',' + (d[i + 2] >> 5));
                        }
                        return seen.size;
                        """)
                    .asInt()
                >= 3);
    browser().screenshot(Tree.ROOT.resolve("distribution/itests/target/browser/graph.png"));
    quietPage();
  }

  @Test
  void targetsPageListsTargetsWithTheirHealth() {
    browser().open(server().url("targets"));
    browser().await("target-row");
    Server.await("three targets", () -> browser().find("target-row").size() == 3);
    List<String> seen = new ArrayList<>();
    for (String row : browser().find("target-row")) {
      seen.add(
          browser().attribute(row, "data-pool") + " " + browser().attribute(row, "data-health"));
    }
    assertThat(seen).containsExactlyInAnyOrder("broken down", "narthex up", "node up");
    quietPage();
  }

  @Test
  void pluginsPageListsPlugins() {
    browser().open(server().url("plugins"));
    browser().await("plugin-card");
    List<String> seen = new ArrayList<>();
    for (String card : browser().find("plugin-card")) {
      seen.add(
          browser().attribute(card, "data-id") + " " + browser().attribute(card, "data-state"));
    }
    assertThat(seen)
        .contains("io.narthex.storage.tsdb running", "io.narthex.exporter.node running");
    browser().screenshot(Tree.ROOT.resolve("distribution/itests/target/browser/plugins.png"));
    quietPage();
  }

  @Test
  void pluginsPageInstallsAJar() throws Exception {
    browser().open(server().url("plugins"));
    browser().await("plugin-card");
    browser()
        .type(
            browser().await("plugin-file"),
            Tree.jar("distribution/samples/acme-functions").toAbsolutePath().toString());
    browser().click(browser().await("confirm"));
    browser()
        .type(
            browser().await("token"),
            Files.readString(folder.resolve("data/narthex/admin.token")).strip());
    browser().click(browser().await("token-submit"));
    assertThat(browser().text(browser().await("plugin-done"))).contains("acme-functions", "done");
    assertThat(server().value("acme_clamp01(vector(5))")).isEqualTo(1);
  }

  @Test
  void pluginsPageTellsWhatWaits() {
    browser().open(server().url("plugins"));
    String block = browser().await("waiting-block");
    assertThat(browser().attribute(block, "data-type")).isEqualTo("absent");
    assertThat(browser().text(block))
        .contains("exporters.absent", "narthex.yml:2:3", "waiting for plugin `absent`");
    quietPage();
  }

  @Test
  void everyPageOpensWithoutErrors() {
    for (String page :
        List.of(
            "alerts", "rules", "service-discovery", "status", "flags", "config", "tsdb-status")) {
      browser().open(server().url(page));
      browser().await("nav-query");
      assertThat(browser().title()).as(page).isNotEmpty();
      quietPage();
    }
  }

  /** Labels, names and annotations of others are text, whatever they look like. */
  @Test
  void whatOthersWriteIsNeverPartOfAPage() {
    Server.await("the alert", () -> server().query("ALERTS{alertname=\"Broken\"}").size() == 1);
    String query = "graph?g0.tab=1&" + Server.form("g0.expr", "ALERTS or up");
    for (String page :
        List.of("targets", "service-discovery", "alerts", "rules", "groups", "config", query)) {
      browser().open(server().url(page));
      Server.await(
          "hostile texts on the page " + page,
          () ->
              browser()
                  .script("return document.body.textContent.includes('window.hit=')")
                  .asBoolean());
      assertThat(
              browser()
                  .script(
                      """
                      const bad = [];
                      if (window.hit) bad.push('ran ' + window.hit);
                      for (const e of document.querySelectorAll('*')) {
                        for (const a of e.attributes) {
                          if (/^on/.test(a.name)) bad.push(e.tagName + ' ' + a.name);
                          if (/^(href|src|action)$/.test(a.name) && /^\\s*(javascript|data):/i.test(a.value)) bad.push(a.value);
                        }
                        if (e.tagName === 'SCRIPT' && /hit=/.test(e.textContent)) bad.push('script');
                      }
                      return bad.join(', ');
                      """)
                  .asText())
          .as(page)
          .isEmpty();
      quietPage();
    }
  }

  private static void quietPage() {
    assertThat(browser().consoleErrors()).isEmpty();
  }
}
