package io.narthex.query;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.eval.Evaluator;
import io.narthex.query.functions.Expressions;
import io.narthex.query.functions.RangeFunction;
import io.narthex.query.functions.Windows;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import io.narthex.service.query.QueryResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Evaluates expressions into results, and estimates the memory that results take. */
final class QueryResults {
  static final NativeHistogram[] NO_HISTOGRAMS = new NativeHistogram[0];

  /** About the bytes of a series of a result without its samples. */
  private static final int SERIES_BYTES = 120;

  private QueryResults() {}

  /** Returns about how many bytes a result takes; the strings of labels are those of the series. */
  static long bytes(QueryResult.Data data) {
    return switch (data) {
      case QueryResult.Data.Scalar _, QueryResult.Data.Text _ -> SERIES_BYTES;
      case QueryResult.Data.Vector v -> {
        long n = (long) SERIES_BYTES * v.samples().size();
        for (QueryResult.VectorSample s : v.samples()) {
          n += s.histogram() == null ? 0 : bytes(s.histogram());
        }
        yield n;
      }
      case QueryResult.Data.Matrix m -> {
        long n = 0;
        long[] shared = null;
        for (QueryResult.Series s : m.series()) {
          n += SERIES_BYTES + 8L * s.values().length + 16L * s.histograms().length;
          if (s.timesMs() != shared) {
            n += 8L * s.timesMs().length;
            shared = s.timesMs();
          }
          NativeHistogram before = null;
          for (NativeHistogram h : s.histograms()) {
            n += h == before ? 0 : bytes(h);
            before = h;
          }
        }
        yield n;
      }
    };
  }

  private static long bytes(NativeHistogram h) {
    return 160 + 16L * (h.positiveBuckets().length + h.negativeBuckets().length);
  }

  /** Returns the result of an instant query. */
  static QueryResult.Data instant(Evaluator evaluator, Expr expr, Grid grid) {
    Expr inner = Expressions.unwrap(expr);
    if (inner instanceof MatrixSelector || inner instanceof SubqueryExpr) {
      return matrix(evaluator, inner, grid);
    }
    Value v = evaluator.eval(expr, grid);
    return switch (v) {
      case Value.Text t -> new QueryResult.Data.Text(grid.startMs(), t.text());
      case Value.Scalar s -> new QueryResult.Data.Scalar(grid.startMs(), s.values()[0]);
      case Value.Vector x -> {
        List<QueryResult.VectorSample> out = new ArrayList<>();
        for (StepSeries s : LabelSets.finish(evaluator.context(), x.series())) {
          if (s.kinds[0] == StepSeries.FLOAT) {
            out.add(new QueryResult.VectorSample(s.labels, grid.startMs(), s.floats[0], null));
          } else if (s.kinds[0] == StepSeries.HIST) {
            out.add(new QueryResult.VectorSample(s.labels, grid.startMs(), 0, s.hist(0).toModel()));
          }
        }
        yield new QueryResult.Data.Vector(out);
      }
    };
  }

  private static QueryResult.Data matrix(Evaluator evaluator, Expr range, Grid grid) {
    if (range instanceof MatrixSelector m && m.selector().mode() != Expr.RangeMode.PLAIN) {
      throw QueryContext.failed(
          m.selector().mode().name().toLowerCase(Locale.ROOT)
              + " modifier can only be used inside a function");
    }
    Windows windows = evaluator.windows(range, grid, "");
    List<QueryResult.Series> out = new ArrayList<>();
    RangeFunction collect =
        new RangeFunction(evaluator.context().annotations, range.position()) {
          @Override
          public void apply(Window w, StepSeries unused) {
            evaluator.context().take(SERIES_BYTES + 16L * (w.floats() + w.hists()));
            NativeHistogram[] h = new NativeHistogram[w.hists()];
            for (int i = 0; i < h.length; i++) {
              h[i] = samples.hists[w.histLo + i].toModel();
            }
            out.add(
                new QueryResult.Series(
                    samples.dropName ? LabelSets.withoutName(samples.labels) : samples.labels,
                    Arrays.copyOfRange(samples.floatTimes, w.floatLo, w.floatHi),
                    Arrays.copyOfRange(samples.floats, w.floatLo, w.floatHi),
                    Arrays.copyOfRange(samples.histTimes, w.histLo, w.histHi),
                    h));
          }
        };
    StepSeries unused = new StepSeries(Labels.EMPTY, false, 1);
    for (Samples s : windows.series) {
      collect.begin(s);
      windows.slide(s, collect, unused, grid, evaluator.context());
    }
    out.sort((a, b) -> a.labels().compareTo(b.labels()));
    for (int i = 1; i < out.size(); i++) {
      if (out.get(i).labels().equals(out.get(i - 1).labels())) {
        throw LabelSets.duplicate();
      }
    }
    return new QueryResult.Data.Matrix(out);
  }

  /** Returns the result of a range query. */
  static QueryResult.Data range(Evaluator evaluator, Expr expr, Grid grid) {
    List<QueryResult.Series> out = new ArrayList<>();
    if (grid.size() == 0) {
      return new QueryResult.Data.Matrix(out);
    }
    Value v = evaluator.eval(expr, grid);
    if (v instanceof Value.Scalar s) {
      out.add(
          new QueryResult.Series(
              Labels.EMPTY, times(grid), s.values(), Samples.NO_TIMES, NO_HISTOGRAMS));
      return new QueryResult.Data.Matrix(out);
    }
    long[] allTimes = times(grid);
    for (StepSeries s : LabelSets.finish(evaluator.context(), ((Value.Vector) v).series())) {
      QueryResult.Series series = series(s, grid, allTimes, evaluator.context());
      if (series.timesMs().length + series.histogramTimesMs().length > 0) {
        out.add(series);
      }
    }
    out.sort((a, b) -> a.labels().compareTo(b.labels()));
    return new QueryResult.Data.Matrix(out);
  }

  /** Returns the times of all steps. */
  static long[] times(Grid grid) {
    long[] times = new long[grid.size()];
    for (int i = 0; i < times.length; i++) {
      times[i] = grid.time(i);
    }
    return times;
  }

  /** Returns a series of the result; one without gaps shares the times of all steps. */
  private static QueryResult.Series series(
      StepSeries s, Grid grid, long[] allTimes, QueryContext context) {
    int floats = 0;
    int hists = 0;
    for (byte k : s.kinds) {
      floats += k == StepSeries.FLOAT ? 1 : 0;
      hists += k == StepSeries.HIST ? 1 : 0;
    }
    if (floats == s.steps()) {
      return new QueryResult.Series(s.labels, allTimes, s.floats, Samples.NO_TIMES, NO_HISTOGRAMS);
    }
    context.take(SERIES_BYTES + 16L * floats + 24L * hists);
    long[] times = new long[floats];
    double[] values = new double[floats];
    long[] histTimes = new long[hists];
    NativeHistogram[] histograms = hists == 0 ? NO_HISTOGRAMS : new NativeHistogram[hists];
    int f = 0;
    int h = 0;
    for (int i = 0; i < s.steps(); i++) {
      if (s.kinds[i] == StepSeries.FLOAT) {
        times[f] = grid.time(i);
        values[f++] = s.floats[i];
      } else if (s.kinds[i] == StepSeries.HIST) {
        histTimes[h] = grid.time(i);
        histograms[h++] = s.hist(i).toModel();
      }
    }
    return new QueryResult.Series(s.labels, times, values, histTimes, histograms);
  }
}
