package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.testkit.storage.StoredSeries;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a database may and must hold after a crash, from what it has acknowledged. */
final class CrashModel {
  /** A sample that was sent. */
  private static final class Cell {
    /** Value that was acknowledged and not deleted. */
    @Nullable Double value;

    /** Values that were refused or deleted, and may be there nevertheless. */
    final Set<Double> possible = new HashSet<>();

    /** Whether it may be missing although it was acknowledged. */
    boolean mayBeMissing;
  }

  private final Map<Labels, TreeMap<Long, Cell>> cells = new HashMap<>();
  private final long retentionMs;
  private final boolean acknowledgedIsForced;
  private long newestMs = Long.MIN_VALUE;

  /**
   * Creates an empty one.
   *
   * @param retentionMs what is that much older than the newest sample may be missing
   * @param acknowledgedIsForced false when only {@link #forced} makes samples safe
   */
  CrashModel(long retentionMs, boolean acknowledgedIsForced) {
    this.retentionMs = retentionMs;
    this.acknowledgedIsForced = acknowledgedIsForced;
  }

  private Cell cell(Labels series, long timeMs) {
    return cells
        .computeIfAbsent(series, _ -> new TreeMap<>())
        .computeIfAbsent(timeMs, _ -> new Cell());
  }

  /** Notes that a sample is about to be appended. */
  void sent(Labels series, long timeMs, double value) {
    newestMs = Math.max(newestMs, timeMs);
    cell(series, timeMs).possible.add(value);
  }

  void acknowledged(Labels series, long timeMs, double value) {
    Cell c = cell(series, timeMs);
    c.value = value;
    c.possible.clear();
    c.mayBeMissing = !acknowledgedIsForced;
  }

  /** Notes that samples are about to be deleted. */
  void deleting(Labels series, long fromMs, long toMs) {
    for (Cell c : cells.getOrDefault(series, new TreeMap<>()).subMap(fromMs, toMs + 1).values()) {
      if (c.value != null) {
        c.possible.add(c.value);
        c.value = null;
      }
    }
  }

  void deleted(Labels series, long fromMs, long toMs) {
    if (acknowledgedIsForced) {
      cells
          .getOrDefault(series, new TreeMap<>())
          .subMap(fromMs, toMs + 1)
          .values()
          .forEach(c -> c.possible.clear());
    }
  }

  /** Notes that everything has been forced to the disk. */
  void forced() {
    cells.values().forEach(s -> s.values().forEach(c -> c.mayBeMissing = false));
  }

  /** Returns the histogram that stands for a value. */
  static NativeHistogram histogram(double value) {
    return NativeHistogram.builder()
        .schema(1)
        .count(value)
        .sum(value)
        .positive(new int[] {0, 1}, new double[] {value})
        .build();
  }

  private static double value(StoredSeries.Sample sample) {
    NativeHistogram h = sample.histogram();
    return h == null ? sample.value() : h.count();
  }

  /** Returns how a database differs from what it must hold. */
  List<String> check(List<StoredSeries> stored) {
    List<String> problems = new ArrayList<>();
    Map<Labels, Map<Long, Double>> found = new HashMap<>();
    for (StoredSeries s : stored) {
      Map<Long, Double> values = found.computeIfAbsent(s.labels(), _ -> new HashMap<>());
      for (StoredSeries.Sample sample : s.samples()) {
        values.put(sample.timeMs(), value(sample));
        Cell c = cells.getOrDefault(s.labels(), new TreeMap<>()).get(sample.timeMs());
        Double value = value(sample);
        if (c == null || !(value.equals(c.value) || c.possible.contains(value))) {
          problems.add(
              s.labels()
                  + " at "
                  + sample.timeMs()
                  + ": has "
                  + value
                  + ", expected "
                  + (c == null ? null : c.value));
        }
      }
    }
    cells.forEach((labels, series) ->
        series.forEach((time, c) -> {
          boolean there = found.getOrDefault(labels, Map.of()).containsKey(time);
          if (c.value != null && !c.mayBeMissing && !there && time >= newestMs - retentionMs) {
            problems.add(labels + " at " + time + ": is missing, expected " + c.value);
          }
        }));
    return problems;
  }
}
