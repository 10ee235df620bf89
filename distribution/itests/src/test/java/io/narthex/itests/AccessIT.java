package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.narthex.bench.ui.Browser;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may do what: pages in a real browser, the original programs over TLS with passwords. */
class AccessIT {
  /** bcrypt of "secret", cost 4. */
  private static final String SECRET =
      "$2y$04$DSY2XsjMAxvBixJWuX2JPOMdri1Qx5k94gNrivU3P4Fbuj4r/JR96";

  private static final String SILENCE =
      "{\\\"matchers\\\":[{\\\"name\\\":\\\"alertname\\\",\\\"value\\\":\\\".+\\\",\\\"isRegex\\\":true,\\\"isEqual\\\":true}],"
          + "\\\"startsAt\\\":\\\"2020-01-01T00:00:00Z\\\",\\\"endsAt\\\":\\\"2099-01-01T00:00:00Z\\\","
          + "\\\"createdBy\\\":\\\"page\\\",\\\"comment\\\":\\\"all is well\\\"}";

  @TempDir private Path folder = Path.of("");

  @Test
  void foreignPagesChangeNothing() throws Exception {
    Peers.Chromium chromium = Peers.chromium();
    HttpServer foreign =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    try (Server server =
            Distribution.server(folder.resolve("data"))
                .with("--web.enable-lifecycle", "--web.enable-admin-api")
                .start();
        Browser browser =
            new Browser(chromium.driver(), chromium.browser(), folder.resolve("profile"))) {
      String page = foreignPage(server.url("").replaceAll("/$", ""));
      foreign.createContext(
          "/",
          exchange -> {
            byte[] body = page.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
              out.write(body);
            }
          });
      foreign.start();
      double reloaded = reloaded(server);
      browser.open("http://127.0.0.1:" + foreign.getAddress().getPort() + "/");
      Server.await("the page has tried everything", () -> browser.title().startsWith("done"));
      assertThat(browser.title()).as("pages may still read").isEqualTo("done success");
      assertThat(server.json("api/v2/silences")).isEmpty();
      assertThat(reloaded(server)).isEqualTo(reloaded);
      assertThat(server.ownMetric("narthex_http_requests_refused_total{reason=\"cross_origin\"}"))
          .isGreaterThanOrEqualTo(5);

      browser.open(server.url("query"));
      browser.script(
          "fetch('/api/v2/silences', {method: 'POST', headers: {'Content-Type': 'application/json'},"
              + " body: \""
              + SILENCE
              + "\"}).then(r => document.title = 'own ' + r.status)");
      Server.await("the own page's silence", () -> browser.title().equals("own 200"));
      assertThat(server.json("api/v2/silences")).hasSize(1);
    } finally {
      foreign.stop(0);
    }
  }

  private static double reloaded(Server server) {
    return server.ownMetric("prometheus_config_last_reload_success_timestamp_seconds");
  }

  /** A page that tries all that pages can send without being asked. */
  private static String foreignPage(String server) {
    return """
    <!DOCTYPE html><title>begun</title>
    <iframe name=f1></iframe><iframe name=f2></iframe>
    <form id=a target=f1 method=post enctype="text/plain" action="SERVER/api/v2/silences"><input name='{"comment":"' value='"}'></form>
    <form id=b target=f2 method=post action="SERVER/-/reload"></form>
    <script>
    const silence = "BODY";
    const tries = [
      () => fetch("SERVER/api/v2/silences", {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}, body: silence}),
      () => fetch("SERVER/api/v2/silences", {method: "POST", mode: "no-cors", body: new Blob([silence])}),
      () => fetch("SERVER/api/v2/silences", {method: "POST", headers: {"Content-Type": "application/json"}, body: silence}),
      () => fetch("SERVER/-/reload", {method: "POST", mode: "no-cors", credentials: "include"}),
      () => fetch("SERVER/api/v1/admin/tsdb/delete_series?match[]=up", {method: "POST", mode: "no-cors"}),
      () => fetch("SERVER/-/quit", {method: "POST", mode: "no-cors"}),
      () => navigator.sendBeacon("SERVER/api/v2/silences", silence),
    ];
    (async () => {
      for (const t of tries) { try { await t(); } catch (e) { } }
      document.getElementById("a").submit();
      document.getElementById("b").submit();
      await new Promise(r => setTimeout(r, 500));
      const read = await fetch("SERVER/api/v1/query?query=1").then(r => r.json());
      document.title = "done " + read.status;
    })();
    </script>
    """
        .replace("SERVER", server)
        .replace("BODY", SILENCE);
  }

  @Test
  void originalProgramsWorkOverTlsWithCertificatesAndPasswords() throws Exception {
    Path prometheus = Peers.original("prometheus");
    Path promtool = Peers.original("promtool");
    Path amtool = Peers.original("amtool");
    PemFiles.create(folder, "server", "san=ip:127.0.0.1,dns:localhost");
    PemFiles.create(folder, "client", "san=dns:client.test");
    PemFiles.create(folder, "next", "san=ip:127.0.0.1,dns:localhost");
    Path trusted =
        Files.writeString(
            folder.resolve("trusted.pem"),
            Files.readString(folder.resolve("server.pem"))
                + Files.readString(folder.resolve("next.pem")));
    Files.writeString(
        folder.resolve("web.yml"),
        """
        tls_server_config:
          cert_file: server.pem
          key_file: server.key
          client_auth_type: RequireAndVerifyClientCert
          client_ca_file: client.pem
          client_allowed_sans: [client.test]
        http_server_config: {headers: {X-Frame-Options: deny}}
        basic_auth_users: {ann: "%s"}
        """
            .formatted(SECRET));
    String http =
        """
        basic_auth: {username: ann, password: secret}
        tls_config: {ca_file: trusted.pem, cert_file: client.pem, key_file: client.key}
        """;
    Path clientFile = Files.writeString(folder.resolve("http.yml"), http);
    try (Server server =
        Distribution.server(folder.resolve("data"))
            .with(
                "--web.config.file=" + folder.resolve("web.yml"),
                "--web.listen-address=127.0.0.1:0")
            .launch()) {
      Server.await("ready", () -> server.log().contains("Server is ready"));
      String url = "https://127.0.0.1:" + server.port();
      Server.await(
          "samples",
          () ->
              Peers.run(
                      promtool,
                      "query",
                      "instant",
                      "--http.config.file=" + clientFile,
                      url,
                      "up{job=\"node\"} == 1")
                  .output()
                  .contains("=> 1 @"));
      Peers.Result silenced =
          Peers.run(
              amtool,
              "--alertmanager.url=" + url,
              "--http.config.file=" + clientFile,
              "silence",
              "add",
              "alertname=x",
              "--comment=c",
              "--author=a");
      assertThat(silenced.status()).as(silenced.output()).isZero();
      assertThat(
              Peers.run(
                      promtool,
                      "check",
                      "healthy",
                      "--http.config.file=" + clientFile,
                      "--url=" + url)
                  .output())
          .contains("SUCCESS");
      assertThat(Peers.run(promtool, "check", "healthy", "--url=" + url).status())
          .as("without certificate and password")
          .isNotZero();
      Path curl = Peers.find("curl").orElseThrow();
      assertThat(curled(curl, trusted, url, "--user", "ann:secret").output())
          .contains("200 2", "x-frame-options: deny");
      assertThat(curled(curl, trusted, url, "--user", "ann:secret", "--http1.1").output())
          .contains("200 1.1");
      assertThat(curled(curl, trusted, url, "--user", "ann:wrong").output()).contains("401");
      assertThat(curled(curl, folder.resolve("client.pem"), url).status())
          .as("a certificate that is not trusted")
          .isEqualTo(60);
      scrapedByPrometheus(
          prometheus,
          server.port(),
          http,
          () -> {
            // there are moments when they do not fit
            exchange("next.pem", "server.pem");
            exchange("next.key", "server.key");
            Server.await(
                "the next certificate",
                () ->
                    curled(curl, folder.resolve("next.pem"), url, "--user", "ann:secret").status()
                        == 0);
          });
    }
  }

  private Peers.Result curled(Path curl, Path trusted, String url, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("--silent", "--dump-header", "-", "--output", "/dev/null", "--cacert"));
    arguments.addAll(
        List.of(
            trusted.toString(),
            "--cert",
            folder.resolve("client.pem").toString(),
            "--key",
            folder.resolve("client.key").toString(),
            "--write-out",
            "%{http_code} %{http_version}",
            url + "/-/healthy"));
    arguments.addAll(List.of(more));
    return Peers.run(curl, arguments.toArray(String[]::new));
  }

  private void exchange(String from, String to) {
    try {
      Files.copy(folder.resolve(from), folder.resolve("fresh"));
      Files.move(folder.resolve("fresh"), folder.resolve(to), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Has a real Prometheus scrape the server and federate from it, also while something changes. */
  private void scrapedByPrometheus(Path program, int port, String http, Runnable change)
      throws Exception {
    int own;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      own = free.getLocalPort();
    }
    String client = "    scheme: https\n" + http.indent(4);
    String target = "    static_configs: [{targets: ['127.0.0.1:" + port + "']}]\n";
    Path config =
        Files.writeString(
            folder.resolve("prometheus.yml"),
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
                + "  - job_name: direct\n"
                + client
                + target
                + "  - job_name: federate\n    honor_labels: true\n    metrics_path: /federate\n"
                + "    params: {'match[]': ['{__name__=~\"node_.+\"}']}\n"
                + client
                + target);
    Process process =
        new ProcessBuilder(
                program.toString(),
                "--config.file=" + config,
                "--storage.tsdb.path=" + folder.resolve("tsdb"),
                "--web.listen-address=127.0.0.1:" + own)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("prometheus.log").toFile())
            .start();
    try (HttpClient plain = HttpClient.newHttpClient()) {
      awaitThere(plain, own, "up{job=\"direct\"}==1");
      awaitThere(plain, own, "up{job=\"federate\"}==1");
      awaitThere(plain, own, "node_time_seconds{job=\"node\"}");
      change.run();
      String since = "count_over_time(up{job=\"direct\"}[1h])";
      double before = Double.parseDouble(awaitThere(plain, own, since));
      awaitThere(plain, own, since + " > " + (before + 2));
      awaitThere(plain, own, "min(min_over_time(up[1h])) == 1");
    } finally {
      process.destroy();
      process.waitFor();
    }
  }

  /** Asks a Prometheus until it answers with one series, and returns its value. */
  private static String awaitThere(HttpClient client, int port, String query) {
    URI uri =
        URI.create("http://127.0.0.1:" + port + "/api/v1/query?" + Server.form("query", query));
    AtomicReference<String> value = new AtomicReference<>("");
    Server.await(
        query + " in Prometheus",
        () -> {
          try {
            HttpResponse<String> answer =
                client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
              return false; // it is not ready yet
            }
            JsonNode first = Server.parse(answer.body()).path("data").path("result").path(0);
            value.set(first.path("value").path(1).asText());
          } catch (IOException e) {
            return false; // it does not listen yet
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return !value.get().isEmpty();
        });
    return value.get();
  }
}
