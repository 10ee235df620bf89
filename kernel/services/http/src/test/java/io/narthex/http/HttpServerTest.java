package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.model.Labels;
import io.narthex.model.StaleMarker;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.query.QueryOrigin;
import io.narthex.service.rules.RuleService;
import io.narthex.service.rules.RuleService.AlertmanagerUrls;
import io.narthex.spi.storage.StorageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import org.eclipse.jetty.compression.gzip.GzipCompression;
import org.eclipse.jetty.util.compression.CompressionPool;
import org.eclipse.jetty.util.compression.DeflaterPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the server answers, over real connections. */
class HttpServerTest extends ServerHarness {
  @Test
  void returnsTheAlertmanagersOfTheRules() throws Exception {
    error(get("/api/v1/alertmanagers"), 503, "unavailable", "the rules are not running");
    RuleService rules =
        (RuleService)
            Proxy.newProxyInstance(
                RuleService.class.getClassLoader(),
                new Class<?>[] {RuleService.class},
                (p, m, a) -> new AlertmanagerUrls(List.of("http://a/api/v2/alerts"), List.of("x")));
    Objects.requireNonNull(server).rules = rules;
    assertThat(get("/api/v1/alertmanagers").body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{\"activeAlertmanagers\":[{\"url\":"
                + "\"http://a/api/v2/alerts\"}],\"droppedAlertmanagers\":[{\"url\":\"x\"}]}}");
  }

  /** A class that is missing in {@link Resources} gives 404. */
  @Test
  void everyEndpointOfTheReadmeIsServed() throws Exception {
    List<String> missing = new ArrayList<>();
    int endpoints = 0;
    for (String line : Files.readAllLines(Path.of("README.md"))) {
      if (line.startsWith("| `/")) {
        endpoints++;
        String path = line.substring(3, line.indexOf('`', 3)).replaceAll("\\{\\w+}", "x");
        // refused by each: no such method, or no login
        if (method("DELETE", path).statusCode() == 404) {
          missing.add(path);
        }
      }
    }
    assertThat(endpoints).isGreaterThan(50);
    assertThat(missing).isEmpty();
  }

  @Test
  void answersInTheEnvelopeWithWarningsAndLimit() throws Exception {
    HttpResponse<String> r = get("/api/v1/query?query=up&time=1&limit=1");
    assertThat(r.statusCode()).isEqualTo(200);
    assertThat(r.body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":"
                + "{\"__name__\":\"up\",\"job\":\"a\"},\"value\":[1,\"1\"]}]},"
                + "\"warnings\":[\"careful\",\"results truncated due to limit\"]}");
    assertThat(get("/api/v1/labels?limit=2").body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":[\"a\",\"b\"],\"warnings\":[\"results truncated due to limit\"]}");
  }

  @Test
  void showsWhatQueriesAreMadeOf() throws Exception {
    assertThat(get("/api/v1/parse_query?query=up").body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{\"bool\":true,\"list\":[\"a\",1],\"nothing\":null}}");
    assertThat(get("/narthex/api/v1/explain?query=up&start=1&end=9&step=2").body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{\"kind\":\"unaryExpr\",\"expr\":\"-up\",\"start\":0,"
                + "\"end\":2,\"evaluations\":1,\"series\":3,\"samples\":4,\"samplesRead\":0,"
                + "\"timeNanos\":6,\"plan\":{\"added\":[\"a=\\\"b\\\"\"],\"once\":true,\"shared\":2},"
                + "\"children\":[{\"kind\":\"vectorSelector\",\"expr\":\"up\",\"start\":0,"
                + "\"end\":2,\"evaluations\":1,\"series\":3,\"samples\":4,\"samplesRead\":2000,"
                + "\"timeNanos\":6,\"estimatedSeries\":7,\"children\":[]}]}}");
    error(
        get("/narthex/api/v1/explain?query=up&start=9&end=1&step=2"),
        400,
        "bad_data",
        "must give 1 to 11,000 points");
  }

  @Test
  void exemplarsAreThoseOfAllSelectorsOfAnExpression() throws Exception {
    String path = "/api/v1/query_exemplars?query=";
    JsonNode found = new JsonMapper().readTree(get(path + "rate(a)+/+b").body()).path("data");
    assertThat(found).hasSize(2);
    assertThat(found.at("/1/seriesLabels/of").asText()).contains("b");
    assertThat(found.at("/0/exemplars/0"))
        .hasToString("{\"labels\":{\"id\":\"7\"},\"value\":\"0.5\",\"timestamp\":1.5}");
    assertThat(get(path + "1").statusCode()).isEqualTo(204);
    error(get(path + "x"), 400, "bad_data", "\"1:1: parse error: x\"");
    error(
        get(path + "1&start=2&end=1"),
        400,
        "bad_data",
        "\"end timestamp must not be before start timestamp\"");
  }

  @Test
  void namesWhatIsWrongWithParameters() throws Exception {
    error(
        get("/api/v1/query?query=up&lookback_delta=x"),
        400,
        "bad_data",
        "\"error parsing lookback delta duration: cannot parse \\\"x\\\" to a valid duration\"");
    error(get("/api/v1/query?query=up&time=1e400"), 400, "bad_data", "to a valid timestamp");
    error(
        get("/api/v1/series?match%5B%5D=x"),
        400,
        "bad_data",
        "invalid parameter \\\"match[]\\\": 1:1");
    error(get("/api/v1/labels?match%5B%5D=x"), 400, "bad_data", "\"1:1: parse error: x\"");
    assertThat(get("/api/v1/labels?start=2&end=1").body())
        .isEqualTo("{\"status\":\"success\",\"data\":[]}");
  }

  @Test
  void takesParametersFromAForm() throws Exception {
    HttpResponse<String> r =
        send(
            to("/api/v1/query")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("query=up&time=1")));
    assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
    assertThat(r.body()).contains("\"__name__\":\"up\"");
  }

  @Test
  void takesParametersFromAFormInParts() throws Exception {
    String parts =
        "--b-1\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nup\r\n"
            + "--b-1\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=time\r\n\r\n"
            + "1\r\n--b-1\r\nContent-Disposition: form-data; name=\"query\"; filename=\"f\"\r\n\r\n"
            + "slow\r\n--b-1--\r\n";
    for (String type :
        List.of("multipart/form-data; boundary=b-1", "Multipart/Form-Data;boundary=\"b-1\"")) {
      HttpResponse<String> r =
          send(
              to("/api/v1/query")
                  .header("Content-Type", type)
                  .POST(BodyPublishers.ofString(parts)));
      assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
      assertThat(r.body()).contains("\"__name__\":\"up\"").contains("[1,");
    }
    for (String type :
        List.of(
            "multipart/form-data",
            "multipart/form-data; boundary=other",
            "multipart/mixed; boundary=b-1")) {
      error(
          send(
              to("/api/v1/query")
                  .header("Content-Type", type)
                  .POST(BodyPublishers.ofString(parts))),
          400,
          "bad_data",
          "parse error");
    }
    String many = "--b-1\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nup\r\n".repeat(2000);
    assertThat(
            send(to("/api/v1/query?query=up")
                    .header("Content-Type", "multipart/form-data; boundary=b-1")
                    .POST(BodyPublishers.ofString(many + parts)))
                .statusCode())
        .isEqualTo(200);
  }

  /** The original takes the first value: of a form before the query string, of parts after it. */
  @Test
  void theBodyOfAFormWinsAndThatOfAGetIsNotRead() throws Exception {
    HttpResponse<String> r =
        send(
            to("/api/v1/query?query=slow")
                .header("Content-Type", "Application/X-www-form-urlencoded; charset=utf-8")
                .POST(BodyPublishers.ofString("query=up")));
    assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
    String parts = "--b\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nslow\r\n--b--\r\n";
    r =
        send(
            to("/api/v1/query?query=up")
                .header("Content-Type", "multipart/form-data; boundary=b")
                .POST(BodyPublishers.ofString(parts)));
    assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
    for (String query : List.of("?query=up", "")) {
      r =
          send(
              to("/api/v1/query" + query)
                  .header("Content-Type", "application/x-www-form-urlencoded")
                  .method("GET", BodyPublishers.ofString("query=slow")));
      assertThat(r.statusCode()).as(r.body()).isEqualTo(query.isEmpty() ? 400 : 200);
    }
  }

  @Test
  void errorsCarryTypeAndStatus() throws Exception {
    error(get("/api/v1/query?query=x"), 400, "bad_data", "invalid parameter \\\"query\\\": 1:1");
    error(get("/api/v1/query?query=slow"), 503, "timeout", "query timed out");
    error(get("/api/v1/query?query=bug"), 500, "internal", "a bug");
    error(get("/api/v1/series"), 400, "bad_data", "no match[] parameter provided");
    error(
        get("/api/v1/query_range?query=up&start=0&end=100000&step=1"),
        400,
        "bad_data",
        "exceeded maximum resolution of 11,000 points");
    error(get("/api/v1/status/tsdb?limit=0"), 400, "bad_data", "limit must be a positive number");
    error(get("/api/v1/rules?group_limit=0"), 400, "bad_data", "needs to be greater than 0");
    storageFails = new StorageException.Closed("the storage is being replaced");
    HttpResponse<String> replaced = get("/api/v1/labels");
    error(replaced, 503, "unavailable", "being replaced");
    assertThat(replaced.headers().firstValue("Retry-After")).contains("1");
    storageFails = new StorageException.Corrupt("block 7");
    error(get("/api/v1/labels"), 500, "internal", "block 7");
  }

  @Test
  void unknownPathsAndMethodsAreRefused() throws Exception {
    assertThat(get("/api/v1/nonsense").statusCode()).isEqualTo(404);
    HttpResponse<String> refused = method("DELETE", "/api/v1/query");
    assertThat(refused.statusCode()).isEqualTo(405);
    assertThat(refused.headers().firstValue("Allow")).contains("GET, OPTIONS, POST");
    assertThat(method("HEAD", "/api/v1/query_range").statusCode()).isEqualTo(405);
  }

  @Test
  void tellsWhatAQueryCostWhenAsked() throws Exception {
    String body = get("/api/v1/query?query=up&stats=all").body();
    assertThat(new JsonMapper().readTree(body).at("/data/stats/samples/totalQueryableSamples"))
        .hasToString("0");
    assertThat(body).contains("\"stats\":{\"timings\":{\"evalTotalTime\":0,");
    assertThat(get("/api/v1/query?query=up").body()).doesNotContain("stats");
    String odd = get("/api/v1/query?query=up&stats=some").body();
    assertThat(odd).contains("\"stats\":{", "parameter \\\"stats\\\": other values");
  }

  @Test
  void statisticsPerStepNeedAFlagAndStatsAll() throws Exception {
    String range = "/api/v1/query_range?query=up&start=1&end=1.5&step=0.5&stats=";
    assertThat(get(range + "all").body()).doesNotContain("PerStep");
    flags.put("per-step", "");
    assertThat(get(range + "true").body())
        .contains("\"totalQueryableSamples\":5")
        .doesNotContain("PerStep");
    assertThat(get(range + "all").body())
        .contains("\"totalQueryableSamplesPerStep\":[[1,2],[1.500,3]]");
  }

  @Test
  void tellsWhatItCanDo() throws Exception {
    JsonNode features = new JsonMapper().readTree(get("/api/v1/features").body()).path("data");
    assertThat(features.at("/promql_functions/rate").asBoolean()).isTrue();
    assertThat(features.at("/promql/per_step_stats").isBoolean()).isTrue();
    assertThat(features.at("/api/admin").asBoolean()).isFalse();
  }

  @Test
  void preflightAndCorsHeadersFollowTheFlag() throws Exception {
    HttpResponse<String> good =
        send(
            to("/api/v1/query")
                .header("Origin", "https://good.example")
                .method("OPTIONS", BodyPublishers.noBody()));
    assertThat(good.statusCode()).isEqualTo(204);
    assertThat(good.headers().firstValue("Access-Control-Allow-Origin"))
        .contains("https://good.example");
    assertThat(good.headers().firstValue("Access-Control-Allow-Methods"))
        .contains("GET, POST, OPTIONS");
    HttpResponse<String> answer =
        send(to("/api/v1/query?query=up").header("Origin", "https://good.example"));
    assertThat(answer.headers().firstValue("Access-Control-Allow-Origin"))
        .contains("https://good.example");
    assertThat(answer.headers().allValues("Vary")).contains("Origin");
    HttpResponse<String> bad =
        send(to("/api/v1/query?query=up").header("Origin", "https://bad.example"));
    assertThat(bad.statusCode()).isEqualTo(200);
    assertThat(bad.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    HttpResponse<String> own =
        send(to("/narthex/api/v1/plugins").header("Origin", "https://good.example"));
    assertThat(own.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
  }

  @Test
  void compressesWhenAsked() throws Exception {
    HttpResponse<byte[]> r =
        client.send(
            to("/api/v1/query?query=up").header("Accept-Encoding", "gzip").build(),
            BodyHandlers.ofByteArray());
    assertThat(r.headers().firstValue("Content-Encoding")).contains("gzip");
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(r.body()))) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).contains("\"up\"");
    }
  }

