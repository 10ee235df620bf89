package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.ConfigService;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.WebListener;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.push.PushSettings;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult;
import io.narthex.service.rules.RuleSettings;
import io.narthex.service.server.ServerControl;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.web.DashboardSettings;
import io.narthex.service.web.UiSettings;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
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
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A server whose access is tried over real connections. */
abstract class AccessHarness {
  static final String TOKEN = "0123456789abcdef";

  /** bcrypt of "secret", cost 4. */
  static final String SECRET = "$2y$04$DSY2XsjMAxvBixJWuX2JPOMdri1Qx5k94gNrivU3P4Fbuj4r/JR96";

  private static final PrometheusConfig PROMETHEUS =
      ConfigBinder.bind(YamlReader.read("p.yml", "{}"), PrometheusConfig.class);

  @TempDir Path state;
  final Map<String, String> flags = new HashMap<>();
  final AtomicReference<@Nullable String> fatal = new AtomicReference<>();
  final Map<String, AtomicInteger> counted = new ConcurrentHashMap<>();
  List<ServerSocketChannel> listeners = List.of();
  List<InetSocketAddress> addresses = List.of();
  @Nullable HttpServer server;
  volatile List<WebListener> further = List.of();
  volatile UiSettings ui = UiSettings.DEFAULT;
  final AtomicReference<AccessConfig> access = new AtomicReference<>(AccessConfig.DEFAULT);
  final List<String> audit = java.util.Collections.synchronizedList(new ArrayList<>());
  Answers storage = (name, a) -> name.equals("series") ? List.of() : null;
  HttpClient client = HttpClient.newHttpClient();
  String scheme = "http";

  @BeforeEach
  void prepare() throws IOException {
    Files.writeString(state.resolve("admin.token"), TOKEN + "\n");
    flags.put("web.listen-address", "127.0.0.1:0");
    flags.put("web.max-connections", "512");
    flags.put("web.cors.origin", ".*");
  }

  @AfterEach
  void stop() throws IOException {
    client.shutdownNow(); // a server waits a second for clients that stay
    if (server != null) {
      server.stop();
    }
    for (ServerSocketChannel listener : listeners) {
      listener.close();
    }
  }

  /** What a fake service answers. */
  interface Answers {
    @Nullable Object to(String method, Object[] arguments) throws Exception;
  }

