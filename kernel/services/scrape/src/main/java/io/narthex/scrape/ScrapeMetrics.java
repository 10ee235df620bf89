package io.narthex.scrape;

import io.narthex.service.metrics.Metrics;
import java.util.Locale;

/** The server's own metrics of scraping, with Prometheus' names where it has them. */
final class ScrapeMetrics {
  final Metrics.Summary intervalLength;
  final Metrics.Summary syncLength;
  final Metrics.Counter syncs;
  final Metrics.Counter syncFailed;
  final Metrics.Gauge poolTargets;
  final Metrics.Gauge poolTargetLimit;
  final Metrics.Counter pools;
  final Metrics.Counter poolsFailed;
  final Metrics.Counter poolReloads;
  final Metrics.Counter poolReloadsFailed;
  final Metrics.Counter exceededTargetLimit;
  final Metrics.Counter exceededLabelLimits;
  final Metrics.Counter exceededBodySize;
  final Metrics.Counter exceededSampleLimit;
  final Metrics.Counter exceededBucketLimit;
  final Metrics.Counter duplicate;
  final Metrics.Counter outOfOrder;
  final Metrics.Counter outOfBounds;
  final Metrics.Counter exemplarOutOfOrder;
  final Metrics.Counter lost;
  final Metrics.Counter faults;
  final Metrics.Counter outOfRoom;
  final Metrics.Histogram scrapeDuration;
  private final Metrics.Counter failed;

  ScrapeMetrics(Metrics m) {
    intervalLength =
        m.summary(
            "prometheus_target_interval_length_seconds",
            "Actual intervals between scrapes.",
            "interval");
    syncLength =
        m.summary(
            "prometheus_target_sync_length_seconds",
            "Actual interval to sync the scrape pool.",
            "scrape_job");
    syncs =
        m.counter(
            "prometheus_target_scrape_pool_sync_total",
            "Total number of syncs that were executed on a scrape pool.",
            "scrape_job");
    syncFailed =
        m.counter(
            "prometheus_target_sync_failed_total",
            "Total number of target sync failures.",
            "scrape_job");
    poolTargets =
        m.gauge(
            "prometheus_target_scrape_pool_targets",
            "Current number of targets in this scrape pool.",
            "scrape_job");
    poolTargetLimit =
        m.gauge(
            "prometheus_target_scrape_pool_target_limit",
            "Maximum number of targets allowed in this scrape pool.",
            "scrape_job");
    pools =
        m.counter(
            "prometheus_target_scrape_pools_total",
            "Total number of scrape pool creation attempts.");
    poolsFailed =
        m.counter(
            "prometheus_target_scrape_pools_failed_total",
            "Total number of scrape pool creations that failed.");
    poolReloads =
        m.counter(
            "prometheus_target_scrape_pool_reloads_total", "Total number of scrape pool reloads.");
    poolReloadsFailed =
        m.counter(
            "prometheus_target_scrape_pool_reloads_failed_total",
            "Total number of failed scrape pool reloads.");
    exceededTargetLimit =
        m.counter(
            "prometheus_target_scrape_pool_exceeded_target_limit_total",
            "Total number of times scrape pools hit the target limit, during sync or config reload.");
    exceededLabelLimits =
        m.counter(
            "prometheus_target_scrape_pool_exceeded_label_limits_total",
            "Total number of times scrape pools hit the label limits, during sync or config reload.");
    exceededBodySize =
        m.counter(
            "prometheus_target_scrapes_exceeded_body_size_limit_total",
            "Total number of scrapes that hit the body size limit");
    exceededSampleLimit =
        m.counter(
            "prometheus_target_scrapes_exceeded_sample_limit_total",
            "Total number of scrapes that hit the sample limit and were rejected.");
    exceededBucketLimit =
        m.counter(
            "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total",
            "Total number of scrapes that hit the native histogram bucket limit and were rejected.");
    duplicate =
        m.counter(
            "prometheus_target_scrapes_sample_duplicate_timestamp_total",
            "Total number of samples rejected due to duplicate timestamps but different values.");
    outOfOrder =
        m.counter(
            "prometheus_target_scrapes_sample_out_of_order_total",
            "Total number of samples rejected due to not being out of the expected order.");
    outOfBounds =
        m.counter(
            "prometheus_target_scrapes_sample_out_of_bounds_total",
            "Total number of samples rejected due to timestamp falling outside of the time bounds.");
    exemplarOutOfOrder =
        m.counter(
            "prometheus_target_scrapes_exemplar_out_of_order_total",
            "Total number of exemplar rejected due to not being out of the expected order.");
    failed =
        m.counter(
            "narthex_scrapes_failed_total",
            "Scrapes that failed, by reason; the page of the targets says more of each.",
            "reason");
    for (ScrapeFailure.Kind kind : ScrapeFailure.Kind.values()) {
      failed.with(reason(kind)); // 0 from the start, so that the first failure is an increase
    }
    lost =
        m.counter(
            "narthex_scrapes_lost_total",
            "Scrapes whose samples were thrown away because a storage was being replaced for too long; a rise means gaps.");
    faults =
        m.counter(
            "narthex_scrape_faults_total",
            "Scrapes that failed by an unexpected exception inside the server; a rise is a bug worth a report.");
    outOfRoom =
        m.counter(
            "narthex_scrapes_out_of_room_total",
            "Scrapes that failed because the bodies being read held their share of the heap; a rise means too many large or hostile targets at once.");
    scrapeDuration =
        m.histogram(
            "prometheus_target_scrape_duration_seconds",
            "Actual duration of scrapes.",
            new double[] {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10});
  }

  void failed(ScrapeFailure.Kind kind) {
    failed.with(reason(kind)).inc();
  }

  private static String reason(ScrapeFailure.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  void forgetPool(String job) {
    syncs.remove(job);
    syncFailed.remove(job);
    poolTargets.remove(job);
    poolTargetLimit.remove(job);
  }
}
