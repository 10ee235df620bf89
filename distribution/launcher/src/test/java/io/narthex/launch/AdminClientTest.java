package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands against a server that answers what it is given. */
class AdminClientTest {
  @TempDir Path folder;
  private final Map<String, String> environment = new HashMap<>();
  private final List<String> seen = new ArrayList<>();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private String answer = "{\"tokens\":[]}";
  private int status = 200;
  private @Nullable HttpServer server;

  @AfterEach
  void stop() {
    if (server != null) {
      server.stop(0);
    }
  }

  private String start(HttpServer created) {
    server = created;
    created.createContext(
        "/",
        exchange -> {
          String body =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          seen.add(
              exchange.getRequestMethod()
                  + " "
                  + exchange.getRequestURI()
                  + " "
                  + exchange.getRequestHeaders().getFirst("Authorization")
                  + " "
                  + body);
          byte[] text = answer.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status, text.length);
          exchange.getResponseBody().write(text);
          exchange.close();
        });
    created.start();
    return "127.0.0.1:" + created.getAddress().getPort();
  }

  private String plain() throws IOException {
    return "http://"
        + start(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
  }

  private int token(String... args) {
    return TokenCommand.run(
        new AdminClient(environment::get, folder),
        List.of(args),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private String output() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String errors() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private Path ownToken() throws IOException {
    Path file = folder.resolve("narthex/admin.token");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "own-token\n");
    environment.put("NARTHEX_DATA", folder.toString());
    return file;
  }

  @Test
  void makesListsAndRemovesTokens() throws Exception {
    Path unused = ownToken();
    String url = plain();
    status = 201;
    answer = "{\"id\":\"0123456789ab\",\"name\":\"ci\",\"token\":\"narthex_x\"}";
    assertThat(token("create", "ci", "--role=viewer", "--expires=90d", "--server=" + url))
        .as(errors())
        .isZero();
    assertThat(output()).isEqualTo("narthex_x\n");
    status = 200;
    answer =
        "{\"tokens\":[{\"id\":\"0123456789ab\",\"name\":\"ci\",\"role\":\"viewer\","
            + "\"expires\":0,\"lastUsed\":1700000000000,\"createdBy\":\"admin@::1\"}]}";
    assertThat(token("list", "--server=" + url)).isZero();
    assertThat(output())
        .containsPattern("0123456789ab +ci +viewer +never +2023-11-14T22:13:20Z +admin@::1");
    answer = "{}";
    assertThat(token("remove", "ci", "--server=" + url)).isZero();
    assertThat(seen)
        .containsExactly(
            "POST /narthex/api/v1/tokens Bearer own-token"
                + " {\"name\":\"ci\",\"role\":\"viewer\",\"expires\":\"90d\"}",
            "GET /narthex/api/v1/tokens Bearer own-token ",
            "DELETE /narthex/api/v1/tokens/ci Bearer own-token ");
    assertThat(token("create", "ci")).isEqualTo(2);
    assertThat(token("list", "--sever=x")).isEqualTo(2);
  }

  @Test
  void secretsGoOverTlsOrToThisMachine() throws Exception {
    environment.put("NARTHEX_TOKEN", "abc");
    assertThat(token("list", "--server=http://narthex.invalid:9090")).isEqualTo(1);
    assertThat(errors()).contains("would go over plain HTTP to another machine");
    assertThat(token("list", "--server=http://127.0.0.1.narthex.invalid:9090")).isEqualTo(1);
    assertThat(errors().lines()).hasSize(2).allMatch(l -> l.contains("over plain HTTP"));
  }

  @Test
  void theTokenOfThisMachineIsNotSentToAnother() throws Exception {
    Path unused = ownToken();
    assertThat(token("remove", "a", "--server=https://narthex.invalid:9090")).isEqualTo(1);
    assertThat(errors()).contains("no token: set NARTHEX_TOKEN or give --token-file=FILE");
  }

  @Test
  void logsInWithAPassword() throws Exception {
    Path password = folder.resolve("password");
    Files.writeString(password, "secret\n");
    environment.put("NARTHEX_USER", "ann");
    environment.put("NARTHEX_PASSWORD_FILE", password.toString());
    environment.put("NARTHEX_SERVER", plain());
    assertThat(token("list")).isZero();
    String basic =
        Base64.getEncoder().encodeToString("ann:secret".getBytes(StandardCharsets.UTF_8));
    assertThat(seen).containsExactly("GET /narthex/api/v1/tokens Basic " + basic + " ");
  }

  @Test
  void textsOfTheServerDoNotReachTheTerminalAsTheyAre() throws Exception {
    environment.put("NARTHEX_TOKEN", "abc");
    String url = plain();
    status = 403;
    answer = "{\"error\":\"\\u001b[2Jgone\\u202e \\u009b1m\"}";
    assertThat(token("list", "--server=" + url)).isEqualTo(1);
    assertThat(errors()).isEqualTo("narthex token: \\u001b[2Jgone\\u202e \\u009b1m\n");
    status = 200;
    answer = "{\"tokens\":[{\"id\":\"a\",\"name\":\"x\\n0123456789ab fake\",\"role\":\"viewer\"}]}";
    assertThat(token("list", "--server=" + url)).isZero();
    assertThat(output().lines()).hasSize(2);
    answer = "<html>";
    assertThat(token("list", "--server=" + url)).isEqualTo(1);
    assertThat(errors()).contains("the answer is not JSON");
  }

  @Test
  void answersWithoutEndAreCut() throws Exception {
    environment.put("NARTHEX_TOKEN", "abc");
    String url = plain();
    answer = "x".repeat(17 << 20);
    assertThat(token("list", "--server=" + url, "--json")).isEqualTo(1);
    assertThat(output()).isEmpty();
  }

  private static void pem(Path file, String kind, byte[] der) throws IOException {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.writeString(
        file, "-----BEGIN " + kind + "-----\n" + base64 + "\n-----END " + kind + "-----\n");
  }

  /** Makes a key with a certificate, and writes both as PEM. */
  private KeyStore identity(String name, String algorithm) throws Exception {
    Path file = folder.resolve(name + ".p12");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-alias", "a", "-keyalg", algorithm));
    command.addAll(List.of("-dname", "CN=" + name, "-ext", "SAN=ip:127.0.0.1", "-validity", "2"));
    command.addAll(
        List.of("-storetype", "PKCS12", "-keystore", file.toString(), "-storepass", "changeit"));
    Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(p.waitFor()).as(said).isZero();
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, "changeit".toCharArray());
    }
    pem(folder.resolve(name + ".pem"), "CERTIFICATE", store.getCertificate("a").getEncoded());
    pem(
        folder.resolve(name + ".key"),
        "PRIVATE KEY",
        store.getKey("a", "changeit".toCharArray()).getEncoded());
    return store;
  }

  private String https(KeyStore own, KeyStore trusted) throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(own, "changeit".toCharArray());
    KeyStore clients = KeyStore.getInstance("PKCS12");
    clients.load(null, null);
    clients.setCertificateEntry("c", trusted.getCertificate("a"));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(clients);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    HttpsServer created =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    created.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters tls = context.getDefaultSSLParameters();
            tls.setNeedClientAuth(true);
            parameters.setSSLParameters(tls);
          }
        });
    return "https://" + start(created);
  }

  @Test
  void administersOverTlsWithClientCertificates() throws Exception {
    environment.put("NARTHEX_TOKEN", "abc");
    for (String algorithm : List.of("EC", "RSA")) {
      KeyStore client = identity("client" + algorithm, algorithm);
      String url = https(identity("server" + algorithm, algorithm), client);
      String ca = "--ca-file=" + folder.resolve("server" + algorithm + ".pem");
      String cert = "--cert-file=" + folder.resolve("client" + algorithm + ".pem");
      String key = "--key-file=" + folder.resolve("client" + algorithm + ".key");
      assertThat(token("list", "--server=" + url, ca, cert, key)).as(errors()).isZero();
      assertThat(token("list", "--server=" + url)).as("a server nobody vouches for").isEqualTo(1);
      assertThat(token("list", "--server=" + url, ca)).as("without certificate").isEqualTo(1);
      assertThat(token("list", "--server=" + url, ca, cert)).isEqualTo(1);
      assertThat(errors()).contains("--cert-file and --key-file belong together");
      stop();
    }
    assertThat(seen).hasSize(2);
  }
}
