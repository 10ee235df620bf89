package io.narthex.http;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;
import static org.osgi.service.component.annotations.ReferenceCardinality.OPTIONAL;
import static org.osgi.service.component.annotations.ReferencePolicy.DYNAMIC;
import static org.osgi.service.component.annotations.ReferencePolicyOption.GREEDY;

import io.narthex.http.access.BrowserRule;
import io.narthex.http.access.Guard;
import io.narthex.http.access.ReadTimeout;
import io.narthex.http.access.WebConfigFile;
import io.narthex.httpclient.JettyHttpTransport;
import io.narthex.model.go.PromDuration;
import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.config.ConfigService;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.config.ReloadStage;
import io.narthex.service.config.WebListener;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.plugins.PluginSettingsService;
import io.narthex.service.push.PushgatewayService;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.rules.RuleService;
import io.narthex.service.server.ServerControl;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.targets.TargetService;
import io.narthex.service.web.WebContent;
import io.narthex.spi.config.ConfigException;
import io.narthex.text.re2.Re2SyntaxException;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.zip.Deflater;
import org.eclipse.jetty.compression.gzip.GzipCompression;
import org.eclipse.jetty.compression.server.CompressionConfig;
import org.eclipse.jetty.compression.server.CompressionHandler;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.component.AbstractLifeCycle;
import org.eclipse.jetty.util.compression.DeflaterPool;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.VirtualThreadPool;
import org.glassfish.jersey.servlet.ServletContainer;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listeners and what they serve. Acceptors and selectors run on few platform threads, requests
 * on virtual threads whose number is bounded. An address that cannot be listened on ends the
 * server.
 */
@Component(
    service = {HttpServer.class, ReloadListener.class},
    immediate = true)
public final class HttpServer implements ReloadListener {
  private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
  private static final int MAX_REQUESTS = 1000;
  private static final int THREADS = 32;
  private static final Duration IDLE = Duration.ofSeconds(30);
  private static final int MAX_DEFLATERS = 16; // that wait for the next response
  private static final int MAX_FORM = 10 << 20;
  private static final int MIN_HEAD = 64 << 10;
  private static final int MAX_HEAD = 1 << 20;
  private static final long STOP_MILLIS = 1000;
  private static final Duration DRAIN = Duration.ofSeconds(30);

  /** Jersey warns of every resource registered as an object; a strong reference keeps the level. */
  private static final java.util.logging.Logger JERSEY =
      java.util.logging.Logger.getLogger("org.glassfish.jersey");

  static {
    JERSEY.setLevel(java.util.logging.Level.SEVERE);
  }

  @Reference(cardinality = OPTIONAL, policy = DYNAMIC, policyOption = GREEDY)
  volatile @Nullable QueryEngine query;

  @Reference(cardinality = OPTIONAL, policy = DYNAMIC, policyOption = GREEDY)
  volatile @Nullable TargetService targets;

  @Reference(cardinality = OPTIONAL, policy = DYNAMIC, policyOption = GREEDY)
  volatile @Nullable RuleService rules;

  @Reference(cardinality = OPTIONAL, policy = DYNAMIC, policyOption = GREEDY)
  volatile @Nullable AlertmanagerService alerts;

  @Reference(cardinality = OPTIONAL, policy = DYNAMIC, policyOption = GREEDY)
  volatile @Nullable WebContent web;

  @Reference(cardinality = OPTIONAL, policy = DYNAMIC, policyOption = GREEDY)
  volatile @Nullable PluginSettingsService pluginSettings;

  @Reference(cardinality = OPTIONAL, policy = DYNAMIC, policyOption = GREEDY)
  volatile @Nullable PushgatewayService push;

  private final Services services =
      new Services(
          () -> query,
          () -> targets,
          () -> rules,
          () -> alerts,
          () -> web,
          () -> pluginSettings,
          () -> push);
  private final ServerInfo info;
  private final ServerControl control;
  private final Parts parts;
  private final Path home;
  private final @Nullable Access access;
  private final Thread starting;
  private final @Nullable WarmUp warmUp;
  private final LiveStreams live;
  private final Pages pages;
  private volatile @Nullable Server server;

