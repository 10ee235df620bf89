package io.narthex.query.eval;

import io.narthex.model.Labels;
import io.narthex.promql.AggregateOp;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.AggregateExpr;
import io.narthex.promql.Numbers;
import io.narthex.promql.PosRange;
import io.narthex.promql.Strings;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.Expressions;
import io.narthex.query.functions.LabelFunctions;
import io.narthex.query.functions.Operators;
import io.narthex.query.functions.OverTime;
import io.narthex.query.series.Grid;
import io.narthex.query.series.StepSeries;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The aggregations. The group of each series is found once; then every series is added, in order,
 * to the accumulators of its group, all steps in one pass.
 */
final class Aggregations {
  private final Operators operators;
  private final QueryContext context;

  Aggregations(Operators operators) {
    this.operators = operators;
    this.context = operators.context();
  }

  /** The groups of a vector. */
  private static final class Groups {
    int[] of = new int[0];
    final List<Labels> labels = new ArrayList<>();
    final List<Boolean> dropName = new ArrayList<>();

    int size() {
      return labels.size();
    }
  }

  List<StepSeries> eval(AggregateExpr a, Grid grid) {
    Expr param = a.param();
    List<StepSeries> out = new ArrayList<>();
    if (a.op() == AggregateOp.COUNT_VALUES) {
      String label = Expressions.text(java.util.Objects.requireNonNull(param));
      if (!LabelFunctions.isLabelName(label)) {
        throw QueryContext.failed("invalid label name " + Strings.quote(label));
      }
      return countValues(a, label, operators.vector(a.expr(), grid), grid);
    }
    double[] params = param == null ? new double[0] : operators.scalars(param, grid);
    checkParams(a, params);
    switch (a.op()) {
      case QUANTILE -> {
        List<StepSeries> in = operators.vector(a.expr(), grid);
        for (double q : params) {
          if (Double.isNaN(q) || q < 0 || q > 1) {
            context.annotations.invalidQuantile(
                q, java.util.Objects.requireNonNull(param).position());
          }
        }
        quantiles(params, in, groups(a, in), grid, a.expr().position(), out);
      }
      case TOPK, BOTTOMK -> {
        List<StepSeries> in = operators.vector(a.expr(), grid);
        topk(a, params, in, groups(a, in), grid, out);
      }
      case LIMITK -> {
        List<StepSeries> in = operators.vector(a.expr(), grid);
        limitk(params, in, groups(a, in), grid, out);
      }
      case LIMIT_RATIO -> limitRatio(a, params, operators.vector(a.expr(), grid), grid, out);
      default -> {
        Fold fold = new Fold(context, a, grid.size());
        operators.feed(a.expr(), grid, fold);
        out = fold.result();
      }
    }
    out.removeIf(StepSeries::isEmpty);
    return LabelSets.merge(context, out);
  }

  private static void checkParams(AggregateExpr a, double[] params) {
    switch (a.op()) {
      case TOPK, BOTTOMK, LIMITK -> {
        for (double p : params) {
          if (Double.isNaN(p)) {
            throw QueryContext.failed("Parameter value is NaN");
          }
          if (p >= 0x1p63) {
            throw QueryContext.failed("Scalar value " + Numbers.general(p) + " overflows int64");
          }
          if (p <= -0x1p63) {
            throw QueryContext.failed("Scalar value " + Numbers.general(p) + " underflows int64");
          }
        }
      }
      case LIMIT_RATIO -> {
        for (double p : params) {
          if (Double.isNaN(p)) {
            throw QueryContext.failed("Ratio value is NaN");
          }
        }
      }
      default -> {}
    }
  }

  private static Groups groups(AggregateExpr a, List<StepSeries> in) {
    Groups g = new Groups();
    g.of = new int[in.size()];
    Set<String> names = Fold.names(a);
    Map<Labels, Integer> ids = new HashMap<>();
    boolean one = !a.without() && a.grouping().isEmpty();
    for (int s = 0; s < in.size(); s++) {
      StepSeries series = in.get(s);
      Labels labels = one ? Labels.EMPTY : Fold.groupLabels(a, names, series.labels);
      Integer id = ids.putIfAbsent(labels, g.size());
      if (id == null) {
        id = g.size();
        g.labels.add(labels);
        g.dropName.add(series.dropName);
      } else if (series.dropName) {
        g.dropName.set(id, true); // a name that a member has lost is lost for its group
      }
      g.of[s] = id;
    }
    return g;
  }

  private StepSeries[] accumulators(Groups groups, Grid grid) {
    StepSeries[] acc = new StepSeries[groups.size()];
    for (int g = 0; g < acc.length; g++) {
      acc[g] = context.series(groups.labels.get(g), groups.dropName.get(g), grid.size());
    }
    return acc;
  }

