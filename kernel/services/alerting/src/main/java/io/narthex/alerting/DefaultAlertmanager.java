package io.narthex.alerting;

import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.model.go.PromDuration;
import io.narthex.service.alerts.AlertSink;
import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.config.ReloadStage;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.notify.NotifierService;
import io.narthex.service.server.HandOver;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.HttpTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
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
 * The server's Alertmanager. Silences and the notification log survive restarts and updates of this
 * bundle. Alerts survive updates; after a restart their senders send them again.
 */
@Component(
    service = {
      AlertSink.class,
      AlertmanagerService.class,
      ReloadListener.class,
      MetricCollector.class
    })
public final class DefaultAlertmanager
    implements AlertSink, AlertmanagerService, ReloadListener, MetricCollector {
  private static final Logger LOG = LoggerFactory.getLogger(DefaultAlertmanager.class);
  private static final Duration DRAIN = Duration.ofSeconds(10);

  /** {@code AlertmanagerConfig.none()} as a file, for the pages and the API. */
  static final String DEFAULT_YAML =
      """
      global:
        resolve_timeout: 5m
      route:
        receiver: default
        continue: false
        group_wait: 30s
        group_interval: 5m
        repeat_interval: 4h
      receivers:
      - name: default
      templates: []
      """;

  private final HandOver handOver;
  private final ServerInfo server;
  private final TemplateService templates;
  private final Timers timers;
  private final Silences silences;
  private final NotificationLog log;
  private final Deliveries deliveries;
  private final AlertmanagerCore core;
  private final AlertingMetrics metrics;
  private final Instant startedAt;
  private final AtomicBoolean warm = new AtomicBoolean();
  private volatile @Nullable HttpTransport http;
  private volatile String configYaml = "";

  /** Starts with the state of the last run. */
  @Activate
  public DefaultAlertmanager(
      @Reference ServerInfo server,
      @Reference Metrics metrics,
      @Reference TemplateService templates,
      @Reference HandOver handOver) {
    this.handOver = handOver;
    this.server = server;
    this.templates = templates;
    this.timers = new ThreadTimers();
    this.metrics = new AlertingMetrics(metrics);
    this.startedAt = timers.now();
    Duration retention = PromDuration.parse(server.flag("data.retention"));
    Duration startDelay = PromDuration.parse(server.flag("dispatch.start-delay"));
    Path folder = server.stateDirectory().resolve("alerting");
    MatcherSyntax.Mode mode =
        server.feature("classic-mode")
            ? MatcherSyntax.Mode.CLASSIC
            : server.feature("utf8-strict-mode")
                ? MatcherSyntax.Mode.UTF8
                : MatcherSyntax.Mode.FALLBACK;
    this.silences =
        new Silences(
            folder.resolve("silences.jsonl"),
            retention,
            mode == MatcherSyntax.Mode.CLASSIC,
            timers.now());
    this.log = new NotificationLog(folder.resolve("notifications.jsonl"), timers.now());
    long given = number(server, "alerts.max-bytes");
    long maxBytes = given > 0 ? given : Runtime.getRuntime().maxMemory() / 8;
    silences.limits(
        new Silences.Limits(
            (int) number(server, "silences.max-silences"),
            number(server, "silences.max-silence-size-bytes"),
            maxBytes / 2));
    this.deliveries = new Deliveries(timers, log, this.metrics, retention);
    Object left = handOver.take(HandedAlerts.KEY);
    this.core =
        new AlertmanagerCore(
            timers,
            mode,
            silences,
            log,
            deliveries,
            this.metrics,
            left == null ? startDelay : Duration.ZERO,
            new AlertStore((int) number(server, "alerts.per-alertname-limit"), maxBytes));
    core.restore(HandedAlerts.read(left));
    this.metrics.clusterEnabled.set(0);
  }

  private static long number(ServerInfo server, String flag) {
    String text = server.flag(flag);
    return text.isEmpty() ? 0 : Math.max(0, Long.parseLong(text));
  }

  /** Binds the service that runs the notifier plugins. */
  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindNotifiers(NotifierService service) {
    deliveries.notifiers(service);
  }

  /** Unbinds the service; notifications wait for the next one. */
  void unbindNotifiers(NotifierService service) {
    deliveries.withoutNotifiers(service);
  }

  /** Binds the HTTP client, which the warm-up uses. */
  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindHttp(HttpTransport service) {
    http = service;
  }

  /** Unbinds the HTTP client. */
  void unbindHttp(HttpTransport service) {
    if (http == service) {
      http = null;
    }
  }

  /**
   * Stops the groups, waits up to {@link #DRAIN} for running sends, hands the alerts over and
   * writes the state.
   */
  @Deactivate
  void stop() {
    core.close();
    long end = System.nanoTime() + DRAIN.toNanos();
    try {
      while (deliveries.running() > 0 && System.nanoTime() < end) {
        Thread.sleep(20);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    timers.close();
    handOver.leave(HandedAlerts.KEY, HandedAlerts.write(core.known()));
    try {
      silences.close();
      log.close();
    } catch (IOException e) {
      LOG.error("alerting state: cannot be written: {}", e.getMessage());
    }
  }

  // --- configuration

  @Override
  public String name() {
    return "alerting";
  }

  @Override
  public ReloadStage stage() {
    return ReloadStage.NOTIFICATION;
  }

  @Override
  public void apply(ConfigSnapshot snapshot) {
    try {
      deliveries.templates(
          templates.load(snapshot.alertmanager().templates(), Path.of("")),
          server.externalUrl().toString());
      configYaml = snapshot.alertmanagerYaml();
      core.apply(snapshot.alertmanager());
      if (warm.compareAndSet(false, true)) {
        WarmUp.whenReady(
            timers, server::ready, () -> WarmUp.run(timers, templates.builtIn(), http, server));
      }
      metrics.configuration(hashed(snapshot));
      metrics.reloadSuccessful.set(1);
      metrics.reloadTime.set(timers.now().toEpochMilli() / 1000.0);
    } catch (RuntimeException e) {
      metrics.reloadSuccessful.set(0);
      throw e;
    }
  }

  /**
   * Returns a string that differs with every value, including secrets, which the shown YAML hides.
   */
  private static String hashed(ConfigSnapshot snapshot) {
    StringBuilder text = new StringBuilder(snapshot.alertmanagerYaml());
    text.append(snapshot.alertmanager().globals().toPlain());
    snapshot
        .alertmanager()
        .receivers()
        .forEach(r -> r.blocks().forEach(b -> text.append(b.node().toPlain())));
    return text.toString();
  }

  @Override
  public void collect(MetricSink sink) {
    core.collect(sink);
  }

  // --- alerts

  @Override
  public void receive(List<Alert> alerts) {
    try {
      post(
          alerts.stream()
              .map(a ->
                  new PostedAlert(
                      a.labels().toMap(),
                      a.annotationTexts(),
                      a.startsAt(),
                      a.endsAt(),
                      a.generatorUrl()))
              .toList());
    } catch (InvalidRequestException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  @Override
  public void post(List<PostedAlert> alerts) {
    core.post(alerts);
  }

  @Override
  public List<AlertView> alerts(AlertQuery query) {
    return core.alerts(query);
  }

  @Override
  public List<GroupView> groups(AlertQuery query) {
    return core.groups(query);
  }

  // --- silences

  @Override
  public List<Silence> silences(
      List<String> filters, boolean active, boolean pending, boolean expired) {
    metrics.silenceQueries.inc();
    List<LabelMatcher> wanted = core.matchers(filters).stream().map(AlertMatcher::source).toList();
    List<Silence> out = new ArrayList<>();
    for (Silence s : silences.list(wanted, timers.now())) {
      boolean keep =
          switch (s.state()) {
            case ACTIVE -> active;
            case PENDING -> pending;
            case EXPIRED -> expired;
          };
      if (keep) {
        out.add(s);
      }
    }
    return out;
  }

  @Override
  public Optional<Silence> silence(String id) {
    @Nullable Silence found = silences.get(id, timers.now());
    return Optional.ofNullable(found);
  }

  @Override
  public String putSilence(SilenceRequest request) {
    return silences.put(request, timers.now());
  }

  @Override
  public void expireSilence(String id) {
    silences.expire(id, timers.now());
  }

  // --- active configuration

  @Override
  public List<ReceiverView> receivers(List<String> matchers) {
    return core.receiverViews(matchers);
  }

  @Override
  public RouteView routes() {
    return core.root().view();
  }

  @Override
  public List<String> test(Labels labels) {
    Set<String> names = new LinkedHashSet<>();
    core.root().match(labels).forEach(r -> names.add(r.route().receiver()));
    return List.copyOf(names);
  }

  @Override
  public Status status() {
    return new Status(configYaml.isEmpty() ? DEFAULT_YAML : configYaml, startedAt);
  }
}
