package io.narthex.http;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AccessConfig.Mode;
import io.narthex.service.config.AccessConfig.Role;
import io.narthex.service.config.WebListener;
import io.narthex.service.config.WebListener.Serves;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code web.listeners} of {@code narthex.yml}: addresses with rules of their own. */
@Timeout(120)
class ListenersTest extends AccessHarness {
  private static final String ANN = "basic_auth_users: {ann: '" + SECRET + "'}\n";

  private static final String BOB = "basic_auth_users: {bob: '" + SECRET + "'}\n";

  private WebListener listener(String file, Serves serves, @Nullable Mode mode) {
    return listener("127.0.0.1:0", file, serves, mode);
  }

  private static WebListener listener(
      String address, String file, Serves serves, @Nullable Mode mode) {
    return new WebListener(address, file, serves, mode, "n.yml:3:16: web.listeners[0]");
  }

  private String web(String name, String text) throws IOException {
    Path file = state.resolve(name);
    Files.writeString(file, text);
    return file.toString();
  }

  /** A request to the address with a number; the first is that of the flag. */
  private HttpRequest.Builder at(int listener, String path) {
    int port = addresses.get(listener).getPort();
    return HttpRequest.newBuilder(URI.create(scheme + "://127.0.0.1:" + port + path));
  }

  private int status(int listener, String path, String... headers) throws Exception {
    HttpRequest.Builder request = at(listener, path);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return send(request).statusCode();
  }