  /* those that need all elements of a group together */

  private static int[][] members(Groups groups) {
    int[] sizes = new int[groups.size()];
    for (int g : groups.of) {
      sizes[g]++;
    }
    int[][] members = new int[sizes.length][];
    for (int g = 0; g < sizes.length; g++) {
      members[g] = new int[sizes[g]];
    }
    Arrays.fill(sizes, 0);
    for (int s = 0; s < groups.of.length; s++) {
      int g = groups.of[s];
      members[g][sizes[g]++] = s;
    }
    return members;
  }

  private void quantiles(
      double[] q,
      List<StepSeries> in,
      Groups groups,
      Grid grid,
      PosRange position,
      List<StepSeries> out) {
    StepSeries[] acc = accumulators(groups, grid);
    int[][] members = members(groups);
    for (int g = 0; g < acc.length; g++) {
      double[] scratch = new double[members[g].length];
      for (int i = 0; i < grid.size(); i++) {
        int n = 0;
        for (int s : members[g]) {
          StepSeries series = in.get(s);
          if (series.kinds[i] == StepSeries.FLOAT) {
            scratch[n++] = series.floats[i];
          } else if (series.kinds[i] == StepSeries.HIST) {
            context.annotations.histogramIgnored("quantile", position);
          }
        }
        if (n > 0) {
          acc[g].set(i, OverTime.Quantile.quantile(q[i], scratch, n));
        }
      }
      out.add(acc[g]);
    }
  }

  /* those that keep elements */

