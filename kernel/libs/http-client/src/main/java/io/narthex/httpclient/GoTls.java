package io.narthex.httpclient;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** What Go's crypto/tls offers and takes unless it is told otherwise. */
public final class GoTls {
  /** The suites, the preferred ones first. */
  public static final List<String> SUITES =
      List.of(
          "TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA");

  /** The groups of key exchanges that the JDK knows too, the preferred ones first. */
  public static final List<String> GROUPS =
      List.of("x25519", "secp256r1", "secp384r1", "secp521r1");

  private GoTls() {}

  /** Returns an array for the JDK's setters. */
  static String[] array(List<String> names) {
    return names.toArray(String[]::new);
  }

  /**
   * Returns what builds chains up to one of some certificates.
   *
   * @param trusted null: the JDK's
   */
  public static X509ExtendedTrustManager issuers(@Nullable List<X509Certificate> trusted)
      throws IOException, GeneralSecurityException {
    KeyStore store = null;
    if (trusted != null) {
      store = KeyStore.getInstance("PKCS12");
      store.load(null, new char[0]);
      for (int i = 0; i < trusted.size(); i++) {
        store.setCertificateEntry("ca" + i, trusted.get(i));
      }
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509ExtendedTrustManager x509) {
        return x509;
      }
    }
    throw new GeneralSecurityException("no trust manager for X.509");
  }
}
