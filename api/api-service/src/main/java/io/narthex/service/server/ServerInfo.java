package io.narthex.service.server;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** What is known of the server as a whole; {@link ServerControl} changes it. Thread-safe. */
@ProviderType
public interface ServerInfo {
  /** Returns the version, for example {@code 0.1.0}. */
  String version();

  /** Returns the version of Prometheus whose API and behaviour the server shows to clients. */
  String compatibleVersion();

  /** Returns revision, branch, build user, build date as the build recorded them. */
  Map<String, String> build();

  /** Returns when the process started. */
  Instant startTime();

  /** Tells whether the server answers queries: configuration applied and storage open. */
  boolean ready();

  /** Tells whether the server is shutting down. */
  boolean stopping();

  /**
   * Ends the server cleanly; returns at once.
   *
   * @deprecated see {@link ServerControl#stop}
   */
  @Deprecated
  void stop();

  /**
   * Ends the server because it cannot do its work, with exit status 1; returns at once.
   *
   * @param message one line for the operator, {@code where: what, got X; what to do}
   * @deprecated see {@link ServerControl#fatal}
   */
  @Deprecated
  void fatal(String message);

  /** Returns the address users reach the server at, ending without slash. */
  URI externalUrl();

  /** Returns the path prefix of all routes: empty, or {@code /x} without slash at the end. */
  String routePrefix();

  /** Returns the flags in effect, name without dashes to value, defaults included, in order. */
  Map<String, List<String>> flags();

  /** Returns the one value of a flag. */
  String flag(String name);

  /** Tells whether a boolean flag is set. */
  default boolean enabled(String name) {
    return "true".equals(flag(name));
  }

  /** Tells whether a feature is switched on by {@code --enable-feature}. */
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
   * Returns the sockets the server listens on, bound and in non-blocking mode. The server keeps
   * them open while the HTTP bundle is replaced and closes them when it ends.
   *
   * @deprecated see {@link ServerControl#listeners}
   */
  @Deprecated
  List<ServerSocketChannel> listeners();

  /**
   * Hands the sockets the server listens on over to it.
   *
   * @deprecated see {@link ServerControl#keep}
   */
  @Deprecated
  void keep(List<ServerSocketChannel> listeners);

  /** Returns the folder for what must survive restarts: {@code <storage path>/narthex}. */
  Path stateDirectory();
}