  /**
   * Binds the addresses, then sets up the resources on a thread of its own: an address in use must
   * be reported before anything else runs, and the rest must not delay the start of the plugins.
   * Connections made meanwhile wait.
   */
  @Activate
  public HttpServer(
      BundleContext bundle,
      @Reference ServerInfo info,
      @Reference ServerControl control,
      @Reference ConfigService config,
      @Reference Metrics metrics,
      @Reference StorageGate storage,
      @Reference ExporterService exporters,
      @Reference PluginService plugins,
      @Reference WorkMemory memory) {
    this(
        Path.of(requireNonNullElse(bundle.getProperty("narthex.home"), "")),
        info,
        control,
        config,
        metrics,
        storage,
        exporters,
        plugins,
        memory);
  }

  HttpServer(
      Path home,
      ServerInfo info,
      ServerControl control,
      ConfigService config,
      Metrics metrics,
      StorageGate storage,
      ExporterService exporters,
      PluginService plugins,
      WorkMemory memory) {
    this.home = home;
    this.info = info;
    this.control = control;
    parts =
        new Parts(
            info,
            control,
            config,
            metrics,
            storage,
            exporters,
            plugins,
            memory,
            services,
            Clock.systemUTC());
    pages = Pages.of(parts, home);
    String listeners = info.flag("web.max-notifications-subscribers");
    live =
        new LiveStreams(
            services.live(config, plugins), listeners.isEmpty() ? 16 : Integer.parseInt(listeners));
    // during an update both versions accept from the shared sockets
    access = access(config.current().listeners());
    warmUp =
        access == null || !config.current().warmUp() ? null : new WarmUp(info, access.listeners());
    starting =
        Thread.ofPlatform()
            .name("http-start")
            .unstarted(() -> {
              try {
                serve(requireNonNull(access));
              } catch (RuntimeException | Error e) {
                // otherwise the server would report ready and never answer
                LOG.error("the HTTP server cannot start", e);
                control.fatal("the HTTP server cannot start: " + e);
              }
            });
    if (access == null) {
      return;
    }
    if (!info.ready()) {
      starting.start();
      return;
    }
    // it replaces another version, which must not stop before this one is known to work
    try {
      serve(access);
    } catch (RuntimeException | LinkageError e) {
      stop();
      throw e;
    }
  }

