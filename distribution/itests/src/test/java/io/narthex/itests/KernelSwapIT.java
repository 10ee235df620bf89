package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The bundles of the server itself, replaced and undone while it works. */
@Tag("quiet")
class KernelSwapIT {
  /** More of them with {@code -Dkernelswap.cycles=50}. */
  private static final int CYCLES = Integer.getInteger("kernelswap.cycles", 10);

  private static final String GRAMMAR = "io.narthex.promql";
  private static final String QUERY = "io.narthex.query";
  private static final String RULES = "io.narthex.rules";
  private static final String HTTP = "io.narthex.http";

  @RegisterExtension private final Stage stage = new Stage();

  @BeforeEach
  void startWithARuleThatFires() throws IOException {
    stage
        .file(
            "prometheus.yml",
            """
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 200ms}
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
                  - {alert: LampOn, expr: lamp == 1, for: 1s}
                  - {record: lamp:twice, expr: lamp * 2}
            """)
        .file(
            "alertmanager.yml",
            """
            route: {receiver: hook, group_by: [alertname], group_wait: 200ms, group_interval: 500ms}
            receivers:
              - name: hook
                webhook_configs: [{url: '{sink}'}]
            """)
        .start();
    Server.await("the alert fires", () -> notifications("firing") == 1);
  }

  private Server server() {
    return stage.server();
  }

  @Test
  void grammarAndEngineAreUpdatedAndUndoneUnderQueryLoad() throws Exception {
    Map<String, Long> pluginStarts = pluginStarts();
    String activeSince = activeSince();
    Load load = new Load();
    try {
      Server.await("the load runs", () -> load.right.get() > 20);
      for (int cycle = 1; cycle <= CYCLES; cycle++) {
        String version = "0.1." + cycle;
        ok(install("promql-grammar", jar("promql-grammar", version)));
        assertThat(version(GRAMMAR)).isEqualTo(version);
        ok(install("kernel-query", jar("kernel-query", version)));
        assertThat(version(QUERY)).isEqualTo(version);
        int before = load.right.get();
        Server.await("answers after cycle " + cycle, () -> load.right.get() > before + 10);
      }
      ok(act(QUERY, "rollback"));
      ok(act(GRAMMAR, "rollback"));
      assertThat(version(QUERY)).isEqualTo("0.1." + (CYCLES - 1));
      assertThat(version(GRAMMAR)).isEqualTo("0.1." + (CYCLES - 1));
    } finally {
      load.end();
    }
    assertThat(load.wrong).as(() -> server().log()).isEmpty();
    assertThat(load.right.get()).isGreaterThan(load.refused.get());
    assertThat(pluginStarts()).as("plugins never restart").isEqualTo(pluginStarts);
    assertThat(activeSince()).as("the alert is the same").isEqualTo(activeSince);
    assertThat(notifications("firing")).isEqualTo(1);
    long now = System.currentTimeMillis();
    Server.await("rules are evaluated", () -> server().value("timestamp(lamp:twice)") * 1000 > now);

    nothingIsLeftBehind();
  }

