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
 * One scrape job. After loading, all values that {@code global:} gives are filled in: none of the
 * nullable components is null but {@code scrapeProtocols}, which stays null when it is to be chosen
 * by the histogram settings. A key belongs to one of the groups; with its default from {@code
 * global:} it stands in this file alone.
 *
 * @param discoveries set by the loader from {@code static_configs} and {@code *_sd_configs}
 */
public record ScrapeConfig(
    @Setting(help = "Name of the job, unique", required = true) String jobName,
    @Setting(inline = true) Timing timing,
    @Setting(inline = true) Exposition exposition,
    @Setting(inline = true) Endpoint endpoint,
    @Setting(inline = true) Trust trust,
    @Setting(inline = true) Transfer transfer,
    @Setting(inline = true) Limits limits,
    @Setting(inline = true) Naming naming,
    @Setting(help = "Steps applied to targets") List<RelabelRule> relabelConfigs,
    @Setting(help = "Steps applied to samples") List<RelabelRule> metricRelabelConfigs,
    @Setting(inline = true) HttpSettings http,
    List<DiscoveryBlock> discoveries) {

  /** When targets are scraped. */
  public record Timing(
      @Setting(help = "How often") @Nullable Duration scrapeInterval,
      @Setting(help = "How long a scrape may take") @Nullable Duration scrapeTimeout) {}

  /** Which formats are asked for, and what is made of histograms. */
  public record Exposition(
      @Setting(help = "Formats asked for, best first", optional = true)
          @Nullable List<String> scrapeProtocols,
      @Setting(help = "Format taken when Content-Type does not say") String fallbackScrapeProtocol,
      @Setting(help = "Scrape native histograms") @Nullable Boolean scrapeNativeHistograms,
      @Setting(help = "Keep classic buckets beside native ones")
          @Nullable Boolean alwaysScrapeClassicHistograms,
      @Setting(help = "Fold classic histograms into custom buckets")
          @Nullable Boolean convertClassicHistogramsToNhcb,
      @Setting(help = "Add scrape_timeout_seconds and others") @Nullable Boolean extraScrapeMetrics,
      @Setting(help = "Most buckets of a native histogram; 0 = no limit", min = 0)
          @Nullable Long nativeHistogramBucketLimit,
      @Setting(help = "Least growth from bucket to bucket") double nativeHistogramMinBucketFactor) {
    /** Returns these values with those of {@code global:} for absent ones. */
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

  /** What {@code global:} gives of {@link Exposition}. */
  public record ExpositionDefaults(
      @Setting(help = "Scrape native histograms") @Nullable Boolean scrapeNativeHistograms,
      @Setting(help = "Fold classic histograms into custom buckets")
          boolean convertClassicHistogramsToNhcb,
      @Setting(help = "Keep classic buckets beside native ones")
          boolean alwaysScrapeClassicHistograms,
      @Setting(help = "Add scrape_timeout_seconds and others")
          @Nullable Boolean extraScrapeMetrics) {
    /** Returns these values, absent ones as false. */
    public ExpositionDefaults filled() {
      return new ExpositionDefaults(
          either(scrapeNativeHistograms, false),
          convertClassicHistogramsToNhcb,
          alwaysScrapeClassicHistograms,
          either(extraScrapeMetrics, false));
    }
  }

  /** What is asked of a target. */
  public record Endpoint(
      @Setting(help = "Path of the metrics", defaultValue = "/metrics") String metricsPath,
      @Setting(help = "http or https", defaultValue = "http") String scheme,
      @Setting(help = "URL parameters") Map<String, List<String>> params) {}

  /** What is taken from a target as it says it. */
  public record Trust(
      @Setting(help = "Scraped labels win over the target's") boolean honorLabels,
      @Setting(help = "Take timestamps of the target", defaultValue = "true")
          boolean honorTimestamps,
      @Setting(help = "Mark series with own timestamps stale too")
          boolean trackTimestampsStaleness) {}

  /** How an answer is taken. */
  public record Transfer(
      @Setting(help = "Ask for compressed answers", defaultValue = "true")
          boolean enableCompression,
      @Setting(help = "File that failed scrapes are logged to", optional = true)
          @Nullable String scrapeFailureLogFile) {
    /** Returns these values with those of {@code global:} for absent ones. */
    public Transfer or(String failureLogFile) {
      return new Transfer(
          enableCompression, scrapeFailureLogFile == null ? failureLogFile : scrapeFailureLogFile);
    }
  }

  /** How much is taken; in {@code global:} what holds for jobs without a limit of their own. */
  public record Limits(
      @Setting(help = "Largest body; 0 = no limit") @Nullable ByteSize bodySizeLimit,
      @Setting(help = "Most samples of a scrape; 0 = no limit", min = 0) @Nullable Long sampleLimit,
      @Setting(help = "Most targets of a job; 0 = no limit", min = 0) @Nullable Long targetLimit,
      @Setting(help = "Most labels of a series; 0 = no limit", min = 0) @Nullable Long labelLimit,
      @Setting(help = "Longest label name; 0 = no limit", min = 0)
          @Nullable Long labelNameLengthLimit,
      @Setting(help = "Longest label value; 0 = no limit", min = 0)
          @Nullable Long labelValueLengthLimit,
      @Setting(help = "How many dropped targets are remembered; 0 = all", min = 0)
          @Nullable Long keepDroppedTargets) {
    /** No limits. */
    public static final Limits NONE = new Limits(new ByteSize(0), 0L, 0L, 0L, 0L, 0L, 0L);

    /** Returns these limits with those of {@code global:} for absent ones and zeros. */
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

  /** Which names are valid, and how others are escaped; both stand in {@code global:} too. */
  public record Naming(
      @Setting(help = "utf8 or legacy", optional = true)
          @Nullable String metricNameValidationScheme,
      @Setting(help = "allow-utf-8, underscores, dots or values", optional = true)
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

  /** Returns the job with another client and other discoveries. */
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

  /** Creates a job from the keys of 1.0, one by one. */
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
