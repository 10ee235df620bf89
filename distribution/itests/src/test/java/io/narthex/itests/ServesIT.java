package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.itests.GrafanaRequests.Answer;
import java.math.BigDecimal;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packed distribution with its own configuration, sped up: it watches itself and answers. */
class ServesIT {
  @TempDir private static Path folder = Path.of("");
  private static @Nullable Server started;
  private static long readyAfterMs;
  private static Duration readyAfterWork = Duration.ZERO;
  private static final int START_PER_YARDSTICK_PERCENT = 160;

  @BeforeAll
  static void startWithTheShippedConfiguration() throws Exception {
    Path conf = Files.createDirectories(folder.resolve("conf/rules"));
    Path shipped = Distribution.home().resolve("conf");
    for (String name : List.of("alertmanager.yml", "narthex.yml", "rules/machine.yml")) {
      Files.copy(shipped.resolve(name), folder.resolve("conf").resolve(name));
    }
    assertThat(conf).isDirectory();
    Files.writeString(
        folder.resolve("conf/prometheus.yml"),
        Files.readString(shipped.resolve("prometheus.yml")).replace("15s", "1s"));
    Files.writeString(
        conf.resolve("names.yml"),
        """
        groups:
          - name: names
            rules:
              - record: http.größe
                expr: up{job="node"}
                labels: {'http.status:code': '200'}
        """);
    started =
        Distribution.server(folder.resolve("data"))
            .with("--config.file=" + folder.resolve("conf/prometheus.yml"))
            .asShipped()
            .start();
    readyAfterMs = server().age();
    readyAfterWork = server().work();
    Server.await("first samples", () -> server().query("up == 1").size() == 3);
    Server.await("a rule", () -> server().query("{\"http.größe\"}").size() == 1);
    Server.await(
        "two scrapes", () -> server().query("rate(node_cpu_seconds_total[10s])").size() > 0);
  }

  @AfterAll
  static void stop() {
    if (started != null) {
      started.close();
    }
  }

  private static Server server() {
    return Objects.requireNonNull(started);
  }

