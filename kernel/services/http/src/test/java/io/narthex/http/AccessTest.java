package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;

/** Who may do what, over real connections. */
class AccessTest extends AccessHarness {
  /* requests of browsers */

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

  /** A proxy on this machine that adds no header, as nginx by default. */
  @Test
  void pagesBehindASilentProxyOnThisMachineNeedALogin() throws Exception {
    start();
    String page = "Content-Type: application/json\r\nOrigin: https://metrics.example\r\n";
    String host = "127.0.0.1:" + port();
    assertThat(rawSilence(host, page)).startsWith("HTTP/1.1 403 ");
    assertThat(refusals("login_required")).isEqualTo(1);
    through(rawSilence(host, page + "Authorization: Bearer " + TOKEN + "\r\n"));
  }

  /** Grafana's proxy takes Origin and cookies off, and passes on what else the browser sent. */
  @Test
  void proxiesThatTakeTheOriginOffSpeakForTheirPages() throws Exception {
    start();
    String host = "narthex.example";
    String page = "Content-Type: application/json\r\nX-Forwarded-For: 1.2.3.4\r\n";
    String site = "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Site: ";
    through(rawSilence(host, page + site + "same-origin\r\n"));
    for (String other : List.of("cross-site", "same-site", "none")) {
      assertThat(rawSilence(host, page + site + other + "\r\n"))
          .as(other)
          .startsWith("HTTP/1.1 403 ");
    }
    // what a browser itself sends with a change
    String own = "Origin: http://" + host + "\r\n";
    assertThat(rawSilence(host, page + site + "same-origin\r\n" + own)).startsWith("HTTP/1.1 403 ");
    assertThat(rawSilence(host, page + site + "same-origin\r\nCookie: a=b\r\n"))
        .startsWith("HTTP/1.1 403 ");
  }

  /** karma passes the whole request of the browser on, and adds headers of its configuration. */
  @Test
  void proxiesThatPassTheOriginOnNeedItsNameAndAToken() throws Exception {
    flags.put("web.cors.origin", "https://karma[.]example");
    start();
    String page =
        "Content-Type: application/json\r\nX-Forwarded-For: 1.2.3.4\r\nSec-Fetch-Site: same-origin\r\n"
            + "Origin: https://karma.example\r\nCookie: theirs=1\r\n";
    String token = "Authorization: Bearer " + TOKEN + "\r\n";
    through(rawSilence("narthex:9090", page + token));
    assertThat(rawSilence("narthex:9090", page)).startsWith("HTTP/1.1 403 ");
    assertThat(rawSilence("narthex:9090", page.replace("karma.", "other.") + token))
        .startsWith("HTTP/1.1 403 ");
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
  void readsFormsOfTenThousandParametersAndNoMore() throws Exception {
    start();
    HttpResponse<String> most = form("match[]=up&".repeat(9_998) + "query=u%70&x=a%2Bb+c");
    assertThat(most.statusCode()).as(most.body()).isEqualTo(200);
    HttpResponse<String> more = form("match[]=up&".repeat(600_000) + "query=up");
    assertThat(more.statusCode()).isEqualTo(400);
    assertThat(more.body())
        .contains("error parsing form values: number of URL query parameters exceeded limit");
    HttpResponse<String> query = send(to("/api/v1/query?query=up" + "&a".repeat(10_000)));
    assertThat(query.statusCode()).isEqualTo(400);
    assertThat(refusals("form")).isEqualTo(2);
  }

  @Test
  void refusesAFormThatIsTooLongWithoutReadingIt() throws Exception {
    start();
    String answer =
        raw(
            "POST /api/v1/query HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\n"
                + "Content-Length: 20000000\r\n\r\nquery=");
    assertThat(answer).startsWith("HTTP/1.1 400 ").contains("http: POST too large");
    assertThat(refusals("form")).isEqualTo(1);
  }

  private HttpResponse<String> form(String text) throws Exception {
    return send(
        to("/api/v1/query")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .timeout(Duration.ofSeconds(20)) // read in squared time 600,000 take minutes
            .POST(BodyPublishers.ofString(text)));
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

  /** Waits until a client that trusts only this certificate is served. */
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
