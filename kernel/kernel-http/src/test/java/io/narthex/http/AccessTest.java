package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.service.config.ConfigService;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may do what, over real connections. */
class AccessTest {
  private static final String TOKEN = "0123456789abcdef";

  /** bcrypt of "secret", cost 4. */
  private static final String SECRET =
      "$2y$04$DSY2XsjMAxvBixJWuX2JPOMdri1Qx5k94gNrivU3P4Fbuj4r/JR96";

  @TempDir Path state;
  private final Map<String, String> flags = new HashMap<>();
  private final AtomicReference<@Nullable String> fatal = new AtomicReference<>();
  private final Map<String, AtomicInteger> counted = new ConcurrentHashMap<>();
  private List<ServerSocketChannel> listeners = List.of();
  private List<InetSocketAddress> addresses = List.of();
  private @Nullable HttpServer server;
  private HttpClient client = HttpClient.newHttpClient();
  private String scheme = "http";

  @BeforeEach
  void prepare() throws IOException {
    Files.writeString(state.resolve("admin.token"), TOKEN + "\n");
    flags.put("web.listen-address", "127.0.0.1:0");
    flags.put("web.max-connections", "512");
    flags.put("web.cors.origin", ".*");
  }

  @AfterEach
  void stop() throws IOException {
    if (server != null) {
      server.stop();
    }
    for (ServerSocketChannel listener : listeners) {
      listener.close();
    }
    client.close();
  }

  /** What a fake service answers. */
  private interface Answers {
    @Nullable Object to(String method, Object[] arguments) throws Exception;
  }

