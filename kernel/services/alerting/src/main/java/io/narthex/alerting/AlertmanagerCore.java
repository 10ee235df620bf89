package io.narthex.alerting;

import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.model.Annotations;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.alerts.AlertmanagerService.AlertQuery;
import io.narthex.service.alerts.AlertmanagerService.AlertState;
import io.narthex.service.alerts.AlertmanagerService.AlertView;
import io.narthex.service.alerts.AlertmanagerService.GroupView;
import io.narthex.service.alerts.AlertmanagerService.InvalidRequestException;
import io.narthex.service.alerts.AlertmanagerService.PostedAlert;
import io.narthex.service.alerts.AlertmanagerService.ReceiverView;
import io.narthex.service.alerts.AlertmanagerService.SilenceState;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.spi.exporter.MetricSink;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Puts the parts of the Alertmanager together, without OSGi. Thread-safe. */
final class AlertmanagerCore implements AutoCloseable {
  private static final Duration GARBAGE_COLLECTION = Duration.ofMinutes(30);
  private static final Duration MAINTENANCE = Duration.ofMinutes(15);

  private final Timers timers;
  private final MatcherSyntax.Mode mode;
  private final AlertStore store;
  private final Silences silences;
  private final NotificationLog log;
  private final Deliveries deliveries;
  private final @Nullable AlertingMetrics metrics;
  private final Duration startDelay;

  /** No group flushes earlier; set with the first configuration, before which no alert arrives. */
  private @Nullable Instant notBefore; // guarded by this

  private volatile Active active;
  private volatile boolean closed;

  /** What is built from one configuration. */
  private record Active(AlertmanagerConfig config, Dispatcher dispatcher, Inhibitor inhibitor) {}

  AlertmanagerCore(
      Timers timers,
      MatcherSyntax.Mode mode,
      Silences silences,
      NotificationLog log,
      Deliveries deliveries,
      @Nullable AlertingMetrics metrics,
      Duration startDelay) {
    this(
        timers,
        mode,
        silences,
        log,
        deliveries,
        metrics,
        startDelay,
        new AlertStore(0, Long.MAX_VALUE));
  }

  AlertmanagerCore(
      Timers timers,
      MatcherSyntax.Mode mode,
      Silences silences,
      NotificationLog log,
      Deliveries deliveries,
      @Nullable AlertingMetrics metrics,
      Duration startDelay,
      AlertStore store) {
    this.store = store;
    this.timers = timers;
    this.mode = mode;
    this.silences = silences;
    this.log = log;
    this.deliveries = deliveries;
    this.metrics = metrics;
    this.startDelay = startDelay;
    this.active = activate(AlertmanagerConfig.none(), timers.now().plus(startDelay));
    collectLater();
    maintainLater();
  }

  private void collectLater() {
    timers.at(
        timers.now().plus(GARBAGE_COLLECTION),
        "alerting-gc",
        () -> {
          if (!closed) {
            store.collectGarbage(timers.now());
            active.inhibitor().collectGarbage(timers.now());
            collectLater();
          }
        });
  }

  private void maintainLater() {
    timers.at(
        timers.now().plus(MAINTENANCE),
        "alerting-state",
        () -> {
          if (!closed) {
            silences.maintain(timers.now());
            log.maintain(timers.now());
            maintainLater();
          }
        });
  }

  private Active activate(AlertmanagerConfig config, Instant notBefore) {
    Inhibitor inhibitor = new Inhibitor(config.inhibitRules());
    return new Active(
        config,
        new Dispatcher(config, inhibitor, silences, deliveries, timers, metrics, notBefore),
        inhibitor);
  }

