package io.narthex.query;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.query.context.QueryContext;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.service.query.QueryResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Joins the results and statistics of the slices of a query. Not thread-safe. */
final class SlicedResult {
  private final Grid grid;
  private final Map<Labels, List<QueryResult.Series>> series = new HashMap<>();
  private final long @Nullable [] perStep;
  private QueryResult.@Nullable Data first;
  private long bytes;
  private long queryable;
  private long read;
  private long peak;

  /**
   * Creates an empty result.
   *
   * @param grid the steps of all slices
   * @param perStep whether statistics are counted per step
   */
  SlicedResult(Grid grid, boolean perStep) {
    this.grid = grid;
    this.perStep = perStep ? new long[grid.size()] : null;
  }

  /**
   * Adds a slice.
   *
   * @param context in which it was evaluated
   * @param from its first step
   */
  void add(QueryResult.Data part, QueryContext context, int from) {
    bytes += QueryResults.bytes(part);
    if (first == null && series.isEmpty()) {
      first = part;
    } else {
      scatter(first);
      first = null;
      scatter(part);
    }
    queryable += context.queryableSamples();
    read += context.samplesRead();
    peak += context.peakSamples();
    if (perStep != null) {
      long[] more = context.perStep();
      System.arraycopy(more, 0, perStep, from, more.length);
    }
  }

  private void scatter(QueryResult.@Nullable Data part) {
    if (part instanceof QueryResult.Data.Matrix m) {
      for (QueryResult.Series s : m.series()) {
        series.computeIfAbsent(s.labels(), l -> new ArrayList<>(2)).add(s);
      }
    }
  }

  /** Returns about how many bytes the results of all slices take. */
  long bytes() {
    return bytes;
  }

  /** Returns how many samples steps looked at. */
  long queryableSamples() {
    return queryable;
  }

  /** Returns how many samples were read. */
  long samplesRead() {
    return read;
  }

  /** Returns the sum of what the slices held at most, since one evaluation would hold all of it. */
  long peakSamples() {
    return peak;
  }

  /** Returns how many samples each step looked at; null when that was not counted. */
  long @Nullable [] perStep() {
    return perStep;
  }

  /** Returns the joined result; to be called once, after the last slice. */
  QueryResult.Data data() {
    if (first != null) {
      return first;
    }
    List<Labels> order = new ArrayList<>(series.keySet());
    order.sort(null);
    long[] allTimes = QueryResults.times(grid);
    List<QueryResult.Series> out = new ArrayList<>(order.size());
    for (Labels labels : order) {
      out.add(join(labels, Objects.requireNonNull(series.remove(labels)), allTimes));
    }
    return new QueryResult.Data.Matrix(out);
  }

  private static QueryResult.Series join(
      Labels labels, List<QueryResult.Series> parts, long[] allTimes) {
    int floats = 0;
    int hists = 0;
    for (QueryResult.Series s : parts) {
      floats += s.timesMs().length;
      hists += s.histogramTimesMs().length;
    }
    boolean whole = floats == allTimes.length;
    long[] times = whole ? allTimes : new long[floats];
    double[] values = new double[floats];
    long[] histTimes = hists == 0 ? Samples.NO_TIMES : new long[hists];
    NativeHistogram[] histograms =
        hists == 0 ? QueryResults.NO_HISTOGRAMS : new NativeHistogram[hists];
    int f = 0;
    int h = 0;
    for (QueryResult.Series s : parts) {
      int n = s.timesMs().length;
      if (!whole) {
        System.arraycopy(s.timesMs(), 0, times, f, n);
      }
      System.arraycopy(s.values(), 0, values, f, n);
      f += n;
      n = s.histogramTimesMs().length;
      System.arraycopy(s.histogramTimesMs(), 0, histTimes, h, n);
      System.arraycopy(s.histograms(), 0, histograms, h, n);
      h += n;
    }
    return new QueryResult.Series(labels, times, values, histTimes, histograms);
  }
}
