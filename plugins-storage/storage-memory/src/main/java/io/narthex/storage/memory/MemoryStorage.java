package io.narthex.storage.memory;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.DeletableStorage;
import io.narthex.spi.storage.HistogramRules;
import io.narthex.spi.storage.LookupStorage;
import io.narthex.spi.storage.MetadataStorage;
import io.narthex.spi.storage.MeteredStorage;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps all samples in memory. One lock guards everything: appends and deletes hold it alone, which
 * makes a batch visible all at once; reads share it and take a snapshot.
 */
final class MemoryStorage
    implements DeletableStorage, MeteredStorage, MetadataStorage, LookupStorage {
  private static final String FLOAT = "float";
  private static final String HISTOGRAM = "histogram";

  private final MemoryConfig config;
  private final long referenceBase;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();

  /** How far ahead of the clock a sample may be, milliseconds. */
  private static final long FUTURE_MS = 600_000;

  /** Bytes of a view of a series and its slot in a list; the columns belong to the series. */
  private static final int VIEW_BYTES = 56;

  private static final int MAX_FAMILIES = 20_000;

  /** Series that a select looks at between two looks at whether somebody waits for it. */
  private static final int LOOK_UP = 256;

  private final Clock clock;

  // all guarded by lock
  private final TreeMap<Labels, MemorySeries> series = new TreeMap<>();
  private final Map<String, TreeMap<Labels, MemorySeries>> seriesByMetric = new HashMap<>();
  private final List<@Nullable MemorySeries> byReference = new ArrayList<>();
  private final ExemplarRing exemplars;
  private final Map<String, MetricMetadata> families = new LinkedHashMap<>();
  private final Map<String, Double> counters = new HashMap<>();
  private long newestMs = Long.MIN_VALUE;
  private long trimmedAtMs = Long.MIN_VALUE;
  private boolean closed;

  MemoryStorage(MemoryConfig config, long referenceBase, Clock clock) {
    this.config = config;
    this.clock = clock;
    this.referenceBase = referenceBase;
    exemplars = new ExemplarRing(config.maxExemplars());
  }

  @Override
  public long resolve(Labels labels) {
    if (labels.isEmpty()) {
      throw new IllegalArgumentException("series: labels must not be empty");
    }
    MemorySeries known = reading(() -> series.get(labels));
    return known != null ? known.ref : writing(() -> create(labels).ref);
  }

  private MemorySeries create(Labels labels) {
    MemorySeries known = series.get(labels);
    if (known != null) {
      return known;
    }
    MemorySeries s = new MemorySeries(referenceBase + byReference.size(), labels);
    byReference.add(s);
    series.put(labels, s);
    seriesByMetric.computeIfAbsent(labels.metricName(), _ -> new TreeMap<>()).put(labels, s);
    count("head_series_created_total", 1);
    return s;
  }

  @Override
  public AppendResult append(SampleBatch batch) {
    return writing(() -> appendLocked(batch));
  }

  private AppendResult appendLocked(SampleBatch batch) {
    byte[] codes = null;
    long latest = clock.millis() + FUTURE_MS;
    long lowest = lowestTime(batch);
    int floats = 0;
    int histograms = 0;
    for (int row = 0; row < batch.size(); row++) {
      MemorySeries s = byReference(batch.ref(row));
      NativeHistogram h = batch.histogram(row);
      byte code =
          s != null && batch.timeMs(row) > latest
              ? AppendResult.TOO_FAR_IN_FUTURE
              : check(s, batch.timeMs(row), batch.value(row), h, lowest);
      if (code == AppendResult.OK && s != null) {
        if (addZero(s, batch, row, lowest)) {
          floats += h == null ? 1 : 0;
          histograms += h == null ? 0 : 1;
        }
        if (s.add(batch.timeMs(row), batch.value(row), h, batch.startTimeMs(row))) {
          newestMs = Math.max(newestMs, batch.timeMs(row));
          floats += h == null ? 1 : 0;
          histograms += h == null ? 0 : 1;
        }
      } else {
        if (codes == null) {
          codes = new byte[batch.size()];
        }
        codes[row] = code;
        countRefusal(code, h == null ? FLOAT : HISTOGRAM);
      }
    }
    count("head_samples_appended_total{type=\"float\"}", floats);
    count("head_samples_appended_total{type=\"histogram\"}", histograms);
    appendMetadata(batch);
    int rejected = appendExemplars(batch, latest);
    trim();
    if (codes == null && rejected == 0) {
      return AppendResult.ALL_OK;
    }
    return AppendResult.of(codes == null ? new byte[batch.size()] : codes, rejected);
  }

  /** Adds the zero where the series begins, if a row asks for one and it is not there yet. */
  private static boolean addZero(MemorySeries s, SampleBatch batch, int row, long lowestMs) {
    long zeroMs = batch.zeroMs(row);
    if (zeroMs == SampleBatch.NO_START_TIME
        || zeroMs >= batch.timeMs(row)
        || zeroMs <= s.newestMs()
        || zeroMs < lowestMs) {
      return false;
    }
    NativeHistogram h = batch.histogram(row);
    return s.add(zeroMs, 0, h == null ? null : SampleBatch.zeroOf(h), SampleBatch.NO_START_TIME);
  }

  /** Returns the lower bound of a batch, which does not move while the batch is appended. */
  private long lowestTime(SampleBatch batch) {
    long windowMs = config.appendWindow().toMillis();
    if (windowMs == 0 || batch.size() == 0) {
      return Long.MIN_VALUE;
    }
    return (newestMs == Long.MIN_VALUE ? batch.timeMs(0) : newestMs) - windowMs;
  }

  private static byte check(
      @Nullable MemorySeries s,
      long timeMs,
      double value,
      @Nullable NativeHistogram histogram,
      long lowestMs) {
    if (s == null) {
      return AppendResult.UNKNOWN_SERIES;
    }
    if (histogram != null && !HistogramRules.isValid(histogram)) {
      return AppendResult.INVALID_HISTOGRAM;
    }
    if (timeMs < lowestMs) {
      return AppendResult.OUT_OF_BOUNDS;
    }
    return s.check(timeMs, value, histogram);
  }

  /** Keeps the newest of each family; the family that was written longest ago goes first. */
  private void appendMetadata(SampleBatch batch) {
    for (int i = 0; i < batch.metadataCount(); i++) {
      MetricMetadata m = batch.metadata(i);
      families.remove(m.name());
      families.put(m.name(), m);
      if (families.size() > MAX_FAMILIES) {
        families.remove(families.keySet().iterator().next());
      }
    }
  }

  @Override
  public List<MetricMetadata> metadata(String name, int limit) {
    return reading(() ->
        families.values().stream()
            .filter(m -> name.isEmpty() || name.equals(m.name()))
            .limit(limit == 0 ? Long.MAX_VALUE : limit)
            .toList());
  }

  @Override
  public BitSet stored(SampleBatch batch, BitSet rows) {
    return reading(() -> {
      BitSet found = new BitSet();
      for (int row = rows.nextSetBit(0); row >= 0; row = rows.nextSetBit(row + 1)) {
        MemorySeries s = byReference(batch.ref(row));
        found.set(
            row, s != null && s.has(batch.timeMs(row), batch.value(row), batch.histogram(row)));
      }
      return found;
    });
  }

  private int appendExemplars(SampleBatch batch, long latest) {
    int rejected = 0;
    for (int i = 0; i < batch.exemplarCount(); i++) {
      MemorySeries s = byReference(batch.ref(batch.exemplarRow(i)));
      if (s == null
          || batch.exemplar(i).timestampMs() > latest
          || !exemplars.add(s.labels, batch.exemplar(i))) {
        rejected++;
      }
    }
    count("exemplar_exemplars_appended_total", batch.exemplarCount() - rejected);
    count("exemplar_out_of_order_exemplars_total", rejected);
    return rejected;
  }

  private @Nullable MemorySeries byReference(long ref) {
    long index = ref - referenceBase;
    return index < 0 || index >= byReference.size() ? null : byReference.get((int) index);
  }

  private void countRefusal(byte code, String type) {
    switch (code) {
      case AppendResult.OUT_OF_ORDER ->
          count("out_of_order_samples_total{type=\"" + type + "\"}", 1);
      case AppendResult.OUT_OF_BOUNDS, AppendResult.TOO_FAR_IN_FUTURE ->
          count("out_of_bound_samples_total{type=\"" + type + "\"}", 1);
      default -> {
        // the caller counts the others
      }
    }
  }

  /** Drops samples and series past the retention, at most once per hundredth of it. */
  private void trim() {
    long retentionMs = config.retention().toMillis();
    if (retentionMs == 0
        || newestMs == Long.MIN_VALUE
        || (trimmedAtMs != Long.MIN_VALUE && newestMs - trimmedAtMs < retentionMs / 100 + 1)) {
      return;
    }
    trimmedAtMs = newestMs;
    long oldest = newestMs - retentionMs;
    List<MemorySeries> gone = new ArrayList<>();
    for (MemorySeries s : series.values()) {
      s.delete(Long.MIN_VALUE, oldest - 1);
      if (s.isEmpty() && s.newestMs() != Long.MIN_VALUE && s.newestMs() < oldest) {
        gone.add(s);
      }
    }
    for (MemorySeries s : gone) {
      series.remove(s.labels);
      TreeMap<Labels, MemorySeries> sameMetric = seriesByMetric.get(s.labels.metricName());
      if (sameMetric != null) {
        sameMetric.remove(s.labels);
        if (sameMetric.isEmpty()) {
          seriesByMetric.remove(s.labels.metricName());
        }
      }
      byReference.set((int) (s.ref - referenceBase), null);
    }
    count("head_series_removed_total", gone.size());
  }

  @Override
  public SeriesCursor select(SelectRequest request) {
    return select(request, SelectMemory.UNCOUNTED);
  }

  @Override
  public SeriesCursor select(SelectRequest request, SelectMemory memory) {
    return reading(() -> {
      List<MemorySeries.View> views = new ArrayList<>();
      int limit = request.hints().seriesLimit();
      int looked = 0;
      for (MemorySeries s : candidates(request.matchers())) {
        if (limit > 0 && views.size() == limit) {
          break;
        }
        if (looked++ % LOOK_UP == 0 && request.hints().end().isReached()) {
          throw new StorageException.Failed("memory storage: nobody waits for what is selected");
        }
        if (matches(request.matchers(), s.labels)) {
          MemorySeries.View v = s.view(request.minTimeMs(), request.maxTimeMs());
          if (v != null) {
            memory.take(VIEW_BYTES);
            views.add(v);
          }
        }
      }
      return new MemoryCursor(views);
    });
  }

  private Collection<MemorySeries> candidates(List<Matcher> matchers) {
    for (Matcher m : matchers) {
      if (m.type() == Matcher.Type.EQUAL && m.name().equals(Labels.METRIC_NAME)) {
        TreeMap<Labels, MemorySeries> sameMetric = seriesByMetric.get(m.value());
        return sameMetric == null ? List.of() : sameMetric.values();
      }
    }
    return series.values();
  }

  private static boolean matches(List<Matcher> matchers, Labels labels) {
    for (Matcher m : matchers) {
      if (!m.matches(labels)) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether all matchers of any list match. */
  static boolean matchesAny(List<List<Matcher>> sets, Labels labels) {
    for (List<Matcher> set : sets) {
      if (matches(set, labels)) {
        return true;
      }
    }
    return false;
  }

  /** Returns matching series with samples in range, in label order; no lists = all series. */
  private List<MemorySeries> find(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs) {
    List<MemorySeries> out = new ArrayList<>();
    for (MemorySeries s : sets.size() == 1 ? candidates(sets.get(0)) : series.values()) {
      if ((sets.isEmpty() || matchesAny(sets, s.labels)) && s.hasSampleIn(minTimeMs, maxTimeMs)) {
        out.add(s);
      }
    }
    return out;
  }

  @Override
  public List<Labels> series(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    return reading(() ->
        find(matcherSets, minTimeMs, maxTimeMs).stream()
            .map(s -> s.labels)
            .limit(limit == 0 ? Long.MAX_VALUE : limit)
            .toList());
  }

  @Override
  public List<String> labelNames(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    return reading(() -> {
      TreeSet<String> names = new TreeSet<>(Labels::compareCodePoints);
      for (MemorySeries s : find(matcherSets, minTimeMs, maxTimeMs)) {
        for (int i = 0; i < s.labels.size(); i++) {
          names.add(s.labels.name(i));
        }
      }
      return names.stream().limit(limit == 0 ? Long.MAX_VALUE : limit).toList();
    });
  }

  @Override
  public List<String> labelValues(
      String name, List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    return reading(() -> {
      TreeSet<String> values = new TreeSet<>(Labels::compareCodePoints);
      for (MemorySeries s : find(matcherSets, minTimeMs, maxTimeMs)) {
        if (s.labels.has(name)) {
          values.add(s.labels.get(name));
        }
      }
      return values.stream().limit(limit == 0 ? Long.MAX_VALUE : limit).toList();
    });
  }

  @Override
  public List<SeriesExemplars> exemplars(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs) {
    return reading(() -> exemplars.select(matcherSets, minTimeMs, maxTimeMs));
  }

  @Override
  public void delete(List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs) {
    writing(() -> {
      for (MemorySeries s : series.values()) {
        if (matchesAny(matcherSets, s.labels)) {
          s.delete(minTimeMs, maxTimeMs);
        }
      }
      return true;
    });
  }

  @Override
  public void cleanTombstones() {
    // a deletion frees its space immediately
    reading(() -> true);
  }

  @Override
  public StorageStats stats(int topN) {
    return reading(() -> statsLocked(topN));
  }

  @Override
  public void collect(MetricSink sink) {
    MemoryMetrics.write(reading(this::countersLocked), sink);
  }

  private Map<String, Double> countersLocked() {
    Map<String, Double> all = new HashMap<>(counters);
    all.put("exemplar_exemplars_in_storage", (double) exemplars.size());
    return all;
  }

  private StorageStats statsLocked(int topN) {
    long oldestMs = Long.MAX_VALUE;
    Map<String, Long> byMetric = new HashMap<>();
    Map<String, Map<String, Long>> pairs = new HashMap<>();
    for (MemorySeries s : series.values()) {
      oldestMs = Math.min(oldestMs, s.oldestMs());
      byMetric.merge(s.labels.metricName(), 1L, Long::sum);
      s.labels.forEach((name, value) ->
          pairs.computeIfAbsent(name, _ -> new HashMap<>()).merge(value, 1L, Long::sum));
    }
    Map<String, Long> valuesByLabel = new HashMap<>();
    Map<String, Long> memoryByLabel = new HashMap<>();
    Map<String, Long> byPair = new HashMap<>();
    long pairCount = 0;
    for (Map.Entry<String, Map<String, Long>> e : pairs.entrySet()) {
      pairCount += e.getValue().size();
      valuesByLabel.put(e.getKey(), (long) e.getValue().size());
      long bytes = 0;
      for (Map.Entry<String, Long> v : e.getValue().entrySet()) {
        bytes += v.getKey().getBytes(StandardCharsets.UTF_8).length * v.getValue();
        byPair.put(e.getKey() + "=" + v.getKey(), v.getValue());
      }
      memoryByLabel.put(e.getKey(), bytes);
    }
    Map<String, Double> numbers = countersLocked();
    numbers.put("head_series", (double) series.size());
    return new StorageStats(
        series.size(),
        series.size(),
        pairCount,
        oldestMs,
        newestMs,
        oldestMs,
        List.of(),
        0,
        top(byMetric, topN),
        top(valuesByLabel, topN),
        top(memoryByLabel, topN),
        top(byPair, topN),
        numbers);
  }

  private static List<StorageStats.Count> top(Map<String, Long> counts, int n) {
    return counts.entrySet().stream()
        .map(e -> new StorageStats.Count(e.getKey(), e.getValue()))
        .sorted(
            Comparator.comparingLong(StorageStats.Count::value)
                .reversed()
                .thenComparing(StorageStats.Count::name))
        .limit(n)
        .toList();
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      closed = true;
      series.clear();
      seriesByMetric.clear();
      byReference.clear();
      families.clear();
    } finally {
      lock.writeLock().unlock();
    }
  }

  private void count(String name, long more) {
    counters.merge(name, (double) more, Double::sum);
  }

  private <T extends @Nullable Object> T reading(Supplier<T> action) {
    lock.readLock().lock();
    try {
      checkOpen();
      return action.get();
    } finally {
      lock.readLock().unlock();
    }
  }

  private <T> T writing(Supplier<T> action) {
    lock.writeLock().lock();
    try {
      checkOpen();
      return action.get();
    } finally {
      lock.writeLock().unlock();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new StorageException.Closed("memory storage: is closed");
    }
  }
}
