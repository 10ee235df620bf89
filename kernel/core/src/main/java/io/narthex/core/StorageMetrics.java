package io.narthex.core;

import io.narthex.core.host.StorageHost;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.go.GoFloat;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metrics of the storage: a few that every storage has, and those it reports itself. While a
 * storage is being replaced, the last values are reported, so that their series do not end.
 */
final class StorageMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(StorageMetrics.class);
  private static final String PREFIX = "prometheus_tsdb_";
  private static final Pattern SUFFIX = Pattern.compile("_(sum|count|bucket)$", 0);

  /** Families that are made from the statistics, even if the storage reports them too. */
  private static final Set<String> TAKEN =
      Set.of(
          PREFIX + "head_series",
          PREFIX + "head_chunks",
          PREFIX + "blocks_loaded",
          PREFIX + "storage_blocks_bytes");

  private final StorageHost storage;
  private volatile @Nullable Report last;
  private volatile String problem = ""; // the one logged last

  StorageMetrics(StorageHost storage) {
    this.storage = storage;
  }

  void write(MetricSink sink) {
    Report report = null;
    try {
      report = read();
      last = report;
      problem = "";
    } catch (StorageException.Closed _) {
      report = storage.serving() ? last : null;
    } catch (RuntimeException e) {
      if (!e.toString().equals(problem)) {
        problem = e.toString();
        LOG.warn("own metrics: the storage failed to report; its metrics are missing", e);
      }
    }
    if (report != null) {
      report.writeTo(sink);
    }
  }

  private Report read() {
    StorageStats stats = storage.stats(0);
    Report report = Report.ofStorage();
    report.own = false;
    common(stats, report);
    report.own = true;
    if (!storage.collect(report)) {
      counters(stats.counters(), report);
    }
    return report;
  }

  /** Records what is written, to be replayed. */
  static final class Report implements MetricSink {
    private static final int MAX_SAMPLES = 20_000;

    private final List<Consumer<MetricSink>> calls = new ArrayList<>();
    private boolean own; // whether it is the storage that writes
    private boolean skipped; // whether the family is one of TAKEN
    private MetricType type = MetricType.UNKNOWN;

    private void add(Consumer<MetricSink> call) {
      if (calls.size() >= MAX_SAMPLES) {
        throw new IllegalStateException("a storage reports at most " + MAX_SAMPLES + " samples");
      }
      if (!skipped) {
        calls.add(call);
      }
    }

    /** Returns a report without the families that the server reports itself. */
    static Report ofStorage() {
      Report report = new Report();
      report.own = true;
      return report;
    }

    void writeTo(MetricSink sink) {
      calls.forEach(c -> c.accept(sink));
    }

    @Override
    public void family(MetricMetadata metadata) {
      skipped = own && TAKEN.contains(metadata.name());
      type = metadata.type();
      add(s -> s.family(metadata));
    }

    @Override
    public void sample(String name, Labels labels, double value) {
      Labels normal = normalised(labels);
      add(s -> s.sample(name, normal, value));
    }

    @Override
    public void sample(
        String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {
      Labels normal = normalised(labels);
      add(s -> s.sample(name, normal, value, timestampMs, exemplar));
    }

    @Override
    public void histogram(String name, Labels labels, NativeHistogram histogram) {
      add(s -> s.histogram(name, labels, histogram));
    }

    /** Returns the labels with the bound of a bucket, or a quantile, as Prometheus writes it. */
    private Labels normalised(Labels labels) {
      String name =
          type == MetricType.HISTOGRAM ? "le" : type == MetricType.SUMMARY ? "quantile" : "";
      String text = name.isEmpty() ? "" : labels.get(name);
      try {
        return text.isEmpty() ? labels : labels.with(name, number(text));
      } catch (NumberFormatException _) {
        return labels;
      }
    }

    private static String number(String text) {
      return text.equals("+Inf")
          ? text
          : GoFloat.toString(Double.parseDouble(text), GoFloat.Style.GENERAL);
    }
  }

  private static void common(StorageStats stats, MetricSink sink) {
    one(sink, "head_series", "Total number of series in the head block.", stats.headSeries());
    one(sink, "head_chunks", "Total number of chunks in the head block.", stats.headChunks());
    one(sink, "blocks_loaded", "Number of currently loaded data blocks", stats.blocks().size());
    one(
        sink,
        "storage_blocks_bytes",
        "The number of bytes that are currently used for local storage by all blocks.",
        stats.bytesOnDisk());
  }

  private static void one(MetricSink sink, String name, String help, double value) {
    sink.family(new MetricMetadata(PREFIX + name, MetricType.GAUGE, help, ""));
    sink.sample(PREFIX + name, Labels.EMPTY, value);
  }

  /** A sample of a family. */
  private record Counted(String name, Labels labels, double value) {
    /** Returns the bound of a bucket or a quantile; what has none comes after those. */
    double bound() {
      String text = labels.get(name.endsWith("_bucket") ? "le" : "quantile");
      return text.isEmpty() ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
    }
  }

  /**
   * Writes the counters of a storage that does not report metrics itself. A key is a name without
   * prefix, with its labels in braces where it has some; types are guessed by the suffixes.
   */
  static void counters(Map<String, Double> counters, MetricSink sink) {
    Map<String, List<Counted>> families = new TreeMap<>();
    for (var e : new TreeMap<>(counters).entrySet()) {
      String key = e.getKey();
      int brace = key.indexOf('{');
      String name = brace < 0 ? key : key.substring(0, brace);
      String base = SUFFIX.matcher(name).replaceFirst("");
      boolean part = counters.containsKey(base + "_sum") && counters.containsKey(base + "_count");
      families
          .computeIfAbsent(part ? base : name, _ -> new ArrayList<>())
          .add(
              new Counted(
                  name, brace < 0 ? Labels.EMPTY : labels(key.substring(brace)), e.getValue()));
    }
    families.forEach((family, samples) -> {
      MetricType type = typeOf(family, samples);
      String help = "Storage: " + family.replace('_', ' ') + ".";
      sink.family(new MetricMetadata(PREFIX + family, type, help, ""));
      samples.sort(Comparator.comparingDouble(Counted::bound)); // sum and count come last
      for (Counted s : samples) {
        if (type == MetricType.HISTOGRAM && s.name.equals(family + "_count")) {
          sink.sample(PREFIX + family + "_bucket", s.labels.with("le", "+Inf"), s.value);
        }
        sink.sample(PREFIX + s.name, s.labels, s.value);
      }
    });
  }

  private static MetricType typeOf(String family, List<Counted> samples) {
    if (samples.stream().anyMatch(s -> s.name.equals(family + "_bucket"))) {
      return MetricType.HISTOGRAM;
    }
    if (samples.stream().anyMatch(s -> s.name.equals(family + "_count"))) {
      return MetricType.SUMMARY;
    }
    return family.endsWith("_total") ? MetricType.COUNTER : MetricType.GAUGE;
  }

  /** Reads {@code {type="float"}}. */
  private static Labels labels(String text) {
    Labels.Builder b = Labels.builder();
    for (String pair : text.substring(1, text.length() - 1).split(",")) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        b.set(pair.substring(0, equals), pair.substring(equals + 1).replace("\"", ""));
      }
    }
    return b.build();
  }
}
