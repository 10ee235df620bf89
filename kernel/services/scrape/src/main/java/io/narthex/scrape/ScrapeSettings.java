package io.narthex.scrape;

import io.narthex.exposition.ParserOptions;
import io.narthex.relabel.NameScheme;
import io.narthex.relabel.Relabeling;
import io.narthex.service.config.ScrapeConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What a job's loops need of its configuration, compiled. Immutable. */
final class ScrapeSettings {
  private static final List<String> DEFAULT_PROTOCOLS =
      List.of(
          "OpenMetricsText1.0.0",
          "OpenMetricsText0.0.1",
          "PrometheusText1.0.0",
          "PrometheusText0.0.4");

  final ScrapeConfig config;
  final Features features;
  final Relabeling metricRelabeling;
  final NameScheme scheme;
  final long sampleLimit;
  final long labelLimit;
  final long labelNameLimit;
  final long labelValueLimit;
  final long bodyLimit;
  final long bucketLimit;
  final int maxSchema;
  final boolean extraMetrics;
  final String accept;

  /**
   * What feature flags add.
   *
   * @param typeAndUnitLabels whether series get {@code __type__} and {@code __unit__}
   * @param startTimes whether start times are stored, from protobuf and {@code _created} lines
   * @param zeros whether series get a zero at their start time
   */
  record Features(boolean typeAndUnitLabels, boolean startTimes, boolean zeros) {
    static final Features NONE = new Features(false, false, false);

    /** Returns whether start times are read. */
    boolean readsStartTimes() {
      return startTimes || zeros;
    }
  }

  ScrapeSettings(ScrapeConfig config) {
    this(config, Features.NONE);
  }

  ScrapeSettings(ScrapeConfig config, Features features) {
    this.config = config;
    this.features = features;
    scheme = NameScheme.of(Objects.requireNonNullElse(config.metricNameValidationScheme(), ""));
    metricRelabeling = Relabeling.compile(config.metricRelabelConfigs(), scheme);
    sampleLimit = orZero(config.sampleLimit());
    labelLimit = orZero(config.labelLimit());
    labelNameLimit = orZero(config.labelNameLengthLimit());
    labelValueLimit = orZero(config.labelValueLengthLimit());
    bodyLimit = config.bodySizeLimit() == null ? 0 : config.bodySizeLimit().bytes();
    bucketLimit = orZero(config.nativeHistogramBucketLimit());
    maxSchema = HistogramLimits.maxSchema(config.nativeHistogramMinBucketFactor());
    extraMetrics = Boolean.TRUE.equals(config.extraScrapeMetrics());
    accept = accept(config, features);
  }

  private static long orZero(@org.jspecify.annotations.Nullable Long n) {
    return n == null ? 0 : n;
  }

  /** Returns how expositions of a target are read; labels of the target override the job. */
  ParserOptions parserOptions(Target target) {
    boolean nativeHistograms =
        override(
            target,
            "__scrape_native_histograms__",
            Boolean.TRUE.equals(config.scrapeNativeHistograms()));
    return new ParserOptions(
        features.typeAndUnitLabels(),
        features.readsStartTimes(),
        override(
            target,
            "__convert_classic_histograms_to_nhcb__",
            Boolean.TRUE.equals(config.convertClassicHistogramsToNhcb())),
        override(
            target,
            "__always_scrape_classic_histograms__",
            Boolean.TRUE.equals(config.alwaysScrapeClassicHistograms())),
        !nativeHistograms);
  }

  private static boolean override(Target target, String label, boolean value) {
    return switch (target.internal().get(label)) {
      case "true", "1", "t", "T", "TRUE", "True" -> true;
      case "false", "0", "f", "F", "FALSE", "False" -> false;
      default -> value;
    };
  }

  /** Returns the Accept header: the protocols with descending weights, then anything. */
  private static String accept(ScrapeConfig config, Features features) {
    List<String> protocols = config.scrapeProtocols();
    if (protocols == null || protocols.isEmpty()) {
      protocols = new ArrayList<>(DEFAULT_PROTOCOLS);
      if (Boolean.TRUE.equals(config.scrapeNativeHistograms()) || features.readsStartTimes()) {
        protocols.addFirst("PrometheusProto");
      }
    }
    String scheme = Objects.requireNonNullElse(config.metricNameEscapingScheme(), "");
    String escaping = ";escaping=" + (scheme.isEmpty() ? "allow-utf-8" : scheme);
    StringBuilder b = new StringBuilder();
    int weight = 6;
    for (String p : protocols) {
      String media =
          switch (p) {
            case "PrometheusProto" ->
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
            case "PrometheusText1.0.0" -> "text/plain;version=1.0.0" + escaping;
            case "OpenMetricsText0.0.1" -> "application/openmetrics-text;version=0.0.1";
            case "OpenMetricsText1.0.0" -> "application/openmetrics-text;version=1.0.0" + escaping;
            default -> "text/plain;version=0.0.4";
          };
      b.append(media).append(";q=0.").append(weight).append(',');
      weight = Math.max(1, weight - 1);
    }
    return b.append("*/*;q=0.").append(weight).toString();
  }

  /** Returns whether series resolved under {@code other} are still valid. */
  boolean sameSeries(ScrapeSettings other) {
    return config.metricRelabelConfigs().equals(other.config.metricRelabelConfigs())
        && scheme == other.scheme
        && config.honorLabels() == other.config.honorLabels()
        && labelLimit == other.labelLimit
        && labelNameLimit == other.labelNameLimit
        && labelValueLimit == other.labelValueLimit;
  }
}