  private void reload(WebListener... next) {
    further = List.of(next);
    requireNonNull(server).apply(snapshot());
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void usersOfOneAreRefusedAtTheOther() throws Exception {
    config(ANN);
    further = List.of(listener(web("bob.yml", BOB), Serves.ALL, null));
    start();
    String ann = basic("ann", "secret");
    String bob = basic("bob", "secret");
    for (String path : List.of("/metrics", "/api/v1/query?query=up", "/api/v2/silences", "/")) {
      assertThat(status(0, path, "Authorization", bob)).as(path).isEqualTo(401);
      assertThat(status(1, path, "Authorization", ann)).as(path).isEqualTo(401);
      assertThat(status(0, path)).as(path).isEqualTo(401);
      assertThat(status(1, path)).as(path).isEqualTo(401);
    }
    assertThat(status(0, "/api/v1/query?query=up", "Authorization", ann)).isEqualTo(200);
    assertThat(status(1, "/api/v1/query?query=up", "Authorization", bob)).isEqualTo(200);
    String token = "Bearer " + TOKEN;
    assertThat(status(0, "/api/v1/query?query=up", "Authorization", token)).isEqualTo(200);
    assertThat(status(1, "/api/v1/query?query=up", "Authorization", token)).isEqualTo(200);
  }

  @Test
  void withoutAFileItHasThatOfTheServer() throws Exception {
    config(ANN);
    further = List.of(listener("", Serves.ALL, null));
    start();
    assertThat(status(1, "/api/v1/query?query=up")).isEqualTo(401);
    assertThat(status(1, "/api/v1/query?query=up", "Authorization", basic("ann", "secret")))
        .isEqualTo(200);
  }

  @Test
  void sessionsCountWhereTheirUserIsKnown() throws Exception {
    config(ANN);
    access.set(
        new AccessConfig(
            Mode.COMPATIBLE,
            Map.of("ann", Role.ADMIN),
            Map.of(),
            AccessConfig.DEFAULT.sessions(),
            null));
    further =
        List.of(
            listener(web("bob.yml", BOB), Serves.ALL, null),
            listener(web("both.yml", ANN), Serves.ALL, null));
    start();
    String ofAnn = login("{\"user\":\"ann\",\"password\":\"secret\"}");
    assertThat(status(0, "/api/v1/query?query=up", "Cookie", ofAnn)).isEqualTo(200);
    assertThat(status(1, "/api/v1/query?query=up", "Cookie", ofAnn)).isEqualTo(401);
    assertThat(status(2, "/api/v1/query?query=up", "Cookie", ofAnn)).isEqualTo(200);
    String ofToken = login("{\"token\":\"" + TOKEN + "\"}");
    assertThat(status(1, "/api/v1/query?query=up", "Cookie", ofToken)).isEqualTo(200);
  }

  private String login(String body) throws Exception {
    HttpResponse<String> answer =
        send(
            at(0, "/narthex/api/v1/login")
                .header("Authorization", basic("ann", "secret"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.headers().firstValue("Set-Cookie").orElseThrow().split(";", 2)[0];
  }

  @Test
  void strictOnOneCompatibleOnTheOther() throws Exception {
    further = List.of(listener("", Serves.ALL, Mode.STRICT));
    start();
    assertThat(status(0, "/api/v1/query?query=up")).isEqualTo(200);
    assertThat(status(1, "/api/v1/query?query=up")).isEqualTo(401);
    assertThat(status(1, "/-/healthy")).isEqualTo(200);
    assertThat(status(1, "/api/v1/query?query=up", "Authorization", "Bearer " + TOKEN))
        .isEqualTo(200);
    stop();
    listeners = List.of();
    client = java.net.http.HttpClient.newHttpClient();
    access.set(
        new AccessConfig(Mode.STRICT, Map.of(), Map.of(), AccessConfig.DEFAULT.sessions(), null));
    further = List.of(listener("", Serves.ALL, Mode.COMPATIBLE));
    start();
    assertThat(status(0, "/api/v1/query?query=up")).isEqualTo(401);
    assertThat(status(1, "/api/v1/query?query=up")).isEqualTo(200);
  }

  @Test
  void eachHasItsOwnCertificates() throws Exception {
    TestIdentity identity = TestIdentity.create(state, "server", "ip:127.0.0.1");
    TestIdentity known = TestIdentity.create(state, "known", "dns:known.test");
    identity.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    known.write(state.resolve("ca.pem"), state.resolve("unused.pem"));
    String tls = "tls_server_config: {cert_file: cert.pem, key_file: key.pem";
    further =
        List.of(
            listener(web("tls.yml", tls + "}\n"), Serves.ALL, null),
            listener(
                web(
                    "mutual.yml",
                    tls
                        + ", client_ca_file: ca.pem,"
                        + " client_auth_type: RequireAndVerifyClientCert}\n"),
                Serves.ALL,
                null));
    start();
    assertThat(status(0, "/-/healthy")).as("plain").isEqualTo(200);
    https(TestIdentity.anonymous(identity));
    assertThat(status(1, "/-/healthy")).isEqualTo(200);
    assertThatThrownBy(() -> status(2, "/-/healthy")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> status(0, "/-/healthy")).isInstanceOf(IOException.class);
    https(known.client(identity));
    assertThat(status(2, "/-/healthy")).isEqualTo(200);
  }

  @Test
  void limitsAndHeadersAreThoseOfTheListener() throws Exception {
    further =
        List.of(
            listener(
                web(
                    "limited.yml",
                    "rate_limit: {interval: 1h, burst: 1}\n"
                        + "http_server_config: {headers: {X-Frame-Options: deny}}\n"),
                Serves.ALL,
                null));
    start();
    HttpResponse<String> first = send(at(1, "/-/healthy"));
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(first.headers().firstValue("X-Frame-Options")).hasValue("deny");
    assertThat(status(1, "/-/healthy")).isEqualTo(429);
    HttpResponse<String> main = send(at(0, "/-/healthy"));
    assertThat(main.statusCode()).isEqualTo(200);
    assertThat(main.headers().firstValue("X-Frame-Options")).isEmpty();
  }

  @Test
  void pushgatewaysListenerAnswersAsPushgateway() throws Exception {
    further = List.of(listener("", Serves.PUSHGATEWAY, null));
    start();
    assertThat(send(at(1, "/-/healthy")).body()).isEqualTo("OK");
    assertThat(send(at(1, "/-/ready")).body()).isEqualTo("OK");
    for (String path : List.of("/metrics", "/push/metrics", "/api/v1/metrics")) {
      HttpResponse<String> absent = send(at(1, path));
      assertThat(absent.statusCode()).as(path).isEqualTo(503);
      assertThat(absent.body()).as(path).contains("pushes are not running");
      assertThat(absent.headers().firstValue("Retry-After")).as(path).isPresent();
    }
    for (String path : List.of("/metrics/job/j", "/metrics/job/j/x/50%25", "/metrics/job/a%2Fb")) {
      assertThat(send(at(1, path).PUT(BodyPublishers.noBody())).statusCode())
          .as(path)
          .isEqualTo(503);
    }
    for (String path :
        List.of("/api%2Fv1/status", "/metrics%2Fjob/j", "/metrics/%25", "/%2Fmetrics/job/j")) {
      assertThat(send(at(0, path)).statusCode()).as(path).isEqualTo(400);
    }
    for (String text : List.of("%FF", "%E2%82")) {
      String group = "/metrics/job/" + text;
      assertThat(send(at(1, group).DELETE()).statusCode()).as(group).isEqualTo(202);
      HttpResponse<String> refused = send(at(1, group).PUT(BodyPublishers.noBody()));
      assertThat(refused.statusCode()).as(group).isEqualTo(400);
      assertThat(refused.body())
          .startsWith("pushed metrics are invalid or inconsistent with existing metrics: ");
      assertThat(send(at(1, "/api/" + text).DELETE()).statusCode()).as(text).isEqualTo(400);
    }
    assertThat(status(1, "/api/v1/status")).isEqualTo(200);
    assertThat(status(1, "/-/quit")).isEqualTo(405);
    assertThat(send(at(1, "/")).body()).contains("href=\"/metrics\"");
    for (String path : List.of("/api/v1/query?query=up", "/api/v2/status", "/federate", "/query")) {
      assertThat(status(1, path)).as(path).isEqualTo(404);
    }
    assertThat(status(0, "/metrics")).as("the server's own").isEqualTo(200);
  }

  @Test
  void nodeExportersListenerHasTheMetricsOfTheMachine() throws Exception {
    further = List.of(listener("", Serves.NODE_EXPORTER, null));
    start();
    assertThat(send(at(1, "/")).body()).contains("Node Exporter", "href=\"/metrics\"");
    assertThat(send(at(1, "/metrics?collect%5B%5D=cpu")).body())
        .contains("node_up{collect=\"cpu\"} 1");
    assertThat(send(at(0, "/metrics")).body()).doesNotContain("node_up");
    for (String path : List.of("/api/v1/query?query=up", "/-/healthy", "/exporters/node/metrics")) {
      assertThat(status(1, path)).as(path).isEqualTo(404);
    }
  }

  @Test
  void alertmanagersListenerAnswersAsAlertmanager() throws Exception {
    further = List.of(listener("", Serves.ALERTMANAGER, null));
    start();
    HttpResponse<String> healthy = send(at(1, "/-/healthy"));
    assertThat(healthy.statusCode()).isEqualTo(200);
    assertThat(healthy.body()).isEqualTo("OK");
    assertThat(send(at(1, "/-/ready")).body()).isEqualTo("OK");
    assertThat(send(at(0, "/-/ready")).body()).isEqualTo("Prometheus Server is Ready.\n");
    assertThat(send(at(1, "/-/reload").POST(BodyPublishers.noBody())).statusCode())
        .as("Alertmanager has no flag for it")
        .isEqualTo(200);
    assertThat(send(at(0, "/-/reload").POST(BodyPublishers.noBody())).statusCode()).isEqualTo(403);
    through(status(1, "/api/v2/status"));
    assertThat(status(1, "/metrics")).isEqualTo(200);
    for (String path :
        List.of(
            "/api/v1/query?query=up",
            "/api/v1/query_range?query=up&start=0&end=1&step=1",
            "/federate?match[]=up",
            "/exporters/jvm/metrics",
            "/api/v1/write",
            "/api/v1/admin/tsdb/snapshot",
            "/narthex/api/v1/plugins",
            "/narthex/api/v1/tokens",
            "/targets",
            "/api/v2/%2e%2e/v1/query?query=up",
            "/-/quit")) {
      assertThat(status(1, path)).as(path).isIn(400, 404);
      assertThat(send(at(1, path).POST(BodyPublishers.noBody())).statusCode())
          .as(path)
          .isIn(400, 404);
    }
    assertThat(refusals("listener")).isPositive();
    HttpResponse<String> root = send(at(1, "/"));
    assertThat(root.statusCode()).isIn(200, 302);
  }

  @Test
  void aFileThatCannotBeUsedEndsTheStartWithItsPlace() throws Exception {
    further = List.of(listener(web("bad.yml", "basic_auth_users: {ann: x}\n"), Serves.ALL, null));
    start();
    assertThat(fatal.get())
        .startsWith("n.yml:3:16: web.listeners[0].web_config_file: ")
        .contains("bad.yml")
        .contains("is no bcrypt hash")
        .doesNotContain("\n");
    assertThat(listeners).isEmpty();
  }

  @Test
  void anAddressInUseEndsTheStartWithItsPlace() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + other.getLocalPort();
      further = List.of(listener(address, "", Serves.ALL, null));
      start();
      assertThat(fatal.get())
          .isEqualTo(
              "n.yml:3:16: web.listeners[0].address: listen tcp "
                  + address
                  + ": bind: address already in use; stop the other server or choose another"
                  + " address");
    }
    assertThat(listeners).isEmpty();
  }

  @Test
  void aReloadAddsAndRemoves() throws Exception {
    start();
    int port = freePort();
    WebListener added = listener("127.0.0.1:" + port, "", Serves.ALL, Mode.STRICT);
    reload(added);
    assertThat(addresses).hasSize(2);
    assertThat(listeners).hasSize(2);
    assertThat(status(1, "/api/v1/query?query=up")).isEqualTo(401);
    reload();
    assertThat(addresses).hasSize(1);
    assertThatThrownBy(
            () -> {
              try (Socket gone = new Socket("127.0.0.1", port)) {
                assertThat(gone.getPort()).isEqualTo(port);
              }
            })
        .isInstanceOf(ConnectException.class);
    reload(added);
    assertThat(status(1, "/-/healthy")).isEqualTo(200);
    assertThat(status(0, "/-/healthy")).isEqualTo(200);
  }

  @Test
  void aReloadChangesModeAndPathsOfOpenConnections() throws Exception {
    further = List.of(listener("", Serves.ALL, null));
    start();
    ServerSocketChannel socket = listeners.get(1);
    assertThat(status(1, "/api/v1/query?query=up")).isEqualTo(200);
    reload(listener("", Serves.ALL, Mode.STRICT));
    assertThat(status(1, "/api/v1/query?query=up")).isEqualTo(401);
    reload(listener("", Serves.ALERTMANAGER, null));
    assertThat(status(1, "/api/v1/query?query=up")).isEqualTo(404);
    assertThat(listeners.get(1)).isSameAs(socket);
  }

  @Test
  void aReloadGivesAnotherFileToTheSameSocket() throws Exception {
    TestIdentity identity = TestIdentity.create(state, "server", "ip:127.0.0.1");
    identity.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    further = List.of(listener(web("bob.yml", BOB), Serves.ALL, null));
    start();
    ServerSocketChannel socket = listeners.get(1);
    assertThat(status(1, "/-/healthy")).isEqualTo(401);
    reload(
        listener(
            web("tls.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"),
            Serves.ALL,
            null));
    assertThat(listeners.get(1)).isSameAs(socket);
    https(TestIdentity.anonymous(identity));
    assertThat(status(1, "/-/healthy")).isEqualTo(200);
  }

  @Test
  void aReloadThatCannotBeChangesNothing() throws Exception {
    further = List.of(listener(web("bob.yml", BOB), Serves.ALL, null));
    start();
    assertThatThrownBy(
            () -> reload(listener(state.resolve("none.yml").toString(), Serves.ALL, null)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("n.yml:3:16: web.listeners[0].web_config_file: open ");
    assertThat(status(1, "/-/healthy")).isEqualTo(401);
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      WebListener taken = listener("127.0.0.1:" + other.getLocalPort(), "", Serves.ALL, null);
      WebListener bob = listener(web("bob.yml", BOB), Serves.ALL, null);
      assertThatThrownBy(() -> reload(bob, taken))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("address already in use");
      assertThat(status(1, "/-/healthy")).isEqualTo(401);
      reload(bob);
      assertThat(addresses).hasSize(2);
      reload();
      assertThat(addresses).as("nothing of the attempt is left").hasSize(1);
    }
  }

  @Test
  void aFileThatChangesCountsAtItsListener() throws Exception {
    Path file = Path.of(web("users.yml", BOB));
    further = List.of(listener(file.toString(), Serves.ALL, null));
    start();
    assertThat(status(1, "/-/healthy", "Authorization", basic("bob", "secret"))).isEqualTo(200);
    replace(file, ANN);
    await(() -> status(1, "/-/healthy", "Authorization", basic("bob", "secret")) == 401);
    assertThat(status(1, "/-/healthy", "Authorization", basic("ann", "secret"))).isEqualTo(200);
    assertThat(status(0, "/-/healthy")).isEqualTo(200);
  }

  @Test
  void anotherVersionOfTheBundleGoesOnWithTheSameSocketsAndRules() throws Exception {
    further =
        List.of(
            listener(web("bob.yml", BOB), Serves.ALL, null), listener("", Serves.ALL, Mode.STRICT));
    start();
    List<ServerSocketChannel> before = listeners;
    HttpServer first = requireNonNull(server);
    start();
    first.stop();
    assertThat(fatal.get()).isNull();
    assertThat(listeners).isEqualTo(before).allMatch(ServerSocketChannel::isOpen);
    for (int i = 0; i < 3; i++) {
      try (Socket socket = new Socket("127.0.0.1", addresses.get(i).getPort())) {
        socket
            .getOutputStream()
            .write(
                "GET /api/v1/query?query=up HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.UTF_8));
        assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
            .startsWith(i == 0 ? "HTTP/1.1 200 " : "HTTP/1.1 401 ");
      }
    }
    assertThat(status(1, "/-/healthy", "Authorization", basic("bob", "secret"))).isEqualTo(200);
  }

  @Test
  void theMostConnectionsAreThoseOfAllListenersTogether() throws Exception {
    flags.put("web.max-connections", "2");
    start();
    reload(listener("", Serves.ALL, null));
    int main = addresses.get(0).getPort();
    int added = addresses.get(1).getPort();
    try (Socket a = answered(main);
        Socket b = answered(added)) {
      assertThat(a.isConnected() && b.isConnected()).isTrue();
      try (Socket c = asked(main)) {
        c.setSoTimeout(500);
        // the acceptor of either may have one in its hand already
        Socket d = asked(added);
        d.setSoTimeout(500);
        int answers = reads(c) + reads(d);
        d.close();
        assertThat(answers).isLessThan(2);
      }
    }
    await(() -> {
      try (Socket again = asked(added)) {
        again.setSoTimeout(2000);
        return reads(again) == 1;
      }
    });
  }

  private static Socket asked(int port) throws IOException {
    Socket socket = new Socket("127.0.0.1", port);
    socket
        .getOutputStream()
        .write("GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.UTF_8));
    return socket;
  }

  private static Socket answered(int port) throws IOException {
    Socket socket = asked(port);
    socket.setSoTimeout(30_000);
    assertThat(socket.getInputStream().read()).isEqualTo('H');
    return socket;
  }

  private static int reads(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() == 'H' ? 1 : 0;
    } catch (java.net.SocketTimeoutException | java.net.SocketException e) {
      return 0;
    }
  }
}
