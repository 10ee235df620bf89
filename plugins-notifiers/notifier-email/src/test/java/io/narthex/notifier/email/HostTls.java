package io.narthex.notifier.email;

import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.NullUnmarked;

/** A context with the TLS of a host: it knows {@code ca_file} and {@code insecure_skip_verify}. */
@NullUnmarked
final class HostTls implements PluginContext {
  final List<TlsSettings> asked = new ArrayList<>();
  private final PluginContext base;

  HostTls(PluginContext base) {
    this.base = base;
  }

  @Override
  public SSLSocketFactory tls(TlsSettings settings) {
    asked.add(settings);
    return new Sockets(settings, configDirectory());
  }

  @Override
  public String instance() {
    return base.instance();
  }

  @Override
  public Clock clock() {
    return base.clock();
  }

  @Override
  public HttpTransport http() {
    return base.http();
  }

  @Override
  public Path stateDirectory() {
    return base.stateDirectory();
  }

  @Override
  public Path configDirectory() {
    return base.configDirectory();
  }

  private static final class Sockets extends SSLSocketFactory {
    private final TlsSettings settings;
    private final Path folder;

    Sockets(TlsSettings settings, Path folder) {
      this.settings = settings;
      this.folder = folder;
    }

    private TrustManager[] trust() throws GeneralSecurityException, IOException {
      if (settings != null && settings.insecureSkipVerify()) {
        return new TrustManager[] {new TrustAnyone()};
      }
      if (settings == null || settings.caFile().isEmpty()) {
        return null;
      }
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      try (InputStream in = Files.newInputStream(folder.resolve(settings.caFile()))) {
        for (Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
          store.setCertificateEntry("ca" + store.size(), c);
        }
      }
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(store);
      return factory.getTrustManagers();
    }

    @Override
    public Socket createSocket(Socket plain, String host, int port, boolean autoClose)
        throws IOException {
      SSLSocket tls;
      try {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust(), null);
        tls = (SSLSocket) context.getSocketFactory().createSocket(plain, host, port, autoClose);
      } catch (GeneralSecurityException e) {
        throw new IOException(e);
      }
      SSLParameters parameters = tls.getSSLParameters();
      if (settings == null || !settings.insecureSkipVerify()) {
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
      }
      tls.setSSLParameters(parameters);
      return tls;
    }

    @Override
    public String[] getDefaultCipherSuites() {
      return new String[0];
    }

    @Override
    public String[] getSupportedCipherSuites() {
      return new String[0];
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new AssertionError();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
      throw new AssertionError();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new AssertionError();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
      throw new AssertionError();
    }
  }

  private static final class TrustAnyone extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
