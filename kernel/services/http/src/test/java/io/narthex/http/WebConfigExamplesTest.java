package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.http.access.WebConfigFile;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kinds of files that exporter-toolkit tries its reader and its servers with. */
class WebConfigExamplesTest extends AccessHarness {
  private static final String TLS =
      "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n";

  /** All that Go offers up to TLS 1.2, and the three of 1.3. */
  private static final List<String> CIPHERS =
      List.of(
          "TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");

  @TempDir private static Path keys = Path.of("");

  @SuppressWarnings("NullAway.Init")
  private static TestIdentity ours;

  @SuppressWarnings("NullAway.Init")
  private static TestIdentity next;

  @SuppressWarnings("NullAway.Init")
  private static TestIdentity known;

  @SuppressWarnings("NullAway.Init")
  private static TestIdentity other;

  @BeforeAll
  static void makeIdentities() throws Exception {
    ours = TestIdentity.create(keys, "server", "ip:127.0.0.1");
    next = TestIdentity.create(keys, "next", "ip:127.0.0.1");
    known =
        TestIdentity.create(
            keys, "known", "dns:a.test,uri:spiffe://a/b,ip:127.0.0.9,email:a@b.test");
    other = TestIdentity.create(keys, "other", "dns:other.test");
  }

  private TestIdentity identity() throws Exception {
    ours.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    return ours;
  }

