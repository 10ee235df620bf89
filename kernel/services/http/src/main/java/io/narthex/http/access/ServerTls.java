package io.narthex.http.access;

import io.narthex.httpclient.ChainSignatures;
import io.narthex.httpclient.GoTls;
import io.narthex.httpclient.OneIdentity;
import io.narthex.httpclient.Pem;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.jspecify.annotations.Nullable;

/** TLS of the listeners, from the settings of the web configuration. */
public final class ServerTls {
  private static final List<String> VERSIONS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");
  private static final Map<String, String> CURVES =
      Map.of(
          "CurveP256", "secp256r1",
          "CurveP384", "secp384r1",
          "CurveP521", "secp521r1",
          "X25519", "x25519");

  private ServerTls() {}

  /** Everything that a listener needs. */
  public record Material(
      SSLContext context,
      WebConfig.Tls settings,
      List<String> protocols,
      List<String> ciphers,
      List<String> groups) {}

  /**
   * Reads certificates and keys; null without TLS.
   *
   * @param file the web configuration, from whose folder paths are resolved
   * @throws ConfigException with what cannot be used and why
   */
  static @Nullable Material material(WebConfig.Tls tls, Path file) {
    if (!tls.enabled()) {
      return null;
    }
    String cert = text(tls.cert(), tls.certFile(), file, "cert_file");
    String inlineKey = tls.key() == null ? "" : tls.key().reveal();
    String key = text(inlineKey, tls.keyFile(), file, "key_file");
    String ca = text(tls.clientCa(), tls.clientCaFile(), file, "client_ca_file");
    try {
      List<X509Certificate> chain = Pem.certificates(cert);
      PrivateKey privateKey = Pem.privateKey(key);
      if (!fits(privateKey, chain.getFirst().getPublicKey())) {
        throw new ConfigException(
            file + ": failed to load X509KeyPair: tls: private key does not match public key");
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          new KeyManager[] {new OneIdentity(privateKey, chain)},
          new TrustManager[] {new Clients(tls, ca.isEmpty() ? null : Pem.authorities(ca))},
          null);
      return new Material(
          context, tls, protocols(tls), ciphers(tls, file, context), groups(tls, file));
    } catch (IOException | GeneralSecurityException e) {
      throw new ConfigException(file + ": failed to load X509KeyPair: " + e.getMessage(), e);
    }
  }

  private static String text(String inline, String named, Path file, String what) {
    if (named.isEmpty()) {
      return inline;
    }
    Path path = Path.of(named);
    try {
      return Files.readString(path);
    } catch (IOException e) {
      throw new ConfigException("failed to read " + what + " (" + path + "): " + reason(e), e);
    }
  }

  static String reason(IOException e) {
    return e instanceof NoSuchFileException
        ? "no such file or directory"
        : e instanceof AccessDeniedException ? "permission denied" : String.valueOf(e.getMessage());
  }

