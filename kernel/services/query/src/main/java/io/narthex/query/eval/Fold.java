package io.narthex.query.eval;

import io.narthex.model.Labels;
import io.narthex.promql.AggregateOp;
import io.narthex.promql.Expr.AggregateExpr;
import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.HistSum;
import io.narthex.query.math.Kahan;
import io.narthex.query.series.SeriesSink;
import io.narthex.query.series.StepSeries;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An aggregation that adds each series to the accumulator of its group and then drops it. An
 * accumulator covers all steps. Not thread-safe.
 */
final class Fold implements SeriesSink {
  /** Bytes per step that a group takes in addition to its result, at most. */
  private static final int GROUP_BYTES = 14;

  /** Groups that are found without making their labels; a power of two. */
  private static final int RECENT = 256;

  private final QueryContext context;
  private final int steps;
  private final Function<Labels, Labels> groupOf;
  private final Function<StepSeries, Group> begin;
  private final Map<Labels, Group> groups = new LinkedHashMap<>();
  private final boolean needsLabels;

  /** The labels of {@code by}; empty without it. */
  private final String[] by;

  private final String[] values; // of these labels, of the series at hand
  private final @Nullable Recent[] recent;

  /** A group that a series was in lately, with the values that all of its series have. */
  private record Recent(String[] values, Group group) {}

  /** The accumulator of a group. */
  abstract static class Group {
    final StepSeries out;

    /** Whether any member has lost its name. */
    boolean dropName;

    Group(StepSeries out) {
      this.out = out;
    }

    abstract void add(StepSeries series);

    /** Completes {@link #out}. */
    void end() {}
  }

  /**
   * Prepares an aggregation of which no result depends on several series at once.
   *
   * @throws IllegalArgumentException for another one
   */
  Fold(QueryContext context, AggregateExpr a, int steps) {
    this.context = context;
    this.steps = steps;
    Set<String> names = names(a);
    boolean one = !a.without() && a.grouping().isEmpty();
    needsLabels = !one || (a.op() != AggregateOp.COUNT && a.op() != AggregateOp.GROUP);
    by = a.without() ? new String[0] : names.toArray(String[]::new);
    values = new String[by.length];
    recent = new Recent[by.length == 0 ? 0 : RECENT];
    groupOf = one ? l -> Labels.EMPTY : l -> groupLabels(a, names, l);
    Annotations annotations = context.annotations;
    PosRange position = a.expr().position();
    begin =
        switch (a.op()) {
          case SUM -> out -> new Sum(out, context, position, false);
          case AVG -> out -> new Sum(out, context, position, true);
          case COUNT -> out -> new Count(out, true);
          case GROUP -> out -> new Count(out, false);
          case MIN -> out -> new Extreme(out, annotations, position, false);
          case MAX -> out -> new Extreme(out, annotations, position, true);
          case STDDEV -> out -> new Deviation(out, annotations, position, true);
          case STDVAR -> out -> new Deviation(out, annotations, position, false);
          default -> throw new IllegalArgumentException(a.op().text() + " keeps its series");
        };
  }

  /** Returns the labels of the group of a series. */
  static Labels groupLabels(AggregateExpr a, Set<String> names, Labels labels) {
    return a.without() ? labels.drop(names) : labels.keep(names);
  }

  /** Returns the names of labels that are kept, or dropped with {@code without}. */
  static Set<String> names(AggregateExpr a) {
    Set<String> names = new HashSet<>(a.grouping());
    if (a.without()) {
      names.add(Labels.METRIC_NAME);
    }
    return names;
  }

  @Override
  public boolean needsLabels() {
    return needsLabels;
  }

  /**
   * Sums and means may differ in the last digit with another order. That of the storage is the one
   * that Prometheus adds in, and a million series are not sorted.
   */
  @Override
  public boolean needsOrder() {
    return false;
  }

