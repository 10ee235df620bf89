package io.narthex.core;

import io.narthex.core.config.Flags;
import io.narthex.model.go.GoUrl;
import io.narthex.service.server.ServerControl;
import io.narthex.service.server.ServerInfo;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The server as a whole, as the other bundles see it. */
@SuppressWarnings("deprecation") // bundles built before ServerControl use its methods on ServerInfo
final class ServerState implements ServerInfo, ServerControl {
  /** Addresses at which a browser on this machine finds the server by its usual name. */
  private static final Set<String> EVERYWHERE =
      Set.of("", "0.0.0.0", "::", "0:0:0:0:0:0:0:0", "127.0.0.1", "localhost");

  private static final Logger LOG = LoggerFactory.getLogger(ServerState.class);

  /** The version of Prometheus whose API and behaviour the server has. */
  static final String COMPATIBLE_VERSION = "3.14.0";

  private final Flags flags;
  private final Map<String, String> build;
  private final Path stateDirectory;
  private final BiConsumer<Integer, String> exit;
  private final BooleanSupplier storageReady;
  private final BooleanSupplier ending;
  private final Instant startTime =
      ProcessHandle.current().info().startInstant().orElseGet(Instant::now);
  private volatile boolean configured;
  private volatile boolean stopping;
  private volatile boolean replacing;
  private volatile List<InetSocketAddress> addresses = List.of();
  private volatile List<ServerSocketChannel> listeners = List.of();

  /**
   * Creates the state of a server that is not ready yet.
   *
   * @param exit ends the process with a status and a message
   * @param ending returns whether the process is being ended from outside, by a signal for example
   */
  ServerState(
      Flags flags,
      Map<String, String> build,
      Path stateDirectory,
      BiConsumer<Integer, String> exit,
      BooleanSupplier storageReady,
      BooleanSupplier ending) {
    this.flags = flags;
    this.build = Map.copyOf(build);
    this.stateDirectory = stateDirectory;
    this.exit = exit;
    this.storageReady = storageReady;
    this.ending = ending;
  }

  void configured() {
    configured = true;
  }

  void stoppingNow() {
    stopping = true;
    for (ServerSocketChannel listener : listeners) {
      try {
        listener.close();
      } catch (IOException e) {
        LOG.debug("closing a listener: {}", e.toString());
      }
    }
  }

  @Override
  public String version() {
    return build.getOrDefault("version", "unknown");
  }

  @Override
  public String compatibleVersion() {
    return COMPATIBLE_VERSION;
  }

  @Override
  public Map<String, String> build() {
    return build;
  }

  @Override
  public Instant startTime() {
    return startTime;
  }

  @Override
  public boolean ready() {
    return configured && !stopping() && storageReady.getAsBoolean();
  }

  @Override
  public boolean stopping() {
    return stopping || ending.getAsBoolean();
  }

  @Override
  public void stop() {
    stopping = true;
    exit.accept(0, "");
  }

  /**
   * While a kernel bundle is replaced, a fatal error rolls it back instead of ending the server.
   */
  void replacing(boolean underway) {
    replacing = underway;
  }

  @Override
  public void fatal(String message) {
    if (replacing) {
      throw new IllegalStateException(message);
    }
    stopping = true;
    exit.accept(1, message);
  }

  @Override
  public GoUrl externalUrl() {
    String given = flags.text("web.external-url");
    if (!given.isEmpty()) {
      String trimmed = given.endsWith("/") ? given.substring(0, given.length() - 1) : given;
      return GoUrl.parse(
          trimmed.startsWith("http://") || trimmed.startsWith("https://")
              ? trimmed
              : "http://" + hostName() + ":" + port() + trimmed);
    }
    return GoUrl.parse("http://" + hostName() + ":" + port());
  }

  /**
   * Returns where the pages are for a browser: as the user has said, or else on this machine; null
   * when nothing listens, or only the file for the listeners tells how to reach it.
   */
  @Nullable GoUrl pages() {
    if (!flags.text("web.external-url").isEmpty()) {
      return GoUrl.parse(externalUrl() + "/");
    }
    List<InetSocketAddress> bound = addresses;
    if (bound.isEmpty() || !flags.text("web.config.file").isEmpty()) {
      return null;
    }
    String host = bound.getFirst().getHostString();
    if (EVERYWHERE.contains(host)) {
      host = "localhost";
    } else if (host.contains(":")) {
      host = "[" + host.replaceFirst("%.*", "") + "]";
    }
    return GoUrl.parse("http://" + host + ":" + bound.getFirst().getPort() + "/");
  }

  private int port() {
    List<InetSocketAddress> bound = addresses;
    if (!bound.isEmpty()) {
      return bound.get(0).getPort();
    }
    String first = flags.list("web.listen-address").get(0);
    String digits = first.substring(first.lastIndexOf(':') + 1);
    return digits.matches("[0-9]{1,5}") ? Integer.parseInt(digits) : 9090;
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  @Override
  public String routePrefix() {
    String given = flags.text("web.route-prefix");
    String path = given.isEmpty() ? externalPath() : given;
    String inner = path.replaceAll("^/+|/+$", "");
    return inner.isEmpty() ? "" : "/" + inner;
  }

  private String externalPath() {
    String path = flags.text("web.external-url").isEmpty() ? "" : externalUrl().path();
    return path == null ? "" : path;
  }

  @Override
  public Map<String, List<String>> flags() {
    return flags.values();
  }

  @Override
  public String flag(String name) {
    return flags.text(name);
  }

  @Override
  public boolean feature(String name) {
    return flags.feature(name);
  }

  @Override
  public List<InetSocketAddress> listenAddresses() {
    return addresses;
  }

  @Override
  public void listening(List<InetSocketAddress> bound) {
    addresses = List.copyOf(bound);
  }

  @Override
  public List<ServerSocketChannel> listeners() {
    return listeners;
  }

  @Override
  public void keep(List<ServerSocketChannel> sockets) {
    listeners = List.copyOf(sockets);
  }

  @Override
  public Path stateDirectory() {
    return stateDirectory;
  }
}
