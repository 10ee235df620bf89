package io.narthex.core;

import io.narthex.core.host.StorageHost;
import io.narthex.format.number.GoFloat;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
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
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes a storage's figures as {@code prometheus_tsdb_*} metrics. While one storage takes the
 * place of another, the last figures stand in, so that their series do not end.
 */
final class StorageMetrics {
  private static final String PREFIX = "prometheus_tsdb_";
  private static final Pattern SUFFIX = Pattern.compile("_(sum|count|bucket)$", 0);

  /** A family that Prometheus has; with {@code always} it is shown from the start. */
  private record Known(MetricType type, String help, boolean always) {}

  private static final Map<String, Known> FAMILIES = families();

  /** A sample of a family. */
  private record Figure(String name, Labels labels, double value) {
    /** Returns the bound of a bucket or a quantile; what has none comes after those. */
    double bound() {
      String text = labels.get(name.endsWith("_bucket") ? "le" : "quantile");
      return text.isEmpty() ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
    }
  }

  private final StorageHost storage;
  private volatile @Nullable StorageStats last;

  StorageMetrics(StorageHost storage) {
    this.storage = storage;
  }

  void write(MetricSink sink) {
    StorageStats stats;
    try {
      stats = storage.stats(0);
      last = stats;
    } catch (StorageException.Closed e) {
      stats = storage.serving() ? last : null;
    }
    if (stats != null) {
      write(stats, sink);
    }
  }

  static void write(StorageStats stats, MetricSink sink) {
    Set<String> taken =
        Set.of("head_series", "head_chunks", "blocks_loaded", "storage_blocks_bytes");
    one(
        sink,
        "prometheus_tsdb_head_series",
        MetricType.GAUGE,
        "Total number of series in the head block.",
        stats.headSeries());
    one(
        sink,
        "prometheus_tsdb_head_chunks",
        MetricType.GAUGE,
        "Total number of chunks in the head block.",
        stats.headChunks());
    one(
        sink,
        "prometheus_tsdb_blocks_loaded",
        MetricType.GAUGE,
        "Number of currently loaded data blocks",
        stats.blocks().size());
    one(
        sink,
        "prometheus_tsdb_storage_blocks_bytes",
        MetricType.GAUGE,
        "The number of bytes that are currently used for local storage by all blocks.",
        stats.bytesOnDisk());
    Map<String, List<Figure>> families = new TreeMap<>();
    // a key is a metric name without prefix, with its labels in braces where it has some
    for (var e : new TreeMap<>(stats.counters()).entrySet()) {
      String key = e.getKey();
      if (taken.contains(key)) {
        continue;
      }
      int brace = key.indexOf('{');
      String name = brace < 0 ? key : key.substring(0, brace);
      String base = SUFFIX.matcher(name).replaceFirst("");
      Labels labels = brace < 0 ? Labels.EMPTY : labels(key.substring(brace));
      families
          .computeIfAbsent(FAMILIES.containsKey(base) ? base : name, _ -> new ArrayList<>())
          .add(new Figure(name, labels, e.getValue()));
    }
    families.forEach((family, figures) -> {
      begin(sink, family);
      figures.sort(Comparator.comparingDouble(Figure::bound)); // buckets rise, sum and count follow
      for (Figure f : figures) {
        if (f.name.equals(family + "_count") && typeOf(family) == MetricType.HISTOGRAM) {
          sink.sample(PREFIX + family + "_bucket", f.labels.with("le", "+Inf"), f.value);
        }
        sink.sample(PREFIX + f.name, f.labels, f.value);
      }
    });
    FAMILIES.forEach((name, known) -> {
      if (known.always && !taken.contains(name) && !families.containsKey(name)) {
        begin(sink, name);
        sink.sample(PREFIX + name, Labels.EMPTY, 0);
      }
    });
  }

  private static void begin(MetricSink sink, String name) {
    Known known = FAMILIES.get(name);
    String help = known == null ? "Storage: " + name.replace('_', ' ') + "." : known.help;
    sink.family(new MetricMetadata(PREFIX + name, typeOf(name), help, ""));
  }

  private static MetricType typeOf(String name) {
    Known known = FAMILIES.get(name);
    return known != null
        ? known.type
        : name.endsWith("_total") ? MetricType.COUNTER : MetricType.GAUGE;
  }

  private static Map<String, Known> families() {
    Map<String, Known> out = new LinkedHashMap<>();
    try (InputStream in =
            Objects.requireNonNull(StorageMetrics.class.getResourceAsStream("tsdb-metrics.txt"));
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.startsWith("#")) {
          String[] parts = line.split(" \\| ", 3);
          boolean always = parts[0].startsWith("+");
          out.put(
              always ? parts[0].substring(1) : parts[0],
              new Known(MetricType.valueOf(parts[1].toUpperCase(Locale.ROOT)), parts[2], always));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out;
  }

  /** Reads {@code {type="float"}}; numbers become as Prometheus writes them. */
  private static Labels labels(String text) {
    Labels.Builder b = Labels.builder();
    for (String pair : text.substring(1, text.length() - 1).split(",")) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        String name = pair.substring(0, equals);
        String value = pair.substring(equals + 1).replace("\"", "");
        boolean number = name.equals("le") || name.equals("quantile");
        b.set(
            name,
            number ? GoFloat.toString(Double.parseDouble(value), GoFloat.Style.GENERAL) : value);
      }
    }
    return b.build();
  }

  private static void one(
      MetricSink sink, String name, MetricType type, String help, double value) {
    sink.family(new MetricMetadata(name, type, help, ""));
    sink.sample(name, Labels.EMPTY, value);
  }
}
