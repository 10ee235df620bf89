package io.narthex.service.server;

import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Ends the server and keeps its sockets; for essential parts only. Thread-safe. */
@ProviderType
public interface ServerControl {
  /** Shuts the server down; returns immediately. */
  void stop();

  /**
   * Ends the server after a fatal error with exit status 1; returns immediately.
   *
   * @param message one line for the operator, {@code where: what, got X; what to do}
   */
  void fatal(String message);

  /** Reports the addresses the server listens on. */
  void listening(List<InetSocketAddress> addresses);

  /**
   * Returns the listening sockets, bound and in non-blocking mode. The server keeps them open while
   * the HTTP bundle is replaced and closes them at its end.
   */
  List<ServerSocketChannel> listeners();

  /** Passes the listening sockets to the server. */
  void keep(List<ServerSocketChannel> listeners);
}
