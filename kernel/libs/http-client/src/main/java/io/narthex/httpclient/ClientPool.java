package io.narthex.httpclient;

import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.HttpProxy;
import org.eclipse.jetty.client.Origin;
import org.eclipse.jetty.client.ProxyConfiguration;
import org.eclipse.jetty.client.Socks5Proxy;
import org.eclipse.jetty.client.transport.HttpClientConnectionFactory;
import org.eclipse.jetty.client.transport.HttpClientTransportDynamic;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.client.transport.ClientConnectionFactoryOverHTTP2;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.jspecify.annotations.Nullable;

/**
 * Jetty clients by TLS and proxy settings; connections to one target are shared by all requests of
 * equal settings. Threads, timer and buffers are common to all clients. When a client is created,
 * those unused for {@link #IDLE_MS} are closed.
 */
final class ClientPool implements AutoCloseable {
  private static final int MAX_CLIENTS = 1024;

  /** Each client occupies one, evicted clients for a while too; the others work. */
  private static final int MAX_THREADS = 4 * MAX_CLIENTS;

  private static final long IDLE_MS = 300_000;

  /** The settings that need a client of their own. */
  record Key(
      @Nullable TlsSettings tls,
      @Nullable URI proxy,
      Map<String, List<Secret>> connectHeaders,
      boolean http2) {}

  private static final class Entry {
    final HttpClient client;
    final SslContextFactory.Client ssl;
    String fingerprint;

    Entry(HttpClient client, SslContextFactory.Client ssl, String fingerprint) {
      this.client = client;
      this.ssl = ssl;
      this.fingerprint = fingerprint;
    }
  }

  private final QueuedThreadPool threads;
  private final ScheduledExecutorScheduler timer;
  private final ByteBufferPool buffers = new ArrayByteBufferPool();

  /** Least recently used first. Guarded by this. */
  private final Map<Key, Entry> clients = new LinkedHashMap<>(16, 0.75f, true);

  private boolean closed;

  ClientPool() {
    threads = new QueuedThreadPool(MAX_THREADS, 2, 30_000);
    threads.setMaxEvictCount(MAX_THREADS); // otherwise the threads of a burst end one by one
    threads.setName("narthex-http-client");
    threads.setDaemon(true);
    timer = new ScheduledExecutorScheduler("narthex-http-client-timer", true);
  }

  synchronized HttpClient client(Key key) throws IOException {
    if (closed) {
      throw new IOException("HTTP client is closed");
    }
    TlsSettings tls = key.tls();
    String fingerprint = tls == null ? "" : TlsMaterial.fingerprint(tls);
    Entry e = clients.get(key);
    if (e == null) {
      e = open(key, fingerprint);
      clients.put(key, e);
      evict();
    } else if (!e.fingerprint.equals(fingerprint)) {
      // files have changed: new connections use them, requests in flight finish on the old ones
      var context = TlsMaterial.context(tls);
      try {
        e.ssl.reload(f -> f.setSslContext(context));
      } catch (Exception x) {
        throw new IOException("TLS settings cannot be used: " + x.getMessage(), x);
      }
      e.fingerprint = fingerprint;
    }
    return e.client;
  }

  private void evict() {
    if (clients.size() > MAX_CLIENTS) {
      var oldest = clients.entrySet().iterator();
      Entry first = oldest.next().getValue();
      oldest.remove();
      timer.schedule(() -> stop(first.client), IDLE_MS, java.util.concurrent.TimeUnit.MILLISECONDS);
    }
  }

  private Entry open(Key key, String fingerprint) throws IOException {
    SslContextFactory.Client ssl = ssl(key.tls());
    ClientConnector connector = new ClientConnector();
    connector.setSelectors(1);
    connector.setExecutor(threads);
    connector.setScheduler(timer);
    connector.setByteBufferPool(buffers);
    connector.setSslContextFactory(ssl);
    HttpClientTransportDynamic transport =
        key.http2()
            ? new HttpClientTransportDynamic(
                connector,
                HttpClientConnectionFactory.HTTP11,
                new ClientConnectionFactoryOverHTTP2.HTTP2(new HTTP2Client(connector)))
            : new HttpClientTransportDynamic(connector, HttpClientConnectionFactory.HTTP11);
    HttpClient client = new HttpClient(transport);
    client.setExecutor(threads);
    client.setScheduler(timer);
    client.setByteBufferPool(buffers);
    client.setFollowRedirects(false);
    client.setUserAgentField(null);
    client.setMaxConnectionsPerDestination(256);
    client.setMaxRequestsQueuedPerDestination(4096);
    client.setConnectTimeout(30_000);
    client.setIdleTimeout(IDLE_MS);
    client.setDestinationIdleTimeout(IDLE_MS);
    client.setHttpCookieStore(new HttpCookieStore.Empty());
    proxy(client, key);
    start(client);
    client.getContentDecoderFactories().clear();
    for (String interim : List.of("continue", "processing", "early-hints")) {
      client.getProtocolHandlers().remove(interim);
    }
    client.getProtocolHandlers().put(new InterimAnswers());
    client.getProtocolHandlers().remove("redirect");
    client.getProtocolHandlers().remove("www-authenticate");
    client.getProtocolHandlers().remove("proxy-authenticate");
    return new Entry(client, ssl, fingerprint);
  }

