package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Hosts, logins and proxies in the forms that people's files contain. */
@NullUnmarked
class AddressesTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final List<String> lookedUp = Collections.synchronizedList(new ArrayList<>());
  private final Map<String, InetAddress> moved = new ConcurrentHashMap<>();
  private HttpServer server;
  private JettyHttpTransport transport;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        x -> {
          String text =
              x.getRequestMethod()
                  + " "
                  + x.getRequestURI()
                  + " host="
                  + x.getRequestHeaders().getFirst("Host")
                  + " login="
                  + x.getRequestHeaders().getFirst("Authorization")
                  + " proxy="
                  + x.getRequestHeaders().getFirst("Proxy-Authorization");
          byte[] body = text.getBytes(StandardCharsets.UTF_8);
          x.sendResponseHeaders(200, body.length);
          x.getResponseBody().write(body);
          x.close();
        });
    server.start();
    transport = new JettyHttpTransport("test", Map.of(), this::lookUp);
  }

  @AfterEach
  void stop() {
    transport.close();
    server.stop(0);
  }

  private InetAddress[] lookUp(String name) throws UnknownHostException {
    lookedUp.add(name);
    if (name.endsWith(".invalid")) {
      throw new UnknownHostException(name);
    }
    return new InetAddress[] {moved.getOrDefault(name, InetAddress.getLoopbackAddress())};
  }

  private int port() {
    return server.getAddress().getPort();
  }

  private String get(String url, HttpSettings settings) throws Exception {
    Request request = Request.get(GoUrl.parse(url), TIMEOUT);
    try (Response r = transport.send(request, settings)) {
      assertThat(r.status()).isEqualTo(200);
      return new String(r.body().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static HttpSettings through(String proxy, String except) {
    return HttpSettings.DEFAULT.toBuilder().proxyUrl(proxy).noProxy(except).build();
  }

  private static String login(String user, String password) {
    byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    return "login=Basic " + Base64.getEncoder().encodeToString(both);
  }

  /** On a virtual thread the request goes another way than on others; both ways are wanted. */
  private interface Way {
    String get(String url) throws Exception;
  }

  private List<Way> ways() {
    return List.of(
        url -> get(url, HttpSettings.DEFAULT),
        url -> onVirtualThread(() -> get(url, HttpSettings.DEFAULT)));
  }

  private static String onVirtualThread(Callable<String> work) throws Exception {
    FutureTask<String> task = new FutureTask<>(work);
    Thread.ofVirtual().start(task);
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failed ? failed : e;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "node_exporter, node_exporter",
    "x_, x_",
    "_srv.x, _srv.x",
    "a.b_c.d, a.b_c.d",
    "web.1, web.1",
    "app.1.9zq3ab, app.1.9zq3ab",
    "-x, -x",
    "a..b, a..b",
    "1.2.3, 1.2.3",
    "127.1, 127.1",
    "3f1a, 3f1a",
    "host., host.",
    "bücher.example, xn--bcher-kva.example",
    "BÜCHER.example, xn--bcher-kva.example",
    "faß.example, xn--fa-hia.example",
    "日本.example, xn--wgv71a.example",
    "пример。испытание, xn--e1afmkfd.xn--80akhbyknj4f",
  })
  void anyNameThatCanBeLookedUpIsReached(String name, String ascii) throws Exception {
    for (Way way : ways()) {
      lookedUp.clear();
      assertThat(way.get("http://" + name + ":" + port() + "/m"))
          .startsWith("GET /m host=" + ascii + ":" + port());
      assertThat(lookedUp).allMatch(ascii::equalsIgnoreCase).isNotEmpty();
      transport.close();
      transport = new JettyHttpTransport("test", Map.of(), this::lookUp);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /100%25     | /100%25
          /a b        | /a%20b
          /ü          | /%C3%BC
          /[x]?a={}   | /[x]?a={}
          /a%2Fb      | /a%2Fb
          /p?q=a b    | /p?q=a%20b
          /p?q=ü      | /p?q=%C3%BC
          ?x          | /?x
          """)
  void pathsAreSentAsGoSendsThem(String path, String sent) throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      for (Way way : ways()) {
        FutureTask<String> line = new FutureTask<>(() -> requestLine(listening));
        Thread.ofVirtual().start(line);
        assertThat(way.get("http://127.0.0.1:" + listening.getLocalPort() + path)).isEmpty();
        assertThat(line.get()).isEqualTo("GET " + sent + " HTTP/1.1");
      }
    }
  }

  private static String requestLine(ServerSocket listening) throws IOException {
    try (Socket socket = listening.accept()) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
      String line = in.readLine();
      while (!in.readLine().isEmpty()) {
        // the rest of the head
      }
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.ISO_8859_1));
      return line;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0:", ":", "[::ffff:127.0.0.1]:", "localhost:"})
  void thisMachineIsReachedByAllItsAddresses(String host) throws Exception {
    for (Way way : ways()) {
      assertThat(way.get("http://" + host + port() + "/m")).startsWith("GET /m ");
    }
  }

  @Test
  void numbersThatAreNoAddressAreNames() {
    for (String name : List.of("127.1", "2130706433", "1.2.3")) {
      assertThatThrownBy(() -> HostNames.lookUp(name)).isInstanceOf(UnknownHostException.class);
    }
  }

  @Test
  void loginsOfUrlsAreSent() throws Exception {
    for (Way way : ways()) {
      assertThat(way.get("http://us%3Aer:p%40ss@h_:" + port() + "/"))
          .contains("host=h_:" + port())
          .contains(login("us:er", "p@ss"));
      assertThat(way.get("http://user@h:" + port() + "/")).contains(login("user", ""));
    }
    HttpSettings other =
        HttpSettings.DEFAULT.toBuilder()
            .basicAuth(new BasicAuth("x", "", Secret.of("y"), ""))
            .build();
    assertThat(get("http://u:p@h:" + port() + "/", other)).contains(login("u", "p"));
    assertThat(get("http://h:" + port() + "/", other)).contains(login("x", "y"));
  }

  @Test
  void zonesOfAddressesAreNotLookedUpAndNotSent() throws Exception {
    assertThat(HostNames.literal("fe80::1%lo")).isNotNull();
    assertThat(HostNames.literal("fe80::1%nosuch0")).isNotNull();
    assertThat(HostNames.header(GoUrl.parse("http://[fe80::1%25eth0]:9/")))
        .isEqualTo("[fe80::1]:9");
    assertThat(HostNames.literal("127.1")).isNull();
    assertThat(HostNames.literal("010.1.1.1")).isNull();
    assertThat(HostNames.literal("1.2.3.256")).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ftp://h/                | Get "ftp://h/": unsupported protocol scheme "ftp"
          //h/                    | Get "//h/": unsupported protocol scheme ""
          http:///x               | Get "http:///x": http: no Host in request URL
          http://h:99999/         | Get "http://h:99999/": dial tcp: address 99999: invalid port
          http://h:0/             | Get "http://h:0/": dial tcp h:0: connect: connection refused
          http://my_host.invalid/ | Get "http://my_host.invalid/": dial tcp: lookup my_host.invalid: no such host
          http://a"b/             | Get "http://a"b/": dial tcp: lookup a"b: no such host
          """)
  void failuresHaveTheWordsOfGo(String url, String message) {
    for (Way way : ways()) {
      assertThatThrownBy(() -> way.get(url)).isInstanceOf(IOException.class).hasMessage(message);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://my_proxy:%d", "http://pu:pp@my_proxy:%d"})
  void proxiesOfAnyNameTakeRequestsWithTheirOwnLogin(String form) throws Exception {
    String proxy = String.format(form, port());
    boolean login = proxy.contains("pu");
    // the server stands in for the proxy and shows the request line
    String seen = get("http://tu:tp@node_exporter:9/a%20b?x=[1]", through(proxy, ""));
    assertThat(seen)
        .startsWith("GET http://node_exporter:9/a%20b?x=[1] host=node_exporter:9")
        .contains(login("tu", "tp"))
        .endsWith(login ? login("pu", "pp").replace("login=", "proxy=") : "proxy=null");
    assertThat(lookedUp).containsOnly("my_proxy");
  }

  /** Takes one connection and answers as a SOCKS5 server, then as the target. */
  private static List<String> socks(ServerSocket listening, boolean wantsLogin) throws IOException {
    List<String> seen = new ArrayList<>();
    try (Socket socket = listening.accept()) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      in.readByte();
      byte[] methods = new byte[in.readUnsignedByte()];
      in.readFully(methods);
      seen.add("methods " + HexFormat.of().formatHex(methods));
      out.write(new byte[] {5, (byte) (wantsLogin ? 2 : 0)});
      if (wantsLogin) {
        in.readByte();
        String user = text(in);
        seen.add("login " + user + ":" + text(in));
        out.write(new byte[] {1, 0});
      }
      in.readFully(new byte[3]);
      int type = in.readUnsignedByte();
      byte[] address = new byte[type == 1 ? 4 : type == 4 ? 16 : in.readUnsignedByte()];
      in.readFully(address);
      seen.add(
          "to "
              + (type == 3
                  ? new String(address, StandardCharsets.UTF_8)
                  : InetAddress.getByAddress(address).getHostAddress())
              + ":"
              + in.readUnsignedShort());
      out.write(new byte[] {5, 0, 0, 1, 0, 0, 0, 0, 0, 0});
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        head.append((char) in.readUnsignedByte());
      }
      seen.addAll(head.toString().strip().lines().toList());
      out.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
    return seen;
  }

  private static String text(DataInputStream in) throws IOException {
    byte[] bytes = new byte[in.readUnsignedByte()];
    in.readFully(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource({
    "socks5, via.socks, via.socks",
    "socks5h, node_exporter, node_exporter",
    "socks5, 192.168.200.1, 192.168.200.1",
    "socks5, [fe80::1], fe80:0:0:0:0:0:0:1",
  })
  void loginsOfSocksProxiesStayWithThem(String scheme, String host, String to) throws Exception {
    for (boolean login : new boolean[] {true, false}) {
      try (ServerSocket proxy = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
        var seen = new FutureTask<>(() -> socks(proxy, login));
        Thread.ofVirtual().start(seen);
        String url = scheme + "://" + (login ? "u:p%40@" : "") + "my_proxy:" + proxy.getLocalPort();
        assertThat(get("http://" + host + ":9100/m", through(url, ""))).isEqualTo("ok");
        List<String> lines = seen.get();
        // Jetty offers them in any order
        assertThat(lines.get(0))
            .isIn(login ? List.of("methods 0002", "methods 0200") : List.of("methods 00"));
        assertThat(lines)
            .contains("to " + to + ":9100", "GET /m HTTP/1.1", "Host: " + host + ":9100");
        assertThat(lines).noneMatch(l -> l.toLowerCase(Locale.ROOT).contains("authorization"));
        if (login) {
          assertThat(lines.get(1)).isEqualTo("login u:p@");
        }
      }
    }
  }

  @Test
  void loopbackIsSparedWhereThereAreExceptions() throws Exception {
    String proxy = "http://proxy.invalid:1";
    String own = "http://127.0.0.1:" + port() + "/";
    assertThat(get(own, through(proxy, "foo.bar"))).startsWith("GET / ");
    assertThat(get("http://localhost:" + port() + "/", through(proxy, "foo.bar")))
        .startsWith("GET /");
    assertThatThrownBy(() -> get(own, through(proxy, "")))
        .hasMessageContaining("proxyconnect tcp: dial tcp: lookup proxy.invalid: no such host");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          10.0.0.0/8          | 10.1.2.3        | 80  | true
          10.1.2.3/8          | 10.9.9.9        | 80  | true
          10.0.0.0/8          | a.10.1.2.3      | 80  | false
          1.2.3.4             | 1.2.3.4         | 80  | true
          1.2.3.4:81          | 1.2.3.4         | 80  | false
          1.2.3.4:80          | 1.2.3.4         | 80  | true
          [fe80::1]:80        | fe80::1         | 80  | true
          fe80::1             | fe80::1         | 80  | true
          fe80::/16           | fe80::1         | 80  | true
          example.com         | example.com     | 80  | true
          example.com         | x.example.com   | 80  | true
          .example.com        | example.com     | 80  | false
          *.example.com       | x.example.com   | 80  | true
          *.example.com       | example.com     | 80  | false
          example.com:8080    | x.example.com   | 80  | false
          bücher.example      | xn--bcher-kva.example | 80 | true
          EXAMPLE.com         | Example.COM     | 80  | true
          *                   | anything        | 80  | true
          :80                 | a               | 80  | false
          x                   | 127.5.5.5       | 80  | true
          x                   | ::1             | 80  | true
          """)
  void exceptionsAreThoseOfGo(String list, String host, int port, boolean bypassed) {
    assertThat(ProxyRules.bypasses(list, host, port)).isEqualTo(bypassed);
  }

  @Test
  void aNameThatGotAnotherAddressIsReachedThereAtOnce() throws Exception {
    int port;
    try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.2"))) {
      port = gone.getLocalPort();
    }
    HttpServer second = HttpServer.create(new InetSocketAddress("127.0.0.3", port), 0);
    second.createContext(
        "/",
        x -> {
          x.sendResponseHeaders(200, -1);
          x.close();
        });
    second.start();
    try {
      moved.put("flip", InetAddress.getByName("127.0.0.2"));
      String url = "http://flip:" + port + "/";
      for (Way way : ways()) {
        moved.put("flip", InetAddress.getByName("127.0.0.2"));
        assertThatThrownBy(() -> way.get(url)).hasMessageContaining("connection refused");
        moved.put("flip", InetAddress.getByName("127.0.0.3"));
        assertThat(way.get(url)).isEmpty();
      }
    } finally {
      second.stop(0);
    }
  }
}
