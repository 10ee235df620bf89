package io.narthex.exporter.jvm.remote;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.rmi.server.RMIClientSocketFactory;
import java.rmi.server.RMIServerSocketFactory;
import java.rmi.server.UnicastRemoteObject;
import java.util.HashMap;
import java.util.Map;
import javax.management.MBeanServer;
import javax.management.MBeanServerFactory;
import javax.management.remote.JMXAuthenticator;
import javax.management.remote.JMXConnectorServer;
import javax.management.remote.JMXConnectorServerFactory;
import javax.management.remote.JMXPrincipal;
import javax.management.remote.JMXServiceURL;
import javax.management.remote.rmi.RMIConnectorServer;
import javax.net.ssl.SSLContext;
import javax.rmi.ssl.SslRMIClientSocketFactory;
import javax.rmi.ssl.SslRMIServerSocketFactory;
import javax.security.auth.Subject;
import org.jspecify.annotations.NullUnmarked;

/** A JMX server of the JDK in this JVM, with MBeans of its own. */
@NullUnmarked
public final class JmxServer implements AutoCloseable {
  private final MBeanServer beans = MBeanServerFactory.newMBeanServer();
  private final int port;
  private final Registry registry;
  private final JMXConnectorServer server;

  /**
   * Starts it.
   *
   * @param password of the user {@code monitor}, or null
   * @param tls for registry and server, or null
   */
  public JmxServer(String password, SSLContext tls) throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Map<String, Object> settings = new HashMap<>();
    RMIClientSocketFactory client = null;
    RMIServerSocketFactory accept = JmxServer::listen;
    if (tls != null) {
      client = new SslRMIClientSocketFactory();
      accept = new SslRMIServerSocketFactory(tls, null, null, false);
      settings.put(RMIConnectorServer.RMI_CLIENT_SOCKET_FACTORY_ATTRIBUTE, client);
      // the server binds itself by a client that does not trust this certificate: a registry of TLS
      // is tested against the agent of the JDK
    }
    settings.put(RMIConnectorServer.RMI_SERVER_SOCKET_FACTORY_ATTRIBUTE, accept);
    if (password != null) {
      settings.put(
          JMXConnectorServer.AUTHENTICATOR,
          (JMXAuthenticator)
              credentials -> {
                if (credentials instanceof String[] c
                    && c.length == 2
                    && "monitor".equals(c[0])
                    && password.equals(c[1])) {
                  return new Subject(
                      true,
                      java.util.Set.of(new JMXPrincipal("monitor")),
                      java.util.Set.of(),
                      java.util.Set.of());
                }
                throw new SecurityException("Authentication failed! Invalid username or password");
              });
    }
    registry = LocateRegistry.createRegistry(port, null, JmxServer::listen);
    server =
        JMXConnectorServerFactory.newJMXConnectorServer(
            new JMXServiceURL("service:jmx:rmi:///jndi/rmi://127.0.0.1:" + port + "/jmxrmi"),
            settings,
            beans);
    server.start();
  }

  private static ServerSocket listen(int port) throws IOException {
    return new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
  }

  /** Returns its MBeans. */
  public MBeanServer beans() {
    return beans;
  }

  /** Returns the port of the registry. */
  public int port() {
    return port;
  }

  /** Returns host and port of the registry. */
  public String address() {
    return "127.0.0.1:" + port;
  }

  @Override
  public void close() throws IOException {
    server.stop();
    boolean unused = UnicastRemoteObject.unexportObject(registry, true);
  }
}