  /** Applies a configuration: all groups are rebuilt, the notification log prevents duplicates. */
  synchronized void apply(AlertmanagerConfig config) {
    Active before = active;
    if (closed) {
      return;
    }
    Instant earliest = notBefore;
    if (earliest == null) {
      // a slow start must not use up the delay in which alerts arrive
      earliest = timers.now().plus(startDelay);
      notBefore = earliest;
    }
    Active next = activate(config, earliest);
    before.dispatcher().stop();
    active = next;
    List<StoredAlert> all = store.all();
    all.sort(Comparator.comparing(StoredAlert::startsAt)); // the oldest gives a group its age
    for (StoredAlert a : all) {
      next.inhibitor().put(a);
    }
    next.dispatcher().process(all);
    if (metrics != null) {
      metrics.receivers.set(config.receivers().size());
      metrics.integrations.set(config.receivers().stream().mapToInt(r -> r.blocks().size()).sum());
      metrics.inhibitionRules.set(config.inhibitRules().size());
      config.receivers().forEach(r -> r.blocks().forEach(b -> metrics.begin(b.type())));
    }
  }

  /**
   * Adds alerts of the previous version at the start; the first configuration puts them into
   * groups.
   */
  void restore(List<StoredAlert> alerts) {
    store.putAll(alerts);
  }

  /** Returns all known alerts. */
  List<StoredAlert> known() {
    return store.all();
  }

  AlertmanagerConfig config() {
    return active.config();
  }

  RouteNode root() {
    return active.dispatcher().root();
  }

  Silences silences() {
    return silences;
  }

  Instant now() {
    return timers.now();
  }

  MatcherSyntax.Mode mode() {
    return mode;
  }

  // --- receiving alerts

  /**
   * Adds or updates alerts.
   *
   * @throws InvalidRequestException when some are invalid; the valid ones have been added
   */
  void post(List<PostedAlert> alerts) {
    Instant now = timers.now();
    List<String> errors = new ArrayList<>();
    List<StoredAlert> valid = new ArrayList<>(alerts.size());
    for (PostedAlert p : alerts) {
      try {
        valid.add(stored(p, now));
      } catch (IllegalArgumentException e) {
        errors.add(String.valueOf(e.getMessage()));
        if (metrics != null) {
          metrics.invalid.with("v2").inc();
        }
      }
    }
    take(valid, now, errors);
    if (!errors.isEmpty()) {
      throw new InvalidRequestException(String.join("; ", errors));
    }
  }

  /** Adds a batch at once: its groups are complete before the first of them flushes. */
  private void take(List<StoredAlert> alerts, Instant now, List<String> errors) {
    if (metrics != null) {
      for (StoredAlert a : alerts) {
        metrics.received.with(a.resolvedAt(now) ? "resolved" : "firing", "v2").inc();
      }
    }
    synchronized (this) {
      Active current = active;
      List<StoredAlert> merged = new ArrayList<>(alerts.size());
      for (StoredAlert a : alerts) {
        StoredAlert known;
        try {
          known = store.put(a, now);
        } catch (AlertStore.LimitException e) {
          limited(String.valueOf(e.getMessage()), errors);
          continue;
        }
        current.inhibitor().put(known);
        merged.add(known);
      }
      current.dispatcher().process(merged);
    }
  }

  private void limited(String problem, List<String> errors) {
    if (!errors.contains(problem)) {
      errors.add(problem);
    }
    if (metrics != null) {
      metrics.limited.inc();
    }
  }

  private StoredAlert stored(PostedAlert p, Instant now) {
    Instant start = p.startsAt();
    Instant end = p.endsAt();
    if (start == null) {
      start = end == null ? now : end;
    }
    boolean timeout = end == null;
    if (end == null) {
      end = now.plus(config().resolveTimeout());
    }
    if (end.isBefore(start)) {
      throw new IllegalArgumentException("start time must be before end time");
    }
    checkNames(p.labels(), "label");
    checkNames(p.annotations(), "annotation");
    Labels labels = Labels.of(p.labels());
    if (labels.isEmpty()) {
      throw new IllegalArgumentException("at least one label pair required");
    }
    return new StoredAlert(labels, p.annotations(), start, end, now, p.generatorUrl(), timeout);
  }

  private void checkNames(Map<String, String> pairs, String what) {
    for (String name : pairs.keySet()) {
      boolean valid =
          mode == MatcherSyntax.Mode.CLASSIC ? Labels.isLegacyName(name) : !name.isEmpty();
      if (!valid) {
        throw new IllegalArgumentException(
            "invalid " + what + " set: invalid name \"" + name + "\"");
      }
    }
  }

