package io.narthex.query.bench;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.query.histogram.HistogramMath;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageStats;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Series in arrays, for the few that a unit test has: a select looks at every series. Samples of a
 * series come in order of time, of any year. A histogram that continues the one before it says so,
 * as it would when read from a block. Thread-safe.
 */
final class BenchStorage implements StorageGate {
  private final Map<Labels, BenchSeries> byLabels = new TreeMap<>(); // guarded by this
  private final List<BenchSeries> byRef = new ArrayList<>(); // guarded by this

  @Override
  public synchronized long resolve(Labels labels) {
    BenchSeries known = byLabels.get(labels);
    if (known == null) {
      known = new BenchSeries(labels, byRef.size());
      byLabels.put(labels, known);
      byRef.add(known);
    }
    return known.ref;
  }

  @Override
  public synchronized AppendResult append(SampleBatch batch) {
    byte[] codes = null;
    for (int row = 0; row < batch.size(); row++) {
      byte code = append(batch, row);
      if (code != AppendResult.OK) {
        codes = codes == null ? new byte[batch.size()] : codes;
        codes[row] = code;
      }
    }
    return codes == null ? AppendResult.ALL_OK : AppendResult.of(codes, 0);
  }

  private byte append(SampleBatch batch, int row) {
    long ref = batch.ref(row);
    if (ref < 0 || ref >= byRef.size()) {
      return AppendResult.UNKNOWN_SERIES;
    }
    BenchSeries series = byRef.get((int) ref);
    NativeHistogram histogram = batch.histogram(row);
    return series.append(
        batch.timeMs(row),
        batch.value(row),
        histogram == null ? null : continued(series.lastHistogram(), histogram));
  }

  private static NativeHistogram continued(
      @Nullable NativeHistogram before, NativeHistogram histogram) {
    boolean continues =
        before != null
            && histogram.resetHint() == ResetHint.UNKNOWN
            && !HistogramMath.isReset(before, histogram);
    return continues ? histogram.toBuilder().resetHint(ResetHint.NOT_RESET).build() : histogram;
  }

  @Override
  public synchronized SeriesCursor select(SelectRequest request) {
    List<BenchSeries.Part> found = new ArrayList<>();
    for (BenchSeries series : byLabels.values()) {
      if (all(request.matchers(), series.labels)) {
        BenchSeries.Part part = series.part(request.minTimeMs(), request.maxTimeMs());
        if (part.size() > 0) {
          found.add(part);
        }
      }
    }
    return new BenchCursor(found);
  }

  private static boolean all(List<Matcher> matchers, Labels labels) {
    for (Matcher m : matchers) {
      if (!m.matches(labels)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public synchronized List<Labels> series(
      List<List<Matcher>> sets, long minTimeMs, long maxTimeMs, int limit) {
    List<Labels> out = new ArrayList<>();
    for (BenchSeries series : byLabels.values()) {
      boolean wanted = sets.isEmpty() || sets.stream().anyMatch(set -> all(set, series.labels));
      if (wanted && series.part(minTimeMs, maxTimeMs).size() > 0) {
        out.add(series.labels);
        if (out.size() == limit) {
          break;
        }
      }
    }
    return out;
  }

  @Override
  public List<String> labelNames(
      List<List<Matcher>> sets, long minTimeMs, long maxTimeMs, int limit) {
    TreeSet<String> names = new TreeSet<>(Labels::compareCodePoints);
    series(sets, minTimeMs, maxTimeMs, 0).forEach(l -> l.forEach((name, value) -> names.add(name)));
    return limited(names, limit);
  }

  @Override
  public List<String> labelValues(
      String name, List<List<Matcher>> sets, long minTimeMs, long maxTimeMs, int limit) {
    TreeSet<String> values = new TreeSet<>(Labels::compareCodePoints);
    series(sets, minTimeMs, maxTimeMs, 0).forEach(l -> values.add(l.get(name)));
    values.removeIf(Predicate.isEqual(""));
    return limited(values, limit);
  }

  private static List<String> limited(TreeSet<String> texts, int limit) {
    return texts.stream().limit(limit == 0 ? Long.MAX_VALUE : limit).toList();
  }

  @Override
  public List<SeriesExemplars> exemplars(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs) {
    return List.of();
  }

  @Override
  public synchronized StorageStats stats(int topN) {
    return new StorageStats(
        byRef.size(),
        0,
        0,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        Long.MAX_VALUE,
        List.of(),
        0,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        Map.of());
  }

  @Override
  public boolean ready() {
    return true;
  }

  @Override
  public boolean tryHold() {
    return true;
  }

  @Override
  public void release() {}

  @Override
  public String type() {
    return "bench";
  }

  @Override
  public <T extends Storage> @Nullable T capability(Class<T> wanted) {
    return null;
  }

  @Override
  public double replayProgress() {
    return 1;
  }

  @Override
  public void close() {}
}
