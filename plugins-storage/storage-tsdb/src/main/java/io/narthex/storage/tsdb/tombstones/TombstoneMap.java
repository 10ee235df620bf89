package io.narthex.storage.tsdb.tombstones;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Deleted time ranges by series: pairs of first and last time, both inclusive, rising and apart
 * from each other. The arrays are never changed in place.
 */
public final class TombstoneMap {
  private final Map<Integer, long[]> bySeries;

  public TombstoneMap() {
    this(new HashMap<>());
  }

  private TombstoneMap(Map<Integer, long[]> bySeries) {
    this.bySeries = bySeries;
  }

  public TombstoneMap copy() {
    return new TombstoneMap(new HashMap<>(bySeries));
  }

  /** Adds a range, joining it with those it touches. */
  public void add(int series, long minTimeMs, long maxTimeMs) {
    if (minTimeMs > maxTimeMs) {
      return;
    }
    long[] old = bySeries.getOrDefault(series, new long[0]);
    long[] out = new long[old.length + 2];
    int n = 0;
    long min = minTimeMs;
    long max = maxTimeMs;
    int i = 0;
    for (; i < old.length && old[i + 1] < min && old[i + 1] + 1 < min; i += 2) {
      out[n++] = old[i];
      out[n++] = old[i + 1];
    }
    for (; i < old.length && (old[i] <= max || old[i] - 1 <= max); i += 2) {
      min = Math.min(min, old[i]);
      max = Math.max(max, old[i + 1]);
    }
    out[n++] = min;
    out[n++] = max;
    for (; i < old.length; i++) {
      out[n++] = old[i];
    }
    bySeries.put(series, Arrays.copyOf(out, n));
  }

  /** Returns the ranges of a series, or null. */
  public long @Nullable [] of(int series) {
    return bySeries.isEmpty() ? null : bySeries.get(series);
  }

  public void remove(int series) {
    bySeries.remove(series);
  }

  /** Returns whether a series has ranges, all of them before a time. */
  public boolean endsBefore(int series, long timeMs) {
    long[] ranges = of(series);
    return ranges != null && ranges[ranges.length - 1] < timeMs;
  }

  public void forEach(BiConsumer<Integer, long[]> action) {
    bySeries.forEach(action);
  }

  public int size() {
    return bySeries.size();
  }

  /** Returns whether a time lies in any of the ranges. */
  public static boolean covers(long[] ranges, long timeMs) {
    for (int i = 0; i < ranges.length; i += 2) {
      if (timeMs < ranges[i]) {
        return false;
      }
      if (timeMs <= ranges[i + 1]) {
        return true;
      }
    }
    return false;
  }
}
