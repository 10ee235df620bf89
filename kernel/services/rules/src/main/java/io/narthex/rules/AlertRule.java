package io.narthex.rules;

import io.narthex.model.Alert;
import io.narthex.model.Annotations;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.StaleMarker;
import io.narthex.rules.GroupSpec.RuleSpec;
import io.narthex.rules.RuleContext.Output;
import io.narthex.service.query.QueryResult.VectorSample;
import io.narthex.service.rules.RuleService;
import io.narthex.service.rules.RuleService.ActiveAlert;
import io.narthex.service.rules.RuleService.AlertState;
import io.narthex.service.template.TemplateService.RuleData;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rule that raises alerts. States and their transitions are those of rules/alerting.go of
 * Prometheus: pending while active for less than {@code for}, then firing, held by {@code
 * keep_firing_for}; resolved alerts are kept for 15 minutes, so that Alertmanagers are notified.
 */
final class AlertRule extends ActiveRule {
  private static final Logger LOG = LoggerFactory.getLogger(AlertRule.class);
  private static final long RESOLVED_RETENTION_MS = Duration.ofMinutes(15).toMillis();
  static final String ALERTS = "ALERTS";
  static final String ALERTS_FOR_STATE = "ALERTS_FOR_STATE";

  /** An alert with its timestamps. Immutable; times are epoch milliseconds, 0 = never. */
  record Tracked(
      Labels labels,
      Map<String, String> annotations,
      AlertState state,
      double value,
      long activeAtMs,
      long firedAtMs,
      long resolvedAtMs,
      long lastSentMs,
      long validUntilMs,
      long keepFiringSinceMs) {
    Tracked with(AlertState newState, long fired, long resolved, long keepFiringSince) {
      return new Tracked(
          labels,
          annotations,
          newState,
          value,
          activeAtMs,
          fired,
          resolved,
          lastSentMs,
          validUntilMs,
          keepFiringSince);
    }

    Tracked updated(Map<String, String> newAnnotations, double newValue) {
      return new Tracked(
          labels,
          newAnnotations,
          state,
          newValue,
          activeAtMs,
          firedAtMs,
          resolvedAtMs,
          lastSentMs,
          validUntilMs,
          keepFiringSinceMs);
    }

    Tracked sent(long at, long validUntil) {
      return new Tracked(
          labels,
          annotations,
          state,
          value,
          activeAtMs,
          firedAtMs,
          resolvedAtMs,
          at,
          validUntil,
          keepFiringSinceMs);
    }

    Tracked activeSince(long at) {
      return new Tracked(
          labels,
          annotations,
          state,
          value,
          at,
          firedAtMs,
          resolvedAtMs,
          lastSentMs,
          validUntilMs,
          keepFiringSinceMs);
    }
  }

  /** Changed by the group's thread, read by any. */
  private final Map<Labels, Tracked> active = new ConcurrentHashMap<>();

  private volatile boolean restored;

  AlertRule(RuleSpec spec, boolean restored) {
    super(spec);
    this.restored = restored;
  }

  /** Takes over the alerts of the rule that it replaces. */
  void takeOver(AlertRule before) {
    active.putAll(before.active);
  }

  /** Takes over alerts from the previous version of this bundle. */
  void takeOver(List<Tracked> alerts, boolean wereRestored) {
    alerts.forEach(a -> active.put(a.labels(), a));
    restored = restored || wereRestored;
  }

  /** Returns all alerts that are known, resolved ones too. */
  List<Tracked> tracked() {
    return List.copyOf(active.values());
  }

