package io.narthex.http;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.StorageStats;
import io.narthex.spi.storage.StorageStats.Count;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * One search of the names of metrics and labels, of values and help texts. It looks at all names,
 * and at values as long as there is time. Confined to a thread.
 */
final class MetricSearch {
  /** Most names, and most values of a label, that are looked at. */
  static final int MAX_SCANNED = 500_000;

  /** Up to this number series are counted one by one. */
  static final int MAX_COUNTED = 1_000;

  /** Most entries of the statistics that give numbers of series and values. */
  static final int TOP = 2_000;

  private static final int BETWEEN_CHECKS = 512;
  private static final List<String> SUFFIXES =
      List.of("_bucket", "_count", "_sum", "_total", "_created", "_info");

  /**
   * A metric that was found.
   *
   * @param metadata null when nobody gives any
   * @param series null when there was no time to count
   */
  record Metric(String name, @Nullable MetricMetadata metadata, @Nullable Long series) {}

  /** A label that was found, with the number of its values. */
  record LabelName(String name, @Nullable Long values) {}

  /** A value that was found. */
  record LabelValue(String label, String value, @Nullable Long series) {}

  /** What was found, each list best first. */
  record Found(
      List<Metric> metrics, List<LabelName> labels, List<LabelValue> values, boolean truncated) {}

  private record Ranked<T>(T found, String text, int rank) {}

  /** Keeps the best of many. */
  private final class Best<T> {
    private final List<Ranked<T>> list = new ArrayList<>();

    void add(T found, String text, int rank) {
      list.add(new Ranked<>(found, text, rank));
      if (list.size() >= 8 * limit + 64) {
        cut();
      }
    }

    private void cut() {
      list.sort(
          Comparator.<Ranked<T>>comparingInt(Ranked::rank)
              .thenComparingInt(r -> words.isEmpty() ? 0 : r.text.length())
              .thenComparing(Ranked::text, Labels::compareCodePoints));
      if (list.size() > limit) {
        list.subList(limit, list.size()).clear();
        truncated = true;
      }
    }

    List<T> take() {
      cut();
      return list.stream().map(Ranked::found).toList();
    }
  }

  private final StorageGate storage;
  private final SearchWords words;
  private final long minMs;
  private final long maxMs;
  private final int limit;
  private final LongSupplier nanoTime;
  private final long deadline;
  private boolean truncated;

  /**
   * Creates a search.
   *
   * @param limit most entries of each list
   * @param budgetNanos after this time no more values are looked at and no more series counted
   */
  MetricSearch(
      StorageGate storage,
      SearchWords words,
      long minMs,
      long maxMs,
      int limit,
      long budgetNanos,
      LongSupplier nanoTime) {
    this.storage = storage;
    this.words = words;
    this.minMs = minMs;
    this.maxMs = maxMs;
    this.limit = limit;
    this.nanoTime = nanoTime;
    deadline = nanoTime.getAsLong() + budgetNanos;
  }

  /**
   * Searches.
   *
   * @param metadata by name of the family
   * @param stats with {@link #TOP} entries, for numbers that need not be counted; may be old
   */
  Found run(Map<String, MetricMetadata> metadata, StorageStats stats) {
    Map<String, Long> valueCounts = map(stats.valuesByLabel());
    List<String> labelNames = scanned(storage.labelNames(List.of(), minMs, maxMs, MAX_SCANNED));
    List<String> metrics = metrics(metadata);
    List<String> labels =
        best(labelNames, name -> words.rank(name, "")).stream()
            .filter(name -> !name.equals(Labels.METRIC_NAME))
            .toList();
    List<LabelValue> values = words.isEmpty() ? List.of() : values(labelNames, valueCounts);
    Map<String, Long> byMetric = map(stats.seriesByMetric());
    Map<String, Long> byPair = map(stats.seriesByPair());
    return new Found(
        metrics.stream()
            .map(name ->
                new Metric(
                    name,
                    family(metadata, name),
                    series(byMetric.get(name), Labels.METRIC_NAME, name)))
            .toList(),
        labels.stream().map(name -> new LabelName(name, valuesOf(valueCounts, name))).toList(),
        values.stream()
            .map(v ->
                new LabelValue(
                    v.label,
                    v.value,
                    series(byPair.get(v.label + "=" + v.value), v.label, v.value)))
            .toList(),
        truncated);
  }

  private static Map<String, Long> map(List<Count> counts) {
    Map<String, Long> map = new HashMap<>();
    counts.forEach(c -> map.put(c.name(), c.value()));
    return map;
  }

  private List<String> metrics(Map<String, MetricMetadata> metadata) {
    List<String> names =
        scanned(storage.labelValues(Labels.METRIC_NAME, List.of(), minMs, maxMs, MAX_SCANNED));
    return best(
        names,
        name -> {
          MetricMetadata family = family(metadata, name);
          return words.rank(name, family == null ? "" : family.help());
        });
  }

  /** Returns the metadata of a metric: under its own name, or under that of its family. */
  static @Nullable MetricMetadata family(Map<String, MetricMetadata> metadata, String name) {
    MetricMetadata found = metadata.get(name);
    for (String suffix : SUFFIXES) {
      if (found == null && name.endsWith(suffix)) {
        found = metadata.get(name.substring(0, name.length() - suffix.length()));
      }
    }
    return found;
  }

  private List<String> best(List<String> names, ToIntFunction<String> rank) {
    Best<String> best = new Best<>();
    for (String name : names) {
      int r = rank.applyAsInt(name);
      if (r != SearchWords.NONE) {
        best.add(name, name, r);
      }
    }
    return best.take();
  }

  private List<LabelValue> values(List<String> labelNames, Map<String, Long> counts) {
    Best<LabelValue> best = new Best<>();
    List<String> fewestFirst = new ArrayList<>(labelNames);
    fewestFirst.remove(Labels.METRIC_NAME);
    fewestFirst.sort(Comparator.comparingLong(name -> counts.getOrDefault(name, 0L)));
    for (String label : fewestFirst) {
      if (late()) {
        break;
      }
      int n = 0;
      for (String value :
          scanned(storage.labelValues(label, List.of(), minMs, maxMs, MAX_SCANNED))) {
        if (++n % BETWEEN_CHECKS == 0 && late()) {
          break;
        }
        int r = words.rankValue(label, value);
        if (r != SearchWords.NONE) {
          best.add(new LabelValue(label, value, null), value, r);
        }
      }
    }
    return best.take();
  }

  private <T> List<T> scanned(List<T> list) {
    if (list.size() >= MAX_SCANNED) {
      truncated = true;
    }
    return list;
  }

  private boolean late() {
    if (nanoTime.getAsLong() - deadline < 0) {
      return false;
    }
    truncated = true;
    return true;
  }

  private @Nullable Long series(@Nullable Long known, String label, String value) {
    if (known != null) {
      return known;
    }
    if (late()) {
      return null;
    }
    long[] n = {0};
    storage.forEachSeries(
        List.of(List.of(Matcher.equal(label, value))),
        minMs,
        maxMs,
        MAX_COUNTED,
        _ -> {
          n[0]++;
          return true;
        });
    return n[0];
  }

  private @Nullable Long valuesOf(Map<String, Long> counts, String label) {
    Long known = counts.get(label);
    return known != null
        ? known
        : late()
            ? null
            : Long.valueOf(storage.labelValues(label, List.of(), minMs, maxMs, MAX_SCANNED).size());
  }
}
