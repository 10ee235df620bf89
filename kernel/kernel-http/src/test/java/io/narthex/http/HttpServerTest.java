package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.StaleMarker;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.ConfigService;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.query.QueryOrigin;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.service.query.QueryResult.Statistics;
import io.narthex.service.query.QueryResult.VectorSample;
import io.narthex.service.rules.RuleService;
import io.narthex.service.rules.RuleService.AlertmanagerUrls;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.StorageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Starts the server with fake services on a free port of the loopback interface. */
class HttpServerTest {
  private static final String TOKEN = "0123456789abcdef";

  /** Label values of metrics, as they come. */
  private static final LinkedBlockingQueue<String> OBSERVED = new LinkedBlockingQueue<>();

  /** Metrics that have changed: name, labels, and what was observed as a whole number. */
  private static final LinkedBlockingQueue<String> CHANGED = new LinkedBlockingQueue<>();

  @TempDir Path state;
  private final Map<String, String> flags = new HashMap<>();
  private final FakeInfo info = new FakeInfo();
  private final FakeConfig config = new FakeConfig();
  private final HttpClient client = HttpClient.newHttpClient();
  private final List<String> installed = new ArrayList<>();
  private final Map<Labels, double[]> federated = new LinkedHashMap<>();
  private final WorkMemory memory = new WorkMemory(64 << 20);
  private volatile long mostHeld; // of the memory of queries, while series are federated
  private @Nullable HttpServer server;
  private @Nullable RuntimeException storageFails;

  private final class FakeInfo implements ServerInfo {
    boolean ready = true;
    @Nullable String fatal;
    List<InetSocketAddress> addresses = List.of();
    List<ServerSocketChannel> listeners = List.of();

    @Override
    public String version() {
      return "0.1.0";
    }

    @Override
    public String compatibleVersion() {
      return "3.5.0";
    }

    @Override
    public Map<String, String> build() {
      return Map.of();
    }

    @Override
    public Instant startTime() {
      return Instant.EPOCH;
    }

    @Override
    public boolean ready() {
      return ready;
    }

    @Override
    public boolean stopping() {
      return false;
    }

    @Override
    public void stop() {}

    @Override
    public void fatal(String message) {
      fatal = message;
    }

    @Override
    public URI externalUrl() {
      return URI.create("http://localhost:9090");
    }

    @Override
    public String routePrefix() {
      return "";
    }

    @Override
    public Map<String, List<String>> flags() {
      return Map.of("web.listen-address", List.of(flag("web.listen-address")));
    }

    @Override
    public String flag(String name) {
      return flags.getOrDefault(name, "");
    }

    @Override
    public boolean feature(String name) {
      return name.equals("promql-per-step-stats") && flags.containsKey("per-step");
    }

    @Override
    public List<InetSocketAddress> listenAddresses() {
      return addresses;
    }

    @Override
    public void listening(List<InetSocketAddress> bound) {
      addresses = bound;
    }

    @Override
    public List<ServerSocketChannel> listeners() {
      return listeners;
    }

    @Override
    public void keep(List<ServerSocketChannel> sockets) {
      listeners = sockets;
    }

    @Override
    public Path stateDirectory() {
      return state;
    }
  }

  private static final class FakeConfig implements ConfigService {
    @Nullable String problem;

    @Override
    public ConfigSnapshot current() {
      PrometheusConfig main =
          ConfigBinder.bind(
              io.narthex.format.yaml.YamlReader.read(
                  "x", "global: {external_labels: {site: berlin}}"),
              PrometheusConfig.class);
      return new ConfigSnapshot(
          main, "global: {}\n", Path.of("."), AlertmanagerConfig.none(), "", Path.of("."));
    }

    @Override
    public void reload() {
      if (problem != null) {
        throw new ConfigException(problem);
      }
    }

    @Override
    public Outcome lastReload() {
      return new Outcome(true, null, Instant.EPOCH);
    }

    @Override
    public List<Ignored> ignored() {
      return List.of(new Ignored("prometheus.yml", "remote_write", "no sample is sent"));
    }
  }

  /** Answers {@code up} with two samples, refuses nearly everything else. */
  private static final class FakeEngine implements QueryEngine, QueryInspector {
    final CountDownLatch held = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);
    final CountDownLatch canceled = new CountDownLatch(1);
    final CountDownLatch dropped = new CountDownLatch(1);
    volatile QueryEngine.@Nullable Options options;

