package io.narthex.scrape;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.TargetGroup;
import io.narthex.model.go.GoUrl;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.config.ReloadStage;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.service.discovery.TargetGroupListener;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.push.PushgatewayService;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.targets.TargetService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.text.number.Fnv1a;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * Keeps a pool of scrape loops per job: follows the configuration and the discovered targets.
 *
 * <p><b>Concurrency.</b> One lock guards pools and groups; loops run on their own threads and never
 * take it.
 */
@Component(
    service = {
      TargetGroupListener.class,
      ReloadListener.class,
      TargetService.class,
      MetricCollector.class
    },
    immediate = true)
public final class ScrapeComponent
    implements TargetGroupListener, ReloadListener, TargetService, MetricCollector {
  private static final String SET_PREFIX = "scrape/";
  private static final long STOP_MS = 2000;
  private static final long DEFAULT_TOLERANCE_MS = 2;

  private final Object lock = new Object();
  private final Clock clock;
  private final StorageGate storage;
  private final ServerInfo server;
  private final ScrapeMetrics metrics;
  private final ScrapeSource source;
  private final Scratch.Pool scratches;
  private final FailureLog failures = new FailureLog();
  private final Backlog.Budget budget = new Backlog.Budget();
  private final ScheduledExecutorService timer;
  private boolean closed; // guarded by lock
  private @Nullable PrometheusConfig applied; // guarded by lock

  /** By job. Guarded by lock. */
  private final Map<String, ScrapePool> pools = new TreeMap<>();

  /** Newest groups by job, also of jobs not yet configured. Guarded by lock. */
  private final Map<String, List<TargetGroup>> groups = new HashMap<>();

  /** Created by Declarative Services. */
  @Activate
  public ScrapeComponent(
      @Reference StorageGate storage,
      @Reference HttpTransport http,
      @Reference Metrics metrics,
      @Reference ExporterService exporters,
      @Reference ServerInfo server,
      @Reference WorkMemory memory) {
    this(storage, http, metrics, exporters, server, memory, Clock.systemUTC());
  }

  ScrapeComponent(
      StorageGate storage,
      HttpTransport http,
      Metrics metrics,
      ExporterService exporters,
      ServerInfo server,
      WorkMemory memory,
      Clock clock) {
    this.clock = clock;
    this.scratches = new Scratch.Pool(memory);
    this.storage = storage;
    this.server = server;
    this.metrics = new ScrapeMetrics(metrics);
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("narthex-scrape-timer").factory());
    this.source = new ScrapeSource(http, metrics, exporters, server, timer);
  }

  /** Binds the Pushgateway of this process. */
  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindPushes(PushgatewayService service) {
    source.pushes = service;
  }

  /** Lets it go. */
  void unbindPushes(PushgatewayService service) {
    if (source.pushes == service) {
      source.pushes = null;
    }
  }

  /** Returns how far timestamps are moved to the tick of their scrape; negative: not at all. */
  static long toleranceMs(ServerInfo server) {
    String adjust = server.flag("scrape.adjust-timestamps");
    String tolerance = server.flag("scrape.timestamp-tolerance");
    if ("false".equals(adjust)) {
      return -1;
    }
    return tolerance == null || tolerance.isEmpty()
        ? DEFAULT_TOLERANCE_MS
        : PromDuration.parse(tolerance).toMillis();
  }

  private static String hostPort(GoUrl url) {
    return host(url, Integer.toString(url.portNumber()));
  }

  /** Ends all loops without stale markers, since another version of this bundle may continue. */
  @Deactivate
  public void close() throws InterruptedException {
    List<ScrapeLoop> loops = new ArrayList<>();
    synchronized (lock) {
      closed = true;
      for (ScrapePool pool : pools.values()) {
        loops.addAll(pool.loops());
        pool.stop(false);
      }
      pools.clear();
    }
    long deadline = System.nanoTime() + STOP_MS * 1_000_000;
    for (ScrapeLoop loop : loops) {
      loop.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
    }
    timer.shutdownNow();
  }

  @Override
  public String name() {
    return "scrape";
  }

  @Override
  public ReloadStage stage() {
    return ReloadStage.SCRAPING;
  }

  @Override
  public void apply(ConfigSnapshot snapshot) {
    synchronized (lock) {
      if (snapshot.prometheus() == applied) {
        return;
      }
      applied = null;
    }
    Map<String, String> external = new TreeMap<>(snapshot.prometheus().global().externalLabels());
    ScrapeLoop.Host host =
        new ScrapeLoop.Host(
            storage,
            source,
            metrics,
            scratches,
            failures,
            budget,
            seed(external),
            clock,
            toleranceMs(server),
            new ScrapeSettings.Features(
                server.feature("type-and-unit-labels"),
                server.feature("st-storage"),
                server.feature("created-timestamp-zero-ingestion")));
    synchronized (lock) {
      if (closed) {
        return; // a reload during shutdown would start loops that nobody stops
      }
      Set<String> jobs = new HashSet<>();
      String failed = null;
      for (ScrapeConfig config : snapshot.prometheus().scrapeConfigs()) {
        jobs.add(config.jobName());
        ScrapePool pool = pools.get(config.jobName());
        if (pool != null && pool.isOf(config)) {
          continue;
        }
        ScrapeConfig plain = plain(config);
        try {
          if (pool == null) {
            metrics.pools.inc();
            pool = new ScrapePool(host, plain, hostPort(server.externalUrl()));
            pools.put(config.jobName(), pool);
            List<TargetGroup> known = groups.get(config.jobName());
            if (known != null) {
              pool.sync(known);
            }
          } else if (pool.reload(plain)) {
            metrics.poolReloads.inc();
          }
          pool.applied(config);
        } catch (IllegalArgumentException e) {
          (pool == null ? metrics.poolsFailed : metrics.poolReloadsFailed).inc();
          failed = "job \"" + config.jobName() + "\": " + e.getMessage();
        }
      }
      pools
          .values()
          .removeIf(pool -> {
            boolean gone = !jobs.contains(pool.job());
            if (gone) {
              pool.stop(true);
            }
            return gone;
          });
      if (failed != null) {
        throw new ConfigException(failed);
      }
      applied = snapshot.prometheus();
    }
  }

  /** Replicas differ by host name and external labels, so that they do not scrape in step. */
  private static long seed(Map<String, String> externalLabels) {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException _) {
      host = "localhost";
    }
    return Fnv1a.of(host + externalLabels);
  }

  /**
   * Returns the settings without discoveries, which hold positions in files, so that equal settings
   * are equal records.
   */
  private static ScrapeConfig plain(ScrapeConfig c) {
    return c.with(c.http(), List.of());
  }

  @Override
  public void targetsChanged(String set, List<TargetGroup> newGroups) {
    if (!set.startsWith(SET_PREFIX)) {
      return;
    }
    String job = set.substring(SET_PREFIX.length());
    synchronized (lock) {
      groups.put(job, List.copyOf(newGroups));
      ScrapePool pool = pools.get(job);
      if (pool != null) {
        pool.sync(newGroups);
      }
    }
  }

  @Override
  public void setRemoved(String set) {
    if (!set.startsWith(SET_PREFIX)) {
      return;
    }
    String job = set.substring(SET_PREFIX.length());
    synchronized (lock) {
      groups.remove(job);
      ScrapePool pool = pools.get(job);
      if (pool != null) {
        pool.sync(List.of());
      }
    }
  }

  @Override
  public List<String> pools() {
    synchronized (lock) {
      return List.copyOf(pools.keySet());
    }
  }

  @Override
  public List<ActiveTarget> active() {
    Map<String, List<ScrapeLoop>> byPool = loops();
    List<ActiveTarget> all = new ArrayList<>();
    byPool.forEach((pool, loops) -> {
      List<ActiveTarget> some = new ArrayList<>();
      for (ScrapeLoop loop : loops) {
        Target t = loop.target();
        ScrapeLoop.Status s = loop.status();
        some.add(
            new ActiveTarget(
                pool,
                t.discovered(),
                t.labels(),
                t.url(),
                globalUrl(t),
                s.health(),
                s.error(),
                s.timeMs(),
                s.seconds(),
                PromDuration.formatMs(t.intervalMs()),
                PromDuration.formatMs(t.timeoutMs())));
      }
      some.sort(Comparator.comparing(ActiveTarget::labels));
      all.addAll(some);
    });
    return all;
  }

  /** Returns the loops of all jobs. */
  Map<String, List<ScrapeLoop>> loops() {
    Map<String, List<ScrapeLoop>> byPool = new LinkedHashMap<>();
    synchronized (lock) {
      pools.forEach((name, pool) -> byPool.put(name, pool.loops()));
    }
    return byPool;
  }

  /**
   * Returns the URL at which others reach the target: a loopback host is replaced by the server's.
   */
  private String globalUrl(Target t) {
    GoUrl external = server.externalUrl();
    GoUrl url;
    try {
      url = GoUrl.parse(t.url());
    } catch (GoUrl.InvalidUrlException _) {
      return t.url();
    }
    if (t.self()) {
      return external + url.requestTarget();
    }
    String host = url.hostname();
    if (!(host.equals("localhost") || host.equals("127.0.0.1") || host.equals("::1"))) {
      return t.url();
    }
    boolean own = server.listenAddresses().stream().anyMatch(a -> a.getPort() == url.portNumber());
    String authority = own ? external.host() : host(external, url.port());
    String scheme = own ? external.scheme() : url.scheme();
    return GoUrl.parse((scheme.isEmpty() ? "//" : scheme + "://") + authority)
        + url.requestTarget();
  }

  private static String host(GoUrl url, String port) {
    String name = url.hostname();
    String host = name.indexOf(':') < 0 ? name : "[" + name.replace("%", "%25") + "]";
    return port.isEmpty() ? host : host + ":" + port;
  }

  @Override
  public List<DroppedTarget> dropped() {
    synchronized (lock) {
      List<DroppedTarget> all = new ArrayList<>();
      pools.forEach((name, pool) -> {
        for (Labels l : pool.dropped()) {
          all.add(new DroppedTarget(name, l));
        }
      });
      return all;
    }
  }

  @Override
  public Map<String, Integer> droppedCounts() {
    synchronized (lock) {
      Map<String, Integer> all = new TreeMap<>();
      pools.forEach((name, pool) -> all.put(name, pool.droppedCount()));
      return all;
    }
  }

  @Override
  public List<TargetMetadata> metadata() {
    List<TargetMetadata> all = new ArrayList<>();
    loops()
        .values()
        .forEach(loops ->
            loops.forEach(
                l -> all.add(new TargetMetadata(l.target().labels(), List.copyOf(l.metadata())))));
    return all;
  }

  /** Writes the size of the metadata caches, which is computed at collection only. */
  @Override
  public void collect(MetricSink sink) {
    Map<String, long[]> sizes = new TreeMap<>();
    loops()
        .forEach((pool, loops) -> {
          long[] size = sizes.computeIfAbsent(pool, _ -> new long[2]);
          for (ScrapeLoop loop : loops) {
            for (MetricMetadata m : loop.metadata()) {
              size[0]++;
              size[1] += m.name().length() + m.help().length() + m.unit().length();
            }
          }
        });
    String entries = "prometheus_target_metadata_cache_entries";
    sink.family(
        new MetricMetadata(
            entries, MetricType.GAUGE, "Total number of metric metadata entries in the cache", ""));
    sizes.forEach((pool, n) -> sink.sample(entries, Labels.of("scrape_job", pool), n[0]));
    String bytes = "prometheus_target_metadata_cache_bytes";
    sink.family(
        new MetricMetadata(
            bytes,
            MetricType.GAUGE,
            "The number of bytes that are currently used for storing metric metadata in the cache",
            ""));
    sizes.forEach((pool, n) -> sink.sample(bytes, Labels.of("scrape_job", pool), n[1]));
  }
}