  private void serve(Access access) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    // Jersey, HK2 and Jetty look services up through the context class loader
    thread.setContextClassLoader(HttpServer.class.getClassLoader());
    try {
      start(create(access), access.listeners());
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Creates the server: its threads, what it serves, and the handlers in front of that. */
  private Server create(Access access) {
    Server created = withThreads();
    JettyHttpTransport http = new JettyHttpTransport("Narthex/" + info.version());
    created.addBean(
        new AbstractLifeCycle() {
          @Override
          protected void doStop() {
            http.close();
          }
        });
    Accounts accounts = Accounts.of(parts, access.listeners(), http);
    CompressionHandler compression = new CompressionHandler();
    compression.putCompression(gzip());
    compression.putConfiguration(
        "/*",
        CompressionConfig.builder()
            .compressIncludeMethod("GET")
            .compressIncludeMethod("POST")
            .compressExcludeMimeType("text/event-stream")
            // resources that accept compressed bodies decompress them, with a bound of their own
            .decompressExcludePath("/*")
            .build());
    compression.setHandler(served(accounts, access.crossOrigin()));
    Metrics metrics = parts.metrics();
    Guard guard =
        new Guard(
            compression,
            Listeners::access,
            access.browsers(),
            accounts.logins(),
            info.routePrefix(),
            Api::failure,
            metrics);
    Duration readTimeout = duration(info, "web.read-timeout", Duration.ofMinutes(5));
    created.setHandler(
        new RunningRequests(
            new ResponseSizes(
                new ReadTimeout(
                    new EncodedPaths(new SingleSlashes(guard), info.routePrefix()),
                    readTimeout,
                    metrics),
                metrics)));
    created.setErrorHandler(new PlainErrors(Guard.refusals(metrics)));
    return created;
  }

  /** Jetty would keep 1,024 deflaters, and each has 256 KiB outside the heap. */
  static GzipCompression gzip() {
    GzipCompression gzip = new GzipCompression();
    gzip.setDeflaterPool(new DeflaterPool(MAX_DEFLATERS, Deflater.DEFAULT_COMPRESSION, true));
    return gzip;
  }

  private Server withThreads() {
    QueuedThreadPool pool =
        new QueuedThreadPool(
            // of each listener one accepts, one selects
            THREADS + 2 * info.flags().getOrDefault("web.listen-address", List.of()).size(), 4);
    pool.setName("http");
    pool.setIdleTimeout((int) IDLE.toMillis());
    pool.setMaxEvictCount(THREADS); // else the threads of a burst end one by one
    VirtualThreadPool requests = new VirtualThreadPool(MAX_REQUESTS);
    requests.setName("http-request");
    try {
      requests.start();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    pool.setVirtualThreadsExecutor(requests);
    Server created = new Server(pool);
    created.setStopTimeout(STOP_MILLIS);
    created.addBean(requests, true); // it is started already, and has to stop with the server
    return created;
  }

  /** Returns everything that is served: filters, resources, servlets. */
  private ServletContextHandler served(Accounts accounts, CrossOrigin crossOrigin) {
    Metrics metrics = parts.metrics();
    RequestMetrics requestMetrics = new RequestMetrics(metrics);
    ServletContextHandler context =
        new ServletContextHandler(info.routePrefix().isEmpty() ? "/" : info.routePrefix());
    context.setClassLoader(HttpServer.class.getClassLoader());
    context.setMaxFormContentSize(MAX_FORM);
    context.getServletHandler().setDecodeAmbiguousURIs(true); // see EncodedPaths
    filter(context, new FormFilter(MAX_FORM, parts.memory(), Guard.refusals(metrics)), "/api/*");
    DirectFilter.Common common = new DirectFilter.Common(info, crossOrigin, requestMetrics);
    ClientWatch clients = new ClientWatch();
    for (String path : List.of(QueryFilter.INSTANT, QueryFilter.RANGE)) {
      filter(context, new QueryFilter(path, services, common, clients, parts.clock()), path);
    }
    WriteFilter write =
        new WriteFilter(
            parts.storage(), common, metrics, parts.memory(), services.written(), parts.clock());
    filter(context, write, WriteFilter.PATH);
    for (String path : List.of(LiveFilter.EVENTS, LiveFilter.NOTIFICATIONS)) {
      filter(context, new LiveFilter(path, common, live), path);
    }
    // as a filter Jersey sees whole paths; as a servlet it would see what follows the mapping
    ServletContainer jersey =
        new ServletContainer(
            Resources.of(parts, accounts, pages)
                .register(crossOrigin)
                .register(new ReadyFilter(info))
                .register(requestMetrics)
                .register(new LiveChanges(live)));
    FilterHolder api = new FilterHolder(jersey);
    for (String path : List.of("/api/*", "/-/*", "/narthex/api/*")) {
      context.addFilter(api, path, EnumSet.of(DispatcherType.REQUEST));
    }
    ServletHolder metricsServlet =
        new ServletHolder(
            new MetricsServlet(
                metrics, parts.exporters(), requestMetrics, services, parts.memory()));
    context.addServlet(metricsServlet, "/metrics");
    context.addServlet(metricsServlet, "/exporters/*");
    ServletHolder pushes = new ServletHolder(new PushServlet(services, parts, requestMetrics));
    context.addServlet(pushes, "/metrics/*");
    context.addServlet(pushes, PushServlet.EXPOSED);
    context.addServlet(
        new ServletHolder(
            new FederateServlet(
                services,
                info,
                parts.config(),
                parts.storage(),
                parts.memory(),
                metrics,
                parts.clock())),
        "/federate");
    context.addServlet(new ServletHolder(new WebServlet(services, info)), "/*");
    return context;
  }

  private static void filter(ServletContextHandler context, Filter filter, String path) {
    FilterHolder holder = new FilterHolder(filter);
    holder.setAsyncSupported(true);
    context.addFilter(holder, path, EnumSet.of(DispatcherType.REQUEST));
  }

  /**
   * Who may do what.
   *
   * @param listeners the addresses, with their web configurations
   * @param browsers the rule for requests of browsers
   * @param crossOrigin what pages of other origins may read
   */
  private record Access(Listeners listeners, BrowserRule browsers, CrossOrigin crossOrigin) {}

  /**
   * Reads the settings of access and binds the addresses; null after reporting to the server that
   * it has to end.
   */
  private @Nullable Access access(List<WebListener> further) {
    if (info.enabled(AdminGate.PLAIN_REMOTE)) {
      LOG.warn(
          "--{}: the admin token is accepted over plain HTTP from other machines",
          AdminGate.PLAIN_REMOTE);
    }
    String origin = info.flag("web.cors.origin");
    try {
      CrossOrigin crossOrigin = new CrossOrigin(origin);
      BrowserRule browsers = new BrowserRule(info.externalUrl(), origin);
      WebConfigFile file;
      try {
        file = new WebConfigFile(info.flag("web.config.file"));
      } catch (ConfigException e) {
        control.fatal("web configuration: " + e.getMessage());
        return null;
      }
      Listeners listeners = new Listeners(info, control, file);
      listeners.take(further);
      return new Access(listeners, browsers, crossOrigin);
    } catch (Re2SyntaxException e) {
      control.fatal("--web.cors.origin: " + e.getMessage() + "; give an RE2 expression");
    } catch (ConfigException e) {
      control.fatal(String.valueOf(e.getMessage()));
    }
    return null;
  }

  private static Duration duration(ServerInfo info, String flag, Duration otherwise) {
    String value = info.flag(flag);
    return value.isEmpty() ? otherwise : PromDuration.parse(value);
  }

  /**
   * Returns the most bytes of a request's head: what Prometheus accepts, but so few that all
   * connections together fill at most an eighth of the heap.
   */
  static int headLimit(int connections, long heapBytes) {
    return (int) Math.clamp(heapBytes / 8 / Math.max(1, connections), MIN_HEAD, MAX_HEAD);
  }

  private void start(Server created, Listeners listeners) {
    int connections = Integer.parseInt(info.flag("web.max-connections"));
    try {
      listeners.serve(created, () -> settings(info, connections), connections, parts.metrics());
      server = created;
      created.start();
      if (warmUp != null) {
        warmUp.begin();
      }
    } catch (Exception e) {
      LOG.error("the HTTP server cannot start", e);
      control.fatal("the HTTP server cannot start: " + e);
    }
  }

  private static HttpConfiguration settings(ServerInfo info, int connections) {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setUriCompliance(SingleSlashes.COMPLIANCE);
    http.setIdleTimeout(duration(info, "web.read-timeout", Duration.ofMinutes(5)).toMillis());
    http.setRequestHeaderSize(headLimit(connections, Runtime.getRuntime().maxMemory()));
    return http;
  }

  @Override
  public String name() {
    return "http";
  }

  /** Before the sender of alerts, which delivers to own addresses without HTTP. */
  @Override
  public ReloadStage stage() {
    return ReloadStage.LISTENERS;
  }

  @Override
  public void apply(ConfigSnapshot snapshot) {
    Access known = access;
    if (known == null || known.listeners().has(snapshot.listeners())) {
      return;
    }
    try {
      starting.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    known.listeners().apply(snapshot.listeners());
  }

  private static void drain(RunningRequests requests) throws InterruptedException {
    try {
      requests.awaitEnd(DRAIN);
    } catch (TimeoutException e) {
      LOG.warn(
          "requests of the previous version still run after {} s and are cut", DRAIN.toSeconds());
    }
  }

  /**
   * Accepts no more. Running requests may finish, within {@link #DRAIN}; when the whole server
   * stops, within a second.
   */
  @Deactivate
  public void stop() {
    try {
      starting.join();
      live.close(); // else it would wait for them
      pages.history().close(); // before the next version has read much
      if (warmUp != null) {
        warmUp.end();
      }
      Server started = server;
      if (started != null) {
        if (info.stopping()) {
          Listeners.closeAll(control.listeners());
        } else {
          requireNonNull(access).listeners().close();
          drain(started.getDescendant(RunningRequests.class));
        }
        started.stop();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException e) {
      LOG.info("connections that were still open have been cut");
    } catch (Exception e) {
      LOG.error("the HTTP server does not stop cleanly", e);
    }
  }
}