  /** Returns whether two keys are a pair: what one signs, the other verifies. */
  private static boolean fits(PrivateKey key, PublicKey publicKey) throws GeneralSecurityException {
    String algorithm =
        switch (publicKey.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          case "EdDSA" -> "EdDSA";
          default -> "";
        };
    if (algorithm.isEmpty()) {
      return true;
    }
    byte[] probe = {1, 2, 3};
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(probe);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      signature.update(probe);
      return signature.verify(signed);
    } catch (java.security.InvalidKeyException | java.security.SignatureException e) {
      return false;
    }
  }

  private static List<String> protocols(WebConfig.Tls tls) {
    int from = version(tls.minVersion(), "TLS12");
    int to = version(tls.maxVersion(), "TLS13");
    // with none between them nobody is served, as in the original; an empty list would mean all
    return from > to ? List.of("none") : List.copyOf(VERSIONS.subList(from, to + 1));
  }

  private static int version(String name, String otherwise) {
    return List.of("TLS10", "TLS11", "TLS12", "TLS13").indexOf(name.isEmpty() ? otherwise : name);
  }

  private static List<String> ciphers(WebConfig.Tls tls, Path file, SSLContext context) {
    Set<String> known = Set.of(context.getSupportedSSLParameters().getCipherSuites());
    List<String> out = new ArrayList<>();
    for (String cipher : tls.cipherSuites()) {
      if (!known.contains(cipher)) {
        throw new ConfigException(file + ": unknown cipher: " + cipher);
      }
      out.add(cipher);
    }
    if (out.isEmpty()) {
      return GoTls.SUITES;
    }
    // as in the original the list is that of TLS 1.2; suites of 1.3 cannot be chosen
    Arrays.stream(context.getSupportedSSLParameters().getCipherSuites())
        .filter(c -> !c.contains("_WITH_") && !out.contains(c) && !c.endsWith("SCSV"))
        .forEach(out::add);
    return out;
  }

  private static List<String> groups(WebConfig.Tls tls, Path file) {
    List<String> out = new ArrayList<>();
    for (String curve : tls.curvePreferences()) {
      String group = CURVES.get(curve);
      if (group == null) {
        throw new ConfigException(file + ": unknown curve: " + curve);
      }
      out.add(group);
    }
    return out.isEmpty() ? GoTls.GROUPS : out;
  }

  /** The factory of a listener. */
  public static final class Factory extends SslContextFactory.Server {
    private final Runnable look;
    private volatile List<String> groups = GoTls.GROUPS;

    /**
     * Creates a factory.
     *
     * @param look checks for new material before each handshake
     */
    Factory(Material material, Runnable look) {
      this.look = look;
      apply(this, material);
    }

    @Override
    public SSLEngine newSSLEngine(InetSocketAddress address) {
      look.run();
      return super.newSSLEngine(address);
    }

    /** Uses new material for new connections; open ones keep theirs. */
    void renew(Material material) {
      try {
        reload(f -> apply((Factory) f, material));
      } catch (Exception e) {
        throw new ConfigException("new certificates cannot be used: " + e.getMessage(), e);
      }
    }

    @Override
    public void customize(SSLEngine engine) {
      super.customize(engine);
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setNamedGroups(groups.toArray(String[]::new));
      engine.setSSLParameters(parameters);
    }

    /** Does not warn of what Jetty holds to be weak: the suites are Go's or the user's. */
    @Override
    protected void checkConfiguration() {}
  }

  private static void apply(Factory factory, Material material) {
    WebConfig.Tls tls = material.settings();
    factory.groups = material.groups();
    factory.setSslContext(material.context());
    factory.setExcludeProtocols();
    factory.setIncludeProtocols(material.protocols().toArray(String[]::new));
    factory.setExcludeCipherSuites();
    factory.setIncludeCipherSuites(material.ciphers().toArray(String[]::new));
    factory.setUseCipherSuitesOrder(tls.preferServerCipherSuites());
    factory.setNeedClientAuth(tls.requiresClients());
    factory.setWantClientAuth(tls.asksClients() && !tls.requiresClients());
  }

  /** Checks clients' certificates. */
  private static final class Clients extends X509ExtendedTrustManager {
    private final WebConfig.Tls tls;
    private final @Nullable X509ExtendedTrustManager issuers;
    private final ChainSignatures signatures;

    Clients(WebConfig.Tls tls, @Nullable List<X509Certificate> cas)
        throws GeneralSecurityException, IOException {
      this.tls = tls;
      issuers = tls.verifiesClients() ? GoTls.issuers(cas) : null;
      signatures = new ChainSignatures(getAcceptedIssuers());
    }

    private void named(X509Certificate[] chain) throws CertificateException {
      if (tls.clientAllowedSans().isEmpty()) {
        return;
      }
      Collection<List<?>> names = chain[0].getSubjectAlternativeNames();
      if (names != null) {
        for (List<?> name : names) {
          // 1 e-mail, 2 DNS, 6 URI, 7 IP address (RFC 5280, GeneralName)
          if (Set.of(1, 2, 6, 7).contains(name.get(0))
              && tls.clientAllowedSans().contains(String.valueOf(name.get(1)))) {
            return;
          }
        }
      }
      throw new CertificateException(
          "could not find allowed SANs in client cert, wanted one of: " + tls.clientAllowedSans());
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      if (issuers != null) {
        signatures.check(chain);
        issuers.checkClientTrusted(chain, type, engine);
      }
      named(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      if (issuers != null) {
        signatures.check(chain);
        issuers.checkClientTrusted(chain, type, socket);
      }
      named(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      if (issuers != null) {
        signatures.check(chain);
        issuers.checkClientTrusted(chain, type);
      }
      named(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("this side is the server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      checkServerTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return issuers == null ? new X509Certificate[0] : issuers.getAcceptedIssuers();
    }
  }
}