  @Override
  public void add(StepSeries series) {
    context.check();
    Group group = by.length == 0 ? group(series.labels) : recentGroup(series.labels);
    group.dropName |= series.dropName;
    group.add(series);
  }

  private Group recentGroup(Labels labels) {
    int hash = 0;
    for (int i = 0; i < by.length; i++) {
      values[i] = labels.get(by[i]);
      hash = hash * 31 + values[i].hashCode();
    }
    int at = hash & RECENT - 1;
    Recent known = recent[at];
    if (known == null || !Arrays.equals(known.values, values)) {
      known = new Recent(values.clone(), group(labels));
      recent[at] = known;
    }
    return known.group;
  }

  private Group group(Labels ofSeries) {
    Labels labels = groupOf.apply(ofSeries);
    Group group = groups.get(labels);
    if (group == null) {
      context.take((long) GROUP_BYTES * steps);
      group = begin.apply(context.series(labels, false, steps));
      groups.put(labels, group);
    }
    return group;
  }

  /** Returns the series of the groups, in the order in which they appeared. */
  List<StepSeries> result() {
    List<StepSeries> out = new ArrayList<>(groups.size());
    for (Group group : groups.values()) {
      group.end();
      StepSeries series = group.out;
      out.add(group.dropName ? series.with(series.labels, true) : series);
    }
    return out;
  }

  /** Sum and mean. */
  private static final class Sum extends Group {
    private static final byte MIXED = 1;
    private static final byte INCOMPATIBLE = 2;

    private final QueryContext context;
    private final Annotations annotations;
    private final PosRange position;
    private final boolean mean;
    private final double[] lost; // low parts lost by the sum
    private final int[] n;
    private final boolean[] incremental;
    private final byte[] bad;
    private HistSum[] hists = new HistSum[0];

    Sum(StepSeries out, QueryContext context, PosRange position, boolean mean) {
      super(out);
      this.context = context;
      this.annotations = context.annotations;
      this.position = position;
      this.mean = mean;
      lost = new double[out.steps()];
      n = new int[out.steps()];
      incremental = new boolean[mean ? out.steps() : 0];
      bad = new byte[out.steps()];
    }

    @Override
    void add(StepSeries series) {
      double[] sum = out.floats;
      byte[] kinds = out.kinds;
      for (int i = 0; i < kinds.length; i++) {
        byte kind = series.kinds[i];
        if (kind == StepSeries.NONE) {
          continue;
        }
        if (kinds[i] == StepSeries.NONE && kind == StepSeries.FLOAT) {
          kinds[i] = kind;
          sum[i] = series.floats[i];
          n[i] = 1;
        } else if (kinds[i] != StepSeries.NONE && kinds[i] != kind) {
          bad[i] |= MIXED;
        } else if (kind == StepSeries.FLOAT) {
          n[i]++;
          double v = series.floats[i];
          if (mean) {
            addToMean(i, v);
          } else {
            double t = sum[i] + v;
            lost[i] = Kahan.compensation(sum[i], v, lost[i]);
            sum[i] = t;
          }
        } else {
          kinds[i] = kind;
          n[i]++;
          addHist(i, series);
        }
      }
    }

    private void addHist(int i, StepSeries series) {
      if (hists.length == 0) {
        hists = new HistSum[out.steps()];
      }
      if (hists[i] == null) {
        context.take(2L * series.hist(i).bytes());
        hists[i] = new HistSum(annotations, position, mean);
      }
      if ((bad[i] & INCOMPATIBLE) == 0 && !hists[i].add(series.hist(i))) {
        bad[i] |= INCOMPATIBLE;
        annotations.mixedExponentialCustom(series.labels.metricName(), position);
      }
    }

