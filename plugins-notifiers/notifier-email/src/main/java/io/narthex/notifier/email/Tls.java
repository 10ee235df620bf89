package io.narthex.notifier.email;

import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** TLS from {@code tls_config}; files are read for every connection, so that renewed ones count. */
final class Tls {
  private static final List<String> VERSIONS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");

  private Tls() {}

  static SSLContext context(@Nullable TlsSettings settings, Path folder) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      if (settings == null) {
        context.init(null, null, null);
        return context;
      }
      context.init(keys(settings, folder), trust(settings, folder), new SecureRandom());
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("tls_config: " + e.getMessage(), e);
    }
  }

  static void limitVersions(SSLParameters parameters, @Nullable TlsSettings settings) {
    if (settings == null || (settings.minVersion().isEmpty() && settings.maxVersion().isEmpty())) {
      return;
    }
    int from = settings.minVersion().isEmpty() ? 2 : index(settings.minVersion());
    int to = settings.maxVersion().isEmpty() ? 3 : index(settings.maxVersion());
    List<String> enabled = VERSIONS.subList(Math.min(from, to), to + 1);
    parameters.setProtocols(enabled.toArray(new String[0]));
  }

  private static int index(String version) {
    return switch (version) {
      case "TLS10" -> 0;
      case "TLS11" -> 1;
      case "TLS12" -> 2;
      default -> 3;
    };
  }

  private static TrustManager @Nullable [] trust(TlsSettings s, Path folder)
      throws GeneralSecurityException, IOException {
    if (s.insecureSkipVerify()) {
      return new TrustManager[] {new TrustAll()};
    }
    String pem = text(s.ca(), s.caFile(), folder);
    if (pem.isEmpty()) {
      return null;
    }
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    int i = 0;
    for (Certificate c : certificates(pem)) {
      store.setCertificateEntry("ca" + i++, c);
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static KeyManager @Nullable [] keys(TlsSettings s, Path folder)
      throws GeneralSecurityException, IOException {
    String certificate = text(s.cert(), s.certFile(), folder);
    Secret inline = s.key();
    String key = text(inline == null ? "" : inline.reveal(), s.keyFile(), folder);
    if (certificate.isEmpty() || key.isEmpty()) {
      return null;
    }
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "client",
        privateKey(key),
        new char[0],
        certificates(certificate).toArray(new Certificate[0]));
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, new char[0]);
    return factory.getKeyManagers();
  }

  private static String text(String inline, String file, Path folder) throws IOException {
    return inline.isEmpty() ? file.isEmpty() ? "" : Files.readString(folder.resolve(file)) : inline;
  }

  private static Collection<? extends Certificate> certificates(String pem)
      throws GeneralSecurityException {
    return new ArrayList<>(
        CertificateFactory.getInstance("X.509")
            .generateCertificates(
                new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))));
  }

  /** Reads a key in PKCS 8 form, or an RSA key in PKCS 1 form. */
  static PrivateKey privateKey(String pem) throws GeneralSecurityException {
    boolean pkcs1 = pem.contains("BEGIN RSA PRIVATE KEY");
    String marker = pkcs1 ? "RSA PRIVATE KEY" : "PRIVATE KEY";
    int start = pem.indexOf("-----BEGIN " + marker + "-----");
    int end = pem.indexOf("-----END " + marker + "-----");
    if (start < 0 || end < start) {
      throw new GeneralSecurityException(
          "key must be an unencrypted PEM key in PKCS 8 or PKCS 1 form; convert it with openssl pkcs8 -topk8 -nodes");
    }
    byte[] der =
        Base64.getMimeDecoder().decode(pem.substring(start + marker.length() + 16, end).strip());
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(pkcs1 ? wrap(der) : der);
    for (String algorithm : new String[] {"RSA", "EC", "EdDSA"}) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (InvalidKeySpecException e) {
        // not a key of this algorithm
      }
    }
    throw new GeneralSecurityException("key is of an algorithm that is not known");
  }

  /** Puts a PKCS 1 key into the PKCS 8 envelope: version 0, rsaEncryption, the key. */
  private static byte[] wrap(byte[] pkcs1) {
    byte[] algorithm = {
      0x02,
      0x01,
      0x00,
      0x30,
      0x0d,
      0x06,
      0x09,
      0x2a,
      (byte) 0x86,
      0x48,
      (byte) 0x86,
      (byte) 0xf7,
      0x0d,
      0x01,
      0x01,
      0x01,
      0x05,
      0x00
    };
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(algorithm);
    element(body, 0x04, pkcs1);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    element(out, 0x30, body.toByteArray());
    return out.toByteArray();
  }

  private static void element(ByteArrayOutputStream out, int tag, byte[] content) {
    out.write(tag);
    int n = content.length;
    if (n < 128) {
      out.write(n);
    } else if (n < 256) {
      out.write(0x81);
      out.write(n);
    } else {
      out.write(0x82);
      out.write(n >> 8);
      out.write(n);
    }
    out.writeBytes(content);
  }

  /** What {@code insecure_skip_verify} asks for. */
  private static final class TrustAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