  @Test
  void brokenBundlesAreTakenBackWithTheReasonAndDisturbNothing() throws Exception {
    Map<String, Long> pluginStarts = pluginStarts();
    String activeSince = activeSince();
    int port = server().port();

    refused(
        install(
            "kernel-query",
            jar("kernel-query", "0.1.1", j -> j.header("Import-Package", "com.example.absent"))),
        "needs package com.example.absent");
    refused(
        install(
            "promql-grammar",
            jar(
                "promql-grammar",
                "0.1.1",
                j -> j.header("Export-Package", "io.narthex.promql;version=\"2.0.0\""))),
        "io.narthex.query needs the API package io.narthex.promql in version 1.1.0");
    refused(
        install(
            "promql-grammar",
            jar("promql-grammar", "0.1.1", j -> j.header("Bundle-Activator", "no.such.Activator"))),
        "no.such.Activator");
    refused(
        install(
            "kernel-query",
            jar("kernel-query", "0.1.1", j -> j.without("io/narthex/query/EngineMetrics.class"))),
        "EngineMetrics");
    refused(
        install(
            "kernel-query",
            jar("kernel-query", "0.1.1", j -> j.without("io/narthex/query/PromqlEngine.class"))),
        "PromqlEngine");
    refused(
        install(
            "kernel-rules",
            jar("kernel-rules", "0.1.1", j -> j.without("io/narthex/rules/RuleFileLoader.class"))),
        "RuleFileLoader");
    refused(
        install(
            "kernel-alerting",
            jar("kernel-alerting", "0.1.1", j -> j.without("io/narthex/alerting/Silences.class"))),
        "Silences");
    refused(
        install("kernel-web", jar("kernel-web", "0.1.1", j -> j.without("web/index.html"))),
        "index.html");
    refused(
        install(
            "kernel-rules",
            jar("kernel-rules", "0.1.1", j -> j.header("Service-Component", "OSGI-INF/none.xml"))),
        "components");

    // the part that answers: the order is answered first, then it is taken back
    HttpResponse<String> answer =
        install(
            "kernel-http",
            jar("kernel-http", "0.1.1", j -> j.without("io/narthex/http/QueryApi.class")));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    awaitEnd(HTTP, "0.1.0");
    assertThat(server().plugin(HTTP).path("reason").asText()).contains("QueryApi");
    assertThat(server().port()).isEqualTo(port);

    // what is fixed, and what is no update
    refused(install("kernel-core", jar("kernel-core", "0.1.1")), "update the whole server");
    refused(install("kernel-config", jar("kernel-config", "0.1.1")), "library of io.narthex.core");
    refused(install("api-spi", jarOf("lib/system", "api-spi", "0.1.1", j -> j)), "io.narthex.spi");
    refused(install("kernel-query", shipped("lib/kernel", "kernel-query")), "runs already");
    refused(install("kernel-query", jar("kernel-query", "0.0.9")), "use --force");
    refused(act(QUERY, "rollback"), "no earlier version");
    refused(act(QUERY, "disable"), "always on");

    // not by the drop folder
    Files.copy(
        jar("kernel-query", "0.1.1"),
        stage.plugins.resolve("kernel-query.jar"),
        StandardCopyOption.REPLACE_EXISTING);
    Server.await(
        "the jar in the folder is refused",
        () ->
            server()
                .plugin("kernel-query.jar")
                .path("reason")
                .asText()
                .contains("narthex plugin install"));

    for (String id :
        List.of(GRAMMAR, QUERY, RULES, "io.narthex.alerting", "io.narthex.web", HTTP)) {
      assertThat(version(id)).as(id).isEqualTo("0.1.0");
      assertThat(server().plugin(id).path("state").asText()).as(id).isEqualTo("running");
    }
    assertThat(server().value("lamp * 2")).isEqualTo(2);
    long now = System.currentTimeMillis();
    Server.await("rules are evaluated", () -> server().value("timestamp(lamp:twice)") * 1000 > now);
    assertThat(pluginStarts()).isEqualTo(pluginStarts);
    assertThat(activeSince()).isEqualTo(activeSince);
    assertThat(notifications("firing")).isEqualTo(1);
    assertThat(audit(QUERY)).contains("needs package com.example.absent");
  }