  /**
   * Starts a client on a thread of its own: an interrupted caller would leave a half-started client
   * with a pool thread that nobody ends.
   */
  private void start(HttpClient client) throws IOException {
    try {
      CompletableFuture.runAsync(() -> startHere(client), ClientPool::onOwnThread).join();
    } catch (CompletionException e) {
      Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
      throw new IOException("HTTP client cannot be started: " + cause.getMessage(), cause);
    }
  }

  private void startHere(HttpClient client) {
    try {
      if (!threads.isRunning()) {
        threads.start();
        timer.start();
      }
      client.start();
    } catch (Exception | LinkageError e) {
      stop(client);
      throw new CompletionException(e);
    }
  }

  private static void onOwnThread(Runnable task) {
    Thread thread = Thread.ofPlatform().daemon().name("narthex-http-client-start").unstarted(task);
    // the bundle's own libraries find their services through the context class loader
    thread.setContextClassLoader(ClientPool.class.getClassLoader());
    thread.start();
  }

  private static SslContextFactory.Client ssl(@Nullable TlsSettings tls) throws IOException {
    String serverName = tls == null ? "" : tls.serverName();
    SslContextFactory.Client ssl = new NamedServer(serverName);
    ssl.setSslContext(TlsMaterial.context(tls));
    ssl.setEndpointIdentificationAlgorithm(null); // the context's ServerTrust knows the names
    ssl.setSNIProvider((engine, names) -> CertificateNames.indication(engine.getPeerHost()));
    ssl.setExcludeProtocols();
    ssl.setIncludeProtocols(
        GoTls.array(
            tls == null
                ? TlsMaterial.protocols("", "")
                : TlsMaterial.protocols(tls.minVersion(), tls.maxVersion())));
    ssl.setExcludeCipherSuites();
    ssl.setIncludeCipherSuites(GoTls.array(GoTls.SUITES));
    return ssl;
  }

  /**
   * Sends one name as SNI and expects it in the certificate, regardless of the host connected to;
   * that host when the name is empty.
   */
  private static final class NamedServer extends SslContextFactory.Client {
    private final String name;

    NamedServer(String name) {
      this.name = name;
    }

    @Override
    public SSLEngine newSSLEngine(String host, int port) {
      return super.newSSLEngine(name.isEmpty() ? host : name, port);
    }

    @Override
    public void customize(SSLEngine engine) {
      super.customize(engine);
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setNamedGroups(GoTls.array(GoTls.GROUPS));
      engine.setSSLParameters(parameters);
    }

    /** Does not warn of what Jetty holds to be weak: the suites and names are Go's. */
    @Override
    protected void checkConfiguration() {}
  }

  private static void proxy(HttpClient client, Key key) {
    URI uri = key.proxy();
    if (uri == null) {
      return;
    }
    String scheme = uri.getScheme();
    int port =
        uri.getPort() > 0
            ? uri.getPort()
            : switch (scheme) {
              case "https" -> 443;
              case "socks5", "socks5h" -> 1080;
              default -> 80;
            };
    Origin.Address address = new Origin.Address(uri.getHost(), port);
    ProxyConfiguration.Proxy proxy =
        scheme.startsWith("socks5")
            ? new Socks5Proxy(address, false)
            : new HttpProxy(address, scheme.equals("https"));
    client.getProxyConfiguration().addProxy(proxy);
    String user = uri.getUserInfo();
    String basic =
        user == null
            ? null
            : "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8));
    client
        .getRequestListeners()
        .addBeginListener(request -> {
          boolean connect = "CONNECT".equals(request.getMethod());
          boolean plain = "http".equals(request.getScheme());
          if (basic != null && (connect || plain)) {
            request.headers(h -> h.put("Proxy-Authorization", basic));
          }
          if (connect) {
            key.connectHeaders()
                .forEach((name, values) ->
                    values.forEach(v -> request.headers(h -> h.add(name, v.reveal()))));
          }
        });
  }

  private static void stop(HttpClient client) {
    try {
      client.stop();
    } catch (Exception _) {
      // it is discarded anyway
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      clients.values().forEach(e -> stop(e.client));
      clients.clear();
    }
    try {
      timer.stop();
      threads.stop();
    } catch (Exception _) {
      // daemons
    }
  }
}
