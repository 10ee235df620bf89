package io.narthex.service.config;

import io.narthex.service.config.ScrapeConfig.ExpositionDefaults;
import io.narthex.service.config.ScrapeConfig.Limits;
import io.narthex.service.config.ScrapeConfig.Naming;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code prometheus.yml}. After loading, {@code ruleFiles} has the globs as written and {@code
 * scrapeConfigs} includes the jobs of {@code scrape_config_files}. Immutable.
 */
public record PrometheusConfig(
    @Setting(help = "Defaults of jobs and rules") Global global,
    @Setting(help = "Accepted and ignored") Runtime runtime,
    @Setting(help = "Globs of rule files, relative to this file", file = true)
        List<String> ruleFiles,
    @Setting(help = "Globs of files with scrape_configs", file = true)
        List<String> scrapeConfigFiles,
    @Setting(help = "Scrape jobs") List<ScrapeConfig> scrapeConfigs,
    @Setting(help = "Alertmanagers that get alerts") Alerting alerting,
    @Setting(help = "Remote write endpoints") List<RemoteWrite> remoteWrite,
    @Setting(help = "Remote read endpoints") List<RemoteRead> remoteRead,
    @Setting(help = "Storage settings that a reload can change", optional = true)
        @Nullable StorageSection storage,
    @Setting(help = "Tracing of the server itself") @Nullable ConfigNode tracing,
    @Setting(help = "OTLP receiver") @Nullable ConfigNode otlp) {

  /** Defaults of jobs and rules. */
  public record Global(
      @Setting(help = "Interval between scrapes of a target", defaultValue = "1m")
          Duration scrapeInterval,
      @Setting(help = "Timeout of a scrape, at most the interval; 10s, or the interval if shorter")
          @Nullable Duration scrapeTimeout,
      @Setting(help = "Requested formats in order of preference", optional = true)
          @Nullable List<String> scrapeProtocols,
      @Setting(help = "Interval between evaluations of rules", defaultValue = "1m")
          Duration evaluationInterval,
      @Setting(help = "How far in the past rules are evaluated", defaultValue = "0s")
          Duration ruleQueryOffset,
      @Setting(help = "File of the query log; empty = none", file = true) String queryLogFile,
      @Setting(help = "File of the log of failed scrapes; empty = none", file = true)
          String scrapeFailureLogFile,
      @Setting(help = "Labels added to samples and alerts sent to other systems")
          Map<String, String> externalLabels,
      @Setting(inline = true) Limits limits,
      @Setting(inline = true) Naming naming,
      @Setting(inline = true) ExpositionDefaults exposition) {

    // --- the keys of 1.0 by their names in the file

    /** Creates the section from the keys of version 1.0. */
    public Global(
        Duration scrapeInterval,
        @Nullable Duration scrapeTimeout,
        @Nullable List<String> scrapeProtocols,
        Duration evaluationInterval,
        Duration ruleQueryOffset,
        String queryLogFile,
        String scrapeFailureLogFile,
        Map<String, String> externalLabels,
        ByteSize bodySizeLimit,
        long sampleLimit,
        long targetLimit,
        long labelLimit,
        long labelNameLengthLimit,
        long labelValueLengthLimit,
        long keepDroppedTargets,
        String metricNameValidationScheme,
        String metricNameEscapingScheme,
        @Nullable Boolean scrapeNativeHistograms,
        boolean convertClassicHistogramsToNhcb,
        boolean alwaysScrapeClassicHistograms,
        @Nullable Boolean extraScrapeMetrics) {
      this(
          scrapeInterval,
          scrapeTimeout,
          scrapeProtocols,
          evaluationInterval,
          ruleQueryOffset,
          queryLogFile,
          scrapeFailureLogFile,
          externalLabels,
          new Limits(
              bodySizeLimit,
              sampleLimit,
              targetLimit,
              labelLimit,
              labelNameLengthLimit,
              labelValueLengthLimit,
              keepDroppedTargets),
          new Naming(metricNameValidationScheme, metricNameEscapingScheme),
          new ExpositionDefaults(
              scrapeNativeHistograms,
              convertClassicHistogramsToNhcb,
              alwaysScrapeClassicHistograms,
              extraScrapeMetrics));
    }

    /** Returns {@code body_size_limit}. */
    public ByteSize bodySizeLimit() {
      ByteSize size = limits.bodySizeLimit();
      return size == null ? new ByteSize(0) : size;
    }

    /** Returns {@code sample_limit}. */
    public long sampleLimit() {
      return orZero(limits.sampleLimit());
    }

    /** Returns {@code target_limit}. */
    public long targetLimit() {
      return orZero(limits.targetLimit());
    }

    /** Returns {@code label_limit}. */
    public long labelLimit() {
      return orZero(limits.labelLimit());
    }

    /** Returns {@code label_name_length_limit}. */
    public long labelNameLengthLimit() {
      return orZero(limits.labelNameLengthLimit());
    }

    /** Returns {@code label_value_length_limit}. */
    public long labelValueLengthLimit() {
      return orZero(limits.labelValueLengthLimit());
    }

    /** Returns {@code keep_dropped_targets}. */
    public long keepDroppedTargets() {
      return orZero(limits.keepDroppedTargets());
    }

    /** Returns {@code metric_name_validation_scheme}. */
    public String metricNameValidationScheme() {
      return naming.validation();
    }

    /** Returns {@code metric_name_escaping_scheme}. */
    public String metricNameEscapingScheme() {
      return naming.escaping();
    }

    /** Returns {@code scrape_native_histograms}. */
    public @Nullable Boolean scrapeNativeHistograms() {
      return exposition.scrapeNativeHistograms();
    }

    /** Returns {@code convert_classic_histograms_to_nhcb}. */
    public boolean convertClassicHistogramsToNhcb() {
      return exposition.convertClassicHistogramsToNhcb();
    }

    /** Returns {@code always_scrape_classic_histograms}. */
    public boolean alwaysScrapeClassicHistograms() {
      return exposition.alwaysScrapeClassicHistograms();
    }

    /** Returns {@code extra_scrape_metrics}. */
    public @Nullable Boolean extraScrapeMetrics() {
      return exposition.extraScrapeMetrics();
    }

    private static long orZero(@Nullable Long limit) {
      return limit == null ? 0 : limit;
    }
  }

  /** Settings of the Go runtime; ignored. */
  public record Runtime(@Setting(help = "Ignored") @Nullable Long gogc) {}

  /** Alertmanagers that get alerts. */
  public record Alerting(
      @Setting(help = "Relabelling rules for alerts") List<RelabelRule> alertRelabelConfigs,
      @Setting(help = "Alertmanagers") List<AlertmanagerTarget> alertmanagers) {}

  /** One set of Alertmanagers. {@code discoveries} is set by the loader. */
  public record AlertmanagerTarget(
      @Setting(help = "Timeout of a request", defaultValue = "10s") Duration timeout,
      @Setting(help = "Version of the API; only v2", defaultValue = "v2") String apiVersion,
      @Setting(help = "Path prefix of the API", defaultValue = "/") String pathPrefix,
      @Setting(help = "http or https", defaultValue = "http") String scheme,
      @Setting(help = "AWS signature") @Nullable ConfigNode sigv4,
      @Setting(help = "Relabelling rules for targets") List<RelabelRule> relabelConfigs,
      @Setting(help = "Relabelling rules for alerts") List<RelabelRule> alertRelabelConfigs,
      @Setting(inline = true) HttpSettings http,
      List<DiscoveryBlock> discoveries) {}

  /** A remote write endpoint. */
  public record RemoteWrite(
      @Setting(help = "URL of the endpoint", required = true) String url,
      @Setting(help = "Message type", defaultValue = "prometheus.WriteRequest")
          String protobufMessage,
      @Setting(help = "Timeout of a request", defaultValue = "30s") Duration remoteTimeout,
      @Setting(help = "Additional headers") Map<String, String> headers,
      @Setting(help = "Relabelling rules for series") List<RelabelRule> writeRelabelConfigs,
      @Setting(help = "Unique name for logs and metrics") String name,
      @Setting(help = "Whether exemplars are sent") boolean sendExemplars,
      @Setting(help = "Whether native histograms are sent") boolean sendNativeHistograms,
      @Setting(
              name = "round_robin_dns",
              help = "Whether requests rotate over all addresses of the host")
          boolean roundRobinDns,
      @Setting(help = "Whether failed requests are logged") boolean failedRequestLogging,
      @Setting(help = "Queue of the endpoint") QueueConfig queueConfig,
      @Setting(help = "Metadata sending") MetadataConfig metadataConfig,
      @Setting(help = "AWS signature") @Nullable ConfigNode sigv4,
      @Setting(help = "Azure AD") @Nullable ConfigNode azuread,
      @Setting(name = "google_iam", help = "Google IAM") @Nullable ConfigNode googleIam,
      @Setting(inline = true) HttpSettings http) {
    /** Returns the endpoint with other HTTP settings. */
    public RemoteWrite withHttp(HttpSettings client) {
      return new RemoteWrite(
          url,
          protobufMessage,
          remoteTimeout,
          headers,
          writeRelabelConfigs,
          name,
          sendExemplars,
          sendNativeHistograms,
          roundRobinDns,
          failedRequestLogging,
          queueConfig,
          metadataConfig,
          sigv4,
          azuread,
          googleIam,
          client);
    }
  }

  /** The queue of a remote write endpoint. */
  public record QueueConfig(
      @Setting(help = "Samples buffered per shard", defaultValue = "10000") int capacity,
      @Setting(help = "Most shards", defaultValue = "50") int maxShards,
      @Setting(help = "Fewest shards", defaultValue = "1") int minShards,
      @Setting(help = "Most samples of a request", defaultValue = "2000") int maxSamplesPerSend,
      @Setting(help = "Longest time until an incomplete request is sent", defaultValue = "5s")
          Duration batchSendDeadline,
      @Setting(help = "First wait before a retry", defaultValue = "30ms") Duration minBackoff,
      @Setting(help = "Longest wait before a retry", defaultValue = "5s") Duration maxBackoff,
      @Setting(name = "retry_on_http_429", help = "Whether requests are retried after status 429")
          boolean retryOnHttp429,
      @Setting(help = "Greatest age of samples sent; 0s = any", defaultValue = "0s")
          Duration sampleAgeLimit) {}

  /** Metadata sending. */
  public record MetadataConfig(
      @Setting(help = "Whether metadata is sent", defaultValue = "true") boolean send,
      @Setting(help = "Interval between requests", defaultValue = "1m") Duration sendInterval,
      @Setting(help = "Most entries of a request", defaultValue = "2000") int maxSamplesPerSend) {}

  /** A remote read endpoint. */
  public record RemoteRead(
      @Setting(help = "URL of the endpoint", required = true) String url,
      @Setting(help = "Timeout of a request", defaultValue = "1m") Duration remoteTimeout,
      @Setting(help = "Largest frame of a chunked response, in bytes", defaultValue = "50000000")
          long chunkedReadLimit,
      @Setting(help = "Additional headers") Map<String, String> headers,
      @Setting(help = "Whether times that the local storage covers are requested too")
          boolean readRecent,
      @Setting(help = "Whether external labels are added to selectors", defaultValue = "true")
          boolean filterExternalLabels,
      @Setting(help = "Label matchers that a selector must have to be sent")
          Map<String, String> requiredMatchers,
      @Setting(help = "Unique name for logs and metrics") String name,
      @Setting(inline = true) HttpSettings http) {}

  /** Storage settings that a reload can change. */
  public record StorageSection(
      @Setting(help = "TSDB", optional = true) @Nullable Tsdb tsdb,
      @Setting(help = "Exemplars", optional = true) @Nullable Exemplars exemplars) {}

  /** TSDB settings. */
  public record Tsdb(
      @Setting(
              help =
                  "How much older than the newest sample of the head an out-of-order sample may be",
              defaultValue = "0s")
          Duration outOfOrderTimeWindow,
      @Setting(help = "Share of stale series that starts a compaction, 0 to 1", min = 0, max = 1)
          double staleSeriesCompactionThreshold,
      @Setting(help = "Encodings of chunks", optional = true) @Nullable ChunkEncoding chunkEncoding,
      @Setting(help = "Retention by age, size and share of the disk", optional = true)
          @Nullable Retention retention) {}

  /** Encodings of chunks; only for the storage plugin. */
  public record ChunkEncoding(@Setting(help = "xor or xor2", defaultValue = "xor") String floats) {}

  /** Retention; absent values do not limit. */
  public record Retention(
      @Setting(help = "Greatest age of samples") @Nullable Duration time,
      @Setting(help = "Greatest size of the storage") @Nullable ByteSize size,
      @Setting(help = "Greatest share of the disk in percent, 0 to 100", min = 0, max = 100)
          @Nullable Double percentage) {}

  /** Exemplar settings. */
  public record Exemplars(
      @Setting(help = "Most exemplars kept; 0 = none", defaultValue = "100000")
          long maxExemplars) {}
}
