package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Servers' certificates: what Prometheus 3.5.3 said to the same. */
@NullUnmarked
final class ServerTrustTest {
  @TempDir Path folder;

  private HttpsServer https;
  private JettyHttpTransport transport;

  @BeforeEach
  void open() {
    transport = new JettyHttpTransport("narthex/test", Map.of());
  }

  @AfterEach
  void close() {
    transport.close();
    if (https != null) {
      https.stop(0);
    }
  }

  private static String text(String file) throws IOException {
    try (InputStream in = ServerTrustTest.class.getResourceAsStream("/tls/" + file)) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  /** Serves the version, suite and client of each connection. */
  private void serve(String name, Consumer<SSLParameters> wishes) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        new KeyManager[] {
          new OneIdentity(
              Pem.privateKey(text(name + ".key")), Pem.certificates(text(name + ".pem")))
        },
        new TrustManager[] {GoTls.issuers(Pem.authorities(text("ca.pem")))},
        null);
    https = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    https.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters params) {
            SSLParameters p = context.getDefaultSSLParameters();
            wishes.accept(p);
            params.setSSLParameters(p);
          }
        });
    https.createContext(
        "/",
        x -> {
          byte[] body =
              describe(((HttpsExchange) x).getSSLSession()).getBytes(StandardCharsets.UTF_8);
          x.sendResponseHeaders(200, body.length);
          x.getResponseBody().write(body);
          x.close();
        });
    https.start();
  }

  private static String describe(SSLSession session) {
    String client;
    try {
      client = session.getPeerPrincipal().getName();
    } catch (javax.net.ssl.SSLPeerUnverifiedException e) {
      client = "nobody";
    }
    return session.getProtocol() + " " + session.getCipherSuite() + " " + client;
  }

  private String get(String host, TlsSettings tls) throws Exception {
    return get(host, https.getAddress().getPort(), tls);
  }

  private String get(String host, int port, TlsSettings tls) throws Exception {
    HttpSettings settings = HttpSettings.DEFAULT.toBuilder().tlsConfig(tls).build();
    URI uri = URI.create("https://" + host + ":" + port + "/");
    try (HttpTransport.Response r =
        transport.send(Request.get(uri, Duration.ofSeconds(10)), settings)) {
      return new String(r.body().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private String over(String host, TlsSettings tls) throws IOException {
    return over(host, https.getAddress().getPort(), tls);
  }

  private String over(String host, int port, TlsSettings tls) throws IOException {
    Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
    try (Socket socket = new TlsSockets(tls).createSocket(plain, host, port, true)) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static TlsSettings trusting(String ca, String serverName) throws IOException {
    return new TlsSettings(text(ca), "", "", "", null, "", serverName, false, "", "");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "good|localhost|ca.pem|-|-",
        "good|127.0.0.1|ca.pem|-|-",
        "good|127.0.0.1|ca.pem|localhost.|-",
        "good|127.0.0.1|ca.pem|LocalHost|-",
        "good|127.0.0.1|old-ca.pem|-|x509: certificate signed by unknown authority",
        "good|127.0.0.1|ca.pem|wrong.test"
            + "|x509: certificate is valid for localhost, not wrong.test",
        "good|127.0.0.1|old-ca.pem|wrong.test"
            + "|x509: certificate is valid for localhost, not wrong.test",
        "common-name|localhost|ca.pem|-"
            + "|x509: certificate relies on legacy Common Name field, use SANs instead",
        "common-name|127.0.0.1|ca.pem|-|x509: cannot validate certificate for 127.0.0.1 because it"
            + " doesn't contain any IP SANs",
        "common-name|localhost|ca.pem|other|x509: certificate is not valid for any names, but wanted"
            + " to match other",
        "common-name|localhost|common-name.pem|-"
            + "|x509: certificate relies on legacy Common Name field, use SANs instead",
        "sha1|localhost|ca.pem|-|x509: certificate signed by unknown authority (possibly because of"
            + " \"x509: cannot verify signature: insecure algorithm ECDSA-SHA1\" while trying to"
            + " verify candidate authority certificate \"Test Authority\")",
        "sha1|localhost|ca.pem|wrong.test|x509: certificate is valid for localhost, not wrong.test",
        "sha1|localhost|sha1.pem|-|-",
        "of-old-ca|localhost|old-ca.pem|-|-",
      })
  void certificateIsTakenOrRefusedAsByGo(
      String server, String host, String ca, String name, String refusal) throws Exception {
    serve(server, p -> {});
    TlsSettings tls = trusting(ca, name == null ? "" : name);
    if (refusal == null) {
      assertThat(get(host, tls)).contains("TLSv1.3");
      assertThat(over(host, tls)).contains("TLSv1.3");
    } else {
      String all = "failed to verify certificate: " + refusal;
      assertThatThrownBy(() -> get(host, tls))
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith("tls: " + all);
      assertThatThrownBy(() -> over(host, tls)).hasMessageEndingWith(all);
    }
    TlsSettings anyone = new TlsSettings("", "", "", "", null, "", "", true, "", "");
    assertThat(get(host, anyone)).contains("TLSv1.3");
  }

  @ParameterizedTest
  @CsvSource({
    "node_exporter, true",
    "Node_Exporter., true",
    "x_1.a_b.test, true",
    "x.y.a_b.test, false",
    "a_b.test, false",
    ".a_b.test, false",
    "fx.c.test, false",
    "f*.c.test, true",
    "*.a_b.test, true",
    "node_exporter.., false",
    "node-exporter, false"
  })
  void namesAreComparedByGosRules(String host, boolean valid) throws Exception {
    X509Certificate certificate = Pem.certificates(text("underscore.pem")).getFirst();
    if (valid) {
      CertificateNames.verify(certificate, host);
    } else {
      assertThatThrownBy(() -> CertificateNames.verify(certificate, host))
          .isInstanceOf(CertificateException.class)
          .hasMessage(
              "x509: certificate is valid for node_exporter, *.a_b.test, f*.c.test, not " + host);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, true",
    "[127.0.0.1], true",
    "::ffff:127.0.0.1, true",
    "127.0.0.2, false",
    "::1, false"
  })
  void addressesAreComparedAsSuch(String host, boolean valid) throws Exception {
    X509Certificate certificate = Pem.certificates(text("good.pem")).getFirst();
    if (valid) {
      CertificateNames.verify(certificate, host);
    } else {
      assertThatThrownBy(() -> CertificateNames.verify(certificate, host))
          .hasMessage("x509: certificate is valid for 127.0.0.1, not " + host);
    }
    for (String name : List.of("127.1", "0127.0.0.1", "2130706433")) {
      assertThatThrownBy(() -> CertificateNames.verify(certificate, name))
          .hasMessage("x509: certificate is valid for localhost, not " + name);
    }
  }

  /** Returns the greeting of a client, as Latin-1; the JDK's server refuses some names in it. */
  private static String greeting(Consumer<Integer> client) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread greeting = Thread.ofVirtual().start(() -> client.accept(server.getLocalPort()));
      try (Socket accepted = server.accept()) {
        InputStream in = accepted.getInputStream();
        byte[] head = in.readNBytes(5); // type, version, length (RFC 8446, TLSPlaintext)
        int length = (head[3] & 0xff) << 8 | (head[4] & 0xff);
        return new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
      } finally {
        greeting.join();
      }
    }
  }

  private String greeting(String host, String serverName) throws Exception {
    TlsSettings tls = trusting("ca.pem", serverName);
    String http =
        greeting(
            port -> assertThatThrownBy(() -> get(host, port, tls)).isInstanceOf(IOException.class));
    String other =
        greeting(port ->
            assertThatThrownBy(() -> over(host, port, tls)).isInstanceOf(IOException.class));
    Pattern name = Pattern.compile("localhost|127[.]0[.]0[.]1|node_exporter|x_1[.]a_b[.]test", 0);
    String sent = name.matcher(http).results().map(MatchResult::group).toList().toString();
    assertThat(name.matcher(other).results().map(MatchResult::group).toList()).hasToString(sent);
    return sent;
  }

  @Test
  void namesAreIndicatedAndAddressesAreNot() throws Exception {
    assertThat(greeting("127.0.0.1", "node_exporter")).isEqualTo("[node_exporter]");
    assertThat(greeting("127.0.0.1", "x_1.a_b.test.")).isEqualTo("[x_1.a_b.test]");
    assertThat(greeting("127.0.0.1", "")).isEqualTo("[]");
    assertThat(greeting("localhost", "")).isEqualTo("[localhost]");
    assertThat(CertificateNames.indication("[::1]")).isEmpty();
    assertThat(CertificateNames.indication("fe80::1%eth0")).isEmpty();
    assertThat(CertificateNames.indication(null)).isEmpty();
    assertThat(CertificateNames.indication("a".repeat(300))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, true",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, true",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, false",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, true"
  })
  void suitesAreThoseOfGo(String suite, boolean offered) throws Exception {
    serve(
        "good",
        p -> {
          p.setProtocols(new String[] {"TLSv1.2"});
          p.setCipherSuites(new String[] {suite});
        });
    if (offered) {
      assertThat(get("localhost", trusting("ca.pem", ""))).contains(suite);
      assertThat(over("localhost", trusting("ca.pem", ""))).contains(suite);
    } else {
      assertThatThrownBy(() -> get("localhost", trusting("ca.pem", "")))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void clientShowsItsCertificateWhateverStandsBehindIt() throws Exception {
    serve("good", p -> p.setNeedClientAuth(true));
    Path cert = folder.resolve("client.pem");
    Path key = folder.resolve("client.key");
    Files.writeString(cert, text("client.pem") + text("of-old-ca.pem") + text("good.pem"));
    Files.writeString(key, text("client.key"));
    TlsSettings own =
        new TlsSettings(
            text("ca.pem"), "", "", cert.toString(), null, key.toString(), "", false, "", "");
    assertThat(get("localhost", own)).endsWith(" CN=client");
    assertThat(over("localhost", own)).endsWith(" CN=client");
  }

  @Test
  void damagedBlockCostsNoOtherAuthority() throws Exception {
    serve("good", p -> {});
    String begin = "-----BEGIN CERTIFICATE-----\n";
    String end = "-----END CERTIFICATE-----\n";
    for (String damaged :
        List.of(
            begin + "MIIBAAAA\n" + end + text("ca.pem"),
            text("ca.pem") + begin + "MII!!!\n" + end,
            begin + "MIIB\n" + text("ca.pem"),
            text("ca.pem") + begin + "MIIB")) {
      TlsSettings tls = new TlsSettings(damaged, "", "", "", null, "", "", false, "", "");
      assertThat(get("localhost", tls)).contains("TLSv1.3");
    }
    TlsSettings none =
        new TlsSettings(begin + "MIIB\n" + end, "", "", "", null, "", "", false, "", "");
    assertThatThrownBy(() -> get("localhost", none))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("certificate cannot be read");
  }
}
