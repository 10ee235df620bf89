package io.narthex.httpclient;

import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Builds the TLS context of a client from its settings and detects changed files. */
final class TlsMaterial {
  private static final String[] VERSIONS = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};

  private TlsMaterial() {}

  /** Returns a string that changes when one of the files does. */
  static String fingerprint(TlsSettings tls) {
    StringBuilder b = new StringBuilder();
    for (String file : new String[] {tls.caFile(), tls.certFile(), tls.keyFile()}) {
      if (!file.isEmpty()) {
        Path p = Path.of(file);
        try {
          b.append(Files.getLastModifiedTime(p).toMillis()).append('/').append(Files.size(p));
        } catch (IOException e) {
          b.append('-');
        }
      }
      b.append(';');
    }
    return b.toString();
  }

  /**
   * Reads all files and returns the context.
   *
   * @throws IOException when something cannot be read, with a message for users
   */
  static SSLContext context(@Nullable TlsSettings tls) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(tls == null ? null : keyManagers(tls), trustManagers(tls), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS settings cannot be used: " + e.getMessage(), e);
    }
  }

  private static KeyManager @Nullable [] keyManagers(TlsSettings tls) throws IOException {
    String cert = textOr(tls.cert(), tls.certFile(), "client cert");
    String key = textOr(tls.key() == null ? "" : tls.key().reveal(), tls.keyFile(), "client key");
    if (cert.isEmpty() || key.isEmpty()) {
      return null;
    }
    return new KeyManager[] {new OneIdentity(Pem.privateKey(key), Pem.certificates(cert))};
  }

  private static TrustManager[] trustManagers(@Nullable TlsSettings tls)
      throws IOException, GeneralSecurityException {
    if (tls != null && tls.insecureSkipVerify()) {
      return new TrustManager[] {new TrustAnyone()};
    }
    String ca = tls == null ? "" : textOr(tls.ca(), tls.caFile(), "CA cert");
    return new TrustManager[] {
      new ServerTrust(GoTls.issuers(ca.isEmpty() ? null : Pem.authorities(ca)))
    };
  }

  private static String textOr(String inline, String file, String what) throws IOException {
    if (!inline.isEmpty() || file.isEmpty()) {
      return inline;
    }
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new IOException(
          "unable to read specified " + what + " (" + file + "): " + reason(e), e);
    }
  }

  static String reason(IOException e) {
    return e instanceof java.nio.file.NoSuchFileException
        ? "no such file or directory"
        : e instanceof java.nio.file.AccessDeniedException
            ? "permission denied"
            : String.valueOf(e.getMessage());
  }

  /**
   * Returns the versions from one setting to the other; without any, 1.2 and 1.3.
   *
   * @throws IOException when there are none
   */
  static List<String> protocols(String min, String max) throws IOException {
    int from = min.isEmpty() ? 2 : index(min);
    int to = max.isEmpty() ? 3 : index(max);
    if (from > to) {
      throw new IOException("tls: no supported versions satisfy MinVersion and MaxVersion");
    }
    return List.of(VERSIONS).subList(from, to + 1);
  }

  private static int index(String version) {
    return switch (version.toUpperCase(Locale.ROOT)) {
      case "TLS10" -> 0;
      case "TLS11" -> 1;
      case "TLS12" -> 2;
      case "TLS13" -> 3;
      default ->
          throw new IllegalArgumentException(
              "TLS version must be one of TLS10, TLS11, TLS12, TLS13, got \"" + version + "\"");
    };
  }

  /** Accepts every certificate, for {@code insecure_skip_verify}. */
  private static final class TrustAnyone extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
