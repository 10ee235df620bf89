package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyStore;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
final class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir static Path folder;
  private static KeyStore server;
  private static KeyStore other;

  private HttpsServer https;
  private JettyHttpTransport transport;

  private static KeyStore identity(String name) throws Exception {
    Path file = folder.resolve(name + ".p12");
    Process p =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "a",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=" + name,
                "-ext",
                "SAN=dns:" + name,
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                "changeit",
                "-validity",
                "2")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".log").toFile())
            .start();
    assertThat(p.waitFor()).isZero();
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD);
    }
    return store;
  }

  private static String pem(String kind, byte[] der) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + kind
        + "-----\n";
  }

  private static String cert(KeyStore store) throws Exception {
    return pem("CERTIFICATE", store.getCertificate("a").getEncoded());
  }

  @BeforeEach
  void start() throws Exception {
    if (server == null) {
      server = identity("server.test");
      other = identity("other.test");
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(server, PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("o", other.getCertificate("a"));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    https = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    https.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters params) {
            SSLParameters p = context.getDefaultSSLParameters();
            p.setWantClientAuth(true);
            params.setSSLParameters(p);
          }
        });
    https.createContext(
        "/",
        x -> {
          String peer;
          try {
            peer = ((HttpsExchange) x).getSSLSession().getPeerPrincipal().getName();
          } catch (javax.net.ssl.SSLPeerUnverifiedException e) {
            peer = "nobody";
          }
          String protocol = ((HttpsExchange) x).getSSLSession().getProtocol();
          byte[] body = (peer + " " + protocol).getBytes(StandardCharsets.UTF_8);
          x.sendResponseHeaders(200, body.length);
          x.getResponseBody().write(body);
          x.close();
        });
    https.start();
    transport = new JettyHttpTransport("narthex/test", Map.of());
  }

  @AfterEach
  void stop() {
    transport.close();
    https.stop(0);
  }

  private URI address() {
    return URI.create("https://127.0.0.1:" + https.getAddress().getPort() + "/");
  }

  private String get(TlsSettings tls) throws Exception {
    return get(address(), tls);
  }

  private String get(URI uri, TlsSettings tls) throws Exception {
    HttpSettings settings =
        new HttpSettings(
            null, null, null, null, "", true, true, tls, "", "", false, Map.of(), Map.of());
    try (HttpTransport.Response r =
        transport.send(Request.get(uri, Duration.ofSeconds(10)), settings)) {
      return new String(r.body().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static TlsSettings tls(String ca, String caFile, String serverName, boolean insecure) {
    return new TlsSettings(ca, caFile, "", "", null, "", serverName, insecure, "", "");
  }

  @Test
  void checksTheCertificateAgainstTheServerName() throws Exception {
    assertThat(get(tls(cert(server), "", "server.test", false))).isEqualTo("nobody TLSv1.3");
    assertThatThrownBy(() -> get(tls(cert(server), "", "", false)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("tls: ");
    assertThatThrownBy(() -> get(tls(cert(server), "", "wrong.test", false)))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> get(tls("", "", "server.test", false)))
        .isInstanceOf(IOException.class);
    assertThat(get(tls("", "", "", true))).isEqualTo("nobody TLSv1.3");
  }

  @Test
  void keepsToTheVersions() throws Exception {
    TlsSettings old = new TlsSettings("", "", "", "", null, "", "", true, "TLS12", "TLS12");
    assertThat(get(old)).isEqualTo("nobody TLSv1.2");
  }

  @Test
  void showsItsOwnCertificate() throws Exception {
    Path certFile = folder.resolve("client.pem");
    Path keyFile = folder.resolve("client.key");
    Files.writeString(certFile, cert(other));
    Files.writeString(keyFile, pem("PRIVATE KEY", other.getKey("a", PASSWORD).getEncoded()));
    TlsSettings both =
        new TlsSettings(
            "", "", "", certFile.toString(), null, keyFile.toString(), "", true, "", "");
    assertThat(get(both)).startsWith("CN=other.test");
  }

  /** As {@code openssl ecparam -genkey} writes it: SEC 1 with the curve. */
  private static String ecKey(KeyStore store) throws Exception {
    byte[] s = ((ECPrivateKey) store.getKey("a", PASSWORD)).getS().toByteArray();
    byte[] head = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    byte[] curve = {
      (byte) 0xa0, 0x0a, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x03, 0x01, 0x07
    };
    byte[] der = new byte[head.length + 32 + curve.length];
    System.arraycopy(head, 0, der, 0, head.length);
    int n = Math.min(32, s.length);
    System.arraycopy(s, s.length - n, der, head.length + 32 - n, n);
    System.arraycopy(curve, 0, der, head.length + 32, curve.length);
    return pem("EC PRIVATE KEY", der);
  }

  private String getOver(TlsSockets sockets) throws IOException {
    int port = https.getAddress().getPort();
    Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
    try (Socket tls = sockets.createSocket(plain, "127.0.0.1", port, true)) {
      tls.setSoTimeout(20_000);
      tls.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      return new String(tls.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void putsTlsOnConnectedSocketsWithAnEcKeyOfOpenssl() throws Exception {
    Files.writeString(folder.resolve("ec.pem"), cert(other));
    Files.writeString(folder.resolve("ec.key"), ecKey(other));
    TlsSettings both =
        new TlsSettings(
            cert(server),
            "",
            "",
            folder.resolve("ec.pem").toString(),
            null,
            folder.resolve("ec.key").toString(),
            "server.test",
            false,
            "",
            "TLS12");
    assertThat(getOver(new TlsSockets(both))).contains("CN=other.test TLSv1.2");
  }

  @Test
  void connectedSocketsCheckTheCertificateAsHttpDoes() throws Exception {
    assertThat(getOver(new TlsSockets(tls("", "", "", true)))).contains("nobody");
    for (TlsSettings bad :
        new TlsSettings[] {
          null, tls(cert(server), "", "", false), tls(cert(server), "", "wrong.test", false)
        }) {
      assertThatThrownBy(() -> getOver(new TlsSockets(bad))).isInstanceOf(SSLException.class);
    }
    assertThatThrownBy(() ->
            getOver(new TlsSockets(tls("", folder.resolve("none.pem").toString(), "", false))))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "unable to read specified CA cert (%s): no such file or directory",
            folder.resolve("none.pem"));
  }

  @Test
  void certificateIsNotShownWhereARedirectLeads() throws Exception {
    TlsSettings both =
        new TlsSettings(
            "",
            "",
            cert(other),
            "",
            Secret.of(pem("PRIVATE KEY", other.getKey("a", PASSWORD).getEncoded())),
            "",
            "",
            true,
            "",
            "");
    assertThat(get(both)).startsWith("CN=other.test");
    HttpServer elsewhere =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 5);
    elsewhere.createContext(
        "/",
        exchange -> {
          exchange.getResponseHeaders().set("Location", address().toString());
          exchange.sendResponseHeaders(302, -1);
          exchange.close();
        });
    elsewhere.start();
    try {
      URI from = URI.create("http://127.0.0.1:" + elsewhere.getAddress().getPort() + "/");
      assertThat(get(from, both)).startsWith("nobody");
    } finally {
      elsewhere.stop(0);
    }
  }

  @Test
  void readsChangedFiles() throws Exception {
    Path ca = folder.resolve("ca.pem");
    Files.writeString(ca, cert(other));
    TlsSettings tls = tls("", ca.toString(), "server.test", false);
    assertThatThrownBy(() -> get(tls)).isInstanceOf(IOException.class);
    Files.writeString(ca, cert(server));
    Files.setLastModifiedTime(ca, FileTime.fromMillis(System.currentTimeMillis() + 5000));
    assertThat(get(tls)).startsWith("nobody");
    Files.delete(ca);
    assertThatThrownBy(() -> get(tls))
        .hasMessageContaining("unable to read specified CA cert (" + ca + ")");
  }

  @Test
  void knowsTheVersions() throws Exception {
    assertThat(TlsMaterial.protocols("TLS12", "")).isEqualTo(List.of("TLSv1.2", "TLSv1.3"));
    assertThat(TlsMaterial.protocols("", "")).isEqualTo(List.of("TLSv1.2", "TLSv1.3"));
    assertThat(TlsMaterial.protocols("TLS10", "TLS11")).isEqualTo(List.of("TLSv1", "TLSv1.1"));
    assertThatThrownBy(() -> get(new TlsSettings("", "", "", "", null, "", "", true, "", "TLS11")))
        .hasMessageEndingWith("tls: no supported versions satisfy MinVersion and MaxVersion");
    assertThatThrownBy(() -> TlsMaterial.protocols("SSL3", "")).hasMessageContaining("SSL3");
  }
}
