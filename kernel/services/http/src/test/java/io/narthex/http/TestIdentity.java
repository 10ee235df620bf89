package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A key and a certificate signed by itself, made by the JDK's keytool. */
final class TestIdentity {
  private static final String PASSWORD = "changeit";

  private final KeyStore store;

  private TestIdentity(KeyStore store) {
    this.store = store;
  }

  /** Makes an identity; {@code names} as keytool wants them, {@code ip:127.0.0.1}. */
  static TestIdentity create(Path folder, String name, String names) throws Exception {
    Path file = folder.resolve(name + ".p12");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(
        List.of("-genkeypair", "-alias", "a", "-keyalg", "EC", "-groupname", "secp256r1"));
    command.addAll(List.of("-dname", "CN=" + name, "-ext", "SAN=" + names, "-validity", "2"));
    command.addAll(
        List.of("-storetype", "PKCS12", "-keystore", file.toString(), "-storepass", PASSWORD));
    Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(p.waitFor()).as(output).isZero();
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD.toCharArray());
    }
    return new TestIdentity(store);
  }

  private static String pem(String kind, byte[] der) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + kind + "-----\n" + base64 + "\n-----END " + kind + "-----\n";
  }

  void write(Path certificate, Path key) throws IOException, GeneralSecurityException {
    Files.writeString(certificate, pem("CERTIFICATE", store.getCertificate("a").getEncoded()));
    Key secret = store.getKey("a", PASSWORD.toCharArray());
    Files.writeString(key, pem("PRIVATE KEY", secret.getEncoded()));
  }

  /** Returns what a client needs that trusts some servers and shows this identity. */
  SSLContext client(TestIdentity... servers) throws IOException, GeneralSecurityException {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, PASSWORD.toCharArray());
    return context(keys, servers);
  }

  /** Returns what a client needs that trusts some servers and shows nothing. */
  static SSLContext anonymous(TestIdentity... servers)
      throws IOException, GeneralSecurityException {
    return context(null, servers);
  }

  private static SSLContext context(
      @org.jspecify.annotations.Nullable KeyManagerFactory keys, TestIdentity... servers)
      throws IOException, GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    for (int i = 0; i < servers.length; i++) {
      trusted.setCertificateEntry("s" + i, servers[i].store.getCertificate("a"));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys == null ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