  // --- querying alerts

  /** The compiled filters of a query. */
  private final class Filter {
    final AlertQuery query;
    final List<AlertMatcher> labels;
    final @Nullable AlertMatcher receiver;
    final List<AlertMatcher> receiverLabels;

    Filter(AlertQuery query) {
      this.query = query;
      this.labels = matchers(query.filters());
      this.receiverLabels = receiverMatchers(query.receiverMatchers());
      try {
        this.receiver =
            query.receiver().isEmpty()
                ? null
                : AlertMatcher.compile(new LabelMatcher("receiver", "=~", query.receiver()));
      } catch (IllegalArgumentException e) {
        throw new InvalidRequestException("failed to parse receiver param: " + e.getMessage());
      }
    }

    boolean wantsReceiver(String name) {
      if (receiver != null && !receiver.matches(name)) {
        return false;
      }
      if (receiverLabels.isEmpty()) {
        return true;
      }
      return config().receivers().stream()
          .anyMatch(r ->
              r.name().equals(name)
                  && AlertMatcher.matchAll(receiverLabels, Labels.of(r.labels())));
    }

    boolean wants(AlertView a) {
      return AlertMatcher.matchAll(labels, a.labels())
          // alerts of a muted group do not count as suppressed
          && (query.active() || !(a.silencedBy().isEmpty() && a.inhibitedBy().isEmpty()))
          && (query.silenced() || a.silencedBy().isEmpty())
          && (query.inhibited() || a.inhibitedBy().isEmpty());
    }
  }

  /** Parses filters of the API. */
  List<AlertMatcher> matchers(List<String> filters) {
    List<AlertMatcher> out = new ArrayList<>();
    for (String f : filters) {
      try {
        out.add(AlertMatcher.compile(MatcherSyntax.parseOne(f, mode)));
      } catch (IllegalArgumentException e) {
        throw new InvalidRequestException(String.valueOf(e.getMessage()));
      }
    }
    return out;
  }

  private List<AlertMatcher> receiverMatchers(List<String> filters) {
    try {
      return matchers(filters);
    } catch (InvalidRequestException e) {
      throw new InvalidRequestException(
          "failed to parse receiver_matchers param: " + e.getMessage());
    }
  }

  List<AlertView> alerts(AlertQuery query) {
    Filter filter = new Filter(query);
    Instant now = timers.now();
    List<AlertView> out = new ArrayList<>();
    for (StoredAlert a : store.all()) {
      if (a.endsAt().isBefore(now)) {
        continue;
      }
      List<String> receivers = receivers(a.labels());
      if (receivers.stream().noneMatch(filter::wantsReceiver)) {
        continue;
      }
      AlertView view = view(a, receivers, List.of(), now);
      if (filter.wants(view)) {
        out.add(view);
      }
    }
    out.sort(Comparator.comparing(AlertView::fingerprint));
    return out;
  }

  /** Returns the receivers of the routes that match an alert; one that two routes name, twice. */
  private List<String> receivers(Labels labels) {
    return root().match(labels).stream().map(r -> r.route().receiver()).toList();
  }

  private AlertView view(StoredAlert a, List<String> receivers, List<String> mutedBy, Instant now) {
    List<String> silencedBy = silences.silencing(a.labels(), now);
    Long inhibitedBy = active.inhibitor().inhibitedBy(a.labels(), now);
    boolean suppressed = !silencedBy.isEmpty() || inhibitedBy != null || !mutedBy.isEmpty();
    return new AlertView(
        a.labels(),
        Labels.of(a.annotations()),
        a.startsAt(),
        a.endsAt(),
        a.updatedAt(),
        a.generatorUrl(),
        Fingerprint.text(a.fingerprint()),
        receivers,
        suppressed ? AlertState.SUPPRESSED : AlertState.ACTIVE,
        silencedBy,
        inhibitedBy == null ? List.of() : List.of(Fingerprint.text(inhibitedBy)),
        mutedBy,
        Annotations.empty(a.annotations()));
  }

