package io.narthex.service.config;

import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One scrape job. After loading, all values inherited from {@code global:} are filled in: no
 * nullable component is null except {@code scrapeProtocols}, which stays null when the histogram
 * settings decide. A key belongs to one of the nested records; this file is the only one that
 * defines it and its default from {@code global:}. Immutable.
 *
 * @param discoveries set by the loader from {@code static_configs} and {@code *_sd_configs}
 */
public record ScrapeConfig(
    @Setting(help = "Unique name of the job", required = true) String jobName,
    @Setting(inline = true) Timing timing,
    @Setting(inline = true) Exposition exposition,
    @Setting(inline = true) Endpoint endpoint,
    @Setting(inline = true) Trust trust,
    @Setting(inline = true) Transfer transfer,
    @Setting(inline = true) Limits limits,
    @Setting(inline = true) Naming naming,
    @Setting(help = "Relabelling rules for targets") List<RelabelRule> relabelConfigs,
    @Setting(help = "Relabelling rules for samples") List<RelabelRule> metricRelabelConfigs,
    @Setting(inline = true) HttpSettings http,
    List<DiscoveryBlock> discoveries) {

  /** Interval and timeout of scrapes. */
  public record Timing(
      @Setting(help = "Interval between scrapes") @Nullable Duration scrapeInterval,
      @Setting(help = "Timeout of a scrape, at most the interval")
          @Nullable Duration scrapeTimeout) {}

  /** Requested formats, and conversion of histograms. */
  public record Exposition(
      @Setting(help = "Requested formats in order of preference", optional = true)
          @Nullable List<String> scrapeProtocols,
      @Setting(help = "Format of responses without valid Content-Type")
          String fallbackScrapeProtocol,
      @Setting(help = "Whether native histograms are scraped")
          @Nullable Boolean scrapeNativeHistograms,
      @Setting(help = "Whether classic buckets are kept alongside native ones")
          @Nullable Boolean alwaysScrapeClassicHistograms,
      @Setting(help = "Whether classic histograms become native ones with custom buckets")
          @Nullable Boolean convertClassicHistogramsToNhcb,
      @Setting(
              help =
                  "Whether scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes are added")
          @Nullable Boolean extraScrapeMetrics,
      @Setting(help = "Most buckets of a native histogram; 0 = no limit", min = 0)
          @Nullable Long nativeHistogramBucketLimit,
      @Setting(help = "Least ratio of the bounds of neighbouring buckets")
          double nativeHistogramMinBucketFactor) {
    /** Returns these values with those of {@code global:} in place of absent ones. */
    public Exposition or(@Nullable List<String> protocols, ExpositionDefaults defaults) {
      return new Exposition(
          scrapeProtocols == null ? protocols : scrapeProtocols,
          fallbackScrapeProtocol,
          either(scrapeNativeHistograms, defaults.scrapeNativeHistograms),
          either(alwaysScrapeClassicHistograms, defaults.alwaysScrapeClassicHistograms),
          either(convertClassicHistogramsToNhcb, defaults.convertClassicHistogramsToNhcb),
          either(extraScrapeMetrics, defaults.extraScrapeMetrics),
          either(nativeHistogramBucketLimit, 0L),
          nativeHistogramMinBucketFactor);
    }
  }

  /** The part of {@link Exposition} that {@code global:} has too. */
  public record ExpositionDefaults(
      @Setting(help = "Whether native histograms are scraped")
          @Nullable Boolean scrapeNativeHistograms,
      @Setting(help = "Whether classic histograms become native ones with custom buckets")
          boolean convertClassicHistogramsToNhcb,
      @Setting(help = "Whether classic buckets are kept alongside native ones")
          boolean alwaysScrapeClassicHistograms,
      @Setting(
              help =
                  "Whether scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes are added")
          @Nullable Boolean extraScrapeMetrics) {
    /** Returns these values with false in place of absent ones. */
    public ExpositionDefaults filled() {
      return new ExpositionDefaults(
          either(scrapeNativeHistograms, false),
          convertClassicHistogramsToNhcb,
          alwaysScrapeClassicHistograms,
          either(extraScrapeMetrics, false));
    }
  }

  /** The requested URL of a target. */
  public record Endpoint(
      @Setting(help = "Path of the metrics", defaultValue = "/metrics") String metricsPath,
      @Setting(help = "http or https", defaultValue = "http") String scheme,
      @Setting(help = "URL parameters") Map<String, List<String>> params) {}

  /** Which labels and timestamps of a target are used unchanged. */
  public record Trust(
      @Setting(help = "Whether scraped labels take precedence over the target's")
          boolean honorLabels,
      @Setting(help = "Whether timestamps of the target are used", defaultValue = "true")
          boolean honorTimestamps,
      @Setting(help = "Whether series with timestamps of the target go stale too")
          boolean trackTimestampsStaleness) {}

  /** Compression, and the log of failed scrapes. */
  public record Transfer(
      @Setting(help = "Whether compressed responses are requested", defaultValue = "true")
          boolean enableCompression,
      @Setting(help = "File of the log of failed scrapes", optional = true, file = true)
          @Nullable String scrapeFailureLogFile) {
    /** Returns these values with those of {@code global:} in place of absent ones. */
    public Transfer or(String failureLogFile) {
      return new Transfer(
          enableCompression, scrapeFailureLogFile == null ? failureLogFile : scrapeFailureLogFile);
    }
  }

  /** Limits of a scrape; those of {@code global:} are for jobs without their own. */
  public record Limits(
      @Setting(help = "Largest decompressed body; 0 = no limit") @Nullable ByteSize bodySizeLimit,
      @Setting(help = "Most samples of a scrape; 0 = no limit", min = 0) @Nullable Long sampleLimit,
      @Setting(help = "Most targets of a job; 0 = no limit", min = 0) @Nullable Long targetLimit,
      @Setting(help = "Most labels of a series; 0 = no limit", min = 0) @Nullable Long labelLimit,
      @Setting(help = "Longest label name in bytes; 0 = no limit", min = 0)
          @Nullable Long labelNameLengthLimit,
      @Setting(help = "Longest label value in bytes; 0 = no limit", min = 0)
          @Nullable Long labelValueLengthLimit,
      @Setting(help = "Most dropped targets that are kept for display; 0 = all", min = 0)
          @Nullable Long keepDroppedTargets) {
    /** No limits. */
    public static final Limits NONE = new Limits(new ByteSize(0), 0L, 0L, 0L, 0L, 0L, 0L);

    /** Returns these limits with those of {@code global:} in place of absent ones and zeros. */
    public Limits or(Limits global) {
      return new Limits(
          bodySizeLimit == null || bodySizeLimit.bytes() == 0
              ? global.bodySizeLimit
              : bodySizeLimit,
          limit(sampleLimit, global.sampleLimit),
          limit(targetLimit, global.targetLimit),
          limit(labelLimit, global.labelLimit),
          limit(labelNameLengthLimit, global.labelNameLengthLimit),
          limit(labelValueLengthLimit, global.labelValueLengthLimit),
          limit(keepDroppedTargets, global.keepDroppedTargets));
    }

    private static @Nullable Long limit(@Nullable Long own, @Nullable Long inherited) {
      return own == null || own == 0 ? inherited : own;
    }
  }

  /** Which names are valid, and how others are escaped; {@code global:} has both too. */
  public record Naming(
      @Setting(help = "Valid names: utf8 or legacy", optional = true)
          @Nullable String metricNameValidationScheme,
      @Setting(
              help = "Escaping of other names: allow-utf-8, underscores, dots or values",
              optional = true)
          @Nullable String metricNameEscapingScheme) {
    /** Returns the validation scheme, empty when it is not given. */
    public String validation() {
      return Objects.requireNonNullElse(metricNameValidationScheme, "");
    }

    /** Returns the escaping scheme, empty when it is not given. */
    public String escaping() {
      return Objects.requireNonNullElse(metricNameEscapingScheme, "");
    }
  }

  private static <T> T either(@Nullable T own, @Nullable T inherited, T otherwise) {
    return own != null ? own : inherited != null ? inherited : otherwise;
  }

  private static Boolean either(@Nullable Boolean own, @Nullable Boolean inherited) {
    return either(own, inherited, Boolean.FALSE);
  }

  private static Long either(@Nullable Long own, Long otherwise) {
    return own != null ? own : otherwise;
  }

  /** Returns the job with other HTTP settings and discoveries. */
  public ScrapeConfig with(HttpSettings client, List<DiscoveryBlock> blocks) {
    return new ScrapeConfig(
        jobName,
        timing,
        exposition,
        endpoint,
        trust,
        transfer,
        limits,
        naming,
        relabelConfigs,
        metricRelabelConfigs,
        client,
        blocks);
  }

  // --- the keys of 1.0 by their names in the file

  /** Creates a job from the keys of version 1.0. */
  public ScrapeConfig(
      String jobName,
      @Nullable Duration scrapeInterval,
      @Nullable Duration scrapeTimeout,
      @Nullable List<String> scrapeProtocols,
      String fallbackScrapeProtocol,
      @Nullable Boolean scrapeNativeHistograms,
      @Nullable Boolean alwaysScrapeClassicHistograms,
      @Nullable Boolean convertClassicHistogramsToNhcb,
      @Nullable Boolean extraScrapeMetrics,
      @Nullable Long nativeHistogramBucketLimit,
      double nativeHistogramMinBucketFactor,
      String metricsPath,
      String scheme,
      Map<String, List<String>> params,
      boolean honorLabels,
      boolean honorTimestamps,
      boolean trackTimestampsStaleness,
      boolean enableCompression,
      @Nullable String scrapeFailureLogFile,
      @Nullable ByteSize bodySizeLimit,
      @Nullable Long sampleLimit,
      @Nullable Long targetLimit,
      @Nullable Long labelLimit,
      @Nullable Long labelNameLengthLimit,
      @Nullable Long labelValueLengthLimit,
      @Nullable Long keepDroppedTargets,
      @Nullable String metricNameValidationScheme,
      @Nullable String metricNameEscapingScheme,
      List<RelabelRule> relabelConfigs,
      List<RelabelRule> metricRelabelConfigs,
      HttpSettings http,
      List<DiscoveryBlock> discoveries) {
    this(
        jobName,
        new Timing(scrapeInterval, scrapeTimeout),
        new Exposition(
            scrapeProtocols,
            fallbackScrapeProtocol,
            scrapeNativeHistograms,
            alwaysScrapeClassicHistograms,
            convertClassicHistogramsToNhcb,
            extraScrapeMetrics,
            nativeHistogramBucketLimit,
            nativeHistogramMinBucketFactor),
        new Endpoint(metricsPath, scheme, params),
        new Trust(honorLabels, honorTimestamps, trackTimestampsStaleness),
        new Transfer(enableCompression, scrapeFailureLogFile),
        new Limits(
            bodySizeLimit,
            sampleLimit,
            targetLimit,
            labelLimit,
            labelNameLengthLimit,
            labelValueLengthLimit,
            keepDroppedTargets),
        new Naming(metricNameValidationScheme, metricNameEscapingScheme),
        relabelConfigs,
        metricRelabelConfigs,
        http,
        discoveries);
  }

  /** Returns {@code scrape_interval}. */
  public @Nullable Duration scrapeInterval() {
    return timing.scrapeInterval;
  }

  /** Returns {@code scrape_timeout}. */
  public @Nullable Duration scrapeTimeout() {
    return timing.scrapeTimeout;
  }

  /** Returns {@code scrape_protocols}. */
  public @Nullable List<String> scrapeProtocols() {
    return exposition.scrapeProtocols;
  }

  /** Returns {@code fallback_scrape_protocol}. */
  public String fallbackScrapeProtocol() {
    return exposition.fallbackScrapeProtocol;
  }

  /** Returns {@code scrape_native_histograms}. */
  public @Nullable Boolean scrapeNativeHistograms() {
    return exposition.scrapeNativeHistograms;
  }

  /** Returns {@code always_scrape_classic_histograms}. */
  public @Nullable Boolean alwaysScrapeClassicHistograms() {
    return exposition.alwaysScrapeClassicHistograms;
  }

  /** Returns {@code convert_classic_histograms_to_nhcb}. */
  public @Nullable Boolean convertClassicHistogramsToNhcb() {
    return exposition.convertClassicHistogramsToNhcb;
  }

  /** Returns {@code extra_scrape_metrics}. */
  public @Nullable Boolean extraScrapeMetrics() {
    return exposition.extraScrapeMetrics;
  }

  /** Returns {@code native_histogram_bucket_limit}. */
  public @Nullable Long nativeHistogramBucketLimit() {
    return exposition.nativeHistogramBucketLimit;
  }

  /** Returns {@code native_histogram_min_bucket_factor}. */
  public double nativeHistogramMinBucketFactor() {
    return exposition.nativeHistogramMinBucketFactor;
  }

  /** Returns {@code metrics_path}. */
  public String metricsPath() {
    return endpoint.metricsPath;
  }

  /** Returns {@code scheme}. */
  public String scheme() {
    return endpoint.scheme;
  }

  /** Returns {@code params}. */
  public Map<String, List<String>> params() {
    return endpoint.params;
  }

  /** Returns {@code honor_labels}. */
  public boolean honorLabels() {
    return trust.honorLabels;
  }

  /** Returns {@code honor_timestamps}. */
  public boolean honorTimestamps() {
    return trust.honorTimestamps;
  }

  /** Returns {@code track_timestamps_staleness}. */
  public boolean trackTimestampsStaleness() {
    return trust.trackTimestampsStaleness;
  }

  /** Returns {@code enable_compression}. */
  public boolean enableCompression() {
    return transfer.enableCompression;
  }

  /** Returns {@code scrape_failure_log_file}. */
  public @Nullable String scrapeFailureLogFile() {
    return transfer.scrapeFailureLogFile;
  }

  /** Returns {@code body_size_limit}. */
  public @Nullable ByteSize bodySizeLimit() {
    return limits.bodySizeLimit;
  }

  /** Returns {@code sample_limit}. */
  public @Nullable Long sampleLimit() {
    return limits.sampleLimit;
  }

  /** Returns {@code target_limit}. */
  public @Nullable Long targetLimit() {
    return limits.targetLimit;
  }

  /** Returns {@code label_limit}. */
  public @Nullable Long labelLimit() {
    return limits.labelLimit;
  }

  /** Returns {@code label_name_length_limit}. */
  public @Nullable Long labelNameLengthLimit() {
    return limits.labelNameLengthLimit;
  }

  /** Returns {@code label_value_length_limit}. */
  public @Nullable Long labelValueLengthLimit() {
    return limits.labelValueLengthLimit;
  }

  /** Returns {@code keep_dropped_targets}. */
  public @Nullable Long keepDroppedTargets() {
    return limits.keepDroppedTargets;
  }

  /** Returns {@code metric_name_validation_scheme}. */
  public @Nullable String metricNameValidationScheme() {
    return naming.metricNameValidationScheme;
  }

  /** Returns {@code metric_name_escaping_scheme}. */
  public @Nullable String metricNameEscapingScheme() {
    return naming.metricNameEscapingScheme;
  }
}
