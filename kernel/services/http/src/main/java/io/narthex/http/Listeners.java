package io.narthex.http;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;

import io.narthex.http.access.ListenerAccess;
import io.narthex.http.access.ReadTimeout;
import io.narthex.http.access.ServerTls;
import io.narthex.http.access.WebConfigFile;
import io.narthex.service.config.WebListener;
import io.narthex.service.config.WebListener.Serves;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.server.ServerControl;
import io.narthex.service.server.ServerInfo;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The addresses that the server listens on: those of {@code --web.listen-address}, which stay, and
 * those of {@code web.listeners}, which follow the configuration. Each has a socket, which the core
 * keeps while this bundle is replaced, rules of access, and a connector. Thread-safe.
 */
final class Listeners {
  private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);
  private static final int BACKLOG = 512;
  private static final int MAX_STREAMS = 128;
  private static final String CHOOSE = "choose another";

  /** How long running requests may take after their listener is removed. */
  private static final Duration DRAIN = Duration.ofSeconds(30);

  private final ServerInfo info;
  private final ServerControl control;
  private final WebConfigFile mainFile;
  private final List<Listener> main = new ArrayList<>(); // guarded by this
  private List<Listener> further = List.of(); // guarded by this
  private @Nullable List<WebListener> complete; // all of them work; guarded by this
  private volatile Set<WebConfigFile> files;
  private @Nullable Serving serving; // guarded by this

  /** A socket with its rules of access. */
  private static final class Listener {
    final String address;
    final ServerSocketChannel socket;
    final String path;
    final ListenerAccess access;
    @Nullable Accepting accepting;
    @Nullable SharedListener channel;

    /**
     * Creates one.
     *
     * @param address as it was given
     * @param path of its web configuration; empty for that of {@code --web.config.file}
     */
    Listener(String address, ServerSocketChannel socket, String path, ListenerAccess access) {
      this.address = address;
      this.socket = socket;
      this.path = path;
      this.access = access;
    }
  }

  /** The parts that connectors share. */
  private record Serving(
      Server server,
      Supplier<HttpConfiguration> http,
      ConnectionLimit limit,
      Metrics.Counter opened,
      Metrics.Counter closed) {}

  /** A connector with its rules of access. */
  private static sealed class Accepting extends ServerConnector {
    final ListenerAccess access;
    private final Serving with;

    Accepting(Serving with, ListenerAccess access, ConnectionFactory... protocols) {
      super(with.server(), 1, 1, protocols);
      this.with = with;
      this.access = access;
    }

    @Override
    protected SocketChannelEndPoint newEndPoint(
        SocketChannel channel, ManagedSelector selector, SelectionKey key) {
      SocketChannelEndPoint client = new ClientEndPoint(channel, selector, key, getScheduler());
      client.setIdleTimeout(getIdleTimeout());
      return client;
    }

    @Override
    protected void onEndPointOpened(EndPoint client) {
      super.onEndPointOpened(client);
      if (!access.isWarmUp()) {
        with.opened().inc();
      }
    }

    @Override
    protected void onEndPointClosed(EndPoint client) {
      if (!access.isWarmUp()) {
        with.closed().inc();
      }
      super.onEndPointClosed(client);
    }
  }

  /** A connector without an address: of one connection, from the server to itself. */
  private static final class Own extends Accepting {
    Own(Serving with) {
      super(with, ListenerAccess.ofWarmUp(), new HttpConnectionFactory(with.http().get()));
      setAccepting(false);
    }

    /** Does nothing: there is no address to listen on. */
    @Override
    public void open() {}
  }

  /**
   * A connection from the server to itself, over plain HTTP and without login. Nobody else can
   * reach it. Closing it removes it from the server.
   */
  static final class OwnConnection implements AutoCloseable {
    private final Own connector;
    private final SocketChannel client;

    private OwnConnection(Own connector, SocketChannel client) {
      this.connector = connector;
      this.client = client;
    }

    /** Returns the end from which requests are sent. */
    Socket client() {
      return client.socket();
    }

    @Override
    public void close() {
      Listeners.close(client);
      try {
        connector.stop();
      } catch (Exception e) {
        LOG.debug("ending the connection to itself: {}", e.toString());
      }
      Server server = connector.getServer();
      server.removeConnector(connector);
      server.removeBean(connector);
    }
  }

  Listeners(ServerInfo info, ServerControl control, WebConfigFile mainFile) {
    this.info = info;
    this.control = control;
    this.mainFile = mainFile;
    files = Set.of(mainFile);
  }

  /** Returns whether exactly these listeners work. */
  synchronized boolean has(List<WebListener> configured) {
    return configured.equals(complete);
  }

  /** Returns the rules of the listener that accepted a request. */
  static ListenerAccess access(Request request) {
    return ((Accepting) request.getConnectionMetaData().getConnector()).access;
  }

  /** Returns the web configurations of all listeners. */
  Collection<WebConfigFile> files() {
    return files;
  }

  /**
   * Binds the addresses, or takes over the sockets that the previous version of this bundle has
   * bound; {@link #apply} binds those that are missing then.
   *
   * @throws ConfigException when an address cannot be bound or a web configuration cannot be used
   */
  synchronized void take(List<WebListener> configured) {
    List<String> addresses =
        info.flags().getOrDefault("web.listen-address", List.of("0.0.0.0:9090"));
    List<ServerSocketChannel> kept = control.listeners();
    List<ServerSocketChannel> opened = new ArrayList<>();
    try {
      List<Listener> found = new ArrayList<>();
      if (kept.isEmpty()) {
        for (String address : addresses) {
          opened.add(open(address, "--web.listen-address: ", "", "--web.listen-address"));
          main.add(ofMain(address, opened.getLast()));
        }
        for (WebListener w : configured) {
          WebConfigFile file = file(w, List.of());
          opened.add(open(w));
          found.add(new Listener(w.address(), opened.getLast(), w.webConfigFile(), at(w, file)));
        }
      } else {
        int n = Math.min(addresses.size(), kept.size());
        for (int i = 0; i < n; i++) {
          main.add(ofMain(addresses.get(i), kept.get(i)));
        }
        List<ServerSocketChannel> rest = new ArrayList<>(kept.subList(n, kept.size()));
        for (WebListener w : configured) {
          ServerSocketChannel socket = takeFrom(rest, w);
          if (socket != null) {
            WebConfigFile file = file(w, List.of());
            found.add(new Listener(w.address(), socket, w.webConfigFile(), at(w, file)));
          }
        }
      }
      further = List.copyOf(found);
      complete = found.size() == configured.size() ? List.copyOf(configured) : null;
    } catch (RuntimeException e) {
      opened.forEach(Listeners::close);
      main.clear();
      throw e;
    }
    if (kept.isEmpty()) {
      announce(main);
      announce(further);
      report();
    }
    files = inUse();
  }

  private Listener ofMain(String address, ServerSocketChannel socket) {
    return new Listener(address, socket, "", new ListenerAccess(mainFile, Serves.ALL, null));
  }

  private static ListenerAccess at(WebListener w, WebConfigFile file) {
    return new ListenerAccess(file, w.serves(), w.access());
  }

  /** Removes the socket of an address from a list; null when there is none. */
  private static @Nullable ServerSocketChannel takeFrom(
      List<ServerSocketChannel> sockets, WebListener w) {
    ListenAddress wanted = ListenAddress.parse(w.address());
    for (ServerSocketChannel socket : sockets) {
      InetAddress bound = socket.socket().getInetAddress();
      int port = socket.socket().getLocalPort();
      boolean sameHost =
          wanted.host() == null
              ? bound.isAnyLocalAddress()
              : new InetSocketAddress(wanted.host(), port).getAddress() instanceof InetAddress a
                  && a.equals(bound);
      if (sameHost && (wanted.port() == 0 || wanted.port() == port)) {
        sockets.remove(socket);
        return socket;
      }
    }
    return null;
  }

  /** Returns the web configuration of an entry: one that is in use, or read now. */
  private WebConfigFile file(WebListener w, List<Listener> known) {
    if (w.webConfigFile().isEmpty()) {
      return mainFile;
    }
    for (Listener l : known) {
      if (l.path.equals(w.webConfigFile())) {
        return l.access.file();
      }
    }
    try {
      return new WebConfigFile(w.webConfigFile());
    } catch (ConfigException e) {
      throw new ConfigException(w.place() + ".web_config_file: " + e.getMessage(), e);
    }
  }

  private Set<WebConfigFile> inUse() {
    Set<WebConfigFile> all = Collections.newSetFromMap(new IdentityHashMap<>());
    all.add(mainFile);
    further.forEach(l -> all.add(l.access.file()));
    return Collections.unmodifiableSet(all);
  }

  private static ServerSocketChannel open(WebListener w) {
    return open(w.address(), w.place() + ".address: ", w.place() + ".address: ", "address");
  }

  /**
   * Binds an address.
   *
   * @param where prefix of a message about its form
   * @param what prefix of other messages
   * @param of what the user should choose another of
   */
  private static ServerSocketChannel open(String text, String where, String what, String of) {
    String failed = what + "listen tcp " + text + ": ";
    ServerSocketChannel socket = null;
    try {
      ListenAddress address = ListenAddress.parse(text);
      String host = address.host();
      int port = address.port();
      socket = ServerSocketChannel.open();
      socket.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      socket.bind(
          host == null ? new InetSocketAddress(port) : new InetSocketAddress(host, port), BACKLOG);
      socket.configureBlocking(false);
      return socket;
    } catch (UnresolvedAddressException e) {
      close(socket);
      throw new ConfigException(failed + "no such host; " + CHOOSE + " " + of, e);
    } catch (IllegalArgumentException e) {
      close(socket);
      throw new ConfigException(where + e.getMessage(), e);
    } catch (IOException e) {
      close(socket);
      String problem = String.valueOf(e.getMessage());
      throw new ConfigException(
          failed
              + (e instanceof BindException && problem.contains("in use")
                  ? "bind: address already in use; stop the other server or "
                  : problem + "; ")
              + CHOOSE
              + " "
              + of,
          e);
    }
  }

  /** Hands the sockets to the core, which keeps them; those of the flags come first. */
  private void report() {
    List<InetSocketAddress> bound = new ArrayList<>();
    List<ServerSocketChannel> sockets = new ArrayList<>();
    for (List<Listener> some : List.of(main, further)) {
      for (Listener l : some) {
        bound.add(bound(l));
        sockets.add(l.socket);
      }
    }
    control.listening(bound);
    control.keep(sockets);
  }

  private static InetSocketAddress bound(Listener l) {
    String host = ListenAddress.parse(l.address).host();
    return InetSocketAddress.createUnresolved(
        host == null ? "0.0.0.0" : host, l.socket.socket().getLocalPort());
  }

  private static void announce(List<Listener> listeners) {
    for (Listener l : listeners) {
      InetSocketAddress a = bound(l);
      LOG.info(
          "Listening on {}:{}{}",
          a.getHostString(),
          a.getPort(),
          l.access.isAlertmanager()
              ? " as Alertmanager"
              : l.access.isPushgateway()
                  ? " as Pushgateway"
                  : l.access.isNodeExporter() ? " as node exporter" : "");
    }
  }

  /**
   * Makes the connectors, before the server is started.
   *
   * @param http settings of a connector, new ones each time
   */
  synchronized void serve(
      Server server, Supplier<HttpConfiguration> http, int connections, Metrics metrics)
      throws IOException {
    Metrics.Counter opened =
        metrics
            .counter(
                "net_conntrack_listener_conn_accepted_total",
                "Total number of connections opened to the listener of a given name.",
                "listener_name")
            .with("http");
    Metrics.Counter closed =
        metrics
            .counter(
                "net_conntrack_listener_conn_closed_total",
                "Total number of connections closed that were made to the listener of a given name.",
                "listener_name")
            .with("http");
    Serving with = new Serving(server, http, new ConnectionLimit(connections), opened, closed);
    server.addBean(with.limit());
    for (List<Listener> some : List.of(main, further)) {
      for (Listener l : some) {
        server.addConnector(connector(l, with));
      }
    }
    serving = with;
  }

  /**
   * Connects the server with itself.
   *
   * @return null when it does not serve, or no longer
   */
  @Nullable OwnConnection connectToSelf() throws Exception {
    Serving with;
    synchronized (this) {
      with = serving;
    }
    if (with == null) {
      return null;
    }
    Own connector = new Own(with);
    connector.addEventListener(requireNonNull(with.server().getDescendant(ReadTimeout.class)));
    connector.start();
    with.server().addConnector(connector);
    with.server().manage(connector);
    SocketChannel client = SocketChannel.open();
    OwnConnection connection = new OwnConnection(connector, client);
    try (ServerSocketChannel once = ServerSocketChannel.open()) {
      once.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
      client.connect(once.getLocalAddress());
      SocketChannel accepted = once.accept();
      if (!client.getLocalAddress().equals(accepted.getRemoteAddress())) {
        close(accepted);
        throw new IOException("another process has connected");
      }
      accepted.configureBlocking(false);
      accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
      client.setOption(StandardSocketOptions.TCP_NODELAY, true);
      connector.getSelectorManager().accept(accepted);
      return connection;
    } catch (IOException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private static Accepting connector(Listener l, Serving with) throws IOException {
    Accepting made = new Accepting(with, l.access, protocols(with.http().get(), l.access.file()));
    made.addEventListener(requireNonNull(with.server().getDescendant(ReadTimeout.class)));
    with.limit().add(made);
    SharedListener channel = new SharedListener(l.socket);
    made.open(channel);
    l.channel = channel;
    l.accepting = made;
    return made;
  }

  /** Returns what a listener speaks: HTTP/1.1, over TLS also HTTP/2. */
  private static ConnectionFactory[] protocols(HttpConfiguration http, WebConfigFile file) {
    HttpConnectionFactory plain = new HttpConnectionFactory(http);
    ServerTls.Factory tls = file.tls();
    if (tls == null) {
      return new ConnectionFactory[] {plain};
    }
    // the host that a client names is not checked, as in the original
    http.addCustomizer(new SecureRequestCustomizer(false));
    ALPNServerConnectionFactory alpn = new Negotiation(file);
    alpn.setDefaultProtocol(plain.getProtocol());
    HTTP2ServerConnectionFactory http2 = new HTTP2ServerConnectionFactory(http);
    http2.setMaxConcurrentStreams(MAX_STREAMS);
    return new ConnectionFactory[] {
      new SslConnectionFactory(tls, alpn.getProtocol()), alpn, http2, plain
    };
  }

  /**
   * Chooses a protocol of those that a client offers, by the settings at the time. With none it
   * goes on without the extension, as the original does; Jetty would end the connection.
   */
  private static final class Negotiation extends ALPNServerConnectionFactory {
    private final WebConfigFile file;

    Negotiation(WebConfigFile file) {
      this.file = file;
    }

    @Override
    protected AbstractConnection newServerConnection(
        Connector connector,
        EndPoint endPoint,
        SSLEngine engine,
        List<String> protocols,
        String defaultProtocol) {
      boolean http2 = file.current().httpServerConfig().http2();
      List<String> spoken = protocols.stream().filter(p -> http2 || !p.equals("h2")).toList();
      AbstractConnection made =
          super.newServerConnection(connector, endPoint, engine, spoken, defaultProtocol);
      BiFunction<SSLEngine, List<String>, String> choice =
          engine.getHandshakeApplicationProtocolSelector();
      engine.setHandshakeApplicationProtocolSelector(
          (at, offered) -> requireNonNullElse(choice.apply(at, offered), ""));
      return made;
    }
  }

  /**
   * Applies the listeners of the configuration. A listener that does not change, or only its paths
   * and its mode, keeps its connections. When a web configuration cannot be used nothing changes;
   * an address that cannot be bound leaves that listener out.
   *
   * @throws ConfigException with all problems
   */
  synchronized void apply(List<WebListener> configured) {
    Serving with = serving;
    if (with == null || configured.equals(complete)) {
      return; // the start itself has failed, which was reported
    }
    List<WebConfigFile> read = new ArrayList<>();
    for (WebListener w : configured) {
      read.add(file(w, further));
    }
    List<Listener> before = new ArrayList<>(further);
    List<Listener> after = new ArrayList<>();
    List<@Nullable Listener> same = new ArrayList<>();
    for (WebListener w : configured) {
      Listener known = null;
      for (Listener l : before) {
        known = known == null && l.address.equals(w.address()) ? l : known;
      }
      before.remove(known);
      same.add(known);
    }
    before.forEach(l -> end(l, with, true)); // a new listener may want the same port
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < configured.size(); i++) {
      WebListener w = configured.get(i);
      Listener known = same.get(i);
      if (known != null && known.path.equals(w.webConfigFile())) {
        known.access.set(w.serves(), w.access());
        after.add(known);
        continue;
      }
      try {
        after.add(begin(w, known, read.get(i), with));
      } catch (ConfigException e) {
        problems.add(String.valueOf(e.getMessage()));
        if (known != null) {
          after.add(known);
        }
      }
    }
    further = List.copyOf(after);
    complete = problems.isEmpty() ? List.copyOf(configured) : null;
    files = inUse();
    report();
    if (!problems.isEmpty()) {
      throw new ConfigException(String.join("; ", problems));
    }
  }

  /**
   * Starts to listen.
   *
   * @param known the one that it replaces, on the same socket; null for a new address
   */
  private static Listener begin(
      WebListener w, @Nullable Listener known, WebConfigFile file, Serving with) {
    ServerSocketChannel socket = known == null ? open(w) : known.socket;
    Listener fresh = new Listener(w.address(), socket, w.webConfigFile(), at(w, file));
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(Listeners.class.getClassLoader());
    try {
      Accepting made = connector(fresh, with);
      made.start();
      with.server().addConnector(made);
      with.server().manage(made);
    } catch (Exception e) {
      close(fresh.channel);
      if (known == null) {
        close(socket);
      }
      throw new ConfigException(w.place() + ": listen tcp " + w.address() + ": " + e, e);
    } finally {
      thread.setContextClassLoader(before);
    }
    if (known == null) {
      announce(List.of(fresh));
    } else {
      end(known, with, false);
    }
    return fresh;
  }

  /** Stops accepting at once; running requests may finish in the background. */
  private static void end(Listener l, Serving with, boolean closeSocket) {
    close(l.channel);
    if (closeSocket) {
      close(l.socket);
      LOG.info("no longer listening on {}", l.address);
    }
    Accepting connector = requireNonNull(l.accepting);
    Thread.ofVirtual()
        .name("http-listener-end")
        .start(() -> {
          try {
            connector.shutdown().get(DRAIN.toMillis(), TimeUnit.MILLISECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } catch (ExecutionException | TimeoutException e) {
            LOG.info("connections that were still open at {} have been cut", l.address);
          }
          try {
            connector.stop();
          } catch (Exception e) {
            LOG.debug("ending a listener: {}", e.toString());
          }
          with.limit().remove(connector);
          with.server().removeConnector(connector);
        });
  }

  /** Accepts no more; the sockets stay. */
  synchronized void close() {
    serving = null;
    main.forEach(l -> close(l.channel));
    further.forEach(l -> close(l.channel));
  }

  private static void close(@Nullable NetworkChannel socket) {
    if (socket == null) {
      return;
    }
    try {
      socket.close();
    } catch (IOException e) {
      LOG.debug("closing a listener: {}", e.toString());
    }
  }

  /** Closes the sockets. */
  static void closeAll(List<ServerSocketChannel> sockets) {
    sockets.forEach(Listeners::close);
  }
}