  @SuppressWarnings("unchecked")
  private static <T> T fake(Class<T> type, Answers answers) {
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

  @SuppressWarnings("unchecked")
  private ServerInfo info() {
    return fake(
        ServerInfo.class,
        (name, a) ->
            switch (name) {
              case "flag" -> flags.getOrDefault((String) a[0], "");
              case "flags" -> Map.of("web.listen-address", List.of("127.0.0.1:0"));
              case "feature", "stopping" -> false;
              case "ready" -> true;
              case "externalUrl" -> URI.create("https://metrics.example/narthex");
              case "routePrefix", "version", "compatibleVersion" -> "";
              case "stateDirectory" -> state;
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

  private Metrics metrics() {
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

  private static <T> T metric(Class<T> type) {
    AtomicReference<@Nullable Object> self = new AtomicReference<>();
    T made =
        fake(
            type,
            (name, a) -> name.equals("with") ? self.get() : name.equals("value") ? 0.0 : null);
    self.set(made);
    return made;
  }

  private Metrics.Counter counter(String of) {
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

  private int refusals(String reason) {
    AtomicInteger n = counted.get("narthex_http_requests_refused_total[" + reason + "]");
    return n == null ? 0 : n.get();
  }

  private void start() {
    HttpServer created =
        new HttpServer(
            info(),
            fake(ConfigService.class, (name, a) -> null),
            metrics(),
            fake(StorageGate.class, (name, a) -> name.equals("series") ? List.of() : null),
            fake(ExporterService.class, (name, a) -> name.equals("types") ? List.of() : false),
            fake(
                PluginService.class,
                (name, a) ->
                    switch (name) {
                      case "plugins" -> List.of();
                      case "install" -> ((InputStream) a[1]).readAllBytes();
                      default -> null;
                    }));
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
  }

  private int port() {
    return addresses.getFirst().getPort();
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(scheme + "://127.0.0.1:" + port() + path));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> silence(String... headers) throws Exception {
    HttpRequest.Builder request =
        to("/api/v2/silences").POST(BodyPublishers.ofString("{\"matchers\":[]}"));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return send(request);
  }

  /** Sends a text as it is and returns the whole answer. */
  private String raw(String text) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port())) {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  private String rawSilence(String host, String headers) throws IOException {
    return raw(
        "POST /api/v2/silences HTTP/1.1\r\nHost: "
            + host
            + "\r\nConnection: close\r\nContent-Length: 2\r\n"
            + headers
            + "\r\n{}");
  }

  private static String basic(String user, String password) {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  private Path config(String text) throws IOException {
    Path file = state.resolve("web.yml");
    Files.writeString(file, text);
    flags.put("web.config.file", file.toString());
    return file;
  }

  /* requests of browsers */

  /** The API has seen the request, whatever it thinks of it. */
  private static void through(int status) {
    assertThat(status).isNotIn(401, 403, 415);
  }

  private static void through(String answer) {
    assertThat(answer).startsWith("HTTP/1.1 ");
    through(Integer.parseInt(answer.substring(9, 12)));
  }

  @Test
  void foreignPagesChangeNothing() throws Exception {
    start();
    assertThat(silence("Origin", "http://evil.example", "Content-Type", "text/plain").statusCode())
        .isEqualTo(403);
    assertThat(silence("Origin", "null", "Content-Type", "application/json").statusCode())
        .isEqualTo(403);
    assertThat(silence("Sec-Fetch-Site", "cross-site").statusCode()).isEqualTo(403);
    assertThat(
            send(to("/-/reload")
                    .header("Origin", "http://evil.example")
                    .POST(BodyPublishers.noBody()))
                .statusCode())
        .isEqualTo(403);
    assertThat(
            send(to("/api/v2/silence/00000000-0000-0000-0000-000000000000")
                    .header("Origin", "http://evil.example")
                    .DELETE())
                .statusCode())
        .isEqualTo(403);
    assertThat(refusals("cross_origin")).isEqualTo(5);
  }

  @Test
  void programsAreNotAskedForAnOrigin() throws Exception {
    start();
    through(silence("Content-Type", "application/json").statusCode());
    through(rawSilence("proxy.example", "Content-Type: application/json\r\n"));
  }

  @Test
  void foreignPagesMayQuery() throws Exception {
    start();
    HttpResponse<String> answer =
        send(
            to("/api/v1/query")
                .header("Origin", "http://grafana.example")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("query=up")));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).contains("*");
  }

  @Test
  void ownPagesChangeThingsFromThisMachineOrWithTheToken() throws Exception {
    start();
    String json = "Content-Type: application/json\r\n";
    String own = "localhost:" + port();
    through(rawSilence(own, json + "Origin: http://" + own + "\r\n"));
    // a name that an attacker has pointed at this machine
    String rebound = "evil.example:" + port();
    assertThat(rawSilence(rebound, json + "Origin: http://" + rebound + "\r\n"))
        .startsWith("HTTP/1.1 403 ");
    assertThat(refusals("login_required")).isEqualTo(1);
    // through a proxy: its clients may be anybody
    assertThat(rawSilence(own, json + "X-Forwarded-For: 1.2.3.4\r\nOrigin: http://" + own + "\r\n"))
        .startsWith("HTTP/1.1 403 ");
    String token = "Authorization: Bearer " + TOKEN + "\r\n";
    through(rawSilence(rebound, json + token + "Origin: http://" + rebound + "\r\n"));
    through(rawSilence("10.0.0.1", json + token + "Origin: https://metrics.example\r\n"));
    assertThat(rawSilence("10.0.0.1", json + token + "Origin: http://metrics.example\r\n"))
        .as("another scheme is another origin")
        .startsWith("HTTP/1.1 403 ");
  }

  @Test
  void pagesOfNamedOriginsNeedALoginToo() throws Exception {
    flags.put("web.cors.origin", "https?://karma[.]example");
    start();
    String json = "application/json";
    through(silence("Origin", "http://karma.example", "Content-Type", json).statusCode());
    String page = "Content-Type: application/json\r\nOrigin: http://karma.example\r\n";
    assertThat(rawSilence("narthex.example", page)).startsWith("HTTP/1.1 403 ");
    through(rawSilence("narthex.example", page + "Authorization: Bearer " + TOKEN + "\r\n"));
    assertThat(silence("Origin", "http://other.example", "Content-Type", json).statusCode())
        .isEqualTo(403);
  }

  @Test
  void browsersSendJsonWhereTheApiIsJson() throws Exception {
    start();
    String own = "localhost:" + port();
    assertThat(rawSilence(own, "Content-Type: text/plain\r\nOrigin: http://" + own + "\r\n"))
        .startsWith("HTTP/1.1 415 ");
  }

  /* what nothing here has */

  @Test
  void pathParametersPassNoComparisonOfPaths() throws Exception {
    start();
    assertThat(
            raw("GET /api/v1/query;x=1?query=up HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 404 ");
    String answer =
        raw(
            "GET /narthex;x/api/v1/plugins HTTP/1.1\r\nHost: a\r\nOrigin: http://evil.example\r\n"
                + "Connection: close\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 404 ").doesNotContain("Access-Control-Allow-Origin");
  }

  @Test
  void tracesNothing() throws Exception {
    start();
    assertThat(raw("TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: y\r\n\r\n"))
        .startsWith("HTTP/1.1 405 ")
        .doesNotContain("X: y");
  }

  @Test
  void bodiesAreNotUnpacked() throws Exception {
    start();
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write("query=up".getBytes(StandardCharsets.UTF_8));
    }
    HttpRequest.Builder request =
        to("/api/v1/query")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Content-Encoding", "gzip")
            .POST(BodyPublishers.ofByteArray(packed.toByteArray()));
    assertThat(send(request).statusCode()).isEqualTo(400);
  }

  @Test
  void formsThatCannotBeReadAreBadData() throws Exception {
    start();
    for (String form : List.of("match[]=%zz", "match[]=%ff%fe")) {
      HttpRequest.Builder request =
          to("/api/v1/series")
              .header("Content-Type", "application/x-www-form-urlencoded")
              .POST(BodyPublishers.ofString(form));
      HttpResponse<String> answer = send(request);
      assertThat(answer.statusCode()).as(form).isEqualTo(400);
      assertThat(answer.body()).as(form).contains("\"errorType\":\"bad_data\"");
    }
    assertThat(refusals("form")).isEqualTo(2);
  }

  @Test
  void readsHalfAMillionValuesOfANameInLinearTime() throws Exception {
    start();
    String many = "match[]=up&".repeat(500_000);
    HttpRequest.Builder request =
        to("/api/v1/query")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .timeout(Duration.ofSeconds(20)) // squared it takes minutes
            .POST(BodyPublishers.ofString(many + "query=u%70&x=a%2Bb+c"));
    assertThat(send(request).statusCode()).isEqualTo(200);
  }

  @Test
  void countsHeadsThatAreTooLong() throws Exception {
    start();
    assertThat(raw("GET /" + "x".repeat(2 << 20))).startsWith("HTTP/1.1 414 ");
    assertThat(refusals("head_size")).isEqualTo(1);
  }

  @Test
  void headsMayBeAsLongAsCookiesOfLoginsAre() throws Exception {
    start();
    HttpRequest.Builder request =
        to("/api/v1/query?query=up").header("X-Long", "x".repeat(100_000));
    assertThat(send(request).statusCode()).isEqualTo(200);
    assertThat(HttpServer.headLimit(512, 16L << 30)).isEqualTo(1 << 20);
    assertThat(HttpServer.headLimit(512, 512L << 20)).isEqualTo(128 << 10);
    assertThat(HttpServer.headLimit(100_000, 64L << 20)).isEqualTo(64 << 10);
  }

  @Test
  void aPatternThatIsNoneEndsTheServer() {
    flags.put("web.cors.origin", "(");
    start();
    assertThat(fatal.get()).startsWith("--web.cors.origin: ");
  }

  @Test
  void uploadsThatEndEarlyAreTheClientsFault() throws Exception {
    start();
    try (Socket socket = new Socket("127.0.0.1", port())) {
      socket
          .getOutputStream()
          .write(
              ("PUT /narthex/api/v1/plugins/upload?file=a.jar HTTP/1.1\r\nHost: a\r\n"
                      + "Content-Length: 100000\r\nAuthorization: Bearer "
                      + TOKEN
                      + "\r\n\r\nPK")
                  .getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .startsWith("HTTP/1.1 400 ")
          .contains("the request ended before its body did");
    }
  }

  /* slow clients */

  /** Sends a byte again and again until the server has had enough; fails when it never has. */
  private void dripUntilCut(String begin) throws Exception {
    try (Socket socket = new Socket("127.0.0.1", port())) {
      socket.setSoTimeout(20);
      OutputStream out = socket.getOutputStream();
      out.write(begin.getBytes(StandardCharsets.ISO_8859_1));
      InputStream in = socket.getInputStream();
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (System.nanoTime() < deadline) {
        try {
          out.write('x');
          if (in.read() < 0) {
            return;
          }
        } catch (java.net.SocketTimeoutException e) {
          // nothing yet, the next byte
        } catch (SocketException e) {
          return;
        }
      }
    }
    throw new AssertionError("the server still waits for the rest of the request");
  }

  @Test
  void slowHeadsAreCut() throws Exception {
    flags.put("web.read-timeout", "300ms");
    start();
    dripUntilCut("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    assertThat(counted.get("narthex_http_connections_cut_total")).isNotNull();
  }

  @Test
  void slowBodiesAreCut() throws Exception {
    flags.put("web.read-timeout", "300ms");
    start();
    dripUntilCut(
        "POST /api/v1/query HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n"
            + "Content-Type: application/x-www-form-urlencoded\r\n\r\nquery=");
  }

  /* the web configuration */

  @Test
  void everyWayInNeedsThePassword() throws Exception {
    config("basic_auth_users:\n  ann: " + SECRET + "\n");
    start();
    for (String path :
        List.of(
            "/",
            "/api/v1/query?query=up",
            "/api/v1/series?match[]=up",
            "/api/v2/alerts",
            "/metrics",
            "/federate",
            "/-/healthy",
            "/narthex/api/v1/plugins")) {
      HttpResponse<String> answer = send(to(path));
      assertThat(answer.statusCode()).as(path).isEqualTo(401);
      assertThat(answer.headers().firstValue("WWW-Authenticate")).contains("Basic");
      assertThat(send(to(path).header("Authorization", basic("ann", "secret"))).statusCode())
          .as(path)
          .isNotEqualTo(401);
    }
    String query = "/api/v1/query?query=up";
    assertThat(send(to(query).header("Authorization", basic("ann", "Secret"))).statusCode())
        .isEqualTo(401);
    assertThat(send(to(query).header("Authorization", basic("bob", "secret"))).statusCode())
        .isEqualTo(401);
    assertThat(send(to(query).header("Authorization", "Bearer " + TOKEN)).statusCode())
        .isEqualTo(200);
    assertThat(send(to(query).header("Authorization", "Bearer wrong")).statusCode()).isEqualTo(401);
  }

  @Test
  void usersAndHeadersChangeWithTheFile() throws Exception {
    Path file = config("http_server_config: {headers: {X-Frame-Options: deny}}\n");
    start();
    assertThat(send(to("/-/healthy")).headers().firstValue("X-Frame-Options")).contains("deny");
    replace(file, "basic_auth_users: {ann: \"" + SECRET + "\"}\n");
    awaitStatus(401);
    replace(file, "basic_auth_users: [\n");
    assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(401);
    replace(file, "{}\n");
    awaitStatus(200);
  }

  private static void replace(Path file, String text) throws IOException {
    Path fresh = file.resolveSibling("fresh");
    Files.writeString(fresh, text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private void awaitStatus(int status) throws Exception {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (send(to("/-/healthy")).statusCode() != status) {
      assertThat(System.nanoTime()).as("no " + status).isLessThan(deadline);
    }
  }

  @Test
  void requestsBeyondTheRateAreRefused() throws Exception {
    config("rate_limit: {interval: 1h, burst: 2}\n");
    start();
    assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(200);
    assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(200);
    assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(429);
    assertThat(refusals("rate_limit")).isEqualTo(1);
  }

  @Test
  void aConfigurationThatCannotBeUsedEndsTheServer() throws Exception {
    Map<String, String> wrong =
        Map.of(
            "tls_server_config: {cert_file: a.pem}\n",
            "missing one of key or key_file",
            "tls_server_config: {key_file: a.pem}\n",
            "missing one of cert or cert_file",
            "tls_server_config: {cert_file: no.pem, key_file: no.key}\n",
            "no such file or directory",
            "tls_server_config: {cert_file: a, key_file: a, client_auth_type: Maybe}\n",
            "invalid ClientAuth: Maybe",
            "tls_server_config: {cert_file: a, key_file: a, client_ca_file: a}\n",
            "client CA's have been configured without a Client Auth Policy",
            "basic_auth_users: {ann: secret}\n",
            "user \"ann\" is no bcrypt hash",
            "http_server_config: {headers: {X-Other: a}}\n",
            "HTTP header \"X-Other\" can not be configured",
            "http_server_config: {headers: {X-Frame-Options: maybe}}\n",
            "invalid value for X-Frame-Options",
            "tls_server_conf: {}\n",
            "did you mean \"tls_server_config\"");
    for (Map.Entry<String, String> e : wrong.entrySet()) {
      config(e.getKey());
      fatal.set(null);
      start();
      assertThat(fatal.get()).as(e.getKey()).contains(e.getValue());
      stop();
    }
    assertThat(addresses).as("nothing listened").isEmpty();
  }

  /* TLS */

  private void https(SSLContext context) {
    client.close();
    client = HttpClient.newBuilder().sslContext(context).build();
    scheme = "https";
  }

  @Test
  void speaksTlsAndBothVersionsOfHttp() throws Exception {
    TestIdentity identity = TestIdentity.create(state, "server", "ip:127.0.0.1");
    identity.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    config("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
    start();
    https(TestIdentity.anonymous(identity));
    HttpResponse<String> answer = send(to("/api/v1/query?query=up"));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
    answer = send(to("/api/v1/query?query=up").version(HttpClient.Version.HTTP_1_1));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
    HttpResponse<String> own =
        silence("Origin", "https://127.0.0.1:" + port(), "Content-Type", "application/json");
    through(own.statusCode());
  }

  @Test
  void asksClientsForCertificates() throws Exception {
    TestIdentity identity = TestIdentity.create(state, "server", "ip:127.0.0.1");
    TestIdentity known = TestIdentity.create(state, "known", "dns:known.test");
    TestIdentity unknown = TestIdentity.create(state, "unknown", "dns:unknown.test");
    identity.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    known.write(state.resolve("ca.pem"), state.resolve("unused.pem"));
    String tls =
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_ca_file: ca.pem,"
            + " client_auth_type: RequireAndVerifyClientCert";
    config(tls + ", client_allowed_sans: [known.test, other.test]}\n");
    start();
    https(known.client(identity));
    assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(200);
    https(unknown.client(identity));
    assertThatThrownBy(() -> send(to("/-/healthy"))).isInstanceOf(IOException.class);
    https(TestIdentity.anonymous(identity));
    assertThatThrownBy(() -> send(to("/-/healthy"))).isInstanceOf(IOException.class);
    stop();
    listeners = List.of();
    config(tls + ", client_allowed_sans: [other.test]}\n");
    start();
    https(known.client(identity));
    assertThatThrownBy(() -> send(to("/-/healthy"))).isInstanceOf(IOException.class);
  }

  @Test
  void certificatesAreExchangedUnderLoad() throws Exception {
    TestIdentity first = TestIdentity.create(state, "first", "ip:127.0.0.1");
    TestIdentity second = TestIdentity.create(state, "second", "ip:127.0.0.1");
    first.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    config("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
    start();
    SSLContext both = TestIdentity.anonymous(first, second);
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger answered = new AtomicInteger();
    List<String> failures = java.util.Collections.synchronizedList(new ArrayList<>());
    scheme = "https";
    try (var load = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> loads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        loads.add(
            load.submit(() -> {
              while (!done.get()) {
                // a new connection each time
                try (HttpClient one = HttpClient.newBuilder().sslContext(both).build()) {
                  HttpRequest request = to("/api/v1/query?query=up").build();
                  int status = one.send(request, BodyHandlers.ofString()).statusCode();
                  if (status != 200) {
                    failures.add("status " + status);
                  }
                  answered.incrementAndGet();
                } catch (IOException | InterruptedException e) {
                  failures.add(e.toString());
                }
              }
            }));
      }
      awaitServed(TestIdentity.anonymous(first));
      second.write(state.resolve("cert.pem"), state.resolve("key.pem"));
      awaitServed(TestIdentity.anonymous(second));
      done.set(true);
      for (Future<?> one : loads) {
        one.get();
      }
    }
    assertThat(failures).isEmpty();
    assertThat(answered.get()).isGreaterThan(3);
  }

  /** Waits until a client that trusts nobody else is served. */
  private void awaitServed(SSLContext context) throws Exception {
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (true) {
      try (HttpClient one = HttpClient.newBuilder().sslContext(context).build()) {
        if (one.send(to("/-/healthy").build(), BodyHandlers.ofString()).statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        assertThat(System.nanoTime()).as("still the other certificate: " + e).isLessThan(deadline);
      }
    }
  }
}