  List<GroupView> groups(AlertQuery query) {
    Filter filter = new Filter(query);
    Instant now = timers.now();
    List<GroupView> out = new ArrayList<>();
    for (Dispatcher.GroupState g : active.dispatcher().groups()) {
      String receiver = g.route().route().receiver();
      if (!filter.wantsReceiver(receiver) || (!query.muted() && !g.mutedBy().isEmpty())) {
        continue;
      }
      List<AlertView> alerts = new ArrayList<>();
      for (StoredAlert a : g.alerts()) {
        if (a.endsAt().isBefore(now)) {
          continue;
        }
        List<String> wanted = receivers(a.labels()).stream().filter(filter::wantsReceiver).toList();
        AlertView view = view(a, wanted, g.mutedBy(), now);
        if (filter.wants(view)) {
          alerts.add(view);
        }
      }
      if (!alerts.isEmpty()) {
        alerts.sort(Comparator.comparing(AlertView::labels, StoredAlert.ORDER));
        out.add(new GroupView(g.labels(), g.route().route().labels(), receiver, g.key(), alerts));
      }
    }
    out.sort(
        Comparator.comparing(GroupView::labels, StoredAlert::compare)
            .thenComparing(GroupView::receiver));
    return out;
  }

  List<ReceiverView> receiverViews(List<String> matchers) {
    List<AlertMatcher> wanted = receiverMatchers(matchers);
    List<ReceiverView> out = new ArrayList<>();
    for (AlertmanagerConfig.Receiver r : config().receivers()) {
      if (AlertMatcher.matchAll(wanted, Labels.of(r.labels()))) {
        out.add(
            new ReceiverView(
                r.name(),
                r.labels(),
                r.blocks().stream().map(b -> b.type() + "[" + b.index() + "]").toList()));
      }
    }
    return out;
  }

  /** Writes the metrics that tell how things are at this moment. */
  void collect(MetricSink sink) {
    Instant now = timers.now();
    int suppressed = 0;
    int activeCount = 0;
    Set<Labels> seen = new HashSet<>();
    for (StoredAlert a : store.all()) {
      if (a.resolvedAt(now) || !seen.add(a.labels())) {
        continue;
      }
      if (!silences.silencing(a.labels(), now).isEmpty()
          || active.inhibitor().inhibitedBy(a.labels(), now) != null) {
        suppressed++;
      } else {
        activeCount++;
      }
    }
    gauge(sink, "alertmanager_alerts", "How many alerts by state.");
    sink.sample("alertmanager_alerts", Labels.of("state", "active"), activeCount);
    sink.sample("alertmanager_alerts", Labels.of("state", "suppressed"), suppressed);
    sink.sample("alertmanager_alerts", Labels.of("state", "unprocessed"), 0);
    gauge(
        sink, "alertmanager_dispatcher_aggregation_groups", "Number of active aggregation groups.");
    sink.sample(
        "alertmanager_dispatcher_aggregation_groups",
        Labels.EMPTY,
        active.dispatcher().groupCount());
    gauge(sink, "alertmanager_silences", "How many silences by state.");
    Map<SilenceState, Long> counts = silences.counts(now);
    for (SilenceState state : SilenceState.values()) {
      sink.sample(
          "alertmanager_silences",
          Labels.of("state", state.name().toLowerCase(Locale.ROOT)),
          counts.getOrDefault(state, 0L));
    }
    gauge(
        sink,
        "narthex_alerting_silences_limited",
        "Silences refused since the start because of a limit.");
    sink.sample("narthex_alerting_silences_limited", Labels.EMPTY, silences.limitHits());
    gauge(
        sink,
        "narthex_alerting_state_unreadable_entries",
        "Entries of the state files that could not be used and were left out.");
    sink.sample(
        "narthex_alerting_state_unreadable_entries",
        Labels.of("file", "notifications"),
        log.unreadable());
    sink.sample(
        "narthex_alerting_state_unreadable_entries",
        Labels.of("file", "silences"),
        silences.unreadable());
  }

  private static void gauge(MetricSink sink, String name, String help) {
    sink.family(new MetricMetadata(name, MetricType.GAUGE, help, ""));
  }

  @Override
  public void close() {
    closed = true;
    active.dispatcher().stop();
  }
}
