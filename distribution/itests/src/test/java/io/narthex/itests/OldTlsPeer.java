package io.narthex.itests;

import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * A target, or a client, that knows one version of TLS only; in a process of its own, as the JDK
 * forbids old ones to the whole process.
 */
final class OldTlsPeer {
  private static final char[] PASSWORD = "changeit".toCharArray();

  private OldTlsPeer() {}

  /** Runs {@code serve VERSION KEYS} or {@code connect VERSION PORT}. */
  public static void main(String[] args) throws Exception {
    Security.setProperty("jdk.tls.disabledAlgorithms", "NULL, anon");
    if (args[0].equals("serve")) {
      serve(args[1], Path.of(args[2]));
    } else {
      System.out.println(connect(args[1], Integer.parseInt(args[2])));
    }
  }

  private static void serve(String version, Path keys) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(keys)) {
      store.load(in, PASSWORD);
    }
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(store, PASSWORD);
    try (SSLServerSocket server =
        (SSLServerSocket)
            context(managers.getKeyManagers())
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      server.setEnabledProtocols(new String[] {version});
      System.out.println(server.getLocalPort());
      while (true) {
        try (SSLSocket client = (SSLSocket) server.accept()) {
          client.setSoTimeout(5_000);
          byte[] request = new byte[4_096];
          if (client.getInputStream().read(request) > 0) {
            String answer =
                "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold_version{v=\""
                    + client.getSession().getProtocol()
                    + "\"} 1\n";
            client.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
          }
        } catch (java.io.IOException e) {
          System.err.println(e);
        }
      }
    }
  }

  private static String connect(String version, int port) throws Exception {
    try (SSLSocket socket =
        (SSLSocket) context(null).getSocketFactory().createSocket("127.0.0.1", port)) {
      socket.setEnabledProtocols(new String[] {version});
      socket.startHandshake();
      return socket.getSession().getProtocol();
    } catch (java.io.IOException e) {
      return "refused";
    }
  }

  private static SSLContext context(KeyManager @org.jspecify.annotations.Nullable [] keys)
      throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, new TrustManager[] {new Anyone()}, null);
    return context;
  }

  private static final class Anyone implements X509TrustManager {
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