  @SuppressWarnings("unchecked")
  static <T> T fake(Class<T> type, Answers answers) {
    return (T)
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (p, m, a) -> {
              if (m.isDefault()) {
                return java.lang.reflect.InvocationHandler.invokeDefault(p, m, a);
              }
              return answers.to(m.getName(), a == null ? new Object[0] : a);
            });
  }

  ServerInfo info() {
    return fake(
        ServerInfo.class,
        (name, a) ->
            switch (name) {
              case "flag" -> flags.getOrDefault((String) a[0], "");
              case "startTime" -> Instant.EPOCH;
              case "build" -> Map.of();
              case "flags" -> Map.of("web.listen-address", List.of("127.0.0.1:0"));
              case "feature", "stopping" -> false;
              case "ready" -> true;
              case "externalUrl" ->
                  io.narthex.model.go.GoUrl.parse("https://metrics.example/narthex");
              case "routePrefix", "version", "compatibleVersion" -> "";
              case "stateDirectory" -> state;
              default -> null;
            });
  }

  @SuppressWarnings("unchecked")
  ServerControl control() {
    return fake(
        ServerControl.class,
        (name, a) ->
            switch (name) {
              case "listeners" -> listeners;
              case "keep" -> {
                listeners = (List<ServerSocketChannel>) a[0];
                yield null;
              }
              case "listening" -> {
                addresses = (List<InetSocketAddress>) a[0];
                yield null;
              }
              case "fatal" -> {
                fatal.set((String) a[0]);
                yield null;
              }
              default -> null;
            });
  }

  Metrics metrics() {
    return fake(
        Metrics.class,
        (name, a) ->
            switch (name) {
              case "counter" -> counter((String) a[0]);
              case "histogram" -> metric(Metrics.Histogram.class);
              case "gauge" -> metric(Metrics.Gauge.class);
              case "summary" -> metric(Metrics.Summary.class);
              default -> null;
            });
  }

  static <T> T metric(Class<T> type) {
    AtomicReference<@Nullable Object> self = new AtomicReference<>();
    T made =
        fake(
            type,
            (name, a) -> name.equals("with") ? self.get() : name.equals("value") ? 0.0 : null);
    self.set(made);
    return made;
  }

  Metrics.Counter counter(String of) {
    return fake(
        Metrics.Counter.class,
        (name, a) -> {
          if (name.equals("with")) {
            return counter(of + java.util.Arrays.toString((Object[]) a[0]));
          }
          if (name.equals("inc")) {
            counted.computeIfAbsent(of, x -> new AtomicInteger()).incrementAndGet();
          }
          return name.equals("value") ? 0.0 : null;
        });
  }

  int refusals(String reason) {
    AtomicInteger n = counted.get("narthex_http_requests_refused_total[" + reason + "]");
    return n == null ? 0 : n.get();
  }

  ConfigSnapshot snapshot() {
    return new ConfigSnapshot(
        PROMETHEUS,
        "",
        Path.of("."),
        AlertmanagerConfig.none(),
        "",
        Path.of("."),
        access.get(),
        further,
        false,
        PushSettings.DEFAULT,
        RuleSettings.DEFAULT,
        DashboardSettings.DEFAULT,
        ui);
  }

  void start() {
    HttpServer created =
        new HttpServer(
            state,
            info(),
            control(),
            fake(
                ConfigService.class,
                (name, a) ->
                    switch (name) {
                      case "current" -> snapshot();
                      case "lastReload" -> new ConfigService.Outcome(true, null, Instant.EPOCH);
                      default -> null;
                    }),
            metrics(),
            fake(StorageGate.class, (name, a) -> storage.to(name, a)),
            ServerHarness.exporters(),
            fake(
                PluginService.class,
                (name, a) -> {
                  if (name.equals("audited")) {
                    audit.add(String.join(" ", List.of(a).toArray(new String[0])));
                  }
                  if (name.equals("install")) {
                    byte[] unused = ((InputStream) a[1]).readAllBytes();
                    throw new PluginService.PluginException("is no plugin of " + a[3]);
                  }
                  return name.equals("plugins") ? List.of() : null;
                }),
            new WorkMemory(1L << 30));
    created.query =
        fake(
            QueryEngine.class,
            (name, a) -> {
              if (!"up".equals(a[0])) {
                throw new ApiException(ApiError.BAD_DATA, "1:1: parse error: x");
              }
              if (name.equals("selector")) {
                return List.of();
              }
              return new QueryResult(
                  new QueryResult.Data.Vector(List.of()),
                  List.of(),
                  List.of(),
                  new QueryResult.Statistics(0, 0, 0, 0, 0, 0, 0, 0, 0, null));
            });
    server = created;
    created.apply(snapshot()); // as the core does with each part
  }

  int port() {
    return addresses.getFirst().getPort();
  }

  HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(scheme + "://127.0.0.1:" + port() + path));
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  HttpResponse<String> silence(String... headers) throws Exception {
    HttpRequest.Builder request =
        to("/api/v2/silences").POST(BodyPublishers.ofString("{\"matchers\":[]}"));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return send(request);
  }

  /** Sends a text as it is and returns the whole answer. */
  String raw(String text) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port())) {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  /** Does the same; returns nothing when the server has cut the connection meanwhile. */
  String rawOrCut(String text) throws IOException {
    try {
      return raw(text);
    } catch (SocketException e) {
      return "";
    }
  }

  String rawSilence(String host, String headers) throws IOException {
    return raw(
        "POST /api/v2/silences HTTP/1.1\r\nHost: "
            + host
            + "\r\nConnection: close\r\nContent-Length: 2\r\n"
            + headers
            + "\r\n{}");
  }

  static String basic(String user, String password) {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  Path config(String text) throws IOException {
    Path file = state.resolve("web.yml");
    Files.writeString(file, text);
    flags.put("web.config.file", file.toString());
    return file;
  }

  /** The API has seen the request, whatever it thinks of it. */
  static void through(int status) {
    assertThat(status).isNotIn(401, 403, 415);
  }

  static void through(String answer) {
    assertThat(answer).startsWith("HTTP/1.1 ");
    through(Integer.parseInt(answer.substring(9, 12)));
  }

  static void replace(Path file, String text) throws IOException {
    Path fresh = file.resolveSibling("fresh");
    Files.writeString(fresh, text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  void https(SSLContext context) {
    client.close();
    client = HttpClient.newBuilder().sslContext(context).build();
    scheme = "https";
  }
}
