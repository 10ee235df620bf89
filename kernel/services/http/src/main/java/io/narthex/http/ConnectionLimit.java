package io.narthex.http;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.ServerConnector;

/**
 * The limit of connections of all listeners together; unlike with Jetty's, listeners may change.
 */
final class ConnectionLimit extends NetworkConnectionLimit {
  private final List<ServerConnector> connectors = new CopyOnWriteArrayList<>();

  ConnectionLimit(int most) {
    super(most, new Connector[0]);
  }

  /** Counts the connections of a connector that has not been started yet. */
  void add(ServerConnector connector) {
    connector.addBean(this, false);
    connectors.add(connector);
  }

  void remove(ServerConnector connector) {
    connectors.remove(connector);
  }

  @Override
  protected void limit() {
    connectors.forEach(c -> c.setAccepting(false));
  }

  @Override
  protected void unlimit() {
    connectors.forEach(c -> c.setAccepting(true));
  }
}