  private void topk(
      AggregateExpr a,
      double[] params,
      List<StepSeries> in,
      Groups groups,
      Grid grid,
      List<StepSeries> out) {
    boolean top = a.op() == AggregateOp.TOPK;
    int[][] members = members(groups);
    StepSeries[] kept = new StepSeries[in.size()];
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < grid.size(); i++) {
      long k = (long) params[i];
      if (k < 1) {
        continue;
      }
      for (int[] group : members) {
        int n = best(a, in, group, i, k, top);
        for (int x = 0; x < n; x++) {
          keep(in, kept, bestSeries[x], i, order);
        }
      }
    }
    collect(kept, order, out);
  }

  /** Up to this many elements are sorted by insertion. */
  private static final int RUN = 16;

  private int[] bestSeries = new int[16];
  private double[] bestValues = new double[16];

  /**
   * Puts the best {@code k} elements of a group into {@link #bestSeries}, the best first; returns
   * how many there are. The heap is the one of Go's container/heap, step by step, since it decides
   * which of several equal elements stay and in what order.
   */
  private int best(
      AggregateExpr a, List<StepSeries> in, int[] group, int step, long k, boolean top) {
    int n = 0;
    for (int s : group) {
      StepSeries series = in.get(s);
      byte kind = series.kinds[step];
      if (kind == StepSeries.HIST) {
        context.annotations.histogramIgnored(a.op().text(), a.expr().position());
      }
      if (kind != StepSeries.FLOAT) {
        continue;
      }
      double v = series.floats[step];
      if (n < k) {
        if (n == bestSeries.length) {
          bestSeries = Arrays.copyOf(bestSeries, n * 2);
          bestValues = Arrays.copyOf(bestValues, n * 2);
        }
        bestSeries[n] = s;
        bestValues[n] = v;
        up(n++, top);
      } else if ((top ? bestValues[0] < v : bestValues[0] > v)
          || (Double.isNaN(bestValues[0]) && !Double.isNaN(v))) {
        bestSeries[0] = s;
        bestValues[0] = v;
        down(n, top);
      }
    }
    sortBest(n, top);
    return n;
  }

  /** Sorts the first {@code n} best; equal elements keep their order, NaN are reversed. */
  private void sortBest(int n, boolean top) {
    for (int from = 0; from < n; from += RUN) {
      int to = Math.min(n, from + RUN);
      for (int i = from + 1; i < to; i++) {
        for (int j = i; j > from && worse(j - 1, j, top); j--) {
          swap(j, j - 1);
        }
      }
    }
    if (n <= RUN) {
      return;
    }
    context.take(n * 12L);
    int[] series = new int[n];
    double[] values = new double[n];
    for (int width = RUN; width < n; width *= 2) {
      context.checkNow();
      for (int from = 0; from < n; from += 2 * width) {
        int middle = Math.min(n, from + width);
        int to = Math.min(n, middle + width);
        int left = from;
        int right = middle;
        for (int i = from; i < to; i++) {
          boolean second = left == middle || (right < to && worse(left, right, top));
          int next = second ? right++ : left++;
          series[i] = bestSeries[next];
          values[i] = bestValues[next];
        }
      }
      int[] s = bestSeries;
      double[] v = bestValues;
      bestSeries = series;
      bestValues = values;
      series = s;
      values = v;
    }
    context.drop(n * 12L);
  }

  private boolean worse(int i, int j, boolean top) {
    double a = bestValues[i];
    double b = bestValues[j];
    if (Double.isNaN(a)) {
      return true;
    }
    return top ? a < b : a > b;
  }

  private void up(int from, boolean top) {
    int j = from;
    while (j > 0) {
      int parent = (j - 1) / 2;
      if (!worse(j, parent, top)) {
        return;
      }
      swap(parent, j);
      j = parent;
    }
  }

  private void down(int n, boolean top) {
    int i = 0;
    while (2 * i + 1 < n) {
      int j = 2 * i + 1;
      if (j + 1 < n && worse(j + 1, j, top)) {
        j++;
      }
      if (!worse(j, i, top)) {
        return;
      }
      swap(i, j);
      i = j;
    }
  }

  private void swap(int i, int j) {
    int s = bestSeries[i];
    bestSeries[i] = bestSeries[j];
    bestSeries[j] = s;
    double v = bestValues[i];
    bestValues[i] = bestValues[j];
    bestValues[j] = v;
  }

  private void keep(List<StepSeries> in, StepSeries[] kept, int s, int step, List<Integer> order) {
    StepSeries from = in.get(s);
    if (kept[s] == null) {
      kept[s] = context.series(from.labels, from.dropName, from.steps());
      order.add(s);
    }
    kept[s].copy(step, from, step);
  }

  private static void collect(StepSeries[] kept, List<Integer> order, List<StepSeries> out) {
    for (int s : order) {
      out.add(kept[s]);
    }
  }

  private void limitk(
      double[] params, List<StepSeries> in, Groups groups, Grid grid, List<StepSeries> out) {
    StepSeries[] kept = new StepSeries[in.size()];
    List<Integer> order = new ArrayList<>();
    for (int[] group : members(groups)) {
      for (int i = 0; i < grid.size(); i++) {
        long left = (long) params[i];
        for (int s : group) {
          if (left > 0 && in.get(s).kinds[i] != StepSeries.NONE) {
            keep(in, kept, s, i, order);
            left--;
          }
        }
      }
    }
    collect(kept, order, out);
  }

  private void limitRatio(
      AggregateExpr a, double[] params, List<StepSeries> in, Grid grid, List<StepSeries> out) {
    double[] ratio = params.clone();
    for (int i = 0; i < ratio.length; i++) {
      if (ratio[i] < -1 || ratio[i] > 1) {
        double to = ratio[i] < 0 ? -1 : 1;
        context.annotations.invalidRatio(
            ratio[i], to, java.util.Objects.requireNonNull(a.param()).position());
        ratio[i] = to;
      }
    }
    StepSeries[] kept = new StepSeries[in.size()];
    List<Integer> order = new ArrayList<>();
    for (int s = 0; s < in.size(); s++) {
      double offset = LabelHash.offset(in.get(s).labels);
      for (int i = 0; i < grid.size(); i++) {
        boolean add = ratio[i] >= 0 ? offset < ratio[i] : offset >= 1 + ratio[i];
        if (add && in.get(s).kinds[i] != StepSeries.NONE) {
          keep(in, kept, s, i, order);
        }
      }
    }
    collect(kept, order, out);
  }

  private List<StepSeries> countValues(
      AggregateExpr a, String label, List<StepSeries> in, Grid grid) {
    Set<String> names = Fold.names(a);
    Map<Labels, StepSeries> out = new LinkedHashMap<>();
    for (StepSeries s : in) {
      context.check();
      Labels base = Fold.groupLabels(a, names, s.labels);
      String lastText = "";
      StepSeries last = null;
      for (int i = 0; i < grid.size(); i++) {
        if (s.kinds[i] == StepSeries.NONE) {
          continue;
        }
        String text =
            s.kinds[i] == StepSeries.FLOAT ? Numbers.plain(s.floats[i]) : s.hist(i).toString();
        if (last == null || !text.equals(lastText)) {
          Labels labels = base.with(label, text);
          last = out.get(labels);
          if (last == null) {
            context.retain(2L * text.length());
            last = context.series(labels, s.dropName, grid.size());
            out.put(labels, last);
          }
          if (s.dropName && !last.dropName) {
            last = last.with(labels, true);
            out.put(labels, last);
          }
          lastText = text;
        }
        last.set(i, last.floats[i] + 1);
      }
    }
    return new ArrayList<>(out.values());
  }
}
