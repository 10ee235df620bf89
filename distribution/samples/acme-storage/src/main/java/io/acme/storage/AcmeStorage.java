package io.acme.storage;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.HistogramRules;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
import io.narthex.spi.storage.StorageStats.Count;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the samples of the retention in memory and in a {@link SampleLog}, from which it reads them
 * when it opens. One lock guards everything: appends hold it alone, which shows a batch all at
 * once; reads share it and continue without it.
 */
final class AcmeStorage implements Storage {
  private static final int SEGMENTS = 8;

  private final long retentionMs;
  private final long referenceBase;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();

  // all guarded by lock
  private final TreeMap<Labels, AcmeSeries> series = new TreeMap<>();
  private final List<@Nullable AcmeSeries> byReference = new ArrayList<>(); // null: dropped
  private final SampleLog log;
  private long newestMs = Long.MIN_VALUE;
  private long trimmedAtMs = Long.MIN_VALUE;
  private long refused;
  private boolean closed;

  AcmeStorage(AcmeConfig config, StorageContext context) {
    retentionMs = config.retention().toMillis();
    referenceBase = context.referenceBase();
    log =
        new SampleLog(
            context.dataDirectory().resolve("acme-storage"),
            retentionMs / SEGMENTS,
            this::replayed);
    trim();
  }

  private void replayed(
      Labels labels,
      long timeMs,
      long startTimeMs,
      double value,
      @Nullable NativeHistogram histogram) {
    AcmeSeries s = create(labels);
    if (s.isEmpty() || s.newestMs() < timeMs) {
      s.add(timeMs, startTimeMs, value, histogram);
      newestMs = Math.max(newestMs, timeMs);
    }
  }

  // ---- appending -------------------------------------------------------------------------------

  @Override
  public long resolve(Labels labels) {
    if (labels.isEmpty()) {
      throw new IllegalArgumentException("series: labels must not be empty");
    }
    AcmeSeries known = reading(() -> series.get(labels));
    return known != null ? known.ref : writing(() -> create(labels).ref);
  }

  private AcmeSeries create(Labels labels) {
    AcmeSeries s = series.get(labels);
    if (s == null) {
      s = new AcmeSeries(referenceBase + byReference.size(), labels);
      series.put(labels, s);
      byReference.add(s);
    }
    return s;
  }

  @Override
  public AppendResult append(SampleBatch batch) {
    return writing(() -> appendLocked(batch));
  }

  private AppendResult appendLocked(SampleBatch batch) {
    byte[] codes = null;
    List<AcmeSeries> added = new ArrayList<>(batch.size());
    for (int row = 0; row < batch.size(); row++) {
      AcmeSeries s = byReference(batch.ref(row));
      byte code = s == null ? AppendResult.UNKNOWN_SERIES : add(s, batch, row, added);
      if (code != AppendResult.OK) {
        if (codes == null) {
          codes = new byte[batch.size()];
        }
        codes[row] = code;
        refused++;
      }
    }
    try {
      log.commit();
    } catch (StorageException e) {
      for (int i = added.size() - 1; i >= 0; i--) {
        added.get(i).removeNewest();
      }
      throw e;
    }
    trim();
    return codes == null ? AppendResult.ALL_OK : AppendResult.of(codes, 0);
  }

  private byte add(AcmeSeries s, SampleBatch batch, int row, List<AcmeSeries> added) {
    long timeMs = batch.timeMs(row);
    double value = batch.value(row);
    NativeHistogram histogram = batch.histogram(row);
    if (histogram != null && !HistogramRules.isValid(histogram)) {
      return AppendResult.INVALID_HISTOGRAM;
    }
    if (newestMs != Long.MIN_VALUE && timeMs < newestMs - retentionMs) {
      return AppendResult.OUT_OF_BOUNDS;
    }
    byte code = s.check(timeMs, value, histogram);
    if (code == AppendResult.OK && !s.isNewest(timeMs, value, histogram)) {
      s.add(timeMs, batch.startTimeMs(row), value, histogram);
      log.add(s.labels, timeMs, batch.startTimeMs(row), value, histogram);
      newestMs = Math.max(newestMs, timeMs);
      added.add(s);
    }
    return code;
  }

  private @Nullable AcmeSeries byReference(long ref) {
    long index = ref - referenceBase;
    return index < 0 || index >= byReference.size() ? null : byReference.get((int) index);
  }

  /** Drops what is past the retention, at most once per fiftieth of it. */
  private void trim() {
    if (newestMs == Long.MIN_VALUE
        || (trimmedAtMs != Long.MIN_VALUE && newestMs - trimmedAtMs < retentionMs / 50)) {
      return;
    }
    trimmedAtMs = newestMs;
    long oldest = newestMs - retentionMs;
    series
        .values()
        .removeIf(s -> {
          boolean gone = !s.isEmpty() && !s.trim(oldest);
          if (gone) {
            byReference.set((int) (s.ref - referenceBase), null);
          }
          return gone;
        });
    log.trim(oldest);
  }

