package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.stub.RMIServerImpl_Stub;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Where the JMX server of a JVM is found.
 *
 * @param host the only host that is connected to, whatever a registry says
 * @param port of the registry; 0 when there is a stub
 * @param name in the registry
 * @param stub the server itself, when no registry has to be asked
 */
public record Endpoint(String host, int port, String name, @Nullable RMIServerImpl_Stub stub) {
  private static final String PREFIX = "service:jmx:rmi://";
  private static final String JNDI = "/jndi/rmi://";
  private static final String STUB = "/stub/";
  private static final int LONGEST_STUB = 16 << 10;

  /**
   * Reads a service URL of JMX over RMI, or {@code host:port} of a registry.
   *
   * @throws IllegalArgumentException with a message for users
   */
  public static Endpoint parse(String text) {
    if (!text.startsWith("service:")) {
      return hostPort(text, "jmxrmi");
    }
    int jndi = text.indexOf(JNDI);
    if (!text.startsWith(PREFIX) || jndi < 0) {
      throw new IllegalArgumentException(
          "a JMX URL must be service:jmx:rmi:///jndi/rmi://HOST:PORT/jmxrmi, got \"" + text + "\"");
    }
    String rest = text.substring(jndi + JNDI.length());
    int slash = rest.indexOf('/');
    return slash < 0
        ? hostPort(rest, "jmxrmi")
        : hostPort(rest.substring(0, slash), rest.substring(slash + 1));
  }

  private static Endpoint hostPort(String text, String name) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    int port = 0;
    try {
      port = colon < 0 ? 0 : Integer.parseInt(text.substring(colon + 1));
    } catch (NumberFormatException _) {
      // refused below
    }
    if (host.isEmpty() || host.contains("/") || port < 1 || port > 65535 || name.isEmpty()) {
      throw new IllegalArgumentException(
          "the address of a JVM must be HOST:PORT or a JMX URL, got \"" + text + "\"");
    }
    return new Endpoint(host, port, name, null);
  }

  /**
   * Reads the URL of a management agent of this machine, which has the address within.
   *
   * @throws IOException when it is no such URL
   */
  static Endpoint local(String url) throws IOException {
    int start = url.indexOf(STUB);
    if (!url.startsWith(PREFIX) || start < 0 || url.length() > LONGEST_STUB) {
      throw new IOException("the management agent of the JVM gives no address");
    }
    byte[] bytes;
    try {
      bytes = Base64.getMimeDecoder().decode(url.substring(start + STUB.length()));
    } catch (IllegalArgumentException e) {
      throw new IOException("the management agent of the JVM gives no readable address", e);
    }
    try (ReplyStream in = new ReplyStream(new ByteArrayInputStream(bytes), false)) {
      if (in.readObject() instanceof RMIServerImpl_Stub stub) {
        return new Endpoint("127.0.0.1", 0, "", stub);
      }
    } catch (ClassNotFoundException | RuntimeException e) {
      throw new IOException("the management agent of the JVM gives no readable address", e);
    }
    throw new IOException("the management agent of the JVM gives no address of a JMX server");
  }
}
