package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.go.GoUrl;
import io.narthex.service.config.AccessConfig;
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
import io.narthex.service.server.ServerControl;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Starts the server with fake services on a free port of the loopback interface. */
abstract class ServerHarness {
  static final String TOKEN = "0123456789abcdef";

  /** Label values of metrics, as they come. */
  static final LinkedBlockingQueue<String> OBSERVED = new LinkedBlockingQueue<>();

  /** Metrics that have changed: name, labels, and what was observed as a whole number. */
  static final LinkedBlockingQueue<String> CHANGED = new LinkedBlockingQueue<>();

  @TempDir Path state;
  final Map<String, String> flags = new HashMap<>();
  final FakeInfo info = new FakeInfo();
  final FakeConfig config = new FakeConfig();
  final HttpClient client = HttpClient.newHttpClient();
  final List<String> installed = new ArrayList<>();
  final List<String> audited = new CopyOnWriteArrayList<>();
  final Map<Labels, double[]> federated = new LinkedHashMap<>();
  final WorkMemory memory = new WorkMemory(64 << 20);
  volatile long mostHeld; // of the memory of queries, while series are federated
  @Nullable HttpServer server;
  @Nullable RuntimeException storageFails;

  @SuppressWarnings("deprecation") // the server has both in one, too
  final class FakeInfo implements ServerInfo, ServerControl {
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
    public GoUrl externalUrl() {
      return GoUrl.parse("http://localhost:9090");
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

  static final class FakeConfig implements ConfigService {
    @Nullable String problem;
    boolean warmUp;
    volatile boolean failed;
    volatile String reason = "no sample is sent";

    @Override
    public ConfigSnapshot current() {
      PrometheusConfig main =
          ConfigBinder.bind(
              io.narthex.config.yaml.YamlReader.read(
                  "x", "global: {external_labels: {site: berlin}}"),
              PrometheusConfig.class);
      return new ConfigSnapshot(
          main,
          "global: {}\n",
          Path.of("."),
          AlertmanagerConfig.none(),
          "",
          Path.of("."),
          AccessConfig.DEFAULT,
          List.of(),
          warmUp);
    }

    @Override
    public void reload() {
      if (problem != null) {
        throw new ConfigException(problem);
      }
    }

    @Override
    public Outcome lastReload() {
      return new Outcome(!failed, failed ? "wrong" : null, Instant.EPOCH);
    }

    @Override
    public List<Ignored> ignored() {
      return List.of(new Ignored("prometheus.yml", "remote_write", reason));
    }
  }

  /** Answers {@code up} with two samples, refuses nearly everything else. */
  static final class FakeEngine implements QueryEngine, QueryInspector {
    final CountDownLatch held = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);
    final CountDownLatch canceled = new CountDownLatch(1);
    final CountDownLatch dropped = new CountDownLatch(1);
    volatile QueryEngine.@Nullable Options options;

    /** Those that have no other origin than the server itself. */
    final Semaphore warmUps = new Semaphore(0);

    @Override
    public QueryResult instant(String expression, long timeMs, Options options) {
      if (options.origin() instanceof QueryOrigin.WarmUp) {
        warmUps.release();
        return new QueryResult(
            new Data.Vector(List.of()),
            List.of(),
            List.of(),
            new Statistics(0, 0, 0, 0, 0, 0, 0, 0, 0, null));
      }
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

  StorageGate storage() {
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
                case "epoch" -> 1L;
                case "capability" -> null;
                case "replayProgress" -> 1.0;
                default -> throw new UnsupportedOperationException(m.getName());
              };
            });
  }

  /** Iterates over the series to federate: one sample each. */
  SeriesCursor cursor() {
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
  static Metrics metrics() {
    return (Metrics)
        Proxy.newProxyInstance(
            Metrics.class.getClassLoader(),
            new Class<?>[] {Metrics.class},
            (p, m, a) ->
                m.getReturnType() == void.class
                    ? null
                    : metric(m.getReturnType(), String.valueOf(a[0])));
  }

  static Object metric(Class<?> type, String series) {
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

  PluginService plugins() {
    return (PluginService)
        Proxy.newProxyInstance(
            PluginService.class.getClassLoader(),
            new Class<?>[] {PluginService.class},
            (p, m, a) ->
                switch (m.getName()) {
                  case "plugins" -> List.of();
                  case "audit" -> List.of();
                  case "audited" -> {
                    audited.add(a[0] + " " + a[1] + " " + a[2] + " " + a[3]);
                    yield null;
                  }
                  case "install" -> {
                    byte[] jar = ((InputStream) a[1]).readAllBytes();
                    installed.add(a[0] + " " + jar.length + " " + a[2]);
                    throw new PluginService.PluginException("is no plugin");
                  }
                  default -> null;
                });
  }

  static ExporterService exporters() {
    return (ExporterService)
        Proxy.newProxyInstance(
            ExporterService.class.getClassLoader(),
            new Class<?>[] {ExporterService.class},
            (p, m, a) ->
                switch (m.getName()) {
                  case "types" -> List.of();
                  case "collect" -> collected((String) a[0], (MetricSink) a[1], (Map<?, ?>) a[2]);
                  default -> false;
                });
  }

  /** Writes one sample that shows the first value of each parameter. */
  private static @Nullable Object collected(String type, MetricSink sink, Map<?, ?> parameters) {
    Labels.Builder labels = Labels.builder();
    parameters.forEach((name, values) ->
        labels.set(
            String.valueOf(name).replace("[]", ""), String.valueOf(((List<?>) values).get(0))));
    sink.family(new MetricMetadata(type + "_up", MetricType.GAUGE, "", ""));
    sink.sample(type + "_up", labels.build(), 1);
    return null;
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

  void create() {
    HttpServer created =
        new HttpServer(
            state, info, info, config, metrics(), storage(), exporters(), plugins(), memory);
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

  HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(
        URI.create("http://127.0.0.1:" + info.addresses.get(0).getPort() + path));
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  HttpResponse<String> get(String path) throws Exception {
    return send(to(path));
  }

  HttpResponse<String> method(String method, String path) throws Exception {
    return send(to(path).method(method, BodyPublishers.noBody()));
  }

  static void error(HttpResponse<String> r, int status, String type, String text) {
    assertThat(r.statusCode()).as(r.body()).isEqualTo(status);
    assertThat(r.body()).startsWith("{\"status\":\"error\",\"errorType\":\"" + type + "\"");
    assertThat(r.body()).contains(text);
    assertThat(r.headers().firstValue("Content-Type")).contains("application/json");
  }

  FakeEngine engine() {
    return (FakeEngine) Objects.requireNonNull(Objects.requireNonNull(server).query);
  }

  Socket connect(String text) throws IOException {
    Socket socket = new Socket("127.0.0.1", info.addresses.get(0).getPort());
    socket.setSoTimeout(30_000);
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  /** Returns the next query that was counted, which happens after its answer. */
  static String observedQuery() throws InterruptedException {
    String seen = "";
    while (!seen.startsWith("/api/v1/query ")) {
      seen = OBSERVED.take();
    }
    return seen;
  }

  /** Waits until a metric has changed; some do when the client has its answer already. */
  static void changed(String wanted) throws InterruptedException {
    while (!CHANGED.take().equals(wanted)) {
      // others
    }
  }
}
