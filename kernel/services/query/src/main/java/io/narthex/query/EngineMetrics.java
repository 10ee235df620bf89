package io.narthex.query;

import io.narthex.service.metrics.Metrics;
import io.narthex.service.query.QueryResult.Statistics;
import java.util.function.LongSupplier;

/** The engine's own metrics, under the names of Prometheus. */
final class EngineMetrics {
  private static final double[] BOUNDS = {.01, .1, 1, 10};

  private final Metrics.Gauge queries;
  private final Metrics.Counter samples;
  private final Metrics.Counter samplesRead;
  private final Metrics.Gauge logEnabled;
  private final Metrics.Counter logFailures;
  private final Metrics.Counter refused;
  private final Metrics.Gauge memoryLimit;
  private final Metrics.Gauge memoryUsed;
  private volatile LongSupplier memory = () -> 0;
  private final Metrics.Summary[] durations;
  private final Metrics.Histogram[] durationHistograms;

  EngineMetrics(Metrics metrics, int maxConcurrent) {
    queries =
        metrics.gauge(
            "prometheus_engine_queries",
            "The current number of queries being executed or waiting.");
    samples =
        metrics.counter(
            "prometheus_engine_query_samples_total",
            "The total number of samples loaded by all queries.");
    samplesRead =
        metrics.counter(
            "prometheus_engine_query_samples_read_total",
            "The total number of samples read from storage by all queries.");
    logEnabled = metrics.gauge("prometheus_engine_query_log_enabled", "State of the query log.");
    logFailures =
        metrics.counter(
            "prometheus_engine_query_log_failures_total", "The number of query log failures.");
    metrics
        .gauge("prometheus_engine_queries_concurrent_max", "The max number of concurrent queries.")
        .set(maxConcurrent);
    refused =
        metrics.counter(
            "narthex_query_refused_total",
            "The number of queries refused by a limit: length, tokens or depth of the text, samples"
                + " or memory held, queue for the time spent waiting.",
            "reason");
    for (Refusal reason : Refusal.values()) {
      refused.with(reason.text());
    }
    memoryLimit =
        metrics.gauge(
            "narthex_query_memory_limit_bytes", "Memory that running queries may hold together.");
    memoryUsed =
        metrics.gauge(
            "narthex_query_memory_bytes",
            "Memory granted to queries, when the last one began or ended.");
    Metrics.Summary summary =
        metrics.summary("prometheus_engine_query_duration_seconds", "Query timings", "slice");
    Metrics.Histogram histogram =
        metrics.histogram(
            "prometheus_engine_query_duration_histogram_seconds",
            "The duration of various parts of PromQL query execution.",
            BOUNDS,
            "slice");
    String[] slices = {"queue_time", "prepare_time", "inner_eval", "result_sort"};
    durations = new Metrics.Summary[slices.length];
    durationHistograms = new Metrics.Histogram[slices.length];
    for (int i = 0; i < slices.length; i++) {
      durations[i] = summary.with(slices[i]);
      durationHistograms[i] = histogram.with(slices[i]);
    }
  }

  void begin() {
    queries.add(1);
    memoryUsed.set(memory.getAsLong());
  }

  void end() {
    queries.add(-1);
    memoryUsed.set(memory.getAsLong());
  }

  void observe(Statistics s) {
    samples.add(s.totalQueryableSamples());
    samplesRead.add(s.samplesRead());
    slice(0, s.queueNanos());
    slice(1, s.preparationNanos());
    slice(2, s.innerEvalNanos());
    slice(3, s.resultSortNanos());
  }

  private void slice(int i, long nanos) {
    durations[i].observe(nanos / 1e9);
    durationHistograms[i].observe(nanos / 1e9);
  }

  /** Counts a query that a limit refuses. */
  void refused(String reason) {
    refused.with(reason).inc();
  }

  /** Reports the memory that running queries share. */
  void memory(long total, LongSupplier granted) {
    memoryLimit.set(total);
    memory = granted;
  }

  void log(boolean enabled) {
    logEnabled.set(enabled ? 1 : 0);
  }

  void logFailure() {
    logFailures.inc();
  }
}
