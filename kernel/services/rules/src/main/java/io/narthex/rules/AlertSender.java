package io.narthex.rules;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.narthex.config.yaml.SecretKeys;
import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.model.go.GoUrl;
import io.narthex.relabel.NameScheme;
import io.narthex.relabel.Relabeling;
import io.narthex.service.alerts.AlertSink;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.PrometheusConfig.AlertmanagerTarget;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.rules.RuleService.AlertmanagerUrls;
import io.narthex.spi.plugin.HttpTransport;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends alerts to Alertmanagers: to the one in this process, and over HTTP to others. Each has its
 * own queue, whose oldest alerts are dropped when it is full. A failed request is not retried:
 * rules send the alert again.
 *
 * <p>Thread-safe.
 */
final class AlertSender implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AlertSender.class);

  /** The label of the Alertmanager of this process. */
  private static final String IN_PROCESS = "in-process";

  private static final int ALERTMANAGER_PORT = 9093;
  private static final Duration PROBE_INTERVAL = Duration.ofSeconds(30);
  private static final JsonFactory JSON = new JsonFactory();

  private final Supplier<@Nullable AlertSink> sink;
  private final Supplier<@Nullable HttpTransport> http;
  private final Supplier<List<InetSocketAddress>> ownAddresses;
  private final Supplier<GoUrl> externalUrl;
  private final Options options;
  private final AwaitingAlerts awaiting; // for the Alertmanager of this process
  private final Metrics metrics;
  private final Map<String, List<TargetGroup>> discovered = new HashMap<>(); // guarded by this
  private final Map<String, Queue> queues = new LinkedHashMap<>(); // guarded by this
  private List<String> dropped = List.of(); // guarded by this
  private List<Supplier<Boolean>> inProcess = List.of(); // guarded by this
  private volatile Relabeling relabeling = Relabeling.NONE;
  private volatile Labels externalLabels = Labels.EMPTY;
  private PrometheusConfig.@Nullable Alerting config; // guarded by this

  /**
   * Settings from flags.
   *
   * @param capacity of the queue of an Alertmanager, in alerts
   * @param batch most alerts in one request
   * @param drain whether queued alerts are sent at shutdown
   */
  record Options(int capacity, int batch, boolean drain) {}

  AlertSender(
      Supplier<@Nullable AlertSink> sink,
      Supplier<@Nullable HttpTransport> http,
      Supplier<List<InetSocketAddress>> ownAddresses,
      Supplier<GoUrl> externalUrl,
      Options options,
      Metrics metrics) {
    this.sink = sink;
    this.http = http;
    this.ownAddresses = ownAddresses;
    this.externalUrl = externalUrl;
    this.options = options;
    this.awaiting = new AwaitingAlerts(options.capacity());
    this.metrics = metrics;
    metrics
        .gauge(
            "prometheus_notifications_queue_capacity",
            "The capacity of the alert notifications queue.")
        .set(options.capacity());
  }

  /** Applies a configuration. */
  synchronized void apply(PrometheusConfig prometheus) {
    relabeling = Relabeling.compile(prometheus.alerting().alertRelabelConfigs(), NameScheme.UTF8);
    externalLabels = Labels.of(prometheus.global().externalLabels());
    config = prometheus.alerting();
    rebuild();
  }

  Options options() {
    return options;
  }

  Labels externalLabels() {
    return externalLabels;
  }

  /**
   * Takes the changed targets of a set, null when it was removed; only Alertmanagers' sets count.
   */
  synchronized void targets(String set, @Nullable List<TargetGroup> groups) {
    if (!set.startsWith("alertmanager/")) {
      return;
    }
    if (groups == null) {
      discovered.remove(set);
    } else {
      discovered.put(set, List.copyOf(groups));
    }
    rebuild();
  }

  private void rebuild() {
    PrometheusConfig.Alerting alerting = config;
    if (alerting == null) {
      return;
    }
    Set<String> wanted = new LinkedHashSet<>();
    List<String> droppedUrls = new ArrayList<>();
    List<Supplier<Boolean>> local = new ArrayList<>();
    List<AlertmanagerTarget> blocks = alerting.alertmanagers();
    for (int i = 0; i < blocks.size(); i++) {
      AlertmanagerTarget block = blocks.get(i);
      Relabeling targets = Relabeling.compile(block.relabelConfigs(), NameScheme.UTF8);
      Relabeling alerts = Relabeling.compile(block.alertRelabelConfigs(), NameScheme.UTF8);
      for (TargetGroup group : discovered.getOrDefault("alertmanager/" + i, List.of())) {
        for (Map<String, String> target : group.targets()) {
          Labels before = labels(block, group, target);
          Labels after = targets.apply(before);
          if (after == null) {
            droppedUrls.add(url(before));
            continue;
          }
          String url = url(after);
          GoUrl address;
          try {
            address = GoUrl.parse(url);
          } catch (GoUrl.InvalidUrlException e) {
            LOG.warn("alertmanager {}: {}", SecretKeys.shownUrl(url), e.reason());
            continue;
          }
          if (isOwn(address)) {
            local.add(() -> true);
            continue;
          }
          if (address.portNumber() == ALERTMANAGER_PORT && isLoopback(address.hostname())) {
            local.add(new Vacant(ALERTMANAGER_PORT));
          }
          String key = i + " " + url;
          wanted.add(key);
          Queue known = queues.get(key);
          if (known == null) {
            queues.put(key, new Queue(address, block, alerts));
            zero(url);
            length(url, 0);
          } else {
            known.block = block;
            known.relabeling = alerts;
          }
        }
      }
    }
    if (blocks.isEmpty()) {
      local.add(() -> true);
    }
    queues
        .entrySet()
        .removeIf(e -> {
          boolean removed = !wanted.contains(e.getKey());
          if (removed) {
            e.getValue().stop();
          }
          return removed;
        });
    if (!local.isEmpty()) {
      zero(IN_PROCESS);
      length(IN_PROCESS, 0);
    }
    dropped = List.copyOf(droppedUrls);
    inProcess = List.copyOf(local);
    metrics
        .gauge(
            "prometheus_notifications_alertmanagers_discovered",
            "The number of alertmanagers discovered and active.")
        .set(queues.size() + (local.isEmpty() ? 0 : 1));
  }

  private static Labels labels(
      AlertmanagerTarget block, TargetGroup group, Map<String, String> target) {
    Labels.Builder b = Labels.builder();
    group.labels().forEach(b::set);
    target.forEach(b::set);
    String prefix = "/" + block.pathPrefix().replaceAll("^/+|/+$", "");
    if (b.get("__scheme__").isEmpty()) {
      b.set("__scheme__", block.scheme());
    }
    b.set("__alerts_path__", (prefix.equals("/") ? "" : prefix) + "/api/v2/alerts");
    return b.build();
  }

  private static String url(Labels l) {
    return GoUrl.join(
        l.get("__scheme__"), l.get(TargetGroup.ADDRESS), l.get("__alerts_path__"), "");
  }

  private static boolean isLoopback(String host) {
    return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
  }

  private boolean isOwn(GoUrl url) {
    String host = url.hostname();
    int port = url.portNumber();
    GoUrl external = externalUrl.get();
    if (host.isEmpty()) {
      return false;
    }
    if (host.equals(external.hostname()) && port == external.portNumber()) {
      return true;
    }
    for (InetSocketAddress own : ownAddresses.get()) {
      if (own.getPort() == port && (isLoopback(host) || sameHost(own, host))) {
        return true;
      }
    }
    return false;
  }

  private static boolean sameHost(InetSocketAddress own, String host) {
    InetAddress address = own.getAddress();
    if (host.equals(own.getHostString())) {
      return true;
    }
    try {
      return address != null
          && address.isAnyLocalAddress()
          && host.equals(InetAddress.getLocalHost().getHostName());
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** Whether no process listens on a local port; probed again every half minute. */
  private static final class Vacant implements Supplier<Boolean> {
    private final int port;
    private long askedNanos;
    private boolean vacant;
    private boolean asked;

    Vacant(int port) {
      this.port = port;
    }

    @Override
    public synchronized Boolean get() {
      long now = System.nanoTime();
      if (!asked || now - askedNanos > PROBE_INTERVAL.toNanos()) {
        asked = true;
        askedNanos = now;
        try (Socket s = new Socket()) {
          s.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
          vacant = false;
        } catch (IOException e) {
          vacant = true;
        }
      }
      return vacant;
    }
  }

  synchronized AlertmanagerUrls urls() {
    List<String> active = new ArrayList<>(queues.values().stream().map(q -> q.url).toList());
    if (inProcess.stream().anyMatch(Supplier::get)) {
      active.add(externalUrl.get() + "/api/v2/alerts");
    }
    return new AlertmanagerUrls(active, dropped);
  }

  /** Sends alerts to all Alertmanagers. */
  void send(List<Alert> alerts) {
    List<Alert> prepared = prepare(alerts);
    if (prepared.isEmpty()) {
      return;
    }
    List<Queue> remote;
    boolean local;
    synchronized (this) {
      remote = List.copyOf(queues.values());
      local = inProcess.stream().anyMatch(Supplier::get);
    }
    if (local) {
      deliverInProcess(prepared);
    }
    remote.forEach(q -> q.add(prepared));
  }

  /** Delivers to the Alertmanager of this process, or keeps the alerts until it runs. */
  private void deliverInProcess(List<Alert> alerts) {
    AlertSink target = sink.get();
    if (target == null) {
      int lost = awaiting.add(alerts);
      count("prometheus_notifications_dropped_total", IN_PROCESS, lost);
      return;
    }
    try {
      target.receive(alerts);
      count("prometheus_notifications_sent_total", IN_PROCESS, alerts.size());
    } catch (IllegalArgumentException e) {
      LOG.warn("alerts refused: {}", e.getMessage());
    }
  }

  /** Delivers what was kept, when the Alertmanager of this process has started. */
  void sinkBound() {
    List<Alert> kept = awaiting.takeAll();
    if (!kept.isEmpty()) {
      deliverInProcess(kept);
    }
  }

  private List<Alert> prepare(List<Alert> alerts) {
    List<Alert> out = new ArrayList<>();
    for (Alert a : alerts) {
      Labels.Builder b = a.labels().toBuilder();
      externalLabels.forEach((n, v) -> {
        if (b.get(n).isEmpty()) {
          b.set(n, v);
        }
      });
      Labels labels = relabeling.apply(b.build());
      if (labels != null) {
        out.add(a.withLabels(labels));
      }
    }
    return out;
  }

  /** Lets the counters of an Alertmanager exist before anything is counted. */
  private void zero(String alertmanager) {
    count("prometheus_notifications_sent_total", alertmanager, 0);
    count("prometheus_notifications_errors_total", alertmanager, 0);
    count("prometheus_notifications_dropped_total", alertmanager, 0);
  }

  private void length(String alertmanager, int alerts) {
    metrics
        .gauge(
            "prometheus_notifications_queue_length",
            "The number of alert notifications in the queue.",
            "alertmanager")
        .with(alertmanager)
        .set(alerts);
  }

  private void count(String name, String alertmanager, int n) {
    switch (name) {
      case "prometheus_notifications_sent_total" ->
          metrics
              .counter(name, "Total number of alerts sent.", "alertmanager")
              .with(alertmanager)
              .add(n);
      case "prometheus_notifications_errors_total" ->
          metrics
              .counter(name, "Total number of sent alerts affected by errors.", "alertmanager")
              .with(alertmanager)
              .add(n);
      default ->
          metrics
              .counter(
                  "prometheus_notifications_dropped_total",
                  "Total number of alerts dropped due to errors when sending to Alertmanager.",
                  "alertmanager")
              .with(alertmanager)
              .add(n);
    }
  }

  @Override
  public synchronized void close() {
    queues.values().forEach(options.drain() ? Queue::beginDraining : Queue::stop);
    queues.values().forEach(Queue::awaitEnd);
    queues.clear();
  }

  /** The queue of one Alertmanager, with the thread that sends it. */
  private final class Queue {
    final String url;
    private final GoUrl address;
    private final LinkedBlockingDeque<Alert> waiting = new LinkedBlockingDeque<>();
    private final Thread thread;
    private volatile boolean stopped;
    volatile AlertmanagerTarget block;
    volatile Relabeling relabeling;

    Queue(GoUrl address, AlertmanagerTarget block, Relabeling relabeling) {
      this.address = address;
      this.url = address.toString();
      this.block = block;
      this.relabeling = relabeling;
      this.thread = Thread.ofVirtual().name("alerts to " + url).start(this::run);
    }

    void add(List<Alert> alerts) {
      int lost;
      synchronized (waiting) { // alerts of one call stay in one batch
        lost = enqueue(alerts);
      }
      if (lost > 0) {
        count("prometheus_notifications_dropped_total", url, lost);
        LOG.warn("alerts to {}: queue is full, {} of the oldest were dropped", url, lost);
      }
      length();
    }

    private int enqueue(List<Alert> alerts) {
      int lost = 0;
      for (Alert a : alerts) {
        Labels labels = relabeling.apply(a.labels());
        if (labels == null) {
          continue;
        }
        waiting.addLast(a.withLabels(labels));
        if (waiting.size() > options.capacity() && waiting.pollFirst() != null) {
          lost++;
        }
      }
      return lost;
    }

    private void length() {
      AlertSender.this.length(url, waiting.size());
    }

    void stop() {
      stopped = true;
      thread.interrupt();
    }

    /** Sends what is queued, until a request fails: the rest would most likely fail too. */
    void beginDraining() {
      stopped = true;
    }

    void awaitEnd() {
      try {
        thread.join();
      } catch (InterruptedException e) {
        thread.interrupt();
        Thread.currentThread().interrupt();
      }
      int left = waiting.size();
      if (left > 0) {
        count("prometheus_notifications_dropped_total", url, left);
        LOG.warn("alerts to {}: {} were still waiting at the end and are dropped", url, left);
        waiting.clear();
      }
    }

    private void run() {
      try {
        while (true) {
          Alert first = waiting.pollFirst(200, TimeUnit.MILLISECONDS);
          if (first == null) {
            if (stopped) {
              return;
            }
            continue;
          }
          List<Alert> batch = new ArrayList<>();
          batch.add(first);
          synchronized (waiting) {
            waiting.drainTo(batch, options.batch() - 1);
          }
          length();
          if (!post(batch) && stopped) {
            return;
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the Alertmanager was removed
      }
    }

    private boolean post(List<Alert> batch) throws InterruptedException {
      HttpTransport transport = http.get();
      long began = System.nanoTime();
      String problem;
      if (transport == null) {
        problem = "the HTTP client is not running";
      } else {
        try (HttpTransport.Response r =
            transport.send(
                HttpTransport.Request.post(
                    address,
                    "application/json",
                    json(batch).getBytes(StandardCharsets.UTF_8),
                    block.timeout()),
                block.http())) {
          problem = r.status() / 100 == 2 ? "" : "bad response status " + r.status();
        } catch (IOException e) {
          problem = String.valueOf(e.getMessage());
        }
      }
      metrics
          .summary(
              "prometheus_notifications_latency_seconds",
              "Latency quantiles for sending alert notifications.",
              "alertmanager")
          .with(url)
          .observe((System.nanoTime() - began) / 1e9);
      if (problem.isEmpty()) {
        count("prometheus_notifications_sent_total", url, batch.size());
      } else {
        count("prometheus_notifications_errors_total", url, batch.size());
        count("prometheus_notifications_dropped_total", url, batch.size());
        LOG.warn("alerts to {}: {} alerts could not be sent: {}", url, batch.size(), problem);
      }
      return problem.isEmpty();
    }
  }

  /** Returns the body of a request. */
  static String json(List<Alert> alerts) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartArray();
      for (Alert a : alerts) {
        json.writeStartObject();
        write(json, "labels", a.labels().toMap());
        write(json, "annotations", a.annotationTexts());
        json.writeStringField("startsAt", a.startsAt().toString());
        json.writeStringField("endsAt", a.endsAt().toString());
        json.writeStringField("generatorURL", a.generatorUrl());
        json.writeEndObject();
      }
      json.writeEndArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // not from a StringWriter
    }
    return text.toString();
  }

  private static void write(JsonGenerator json, String field, Map<String, String> texts)
      throws IOException {
    json.writeObjectFieldStart(field);
    for (Map.Entry<String, String> e : texts.entrySet()) {
      json.writeStringField(e.getKey(), e.getValue());
    }
    json.writeEndObject();
  }
}