  @Override
  List<Output> evaluate(RuleContext context, long timeMs, Duration offset, int limit) {
    long at = timeMs - offset.toMillis();
    List<VectorSample> vector = context.query(spec.expression(), at);
    Map<Labels, Tracked> found = new LinkedHashMap<>();
    for (VectorSample s : vector) {
      Labels.Builder labels = s.labels().toBuilder().remove(Labels.METRIC_NAME);
      spec.labels().forEach((n, v) -> labels.set(n, expand(context, v, s, timeMs)));
      labels.set("alertname", spec.name());
      Map<String, String> annotations = new HashMap<>();
      spec.annotations().forEach((n, v) -> annotations.put(n, expand(context, v, s, timeMs)));
      Labels built = labels.build();
      Tracked alert =
          new Tracked(
              built,
              Annotations.sorted(annotations),
              AlertState.PENDING,
              s.value(),
              timeMs,
              0,
              0,
              0,
              0,
              0);
      if (found.put(built, alert) != null) {
        throw new IllegalStateException(
            "vector contains metrics with the same labelset after applying alert labels");
      }
    }
    for (Tracked a : found.values()) {
      active.compute(
          a.labels(),
          (k, before) ->
              before != null && before.state() != AlertState.INACTIVE
                  ? before.updated(a.annotations(), a.value())
                  : a);
    }
    List<Output> out = new ArrayList<>();
    int count = 0;
    for (Iterator<Map.Entry<Labels, Tracked>> i = active.entrySet().iterator(); i.hasNext(); ) {
      Map.Entry<Labels, Tracked> e = i.next();
      Tracked a = e.getValue();
      if (!found.containsKey(e.getKey())) {
        Tracked held = ended(a, timeMs);
        if (held == null) {
          i.remove();
          continue;
        }
        e.setValue(held);
        a = held;
        if (a.state() == AlertState.INACTIVE) {
          continue;
        }
      } else if (a.keepFiringSinceMs() != 0) {
        a = a.with(a.state(), a.firedAtMs(), a.resolvedAtMs(), 0);
      }
      count++;
      if (a.state() == AlertState.PENDING && timeMs - a.activeAtMs() >= spec.holdFor().toMillis()) {
        a = a.with(AlertState.FIRING, timeMs, a.resolvedAtMs(), a.keepFiringSinceMs());
      }
      e.setValue(a);
      if (restored) {
        String state = a.state() == AlertState.FIRING ? "firing" : "pending";
        out.add(
            new Output(
                a.labels().with("alertstate", state).with(Labels.METRIC_NAME, ALERTS),
                at,
                1,
                null));
        out.add(
            new Output(
                a.labels().with(Labels.METRIC_NAME, ALERTS_FOR_STATE),
                at,
                Math.floorDiv(a.activeAtMs(), 1000L),
                null));
      }
    }
    if (limit > 0 && count > limit) {
      active.clear();
      throw new IllegalStateException("exceeded limit of " + limit + " with " + count + " alerts");
    }
    return out;
  }

  /** Returns the next state of an alert whose condition no longer holds; null = forgotten. */
  private @Nullable Tracked ended(Tracked a, long timeMs) {
    long keepSince = a.keepFiringSinceMs();
    boolean keep = false;
    if (a.state() == AlertState.FIRING && !spec.keepFiringFor().isZero()) {
      if (keepSince == 0) {
        keepSince = timeMs;
      }
      keep = timeMs - keepSince < spec.keepFiringFor().toMillis();
    }
    if (a.state() == AlertState.PENDING
        || (a.resolvedAtMs() != 0 && timeMs - a.resolvedAtMs() > RESOLVED_RETENTION_MS)) {
      return null;
    }
    if (a.state() != AlertState.INACTIVE && !keep) {
      return a.with(AlertState.INACTIVE, a.firedAtMs(), timeMs, 0);
    }
    return a.with(a.state(), a.firedAtMs(), a.resolvedAtMs(), keepSince);
  }

  private String expand(RuleContext context, String text, VectorSample s, long timeMs) {
    Object value = s.histogram() == null ? (Object) s.value() : s.histogram();
    try {
      return context
          .templates()
          .expandRule(
              "__alert_" + spec.name(),
              text,
              new RuleData(
                  s.labels(),
                  value,
                  context.externalLabels().get(),
                  context.externalUrl().get(),
                  timeMs,
                  (q, t) -> context.engine().instant(q, t, context.options())));
    } catch (TemplateException e) {
      LOG.warn("alert {}: template cannot be expanded: {}", spec.name(), e.getMessage());
      return "<error expanding template: " + e.getMessage() + ">";
    }
  }

  /** Returns the alerts to send now and marks them as sent. */
  List<Alert> toSend(RuleContext context, long timeMs, Duration interval) {
    List<Alert> out = new ArrayList<>();
    long resendMs = context.resendDelay().toMillis();
    long delta = Math.max(resendMs, interval.toMillis());
    String generator = context.externalUrl().get() + tableLink(spec.canonical());
    for (Map.Entry<Labels, Tracked> e : active.entrySet()) {
      Tracked a = e.getValue();
      if (!needsSending(a, timeMs, resendMs)) {
        continue;
      }
      Tracked sent = a.sent(timeMs, timeMs + 4 * delta);
      e.setValue(sent);
      out.add(
          Alert.of(
              a.labels(),
              a.annotations(),
              Instant.ofEpochMilli(a.firedAtMs()),
              Instant.ofEpochMilli(a.resolvedAtMs() != 0 ? a.resolvedAtMs() : sent.validUntilMs()),
              generator));
    }
    return out;
  }