  @Test
  void keepsFewDeflatersAfterABurstOfCompressedResponses() throws Exception {
    GzipCompression gzip = HttpServer.gzip();
    gzip.start();
    DeflaterPool pool = gzip.getDeflaterPool();
    List<CompressionPool<Deflater>.Entry> burst = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      burst.add(pool.acquire());
    }
    burst.forEach(CompressionPool.Entry::release);
    assertThat(pool.getPool().size()).isBetween(1, 16);
    gzip.stop();
  }

  @Test
  void readinessIsToldAndGuardsTheApi() throws Exception {
    assertThat(get("/-/ready").body()).isEqualTo("Prometheus Server is Ready.\n");
    assertThat(method("HEAD", "/-/ready").statusCode()).isEqualTo(200);
    info.ready = false;
    assertThat(get("/-/ready").statusCode()).isEqualTo(503);
    assertThat(method("HEAD", "/-/ready").statusCode()).isEqualTo(503);
    assertThat(get("/api/v1/query?query=up").statusCode()).isEqualTo(503);
    assertThat(get("/federate").statusCode()).isEqualTo(503);
    assertThat(get("/api/v1/status/walreplay").statusCode()).isEqualTo(200);
    assertThat(get("/-/healthy").statusCode()).isEqualTo(200);
  }

  @Test
  void reloadNeedsTheFlagAndAPost() throws Exception {
    assertThat(method("POST", "/-/reload").statusCode()).isEqualTo(403);
    assertThat(method("POST", "/-/reload").body()).isEqualTo("Lifecycle API is not enabled.\n");
    flags.put("web.enable-lifecycle", "true");
    assertThat(get("/-/reload").statusCode()).isEqualTo(405);
    assertThat(method("POST", "/-/reload").statusCode()).isEqualTo(200);
    config.problem = "prometheus.yml:1:1: is wrong";
    HttpResponse<String> failed = method("POST", "/-/reload");
    assertThat(failed.statusCode()).isEqualTo(500);
    assertThat(failed.body()).isEqualTo("failed to reload config: prometheus.yml:1:1: is wrong\n");
  }

  @Test
  void uploadNeedsTheAdminToken() throws Exception {
    HttpRequest.Builder upload =
        to("/narthex/api/v1/plugins/upload?file=a.jar&force=true")
            .PUT(BodyPublishers.ofByteArray(new byte[1000]));
    assertThat(send(upload).statusCode()).isEqualTo(401);
    assertThat(send(upload.copy().header("Authorization", "Bearer wrong")).statusCode())
        .isEqualTo(401);
    assertThat(installed).isEmpty();
    HttpResponse<String> r = send(upload.copy().header("Authorization", "Bearer " + TOKEN));
    assertThat(r.statusCode()).isEqualTo(409);
    assertThat(r.body())
        .isEqualTo("{\"error\":\"is no plugin\",\"problem\":\"refused\",\"blame\":\"user\"}");
    assertThat(installed).containsExactly("a.jar 1000 true");
    Files.writeString(state.resolve("admin.token"), "\n");
    assertThat(send(upload.copy().header("Authorization", "Bearer ")).statusCode())
        .as("an empty token file opens nothing")
        .isEqualTo(401);
  }

  @Test
  void federatesSamplesWithTheTimesTheyWereTaken() throws Exception {
    long now = System.currentTimeMillis();
    federated.put(Labels.of("__name__", "up", "job", "b"), new double[] {now - 10_000, 0});
    federated.put(Labels.of("__name__", "up", "job", "a"), new double[] {now - 240_000, 1});
    federated.put(
        Labels.of("__name__", "up", "job", "gone"), new double[] {now - 1000, StaleMarker.VALUE});
    HttpResponse<String> r = get("/federate?match%5B%5D=up&match%5B%5D=up");
    assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
    assertThat(r.headers().firstValue("Content-Type"))
        .contains("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    assertThat(r.body())
        .isEqualTo(
            "# TYPE up untyped\nup{job=\"a\",instance=\"\",site=\"berlin\"} 1 "
                + (now - 240_000)
                + "\nup{job=\"b\",instance=\"\",site=\"berlin\"} 0 "
                + (now - 10_000)
                + "\n");
    assertThat(get("/federate?match%5B%5D=x").statusCode()).isEqualTo(400);
    assertThat(get("/federate").statusCode()).isEqualTo(200);
    assertThat(method("HEAD", "/federate").statusCode()).isEqualTo(405);
    storageFails = new StorageException.Closed("the storage is being replaced");
    assertThat(get("/federate?match%5B%5D=up").statusCode()).isEqualTo(503);
  }

  private void federate(int series) {
    long now = System.currentTimeMillis();
    for (int i = 0; i < series; i++) {
      federated.put(Labels.of("__name__", "m", "i", "" + i), new double[] {now - 1000, i});
    }
  }

  @Test
  void federationTakesPartInTheMemoryOfQueries() throws Exception {
    federate(2000);
    assertThat(get("/federate?match%5B%5D=up").body().lines()).hasSize(2001);
    assertThat(mostHeld).isGreaterThan(2000 * 120);
    assertThat(memory.held(WorkMemory.Use.QUERIES)).isZero();
  }

  @Test
  void federationOfMoreThanAQueryMayHoldIsRefused() throws Exception {
    long most = memory.most(WorkMemory.Use.QUERIES) / 4 * 3;
    federate((int) (most / 150) + 100);
    HttpResponse<String> r = get("/federate?match%5B%5D=up");
    assertThat(r.statusCode()).isEqualTo(422);
    assertThat(r.body()).contains("more than " + most + " bytes of memory; select fewer series");
    assertThat(mostHeld).isBetween(most / 2, most);
    assertThat(memory.held(WorkMemory.Use.QUERIES)).isZero();
  }

  @Test
  void federationWaitsForMemoryAndHoldsNothingMeanwhile() throws Exception {
    federate(2000);
    long others = memory.most(WorkMemory.Use.QUERIES) - 100_000;
    assertThat(memory.tryTake(WorkMemory.Use.QUERIES, others)).isTrue();
    CompletableFuture<HttpResponse<String>> answer =
        CompletableFuture.supplyAsync(() -> {
          try {
            return get("/federate?match%5B%5D=up");
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
    while (mostHeld <= others) { // it has begun with what there is
      Thread.onSpinWait();
    }
    while (memory.held(WorkMemory.Use.QUERIES) > others) { // and has given it back
      Thread.onSpinWait();
    }
    assertThat(answer).isNotDone();
    memory.give(WorkMemory.Use.QUERIES, others);
    assertThat(answer.get(1, TimeUnit.MINUTES).body().lines()).hasSize(2001);
    assertThat(memory.held(WorkMemory.Use.QUERIES)).isZero();
  }

  @Test
  void absentEngineIsUnavailable() throws Exception {
    HttpServer running = Objects.requireNonNull(server);
    FakeEngine other = new FakeEngine();
    running.query = other;
    running.query = null;
    error(get("/api/v1/query?query=up"), 503, "unavailable", "the query engine is not running");
  }

  @Test
  void absentRulesAreUnavailableRatherThanNone() throws Exception {
    error(get("/api/v1/rules"), 503, "unavailable", "the rules are not running");
    assertThat(get("/api/v1/rules").headers().firstValue("Retry-After")).contains("1");
  }

  @Test
  void plainPageStandsInForAbsentPages() throws Exception {
    HttpResponse<String> page = get("/");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).contains("The web UI is not running", "href=\"/metrics\"");
    assertThat(get("/query").statusCode()).isEqualTo(404);
  }

  @Test
  void nextVersionAcceptsBesideTheFormerAndNoRequestIsLost() throws Exception {
    HttpServer previous = Objects.requireNonNull(server);
    FakeEngine engine = (FakeEngine) Objects.requireNonNull(previous.query);
    info.ready = true;
    List<InetSocketAddress> first = info.addresses;
    AtomicBoolean ended = new AtomicBoolean();
    Semaphore right = new Semaphore(0); // a permit for each answer
    List<String> wrong = new CopyOnWriteArrayList<>();
    List<Thread> load =
        List.of(
            Thread.ofVirtual().start(() -> ask(this::overKeptConnection, ended, right, wrong)),
            Thread.ofVirtual().start(() -> ask(this::overNewConnection, ended, right, wrong)));
    CompletableFuture<HttpResponse<String>> inFlight =
        client.sendAsync(to("/api/v1/query?query=held").build(), BodyHandlers.ofString());
    engine.held.await();
    create();
    Thread stop = Thread.ofPlatform().start(previous::stop);
    awaitMore(right, 100);
    assertThat(stop.isAlive()).as("a request is running").isTrue();
    engine.release.countDown();
    assertThat(inFlight.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    stop.join();
    awaitMore(right, 100);
    ended.set(true);
    for (Thread thread : load) {
      thread.join();
    }
    assertThat(wrong).isEmpty();
    assertThat(info.addresses).isEqualTo(first);
  }

  private static void awaitMore(Semaphore answers, int more) throws InterruptedException {
    answers.drainPermits();
    assertThat(answers.tryAcquire(more, 30, TimeUnit.SECONDS)).isTrue();
  }

  private static void ask(
      Callable<Boolean> request, AtomicBoolean ended, Semaphore right, List<String> wrong) {
    while (!ended.get()) {
      try {
        if (request.call()) {
          right.release();
        } else {
          wrong.add("no 200");
        }
      } catch (Exception e) {
        wrong.add(e.toString());
      }
    }
  }

  private boolean overKeptConnection() throws Exception {
    return get("/-/healthy").statusCode() == 200;
  }

  private boolean overNewConnection() throws IOException {
    try (Socket socket = new Socket("127.0.0.1", info.addresses.get(0).getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.UTF_8));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
          .startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void addressInUseEndsTheServer() {
    flags.put("web.listen-address", "127.0.0.1:" + info.addresses.get(0).getPort());
    FakeInfo other = new FakeInfo();
    HttpServer second =
        new HttpServer(
            state,
            other,
            other,
            config,
            metrics(),
            storage(),
            exporters(),
            plugins(),
            new WorkMemory(1L << 30));
    second.stop();
    assertThat(other.fatal).contains("bind: address already in use");
  }

  /* clients that leave */

  @Test
  @Timeout(60)
  void sizesOfAnswersAreMeasuredAsTheyAreSent() throws Exception {
    for (String path : List.of("/api/v1/query?query=up", "/api/v1/labels", "/metrics")) {
      HttpResponse<String> r = get(path);
      changed(
          "prometheus_http_response_size_bytes "
              + path.substring(0, (path + "?").indexOf("?"))
              + " "
              + r.body().getBytes(StandardCharsets.UTF_8).length);
    }
    assertThat(get("/api/v1/nothing").statusCode()).isEqualTo(404);
    assertThat(get("/api/v1/labels").statusCode()).isEqualTo(200);
    List<String> others = new ArrayList<>();
    String next = "";
    while (!next.startsWith("prometheus_http_response_size_bytes")) {
      next = CHANGED.take();
      others.add(next);
    }
    assertThat(next).contains("/api/v1/labels");
    assertThat(others).noneMatch(o -> o.contains("nothing"));
  }

  private String observedRoute(String method, String path, String... headers) throws Exception {
    OBSERVED.clear();
    HttpRequest.Builder request = to(path).method(method, BodyPublishers.noBody());
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    assertThat(send(request).statusCode()).isPositive();
    String next = "";
    while (!next.matches("/.* [0-9]{3}")) {
      next = OBSERVED.take();
    }
    return next;
  }

  @Test
  @Timeout(60)
  void requestsAreCountedByTheirRouteWhateverItsParametersAre() throws Exception {
    assertThat(observedRoute("GET", "/api/v1/labels")).isEqualTo("/api/v1/labels 200");
    assertThat(observedRoute("GET", "/api/v1/label/job/values"))
        .startsWith("/api/v1/label/:name/values ");
    assertThat(observedRoute("GET", "/-/healthy")).isEqualTo("/-/healthy 200");
    assertThat(observedRoute("GET", "/api/v2/silence/no-uuid")).startsWith("/api/v2/silence/:id ");
    assertThat(observedRoute("PUT", "/api/v2/alerts")).isEqualTo("/api/v2/alerts 405");
    assertThat(observedRoute("OPTIONS", "/api/v2/any", "Access-Control-Request-Method", "GET"))
        .as("any path will do")
        .isEqualTo("/api/v2/:path 204");
    assertThat(observedRoute("POST", "/narthex/api/v1/plugins/some.id/enable"))
        .startsWith("/narthex/api/v1/plugins/:id/:act ");
  }

  @Test
  void pagesThatTheUiListsGetItsDocument() throws Exception {
    Objects.requireNonNull(server).web =
        path ->
            switch (path) {
              case "index.html" ->
                  new ByteArrayInputStream("<html>".getBytes(StandardCharsets.UTF_8));
              case "pages.txt" ->
                  new ByteArrayInputStream("query\nnovel\n".getBytes(StandardCharsets.UTF_8));
              default -> null;
            };
    for (String path : List.of("/query", "/novel", "/novel/part", "/status")) {
      assertThat(get(path).body()).as(path).isEqualTo("<html>");
    }
    assertThat(get("/unknown").statusCode()).isEqualTo(404);
    assertThat(get("/assets/novel").statusCode()).isEqualTo(404);
    assertThat(get("/").body()).isEqualTo("<html>");
    Map<String, String> sentOn =
        Map.of(
            "/?g0.expr=up&g0.tab=0", "/query?g0.expr=up&g0.tab=0",
            "/classic/graph?g0.expr=up", "/graph?g0.expr=up",
            "/new/targets", "/targets",
            "/classic", "/");
    for (Map.Entry<String, String> e : sentOn.entrySet()) {
      HttpResponse<String> answer = get(e.getKey());
      assertThat(answer.statusCode()).as(e.getKey()).isEqualTo(302);
      assertThat(answer.headers().firstValue("Location").orElseThrow()).endsWith(e.getValue());
    }
    for (String path : List.of("/classic/unknown", "/new//example.org", "/new/%5Cexample.org")) {
      assertThat(get(path).statusCode()).as(path).isNotEqualTo(302);
    }
  }

  @Test
  @Timeout(60)
  void scrapesOfTheServerAndConnectionsAreCounted() throws Exception {
    CHANGED.clear();
    try (Socket socket = connect("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")) {
      changed("net_conntrack_listener_conn_accepted_total http");
      assertThat(socket.getInputStream().read()).isEqualTo('H');
      changed("promhttp_metric_handler_requests_total 200");
    }
    changed("net_conntrack_listener_conn_closed_total http");
  }

  @Test
  @Timeout(60)
  void queryEndsWhenItsClientLeaves() throws Exception {
    assertThat(get("/api/v1/query?query=up").statusCode()).isEqualTo(200);
    assertThat(observedQuery()).isEqualTo("/api/v1/query 200");
    Socket socket = connect("GET /api/v1/query?query=held HTTP/1.1\r\nHost: x\r\n\r\n");
    engine().held.await();
    socket.close();
    engine().canceled.await();
    assertThat(observedQuery()).isEqualTo("/api/v1/query 499");
    engine().dropped.await();
  }

  @Test
  @Timeout(60)
  void queryEndsWhenItsClientLeavesAfterAForm() throws Exception {
    assertThat(get("/api/v1/query?query=up").statusCode()).isEqualTo(200);
    Socket socket =
        connect(
            "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type:"
                + " application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\nquery=held");
    engine().held.await();
    socket.shutdownOutput(); // Go's server takes that for leaving, too
    engine().canceled.await();
    socket.close();
  }

  @Test
  @Timeout(60)
  void whatIsReadAheadOfAnAnswerIsNotLost() throws Exception {
    assertThat(get("/api/v1/query?query=up").statusCode()).isEqualTo(200);
    String next =
        "GET /api/v1/query?query=up&n=" + "n".repeat(1500) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    try (Socket socket = connect("GET /api/v1/query?query=held HTTP/1.1\r\nHost: x\r\n\r\n")) {
      engine().held.await();
      socket.getOutputStream().write((next + next).getBytes(StandardCharsets.US_ASCII));
      // several looks at the connection read ahead of Jetty; none takes the client for gone
      assertThat(engine().canceled.await(1500, TimeUnit.MILLISECONDS)).isFalse();
      engine().release.countDown();
      StringBuilder all = new StringBuilder();
      byte[] part = new byte[4096];
      while (all.toString().split("HTTP/1.1 200", -1).length < 4) {
        int n = socket.getInputStream().read(part);
        assertThat(n).isPositive();
        all.append(new String(part, 0, n, StandardCharsets.US_ASCII));
      }
    }
  }

  @Test
  void tellsTheEngineWhoAsks() throws Exception {
    assertThat(get("/api/v1/query?query=up").statusCode()).isEqualTo(200);
    assertThat(Objects.requireNonNull(engine().options).origin())
        .isEqualTo(new QueryOrigin.Request("127.0.0.1", "GET", "/api/v1/query"));
    engine().dropped.await();
  }

  @Test
  void refusesQueryStringsThatCannotBeDecoded() throws Exception {
    for (String bad : List.of("query=%ff", "query=%zz", "query=up&time=%zz", "%zz=1&query=up")) {
      for (String path : List.of("/api/v1/query?", "/api/v1/query_range?")) {
        Socket socket = connect("GET " + path + bad + " HTTP/1.0\r\nHost: x\r\n\r\n");
        String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        socket.close();
        assertThat(answer)
            .as(bad)
            .startsWith("HTTP/1.1 400 ")
            .contains("\"errorType\":\"bad_data\"");
      }
    }
  }

  @Test
  void whatIsConfiguredWithoutEffectIsANotification() throws Exception {
    assertThat(get("/api/v1/notifications").body())
        .contains("Configured without effect: remote_write (no sample is sent).");
  }

  @Test
  void versionAndSlashesAreAsPrometheusHasThem() throws Exception {
    JsonNode version = new JsonMapper().readTree(get("/version").body());
    assertThat(version.path("version").asText()).isEqualTo("3.5.0");
    assertThat(version.path("goVersion").asText()).startsWith("java");
    for (String path : new String[] {"/targets", "/metrics", "/federate"}) {
      HttpResponse<String> r = get(path + "/?a=b");
      assertThat(r.statusCode()).isEqualTo(301);
      assertThat(r.headers().firstValue("Location")).contains(path + "?a=b");
    }
  }

  @Test
  void whatIsHardlyEverAskedIsAsInTheOriginal() throws Exception {
    for (String path : new String[] {"/-/healthy", "/-/ready"}) {
      HttpResponse<String> head = method("HEAD", path);
      assertThat(head.statusCode()).isEqualTo(200);
      assertThat(head.headers().firstValue("Content-Type").orElse("")).doesNotContain("xml");
    }
    error(method("DELETE", "/api/v1/series"), 500, "internal", "not implemented");
    error(method("DELETE", "/api/v1/series?match%5B%5D=up"), 500, "internal", "not implemented");
  }

  @Test
  void filesOfUserAssetsAreServedAndNothingBeside() throws Exception {
    Path assets = Files.createDirectories(state.resolve("assets"));
    Files.writeString(assets.resolve("own page.html"), "<p>hi</p>");
    Files.createSymbolicLink(assets.resolve("link"), state.resolve("admin.token"));
    assertThat(get("/user/own%20page.html").statusCode()).as("not asked for").isEqualTo(404);
    flags.put("web.user-assets", assets.toString());
    HttpResponse<String> page = get("/user/own%20page.html");
    assertThat(page.body()).isEqualTo("<p>hi</p>");
    assertThat(page.headers().firstValue("Content-Type")).contains("text/html;charset=utf-8");
    for (String path : new String[] {"link", "%2e%2e%2fadmin.token", "..%2fadmin.token", "", "x"}) {
      HttpResponse<String> r = get("/user/" + path);
      assertThat(r.statusCode()).as(path).isIn(400, 404);
      assertThat(r.body()).doesNotContain(TOKEN);
    }
  }

  @Test
  void groupsWithoutRulesAreNotShown() throws Exception {
    RuleService.Rule rule =
        new RuleService.RecordingRule("a", "1", Labels.EMPTY, RuleService.Health.OK, "", 0, 0);
    List<RuleService.Group> groups =
        List.of(
            new RuleService.Group("empty", "f", 60, 0, 0, 0, List.of()),
            new RuleService.Group("full", "f", 60, 0, 0, 0, List.of(rule)));
    rules(groups);
    assertThat(get("/api/v1/rules").body()).contains("\"full\"").doesNotContain("\"empty\"");
    assertThat(get("/api/v1/rules?rule_name%5B%5D=b").body()).contains("\"groups\":[]");
    error(
        get("/api/v1/rules?group_limit=1&group_next_token=zzz"),
        400,
        "bad_data",
        "invalid parameter \\\"group_next_token\\\": invalid group_next_token 'zzz'");
  }

  private void rules(List<RuleService.Group> groups) {
    Objects.requireNonNull(server).rules =
        (RuleService)
            Proxy.newProxyInstance(
                RuleService.class.getClassLoader(),
                new Class<?>[] {RuleService.class},
                (p, m, a) -> groups);
  }

  @Test
  void labelsOfRulesAreShownAsConfiguredEmptyOnesToo() throws Exception {
    RuleService.Rule recording =
        new RuleService.RecordingRule(
            "a", "1", Labels.EMPTY, RuleService.Health.OK, "", 0, 0, List.of("gone"));
    RuleService.Rule alerting =
        new RuleService.AlertingRule(
            "b",
            "1",
            Labels.of("team", "t"),
            Labels.EMPTY,
            0,
            0,
            RuleService.AlertState.INACTIVE,
            List.of(),
            RuleService.Health.OK,
            "",
            0,
            0,
            List.of(),
            List.of("severity"));
    rules(List.of(new RuleService.Group("g", "f", 60, 0, 0, 0, List.of(recording, alerting))));
    assertThat(get("/api/v1/rules").body())
        .contains("\"labels\":{\"gone\":\"\"}")
        .contains("\"labels\":{\"severity\":\"\",\"team\":\"t\"}");
  }
}