  @Test
  void isReadyInTime() throws Exception {
    // the 3 s of the status page are some 4 s of work for two idle cores, and that is about what
    // the
    // yardstick takes; how much work it is does not depend on what else the machine does, but how
    // long a processor takes for it does
    Duration yardstick = Yardstick.work(folder.resolve("yardstick"));
    assertThat(readyAfterWork.toMillis())
        .as("ms of work until ready, %s ms for the yardstick", yardstick.toMillis())
        .isLessThan(START_PER_YARDSTICK_PERCENT * yardstick.toMillis() / 100);
    assertThat(Duration.ofMillis(readyAfterMs)).isLessThan(Duration.ofSeconds(20));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "up{job=\"node\"} == 1",
        "node_cpu_seconds_total{mode=\"idle\"}",
        "node_memory_MemAvailable_bytes > 0",
        "node_load1",
        "node_filesystem_avail_bytes",
        "node_network_receive_bytes_total",
        "node_disk_read_bytes_total or vector(1)",
        "jvm_memory_used_bytes{area=\"heap\"} > 0",
        "scrape_samples_scraped > 0",
        "prometheus_build_info",
        "narthex_plugin_state == 1",
        "sum by (mode) (rate(node_cpu_seconds_total[10s]))",
      })
  void answers(String expression) {
    assertThat(server().query(expression)).as(expression).isNotEmpty();
  }

  @Test
  void namesItselfByTheAddressItIsReachedAt() {
    JsonNode up = server().query("up");
    assertThat(up)
        .hasSize(3)
        .allSatisfy(s ->
            assertThat(s.path("metric").path("instance").asText()).endsWith(":" + server().port()));
  }

  @Test
  void tellsGrafanaWhatItAsksFor() {
    JsonNode build = ok(server().get("api/v1/status/buildinfo"));
    assertThat(build.path("version").asText()).startsWith("3.");
    assertThat(build.has("revision")).isTrue();
    assertThat(ok(server().post("api/v1/labels", "match[]", "up"))).hasSize(3);
    assertThat(ok(server().get("api/v1/labels")).toString()).contains("__name__", "mode");
    assertThat(ok(server().get("api/v1/label/job/values")).toString())
        .isEqualTo("[\"jvm\",\"narthex\",\"node\"]");
    assertThat(ok(server().get("api/v1/label/__name__/values")).toString())
        .contains("\"node_cpu_seconds_total\"");
    JsonNode series = ok(server().post("api/v1/series", "match[]", "up{job=\"node\"}"));
    assertThat(series).hasSize(1);
    assertThat(series.get(0).path("__name__").asText()).isEqualTo("up");
    JsonNode metadata = ok(server().get("api/v1/metadata?metric=node_cpu_seconds_total"));
    assertThat(metadata.path("node_cpu_seconds_total").get(0).path("type").asText())
        .isEqualTo("counter");
    assertThat(ok(server().get("api/v1/rules")).path("groups")).hasSize(3);
    assertThat(ok(server().get("api/v1/query_exemplars?" + Server.form("query", "up")))).isEmpty();
  }

  @Test
  void answersQueriesByPostAsGrafanaSendsThem() {
    JsonNode instant =
        ok(
            server()
                .post("api/v1/query", "query", "up", "time", seconds(System.currentTimeMillis())));
    assertThat(instant.path("resultType").asText()).isEqualTo("vector");
    assertThat(instant.path("result")).hasSize(3);
    long end = System.currentTimeMillis();
    JsonNode range =
        ok(
            server()
                .post(
                    "api/v1/query_range",
                    "query",
                    "node_load1",
                    "start",
                    seconds(end - 60_000),
                    "end",
                    seconds(end),
                    "step",
                    "1"));
    assertThat(range.path("resultType").asText()).isEqualTo("matrix");
    assertThat(range.path("result").get(0).path("values").size()).isPositive();
    assertThat(ok(server().post("api/v1/query", "query", "1+1")).toString())
        .startsWith("{\"resultType\":\"scalar\",\"result\":[")
        .endsWith(",\"2\"]}");
  }

  @Test
  void answersWhatGrafanasDataSourceAsks() throws Exception {
    List<Answer> answers = new GrafanaRequests(server()).send("data-source.jsonl");
    assertThat(answers).hasSize(50);
    for (Answer answer : answers) {
      String what = answer.step() + ": " + answer.method() + " " + answer.target();
      String step = answer.step().replaceFirst(".*: ", "");
      if (answer.endpoint().equals("values") && step.equals("ad hoc values")) {
        // quotes in the value of a filter are not escaped there
        assertThat(answer.status()).as(what).isEqualTo(400);
        assertThat(answer.body().path("errorType").asText()).isEqualTo("bad_data");
        assertThat(answer.body().path("error").asText())
            .isEqualTo(
                "1:49: parse error: unexpected identifier \"quoted\" in label matching, expected"
                    + " \",\" or \"}\"");
      } else {
        assertThat(answer.status()).as("%s: %s", what, answer.body()).isEqualTo(200);
        assertThat(answer.body().path("status").asText()).as(what).isEqualTo("success");
        if (step.equals("all series")
            || answer
                .target()
                .matches("api/v1/label/__name__/values\\?limit=100&start=\\d+&end=\\d+")) {
          assertThat(answer.body().path("warnings").path(0).asText())
              .as(what)
              .isEqualTo("results truncated due to limit");
        } else {
          assertThat(answer.body().has("warnings")).as(what).isFalse();
        }
        assertAnswers(what, step, answer);
      }
    }
  }

  private static void assertAnswers(String what, String step, Answer answer) {
    JsonNode data = answer.data();
    switch (answer.endpoint()) {
      case "rules" -> assertThat(data.path("groups")).as(what).hasSize(3);
      case "query_exemplars" -> assertThat(data.isArray() && data.isEmpty()).as(what).isTrue();
      case "metadata" -> {
        boolean limited = answer.target().endsWith("limit=100");
        assertThat(data.size() == 100).as(what).isEqualTo(limited);
        assertThat(data)
            .as(what)
            .allMatch(metric -> !metric.path(0).path("type").asText().isEmpty());
      }
      case "query" -> {
        assertThat(data.path("resultType").asText()).as(what).isEqualTo("vector");
        assertThat(data.path("result")).as(what).hasSize(3);
      }
      case "labels" -> {
        List<String> names = new ArrayList<>();
        data.forEach(name -> names.add(name.asText()));
        assertThat(names).as(what).isSorted().contains("__name__", "job");
        assertThat(names.contains("cpu")).as(what).isEqualTo(!step.equals("metric in quotes"));
        assertThat(names.contains("http.status:code"))
            .as(what)
            .isEqualTo(!step.equals("names that match") && !step.equals("ad hoc keys"));
      }
      case "values" -> assertValues(what, step, data);
      case "series" -> assertSeries(what, step, data);
      default -> throw new AssertionError("not known: " + what);
    }
  }

  private static void assertValues(String what, String step, JsonNode data) {
    List<String> values = new ArrayList<>();
    data.forEach(value -> values.add(value.asText()));
    switch (step) {
      case "editor" -> {
        assertThat(values).as(what).isSorted().contains("alertmanager_build_info");
        assertThat(values.size() == 100).as(what).isEqualTo(!values.contains("up"));
      }
      case "values" -> assertThat(values).as(what).containsExactly("jvm", "narthex", "node");
      case "values of a metric" -> assertThat(values).as(what).containsExactly("narthex", "node");
      case "metrics" ->
          assertThat(values)
              .as(what)
              .contains("node_cpu_seconds_total")
              .allMatch(name -> name.startsWith("node_cpu"));
      case "UTF-8 name" -> assertThat(values).as(what).containsExactly("200");
      default -> throw new AssertionError("not known: " + what);
    }
  }

  private static void assertSeries(String what, String step, JsonNode data) {
    assertThat(data).as(what).isNotEmpty().allMatch(series -> series.has("__name__"));
    switch (step) {
      case "series", "UTF-8 name", "metric in quotes" -> assertThat(data).as(what).hasSize(1);
      case "all series" -> assertThat(data).as(what).hasSize(10);
      case "values of a metric" -> assertThat(data).as(what).hasSize(2);
      default -> {}
    }
  }

  @Test
  void answersWhatGrafanasServerAsks() throws Exception {
    // the panel's range ends with a whole minute, up to 5.7 s before the time of the request
    Server.await(
        "two scrapes before the end of the range",
        () -> server().query("rate(node_cpu_seconds_total[1m] offset 6s)").size() > 0);
    List<Answer> answers = new GrafanaRequests(server()).send("server.jsonl");
    assertThat(answers).hasSize(11);
    for (Answer answer : answers) {
      String what = answer.step() + ": " + answer.method() + " " + answer.target();
      if (answer.step().equals("panel with an error")) {
        assertThat(answer.status()).as(what).isEqualTo(400);
        assertThat(answer.body().path("error").asText())
            .as(what)
            .startsWith(
                "invalid parameter \"query\": 1:13: parse error: unexpected \"]\" in subquery");
        continue;
      }
      assertThat(answer.status()).as("%s: %s", what, answer.body()).isEqualTo(200);
      JsonNode data = answer.data();
      JsonNode result = data.path("result");
      switch (answer.step()) {
        case "test of the data source" -> {
          if (answer.endpoint().equals("query")) {
            assertThat(data.toString())
                .isEqualTo("{\"resultType\":\"scalar\",\"result\":[4,\"2\"]}");
          } else {
            // a server with features is taken for Mimir
            assertThat(data.path("features")).as(what).isEmpty();
            assertThat(data.path("version").asText()).startsWith("3.");
          }
        }
        case "panel", "panel with a step below a second" -> {
          assertThat(data.path("resultType").asText()).as(what).isEqualTo("matrix");
          assertThat(result).as(what).isNotEmpty();
          result.forEach(series -> assertThat(series.path("values")).as(what).isNotEmpty());
        }
        case "table and alert rule" -> {
          assertThat(result).as(what).hasSize(3);
          result.forEach(sample ->
              assertThat(sample.path("value").path(0).decimalValue().toPlainString())
                  .as(what)
                  .endsWith(".678"));
        }
        case "exemplars" -> assertThat(data.isArray()).as(what).isTrue();
        default -> throw new AssertionError("not known: " + what);
      }
    }
  }

  @Test
  void errorsLookLikePrometheus() {
    HttpResponse<String> answer = server().get("api/v1/query?query=up%7B");
    assertThat(answer.statusCode()).isEqualTo(400);
    JsonNode body = Server.parse(answer.body());
    assertThat(body.path("status").asText()).isEqualTo("error");
    assertThat(body.path("errorType").asText()).isEqualTo("bad_data");
    assertThat(server().get("api/v1/query").statusCode()).isEqualTo(400);
    assertThat(server().get("api/v1/label/.bad./values").statusCode()).isIn(200, 400);
    assertThat(server().get("no/such/page").statusCode()).isEqualTo(404);
  }

  @Test
  void showsTargetsRulesAndPlugins() {
    JsonNode targets = ok(server().get("api/v1/targets")).path("activeTargets");
    assertThat(targets).hasSize(3);
    targets.forEach(t -> assertThat(t.path("health").asText()).isEqualTo("up"));
    TreeSet<String> plugins = new TreeSet<>();
    server()
        .json("narthex/api/v1/plugins")
        .path("plugins")
        .forEach(p -> plugins.add(p.path("id").asText() + " " + p.path("state").asText()));
    assertThat(plugins)
        .contains(
            "io.narthex.storage.tsdb running",
            "io.narthex.exporter.node running",
            "io.narthex.discovery.statics running");
    assertThat(plugins).allMatch(p -> p.endsWith(" running"));
  }

  @Test
  void servesExportersOverHttpToo() {
    assertThat(server().get("exporters/node/metrics").body())
        .contains("# TYPE node_cpu_seconds_total counter");
    assertThat(server().get("exporters/jvm/metrics").body()).contains("jvm_memory_used_bytes{");
    assertThat(server().get("metrics").body()).contains("prometheus_build_info{");
    assertThat(server().get("exporters/none/metrics").statusCode()).isEqualTo(404);
  }

  @Test
  void changesOfPluginsNeedTheToken() {
    assertThat(server().post("narthex/api/v1/plugins/io.narthex.exporter.jvm/disable").statusCode())
        .isIn(401, 403);
    assertThat(server().plugin("io.narthex.exporter.jvm").path("state").asText())
        .isEqualTo("running");
  }

  @Test
  void pluginIsSwitchedOffAndOnAgain() {
    Path data = folder.resolve("data");
    String path = "narthex/api/v1/plugins/io.narthex.exporter.jvm/";
    assertThat(server().admin("POST", path + "disable", data, BodyPublishers.noBody()).statusCode())
        .isEqualTo(200);
    assertThat(server().plugin("io.narthex.exporter.jvm").path("state").asText())
        .isEqualTo("stopped");
    assertThat(server().get("exporters/jvm/metrics").statusCode()).isIn(404, 503);
    assertThat(server().admin("POST", path + "enable", data, BodyPublishers.noBody()).statusCode())
        .isEqualTo(200);
    Server.await(
        "the exporter is back", () -> server().get("exporters/jvm/metrics").statusCode() == 200);
    Server.await("the target is up", () -> server().value("up{job=\"jvm\"}") == 1);
  }

  @Test
  void commandLineListsPlugins() {
    Peers.Result list =
        Peers.run(
            Distribution.home().resolve("bin/narthex"),
            "plugin",
            "list",
            "--server=http://127.0.0.1:" + server().port());
    assertThat(list.status()).as(list.output()).isZero();
    assertThat(list.output()).contains("io.narthex.storage.tsdb", "running");
  }

  private static String printed(Path program, String... arguments) {
    Peers.Result result = Peers.run(program, arguments);
    assertThat(result.status()).as(result.output()).isZero();
    return result.output();
  }

  private static String base() {
    return server().url("").replaceAll("/$", "");
  }

  /** Returns a whole second before which no sample changes any more. */
  private static long settledSecond() {
    long second = System.currentTimeMillis() / 1000 + 1;
    Server.await(
        "samples that will not change", () -> System.currentTimeMillis() / 1000 > second + 1);
    return second;
  }

  @Test
  void promtoolPrintsTheSameNumbers() {
    Path promtool = Peers.original("promtool");
    String time = Long.toString(settledSecond());
    String expression = "node_cpu_seconds_total{mode=\"idle\"}";
    String printed = printed(promtool, "query", "instant", "--time=" + time, base(), expression);
    JsonNode answer = ok(server().post("api/v1/query", "query", expression, "time", time));
    assertThat(answer.path("result")).isNotEmpty();
    answer
        .path("result")
        .forEach(
            s -> assertThat(printed).contains("=> " + s.path("value").get(1).asText() + " @["));
    assertThat(
            printed(
                promtool,
                "check",
                "config",
                Distribution.home().resolve("conf/prometheus.yml").toString()))
        .contains("SUCCESS")
        .doesNotContain("FAILED");
  }

  @Test
  void promtoolPrintsTheSameRange() {
    Path promtool = Peers.original("promtool");
    long end = settledSecond();
    String expression = "up{job=\"node\"}";
    String printed =
        printed(
            promtool,
            "query",
            "range",
            "--start=" + (end - 2),
            "--end=" + end,
            "--step=1s",
            base(),
            expression);
    JsonNode answer =
        ok(
            server()
                .post(
                    "api/v1/query_range",
                    "query",
                    expression,
                    "start",
                    Long.toString(end - 2),
                    "end",
                    Long.toString(end),
                    "step",
                    "1"));
    JsonNode values = answer.path("result").get(0).path("values");
    assertThat(values).isNotEmpty();
    assertThat(printed).contains("job=\"node\"");
    values.forEach(
        v -> assertThat(printed).contains(v.get(1).asText() + " @[" + v.get(0).asText() + "]"));
  }

  @Test
  void promtoolListsSeriesAndLabels() {
    Path promtool = Peers.original("promtool");
    assertThat(printed(promtool, "query", "series", "--match=up", base()).lines())
        .hasSize(3)
        .allSatisfy(line -> assertThat(line).contains("__name__=\"up\"", "job=\""));
    assertThat(printed(promtool, "query", "labels", base(), "job").lines())
        .containsExactly("jvm", "narthex", "node");
  }

  @Test
  void amtoolSilencesAndAsks() {
    Path amtool = Peers.original("amtool");
    String url = "--alertmanager.url=" + base();
    String quiet = "--no-version-check"; // another release of the original
    String id =
        printed(
                amtool,
                url,
                quiet,
                "silence",
                "add",
                "alertname=NoSuchAlert",
                "job=~.+",
                "--author=operator",
                "--comment=by amtool",
                "--duration=1h")
            .strip();
    assertThat(printed(amtool, url, quiet, "silence", "query"))
        .contains(id, "NoSuchAlert", "operator");
    assertThat(ok2(server().get("api/v2/silence/" + id)).path("comment").asText())
        .isEqualTo("by amtool");
    printed(amtool, url, quiet, "silence", "expire", id);
    assertThat(printed(amtool, url, quiet, "silence", "query")).doesNotContain(id);
    assertThat(printed(amtool, url, quiet, "alert", "query")).contains("Alertname");
    assertThat(printed(amtool, url, quiet, "config", "show")).contains("receiver");
    assertThat(
            printed(
                amtool,
                "check-config",
                Distribution.home().resolve("conf/alertmanager.yml").toString()))
        .contains("SUCCESS");
  }

  private static JsonNode ok2(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return Server.parse(answer.body());
  }

  /** As the data source writes times: a whole second may lie before the first samples. */
  private static String seconds(long ms) {
    return BigDecimal.valueOf(ms, 3).toPlainString();
  }

  private static JsonNode ok(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonNode body = Server.parse(answer.body());
    assertThat(body.path("status").asText()).as(answer.body()).isEqualTo("success");
    return body.path("data");
  }
}
