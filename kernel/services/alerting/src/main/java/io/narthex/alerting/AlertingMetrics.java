package io.narthex.alerting;

import io.narthex.config.alertmanager.OriginalReceivers;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.metrics.Metrics.Counter;
import io.narthex.service.metrics.Metrics.Gauge;
import io.narthex.service.metrics.Metrics.Histogram;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The alerting part's own metrics, with Alertmanager's names. */
final class AlertingMetrics {
  final Counter received;
  final Counter invalid;
  final Counter notifications;
  final Counter notificationRequests;
  final Counter notificationRequestsFailed;
  final Counter notificationsFailed;
  final Counter suppressed;
  final Histogram latency;
  final Gauge receivers;
  final Gauge integrations;
  final Gauge inhibitionRules;
  final Gauge reloadSuccessful;
  final Gauge reloadTime;
  final Gauge clusterEnabled;
  final Gauge configHash;
  final Counter silenceQueries;
  final Counter logQueries;
  final Counter limited;

  AlertingMetrics(Metrics m) {
    received =
        m.counter(
            "alertmanager_alerts_received_total",
            "The total number of received alerts.",
            "status",
            "version");
    invalid =
        m.counter(
            "alertmanager_alerts_invalid_total",
            "The total number of received alerts that were invalid.",
            "version");
    invalid.with("v2").add(0);
    notifications =
        m.counter(
            "alertmanager_notifications_total",
            "The total number of attempted notifications.",
            "integration");
    notificationRequests =
        m.counter(
            "alertmanager_notification_requests_total",
            "The total number of attempted notification requests.",
            "integration");
    notificationRequestsFailed =
        m.counter(
            "alertmanager_notification_requests_failed_total",
            "The total number of failed notification requests.",
            "integration");
    notificationsFailed =
        m.counter(
            "alertmanager_notifications_failed_total",
            "The total number of failed notifications.",
            "integration",
            "reason");
    suppressed =
        m.counter(
            "alertmanager_notifications_suppressed_total",
            "The total number of alerts left out of notifications: silenced, inhibited or muted.",
            "reason");
    latency =
        m.histogram(
            "alertmanager_notification_latency_seconds",
            "The latency of notifications in seconds.",
            new double[] {1, 5, 10, 15, 20},
            "integration");
    receivers = m.gauge("alertmanager_receivers", "Number of configured receivers.");
    integrations = m.gauge("alertmanager_integrations", "Number of configured integrations.");
    inhibitionRules =
        m.gauge("alertmanager_inhibition_rules", "Number of configured inhibition rules.");
    reloadSuccessful =
        m.gauge(
            "alertmanager_config_last_reload_successful",
            "Whether the last configuration reload attempt was successful.");
    reloadTime =
        m.gauge(
            "alertmanager_config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload.");
    clusterEnabled =
        m.gauge("alertmanager_cluster_enabled", "Indicates whether the clustering is enabled.");
    m.gauge(
            "alertmanager_cluster_members",
            "Number indicating current number of members in cluster.")
        .set(1);
    configHash = m.gauge("alertmanager_config_hash", "Hash of the currently loaded configuration.");
    silenceQueries =
        m.counter("alertmanager_silences_queries_total", "How many silence queries were received.");
    limited =
        m.counter(
            "alertmanager_alerts_limited_total",
            "The total number of alerts that were refused because of a limit.");
    logQueries =
        m.counter("alertmanager_nflog_queries_total", "Number of notification log queries.");
    OriginalReceivers.types().forEach(this::begin);
  }

  /** Exposes a hash of the configuration; 48 bits, so that a double holds it exactly. */
  void configuration(String text) {
    try {
      byte[] sum = MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8));
      long hash = 0;
      for (int i = 5; i >= 0; i--) {
        hash = hash << 8 | (sum[i] & 0xff);
      }
      configHash.set(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has MD5
    }
  }

  /** Makes the counters of an integration start at 0, so that their first increase is seen. */
  void begin(String integration) {
    notifications.with(integration);
    notificationRequests.with(integration);
    notificationRequestsFailed.with(integration);
    for (String reason :
        new String[] {
          "clientError",
          "serverError",
          "authError",
          "rateLimited",
          "contextCanceled",
          "contextDeadlineExceeded",
          "other"
        }) {
      notificationsFailed.with(integration, reason);
    }
    latency.with(integration);
  }
}
