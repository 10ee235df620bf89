package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.MetricSink;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes the statistics as metrics with the names, types and help texts of Prometheus, as far as it
 * has them.
 */
final class TsdbMetrics {
  private static final String PREFIX = "prometheus_tsdb_";

  /** Begins the names of metrics that Prometheus does not have. */
  private static final String OWN_PREFIX = "narthex_tsdb_";

  /** What the host reports of every storage. */
  static final Set<String> OF_THE_HOST =
      Set.of("head_series", "head_chunks", "blocks_loaded", "storage_blocks_bytes");

  /** A family; with {@code always} it is 0 when there are no statistics of it. */
  record Family(MetricType type, String help, boolean always) {}

  static final Map<String, Family> FAMILIES = families();

  private TsdbMetrics() {}

  /** A sample of a family. */
  private record Sample(String name, Labels labels, double value) {
    /** Returns the bound of a bucket or a quantile; what has none comes after those. */
    double bound() {
      String text = labels.get(name.endsWith("_bucket") ? "le" : "quantile");
      return text.isEmpty() ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
    }
  }

  /**
   * Writes all families.
   *
   * @param statistics by name, without the prefix of Prometheus' names; labels in braces
   */
  static void write(Map<String, Double> statistics, MetricSink sink) {
    Map<String, List<Sample>> samples = new TreeMap<>();
    new TreeMap<>(statistics)
        .forEach((key, value) -> {
          int brace = key.indexOf('{');
          String name = brace < 0 ? key : key.substring(0, brace);
          if (!OF_THE_HOST.contains(name)) {
            samples
                .computeIfAbsent(familyOf(name), _ -> new ArrayList<>())
                .add(
                    new Sample(
                        name, brace < 0 ? Labels.EMPTY : label(key.substring(brace)), value));
          }
        });
    FAMILIES.forEach((name, family) -> {
      List<Sample> own = samples.getOrDefault(name, new ArrayList<>());
      if (own.isEmpty() && family.always) {
        own.add(new Sample(name, Labels.EMPTY, 0));
      }
      if (!own.isEmpty()) {
        write(name, family, own, sink);
      }
    });
  }

  private static void write(String name, Family family, List<Sample> samples, MetricSink sink) {
    String prefix = name.startsWith(OWN_PREFIX) ? "" : PREFIX;
    sink.family(new MetricMetadata(prefix + name, family.type, family.help, ""));
    samples.sort(Comparator.comparingDouble(Sample::bound)); // sum and count come last
    for (Sample s : samples) {
      if (family.type == MetricType.HISTOGRAM && s.name.equals(name + "_count")) {
        sink.sample(prefix + name + "_bucket", s.labels.with("le", "+Inf"), s.value);
      }
      sink.sample(prefix + s.name, s.labels, s.value);
    }
  }

  /** Returns the family that a sample belongs to. */
  static String familyOf(String name) {
    int suffix = name.lastIndexOf('_');
    return suffix > 0 && !FAMILIES.containsKey(name) ? name.substring(0, suffix) : name;
  }

  /** Reads {@code {type="float"}}. */
  private static Labels label(String text) {
    int equals = text.indexOf('=');
    return Labels.of(text.substring(1, equals), text.substring(equals + 2, text.length() - 2));
  }

  private static Map<String, Family> families() {
    Map<String, Family> out = new LinkedHashMap<>();
    try (InputStream in =
            Objects.requireNonNull(TsdbMetrics.class.getResourceAsStream("metrics.txt"));
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.startsWith("#")) {
          String[] parts = line.split(" \\| ", 3);
          boolean always = parts[0].startsWith("+");
          out.put(
              always ? parts[0].substring(1) : parts[0],
              new Family(MetricType.valueOf(parts[1].toUpperCase(Locale.ROOT)), parts[2], always));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out;
  }
}
