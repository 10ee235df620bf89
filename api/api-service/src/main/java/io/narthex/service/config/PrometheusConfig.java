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
 * {@code prometheus.yml}. After loading, {@code ruleFiles} holds the globs as written and {@code
 * scrapeConfigs} also the jobs of {@code scrape_config_files}.
 */
public record PrometheusConfig(
    @Setting(help = "Defaults of jobs and rules") Global global,
    @Setting(help = "Accepted and ignored") Runtime runtime,
    @Setting(help = "Globs of rule files") List<String> ruleFiles,
    @Setting(help = "Globs of files with scrape_configs") List<String> scrapeConfigFiles,
    @Setting(help = "Scrape jobs") List<ScrapeConfig> scrapeConfigs,
    @Setting(help = "Where alerts go") Alerting alerting,
    @Setting(help = "Where samples are sent") List<RemoteWrite> remoteWrite,
    @Setting(help = "Where more samples are read") List<RemoteRead> remoteRead,
    @Setting(help = "Storage settings that a reload can change", optional = true)
        @Nullable StorageSection storage,
    @Setting(help = "Tracing of the server itself") @Nullable ConfigNode tracing,
    @Setting(help = "OTLP receiver") @Nullable ConfigNode otlp) {

  /** Defaults of jobs and rules. */
  public record Global(
      @Setting(help = "How often targets are scraped", defaultValue = "1m") Duration scrapeInterval,
      @Setting(help = "How long a scrape may take; 10s, or the interval if shorter")
          @Nullable Duration scrapeTimeout,
      @Setting(help = "Formats asked for, best first", optional = true)
          @Nullable List<String> scrapeProtocols,
      @Setting(help = "How often rules are evaluated", defaultValue = "1m")
          Duration evaluationInterval,
      @Setting(help = "How far back rules look", defaultValue = "0s") Duration ruleQueryOffset,
      @Setting(help = "File that queries are logged to") String queryLogFile,
      @Setting(help = "File that failed scrapes are logged to") String scrapeFailureLogFile,
      @Setting(help = "Labels added for other systems") Map<String, String> externalLabels,
      @Setting(inline = true) Limits limits,
      @Setting(inline = true) Naming naming,
      @Setting(inline = true) ExpositionDefaults exposition) {

    // --- the keys of 1.0 by their names in the file

    /** Creates the section from the keys of 1.0, one by one. */
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

  /** Settings of another runtime. */
  public record Runtime(@Setting(help = "Ignored") @Nullable Long gogc) {}

  /** Where alerts go. */
  public record Alerting(
      @Setting(help = "Steps applied to alerts") List<RelabelRule> alertRelabelConfigs,
      @Setting(help = "Alertmanagers") List<AlertmanagerTarget> alertmanagers) {}

  /** One set of Alertmanagers. {@code discoveries} is set by the loader. */
  public record AlertmanagerTarget(
      @Setting(help = "How long a request may take", defaultValue = "10s") Duration timeout,
      @Setting(help = "Only v2", defaultValue = "v2") String apiVersion,
      @Setting(help = "Prefix of the API's path", defaultValue = "/") String pathPrefix,
      @Setting(help = "http or https", defaultValue = "http") String scheme,
      @Setting(help = "AWS signature") @Nullable ConfigNode sigv4,
      @Setting(help = "Steps applied to targets") List<RelabelRule> relabelConfigs,
      @Setting(help = "Steps applied to alerts") List<RelabelRule> alertRelabelConfigs,
      @Setting(inline = true) HttpSettings http,
      List<DiscoveryBlock> discoveries) {}

  /** A receiver of samples. */
  public record RemoteWrite(
      @Setting(help = "Where to", required = true) String url,
      @Setting(help = "Message type", defaultValue = "prometheus.WriteRequest")
          String protobufMessage,
      @Setting(help = "How long a request may take", defaultValue = "30s") Duration remoteTimeout,
      @Setting(help = "More headers") Map<String, String> headers,
      @Setting(help = "Steps applied to series") List<RelabelRule> writeRelabelConfigs,
      @Setting(help = "Name for logs and metrics, unique") String name,
      @Setting(help = "Send exemplars") boolean sendExemplars,
      @Setting(help = "Send native histograms") boolean sendNativeHistograms,
      @Setting(name = "round_robin_dns", help = "Use all addresses of the host")
          boolean roundRobinDns,
      @Setting(help = "Log failed requests") boolean failedRequestLogging,
      @Setting(help = "Queue") QueueConfig queueConfig,
      @Setting(help = "Metadata sending") MetadataConfig metadataConfig,
      @Setting(help = "AWS signature") @Nullable ConfigNode sigv4,
      @Setting(help = "Azure AD") @Nullable ConfigNode azuread,
      @Setting(name = "google_iam", help = "Google IAM") @Nullable ConfigNode googleIam,
      @Setting(inline = true) HttpSettings http) {
    /** Returns the receiver with another client. */
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

  /** The queue of a receiver. */
  public record QueueConfig(
      @Setting(help = "Samples per shard", defaultValue = "10000") int capacity,
      @Setting(help = "Most shards", defaultValue = "50") int maxShards,
      @Setting(help = "Least shards", defaultValue = "1") int minShards,
      @Setting(help = "Samples per request", defaultValue = "2000") int maxSamplesPerSend,
      @Setting(help = "Longest wait for a full request", defaultValue = "5s")
          Duration batchSendDeadline,
      @Setting(help = "First pause", defaultValue = "30ms") Duration minBackoff,
      @Setting(help = "Longest pause", defaultValue = "5s") Duration maxBackoff,
      @Setting(name = "retry_on_http_429", help = "Retry on 429") boolean retryOnHttp429,
      @Setting(help = "Oldest sample sent; 0 = any", defaultValue = "0s")
          Duration sampleAgeLimit) {}

  /** Metadata sending. */
  public record MetadataConfig(
      @Setting(help = "Send it", defaultValue = "true") boolean send,
      @Setting(help = "How often", defaultValue = "1m") Duration sendInterval,
      @Setting(help = "Entries per request", defaultValue = "2000") int maxSamplesPerSend) {}

  /** A source of more samples. */
  public record RemoteRead(
      @Setting(help = "Where from", required = true) String url,
      @Setting(help = "How long a request may take", defaultValue = "1m") Duration remoteTimeout,
      @Setting(help = "Largest frame", defaultValue = "50000000") long chunkedReadLimit,
      @Setting(help = "More headers") Map<String, String> headers,
      @Setting(help = "Ask for what the local storage has, too") boolean readRecent,
      @Setting(help = "Add external labels to selectors", defaultValue = "true")
          boolean filterExternalLabels,
      @Setting(help = "Only selectors with these") Map<String, String> requiredMatchers,
      @Setting(help = "Name for logs and metrics, unique") String name,
      @Setting(inline = true) HttpSettings http) {}

  /** Storage settings that a reload can change. */
  public record StorageSection(
      @Setting(help = "TSDB", optional = true) @Nullable Tsdb tsdb,
      @Setting(help = "Exemplars", optional = true) @Nullable Exemplars exemplars) {}

  /** TSDB settings. */
  public record Tsdb(
      @Setting(help = "How late samples may come", defaultValue = "0s")
          Duration outOfOrderTimeWindow,
      @Setting(help = "Share of stale series that starts a compaction", min = 0, max = 1)
          double staleSeriesCompactionThreshold,
      @Setting(help = "Encodings", optional = true) @Nullable ChunkEncoding chunkEncoding,
      @Setting(help = "How long and how much is kept", optional = true)
          @Nullable Retention retention) {}

  /** Encodings; accepted, the storage plugin decides. */
  public record ChunkEncoding(@Setting(help = "xor or xor2", defaultValue = "xor") String floats) {}

  /** How long and how much is kept. */
  public record Retention(
      @Setting(help = "Age") @Nullable Duration time,
      @Setting(help = "Bytes") @Nullable ByteSize size,
      @Setting(help = "Share of the disk, 0 to 100", min = 0, max = 100)
          @Nullable Double percentage) {}

  /** Exemplar settings. */
  public record Exemplars(
      @Setting(help = "Most exemplars kept; 0 = none", defaultValue = "100000")
          long maxExemplars) {}
}
