package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.http.access.WebConfig;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;

/** The keys of {@code tls_server_config}, seen from clients; and two flags of the listeners. */
class ServerTlsTest extends AccessHarness {
  private TestIdentity serve(String more) throws Exception {
    TestIdentity identity = TestIdentity.create(state, "server" + more.hashCode(), "ip:127.0.0.1");
    identity.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    config("tls_server_config: {cert_file: cert.pem, key_file: key.pem" + more + "}\n");
    start();
    return identity;
  }

  /** Returns what a handshake agrees on. */
  private SSLSession handshake(SSLContext context, Consumer<SSLParameters> wishes)
      throws IOException {
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port())) {
      SSLParameters parameters = socket.getSSLParameters();
      wishes.accept(parameters);
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return socket.getSession();
    }
  }

  private static Consumer<SSLParameters> suites(String... names) {
    return p -> {
      p.setProtocols(new String[] {"TLSv1.2"});
      p.setCipherSuites(names);
    };
  }

  @Test
  void certificateAndKeyMayStandInTheFile() throws Exception {
    TestIdentity identity = TestIdentity.create(state, "server", "ip:127.0.0.1");
    TestIdentity known = TestIdentity.create(state, "known", "dns:known.test");
    identity.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    known.write(state.resolve("ca.pem"), state.resolve("unused.pem"));
    config(
        "tls_server_config:\n  cert: "
            + quoted("cert.pem")
            + "\n  key: "
            + quoted("key.pem")
            + "\n  client_ca: "
            + quoted("ca.pem")
            + "\n  client_auth_type: RequireAndVerifyClientCert\n");
    start();
    https(known.client(identity));
    assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(200);
    https(TestIdentity.anonymous(identity));
    assertThatThrownBy(() -> send(to("/-/healthy"))).isInstanceOf(IOException.class);
  }

  private String quoted(String file) throws IOException {
    return '"' + Files.readString(state.resolve(file)).replace("\n", "\\n") + '"';
  }

  @Test
  void ciphersAreThoseOfTheFileInItsOrder() throws Exception {
    String small = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    String large = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    SSLContext client =
        TestIdentity.anonymous(serve(", cipher_suites: [" + small + ", " + large + "]"));
    assertThat(handshake(client, suites(large, small)).getCipherSuite())
        .as("prefer_server_cipher_suites is the default")
        .isEqualTo(small);
    assertThatThrownBy(
            () -> handshake(client, suites("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")))
        .isInstanceOf(IOException.class);
    stop();
    listeners = List.of();
    SSLContext other =
        TestIdentity.anonymous(
            serve(
                ", cipher_suites: ["
                    + small
                    + ", "
                    + large
                    + "], prefer_server_cipher_suites: false"));
    assertThat(handshake(other, suites(large, small)).getCipherSuite()).isEqualTo(large);
  }

  @Test
  void curvesAndVersionsAreThoseOfTheFile() throws Exception {
    SSLContext client = TestIdentity.anonymous(serve(", curve_preferences: [CurveP384]"));
    assertThat(handshake(client, p -> p.setNamedGroups(new String[] {"secp384r1", "secp256r1"})))
        .isNotNull();
    assertThatThrownBy(
            () -> handshake(client, p -> p.setNamedGroups(new String[] {"x25519", "secp256r1"})))
        .isInstanceOf(IOException.class);
    stop();
    listeners = List.of();
    SSLContext old = TestIdentity.anonymous(serve(", max_version: TLS12"));
    assertThat(handshake(old, p -> {}).getProtocol()).isEqualTo("TLSv1.2");
    stop();
    listeners = List.of();
    SSLContext strict = TestIdentity.anonymous(serve(", min_version: TLS13"));
    assertThat(handshake(strict, p -> {}).getProtocol()).isEqualTo("TLSv1.3");
    assertThatThrownBy(() -> handshake(strict, p -> p.setProtocols(new String[] {"TLSv1.2"})))
        .isInstanceOf(IOException.class);
  }

  /** Returns the protocol that a handshake agrees on; empty: none. */
  private String protocol(SSLContext context, String... offered) throws IOException {
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port())) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(offered);
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return socket.getApplicationProtocol();
    }
  }

  @Test
  void offersOfOtherProtocolsGoOnAndHttp2FollowsItsSetting() throws Exception {
    SSLContext client = TestIdentity.anonymous(serve(""));
    assertThat(protocol(client, "foo")).isEmpty();
    assertThat(protocol(client, "foo", "http/1.1")).isEqualTo("http/1.1");
    assertThat(protocol(client, "http/1.1", "h2")).isEqualTo("h2");
    config(
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
            + "http_server_config: {http2: false}\n");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!protocol(client, "h2", "http/1.1").equals("http/1.1")) {
      assertThat(System.nanoTime()).as("the change is noticed").isLessThan(deadline);
      LockSupport.parkNanos(50_000_000);
    }
    assertThat(protocol(client, "h2")).isEmpty();
  }

  @Test
  void suitesAndGroupsAreThoseOfGo() throws Exception {
    SSLContext client = TestIdentity.anonymous(serve(""));
    for (String suite :
        List.of(
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")) {
      assertThat(handshake(client, suites(suite)).getCipherSuite()).isEqualTo(suite);
    }
    assertThatThrownBy(() -> handshake(client, suites("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256")))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> handshake(client, p -> p.setNamedGroups(new String[] {"x448"})))
        .isInstanceOf(IOException.class);
  }

  @Test
  void versionsThatLeaveNoneServeNobody() throws Exception {
    SSLContext client = TestIdentity.anonymous(serve(", max_version: TLS10"));
    assertThatThrownBy(() -> handshake(client, p -> {})).isInstanceOf(IOException.class);
    for (String key : List.of("min_version", "max_version")) {
      assertThatThrownBy(() ->
              WebConfig.read(
                  "w.yml", "tls_server_config: {cert_file: c, key_file: k, " + key + ": \"\"}\n"))
          .isInstanceOf(ConfigException.class)
          .hasMessageStartingWith("w.yml:1:")
          .hasMessageContaining("unknown TLS version: ;");
      assertThat(
              WebConfig.read(
                  "w.yml", "tls_server_config: {cert_file: c, key_file: k, " + key + ": }\n"))
          .isNotNull();
    }
  }

  @Test
  void certificateFileMayHoldOthersThatAreNoneOfItsIssuers() throws Exception {
    TestIdentity identity = serve("");
    TestIdentity other = TestIdentity.create(state, "other", "dns:other.test");
    stop();
    listeners = List.of();
    other.write(state.resolve("other.pem"), state.resolve("other.key"));
    Files.writeString(
        state.resolve("cert.pem"),
        Files.readString(state.resolve("cert.pem")) + Files.readString(state.resolve("other.pem")));
    start();
    assertThat(handshake(TestIdentity.anonymous(identity), p -> {}).getPeerCertificates())
        .hasSize(2);
  }

  @Test
  void http2MayBeSwitchedOff() throws Exception {
    TestIdentity identity = TestIdentity.create(state, "server", "ip:127.0.0.1");
    identity.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    config(
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
            + "http_server_config: {http2: false}\n");
    start();
    https(TestIdentity.anonymous(identity));
    assertThat(send(to("/-/healthy")).version()).isEqualTo(HttpClient.Version.HTTP_1_1);
  }

  @Test
  void connectionsBeyondTheMostWait() throws Exception {
    flags.put("web.max-connections", "2");
    start();
    List<Socket> open = new ArrayList<>();
    try {
      Socket waiting = null;
      while (waiting == null && open.size() < 4) {
        Socket next = new Socket("127.0.0.1", port());
        open.add(next);
        next.setSoTimeout(700);
        next.getOutputStream()
            .write("GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        try {
          assertThat(next.getInputStream().read()).isEqualTo('H');
        } catch (SocketTimeoutException _) {
          waiting = next;
        }
      }
      assertThat(open).as("the third waits").hasSize(3);
      open.getFirst().close();
      Socket third = open.getLast();
      third.setSoTimeout(20_000);
      assertThat(third.getInputStream().read()).as("its turn").isEqualTo('H');
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  @Test
  void plainRemoteAdminNeedsItsFlag() throws Exception {
    start();
    assertThat(disableFromAfar()).isEqualTo(403);
    stop();
    listeners = List.of();
    client = HttpClient.newHttpClient();
    flags.put("web.enable-plain-remote-admin", "true");
    start();
    assertThat(disableFromAfar()).isNotEqualTo(403);
  }

  private int disableFromAfar() throws Exception {
    return send(to("/narthex/api/v1/plugins/some.plugin/disable")
            .header("Authorization", "Bearer " + TOKEN)
            .header("X-Forwarded-For", "192.0.2.7")
            .POST(BodyPublishers.noBody()))
        .statusCode();
  }
}
