package ${package};

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.HistogramRules;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Keeps samples in memory, floats and native histograms, no exemplars. One lock guards everything:
 * an append holds it alone, which makes a batch visible all at once; reads share it and take views.
 *
 * <p>A starting point: the complete interface, without files. Rewrite it piece by piece, and run the
 * kit after each.
 */
final class ${className}Storage implements Storage {
  /** How far ahead of the clock a sample may be, milliseconds. */
  private static final long FUTURE = 600_000;

  private final long retention;
  private final long base;
  private final Clock clock;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();

  // all guarded by lock
  private final TreeMap<Labels, Series> byLabels = new TreeMap<>();
  private final List<Series> byReference = new ArrayList<>();
  private long newest = Long.MIN_VALUE;
  private long trimmed = Long.MIN_VALUE;
  private boolean closed;

  ${className}Storage(${className}Config config, StorageContext context) {
    retention = config.retention().toMillis();
    base = context.referenceBase();
    clock = context.clock();
  }

  /** Returns the reference of a series, valid for this opening. */
  @Override
  public long resolve(Labels labels) {
    if (labels.isEmpty()) {
      throw new IllegalArgumentException("series: labels must not be empty");
    }
    return writing(() -> {
      Series series = byLabels.get(labels);
      if (series == null) {
        series = new Series(base + byReference.size(), labels);
        byLabels.put(labels, series);
        byReference.add(series);
      }
      return series.reference;
    });
  }

  /** Appends a batch; the columns belong to the caller. */
  @Override
  public AppendResult append(SampleBatch batch) {
    return writing(() -> {
      byte[] codes = null; // most batches have nothing refused
      long latest = clock.millis() + FUTURE;
      long oldest = newest == Long.MIN_VALUE ? Long.MIN_VALUE : newest - retention;
      for (int row = 0; row < batch.size(); row++) {
        byte code = append(batch, row, oldest, latest);
        if (code != AppendResult.OK) {
          codes = codes == null ? new byte[batch.size()] : codes;
          codes[row] = code;
        }
      }
      trim();
      return codes == null ? AppendResult.ALL_OK : AppendResult.of(codes, 0);
    });
  }

  private byte append(SampleBatch batch, int row, long oldest, long latest) {
    long index = batch.ref(row) - base;
    Series series =
        index < 0 || index >= byReference.size() ? null : byReference.get((int) index);
    long time = batch.timeMs(row);
    NativeHistogram histogram = batch.histogram(row);
    if (series == null) {
      return AppendResult.UNKNOWN_SERIES; // of an earlier opening: the caller resolves again
    }
    if (histogram != null && !HistogramRules.isValid(histogram)) {
      return AppendResult.INVALID_HISTOGRAM;
    }
    if (time > latest) {
      return AppendResult.TOO_FAR_IN_FUTURE;
    }
    if (time < oldest) {
      return AppendResult.OUT_OF_BOUNDS;
    }
    byte code = series.append(time, batch.value(row), histogram, batch.startTimeMs(row));
    if (code == AppendResult.OK) {
      newest = Math.max(newest, time);
    }
    return code;
  }

  /** Drops what is past the retention, at most once per tenth of it. */
  private void trim() {
    if (newest == Long.MIN_VALUE
        || (trimmed != Long.MIN_VALUE && newest - trimmed < retention / 10 + 1)) {
      return;
    }
    trimmed = newest;
    byLabels.values().removeIf(series -> {
      boolean gone = !series.forgetBefore(newest - retention);
      if (gone) {
        byReference.set((int) (series.reference - base), null);
      }
      return gone;
    });
  }

  /** Reads the current samples; the cursor does not see later appends. */
  @Override
  public SeriesCursor select(SelectRequest request) {
    return reading(() -> {
      List<Series.View> views = new ArrayList<>();
      for (Series series : byLabels.values()) {
        if (matches(request.matchers(), series.labels)) {
          Series.View view = series.view(request.minTimeMs(), request.maxTimeMs());
          if (view != null) {
            views.add(view);
          }
        }
      }
      return new Cursor(views);
    });
  }

  private static boolean matches(List<Matcher> matchers, Labels labels) {
    return matchers.stream().allMatch(m -> m.matches(labels));
  }

  /** Passes on the series that match any list and have samples in range; no lists: all series. */
  private void find(List<List<Matcher>> sets, long min, long max, Consumer<Labels> each) {
    for (Series series : byLabels.values()) {
      if ((sets.isEmpty() || sets.stream().anyMatch(set -> matches(set, series.labels)))
          && series.hasSampleIn(min, max)) {
        each.accept(series.labels);
      }
    }
  }

  private static long limited(int limit) {
    return limit == 0 ? Long.MAX_VALUE : limit;
  }

  @Override
  public List<Labels> series(List<List<Matcher>> sets, long min, long max, int limit) {
    return reading(() -> {
      List<Labels> found = new ArrayList<>();
      find(sets, min, max, found::add);
      return found.stream().limit(limited(limit)).toList();
    });
  }

  @Override
  public List<String> labelNames(List<List<Matcher>> sets, long min, long max, int limit) {
    return reading(() -> {
      TreeSet<String> names = new TreeSet<>(Labels::compareCodePoints);
      find(sets, min, max, labels -> labels.forEach((name, value) -> names.add(name)));
      return names.stream().limit(limited(limit)).toList();
    });
  }

  @Override
  public List<String> labelValues(
      String name, List<List<Matcher>> sets, long min, long max, int limit) {
    return reading(() -> {
      TreeSet<String> values = new TreeSet<>(Labels::compareCodePoints);
      find(
          sets,
          min,
          max,
          labels -> {
            if (labels.has(name)) {
              values.add(labels.get(name));
            }
          });
      return values.stream().limit(limited(limit)).toList();
    });
  }

  @Override
  public List<SeriesExemplars> exemplars(List<List<Matcher>> sets, long min, long max) {
    return reading(List::of); // none are kept
  }

  @Override
  public StorageStats stats(int topN) {
    return reading(() -> {
      long oldest = Long.MAX_VALUE;
      Map<String, Long> byMetric = new HashMap<>();
      Map<String, Long> byPair = new HashMap<>();
      Map<String, TreeSet<String>> values = new HashMap<>();
      Map<String, Long> bytes = new HashMap<>();
      for (Series series : byLabels.values()) {
        oldest = Math.min(oldest, series.oldest());
        byMetric.merge(series.labels.metricName(), 1L, Long::sum);
        series.labels.forEach((name, value) -> {
          byPair.merge(name + "=" + value, 1L, Long::sum);
          values.computeIfAbsent(name, n -> new TreeSet<>()).add(value);
          bytes.merge(name, (long) value.getBytes(StandardCharsets.UTF_8).length, Long::sum);
        });
      }
      Map<String, Long> valuesByName = new HashMap<>();
      values.forEach((name, all) -> valuesByName.put(name, (long) all.size()));
      return new StorageStats(
          byLabels.size(),
          byLabels.size(),
          byPair.size(),
          oldest,
          newest,
          oldest,
          List.of(),
          0,
          top(byMetric, topN),
          top(valuesByName, topN),
          top(bytes, topN),
          top(byPair, topN),
          Map.of("head_series", (double) byLabels.size()));
    });
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
      byLabels.clear();
      byReference.clear();
    } finally {
      lock.writeLock().unlock();
    }
  }

  private <T> T reading(Supplier<T> action) {
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
      throw new StorageException.Closed("${type} storage: is closed");
    }
  }
}
