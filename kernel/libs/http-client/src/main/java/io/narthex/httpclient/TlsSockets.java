package io.narthex.httpclient;

import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import javax.net.ssl.SNIHostName;
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
    if (s == null || !s.insecureSkipVerify()) {
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
    }
    if (name.chars().anyMatch(Character::isLetter) && name.indexOf(':') < 0) {
      try {
        parameters.setServerNames(List.of(new SNIHostName(name)));
      } catch (IllegalArgumentException e) {
        // a name that is invalid in DNS, for example a_b, is not sent
      }
    }
    List<String> protocols =
        s == null ? List.of() : TlsMaterial.protocols(s.minVersion(), s.maxVersion());
    if (!protocols.isEmpty()) {
      parameters.setProtocols(protocols.toArray(new String[0]));
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
