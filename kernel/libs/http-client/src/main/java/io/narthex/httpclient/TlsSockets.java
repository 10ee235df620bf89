package io.narthex.httpclient;

import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Layers TLS over connected sockets according to {@code tls_config}, for STARTTLS as well as from
 * the first byte, with the rules of the HTTP client. Files are read for every connection, so that
 * renewed ones take effect. Thread-safe.
 */
public final class TlsSockets extends SSLSocketFactory {
  private final @Nullable TlsSettings settings;

  /** Creates a factory. */
  public TlsSockets(@Nullable TlsSettings settings) {
    this.settings = settings;
  }

  @Override
  public Socket createSocket(Socket plain, String host, int port, boolean autoClose)
      throws IOException {
    TlsSettings s = settings;
    String name = s == null || s.serverName().isEmpty() ? host : s.serverName();
    SSLSocket tls =
        (SSLSocket)
            TlsMaterial.context(s).getSocketFactory().createSocket(plain, name, port, autoClose);
    tls.setUseClientMode(true);
    SSLParameters parameters = tls.getSSLParameters();
    parameters.setServerNames(CertificateNames.indication(name));
    parameters.setProtocols(
        GoTls.array(
            s == null
                ? TlsMaterial.protocols("", "")
                : TlsMaterial.protocols(s.minVersion(), s.maxVersion())));
    parameters.setCipherSuites(GoTls.array(GoTls.SUITES));
    parameters.setNamedGroups(GoTls.array(GoTls.GROUPS));
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
  public Socket createSocket(String host, int port) throws IOException {
    throw unconnected();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort)
      throws IOException {
    throw unconnected();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    throw unconnected();
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
      throws IOException {
    throw unconnected();
  }

  private static SocketException unconnected() {
    return new SocketException("TLS is put on connected sockets only");
  }
}
