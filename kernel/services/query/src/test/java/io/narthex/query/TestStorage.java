package io.narthex.query;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageStats;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A storage for tests: sorted maps, any order of appends. Not thread-safe. */
public class TestStorage implements Storage {
  private record Sample(double value, @Nullable NativeHistogram histogram, long start) {}

  private final Map<Labels, Long> refs = new HashMap<>();
  private final List<TreeMap<Long, Sample>> samples = new ArrayList<>();
  private final TreeMap<Labels, TreeMap<Long, Sample>> byLabels = new TreeMap<>();

  @Override
  public long resolve(Labels labels) {
    Long known = refs.get(labels);
    if (known != null) {
      return known;
    }
    TreeMap<Long, Sample> s = new TreeMap<>();
    refs.put(labels, (long) samples.size());
    samples.add(s);
    byLabels.put(labels, s);
    return samples.size() - 1;
  }

  @Override
  public AppendResult append(SampleBatch batch) {
    for (int i = 0; i < batch.size(); i++) {
      samples
          .get((int) batch.ref(i))
          .put(
              batch.timeMs(i),
              new Sample(batch.value(i), batch.histogram(i), batch.startTimeMs(i)));
    }
    return AppendResult.ALL_OK;
  }

  @Override
  public SeriesCursor select(SelectRequest r) {
    List<Map.Entry<Labels, NavigableMap<Long, Sample>>> found = new ArrayList<>();
    byLabels.forEach((labels, s) -> {
      if (r.matchers().stream().allMatch(m -> m.matches(labels))) {
        NavigableMap<Long, Sample> part = s.subMap(r.minTimeMs(), true, r.maxTimeMs(), true);
        if (!part.isEmpty()) {
          found.add(Map.entry(labels, part));
        }
      }
    });
    order(r, found);
    return new Cursor(found);
  }

  /** Changes the order of series that are found in label order. */
  protected void order(SelectRequest r, List<?> found) {}

  private static final class Cursor implements SeriesCursor {
    private final List<Map.Entry<Labels, NavigableMap<Long, Sample>>> series;
    private int at = -1;
    private List<Map.Entry<Long, Sample>> rest = List.of();

    Cursor(List<Map.Entry<Labels, NavigableMap<Long, Sample>>> series) {
      this.series = series;
    }

    @Override
    public boolean nextSeries() {
      if (++at >= series.size()) {
        return false;
      }
      rest = new ArrayList<>(series.get(at).getValue().entrySet());
      return true;
    }

    @Override
    public Labels labels() {
      return series.get(at).getKey();
    }

    @Override
    public boolean nextTile(SampleTile tile) {
      tile.size = 0;
      Iterator<Map.Entry<Long, Sample>> it = rest.iterator();
      int n = 0;
      while (it.hasNext() && n < tile.capacity()) {
        Map.Entry<Long, Sample> e = it.next();
        NativeHistogram h = e.getValue().histogram();
        SampleTile.Kind kind = h == null ? SampleTile.Kind.FLOAT : SampleTile.Kind.HISTOGRAM;
        if (n > 0 && tile.kind != kind) {
          break;
        }
        tile.kind = kind;
        tile.timesMs[n] = e.getKey();
        tile.startTimesMs[n] = e.getValue().start();
        if (h == null) {
          tile.values[n] = e.getValue().value();
        } else {
          tile.histograms[n] = h;
        }
        n++;
      }
      tile.size = n;
      rest = rest.subList(n, rest.size());
      return n > 0;
    }

    @Override
    public void close() {}
  }

  @Override
  public List<Labels> series(List<List<Matcher>> sets, long min, long max, int limit) {
    return byLabels.keySet().stream()
        .filter(l -> sets.stream().anyMatch(a -> a.stream().allMatch(m -> m.matches(l))))
        .limit(limit == 0 ? Long.MAX_VALUE : limit)
        .toList();
  }

  @Override
  public List<String> labelNames(List<List<Matcher>> sets, long min, long max, int limit) {
    return matching(sets)
        .flatMap(l -> l.toMap().keySet().stream())
        .distinct()
        .sorted()
        .limit(limit == 0 ? Long.MAX_VALUE : limit)
        .toList();
  }

  private Stream<Labels> matching(List<List<Matcher>> sets) {
    return byLabels.keySet().stream()
        .filter(l ->
            sets.isEmpty() || sets.stream().anyMatch(a -> a.stream().allMatch(m -> m.matches(l))));
  }

  @Override
  public List<String> labelValues(
      String name, List<List<Matcher>> sets, long min, long max, int limit) {
    return matching(sets)
        .map(l -> l.get(name))
        .filter(v -> !v.isEmpty())
        .distinct()
        .sorted()
        .limit(limit == 0 ? Long.MAX_VALUE : limit)
        .toList();
  }

  @Override
  public List<SeriesExemplars> exemplars(List<List<Matcher>> sets, long min, long max) {
    return List.of();
  }

  @Override
  public StorageStats stats(int topN) {
    throw new UnsupportedOperationException("not needed in tests");
  }

  @Override
  public void close() {}
}
