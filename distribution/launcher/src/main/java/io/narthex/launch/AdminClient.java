package io.narthex.launch;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * HTTP client of the commands: address, TLS trust and credentials. Each option has an environment
 * variable: {@code --ca-file} is {@code NARTHEX_CA_FILE}.
 *
 * <p>A token or password is sent only over TLS or to this machine, unless {@code
 * --allow-plain-http} is given. The token file of a server on this machine is not sent to other
 * machines.
 */
final class AdminClient {
  static final String OPTIONS =
      """
      options: --server=URL --token-file=FILE --user=NAME --password-file=FILE
               --ca-file=PEM --cert-file=PEM --key-file=PEM --allow-plain-http --json
               each also as NARTHEX_SERVER, NARTHEX_TOKEN_FILE …; NARTHEX_TOKEN is a token itself
      """;

  private static final List<String> NAMES =
      List.of(
          "server",
          "token-file",
          "user",
          "password-file",
          "ca-file",
          "cert-file",
          "key-file",
          "allow-plain-http");

  private static final int MAX_ANSWER = 16 << 20;
  private static final int MAX_SECRET = 4096;

  private final Function<String, @Nullable String> environment;
  private final Path home;
  private final Map<String, String> options = new LinkedHashMap<>();
  private @Nullable HttpClient client;

  /**
   * Creates a client.
   *
   * @param home where the distribution is
   */
  AdminClient(Function<String, @Nullable String> environment, Path home) {
    this.environment = environment;
    this.home = home;
    for (String name : NAMES) {
      String value = env("NARTHEX_" + name.toUpperCase(java.util.Locale.ROOT).replace('-', '_'));
      if (!value.isEmpty()) {
        options.put(name, value);
      }
    }
  }

  private String env(String name) {
    String value = environment.apply(name);
    return value == null ? "" : value;
  }

  private String option(String name) {
    return options.getOrDefault(name, "");
  }

  /** Consumes an argument if it is an option of the client. */
  boolean take(String argument) {
    if (argument.equals("--allow-plain-http")) {
      options.put("allow-plain-http", "true");
      return true;
    }
    int equals = argument.indexOf('=');
    if (!argument.startsWith("--")
        || equals < 0
        || !NAMES.contains(argument.substring(2, equals))) {
      return false;
    }
    options.put(argument.substring(2, equals), argument.substring(equals + 1));
    return true;
  }

  /** Returns the URL of the server. */
  String server() {
    String server = option("server");
    return server.isEmpty() ? "http://127.0.0.1:9090" : server.replaceFirst("/+$", "");
  }

  private URI uri() throws IOException {
    URI uri;
    try {
      uri = URI.create(server());
    } catch (IllegalArgumentException e) {
      throw new IOException("--server is not a URL");
    }
    if (uri.getHost() == null
        || uri.getRawUserInfo() != null
        || !("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
      throw new IOException("--server must be a URL like https://host:9090, without user");
    }
    return uri;
  }

  private static boolean isLoopback(URI uri) {
    String host = uri.getHost();
    if (host.equalsIgnoreCase("localhost")) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(host.replaceAll("[\\[\\]]", "")).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * Sends a request to {@code /narthex/api/v1/PATH}.
   *
   * @param body null for GET
   * @throws IOException when there is no answer; the message is for users
   */
  HttpResponse<String> send(String method, String path, @Nullable BodyPublisher body)
      throws IOException, InterruptedException {
    URI uri = uri();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server() + "/narthex/api/v1/" + path))
            .timeout(Duration.ofMinutes(2))
            .method(method, body == null ? BodyPublishers.noBody() : body);
    String authorization = authorization(uri, body != null);
    if (authorization != null) {
      if (!"https".equals(uri.getScheme())
          && !isLoopback(uri)
          && !option("allow-plain-http").equals("true")) {
        throw new IOException(
            "a token or password would go over plain HTTP to another machine; use https://, or"
                + " --allow-plain-http to send it in clear");
      }
      request.header("Authorization", authorization);
    }
    if (body != null) {
      request.header(
          "Content-Type",
          path.startsWith("plugins/upload") ? "application/java-archive" : "application/json");
    }
    return client()
        .send(
            request.build(),
            BodyHandlers.limiting(BodyHandlers.ofString(StandardCharsets.UTF_8), MAX_ANSWER));
  }

