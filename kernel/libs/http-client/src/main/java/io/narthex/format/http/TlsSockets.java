package io.narthex.notifier.email;

import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Puts TLS as {@code tls_config} wants it upon connected sockets, for STARTTLS and from the first
 * byte alike. Thread-safe.
 */
final class TlsSockets extends SSLSocketFactory {
  private final @Nullable TlsSettings settings;
  private final Path folder;

  TlsSockets(@Nullable TlsSettings settings, Path folder) {
    this.settings = settings;
    this.folder = folder;
  }

  @Override
  public Socket createSocket(Socket plain, String host, int port, boolean autoClose)
      throws IOException {
    String name =
        settings == null || settings.serverName().isEmpty() ? host : settings.serverName();
    SSLSocket tls =
        (SSLSocket)
            Tls.context(settings, folder)
                .getSocketFactory()
                .createSocket(plain, name, port, autoClose);
    tls.setUseClientMode(true);
    SSLParameters parameters = tls.getSSLParameters();
    if (name.chars().anyMatch(Character::isLetter) && name.indexOf(':') < 0) {
      parameters.setServerNames(List.of(new SNIHostName(name)));
    }
    Tls.limitVersions(parameters, settings);
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
    return new SocketException("TLS goes upon connected sockets only");
  }
}