  /** Shakes hands and returns the suite that was agreed on. */
  private String handshake(SSLContext context, String protocol, List<String> suites, String group)
      throws IOException {
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port())) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setProtocols(new String[] {protocol});
      if (!suites.isEmpty()) {
        parameters.setCipherSuites(suites.toArray(String[]::new));
      }
      if (!group.isEmpty()) {
        parameters.setNamedGroups(new String[] {group});
      }
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return socket.getSession().getCipherSuite();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'[]'|expected a map",
        "'tls_server_config: {cert_filse: cert.pem}'|cert_filse",
        "'tls_server_config: {cert_file: \"\", key_file: key.pem}'|missing one of cert or cert_file",
        "'tls_server_config: {cert: \"\", key_file: key.pem}'|missing one of cert or cert_file",
        "'tls_server_config: {cert_file: cert.pem, key_file: \"\"}'|missing one of key or key_file",
        "'tls_server_config: {cert_file: cert.pem, key: \"\"}'|missing one of key or key_file",
        "'tls_server_config: {cert_file: \"\", key_file: \"\", client_auth_type: x}'|missing one of cert or cert_file",
        "'tls_server_config: {cert_file: no.pem, key_file: key.pem}'|no such file",
        "'tls_server_config: {cert_file: cert.pem, key_file: no.pem}'|no such file",
        "'tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_ca_file: cert.pem}'|client CA's have been configured without a Client Auth Policy",
        "'tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_ca_file: no.pem, client_auth_type: RequireAndVerifyClientCert}'|no such file",
        "'tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_ca_file: key.pem, client_auth_type: RequireAndVerifyClientCert}'|no certificate",
        "'tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_auth_type: RequireClientKey}'|invalid ClientAuth",
        "'tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_allowed_sans: [a], client_auth_type: VerifyClientCertIfGiven}'|client_allowed_sans requires client_auth_type",
        "'tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_allowed_sans: [a]}'|client_allowed_sans requires client_auth_type",
        "'tls_server_config: {cert_file: cert.pem, key_file: key.pem, cipher_suites: [TLS_RSA_WITH_AES_2048]}'|unknown cipher",
        "'tls_server_config: {cert_file: cert.pem, key_file: key.pem, curve_preferences: [CurveP257]}'|unknown curve",
        "'tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS111}'|TLS111",
        "'basic_auth_users: {john: doe}'|no bcrypt hash",
        "'http_server_config: {headers: {X-Content-Type-Options: sniff}}'|invalid value for X-Content-Type-Options",
        "'http_server_config: {headers: {X-Frame-Options: Deny}}'|invalid value for X-Frame-Options",
        "'http_server_config: {headers: {X-Extra-Header: a}}'|can not be configured",
        "'rate_limit: {interval: x}'|interval",
      })
  void refusesWhatTheOriginalRefuses(String text, String message) throws Exception {
    Path file = config(text + "\n");
    if (text.contains("cert.pem") || text.contains("key.pem")) {
      identity();
    }
    assertThatThrownBy(() -> new WebConfigFile(file.toString()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> new WebConfigFile(state.resolve("somefile").toString()))
        .hasMessageContaining("somefile")
        .hasMessageContaining("no such file");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''",
        "'---'",
        "'# nothing'",
        "'{}'",
        "'tls_server_config: {}'",
        "'rate_limit: {interval: 0, burst: 0}'"
      })
  void anEmptyFileSetsNothing(String text) throws Exception {
    config(text);
    start();
    for (int i = 0; i < 10; i++) {
      assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void theSampleOfTheDocumentationWorks() throws Exception {
    TestIdentity identity = identity();
    config(
        TLS
            + "basic_auth_users:\n"
            + "  alice: "
            + SECRET.replace("$2y$", "$2a$")
            + "\n  bob: "
            + SECRET.replace("$2y$", "$2b$")
            + "\n  carol: "
            + SECRET
            + "\n");
    start();
    https(TestIdentity.anonymous(identity));
    for (String user : List.of("alice", "bob", "carol")) {
      assertThat(send(to("/-/healthy").header("Authorization", basic(user, "secret"))).statusCode())
          .as(user)
          .isEqualTo(200);
    }
    assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(401);
    assertThat(send(to("/-/healthy").header("Authorization", basic("dave", "secret"))).statusCode())
        .isEqualTo(401);
    scheme = "http";
    assertThatThrownBy(() -> through(send(to("/-/healthy")).statusCode()))
        .as("plain requests where TLS is spoken")
        .isInstanceOfAny(IOException.class, AssertionError.class);
  }

  @Test
  void certificateAndKeyMayStandInTheFile() throws Exception {
    TestIdentity identity = identity();
    config(
        "tls_server_config:\n  cert: |\n"
            + Files.readString(state.resolve("cert.pem")).indent(4)
            + "  key: |\n"
            + Files.readString(state.resolve("key.pem")).indent(4)
            + "  client_auth_type: RequestClientCert\n");
    start();
    https(TestIdentity.anonymous(identity));
    assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(200);
  }

  @Test
  void takesAllSuitesAndCurves() throws Exception {
    TestIdentity identity = identity();
    config(
        TLS
            + "  cipher_suites: "
            + CIPHERS
            + "\n  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n");
    start();
    SSLContext context = TestIdentity.anonymous(identity);
    for (String group : List.of("secp256r1", "secp384r1", "secp521r1", "x25519")) {
      assertThat(handshake(context, "TLSv1.3", List.of(), group)).startsWith("TLS_");
    }
    assertThat(handshake(context, "TLSv1.2", List.of(), "secp256r1")).contains("ECDSA");
    assertThatThrownBy(() -> handshake(context, "TLSv1.1", List.of(), ""))
        .isInstanceOf(SSLException.class);
  }

  @Test
  void someCurvesAreThoseOnly() throws Exception {
    TestIdentity identity = identity();
    config(TLS + "  curve_preferences: [CurveP521]\n");
    start();
    SSLContext context = TestIdentity.anonymous(identity);
    handshake(context, "TLSv1.3", List.of(), "secp521r1");
    assertThatThrownBy(() -> handshake(context, "TLSv1.3", List.of(), "secp384r1"))
        .isInstanceOf(SSLException.class);
  }

  @Test
  void someSuitesAreThoseOnly() throws Exception {
    TestIdentity identity = identity();
    String big = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    String small = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    String tls = TLS + "  max_version: TLS12\n  cipher_suites: " + List.of(big, small) + "\n";
    Path file = config(tls);
    start();
    SSLContext context = TestIdentity.anonymous(identity);
    List<String> both = List.of(small, big);
    assertThat(handshake(context, "TLSv1.2", both, "")).as("the server's order").isEqualTo(big);
    assertThatThrownBy(() ->
            handshake(context, "TLSv1.2", List.of("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"), ""))
        .isInstanceOf(SSLException.class);
    assertThatThrownBy(() -> handshake(context, "TLSv1.3", List.of(), ""))
        .isInstanceOf(SSLException.class);
    replace(file, tls + "  prefer_server_cipher_suites: false\n");
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!handshake(context, "TLSv1.2", both, "").equals(small)) {
      assertThat(System.nanoTime()).as("the client's order").isLessThan(deadline);
    }
  }

  /** With a certificate that has run out no client gets as far as a request. */
  @Test
  void aCertificateIsExchangedWithoutAnyRequest() throws Exception {
    identity();
    config(TLS);
    start();
    next.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    SSLContext context = TestIdentity.anonymous(next);
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (true) {
      try {
        handshake(context, "TLSv1.3", List.of(), "");
        return;
      } catch (SSLException e) {
        assertThat(System.nanoTime()).as("still the previous one: " + e).isLessThan(deadline);
      }
    }
  }

  @Test
  void withoutHttp2OnlyTheFormerVersionIsSpoken() throws Exception {
    TestIdentity identity = identity();
    config(
        TLS
            + "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]\n  max_version: TLS12\n"
            + "http_server_config: {http2: false}\n");
    start();
    https(TestIdentity.anonymous(identity));
    HttpResponse<String> answer = send(to("/-/healthy"));
    assertThat(answer.version()).isEqualTo(java.net.http.HttpClient.Version.HTTP_1_1);
    assertThat(answer.statusCode()).isEqualTo(200);
  }

  @Test
  void headersStandInEveryAnswer() throws Exception {
    config(
        """
        http_server_config:
          headers:
            Strict-Transport-Security: max-age=31536000; includeSubDomains
            X-Content-Type-Options: nosniff
            X-Frame-Options: sameorigin
            X-XSS-Protection: 1; mode=block
            Content-Security-Policy: default-src 'self'; frame-ancestors 'none'
        """);
    start();
    for (String path : List.of("/-/healthy", "/", "/nowhere", "/api/v2/nowhere", "/api/v1/query")) {
      HttpResponse<String> answer = send(to(path));
      assertThat(answer.headers().allValues("X-Frame-Options"))
          .as(path)
          .containsExactly("sameorigin");
      assertThat(answer.headers().allValues("X-Content-Type-Options"))
          .as(path)
          .containsExactly("nosniff");
      assertThat(answer.headers().firstValue("Strict-Transport-Security").orElse(""))
          .as(path)
          .startsWith("max-age=31536000");
      assertThat(answer.headers().firstValue("X-XSS-Protection")).contains("1; mode=block");
      assertThat(answer.headers().allValues("Content-Security-Policy"))
          .as(path)
          .contains("default-src 'self'; frame-ancestors 'none'");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // what clients have to show, and whether one with nothing, an own and a known one is let in
        "NoClientCert||true|true|true",
        "RequestClientCert||true|true|true",
        "RequireClientCert||false|true|true",
        "RequireAnyClientCert||false|true|true",
        // the server names the issuers it accepts; the client does not send a certificate of
        // another
        "VerifyClientCertIfGiven|ca.pem|true|true|true",
        "RequireAndVerifyClientCert|ca.pem|false|false|true",
      })
  void clientsShowWhatTheyHaveTo(
      String type,
      @org.jspecify.annotations.Nullable String ca,
      boolean nothing,
      boolean unknown,
      boolean issued)
      throws Exception {
    TestIdentity identity = identity();
    known.write(state.resolve("ca.pem"), state.resolve("unused.pem"));
    config(
        TLS
            + "  client_auth_type: "
            + type
            + (ca == null ? "" : "\n  client_ca_file: " + ca)
            + "\n");
    start();
    assertServed(TestIdentity.anonymous(identity), nothing);
    assertServed(other.client(identity), unknown);
    assertServed(known.client(identity), issued);
  }

  @ParameterizedTest
  @CsvSource({
    "spiffe://a/b, true",
    "127.0.0.9, true",
    "a@b.test, true",
    "a.test, true",
    "A.test, false",
    "'*.test', false",
  })
  void namesOfCertificatesAreCompared(String allowed, boolean served) throws Exception {
    TestIdentity identity = identity();
    config(
        TLS
            + "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [third.test, '"
            + allowed
            + "']\n");
    start();
    assertServed(known.client(identity), served);
  }

  private void assertServed(SSLContext context, boolean served) throws Exception {
    https(context);
    int status = 0;
    try {
      status = send(to("/-/healthy")).statusCode();
    } catch (IOException e) {
      assertThat(served).as("refused: " + e).isFalse();
    }
    assertThat(status).isEqualTo(served ? 200 : 0);
  }
}
