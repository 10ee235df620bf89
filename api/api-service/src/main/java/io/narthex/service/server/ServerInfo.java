package io.narthex.service.server;

import io.narthex.model.go.GoUrl;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** Properties of the server as a whole; {@link ServerControl} changes it. Thread-safe. */
@ProviderType
public interface ServerInfo {
  /** Returns the version, for example {@code 0.1.0}. */
  String version();

  /**
   * Returns the version of Prometheus with which the server is compatible and which it reports to
   * clients.
   */
  String compatibleVersion();

  /** Returns revision, branch, build user and build date. */
  Map<String, String> build();

  /** Returns the start time of the process. */
  Instant startTime();

  /** Returns whether the server answers queries: configuration applied and storage open. */
  boolean ready();

  /** Returns whether the server is shutting down. */
  boolean stopping();

  /**
   * Shuts the server down; returns immediately.
   *
   * @deprecated see {@link ServerControl#stop}
   */
  @Deprecated
  void stop();

  /**
   * Ends the server after a fatal error with exit status 1; returns immediately.
   *
   * @param message one line for the operator, {@code where: what, got X; what to do}
   * @deprecated see {@link ServerControl#fatal}
   */
  @Deprecated
  void fatal(String message);

  /** Returns the URL at which users reach the server, without trailing slash. */
  GoUrl externalUrl();

  /** Returns the path prefix of all routes: empty, or {@code /x} without trailing slash. */
  String routePrefix();

  /** Returns the flags in effect in order, including defaults: values by name without dashes. */
  Map<String, List<String>> flags();

  /** Returns the value of a flag that has one; empty when it has none. */
  String flag(String name);

  /** Returns whether a boolean flag is set. */
  default boolean enabled(String name) {
    return "true".equals(flag(name));
  }

  /** Returns whether a feature is enabled by {@code --enable-feature}. */
  boolean feature(String name);

  /** Returns the addresses the server listens on; the HTTP bundle reports them. */
  List<InetSocketAddress> listenAddresses();

  /**
   * Reports the addresses the server listens on.
   *
   * @deprecated see {@link ServerControl#listening}
   */
  @Deprecated
  void listening(List<InetSocketAddress> addresses);

  /**
   * Returns the listening sockets, bound and in non-blocking mode. The server keeps them open while
   * the HTTP bundle is replaced and closes them at its end.
   *
   * @deprecated see {@link ServerControl#listeners}
   */
  @Deprecated
  List<ServerSocketChannel> listeners();

  /**
   * Passes the listening sockets to the server.
   *
   * @deprecated see {@link ServerControl#keep}
   */
  @Deprecated
  void keep(List<ServerSocketChannel> listeners);

  /** Returns the folder for what must survive restarts: {@code <storage path>/narthex}. */
  Path stateDirectory();
}
