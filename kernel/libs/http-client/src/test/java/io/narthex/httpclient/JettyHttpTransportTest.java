package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HeaderValues;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.OAuth2;
import io.narthex.spi.plugin.HttpTransport.Request;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class JettyHttpTransportTest {
  static final Duration TIMEOUT = Duration.ofSeconds(5);
  HttpServer server;
  private HttpServer other;
  JettyHttpTransport transport;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    other = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.start();
    other.start();
    transport = new JettyHttpTransport("narthex/test", Map.of(), InetAddress::getAllByName);
  }

  @AfterEach
  void stop() {
    transport.close();
    server.stop(0);
    other.stop(0);
  }

  GoUrl url(HttpServer s, String path) {
    return GoUrl.parse("http://127.0.0.1:" + s.getAddress().getPort() + path);
  }

  static void answer(HttpExchange x, int status, byte[] body) throws IOException {
    x.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    x.getResponseBody().write(body);
    x.close();
  }

  static byte[] echo(HttpExchange x) {
    StringBuilder b = new StringBuilder();
    x.getRequestHeaders().forEach((k, v) -> b.append(k).append('=').append(v).append('\n'));
    return b.toString().getBytes(StandardCharsets.UTF_8);
  }

  String body(Request request, HttpSettings settings) throws Exception {
    try (HttpTransport.Response r = transport.send(request, settings)) {
      assertThat(r.status()).isEqualTo(200);
      return new String(r.body().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void unpacksGzip() throws Exception {
    server.createContext(
        "/",
        x -> {
          ByteArrayOutputStream packed = new ByteArrayOutputStream();
          try (GZIPOutputStream z = new GZIPOutputStream(packed)) {
            z.write("x".repeat(100_000).getBytes(StandardCharsets.UTF_8));
          }
          x.getResponseHeaders().set("Content-Encoding", "gzip");
          answer(x, 200, packed.toByteArray());
        });
    for (int i = 0; i < 3; i++) {
      assertThat(body(Request.get(url(server, "/"), TIMEOUT), HttpSettings.DEFAULT))
          .hasSize(100_000);
    }
  }

  @Test
  void sendsNoBodyBeyondItsBound() {
    server.createContext("/", x -> answer(x, 200, new byte[0]));
    Request request =
        new Request("POST", url(server, "/"), Map.of(), new byte[(16 << 20) + 1], TIMEOUT, null);
    assertThatThrownBy(() -> body(request, HttpSettings.DEFAULT))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("body must be at most 16777216 bytes, got 16777217");
  }

  @Test
  void dropsSecretsWhenTheHostChanges() throws Exception {
    server.createContext(
        "/",
        x -> {
          x.getResponseHeaders().set("Location", url(other, "/end").toString());
          answer(x, 302, new byte[0]);
        });
    server.createContext(
        "/same",
        x -> {
          x.getResponseHeaders().set("Location", "/echo");
          answer(x, 307, new byte[0]);
        });
    server.createContext("/echo", x -> answer(x, 200, echo(x)));
    other.createContext("/end", x -> answer(x, 200, echo(x)));
    HttpSettings settings =
        new HttpSettings(
            new BasicAuth("u", "", Secret.of("p"), ""),
            null,
            null,
            null,
            "",
            true,
            true,
            null,
            "",
            "",
            false,
            Map.of(),
            Map.of("X-Own", new HeaderValues(List.of("1"), List.of(Secret.of("2")), List.of())));
    assertThat(body(Request.get(url(server, "/same"), TIMEOUT), settings))
        .contains("Authorization=[Basic dTpw]")
        .contains("X-own=[1, 2]")
        .contains("User-agent=[narthex/test]");
    assertThat(body(Request.get(url(server, "/"), TIMEOUT), settings))
        .doesNotContain("Authorization")
        .doesNotContain("X-own");
  }

  @Test
  void failuresShowNoSecretOfAUrl() throws Exception {
    int port;
    try (var s = new java.net.ServerSocket(0)) {
      port = s.getLocalPort();
    }
    String closed = "127.0.0.1:" + port;
    assertThatThrownBy(() ->
            transport.send(
                Request.get(
                    GoUrl.parse("http://me:hunter2@" + closed + "/x?api_token=hunter3&a=b"),
                    TIMEOUT),
                HttpSettings.DEFAULT))
        .hasMessageStartingWith(
            "Get \"http://me:xxxxx@" + closed + "/x?api_token=xxxxx&a=b\": dial tcp " + closed);
    server.createContext(
        "/moved",
        x -> {
          x.getResponseHeaders().set("Location", "http://" + closed + "/hook/hunter4");
          answer(x, 302, new byte[0]);
        });
    GoUrl moved = url(server, "/moved");
    assertThatThrownBy(() -> transport.send(Request.get(moved, TIMEOUT), HttpSettings.DEFAULT))
        .hasMessageStartingWith(
            "Get \"" + moved + "\": redirected to http://" + closed + ": dial tcp")
        .hasMessageNotContaining("hunter");
  }

  @Test
  void bodiesDoNotFollowARedirectToAnotherServer() throws Exception {
    List<String> received = new ArrayList<>();
    for (String path : new String[] {"/there", "/here"}) {
      HttpServer from = server;
      GoUrl target = url(path.equals("/there") ? other : server, "/end");
      from.createContext(
          path,
          x -> {
            x.getRequestBody().readAllBytes();
            x.getResponseHeaders().set("Location", target.toString());
            answer(x, 307, new byte[0]);
          });
    }
    for (HttpServer s : new HttpServer[] {server, other}) {
      s.createContext(
          "/end",
          x -> {
            received.add(new String(x.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            answer(x, 200, new byte[0]);
          });
    }
    byte[] secret = "client_secret=hunter2".getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() ->
            transport.send(
                Request.post(url(server, "/there"), "text/plain", secret, TIMEOUT),
                HttpSettings.DEFAULT))
        .hasMessageContaining("its body is not sent there");
    assertThat(received).isEmpty();
    transport
        .send(
            Request.post(url(server, "/here"), "text/plain", secret, TIMEOUT), HttpSettings.DEFAULT)
        .close();
    assertThat(received).containsExactly("client_secret=hunter2");
  }

  @Test
  void aRefusedTokenNamesTheErrorAndQuotesNothingElse() {
    other.createContext(
        "/token",
        x ->
            answer(
                x,
                401,
                "{\"error\": \"invalid_client\", \"error_description\": \"hunter2 is wrong\"}"
                    .getBytes(StandardCharsets.UTF_8)));
    OAuth2 oauth =
        new OAuth2(
            "id",
            Secret.of("hunter2"),
            "",
            "",
            null,
            "",
            "",
            "",
            "",
            "",
            Map.of(),
            List.of(),
            url(other, "/token").toString(),
            Map.of(),
            null,
            "",
            "",
            false,
            Map.of());
    HttpSettings settings =
        new HttpSettings(
            null, null, oauth, null, "", true, true, null, "", "", false, Map.of(), Map.of());
    assertThatThrownBy(() -> transport.send(Request.get(url(server, "/"), TIMEOUT), settings))
        .hasMessageContaining("oauth2: cannot fetch token: 401 invalid_client")
        .hasMessageNotContaining("hunter");
  }

  @Test
  void speaksOfFailuresAsGoDoes() throws Exception {
    int port;
    try (var s = new java.net.ServerSocket(0)) {
      port = s.getLocalPort();
    }
    assertThatThrownBy(() ->
            transport.send(
                Request.get(GoUrl.parse("http://127.0.0.1:" + port + "/metrics"), TIMEOUT),
                HttpSettings.DEFAULT))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "Get \"http://127.0.0.1:%d/metrics\": dial tcp 127.0.0.1:%d: connect: connection refused",
            port, port);
  }

  @Test
  void givesUpAtTheDeadline() {
    CountDownLatch release = new CountDownLatch(1);
    server.createContext(
        "/",
        x -> {
          try {
            release.await(10, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          x.close();
        });
    try {
      assertThatThrownBy(() ->
              transport.send(
                  Request.get(url(server, "/"), Duration.ofMillis(200)), HttpSettings.DEFAULT))
          .isInstanceOf(IOException.class)
          .matches(HttpTransport::isTimeout, "whatever its text")
          .hasMessageEndingWith(": context deadline exceeded");
    } finally {
      release.countDown();
    }
  }

  @Test
  void fetchesAndKeepsTokens() throws Exception {
    int[] fetched = new int[1];
    other.createContext(
        "/token",
        x -> {
          fetched[0]++;
          String form = new String(x.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          boolean ok =
              form.equals("grant_type=client_credentials&scope=a+b&tenant=t")
                  && "Basic aWQ6c2VjcmV0".equals(x.getRequestHeaders().getFirst("Authorization"));
          answer(
              x,
              ok ? 200 : 500,
              "{\"access_token\": \"tok\", \"token_type\": \"bearer\", \"expires_in\": 3600}"
                  .getBytes(StandardCharsets.UTF_8));
        });
    server.createContext("/", x -> answer(x, 200, echo(x)));
    OAuth2 oauth =
        new OAuth2(
            "id",
            Secret.of("secret"),
            "",
            "",
            null,
            "",
            "",
            "",
            "",
            "",
            Map.of(),
            List.of("a", "b"),
            url(other, "/token").toString(),
            Map.of("tenant", "t"),
            null,
            "",
            "",
            false,
            Map.of());
    HttpSettings settings =
        new HttpSettings(
            null, null, oauth, null, "", true, true, null, "", "", false, Map.of(), Map.of());
    for (int i = 0; i < 2; i++) {
      assertThat(body(Request.get(url(server, "/"), TIMEOUT), settings))
          .contains("Authorization=[Bearer tok]");
    }
    assertThat(fetched[0]).isEqualTo(1);
  }

  @Test
  void dialsUnixSockets(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("s.sock");
    try (ServerSocketChannel s = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      s.bind(UnixDomainSocketAddress.of(path));
      Thread t =
          Thread.ofVirtual()
              .name("unix server")
              .start(() -> {
                try (SocketChannel c = s.accept()) {
                  c.read(ByteBuffer.allocate(4096));
                  c.write(
                      ByteBuffer.wrap(
                          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
                              .getBytes(StandardCharsets.US_ASCII)));
                } catch (IOException _) {
                  // the test fails by itself
                }
              });
      Request r =
          new Request(
              "GET", GoUrl.parse("http://localhost/x"), Map.of(), null, TIMEOUT, path.toString());
      assertThat(body(r, HttpSettings.DEFAULT)).isEqualTo("hi");
      t.join();
    }
  }

  @Test
  void takesTheProxyAndItsExceptions() throws Exception {
    other.createContext(
        "/", x -> answer(x, 200, ("via " + x.getRequestURI()).getBytes(StandardCharsets.UTF_8)));
    HttpSettings settings =
        new HttpSettings(
            null,
            null,
            null,
            null,
            "",
            true,
            true,
            null,
            url(other, "").toString(),
            "10.0.0.0/8, .internal",
            false,
            Map.of(),
            Map.of());
    assertThat(body(Request.get(GoUrl.parse("http://example.test:81/p"), TIMEOUT), settings))
        .isEqualTo("via http://example.test:81/p");
    assertThat(ProxyRules.bypasses("10.0.0.0/8, .internal", "10.1.2.3", 80)).isTrue();
    assertThat(ProxyRules.bypasses("10.0.0.0/8, .internal", "a.internal", 80)).isTrue();
    assertThat(ProxyRules.bypasses("example.com:8080", "x.example.com", 80)).isFalse();
    assertThat(ProxyRules.bypasses("example.com", "x.example.com", 80)).isTrue();
    assertThat(ProxyRules.bypasses("", "x", 80)).isFalse();
  }

  @Test
  void interruptedCallersLeaveNoHalfStartedClientsBehind() throws Exception {
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      callers.add(
          Thread.ofVirtual()
              .start(() -> {
                Thread.currentThread().interrupt();
                assertThatThrownBy(this::page);
              }));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    server.createContext("/", x -> answer(x, 200, "here".getBytes(StandardCharsets.UTF_8)));
    assertThat(soon(this::page)).isEqualTo("here");
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(t -> t.getName().startsWith("narthex-http-client"))
        .hasSizeLessThan(20);
  }

  @Test
  void manySettingsMayBeInUseAtATime() throws Exception {
    server.createContext("/", x -> answer(x, 200, "here".getBytes(StandardCharsets.UTF_8)));
    for (int i = 0; i < 100; i++) {
      HttpSettings d = HttpSettings.DEFAULT;
      HttpSettings own =
          new HttpSettings(
              d.basicAuth(),
              d.authorization(),
              d.oauth2(),
              d.bearerToken(),
              d.bearerTokenFile(),
              d.followRedirects(),
              d.enableHttp2(),
              d.tlsConfig(),
              d.proxyUrl(),
              d.noProxy(),
              d.proxyFromEnvironment(),
              Map.of("X-Number", List.of(Secret.of("" + i))),
              d.httpHeaders());
      assertThat(soon(() -> body(Request.get(url(server, "/"), TIMEOUT), own))).isEqualTo("here");
    }
  }

  private String page() throws Exception {
    return body(Request.get(url(server, "/"), TIMEOUT), HttpSettings.DEFAULT);
  }

  private static <T> T soon(Callable<T> call) throws Exception {
    FutureTask<T> task = new FutureTask<>(call);
    Thread.ofVirtual().start(task);
    return task.get(30, TimeUnit.SECONDS);
  }

  @Test
  void interruptEndsReadingABodyThatIsOpen() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    server.createContext(
        "/watch",
        x -> {
          x.sendResponseHeaders(200, 0);
          x.getResponseBody().write("first\n".getBytes(StandardCharsets.UTF_8));
          x.getResponseBody().flush();
          asked.countDown();
          try {
            done.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    java.util.concurrent.CompletableFuture<Boolean> ended =
        new java.util.concurrent.CompletableFuture<>();
    Thread reader =
        Thread.ofVirtual()
            .start(() -> {
              try (HttpTransport.Response r =
                  transport.send(
                      Request.get(url(server, "/watch"), Duration.ofMinutes(5)),
                      HttpSettings.DEFAULT)) {
                r.body().readAllBytes();
                ended.complete(false);
              } catch (IOException e) {
                ended.complete(Thread.currentThread().isInterrupted());
              } catch (InterruptedException e) {
                ended.complete(true);
              }
            });
    try {
      assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
      reader.interrupt();
      assertThat(ended.get(10, TimeUnit.SECONDS)).isTrue();
      assertThat(reader.join(Duration.ofSeconds(10))).isTrue();
    } finally {
      done.countDown();
    }
  }

  /** Answers so many requests a connection, then closes it when another one has been read. */
  private static final class ClosingServer implements AutoCloseable {
    private final ServerSocket socket = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    private final int answersEach;
    final AtomicInteger requests = new AtomicInteger();

    ClosingServer(int answersEach) throws IOException {
      this.answersEach = answersEach;
      Thread.ofVirtual().start(this::accept);
    }

    GoUrl url() {
      return GoUrl.parse("http://127.0.0.1:" + socket.getLocalPort() + "/");
    }

    private void accept() {
      try {
        while (true) {
          Socket client = socket.accept();
          Thread.ofVirtual().start(() -> serve(client));
        }
      } catch (IOException _) {
        // closed: the test is over
      }
    }

    private void serve(Socket client) {
      try (client) {
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII));
        for (int n = 0; ; n++) {
          String line = in.readLine();
          while (line != null && !line.isEmpty()) {
            line = in.readLine();
          }
          if (line == null) {
            return;
          }
          requests.incrementAndGet();
          if (n == answersEach) {
            return;
          }
          client
              .getOutputStream()
              .write(
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                      .getBytes(StandardCharsets.US_ASCII));
        }
      } catch (IOException _) {
        // the client has gone
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Test
  void asksAgainWhenAKeptConnectionWasJustClosed() throws Exception {
    try (ClosingServer closing = new ClosingServer(1)) {
      Request request = Request.get(closing.url(), TIMEOUT);
      for (int i = 0; i < 20; i++) {
        assertThat(body(request, HttpSettings.DEFAULT)).isEqualTo("ok");
      }
      // nearly all but the first went to the previous connection before one of their own
      assertThat(closing.requests).hasValueGreaterThan(30);
    }
  }

  @Test
  void doesNotAskAgainOnANewConnectionNorWhatMayNotBeRepeated() throws Exception {
    try (ClosingServer closing = new ClosingServer(0)) {
      assertThatThrownBy(
              () -> transport.send(Request.get(closing.url(), TIMEOUT), HttpSettings.DEFAULT))
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith(": EOF");
      assertThat(closing.requests).hasValue(1);
    }
    try (ClosingServer closing = new ClosingServer(1)) {
      assertThat(body(Request.get(closing.url(), TIMEOUT), HttpSettings.DEFAULT)).isEqualTo("ok");
      Request post =
          new Request(
              "POST",
              closing.url(),
              Map.of(),
              "x".getBytes(StandardCharsets.US_ASCII),
              TIMEOUT,
              null);
      int failed = 0;
      for (int i = 0; i < 20; i++) {
        try {
          assertThat(body(post, HttpSettings.DEFAULT)).isEqualTo("ok");
        } catch (IOException _) {
          failed++;
        }
        assertThat(closing.requests).hasValue(2 + i);
      }
      assertThat(failed).isPositive();
    }
  }
}
