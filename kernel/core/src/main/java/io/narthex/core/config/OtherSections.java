package io.narthex.core.config;

import static io.narthex.core.config.Checks.error;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.model.go.GoString;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks of the sections {@code storage}, {@code tracing} and {@code otlp}. */
final class OtherSections {
  /** {@code otlp:}, bound for the check. */
  record Otlp(
      @Setting(help = "Resource attributes that become labels")
          List<String> promoteResourceAttributes,
      @Setting(help = "Whether all resource attributes become labels")
          boolean promoteAllResourceAttributes,
      @Setting(help = "Resource attributes that do not become labels")
          List<String> ignoreResourceAttributes,
      @Setting(
              help = "How names of metrics and labels are translated",
              defaultValue = "UnderscoreEscapingWithSuffixes")
          String translationStrategy,
      @Setting(help = "Whether target_info has the service.* attributes")
          boolean keepIdentifyingResourceAttributes,
      @Setting(help = "Whether explicit histograms become native histograms with custom buckets")
          boolean convertHistogramsToNhcb,
      @Setting(help = "Whether to add otel_scope_* labels") boolean promoteScopeMetadata,
      @Setting(
              help = "Whether to prefix labels with a leading underscore by key",
              defaultValue = "true")
          boolean labelNameUnderscoreSanitization,
      @Setting(help = "Whether to keep repeated underscores in labels", defaultValue = "true")
          boolean labelNamePreserveMultipleUnderscores) {}

  /** {@code tracing:}, bound for the check. */
  record Tracing(
      @Setting(help = "Protocol of the endpoint: http or grpc", defaultValue = "grpc")
          String clientType,
      @Setting(help = "Address that receives spans") String endpoint,
      @Setting(help = "Fraction of requests traced, 0 to 1", unit = "fraction")
          double samplingFraction,
      @Setting(help = "Whether to connect without TLS") boolean insecure,
      @Setting(help = "TLS of the connection", optional = true) @Nullable TlsSettings tlsConfig,
      @Setting(help = "Additional headers of requests") Map<String, String> headers,
      @Setting(help = "Compression of requests: gzip, or empty for none") String compression,
      @Setting(help = "Maximum time of a request", defaultValue = "10s") Duration timeout) {}

  private static final Set<String> STRATEGIES =
      Set.of(
          "UnderscoreEscapingWithSuffixes",
          "UnderscoreEscapingWithoutSuffixes",
          "NoUTF8EscapingWithSuffixes",
          "NoTranslation");

  private OtherSections() {}

  /** Checks {@code otlp:}. */
  static void otlp(@Nullable ConfigNode node, boolean legacyNames) {
    if (node == null || Checks.isNull(node)) {
      return;
    }
    Otlp otlp = ConfigBinder.bind(node, Otlp.class);
    if (!STRATEGIES.contains(otlp.translationStrategy())) {
      throw error(
          node,
          "unsupported OTLP translation strategy " + GoString.quote(otlp.translationStrategy()));
    }
    if (legacyNames && otlp.translationStrategy().startsWith("No")) {
      throw error(
          node,
          "OTLP translation strategy "
              + GoString.quote(otlp.translationStrategy())
              + " is not allowed when UTF8 is disabled");
    }
    if (otlp.promoteAllResourceAttributes() && !otlp.promoteResourceAttributes().isEmpty()) {
      throw error(
          node,
          "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously");
    }
    if (!otlp.promoteAllResourceAttributes() && !otlp.ignoreResourceAttributes().isEmpty()) {
      throw error(
          node,
          "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true");
    }
    attributes(node, "promote_resource_attributes", "promoted", otlp.promoteResourceAttributes());
    attributes(node, "ignore_resource_attributes", "ignored", otlp.ignoreResourceAttributes());
  }

  private static void attributes(ConfigNode at, String key, String what, List<String> names) {
    List<String> problems = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      String stripped = name.strip();
      if (stripped.isEmpty()) {
        problems.add("empty " + what + " OTel resource attribute");
      } else if (!seen.add(stripped)) {
        problems.add("duplicated " + what + " OTel resource attribute " + GoString.quote(stripped));
      }
    }
    if (!problems.isEmpty()) {
      throw error(at, "invalid '" + key + "': " + String.join("; ", problems));
    }
  }

  /** Checks {@code tracing:}. */
  static void tracing(@Nullable ConfigNode node) {
    if (node == null || Checks.isNull(node)) {
      return;
    }
    Tracing tracing = ConfigBinder.bind(node, Tracing.class);
    for (String header : tracing.headers().keySet()) {
      if (header.toLowerCase(Locale.ROOT).equals("authorization")) {
        throw error(node, "custom authorization header configuration is not yet supported");
      }
      Checks.reservedHeader(header, node);
    }
    if (!Set.of("http", "grpc").contains(tracing.clientType())) {
      throw error(
          node,
          "expected tracing client type to be to be http or grpc, but got " + tracing.clientType());
    }
    if (tracing.endpoint().isEmpty()) {
      throw error(node, "tracing endpoint must be set");
    }
    if (!Set.of("", "gzip").contains(tracing.compression())) {
      throw error(
          node,
          "invalid compression type " + tracing.compression() + " provided, valid options: gzip");
    }
    HttpClientChecks.tls(tracing.tlsConfig(), node);
  }

  /**
   * Checks values of {@code storage:} for which Prometheus has its own messages, before it is
   * bound.
   */
  static void storage(@Nullable ConfigNode node) {
    if (!(node instanceof Mapping storage) || !(storage.get("tsdb") instanceof Mapping tsdb)) {
      return;
    }
    if (tsdb.get("chunk_encoding") instanceof Mapping encoding
        && encoding.get("floats") instanceof Scalar floats
        && !Set.of("", "xor", "xor2").contains(floats.text())) {
      throw error(
          floats,
          "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, got "
              + GoString.quote(floats.text()));
    }
    if (!(tsdb.get("retention") instanceof Mapping retention)) {
      return;
    }
    if (retention.get("size") instanceof Scalar size && size.text().startsWith("-")) {
      throw error(size, "'storage.tsdb.retention.size' must be greater than or equal to 0");
    }
    if (retention.get("percentage") instanceof Scalar percentage
        && percentage.text().matches("[-+]?[0-9]+(\\.[0-9]*)?")
        && !(Double.parseDouble(percentage.text()) >= 0
            && Double.parseDouble(percentage.text()) <= 100)) {
      throw error(percentage, "'storage.tsdb.retention.percentage' must be in the range [0, 100]");
    }
  }
}
