package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.storage.tsdb.chunks.SampleBytes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * Samples that came out of order within the window, kept apart until they go into blocks of their
 * own. Expected to be few. Guarded by the head's locks.
 */
public final class OutOfOrderSamples {
  /** A sample. */
  public record Sample(
      long timeMs, double value, @Nullable NativeHistogram histogram, long startTimeMs) {}

  /** Samples of a series; there is at least one. */
  public record Entry(int id, Labels labels, List<Sample> samples) {}

  private final Map<Integer, TreeMap<Long, Sample>> bySeries = new HashMap<>();

  /** The keys of {@link #bySeries}, so that finding those of some series does not visit all. */
  private final RoaringBitmap ids = new RoaringBitmap();

  /** A copy of {@link #ids} that is never changed; null = none has been made since a change. */
  private volatile @Nullable RoaringBitmap version;

  private long bytes;

  public void add(
      int id, long timeMs, double value, @Nullable NativeHistogram histogram, long startTimeMs) {
    TreeMap<Long, Sample> samples = bySeries.get(id);
    if (samples == null) {
      samples = new TreeMap<>();
      bySeries.put(id, samples);
      ids.add(id);
      version = null;
    }
    Sample before = samples.put(timeMs, new Sample(timeMs, value, histogram, startTimeMs));
    bytes += SampleBytes.of(histogram) - (before == null ? 0 : SampleBytes.of(before.histogram));
  }

  /** Returns about how many bytes all of them take. */
  public long bytes() {
    return bytes;
  }

  @Nullable Sample at(int id, long timeMs) {
    TreeMap<Long, Sample> samples = bySeries.get(id);
    return samples == null ? null : samples.get(timeMs);
  }

  public boolean has(int id) {
    return !bySeries.isEmpty() && bySeries.containsKey(id);
  }

  /** Returns the newest late time of a series, or {@code Long.MIN_VALUE}. */
  long newestMs(int id) {
    TreeMap<Long, Sample> samples = bySeries.get(id);
    return samples == null ? Long.MIN_VALUE : samples.lastKey();
  }

  public boolean isEmpty() {
    return bySeries.isEmpty();
  }

  /** Returns the series that have out-of-order samples, not to be changed. */
  RoaringBitmap ids() {
    RoaringBitmap v = version;
    if (v == null) {
      v = ids.clone();
      version = v;
    }
    return v;
  }

  /** Returns those of {@code wanted} that have out-of-order samples. */
  public RoaringBitmap among(RoaringBitmap wanted) {
    return RoaringBitmap.and(wanted, ids);
  }

  /** Returns the samples of a series in range, both ends inclusive, in order of time. */
  public List<Sample> range(int id, long minTimeMs, long maxTimeMs) {
    TreeMap<Long, Sample> samples = bySeries.get(id);
    if (samples == null || minTimeMs > maxTimeMs) {
      return List.of();
    }
    NavigableMap<Long, Sample> in = samples.subMap(minTimeMs, true, maxTimeMs, true);
    return in.isEmpty() ? List.of() : new ArrayList<>(in.values());
  }

  /** Removes the samples of a series in range, both ends inclusive. */
  void delete(int id, long minTimeMs, long maxTimeMs) {
    remove(id, range(id, minTimeMs, maxTimeMs));
  }

  /** Removes samples that are in a block now. */
  public void remove(int id, List<Sample> flushed) {
    TreeMap<Long, Sample> samples = bySeries.get(id);
    if (samples != null) {
      for (Sample s : flushed) {
        if (samples.remove(s.timeMs(), s)) {
          bytes -= SampleBytes.of(s.histogram());
        }
      }
      if (samples.isEmpty()) {
        bySeries.remove(id);
        ids.remove(id);
        version = null;
      }
    }
  }
}
