package io.narthex.http;

import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.config.ConfigService;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.rules.RuleService;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.targets.TargetService;
import io.narthex.service.web.WebContent;
import jakarta.servlet.DispatcherType;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.compression.gzip.GzipCompression;
import org.eclipse.jetty.compression.server.CompressionConfig;
import org.eclipse.jetty.compression.server.CompressionHandler;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.VirtualThreadPool;
import org.glassfish.jersey.CommonProperties;
import org.glassfish.jersey.server.ResourceConfig;
import org.glassfish.jersey.server.ServerProperties;
import org.glassfish.jersey.servlet.ServletContainer;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listeners and what they serve. Acceptors and selectors run on few platform threads, requests
 * on virtual threads whose number is bounded. An address that cannot be listened on ends the
 * server.
 */
@Component(service = HttpServer.class, immediate = true)
public final class HttpServer {
  private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
  private static final int MAX_REQUESTS = 1000;
  private static final int MAX_FORM = 10 << 20;

  /** Jersey warns of every resource that is given as an object; kept, or the level is lost. */
  private static final java.util.logging.Logger JERSEY =
      java.util.logging.Logger.getLogger("org.glassfish.jersey");

  static {
    JERSEY.setLevel(java.util.logging.Level.SEVERE);
  }

  private final Services services = new Services();
  private final Server server;

