package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.jmx.Deadline;
import io.narthex.exporter.jvm.jmx.JmxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.function.Supplier;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** Connects by TCP, and layers TLS over it when asked. */
public final class HostSockets implements Sockets {
  private final Supplier<SSLSocketFactory> tls;

  /**
   * Creates one.
   *
   * @param tls asked for each connection with TLS; may throw an {@link UncheckedIOException}
   */
  public HostSockets(Supplier<SSLSocketFactory> tls) {
    this.tls = tls;
  }

  @Override
  public Socket connect(String host, int port, boolean withTls, Deadline deadline)
      throws IOException, InterruptedException {
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved()) {
      throw new JmxException("host \"" + host + "\" is not known");
    }
    Socket socket = new TimedSocket(deadline);
    boolean done = false;
    try {
      socket.setTcpNoDelay(true);
      socket.connect(address, deadline.millisLeft());
      if (withTls) {
        Socket layered = tls.get().createSocket(socket, host, port, true);
        if (layered instanceof SSLSocket ssl) {
          ssl.startHandshake();
        }
        done = true;
        return layered;
      }
      done = true;
      return socket;
    } catch (SocketTimeoutException e) {
      throw new JmxException(host + ":" + port + " does not answer in time", e);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      if (!done) {
        socket.close();
      }
    }
  }
}