  private @Nullable String authorization(URI uri, boolean needed) throws IOException {
    String user = option("user");
    if (!user.isEmpty()) {
      if (option("password-file").isEmpty()) {
        throw new IOException("--user needs --password-file");
      }
      String pair = user + ":" + secret(Path.of(option("password-file")));
      return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }
    String token = env("NARTHEX_TOKEN").strip();
    if (option("token-file").isEmpty() && !token.isEmpty()) {
      return bearer(token);
    }
    if (!option("token-file").isEmpty()) {
      return bearer(secret(Path.of(option("token-file"))));
    }
    Path own = ownTokenFile();
    if (isLoopback(uri) && Files.isReadable(own)) {
      return bearer(secret(own));
    }
    if (needed) {
      throw new IOException(
          "no token: set NARTHEX_TOKEN or give --token-file=FILE; that of a server on this machine"
              + " is <storage path>/narthex/admin.token");
    }
    return null;
  }

  private static String bearer(String token) throws IOException {
    if (!token.matches("[\\x21-\\x7e]+")) {
      throw new IOException("the token is empty or has characters that no token has");
    }
    return "Bearer " + token;
  }

  private static String secret(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(MAX_SECRET + 1), StandardCharsets.UTF_8);
      if (text.length() > MAX_SECRET) {
        throw new IOException(file + " is too long for a token or password");
      }
      return text.strip();
    } catch (java.nio.file.NoSuchFileException e) {
      throw new IOException(file + ": no such file", e);
    }
  }

  /** Returns the token file of a server started with the same script and environment. */
  private Path ownTokenFile() {
    String data = env("NARTHEX_DATA");
    Path here = Path.of(data.isEmpty() ? "data" : data, "narthex", "admin.token");
    boolean elsewhere = data.isEmpty() && !Files.isReadable(here);
    return elsewhere ? home.resolve("data/narthex/admin.token") : here;
  }

  private HttpClient client() throws IOException {
    HttpClient known = client;
    if (known == null) {
      HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5));
      SSLContext tls = tls();
      if (tls != null) {
        builder.sslContext(tls);
      }
      known = builder.build();
      client = known;
    }
    return known;
  }

  private @Nullable SSLContext tls() throws IOException {
    String ca = option("ca-file");
    String cert = option("cert-file");
    String key = option("key-file");
    if (cert.isEmpty() != key.isEmpty()) {
      throw new IOException("--cert-file and --key-file belong together");
    }
    if (ca.isEmpty() && cert.isEmpty()) {
      return null;
    }
    try {
      TrustManagerFactory trust = null;
      if (!ca.isEmpty()) {
        KeyStore trusted = empty();
        int n = 0;
        for (Certificate c : certificates(ca)) {
          trusted.setCertificateEntry("ca" + n++, c);
        }
        trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
      }
      KeyManagerFactory keys = null;
      if (!cert.isEmpty()) {
        KeyStore own = empty();
        own.setKeyEntry(
            "own", key(key), new char[0], certificates(cert).toArray(new Certificate[0]));
        keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, new char[0]);
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          keys == null ? null : keys.getKeyManagers(),
          trust == null ? null : trust.getTrustManagers(),
          null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS: " + e.getMessage(), e);
    }
  }

  private static KeyStore empty() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static Collection<? extends Certificate> certificates(String file)
      throws IOException, GeneralSecurityException {
    byte[] pem = Files.readAllBytes(Path.of(file));
    Collection<? extends Certificate> found =
        CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
    if (found.isEmpty()) {
      throw new IOException(file + " has no certificate");
    }
    return found;
  }

  private static PrivateKey key(String file) throws IOException {
    String pem = Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
    String begin = "-----BEGIN PRIVATE KEY-----";
    int from = pem.indexOf(begin);
    int to = pem.indexOf("-----END PRIVATE KEY-----");
    if (from < 0 || to < from) {
      throw new IOException(
          file + " has no unencrypted PKCS #8 key; make one with: openssl pkcs8 -topk8 -nocrypt");
    }
    PKCS8EncodedKeySpec spec;
    try {
      spec =
          new PKCS8EncodedKeySpec(
              Base64.getMimeDecoder().decode(pem.substring(from + begin.length(), to)));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is not PEM", e);
    }
    for (String algorithm : List.of("EC", "RSA", "Ed25519")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (GeneralSecurityException e) {
        continue; // another type of key
      }
    }
    throw new IOException(file + " has a key of an unknown type");
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** Returns the reason of a failure, for users. */
  static String reason(IOException e) {
    if (e instanceof java.nio.file.NoSuchFileException) {
      return e.getMessage() + ": no such file";
    }
    return e.getMessage() == null
        ? "no connection; is the server running there? use --server=URL"
        : e.getMessage();
  }
}