  // ---- reading ---------------------------------------------------------------------------------

  @Override
  public SeriesCursor select(SelectRequest request) {
    List<AcmeSeries.Range> ranges =
        reading(() -> {
          List<AcmeSeries.Range> found = new ArrayList<>();
          for (AcmeSeries s : series.values()) {
            AcmeSeries.Range range =
                matches(request.matchers(), s.labels)
                    ? s.range(request.minTimeMs(), request.maxTimeMs())
                    : null;
            if (range != null) {
              found.add(range);
            }
          }
          return found;
        });
    return new Cursor(ranges);
  }

  private static final class Cursor implements SeriesCursor {
    private final List<AcmeSeries.Range> ranges;
    private int at = -1;

    Cursor(List<AcmeSeries.Range> ranges) {
      this.ranges = ranges;
    }

    @Override
    public boolean nextSeries() {
      at = Math.min(at + 1, ranges.size());
      return at < ranges.size();
    }

    @Override
    public Labels labels() {
      return ranges.get(at).labels();
    }

    @Override
    public boolean nextTile(SampleTile tile) {
      return ranges.get(at).fill(tile);
    }

    @Override
    public void close() {
      // the ranges hold memory only
    }
  }

  private static boolean matches(List<Matcher> matchers, Labels labels) {
    return matchers.stream().allMatch(m -> m.matches(labels));
  }

  /** Returns the labels of series that have samples in range and match any list, or no list. */
  private List<Labels> find(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs) {
    return reading(() ->
        series.values().stream()
            .filter(s -> s.range(minTimeMs, maxTimeMs) != null)
            .map(s -> s.labels)
            .filter(l -> sets.isEmpty() || sets.stream().anyMatch(set -> matches(set, l)))
            .toList());
  }

  private static <T> List<T> atMost(int limit, List<T> all) {
    return limit == 0 || all.size() <= limit ? all : all.subList(0, limit);
  }

  @Override
  public List<Labels> series(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    return atMost(limit, find(matcherSets, minTimeMs, maxTimeMs));
  }

  @Override
  public List<String> labelNames(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    Set<String> names = new TreeSet<>(Labels::compareCodePoints);
    for (Labels l : find(matcherSets, minTimeMs, maxTimeMs)) {
      l.forEach((name, value) -> names.add(name));
    }
    return atMost(limit, List.copyOf(names));
  }

  @Override
  public List<String> labelValues(
      String name, List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    Set<String> values = new TreeSet<>(Labels::compareCodePoints);
    for (Labels l : find(matcherSets, minTimeMs, maxTimeMs)) {
      if (l.has(name)) {
        values.add(l.get(name));
      }
    }
    return atMost(limit, List.copyOf(values));
  }

  @Override
  public List<SeriesExemplars> exemplars(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs) {
    return reading(List::of); // none are kept
  }

  // ---- statistics ------------------------------------------------------------------------------

  @Override
  public StorageStats stats(int topN) {
    return reading(() -> statsLocked(topN));
  }

  private StorageStats statsLocked(int topN) {
    long oldest = Long.MAX_VALUE;
    for (AcmeSeries s : series.values()) {
      oldest = s.isEmpty() ? oldest : Math.min(oldest, s.oldestMs());
    }
    Map<String, Long> byMetric = new HashMap<>();
    Map<String, Long> byPair = new HashMap<>();
    Map<String, Set<String>> values = new HashMap<>();
    for (Labels labels : series.keySet()) {
      byMetric.merge(labels.metricName(), 1L, Long::sum);
      labels.forEach((name, value) -> {
        byPair.merge(name + "=" + value, 1L, Long::sum);
        values.computeIfAbsent(name, n -> new HashSet<>()).add(value);
      });
    }
    Map<String, Long> valueCounts = new HashMap<>();
    Map<String, Long> valueBytes = new HashMap<>();
    values.forEach((name, all) -> {
      valueCounts.put(name, (long) all.size());
      valueBytes.put(
          name, all.stream().mapToLong(v -> v.getBytes(StandardCharsets.UTF_8).length).sum());
    });
    return new StorageStats(
        series.size(),
        series.size(),
        byPair.size(),
        oldest,
        newestMs,
        oldest,
        List.of(),
        log.bytes(),
        top(byMetric, topN),
        top(valueCounts, topN),
        top(valueBytes, topN),
        top(byPair, topN),
        Map.of("head_series", (double) series.size(), "refused_samples_total", (double) refused));
  }

  private static List<Count> top(Map<String, Long> counts, int n) {
    return counts.entrySet().stream()
        .map(e -> new Count(e.getKey(), e.getValue()))
        .sorted(Comparator.comparingLong(Count::value).reversed().thenComparing(Count::name))
        .limit(n)
        .toList();
  }

  // ---- life cycle
  // ---------------------------------------------------------------------------------

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        series.clear();
        byReference.clear();
        log.close();
      }
    } finally {
      lock.writeLock().unlock();
    }
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
      throw new StorageException.Closed("acme storage: is closed");
    }
  }
}
