package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.storage.tsdb.chunks.SampleBytes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * Samples that came out of order within the window, kept apart until they go into blocks of their
 * own. Guarded by the head's locks.
 */
public final class OutOfOrderSamples {
  /** A sample. */
  public record Sample(
      long timeMs, double value, @Nullable NativeHistogram histogram, long startTimeMs) {}

  /** Samples of a series; there is at least one. */
  public record Entry(int id, Labels labels, List<Sample> samples) {}

  private final Map<Integer, OutOfOrderSeries> bySeries = new HashMap<>();

  /** The keys of {@link #bySeries}, so that finding those of some series does not visit all. */
  private final RoaringBitmap ids = new RoaringBitmap();

  /** A copy of {@link #ids} that is never changed; null = none has been made since a change. */
  private volatile @Nullable RoaringBitmap version;

  private volatile long bytes;

  // the series that was asked for last: rows of a series follow each other; guarded by appendLock
  private int lastId = -1;
  private @Nullable OutOfOrderSeries last;

  /** Adds a sample, unless there is one at its time: the first wins. Under both locks. */
  public void add(
      int id, long timeMs, double value, @Nullable NativeHistogram histogram, long startTimeMs) {
    OutOfOrderSeries samples = find(id);
    if (samples == null) {
      samples = new OutOfOrderSeries();
      bySeries.put(id, samples);
      last = samples;
      ids.add(id);
      version = null;
    }
    if (samples.add(timeMs, value, histogram, startTimeMs)) {
      bytes = bytes + SampleBytes.of(histogram);
    }
  }

  /** Returns about how many bytes all of them take. */
  public long bytes() {
    return bytes;
  }

  private @Nullable OutOfOrderSeries find(int id) {
    if (id != lastId) {
      lastId = id;
      last = bySeries.get(id);
    }
    return last;
  }

  /** Returns whether a series has a sample at a time. Under the append lock. */
  boolean has(int id, long timeMs) {
    OutOfOrderSeries samples = find(id);
    return samples != null && samples.contains(timeMs);
  }

  public boolean has(int id) {
    return !bySeries.isEmpty() && bySeries.containsKey(id);
  }

  /** Returns the newest late time of a series, or {@code Long.MIN_VALUE}. */
  long newestMs(int id) {
    OutOfOrderSeries samples = bySeries.get(id);
    return samples == null ? Long.MIN_VALUE : samples.newestMs();
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

  /**
   * Returns the samples of a series in range, both ends inclusive, in order of time; what happens
   * to them later does not show.
   */
  public List<Sample> range(int id, long minTimeMs, long maxTimeMs) {
    OutOfOrderSeries samples = bySeries.get(id);
    return samples == null ? List.of() : samples.range(minTimeMs, maxTimeMs);
  }

  /** Removes the samples of a series in range, both ends inclusive. */
  void delete(int id, long minTimeMs, long maxTimeMs) {
    remove(id, range(id, minTimeMs, maxTimeMs));
  }

  /** Removes the samples at the times of some, which are in a block now. */
  public void remove(int id, List<Sample> flushed) {
    OutOfOrderSeries samples = bySeries.get(id);
    if (samples == null || flushed.isEmpty()) {
      return;
    }
    bytes = bytes - samples.removeAll(times(flushed));
    if (samples.isEmpty()) {
      bySeries.remove(id);
      lastId = -1;
      ids.remove(id);
      version = null;
    }
  }

  private static OutOfOrderSeries.Sorted times(List<Sample> samples) {
    if (samples instanceof OutOfOrderSeries.Range range) {
      return range;
    }
    return new OutOfOrderSeries.Sorted() {
      @Override
      public int size() {
        return samples.size();
      }

      @Override
      public long timeMs(int i) {
        return samples.get(i).timeMs();
      }
    };
  }
}