    @Override
    public QueryResult instant(String expression, long timeMs, Options options) {
      this.options = options;
      if (options.memory() != null) {
        options.memory().hold(dropped::countDown);
      }
      return switch (expression) {
        case "held" -> {
          held.countDown();
          try {
            release.await();
          } catch (InterruptedException e) {
            canceled.countDown();
            throw new QueryException(QueryException.Kind.CANCELED, "query was canceled");
          }
          yield instant("up", timeMs, options);
        }
        case "up" ->
            new QueryResult(
                new Data.Vector(
                    List.of(
                        new VectorSample(Labels.of("__name__", "up", "job", "a"), 1000, 1, null),
                        new VectorSample(Labels.of("__name__", "up", "job", "b"), 1000, 0, null))),
                List.of("careful"),
                List.of(),
                new Statistics(0, 0, 0, 0, 0, 0, 0, 0, 0, null));
        case "slow" -> throw new QueryException(QueryException.Kind.TIMEOUT, "query timed out");
        case "bug" -> throw new IllegalStateException("a bug");
        default -> throw new QueryException(QueryException.Kind.BAD_DATA, "1:1: parse error: x");
      };
    }

    @Override
    public QueryResult range(
        String expression, long startMs, long endMs, long stepMs, Options options) {
      return new QueryResult(
          new Data.Matrix(List.of()),
          List.of(),
          List.of(),
          new Statistics(
              0,
              0,
              0,
              0,
              0,
              0,
              options.statistics() ? 5 : 0,
              0,
              0,
              options.perStepStatistics() ? new long[] {2, 3} : null));
    }

    @Override
    public String format(String expression) {
      return expression;
    }

    @Override
    public void check(String expression) {}

    @Override
    public Map<String, @Nullable Object> syntaxTree(String expression) {
      Map<String, @Nullable Object> tree = new TreeMap<>();
      tree.put("bool", true);
      tree.put("list", List.of("a", 1L));
      tree.put("nothing", null);
      return tree;
    }

    @Override
    public PlanNode explain(
        String expression, long startMs, long endMs, long stepMs, Options options) {
      PlanNode child =
          new PlanNode("vectorSelector", expression, 0, 2, 1, 3, 4, stepMs, 6, 7L, List.of());
      Map<String, Object> plan = Map.of("shared", 2, "once", true, "added", List.of("a=\"b\""));
      return new PlanNode(
          "unaryExpr", "-" + expression, 0, 2, 1, 3, 4, 0, 6, null, List.of(child), plan);
    }

    @Override
    public List<List<Matcher>> selectors(String expression) {
      return switch (expression) {
        case "1" -> List.of();
        case "rate(a) / b" ->
            List.of(
                List.of(Matcher.equal("__name__", "a")), List.of(Matcher.equal("__name__", "b")));
        default -> throw new QueryException(QueryException.Kind.BAD_DATA, "1:1: parse error: x");
      };
    }

    @Override
    public Map<String, Map<String, Boolean>> features() {
      return Map.of("promql_functions", Map.of("rate", true));
    }