  /** Starts to listen. */
  @Activate
  public HttpServer(
      @Reference ServerInfo info,
      @Reference ConfigService config,
      @Reference Metrics metrics,
      @Reference StorageGate storage,
      @Reference ExporterService exporters,
      @Reference PluginService plugins) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    // Jersey, HK2 and Jetty look services up through the context class loader
    thread.setContextClassLoader(HttpServer.class.getClassLoader());
    try {
      server = create(info, config, metrics, storage, exporters, plugins);
      start(info);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private Server create(
      ServerInfo info,
      ConfigService config,
      Metrics metrics,
      StorageGate storage,
      ExporterService exporters,
      PluginService plugins) {
    Clock clock = Clock.systemUTC();
    QueuedThreadPool pool = new QueuedThreadPool(32, 4);
    pool.setName("http");
    VirtualThreadPool requests = new VirtualThreadPool(MAX_REQUESTS);
    requests.setName("http-request");
    try {
      requests.start();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    pool.setVirtualThreadsExecutor(requests);
    Server created = new Server(pool);
    created.addBean(requests);
    created.setStopTimeout(1000);

    ResourceConfig resources = new ResourceConfig();
    resources.property(ServerProperties.WADL_FEATURE_DISABLE, true);
    resources.property(ServerProperties.BV_FEATURE_DISABLE, true);
    resources.property(CommonProperties.FEATURE_AUTO_DISCOVERY_DISABLE, true);
    resources.property(CommonProperties.METAINF_SERVICES_LOOKUP_DISABLE, true);
    resources.property(ServerProperties.LOCATION_HEADER_RELATIVE_URI_RESOLUTION_DISABLED, true);
    resources.register(new QueryApi(services, storage, clock));
    resources.register(new InspectApi(services, clock));
    resources.register(new TargetsApi(services));
    resources.register(new RulesApi(services));
    resources.register(new StatusApi(info, config, storage, services, clock));
    resources.register(new WriteApi(storage, info, metrics));
    resources.register(new ManagementApi(info, config));
    resources.register(new PluginApi(plugins, info));
    resources.register(new AlertmanagerApi(services, config, info));
    resources.register(new CrossOrigin(info.flag("web.cors.origin")));
    resources.register(new ReadyFilter(info));
    resources.register(new RequestMetrics(metrics));
    resources.register(new ErrorMappers.Api());
    resources.register(new ErrorMappers.Query());
    resources.register(new ErrorMappers.Storage());
    resources.register(new ErrorMappers.Other());

    ServletContextHandler context =
        new ServletContextHandler(info.routePrefix().isEmpty() ? "/" : info.routePrefix());
    context.setClassLoader(HttpServer.class.getClassLoader());
    // as a filter Jersey sees whole paths; as a servlet it would see what follows the mapping
    context.setMaxFormContentSize(MAX_FORM);
    FilterHolder forms = new FilterHolder(new FormFilter());
    forms.setAsyncSupported(true);
    context.addFilter(forms, "/api/*", EnumSet.of(DispatcherType.REQUEST));
    FilterHolder api = new FilterHolder(new ServletContainer(resources));
    for (String path : List.of("/api/*", "/-/*", "/narthex/api/*")) {
      context.addFilter(api, path, EnumSet.of(DispatcherType.REQUEST));
    }
    ServletHolder metricsServlet = new ServletHolder(new MetricsServlet(metrics, exporters));
    context.addServlet(metricsServlet, "/metrics");
    context.addServlet(metricsServlet, "/exporters/*");
    context.addServlet(
        new ServletHolder(new FederateServlet(services, info, config, clock)), "/federate");
    context.addServlet(new ServletHolder(new WebServlet(services, info)), "/*");

    CompressionHandler compression = new CompressionHandler();
    compression.putCompression(new GzipCompression());
    compression.putConfiguration(
        "/*",
        CompressionConfig.builder()
            .compressIncludeMethod("GET")
            .compressIncludeMethod("POST")
            .build());
    compression.setHandler(context);
    created.setHandler(compression);
    created.setErrorHandler(new PlainErrors());
    return created;
  }

  private void start(ServerInfo info) {
    if (!info.flag("web.config.file").isEmpty()) {
      info.fatal(
          "--web.config.file: TLS and basic authentication are not available yet; refusing to serve without them");
      return;
    }
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setIdleTimeout(300_000);
    String current = "";
    int index = 0;
    try {
      for (String text : info.flags().getOrDefault("web.listen-address", List.of("0.0.0.0:9090"))) {
        current = text;
        ListenAddress address = ListenAddress.parse(text);
        ServerConnector connector =
            new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
        connector.setHost(address.host());
        connector.setPort(address.port() == 0 ? before(info, index) : address.port());
        index++;
        connector.setAcceptQueueSize(512);
        connector.open();
        server.addConnector(connector);
      }
      server.addBean(
          new NetworkConnectionLimit(Integer.parseInt(info.flag("web.max-connections")), server));
      server.start();
    } catch (IllegalArgumentException e) {
      info.fatal(String.valueOf(e.getMessage()));
      return;
    } catch (BindException e) {
      info.fatal(
          "listen tcp "
              + current
              + ": bind: address already in use; stop the other server or choose another --web.listen-address");
      return;
    } catch (IOException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String what =
          cause instanceof BindException && String.valueOf(cause.getMessage()).contains("in use")
              ? "bind: address already in use"
              : String.valueOf(cause.getMessage());
      info.fatal("listen tcp " + current + ": " + what + "; choose another --web.listen-address");
      return;
    } catch (Exception e) {
      LOG.error("the HTTP server cannot start", e);
      info.fatal("the HTTP server cannot start: " + e);
      return;
    }
    List<InetSocketAddress> bound = new ArrayList<>();
    for (var connector : server.getConnectors()) {
      ServerConnector c = (ServerConnector) connector;
      String host = c.getHost() == null ? "0.0.0.0" : c.getHost();
      bound.add(InetSocketAddress.createUnresolved(host, c.getLocalPort()));
      LOG.info("Listening on {}:{}", host, c.getLocalPort());
    }
    info.listening(bound);
  }

  /** Returns the port a former version of this bundle was given, so that clients find it again. */
  private static int before(ServerInfo info, int index) {
    List<InetSocketAddress> known = info.listenAddresses();
    return index < known.size() ? known.get(index).getPort() : 0;
  }

  /** Stops listening; running requests get a second. */
  @Deactivate
  public void stop() {
    try {
      server.stop();
    } catch (TimeoutException e) {
      LOG.info("connections that were still open have been cut");
    } catch (Exception e) {
      LOG.error("the HTTP server does not stop cleanly", e);
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindQuery(QueryEngine engine) {
    services.query = engine;
  }

  void unbindQuery(QueryEngine engine) {
    if (services.query == engine) {
      services.query = null;
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindTargets(TargetService targets) {
    services.targets = targets;
  }

  void unbindTargets(TargetService targets) {
    if (services.targets == targets) {
      services.targets = null;
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindRules(RuleService rules) {
    services.rules = rules;
  }

  void unbindRules(RuleService rules) {
    if (services.rules == rules) {
      services.rules = null;
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindAlerts(AlertmanagerService alerts) {
    services.alerts = alerts;
  }

  void unbindAlerts(AlertmanagerService alerts) {
    if (services.alerts == alerts) {
      services.alerts = null;
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindWeb(WebContent web) {
    services.web = web;
  }

  void unbindWeb(WebContent web) {
    if (services.web == web) {
      services.web = null;
    }
  }
}