  @Test
  void everyPartIsReplacedWhileAlertsSilencesAndTargetsStay() throws Exception {
    Map<String, Long> pluginStarts = pluginStarts();
    String activeSince = activeSince();
    int port = server().port();
    HttpResponse<String> silence =
        server()
            .postJson(
                "api/v2/silences",
                """
                {"matchers": [{"name": "alertname", "value": "Quiet", "isRegex": false, "isEqual": true}],
                 "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
                 "createdBy": "test", "comment": "kept"}
                """);
    assertThat(silence.statusCode()).as(silence.body()).isEqualTo(200);
    assertThat(
            server()
                .postJson(
                    "api/v2/alerts",
                    """
                    [{"labels": {"alertname": "Guest"}, "endsAt": "2099-01-01T00:00:00Z"}]
                    """)
                .statusCode())
        .isEqualTo(200);
    Server.await("both alerts are told", () -> notifications("firing") == 2);
    byte[] pushed = "backup_done 1\n".getBytes(StandardCharsets.UTF_8);
    assertThat(server().send("POST", "metrics/job/backup", pushed, "").statusCode()).isEqualTo(200);

    for (String part :
        List.of(
            "kernel-template",
            "kernel-rules",
            "kernel-alerting",
            "kernel-scrape",
            "kernel-push",
            "kernel-web")) {
      String id = part.replace("kernel-", "io.narthex.");
      ok(install(part, jar(part, "0.1.1")));
      assertThat(version(id)).as(() -> server().log()).isEqualTo("0.1.1");
      assertThat(server().plugin(id).path("reason").asText()).isEmpty();
    }

    // the one that answers, updated and undone through itself without losing a request
    Load load = new Load();
    try {
      Server.await("the load runs", () -> load.right.get() > 20);
      assertThat(install("kernel-http", jar("kernel-http", "0.1.1")).statusCode()).isEqualTo(202);
      awaitEnd(HTTP, "0.1.1");
      assertThat(server().plugin(HTTP).path("reason").asText()).isEmpty();
      assertThat(act(HTTP, "rollback").statusCode()).isEqualTo(202);
      awaitEnd(HTTP, "0.1.0");
    } finally {
      load.end();
    }
    assertThat(load.wrong).as(() -> server().log()).isEmpty();
    assertThat(load.refused).hasValue(0);
    assertThat(server().log()).doesNotContain("Accept Failure");
    assertThat(server().port()).isEqualTo(port);
    assertThat(server().get("query").body()).contains("<script");
    Server.await(
        "targets are scraped",
        () ->
            server().json("api/v1/targets").path("data").path("activeTargets").size() == 1
                && server().value("up") == 1);
    assertThat(activeSince()).isEqualTo(activeSince);
    assertThat(server().json("api/v2/silences")).hasSize(1);
    assertThat(server().json("api/v2/alerts").toString()).contains("Guest", "LampOn");
    assertThat(server().get("push/metrics").body())
        .contains("backup_done{instance=\"\",job=\"backup\"} 1");
    assertThat(pluginStarts()).isEqualTo(pluginStarts);

    stage.target.metrics("# TYPE lamp gauge\nlamp 0\n");
    Server.await("the end is told", () -> notifications("resolved") == 1);
    assertThat(notifications("firing")).as("nothing is told twice").isEqualTo(2);
    nothingIsLeftBehind();
  }

  /** Waits until the class loaders of former versions of all parts have been collected. */
  private void nothingIsLeftBehind() {
    org.awaitility.Awaitility.await()
        .atMost(Server.PATIENCE)
        .pollInterval(java.time.Duration.ofMillis(500))
        .untilAsserted(() -> {
          server().collectGarbage();
          Map<String, Integer> left = new TreeMap<>();
          for (JsonNode part : server().json("narthex/api/v1/plugins").path("plugins")) {
            if (part.path("source").asText().equals("kernel")) {
              left.put(part.path("id").asText(), part.path("staleClassLoaders").asInt());
            }
          }
          assertThat(left.values()).as(left.toString()).containsOnly(0);
        });
  }

  @Test
  void updateAndUndoSurviveRestarts() throws Exception {
    ok(install("kernel-query", jar("kernel-query", "0.1.1")));
    ok(install("promql-grammar", jar("promql-grammar", "0.1.1")));
    ok(install("kernel-query", jar("kernel-query", "0.1.2")));
    stage.restart();
    assertThat(version(QUERY)).isEqualTo("0.1.2");
    assertThat(version(GRAMMAR)).isEqualTo("0.1.1");
    assertThat(server().plugin(QUERY).path("undoVersion").asText()).isEqualTo("0.1.1");

    ok(act(QUERY, "rollback"));
    assertThat(version(QUERY)).isEqualTo("0.1.1");
    stage.restart();
    assertThat(version(QUERY)).isEqualTo("0.1.1");

    // without the update the shipped version comes back, for good
    ok(stage.admin("DELETE", QUERY));
    assertThat(version(QUERY)).isEqualTo("0.1.0");
    stage.restart();
    assertThat(version(QUERY)).isEqualTo("0.1.0");
    assertThat(version(GRAMMAR)).isEqualTo("0.1.1");

    // an update whose jar has gone does not hold up the start
    Path kept = stage.data.resolve("narthex/plugins/former").resolve(GRAMMAR);
    for (Path jar : list(kept)) {
      Files.delete(jar);
    }
    long restarted = System.currentTimeMillis();
    stage.restart();
    assertThat(version(GRAMMAR)).isEqualTo("0.1.0");
    Scrapes.awaitAfter(server(), "lamp", restarted);
  }