  private static boolean needsSending(Tracked a, long timeMs, long resendMs) {
    if (a.state() == AlertState.PENDING) {
      return false;
    }
    if (a.resolvedAtMs() > a.lastSentMs()) {
      return true;
    }
    return a.lastSentMs() + resendMs < timeMs;
  }

  static String tableLink(String expression) {
    return "/graph?g0.expr="
        + URLEncoder.encode(expression, StandardCharsets.UTF_8)
            .replace("*", "%2A")
            .replace("%7E", "~")
        + "&g0.tab=1";
  }

  boolean isRestored() {
    return restored;
  }

  /** Restores since when alerts are active from the series that the previous run stored. */
  void restore(RuleContext context, long nowMs) {
    Duration hold = spec.holdFor();
    if (hold.compareTo(context.gracePeriod()) < 0) {
      restored = true;
      return;
    }
    Map<Labels, long[]> last = new HashMap<>(); // time, and the value as a whole number
    List<Matcher> matchers =
        List.of(
            Matcher.equal(Labels.METRIC_NAME, ALERTS_FOR_STATE),
            Matcher.equal("alertname", spec.name()));
    SampleTile tile = new SampleTile(512);
    try (SeriesCursor cursor =
        context
            .storage()
            .select(
                SelectRequest.of(matchers, nowMs - context.outageTolerance().toMillis(), nowMs))) {
      while (cursor.nextSeries()) {
        Labels labels = cursor.labels().without(Labels.METRIC_NAME);
        while (cursor.nextTile(tile)) {
          if (tile.kind == SampleTile.Kind.FLOAT && tile.size > 0) {
            double v = tile.values[tile.size - 1];
            if (StaleMarker.is(v)) {
              last.remove(labels);
            } else {
              last.put(labels, new long[] {tile.timesMs[tile.size - 1], (long) v});
            }
          }
        }
      }
    }
    for (Map.Entry<Labels, Tracked> e : active.entrySet()) {
      long[] known = last.get(e.getKey());
      if (known == null) {
        continue;
      }
      long downAt = known[0] / 1000 * 1000;
      long activeAt = known[1] * 1000;
      long remaining = hold.toMillis() - (downAt - activeAt);
      long grace = context.gracePeriod().toMillis();
      if (remaining > 0) {
        activeAt =
            remaining < grace ? nowMs + grace - hold.toMillis() : activeAt + (nowMs - downAt);
      }
      e.setValue(e.getValue().activeSince(activeAt));
      LOG.debug(
          "alert {}: restored as active since {}", spec.name(), Instant.ofEpochMilli(activeAt));
    }
    restored = true;
  }

  @Override
  RuleService.Rule view() {
    List<ActiveAlert> alerts = new ArrayList<>();
    AlertState state = lastEvaluationMs == 0 ? AlertState.UNKNOWN : AlertState.INACTIVE;
    for (Tracked a : active.values()) {
      if (a.state() == AlertState.INACTIVE) {
        continue;
      }
      alerts.add(
          new ActiveAlert(
              a.labels(),
              Labels.of(a.annotations()),
              a.state(),
              a.activeAtMs(),
              a.keepFiringSinceMs(),
              a.value(),
              Annotations.empty(a.annotations())));
      if (state != AlertState.FIRING) {
        state = a.state();
      }
    }
    alerts.sort((x, y) -> x.labels().compareTo(y.labels()));
    return new RuleService.AlertingRule(
        spec.name(),
        spec.canonical(),
        Labels.of(spec.labels()),
        Labels.of(spec.annotations()),
        spec.holdFor().toMillis() / 1000.0,
        spec.keepFiringFor().toMillis() / 1000.0,
        state,
        alerts,
        health,
        lastError,
        evaluationSeconds,
        lastEvaluationMs,
        Annotations.empty(spec.annotations()),
        Annotations.empty(spec.labels()));
  }

  /** Returns the alerts that fire. */
  List<Tracked> firing() {
    return active.values().stream().filter(a -> a.state() == AlertState.FIRING).toList();
  }
}
