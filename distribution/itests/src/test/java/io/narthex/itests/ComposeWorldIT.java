package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
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
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A world as docker compose makes it: names with underscores, dots, digits and umlauts, files
 * beside the files that name them, logins in URLs, sub-paths, TLS, proxies with logins. It is
 * scraped, discovered, alerted and pushed to by this server, and scraped by the real Prometheus
 * from the same file.
 */
class ComposeWorldIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final List<String> NAMES =
      List.of(
          "node_exporter",
          "x_",
          "web.1",
          "app.1.9zq3ab",
          "3f1a",
          "xn--bcher-kva.example",
          "tls.example",
          "sd_server",
          "alert_manager",
          "alert_gw",
          "my_proxy",
          "my_socks",
          "via_socks",
          "via_proxy");

  @TempDir private Path folder = Path.of("");
  private final List<AutoCloseable> parts = new ArrayList<>();
  private final List<String> hooks = new CopyOnWriteArrayList<>();
  private int pages;
  private int tls;
  private int proxy;
  private SocksStandIn socks;

  @BeforeEach
  void build() throws Exception {
    Files.createDirectories(folder.resolve("elsewhere"));
    file("hosts", String.join("", NAMES.stream().map(n -> "127.0.0.1 " + n + "\n").toList()));
    file("conf/secrets/target", "pö:ss\n");
    file("conf/secrets/alerts", "to-the-alertmanager\n");
    file("conf/secrets/gateway", "to-the-gateway\n");
    pages = serve(HttpServer.create(loopback(), 0), ComposeWorldIT::page);
    tls = serve(secure(), ComposeWorldIT::page);
    proxy = serve(HttpServer.create(loopback(), 0), ComposeWorldIT::proxied);
    socks = new SocksStandIn("su:s@p");
    parts.add(socks);
    file("conf/targets/one.yml", "- {targets: ['x_:" + pages + "'], labels: {from: file}}\n");
    file("conf/rules/always.yml", RULES);
    file(
        "conf/prometheus.yml",
        PROMETHEUS
            .replace("PAGES", Integer.toString(pages))
            .replace("TLS", Integer.toString(tls))
            .replace("PROXY", Integer.toString(proxy))
            .replace("SOCKS", Integer.toString(socks.port())));
    file("conf/alertmanager.yml", ALERTMANAGER.replace("PAGES", Integer.toString(pages)));
  }

  @AfterEach
  void end() throws Exception {
    for (AutoCloseable part : parts.reversed()) {
      part.close();
    }
  }

  private static final String RULES =
      """
      groups:
        - name: g
          interval: 1s
          rules: [{alert: Always, expr: vector(1), labels: {severity: page}}]
      """;

  private static final String PROMETHEUS =
      """
      global: {scrape_interval: 1s, scrape_timeout: 1s}
      rule_files: [rules/*.yml]
      alerting:
        alertmanagers:
          - path_prefix: /am
            basic_auth: {username: rules, password_file: secrets/alerts}
            static_configs: [{targets: ["alert_manager:PAGES"]}]
      scrape_configs:
        - job_name: names
          static_configs:
            - targets: ["node_exporter:PAGES", "web.1:PAGES", "app.1.9zq3ab:PAGES", "3f1a:PAGES", "bücher.example:PAGES"]
        - job_name: login
          metrics_path: /login
          basic_auth: {username: scraper, password_file: secrets/target}
          static_configs: [{targets: ["node_exporter:PAGES"]}]
        - job_name: wrong-login
          metrics_path: /login
          static_configs: [{targets: ["node_exporter:PAGES"]}]
        - job_name: path
          metrics_path: /100% of ü
          params: {q: ["a b"]}
          static_configs: [{targets: ["node_exporter:PAGES"]}]
        - job_name: files
          file_sd_configs: [{files: [targets/*.yml], refresh_interval: 1s}]
        - job_name: http
          http_sd_configs: [{url: "http://sd:p%40ss@sd_server:PAGES/sd", refresh_interval: 1s}]
        - job_name: tls
          scheme: https
          tls_config: {ca_file: tls.pem}
          static_configs: [{targets: ["tls.example:TLS"]}]
        - job_name: tls-of-nobody
          scheme: https
          static_configs: [{targets: ["tls.example:TLS"]}]
        - job_name: proxy
          proxy_url: http://pu:p%40p@my_proxy:PROXY
          static_configs: [{targets: ["via_proxy:9"]}]
        - job_name: socks
          proxy_url: socks5://su:s%40p@my_socks:SOCKS
          static_configs: [{targets: ["via_socks:PAGES"]}]
        - job_name: gone
          static_configs: [{targets: ["nobody_here:PAGES"]}]
      """;

  private static final String ALERTMANAGER =
      """
      route: {receiver: url, group_wait: 0s, routes: [{receiver: url, continue: true}, {receiver: file}]}
      receivers:
        - {name: url, webhook_configs: [{url: "http://hook:p%40ss@alert_gw:PAGES/hook/url"}]}
        - name: file
          webhook_configs:
            - url: http://alert_gw:PAGES/hook/file
              http_config: {basic_auth: {username: gw, password_file: secrets/gateway}}
      """;

  private void file(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private HttpsServer secure() throws Exception {
    Path conf = folder.resolve("conf");
    PemFiles.create(conf, "tls", "san=dns:tls.example");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    char[] password = "changeit".toCharArray();
    try (InputStream in = Files.newInputStream(conf.resolve("tls.p12"))) {
      keys.load(in, password);
    }
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(keys, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(loopback(), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    return server;
  }

  private interface Answer {
    String of(HttpExchange exchange) throws IOException;
  }

  /** Starts a server; an answer is a status of three digits and a body. */
  private int serve(HttpServer server, Answer answer) {
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        x -> {
          String path = x.getRequestURI().getPath();
          String body = new String(x.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          if (path.startsWith("/hook/") || path.startsWith("/am/")) {
            hooks.add(path + " " + login(x, "Authorization") + " " + body);
          }
          byte[] text = answer.of(x).getBytes(StandardCharsets.UTF_8);
          String type = path.equals("/sd") ? "application/json" : "text/plain; version=0.0.4";
          x.getResponseHeaders().set("Content-Type", type);
          int status = Integer.parseInt(new String(text, 0, 3, StandardCharsets.US_ASCII));
          x.sendResponseHeaders(status, text.length == 3 ? -1 : text.length - 3);
          x.getResponseBody().write(text, 3, text.length - 3);
          x.close();
        });
    server.start();
    parts.add(() -> server.stop(0));
    return server.getAddress().getPort();
  }

  private static String login(HttpExchange x, String header) {
    String value = x.getRequestHeaders().getFirst(header);
    return value != null && value.startsWith("Basic ")
        ? new String(Base64.getDecoder().decode(value.substring(6)), StandardCharsets.UTF_8)
        : "nobody";
  }

  private static String page(HttpExchange x) {
    String host = x.getRequestHeaders().getFirst("Host");
    boolean leaked = x.getRequestHeaders().containsKey("Proxy-Authorization");
    String metric = "200page{host=\"" + host + "\",leaked=\"" + leaked + "\"} 1\n";
    return switch (x.getRequestURI().getRawPath()) {
      case "/metrics" -> metric;
      case "/login" -> login(x, "Authorization").equals("scraper:pö:ss") ? metric : "401";
      case "/100%25%20of%20%C3%BC" ->
          "q=a+b".equals(x.getRequestURI().getRawQuery()) ? metric : "404";
      case "/sd" -> {
        String port = host.substring(host.lastIndexOf(':'));
        yield login(x, "Authorization").equals("sd:p@ss")
            ? "200[{\"targets\":[\"web.1" + port + "\"],\"labels\":{\"from\":\"http\"}}]"
            : "401";
      }
      default -> x.getRequestMethod().equals("POST") ? "200" : "404";
    };
  }

  private static String proxied(HttpExchange x) {
    boolean known = login(x, "Proxy-Authorization").equals("pu:p@p");
    boolean asked = x.getRequestURI().toString().equals("http://via_proxy:9/metrics");
    return known && asked ? "200page{host=\"via_proxy:9\"} 1\n" : "407";
  }

  private Server server() throws IOException {
    Server server =
        Distribution.server(folder.resolve("data"))
            .environment(
                "NARTHEX_JAVA_OPTS",
                Server.JAVA_OPTIONS + " -Djdk.net.hosts.file=" + folder.resolve("hosts"))
            .with(
                "--config.file=" + folder.resolve("conf/prometheus.yml"),
                "--alertmanager.config.file=" + folder.resolve("conf/alertmanager.yml"),
                "--web.enable-lifecycle")
            .start();
    parts.add(server);
    return server;
  }

  /** Returns what is up: the health of each target by job and address. */
  private static Map<String, String> health(JsonNode targets) {
    Map<String, String> health = new TreeMap<>();
    for (JsonNode t : targets.path("data").path("activeTargets")) {
      JsonNode labels = t.path("labels");
      String key = labels.path("job").asText() + " " + t.path("scrapeUrl").asText();
      health.put(key, t.path("health").asText());
    }
    return health;
  }

  private Map<String, String> expected() {
    Map<String, String> all = new TreeMap<>();
    for (String host :
        List.of("node_exporter", "web.1", "app.1.9zq3ab", "3f1a", "b%C3%BCcher.example")) {
      all.put("names http://" + host + ":" + pages + "/metrics", "up");
    }
    all.put("login http://node_exporter:" + pages + "/login", "up");
    all.put("wrong-login http://node_exporter:" + pages + "/login", "down");
    all.put("path http://node_exporter:" + pages + "/100%25%20of%20%C3%BC?q=a+b", "up");
    all.put("files http://x_:" + pages + "/metrics", "up");
    all.put("http http://web.1:" + pages + "/metrics", "up");
    all.put("tls https://tls.example:" + tls + "/metrics", "up");
    all.put("tls-of-nobody https://tls.example:" + tls + "/metrics", "down");
    all.put("proxy http://via_proxy:9/metrics", "up");
    all.put("socks http://via_socks:" + pages + "/metrics", "up");
    all.put("gone http://nobody_here:" + pages + "/metrics", "down");
    return all;
  }

  @Test
  void everyAddressIsReachedWithItsLogin() throws Exception {
    Server server = server();
    await("targets")
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(health(server.json("api/v1/targets"))).isEqualTo(expected()));
    assertThat(socks.asked()).contains("via_socks:" + pages);
    assertThat(server.query("page{leaked=\"true\"}")).isEmpty();
    await("the alert at the Alertmanager of the file")
        .atMost(PATIENCE)
        .until(() ->
            hooks.stream()
                .anyMatch(h -> h.startsWith("/am/api/v2/alerts rules:to-the-alertmanager [")));
    String alert = "[{\"labels\":{\"alertname\":\"Posted\"}}]";
    assertThat(server.postJson("api/v2/alerts", alert).statusCode()).isEqualTo(200);
    await("notifications")
        .atMost(PATIENCE)
        .until(() ->
            hooks.stream().anyMatch(h -> h.startsWith("/hook/url hook:p@ss {"))
                && hooks.stream().anyMatch(h -> h.startsWith("/hook/file gw:to-the-gateway {")));
    assertThat(hooks).allMatch(h -> !h.contains(" nobody "));
    byte[] pushed = "pushed_total 7\n".getBytes(StandardCharsets.UTF_8);
    assertThat(
            server.send("PUT", "metrics/job/my_batch.job/instance/web.1", pushed, "").statusCode())
        .isEqualTo(200);
    assertThat(server.get("push/metrics").body())
        .contains("pushed_total{instance=\"web.1\",job=\"my_batch.job\"} 7");
  }

  @Test
  void prometheusSaysTheSameOfTheSameFile() throws Exception {
    Path program = Peers.original("prometheus");
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                "unshare",
                "--mount",
                "--map-root-user",
                "sh",
                "-c",
                "mount --bind \"$0\" /etc/hosts && exec \"$@\"",
                folder.resolve("hosts").toString()));
    command.addAll(Peers.command(program));
    command.addAll(
        List.of(
            "--config.file=" + folder.resolve("conf/prometheus.yml"),
            "--storage.tsdb.path=" + folder.resolve("tsdb"),
            "--web.listen-address=127.0.0.1:" + port));
    Process prometheus =
        new ProcessBuilder(command)
            .directory(folder.resolve("elsewhere").toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("prometheus.log").toFile())
            .start();
    parts.add(() -> {
      prometheus.destroy();
      prometheus.waitFor();
    });
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI targets = URI.create("http://127.0.0.1:" + port + "/api/v1/targets");
      await("targets")
          .atMost(PATIENCE)
          .ignoreExceptionsInstanceOf(IOException.class)
          .untilAsserted(() -> {
            String answer =
                client
                    .send(HttpRequest.newBuilder(targets).build(), BodyHandlers.ofString())
                    .body();
            assertThat(health(Server.parse(answer))).isEqualTo(expected());
          });
    }
  }

  /** Each mistake costs its own part and is mended by a reload, as if the server had begun so. */
  @Test
  void mistakesOfTheStartAreMendedByAReload() throws Exception {
    Path prometheus = folder.resolve("conf/prometheus.yml");
    String right = Files.readString(prometheus);
    Files.writeString(
        prometheus,
        right
            .replace("[rules/*.yml]", "[rules/*.yml, nothing/there.yml]")
            .replace("secrets/target", "secrets/forgotten")
            .replace("ca_file: tls.pem", "ca_file: forgotten.pem")
            .replace(
                "    scheme: https\n    static_configs", "    scheme: htpps\n    static_configs"));
    file("conf/narthex.yml", "exporters: {node: {flagz: []}}\n");
    String alertmanager = Files.readString(folder.resolve("conf/alertmanager.yml"));
    file("conf/alertmanager.yml", "templates: [nothing/there.tmpl]\n" + alertmanager);
    Server server = server();
    await("the others")
        .atMost(PATIENCE)
        .untilAsserted(() -> {
          Map<String, String> health = health(server.json("api/v1/targets"));
          assertThat(health).hasSameSizeAs(expected());
          assertThat(health)
              .containsEntry("names http://node_exporter:" + pages + "/metrics", "up")
              .containsEntry("login http://node_exporter:" + pages + "/login", "down")
              .containsEntry("tls https://tls.example:" + tls + "/metrics", "down")
              .containsEntry("tls-of-nobody htpps://tls.example:" + tls + "/metrics", "down");
        });
    assertThat(server.get("exporters/jvm/metrics").statusCode()).isEqualTo(200);
    assertThat(server.get("exporters/node/metrics").statusCode()).isEqualTo(404);
    Files.writeString(prometheus, right);
    file("conf/narthex.yml", "exporters: {node: {}}\n");
    file("conf/alertmanager.yml", alertmanager);
    assertThat(server.post("-/reload").statusCode()).isEqualTo(200);
    await("all")
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(health(server.json("api/v1/targets"))).isEqualTo(expected()));
    assertThat(server.get("exporters/node/metrics").statusCode()).isEqualTo(200);
  }
}
