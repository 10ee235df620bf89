package io.narthex.service.server;

import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Ends the server and keeps its sockets, for the parts that it cannot do without. Thread-safe. */
@ProviderType
public interface ServerControl {
  /** Ends the server cleanly; returns at once. */
  void stop();

  /**
   * Ends the server because it cannot do its work, with exit status 1; returns at once.
   *
   * @param message one line for the operator, {@code where: what, got X; what to do}
   */
  void fatal(String message);

  /** Reports the addresses the server listens on. */
  void listening(List<InetSocketAddress> addresses);

  /**
   * Returns the sockets the server listens on, bound and in non-blocking mode. The server keeps
   * them open while the HTTP bundle is replaced and closes them when it ends.
   */
  List<ServerSocketChannel> listeners();

  /** Hands the sockets the server listens on over to it. */
  void keep(List<ServerSocketChannel> listeners);
}