  /** Asks for things whose answer is known, from several threads. */
  private final class Load {
    final AtomicInteger right = new AtomicInteger();
    final AtomicInteger refused = new AtomicInteger();
    final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();

    Load() {
      for (String[] question :
          new String[][] {
            {"sum(lamp) + 41", "\"42\""},
            {"sum_over_time(vector(2)[10s:1s])", "\"20\""},
            {"last_over_time(lamp[1m]) * 3", "\"3\""},
            {"sum_over_time(vector(1)[6h:1s])", "\"21600\""}, // long enough to be met in flight
          }) {
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  while (!ended.get()) {
                    ask(question[0], question[1]);
                  }
                }));
      }
    }

    private void ask(String expression, String answer) {
      try {
        HttpResponse<String> response =
            server().get("api/v1/query?" + Server.form("query", expression));
        if (response.statusCode() == 503
            && response.headers().firstValue("Retry-After").isPresent()) {
          refused.incrementAndGet();
        } else if (response.statusCode() == 200 && response.body().contains(answer)) {
          right.incrementAndGet();
        } else {
          wrong.add(expression + ": " + response.statusCode() + " " + response.body());
        }
      } catch (RuntimeException e) {
        wrong.add(expression + ": " + e);
      }
    }

    void end() throws InterruptedException {
      ended.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  private interface Change {
    SampleJar apply(SampleJar jar);
  }

  private static Path shipped(String in, String module) {
    return Distribution.home().resolve(in).resolve(module + "-" + Tree.VERSION + ".jar");
  }

  private Path jar(String module, String version) {
    return jar(module, version, j -> j);
  }

  private Path jar(String module, String version, Change change) {
    return jarOf("lib/kernel", module, version, change);
  }

  private Path jarOf(String in, String module, String version, Change change) {
    return change
        .apply(SampleJar.of(shipped(in, module)).header("Bundle-Version", version))
        .write(stage.folder.resolve(module + "-" + version + ".jar"));
  }

  private HttpResponse<String> install(String module, Path jar) throws IOException {
    return stage.upload(module + ".jar", jar);
  }

  private HttpResponse<String> act(String id, String act) {
    return stage.act(id, act);
  }

  private void ok(HttpResponse<String> answer) {
    stage.ok(answer);
  }

  private void refused(HttpResponse<String> answer, String reason) {
    stage.refused(answer, reason);
  }

  /** Waits for the end of what is done after the answer, and for the version that is left. */
  private void awaitEnd(String id, String version) {
    Server.await(
        id + " is replaced", () -> !server().plugin(id).path("state").asText().equals("starting"));
    assertThat(version(id)).as(() -> server().log()).isEqualTo(version);
  }

  private String version(String id) {
    return stage.version(id);
  }

  private Map<String, Long> pluginStarts() {
    return stage.starts("shipped");
  }

  private String activeSince() {
    JsonNode alerts = server().json("api/v1/alerts").path("data").path("alerts");
    assertThat(alerts).hasSize(1);
    return alerts.get(0).path("activeAt").asText() + " " + alerts.get(0).path("state").asText();
  }

  private long notifications(String status) {
    return stage.sink.received().stream()
        .filter(m -> m.path("status").asText().equals(status))
        .count();
  }

  private String audit(String id) {
    return server().get("narthex/api/v1/audit?plugin=" + id).body();
  }

  private static List<Path> list(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
    }
  }
}
