package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A Prometheus writes to the server with remote write 1.0 and 2.0. */
class RemoteWriteIT {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final List<String> VERSIONS = List.of("one", "two");
  private static final String NATIVE = "prometheus_http_request_duration_seconds";

  @RegisterExtension private final Stage stage = new Stage();
  private @Nullable HttpServer app;
  private @Nullable Process prometheus;
  private int port; // of the Prometheus

  @AfterEach
  void stop() throws InterruptedException {
    if (prometheus != null) {
      prometheus.destroy();
      prometheus.waitFor();
    }
    if (app != null) {
      app.stop(0);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  /** A target with a counter with exemplars, and a histogram that becomes a native one. */
  private int startApp() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    app = server;
    AtomicInteger scrapes = new AtomicInteger();
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/metrics",
        exchange -> {
          int n = scrapes.incrementAndGet();
          String text =
              String.format(
                  Locale.ROOT,
                  """
                  # HELP jobs Jobs that were done.
                  # TYPE jobs counter
                  jobs_total %d # {trace_id="t%d"} 1 %.3f
                  # HELP wait_seconds How long they waited.
                  # TYPE wait_seconds histogram
                  # UNIT wait_seconds seconds
                  wait_seconds_bucket{le="0.5"} %d
                  wait_seconds_bucket{le="2.0"} %d
                  wait_seconds_bucket{le="+Inf"} %d
                  wait_seconds_count %d
                  wait_seconds_sum %d
                  # EOF
                  """,
                  n,
                  n,
                  System.currentTimeMillis() / 1000.0,
                  n,
                  2 * n,
                  3 * n,
                  3 * n,
                  4 * n);
          byte[] body = text.getBytes(StandardCharsets.UTF_8);
          exchange
              .getResponseHeaders()
              .set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    return server.getAddress().getPort();
  }

  private void startPrometheus(Path program, int appPort, int target) throws IOException {
    port = freePort();
    StringBuilder config =
        new StringBuilder(
            """
            global: {scrape_interval: 250ms, scrape_timeout: 250ms}
            scrape_configs:
              - job_name: app
                convert_classic_histograms_to_nhcb: true
                static_configs: [{targets: ["127.0.0.1:%d"]}]
              - job_name: self
                static_configs: [{targets: ["127.0.0.1:%d"]}]
                metric_relabel_configs: [{source_labels: [__name__], regex: "prometheus_http_.*|prometheus_remote_.*|up", action: keep}]
            remote_write:
            """
                .formatted(appPort, port));
    for (String version : VERSIONS) {
      config.append(
          """
            - name: %s
              url: http://127.0.0.1:%d/api/v1/write
              protobuf_message: %s
              send_exemplars: true
              send_native_histograms: true
              metadata_config: {send_interval: 1s}
              queue_config: {min_backoff: 30ms, max_backoff: 300ms, batch_send_deadline: 300ms}
              write_relabel_configs:
                - {target_label: version, replacement: %s}
                - {source_labels: [__name__, version], regex: "wait_seconds;one", action: drop}
          """
              .formatted(
                  version,
                  target,
                  version.equals("one")
                      ? "prometheus.WriteRequest"
                      : "io.prometheus.write.v2.Request",
                  version));
    }
    Path file = Files.writeString(stage.folder.resolve("sender.yml"), config);
    List<String> command = Peers.command(program);
    command.addAll(
        List.of(
            "--config.file=" + file,
            "--storage.tsdb.path=" + stage.folder.resolve("sender"),
            "--enable-feature=native-histograms,exemplar-storage,metadata-wal-records",
            "--web.listen-address=127.0.0.1:" + port));
    prometheus =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(stage.folder.resolve("sender.log").toFile())
            .start();
  }

  private JsonNode there(String expression) {
    try {
      URI uri =
          URI.create(
              "http://127.0.0.1:" + port + "/api/v1/query?" + Server.form("query", expression));
      return Server.parse(
              CLIENT.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body())
          .path("data")
          .path("result");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Returns the value of the only series, or -1. */
  private static double only(JsonNode result) {
    return result.size() == 1 ? result.get(0).path("value").path(1).asDouble() : -1;
  }

  private double sent(String metric) throws IOException {
    try {
      String page =
          CLIENT
              .send(
                  HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                      .build(),
                  BodyHandlers.ofString())
              .body();
      return page.lines()
          .filter(l -> l.startsWith("prometheus_remote_storage_" + metric + "{"))
          .filter(l -> !l.contains("reason=\"dropped_series\"")) // as configured
          .mapToDouble(l -> Double.parseDouble(l.substring(l.lastIndexOf(' ') + 1)))
          .sum();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Waits until both queues have brought what is newer than now. */
  private void awaitSamples(Server server, String what) {
    double now = System.currentTimeMillis() / 1000.0;
    for (String version : VERSIONS) {
      Server.await(
          "samples of " + version + " " + what,
          Duration.ofSeconds(20),
          () ->
              only(server.query("timestamp(jobs_total{version=\"" + version + "\"})")) > now
                  && only(
                          server.query(
                              "timestamp("
                                  + NATIVE
                                  + "{version=\""
                                  + version
                                  + "\",handler=\"/metrics\"})"))
                      > now);
    }
  }

  @Test
  void everySampleOfAPrometheusArrivesThroughAKillASwapAndAStop() throws Exception {
    Path program = Peers.original("prometheus");
    int own = freePort();
    String[] flags = {
      "--web.listen-address=127.0.0.1:" + own, "--web.enable-remote-write-receiver"
    };
    stage.file("prometheus.yml", "global: {}\n");
    Server server = stage.start(s -> s.with(flags));
    startPrometheus(program, startApp(), own);
    awaitSamples(server, "at first");
    double begin = System.currentTimeMillis() / 1000.0;

    server.kill();
    server = stage.start(s -> s.with(flags));
    awaitSamples(server, "after a kill");

    Path shipped =
        Distribution.home().resolve("lib/plugins").resolve("storage-tsdb-" + Tree.VERSION + ".jar");
    stage.ok(
        stage.upload(
            "storage-tsdb.jar", SampleJar.of(shipped).header("Bundle-Version", "99.0.0").bytes()));
    awaitSamples(server, "after a swap");

    server.stop();
    server = stage.start(s -> s.with(flags));
    awaitSamples(server, "after a stop");
    double end = System.currentTimeMillis() / 1000.0;
    awaitSamples(server, "of the end");

    String window = "[" + Math.round((end - begin) * 1000) + "ms] @ " + end;
    for (String metric : List.of("jobs_total", "wait_seconds", NATIVE + "{handler=\"/metrics\"}")) {
      double count = only(there("count_over_time(" + metric + window + ")"));
      assertThat(count).as(metric).isGreaterThan(10);
      // messages of 1.0 have no custom bounds: the sender would send what is no histogram
      for (String version : metric.equals("wait_seconds") ? List.of("two") : VERSIONS) {
        String selector =
            metric.endsWith("}")
                ? metric.replace("}", ",version=\"" + version + "\"}")
                : metric + "{version=\"" + version + "\"}";
        assertThat(only(server.query("count_over_time(" + selector + window + ")")))
            .as("%s of %s", metric, version)
            .isEqualTo(count);
      }
    }
    for (String version : VERSIONS) {
      JsonNode exemplars =
          server
              .json(
                  "api/v1/query_exemplars?"
                      + Server.form(
                          "query",
                          "jobs_total{version=\"" + version + "\"}",
                          "start",
                          "" + begin,
                          "end",
                          "" + end))
              .path("data")
              .path(0)
              .path("exemplars");
      assertThat(exemplars.size()).as("exemplars of " + version).isGreaterThan(5);
    }
    JsonNode metadata = server.json("api/v1/metadata?metric=wait_seconds").path("data");
    assertThat(metadata.toString())
        .contains("\"type\":\"histogram\"", "How long they waited.", "\"unit\":\"seconds\"");

    TreeMap<String, Double> lost = new TreeMap<>();
    for (String kind : List.of("samples", "histograms", "exemplars", "metadata")) {
      for (String fate : List.of("failed", "dropped")) {
        double n = sent(kind + "_" + fate + "_total");
        if (n > 0) {
          lost.put(kind + " " + fate, n);
        }
      }
    }
    assertThat(lost)
        .as(() -> {
          try {
            return Files.readString(stage.folder.resolve("sender.log"));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        })
        .isEmpty();
  }
}
