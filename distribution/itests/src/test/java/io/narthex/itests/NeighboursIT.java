package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Other programs of a network around a server as it starts by default: a Prometheus and amtool on
 * another machine (a network of their own, from which nothing else can be reached), clients like
 * karma and Grafana, a proxy.
 */
class NeighboursIT {
  @TempDir private static Path folder = Path.of("");
  private static @Nullable Namespace network;
  private static @Nullable Server server;
  private static @Nullable Process prometheus;
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @BeforeAll
  static void start() throws Exception {
    Path program = Peers.original("prometheus");
    Peers.original("amtool");
    Optional<Namespace> made = Namespace.create();
    Needs.need("network", made.isPresent());
    network = made.get();
    server =
        Distribution.server(folder.resolve("data"))
            .with("--web.listen-address=0.0.0.0:0", "--web.enable-remote-write-receiver")
            .start();
    String narthex = network.here() + ":" + server.port();
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: g
            interval: 1s
            rules:
              - {alert: FromThere, expr: vector(1), labels: {severity: page}, annotations: {summary: "a <b>"}}
        """);
    Path config =
        Files.writeString(
            folder.resolve("prometheus.yml"),
            """
            global: {scrape_interval: 1s, scrape_timeout: 1s, external_labels: {origin: there}}
            rule_files: [rules.yml]
            alerting: {alertmanagers: [{static_configs: [{targets: ["NARTHEX"]}]}]}
            remote_write: [{url: "http://NARTHEX/api/v1/write"}]
            scrape_configs:
              - {job_name: itself, static_configs: [{targets: ["127.0.0.1:9090"]}]}
              - {job_name: direct, static_configs: [{targets: ["NARTHEX"]}]}
              - job_name: federate
                honor_labels: true
                metrics_path: /federate
                params: {"match[]": ['{job="narthex"}']}
                static_configs: [{targets: ["NARTHEX"]}]
            """
                .replace("NARTHEX", narthex));
    List<String> command = Peers.command(program);
    command.addAll(
        List.of(
            "--config.file=" + config,
            "--storage.tsdb.path=" + folder.resolve("tsdb"),
            // what is sent before it knows of any Alertmanager is lost
            "--rules.alert.resend-delay=1s",
            "--web.listen-address=0.0.0.0:9090"));
    prometheus =
        new ProcessBuilder(network.command(command))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("prometheus.log").toFile())
            .start();
  }

  @AfterAll
  static void stop() throws Exception {
    if (prometheus != null) {
      prometheus.destroy();
      prometheus.waitFor();
    }
    if (server != null) {
      server.close();
    }
    if (network != null) {
      network.close();
    }
    CLIENT.close();
  }

  private static Server server() {
    return java.util.Objects.requireNonNull(server);
  }

  private static Namespace network() {
    return java.util.Objects.requireNonNull(network);
  }

  /** An address of the server that is none of the loopback interface. */
  private static URI remote(String path) {
    return URI.create("http://" + network().here() + ":" + server().port() + path);
  }

  private static HttpResponse<String> send(HttpRequest.Builder request, String... headers) {
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    try {
      return CLIENT.send(request.build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static JsonNode read(String path, String... headers) {
    HttpResponse<String> answer = send(HttpRequest.newBuilder(remote(path)), headers);
    assertThat(answer.statusCode()).as("%s: %s", path, answer.body()).isEqualTo(200);
    return Server.parse(answer.body());
  }

  private static String silence(String name) {
    return "{\"matchers\":[{\"name\":\"alertname\",\"value\":\"%s\",\"isRegex\":false,\"isEqual\":true}],\"startsAt\":\"%s\",\"endsAt\":\"%s\",\"createdBy\":\"%s\",\"comment\":\"c\"}"
        .formatted(name, Instant.now(), Instant.now().plusSeconds(3600), name);
  }

  private static List<String> silenced() {
    return java.util.stream.StreamSupport.stream(read("/api/v2/silences").spliterator(), false)
        .filter(s -> s.path("status").path("state").asText().equals("active"))
        .map(s -> s.path("createdBy").asText())
        .toList();
  }

  /** Asks the other server with a query until it has an answer that is not empty. */
  private static void awaitThere(String query) {
    URI uri =
        URI.create(
            "http://" + network().there() + ":9090/api/v1/query?" + Server.form("query", query));
    Server.await(
        query + " there",
        () -> {
          try {
            return send(HttpRequest.newBuilder(uri)).body().contains("\"value\":[");
          } catch (UncheckedIOException e) {
            return false; // it does not listen yet
          }
        });
  }

  @Test
  void aPrometheusScrapesFederatesWritesAndAlerts() throws Exception {
    assertThat(network().runThere("ip", "route", "show", "default"))
        .as("ways to anywhere else")
        .isBlank();
    awaitThere("up{job=\"direct\"} == 1");
    awaitThere("up{job=\"federate\"} == 1");
    send(HttpRequest.newBuilder(remote("/no;matrix=1"))); // refused, or there would be no series
    awaitThere("narthex_http_requests_refused_total{job=\"direct\"}");
    awaitThere("up{job=\"narthex\"}");
    Server.await(
        "samples written by the other server",
        () -> server().value("up{job=\"itself\",origin=\"there\"}") == 1);
    Server.await(
        "its histograms",
        () ->
            server()
                    .query("prometheus_http_request_duration_seconds_bucket{origin=\"there\"}")
                    .size()
                > 0);
    Server.await(
        "the other server's alert",
        () ->
            read("/api/v2/alerts?filter=alertname%3D%22FromThere%22")
                .path(0)
                .path("labels")
                .path("origin")
                .asText()
                .equals("there"));
    assertThat(Files.readString(folder.resolve("prometheus.log")))
        .doesNotContain("Error on ingesting", "duplicate", "Failed to send batch");
  }

  @Test
  void amtoolOfAnotherMachineSilencesAndAsks() throws Exception {
    String amtool = Peers.original("amtool").toString();
    String url = "--alertmanager.url=" + remote("");
    String id =
        network()
            .runThere(
                amtool, url, "silence", "add", "alertname=a", "--author=amtool", "--comment=c")
            .strip();
    id = id.substring(id.lastIndexOf('\n') + 1); // it may warn before

    assertThat(network().runThere(amtool, url, "silence", "query")).contains(id);
    network().runThere(amtool, url, "silence", "expire", id);
    assertThat(network().runThere(amtool, url, "silence", "query")).doesNotContain(id);
    network().runThere(amtool, url, "alert", "add", "alertname=ByAmtool", "severity=page");
    assertThat(network().runThere(amtool, url, "alert", "query", "severity=page"))
        .contains("ByAmtool");
    assertThat(network().runThere(amtool, url, "config", "routes", "test", "severity=page"))
        .contains("nobody");
    assertThat(network().runThere(amtool, url, "cluster", "show")).contains("Cluster Status");
  }

  @Test
  void clientsLikeKarmaReadAndSilence() {
    String[] agent = {"User-Agent", "karma/v0.122", "Accept-Encoding", "identity"};
    HttpResponse<String> metrics = send(HttpRequest.newBuilder(remote("/metrics")), agent);
    assertThat(metrics.body())
        .as("the version, as karma finds it")
        .contains("alertmanager_build_info{");
    assertThat(read("/api/v2/status", agent).path("versionInfo").path("version").asText())
        .matches("[0-9]+[.][0-9]+[.][0-9]+.*");
    read("/api/v2/receivers", agent);
    Server.await(
        "the alert in its group",
        () -> read("/api/v2/alerts/groups", agent).toString().contains("\"FromThere\""));
    HttpResponse<String> made =
        send(
            HttpRequest.newBuilder(remote("/api/v2/silences"))
                .POST(BodyPublishers.ofString(silence("karma"))),
            "User-Agent",
            "karma/v0.122",
            "Content-Type",
            "application/json",
            "X-Forwarded-For",
            "198.18.9.9");
    assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
    assertThat(silenced()).contains("karma");
    String id = Server.parse(made.body()).path("silenceID").asText();
    assertThat(send(HttpRequest.newBuilder(remote("/api/v2/silence/" + id)).DELETE()).statusCode())
        .isEqualTo(200);
    assertThat(silenced()).doesNotContain("karma");
  }

  /** Grafana takes Origin, Referer and cookies off and passes on what else the browser sends. */
  @Test
  void clientsLikeGrafanaReadAndSilence() {
    String[] headers = {
      "User-Agent", "Grafana/13.0.0",
      "X-Forwarded-For", "198.18.9.9",
      "X-Grafana-Org-Id", "1",
      "X-Grafana-User", "admin",
      "X-Dashboard-Uid", "abc",
      "X-Datasource-Uid", "narthex",
      "X-Panel-Id", "2",
      "Sec-Fetch-Site", "same-origin",
      "Sec-Fetch-Mode", "cors",
      "Sec-Fetch-Dest", "empty"
    };
    assertThat(read("/api/v1/status/buildinfo", headers).path("data").path("version").asText())
        .isNotEmpty();
    HttpResponse<String> range =
        send(
            HttpRequest.newBuilder(remote("/api/v1/query_range"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(
                    BodyPublishers.ofString(
                        Server.form(
                            "query", "vector(1)", "start", "0", "end", "60", "step", "15"))),
            headers);
    assertThat(Server.parse(range.body()).path("data").path("result").path(0).path("values"))
        .hasSize(5);
    read("/api/v1/rules", headers);
    read("/api/v2/status", headers);
    read("/api/v2/alerts?active=true&silenced=true&inhibited=true", headers);
    HttpResponse<String> made =
        send(
            HttpRequest.newBuilder(remote("/api/v2/silences"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(silence("grafana"))),
            headers);
    assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
    assertThat(silenced()).contains("grafana");
    String id = Server.parse(made.body()).path("silenceID").asText();
    assertThat(
            send(HttpRequest.newBuilder(remote("/api/v2/silence/" + id)).DELETE(), headers)
                .statusCode())
        .isEqualTo(200);
  }

  @Test
  void worksBehindAProxyThatRewritesHost() throws Exception {
    Path amtool = Peers.original("amtool");
    try (RewritingProxy proxy = new RewritingProxy(server().port(), "narthex.internal:81")) {
      Peers.Result made =
          Peers.run(
              amtool,
              "--alertmanager.url=" + proxy.url(""),
              "silence",
              "add",
              "alertname=p",
              "--author=proxied",
              "--comment=c");
      assertThat(made.status()).as(made.output()).isZero();
      assertThat(silenced()).contains("proxied");
      HttpResponse<String> answer =
          send(HttpRequest.newBuilder(URI.create(proxy.url("/api/v1/query?query=vector(1)"))));
      assertThat(answer.body()).contains("\"success\"");
      String page = proxy.url("").replaceAll("/$", "");
      answer =
          send(
              HttpRequest.newBuilder(URI.create(proxy.url("/api/v2/silences")))
                  .POST(BodyPublishers.ofString(silence("page"))),
              "Content-Type",
              "application/json",
              "Origin",
              page);
      assertThat(answer.statusCode()).as("a page's change without a login").isEqualTo(403);
      assertThat(silenced()).doesNotContain("page");
    }
  }
}