    private void addToMean(int i, double v) {
      double[] sum = out.floats;
      if (!incremental[i]) {
        double t = sum[i] + v;
        if (!Double.isInfinite(t)) {
          lost[i] = Kahan.compensation(sum[i], v, lost[i]);
          sum[i] = t;
          return;
        }
        incremental[i] = true;
        sum[i] /= n[i] - 1;
        lost[i] /= n[i] - 1;
      }
      double q = (double) (n[i] - 1) / n[i];
      double base = q * sum[i];
      double inc = v / n[i];
      lost[i] = Kahan.compensation(base, inc, q * lost[i]);
      sum[i] = base + inc;
    }

    @Override
    void end() {
      for (int i = 0; i < out.steps(); i++) {
        if (bad[i] != 0) {
          if ((bad[i] & MIXED) != 0) {
            annotations.mixedFloatsHistogramsInAggregation(position);
          }
          out.kinds[i] = StepSeries.NONE;
        } else if (out.kinds[i] == StepSeries.FLOAT) {
          double sum = out.floats[i];
          out.floats[i] = mean && !incremental[i] ? sum / n[i] + lost[i] / n[i] : sum + lost[i];
        } else if (out.kinds[i] == StepSeries.HIST) {
          out.set(i, hists[i].value().compact());
        }
      }
    }
  }

  /** Number of elements, or 1 where there is any. */
  private static final class Count extends Group {
    private final boolean count;

    Count(StepSeries out, boolean count) {
      super(out);
      this.count = count;
    }

    @Override
    void add(StepSeries series) {
      for (int i = 0; i < out.kinds.length; i++) {
        if (series.kinds[i] != StepSeries.NONE) {
          out.set(i, count ? out.floats[i] + 1 : 1);
        }
      }
    }
  }

  /** Least or greatest of the floats. */
  private static final class Extreme extends Group {
    private final Annotations annotations;
    private final PosRange position;
    private final boolean max;

    Extreme(StepSeries out, Annotations annotations, PosRange position, boolean max) {
      super(out);
      this.annotations = annotations;
      this.position = position;
      this.max = max;
    }

    @Override
    void add(StepSeries series) {
      for (int i = 0; i < out.kinds.length; i++) {
        byte kind = series.kinds[i];
        if (kind == StepSeries.HIST) {
          annotations.histogramIgnored(max ? "max" : "min", position);
        } else if (kind == StepSeries.FLOAT) {
          double v = series.floats[i];
          double now = out.floats[i];
          if (out.kinds[i] == StepSeries.NONE || (max ? v > now : v < now) || Double.isNaN(now)) {
            out.set(i, v);
          }
        }
      }
    }
  }

  /** Standard deviation and variance of the floats, by Welford's algorithm. */
  private static final class Deviation extends Group {
    private final Annotations annotations;
    private final PosRange position;
    private final boolean root;
    private final double[] mean;
    private final int[] n;

    Deviation(StepSeries out, Annotations annotations, PosRange position, boolean root) {
      super(out);
      this.annotations = annotations;
      this.position = position;
      this.root = root;
      mean = new double[out.steps()];
      n = new int[out.steps()];
    }

    @Override
    void add(StepSeries series) {
      for (int i = 0; i < out.steps(); i++) {
        byte kind = series.kinds[i];
        if (kind == StepSeries.HIST) {
          annotations.histogramIgnored(root ? "stddev" : "stdvar", position);
        } else if (kind == StepSeries.FLOAT) {
          double v = series.floats[i];
          n[i]++;
          if (out.kinds[i] == StepSeries.NONE) {
            mean[i] = v;
            out.set(i, Double.isNaN(v) || Double.isInfinite(v) ? Double.NaN : 0);
          } else {
            double delta = v - mean[i];
            mean[i] += delta / n[i];
            out.floats[i] += delta * (v - mean[i]);
          }
        }
      }
    }

    @Override
    void end() {
      for (int i = 0; i < out.steps(); i++) {
        if (out.kinds[i] != StepSeries.NONE) {
          double variance = out.floats[i] / n[i];
          out.floats[i] = root ? Math.sqrt(variance) : variance;
        }
      }
    }
  }
}
