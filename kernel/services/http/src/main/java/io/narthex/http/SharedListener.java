package io.narthex.http;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A view of a listening socket that the core owns. Closing the view ends accepting here and leaves
 * the socket open. Several views may share a socket: each connection goes to one of them, and none
 * is refused while at least one accepts, or soon will. One thread accepts.
 */
final class SharedListener extends ServerSocketChannel {
  private final ServerSocketChannel socket;
  private final Selector connections;

  /**
   * Shares a socket.
   *
   * @param socket bound and in non-blocking mode
   */
  SharedListener(ServerSocketChannel socket) throws IOException {
    super(socket.provider());
    this.socket = socket;
    connections = socket.provider().openSelector();
    socket.register(connections, SelectionKey.OP_ACCEPT);
  }

  /**
   * Waits for a connection.
   *
   * @throws ClosedByInterruptException when this is closed or the thread is interrupted, both of
   *     which only end accepting; Jetty treats other exceptions as failures and tries again
   */
  @Override
  public SocketChannel accept() throws IOException {
    while (isOpen() && !Thread.currentThread().isInterrupted()) {
      SocketChannel connection = socket.isOpen() ? socket.accept() : null;
      if (connection != null) {
        return connection;
      }
      try {
        connections.select();
        connections.selectedKeys().clear();
      } catch (ClosedSelectorException e) {
        break;
      }
    }
    throw new ClosedByInterruptException();
  }

  @Override
  protected void implCloseSelectableChannel() throws IOException {
    connections.close();
  }

  /** Does nothing: {@link #accept} always blocks, the socket never does. */
  @Override
  protected void implConfigureBlocking(boolean block) {}

  @Override
  public ServerSocketChannel bind(@Nullable SocketAddress local, int backlog) {
    throw new UnsupportedOperationException("already bound");
  }

  @Override
  public <T> ServerSocketChannel setOption(SocketOption<T> name, T value) throws IOException {
    socket.setOption(name, value);
    return this;
  }

  @Override
  public <T> T getOption(SocketOption<T> name) throws IOException {
    return socket.getOption(name);
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    return socket.supportedOptions();
  }

  @Override
  public ServerSocket socket() {
    return socket.socket();
  }

  @Override
  public SocketAddress getLocalAddress() throws IOException {
    return socket.getLocalAddress();
  }
}
