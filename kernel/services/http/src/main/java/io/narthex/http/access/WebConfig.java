package io.narthex.http.access;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The file of {@code --web.config.file}, in the form of Prometheus' exporter-toolkit 0.17. Paths in
 * it are relative to the folder of the file.
 */
public record WebConfig(
    @Setting(help = "TLS of the listeners") Tls tlsServerConfig,
    @Setting(help = "HTTP of the listeners") Http httpServerConfig,
    @Setting(help = "Users and the bcrypt hashes of their passwords", secret = true)
        Map<String, Secret> basicAuthUsers,
    @Setting(help = "Limit of the rate of requests") RateLimit rateLimit) {
  private static final Map<String, List<String>> HEADERS =
      Map.of(
          "Strict-Transport-Security",
          List.of(),
          "X-Content-Type-Options",
          List.of("nosniff"),
          "X-Frame-Options",
          List.of("deny", "sameorigin"),
          "X-XSS-Protection",
          List.of(),
          "Content-Security-Policy",
          List.of());

  /** What a server without such a file has. */
  public static final WebConfig NONE = read("", "");

  /** TLS of the listeners; off when nothing of it is set. */
  public record Tls(
      @Setting(help = "Certificate chain, PEM", defaultValue = "") String cert,
      @Setting(help = "File with the certificate chain, PEM", file = true) String certFile,
      @Setting(help = "Private key, PEM") @Nullable Secret key,
      @Setting(help = "File with the private key, PEM", file = true) String keyFile,
      @Setting(name = "client_ca", help = "Certificates of the issuers of clients, PEM")
          String clientCa,
      @Setting(
              name = "client_ca_file",
              help = "File with certificates of the issuers of clients, PEM",
              file = true)
          String clientCaFile,
      @Setting(help = "Go's policy for client certificates; empty = NoClientCert")
          String clientAuthType,
      @Setting(help = "Names (SAN) of which a client's certificate must have one")
          List<String> clientAllowedSans,
      @Setting(help = "Cipher suites of TLS 1.2 and older, by their IANA names")
          List<String> cipherSuites,
      @Setting(help = "Elliptic curves, the preferred one first") List<String> curvePreferences,
      @Setting(
              help = "Oldest version of TLS",
              defaultValue = "TLS12",
              oneOf = {"TLS10", "TLS11", "TLS12", "TLS13"})
          String minVersion,
      @Setting(
              help = "Newest version of TLS",
              defaultValue = "TLS13",
              oneOf = {"TLS10", "TLS11", "TLS12", "TLS13"})
          String maxVersion,
      @Setting(
              help = "Whether the server's preference of cipher suites counts",
              defaultValue = "true")
          boolean preferServerCipherSuites) {
    /** Returns whether the listeners use TLS. */
    public boolean enabled() {
      return !(cert.isEmpty()
          && certFile.isEmpty()
          && (key == null || key.isEmpty())
          && keyFile.isEmpty()
          && clientCa.isEmpty()
          && clientCaFile.isEmpty()
          && clientAuthType.isEmpty());
    }

    /** Returns whether clients are asked for a certificate. */
    boolean asksClients() {
      return !clientAuthType.isEmpty() && !clientAuthType.equals("NoClientCert");
    }

    /** Returns whether clients without certificate are refused. */
    boolean requiresClients() {
      return clientAuthType.startsWith("Require");
    }

    /** Returns whether clients' certificates are verified. */
    boolean verifiesClients() {
      return clientAuthType.contains("Verify");
    }

    private void check(String file) {
      if (!enabled()) {
        return;
      }
      if (cert.isEmpty() && certFile.isEmpty()) {
        throw new ConfigException(file + ": missing one of cert or cert_file");
      }
      if ((key == null || key.isEmpty()) && keyFile.isEmpty()) {
        throw new ConfigException(file + ": missing one of key or key_file");
      }
      Set<String> known =
          Set.of(
              "",
              "NoClientCert",
              "RequestClientCert",
              "RequireClientCert",
              "RequireAnyClientCert",
              "VerifyClientCertIfGiven",
              "RequireAndVerifyClientCert");
      if (!known.contains(clientAuthType)) {
        throw new ConfigException(file + ": invalid ClientAuth: " + clientAuthType);
      }
      if (!(clientCa.isEmpty() && clientCaFile.isEmpty()) && !asksClients()) {
        throw new ConfigException(
            file + ": client CA's have been configured without a Client Auth Policy");
      }
      if (!clientAllowedSans.isEmpty() && !requiresClients()) {
        throw new ConfigException(
            file
                + ": client_allowed_sans requires client_auth_type to be one of"
                + " RequireAnyClientCert or RequireAndVerifyClientCert");
      }
    }
  }

  /** HTTP of the listeners. */
  public record Http(
      @Setting(help = "Whether HTTP/2 is spoken over TLS", defaultValue = "true") boolean http2,
      @Setting(help = "Headers of every response") Map<String, String> headers) {}

  /** A bucket of {@code burst} requests that gets one more each {@code interval}. */
  public record RateLimit(
      @Setting(help = "Time after which one more request is let through; 0 = no limit")
          @Nullable Duration interval,
      @Setting(help = "Most requests at once", min = 0) int burst) {}

  /** Refuses an empty version, which is no absent one. */
  private static void checkVersion(@Nullable ConfigNode version) {
    if (version instanceof Scalar s && s.kind() != Scalar.Kind.NULL && s.text().isEmpty()) {
      throw new ConfigException(
          s.place() + ": unknown TLS version: ; write TLS10, TLS11, TLS12 or TLS13");
    }
  }

  /**
   * Reads the text of the file.
   *
   * @param file name used in messages
   * @throws ConfigException with place and cause
   */
  public static WebConfig read(String file, String text) {
    ConfigNode root = YamlReader.readSingle(file, text);
    WebConfig config = ConfigBinder.bind(root, WebConfig.class);
    if (root instanceof Mapping all && all.get("tls_server_config") instanceof Mapping tls) {
      checkVersion(tls.get("min_version"));
      checkVersion(tls.get("max_version"));
    }
    config.tlsServerConfig.check(file);
    config.httpServerConfig.headers.forEach((name, value) -> {
      List<String> allowed = HEADERS.get(name);
      if (allowed == null) {
        throw new ConfigException(file + ": HTTP header \"" + name + "\" can not be configured");
      }
      if (!allowed.isEmpty() && !allowed.contains(value)) {
        throw new ConfigException(
            file
                + ": invalid value for "
                + name
                + ". Expected one of: "
                + allowed
                + ", but got: \""
                + value
                + "\"");
      }
    });
    config.basicAuthUsers.forEach((user, hash) -> {
      if (!Passwords.isHash(hash.reveal())) {
        throw new ConfigException(
            file
                + ": the password of user \""
                + user
                + "\" is no bcrypt hash; make one with: htpasswd -nBC 10 \"\"");
      }
    });
    return config;
  }
}
