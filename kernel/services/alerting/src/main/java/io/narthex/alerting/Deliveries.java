package io.narthex.alerting;

import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.service.notify.NotifierService;
import io.narthex.service.notify.NotifierService.Integration;
import io.narthex.service.template.TemplateService;
import io.narthex.service.template.TemplateService.NotificationData;
import io.narthex.service.template.TemplateService.NotificationTemplates;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notification.NotifiedAlert;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host's queue of notifications: decides by the notification log whether one is due, tries
 * until it is accepted, refused or the group's deadline is over, and logs what was delivered.
 * Outlives reloads and updates of plugins: an integration has at most one delivery of a group in
 * flight, so nothing is notified twice, and what was not delivered is due again at the group's next
 * flush.
 *
 * <p>Thread-safe.
 */
final class Deliveries {
  private static final Logger LOG = LoggerFactory.getLogger(Deliveries.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
  private static final Duration WAIT_FOR_OTHER = Duration.ofMillis(250);

  private final Timers timers;
  private final NotificationLog log;
  private final @Nullable AlertingMetrics metrics;
  private final Duration retention;
  private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
  private final Set<NotificationLog.Key> inFlight = ConcurrentHashMap.newKeySet();
  private final AtomicInteger running = new AtomicInteger();

  /** Integrations without a running plugin at the last attempt, which was logged once. */
  private final Set<String> waiting = ConcurrentHashMap.newKeySet();

  private volatile @Nullable NotifierService notifiers;
  private volatile @Nullable NotificationTemplates templates;
  private volatile String externalUrl = "";

  Deliveries(
      Timers timers, NotificationLog log, @Nullable AlertingMetrics metrics, Duration retention) {
    this.timers = timers;
    this.log = log;
    this.metrics = metrics;
    this.retention = retention;
  }

  void notifiers(NotifierService service) {
    notifiers = service;
  }

  /** Removes a service unless it has been replaced already. */
  void withoutNotifiers(NotifierService service) {
    if (notifiers == service) {
      notifiers = null;
    }
  }

  void templates(@Nullable NotificationTemplates loaded, String url) {
    templates = loaded;
    externalUrl = url;
  }

  /** Returns the number of running sends. */
  int running() {
    return running.get();
  }

  /**
   * Notifies all integrations of a route's receiver of alerts where a notification is due.
   *
   * @param alerts in the order of the notification
   * @param done called once, with whether every integration is up to date
   */
  void deliver(
      Dispatcher dispatcher,
      RouteNode route,
      String groupKey,
      Labels groupLabels,
      List<StoredAlert> alerts,
      Instant flushTime,
      Instant deadline,
      Consumer<Boolean> done) {
    NotifierService service = notifiers;
    List<Integration> integrations =
        service == null ? List.of() : service.integrations(route.route().receiver());
    if (integrations.isEmpty()) {
      done.accept(service != null);
      return;
    }
    AtomicInteger open = new AtomicInteger(integrations.size());
    AtomicBoolean all = new AtomicBoolean(true);
    Consumer<Boolean> each =
        success -> {
          if (!success) {
            all.set(false);
          }
          if (open.decrementAndGet() == 0) {
            done.accept(all.get());
          }
        };
    for (Integration i : integrations) {
      new Delivery(dispatcher, route, groupKey, groupLabels, alerts, flushTime, deadline, i, each)
          .start();
    }
  }

  /** One notification of one integration. Confined to one thread at a time. */
  private final class Delivery {
    private final Dispatcher dispatcher;
    private final RouteNode route;
    private final Labels groupLabels;
    private final List<StoredAlert> alerts;
    private final Instant flushTime;
    private final Instant deadline;
    private final Integration integration;
    private final Consumer<Boolean> done;
    private final NotificationLog.Key key;
    private final Set<Long> firing = new HashSet<>();
    private final Set<Long> resolved = new HashSet<>();
    private @Nullable Notification notification;
    private Map<String, String> state = Map.of();
    private int attempts;
    private int pauses;

    Delivery(
        Dispatcher dispatcher,
        RouteNode route,
        String groupKey,
        Labels groupLabels,
        List<StoredAlert> alerts,
        Instant flushTime,
        Instant deadline,
        Integration integration,
        Consumer<Boolean> done) {
      this.dispatcher = dispatcher;
      this.route = route;
      this.groupLabels = groupLabels;
      this.alerts = alerts;
      this.flushTime = flushTime;
      this.deadline = deadline;
      this.integration = integration;
      this.done = done;
      this.key =
          new NotificationLog.Key(
              groupKey, integration.receiver(), integration.type(), integration.index());
      for (StoredAlert a : alerts) {
        (a.resolvedAt(flushTime) ? resolved : firing).add(a.fingerprint());
      }
    }

    void start() {
      if (!inFlight.add(key)) {
        // a delivery from before a reload is still in flight: its outcome decides what is due
        Instant retry = timers.now().plus(WAIT_FOR_OTHER);
        if (retry.isAfter(deadline) || dispatcher.isStopped()) {
          done.accept(false);
        } else {
          timers.at(retry, "notify " + integration.label(), this::start);
        }
        return;
      }
      String reason;
      try {
        if (metrics != null) {
          metrics.logQueries.inc();
        }
        NotificationLog.Entry entry = log.get(key);
        state = entry == null ? Map.of() : entry.state();
        reason =
            Dedup.reason(
                entry,
                firing,
                resolved,
                route.route().repeatInterval(),
                integration.sendResolved(),
                flushTime);
        if (reason == null) {
          finish(true);
          return;
        }
        List<StoredAlert> notified =
            integration.sendResolved()
                ? alerts
                : alerts.stream().filter(a -> !a.resolvedAt(flushTime)).toList();
        if (notified.isEmpty()) {
          remember(state);
          finish(true);
          return;
        }
        notification = notification(reason, notified);
      } catch (RuntimeException | Error e) {
        // an Error too: the key must not stay in flight forever
        LOG.error("notify {} of {}: cannot be prepared", integration.label(), key.receiver(), e);
        finish(false);
        return;
      }
      if (metrics != null) {
        metrics.notifications.with(integration.type()).inc();
      }
      attemptSoon();
    }

    private void attemptSoon() {
      timers.run("notify " + integration.receiver() + " " + integration.label(), this::attempt);
    }

    private void attempt() {
      try {
        attemptOnce();
      } catch (RuntimeException | Error e) {
        LOG.error("notify {} of {}: failed", integration.label(), key.receiver(), e);
        finish(false);
      }
    }

    /** Waits for an absent plugin without an attempt: its absence does not count as a failure. */
    private boolean waits(@Nullable NotifierService service) {
      String problem =
          service == null ? "notifiers are being started" : service.waiting(integration);
      String name = integration.receiver() + "/" + integration.label();
      if (problem.isEmpty()) {
        waiting.remove(name);
        return false;
      }
      if (waiting.add(name)) {
        LOG.warn(
            "notify {} of {}: {}; its notifications wait",
            integration.label(),
            integration.receiver(),
            problem);
      }
      Instant next = timers.now().plus(pause(++pauses));
      if (next.isAfter(deadline) || dispatcher.isStopped()) {
        finish(false);
      } else {
        timers.at(next, "notify " + integration.label(), this::attempt);
      }
      return true;
    }

    private void attemptOnce() {
      NotifierService service = notifiers;
      Notification message = notification;
      if (message == null) {
        finish(false);
        return;
      }
      if (waits(service) || service == null) {
        return;
      }
      attempts++;
      Instant began = timers.now();
      SendResult result;
      running.incrementAndGet();
      try {
        result = service.send(integration, message);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        result = SendResult.retryLater("interrupted");
      } catch (RuntimeException | Error e) {
        LOG.warn("notify {}: plugin failed", integration.label(), e);
        result = SendResult.retryLater("the plugin failed: " + e.getMessage());
      } finally {
        running.decrementAndGet();
      }
      Instant ended = timers.now();
      if (metrics != null) {
        metrics
            .latency
            .with(integration.type())
            .observe(Duration.between(began, ended).toNanos() / 1e9);
        metrics.notificationRequests.with(integration.type()).inc();
      }
      switch (result) {
        case SendResult.Delivered d -> {
          remember(d.state());
          finish(true);
        }
        case SendResult.RetryLater r -> {
          countFailedRequest();
          // a pause starts with the attempt, unless the receiving side asks for a longer one
          Instant next = began.plus(pause(attempts));
          if (next.isBefore(ended)) {
            next = ended;
          }
          if (r.after() != null && ended.plus(r.after()).isAfter(next)) {
            next = ended.plus(r.after());
          }
          if (next.isAfter(deadline) || dispatcher.isStopped()) {
            failed("other", r.reason(), "it is tried again at the group's next flush");
          } else {
            if (attempts == 1) {
              LOG.info(
                  "notify {} of {}: {}; it is retried",
                  integration.label(),
                  integration.receiver(),
                  r.reason());
            }
            timers.at(next, "notify " + integration.label(), this::attempt);
          }
        }
        case SendResult.Rejected r -> {
          countFailedRequest();
          failed("clientError", r.reason(), "check the receiver's configuration");
        }
      }
    }

    private void countFailedRequest() {
      if (metrics != null) {
        metrics.notificationRequestsFailed.with(integration.type()).inc();
      }
    }

    private void failed(String category, String reason, String advice) {
      if (metrics != null) {
        metrics.notificationsFailed.with(integration.type(), category).inc();
      }
      LOG.warn(
          "notify {} of {}: failed after {} attempts: {}; {}",
          integration.label(),
          integration.receiver(),
          attempts,
          reason,
          advice);
      finish(false);
    }

    private void remember(Map<String, String> newState) {
      int length = 0;
      for (Map.Entry<String, String> e : newState.entrySet()) {
        length += e.getKey().length() + e.getValue().length();
      }
      Map<String, String> kept = newState;
      if (length > SendResult.Delivered.MAX_STATE) {
        LOG.warn(
            "notify {} of {}: its state has {} characters, at most {} are kept; it is dropped",
            integration.label(),
            integration.receiver(),
            length,
            SendResult.Delivered.MAX_STATE);
        kept = Map.of();
      }
      log.log(key, firing, resolved, timers.now(), route.route().repeatInterval(), retention, kept);
    }

    private void finish(boolean success) {
      inFlight.remove(key);
      done.accept(success);
    }

    private Notification notification(String reason, List<StoredAlert> notified) {
      List<NotifiedAlert> list = new ArrayList<>();
      for (StoredAlert a : notified) {
        list.add(
            new NotifiedAlert(
                Alert.of(a.labels(), a.annotations(), a.startsAt(), a.endsAt(), a.generatorUrl()),
                !a.resolvedAt(flushTime),
                Fingerprint.text(a.fingerprint())));
      }
      String receiver = integration.receiver();
      Map<String, String> labelTemplates = route.route().labels();
      NotificationTemplates loaded = templates;
      TemplateRenderer renderer =
          loaded == null
              ? NoTemplates.INSTANCE
              : loaded.renderer(
                  new NotificationData(
                      receiver, reason, groupLabels, labelTemplates, list, externalUrl));
      Map<String, String> expanded = new HashMap<>();
      labelTemplates.forEach((n, t) -> expanded.put(n, expand(renderer, t)));
      TemplateRenderer finalRenderer =
          loaded == null || expanded.equals(labelTemplates)
              ? renderer
              : loaded.renderer(
                  new NotificationData(
                      receiver, reason, groupLabels, verbatim(expanded), list, externalUrl));
      return new Notification(
          receiver,
          key.groupKey(),
          dedupKey(),
          reason,
          groupLabels,
          Labels.of(expanded),
          list,
          0,
          externalUrl,
          finalRenderer,
          state);
    }

    private String expand(TemplateRenderer renderer, String template) {
      try {
        return renderer.text(template);
      } catch (TemplateRenderer.TemplateException e) {
        LOG.warn("route label of {}: {}", key.groupKey(), e.getMessage());
        return template;
      }
    }

    private String dedupKey() {
      return sha256(
          String.join(
              "\n",
              key.groupKey(),
              integration.receiver(),
              integration.label(),
              Long.toString(flushTime.toEpochMilli())));
    }
  }

  /** Escapes expanded strings, so that a second expansion does not change them. */
  private static Map<String, String> verbatim(Map<String, String> texts) {
    Map<String, String> out = new HashMap<>();
    texts.forEach((k, v) -> out.put(k, v.replace("{{", "{{ \"{{\" }}")));
    return out;
  }

  static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private Duration pause(int attempt) {
    double factor = Math.pow(1.5, attempt - 1.0);
    double base = Math.min(FIRST_PAUSE.toMillis() * factor, LONGEST_PAUSE.toMillis());
    return Duration.ofMillis((long) (base * (0.5 + random.nextDouble())));
  }

  /** Stands in while there is no {@link TemplateService}. */
  private static final class NoTemplates implements TemplateRenderer {
    static final NoTemplates INSTANCE = new NoTemplates();

    @Override
    public String text(String template) {
      if (template.contains("{{")) {
        throw new TemplateException("templates are being started");
      }
      return template;
    }

    @Override
    public String html(String template) {
      return text(template);
    }

    @Override
    public @Nullable Object structure(@Nullable Object value) {
      return value;
    }

    @Override
    public TemplateRenderer limitedTo(int alerts) {
      return this;
    }
  }
}
