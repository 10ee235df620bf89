package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.jmx.JmxException;
import io.narthex.exporter.jvm.jmx.RuleFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** TLS by the key stores of a rule file. The certificate must be valid for the host. */
public final class StoreSockets extends SSLSocketFactory {
  private static final long LARGEST_STORE = 16 << 20;

  private final SSLSocketFactory factory;
  private final RuleFile.Tls tls;

  /**
   * Reads the stores.
   *
   * @param folder that relative file names are relative to
   */
  public StoreSockets(RuleFile.Tls tls, Path folder) throws IOException {
    this.tls = tls;
    try {
      KeyManagerFactory keys = null;
      RuleFile.Store keyStore = tls.keyStore();
      if (keyStore != null) {
        keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(load(keyStore, folder), keyStore.password().toCharArray());
      }
      TrustManagerFactory trusted = null;
      if (tls.trustStore() != null) {
        trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(load(tls.trustStore(), folder));
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          keys == null ? null : keys.getKeyManagers(),
          trusted == null ? null : trusted.getTrustManagers(),
          null);
      factory = context.getSocketFactory();
    } catch (GeneralSecurityException e) {
      throw new JmxException("the key stores of ssl cannot be used: " + e.getMessage(), e);
    }
  }

  private static KeyStore load(RuleFile.Store store, Path folder)
      throws IOException, GeneralSecurityException {
    Path file = folder.resolve(store.file());
    if (Files.size(file) > LARGEST_STORE) {
      throw new JmxException(file + ": a key store has at most " + LARGEST_STORE + " bytes");
    }
    KeyStore loaded =
        KeyStore.getInstance(store.type().isEmpty() ? KeyStore.getDefaultType() : store.type());
    try (InputStream in = Files.newInputStream(file)) {
      loaded.load(in, store.password().toCharArray());
    } catch (IOException e) {
      throw new JmxException(file + ": " + e.getMessage(), e);
    }
    return loaded;
  }

  @Override
  public Socket createSocket(Socket socket, String host, int port, boolean autoClose)
      throws IOException {
    SSLSocket layered = (SSLSocket) factory.createSocket(socket, host, port, autoClose);
    SSLParameters parameters = layered.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    try {
      if (!tls.protocols().isEmpty()) {
        parameters.setProtocols(tls.protocols().toArray(new String[0]));
      }
      if (!tls.ciphers().isEmpty()) {
        parameters.setCipherSuites(tls.ciphers().toArray(new String[0]));
      }
      layered.setSSLParameters(parameters);
    } catch (IllegalArgumentException e) {
      throw new JmxException("protocols or ciphers of ssl: " + e.getMessage(), e);
    }
    return layered;
  }

  @Override
  public String[] getDefaultCipherSuites() {
    return factory.getDefaultCipherSuites();
  }

  @Override
  public String[] getSupportedCipherSuites() {
    return factory.getSupportedCipherSuites();
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(
      String host, int port, @Nullable InetAddress localHost, int localPort) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(
      InetAddress address, int port, InetAddress localAddress, int localPort) {
    throw new UnsupportedOperationException();
  }
}