    @Override
    public List<Matcher> selector(String text) {
      if (!text.equals("up")) {
        throw new QueryException(QueryException.Kind.BAD_DATA, "1:1: parse error: x");
      }
      return List.of(Matcher.equal("__name__", text));
    }
  }

  private StorageGate storage() {
    return (StorageGate)
        Proxy.newProxyInstance(
            StorageGate.class.getClassLoader(),
            new Class<?>[] {StorageGate.class},
            (p, m, a) -> {
              if (storageFails != null) {
                throw storageFails;
              }
              return switch (m.getName()) {
                case "labelNames" -> List.of("a", "b", "c");
                case "series" -> List.of(Labels.of("a", "1"), Labels.of("a", "2"));
                case "exemplars" ->
                    ((List<?>) Objects.requireNonNull(a)[0])
                        .stream()
                            .map(selector ->
                                new SeriesExemplars(
                                    Labels.of("of", selector.toString()),
                                    List.of(new Exemplar(Labels.of("id", "7"), 0.5, 1500, true))))
                            .toList();
                case "select" -> cursor();
                case "ready" -> true;
                case "replayProgress" -> 1.0;
                default -> throw new UnsupportedOperationException(m.getName());
              };
            });
  }

  /** Walks over what is to be federated: one sample a series. */
  private SeriesCursor cursor() {
    Iterator<Map.Entry<Labels, double[]>> series = federated.entrySet().iterator();
    return new SeriesCursor() {
      private Map.@Nullable Entry<Labels, double[]> at;
      private boolean given;

      @Override
      public boolean nextSeries() {
        at = series.hasNext() ? series.next() : null;
        mostHeld = Math.max(mostHeld, memory.held(WorkMemory.Use.QUERIES));
        given = false;
        return at != null;
      }

      @Override
      public Labels labels() {
        return Objects.requireNonNull(at).getKey();
      }

      @Override
      public boolean nextTile(SampleTile tile) {
        double[] sample = Objects.requireNonNull(at).getValue();
        tile.kind = SampleTile.Kind.FLOAT;
        tile.size = given ? 0 : 1;
        tile.timesMs[0] = (long) sample[0];
        tile.values[0] = sample[1];
        given = true;
        return tile.size > 0;
      }

      @Override
      public void close() {}
    };
  }

  /** A metric of any kind that counts nothing. */
  private static Metrics metrics() {
    return (Metrics)
        Proxy.newProxyInstance(
            Metrics.class.getClassLoader(),
            new Class<?>[] {Metrics.class},
            (p, m, a) ->
                m.getReturnType() == void.class
                    ? null
                    : metric(m.getReturnType(), String.valueOf(a[0])));
  }

  private static Object metric(Class<?> type, String series) {
    return Proxy.newProxyInstance(
        Metrics.class.getClassLoader(),
        new Class<?>[] {type},
        (p, m, a) -> {
          switch (m.getName()) {
            case "with" -> {
              String labels = String.join(" ", (String[]) a[0]);
              OBSERVED.add(labels);
              return metric(type, series + " " + labels);
            }
            case "value" -> {
              return 0.0;
            }
            case "inc" -> CHANGED.add(series);
            case "observe" -> CHANGED.add(series + " " + ((Double) a[0]).longValue());
            default -> {}
          }
          return null;
        });
  }

  private PluginService plugins() {
    return (PluginService)
        Proxy.newProxyInstance(
            PluginService.class.getClassLoader(),
            new Class<?>[] {PluginService.class},
            (p, m, a) ->
                switch (m.getName()) {
                  case "plugins" -> List.of();
                  case "audit" -> List.of();
                  case "install" -> {
                    byte[] jar = ((InputStream) a[1]).readAllBytes();
                    installed.add(a[0] + " " + jar.length + " " + a[2]);
                    throw new PluginService.PluginException("is no plugin");
                  }
                  default -> null;
                });
  }

  private static ExporterService exporters() {
    return (ExporterService)
        Proxy.newProxyInstance(
            ExporterService.class.getClassLoader(),
            new Class<?>[] {ExporterService.class},
            (p, m, a) -> m.getName().equals("types") ? List.of() : false);
  }

  @BeforeEach
  void start() throws IOException {
    OBSERVED.clear();
    CHANGED.clear();
    Files.writeString(state.resolve("admin.token"), TOKEN + "\n");
    flags.put("web.listen-address", "127.0.0.1:0");
    flags.put("web.max-connections", "512");
    flags.put("web.cors.origin", "https?://good[.]example");
    create();
  }

  private void create() {
    HttpServer created =
        new HttpServer(info, config, metrics(), storage(), exporters(), plugins(), memory);
    created.query = new FakeEngine();
    server = created;
  }

  @AfterEach
  void stop() throws IOException {
    client.shutdownNow(); // a server waits a second for clients that stay
    if (server != null) {
      server.stop();
    }
    for (ServerSocketChannel listener : info.listeners) {
      listener.close();
    }
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(
        URI.create("http://127.0.0.1:" + info.addresses.get(0).getPort() + path));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send(to(path));
  }

  private HttpResponse<String> method(String method, String path) throws Exception {
    return send(to(path).method(method, BodyPublishers.noBody()));
  }

  private static void error(HttpResponse<String> r, int status, String type, String text) {
    assertThat(r.statusCode()).as(r.body()).isEqualTo(status);
    assertThat(r.body()).startsWith("{\"status\":\"error\",\"errorType\":\"" + type + "\"");
    assertThat(r.body()).contains(text);
    assertThat(r.headers().firstValue("Content-Type")).contains("application/json");
  }

  @Test
  void tellsTheAlertmanagersOfTheRules() throws Exception {
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
  void figuresPerStepWantAFlagAndStatsAll() throws Exception {
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
    assertThat(r.body()).isEqualTo("{\"error\":\"is no plugin\"}");
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
    HttpServer former = Objects.requireNonNull(server);
    FakeEngine engine = (FakeEngine) Objects.requireNonNull(former.query);
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
    Thread stop = Thread.ofPlatform().start(former::stop);
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
            other, config, metrics(), storage(), exporters(), plugins(), new WorkMemory(1L << 30));
    second.stop();
    assertThat(other.fatal).contains("bind: address already in use");
  }

  /* clients that leave */

  private FakeEngine engine() {
    return (FakeEngine) Objects.requireNonNull(Objects.requireNonNull(server).query);
  }

  private Socket connect(String text) throws IOException {
    Socket socket = new Socket("127.0.0.1", info.addresses.get(0).getPort());
    socket.setSoTimeout(30_000);
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  /** Returns the next query that was counted, which happens after its answer. */
  private static String observedQuery() throws InterruptedException {
    String seen = "";
    while (!seen.startsWith("/api/v1/query ")) {
      seen = OBSERVED.take();
    }
    return seen;
  }

  /** Waits until a metric has changed; some do when the client has its answer already. */
  private static void changed(String wanted) throws InterruptedException {
    while (!CHANGED.take().equals(wanted)) {
      // others
    }
  }

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
