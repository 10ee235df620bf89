package io.narthex.service.config;

import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One scrape job. After loading, all values that {@code global:} gives are filled in: none of the
 * nullable components is null but {@code scrapeProtocols}, which stays null when it is to be chosen
 * by the histogram settings.
 *
 * @param discoveries set by the loader from {@code static_configs} and {@code *_sd_configs}
 */
public record ScrapeConfig(
    @Setting(help = "Name of the job, unique", required = true) String jobName,
    @Setting(help = "How often") @Nullable Duration scrapeInterval,
    @Setting(help = "How long a scrape may take") @Nullable Duration scrapeTimeout,
    @Setting(help = "Formats asked for, best first", optional = true)
        @Nullable List<String> scrapeProtocols,
    @Setting(help = "Format taken when Content-Type does not say") String fallbackScrapeProtocol,
    @Setting(help = "Scrape native histograms") @Nullable Boolean scrapeNativeHistograms,
    @Setting(help = "Keep classic buckets beside native ones")
        @Nullable Boolean alwaysScrapeClassicHistograms,
    @Setting(help = "Fold classic histograms into custom buckets")
        @Nullable Boolean convertClassicHistogramsToNhcb,
    @Setting(help = "Add scrape_timeout_seconds and others") @Nullable Boolean extraScrapeMetrics,
    @Setting(help = "Most buckets of a native histogram; 0 = no limit")
        @Nullable Long nativeHistogramBucketLimit,
    @Setting(help = "Least growth from bucket to bucket") double nativeHistogramMinBucketFactor,
    @Setting(help = "Path of the metrics", defaultValue = "/metrics") String metricsPath,
    @Setting(help = "http or https", defaultValue = "http") String scheme,
    @Setting(help = "URL parameters") Map<String, List<String>> params,
    @Setting(help = "Scraped labels win over the target's") boolean honorLabels,
    @Setting(help = "Take timestamps of the target", defaultValue = "true") boolean honorTimestamps,
    @Setting(help = "Mark series with own timestamps stale too") boolean trackTimestampsStaleness,
    @Setting(help = "Ask for compressed answers", defaultValue = "true") boolean enableCompression,
    @Setting(help = "File that failed scrapes are logged to", optional = true)
        @Nullable String scrapeFailureLogFile,
    @Setting(help = "Largest body; 0 = no limit") @Nullable ByteSize bodySizeLimit,
    @Setting(help = "Most samples of a scrape; 0 = no limit") @Nullable Long sampleLimit,
    @Setting(help = "Most targets; 0 = no limit") @Nullable Long targetLimit,
    @Setting(help = "Most labels of a series; 0 = no limit") @Nullable Long labelLimit,
    @Setting(help = "Longest label name; 0 = no limit") @Nullable Long labelNameLengthLimit,
    @Setting(help = "Longest label value; 0 = no limit") @Nullable Long labelValueLengthLimit,
    @Setting(help = "How many dropped targets are remembered; 0 = all")
        @Nullable Long keepDroppedTargets,
    @Setting(help = "utf8 or legacy", optional = true) @Nullable String metricNameValidationScheme,
    @Setting(help = "allow-utf-8, underscores, dots or values", optional = true)
        @Nullable String metricNameEscapingScheme,
    @Setting(help = "Steps applied to targets") List<RelabelRule> relabelConfigs,
    @Setting(help = "Steps applied to samples") List<RelabelRule> metricRelabelConfigs,
    @Setting(inline = true) HttpSettings http,
    List<DiscoveryBlock> discoveries) {}
