package io.narthex.query.functions;

import io.narthex.model.Labels;
import io.narthex.model.go.GoFloat;
import io.narthex.promql.Expr;
import io.narthex.promql.Numbers;
import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.histogram.BucketWalk;
import io.narthex.query.histogram.ClassicBuckets;
import io.narthex.query.histogram.Hist;
import io.narthex.query.histogram.HistogramMath;
import io.narthex.query.math.GoMath;
import io.narthex.query.series.Grid;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code histogram_quantile} and related functions, over native histograms and over classic
 * buckets. Which buckets belong together is found once; a step then only reads the counts.
 */
final class HistogramFunctions {
  static final List<FunctionKernel> KERNELS =
      List.of(
          ofVector(
              "histogram_quantile",
              (o, a, grid) -> {
                double[] q = o.scalars(a.get(0), grid);
                return new HistogramFunctions(o, a.get(1), grid).quantile(q, a.get(0).position());
              }),
          ofVector(
              "histogram_quantiles",
              (o, a, grid) -> new HistogramFunctions(o, a.get(0), grid).quantiles(a)),
          ofVector(
              "histogram_fraction",
              (o, a, grid) -> {
                double[] lower = o.scalars(a.get(0), grid);
                double[] upper = o.scalars(a.get(1), grid);
                return new HistogramFunctions(o, a.get(2), grid).fraction(lower, upper);
              }),
          ofVector("histogram_count", (o, a, grid) -> numbers(o, a, grid, h -> h.count, true)),
          ofVector("histogram_sum", (o, a, grid) -> numbers(o, a, grid, h -> h.sum, true)),
          ofVector(
              "histogram_avg", (o, a, grid) -> numbers(o, a, grid, h -> h.sum / h.count, true)),
          ofVector(
              "histogram_stdvar",
              (o, a, grid) -> numbers(o, a, grid, HistogramMath::variance, false)),
          ofVector(
              "histogram_stddev",
              (o, a, grid) ->
                  numbers(o, a, grid, h -> Math.sqrt(HistogramMath.variance(h)), false)));

  private static final String LE = "le";

  /** The buckets of one classic histogram, by rising bound. */
  private static final class Classic {
    final Labels labels;
    final List<Bucket> buckets = new ArrayList<>();

    /** Steps at which there is a native histogram too, so that neither counts. */
    boolean[] refused = new boolean[0];

    Classic(Labels labels) {
      this.labels = labels;
    }
  }

  private record Bucket(double bound, StepSeries series) {}

  private final Operators operators;
  private final QueryContext context;
  private final Annotations annotations;
  private final PosRange position;
  private final Grid grid;
  private final List<StepSeries> natives = new ArrayList<>();
  private final Map<Labels, Classic> classics = new LinkedHashMap<>();
  private final ClassicBuckets scratch = new ClassicBuckets();

  private HistogramFunctions(Operators operators, Expr argument, Grid grid) {
    this.operators = operators;
    this.context = operators.context();
    this.annotations = context.annotations;
    this.position = argument.position();
    this.grid = grid;
    boolean outer = operators.detectResets(false);
    List<StepSeries> in = operators.vector(argument, grid);
    operators.detectResets(outer);
    for (StepSeries s : in) {
      boolean floats = false;
      boolean hists = false;
      for (byte k : s.kinds) {
        floats |= k == StepSeries.FLOAT;
        hists |= k == StepSeries.HIST;
      }
      if (hists) {
        natives.add(s);
      }
      if (floats) {
        classic(s);
      }
    }
    for (Classic c : classics.values()) {
      c.buckets.sort((a, b) -> Double.compare(a.bound, b.bound));
    }
    refuseMixed();
  }

  private void classic(StepSeries s) {
    String le = s.labels.get(LE);
    double bound;
    try {
      bound = GoFloat.parse(le);
    } catch (IllegalArgumentException e) {
      annotations.badBucketLabel(s.labels.metricName(), le, position);
      return;
    }
    Labels key = s.labels.without(LE);
    classics.computeIfAbsent(key, Classic::new).buckets.add(new Bucket(bound, s));
  }

  private boolean[][] mixed = new boolean[0][];

  /** Marks the steps at which one label set has classic buckets and a native histogram. */
  private void refuseMixed() {
    mixed = new boolean[natives.size()][];
    for (int n = 0; n < natives.size(); n++) {
      StepSeries s = natives.get(n);
      Classic c = classics.get(s.labels.without(LE));
      if (c == null) {
        continue;
      }
      boolean[] both = new boolean[grid.size()];
      for (int i = 0; i < both.length; i++) {
        if (s.kinds[i] == StepSeries.HIST) {
          for (Bucket b : c.buckets) {
            both[i] |= b.series.kinds[i] == StepSeries.FLOAT;
          }
        }
        if (both[i]) {
          annotations.mixedClassicNative(s.labels.metricName(), position);
        }
      }
      mixed[n] = both;
      c.refused = both;
    }
  }

  private boolean has(int n, int step) {
    return natives.get(n).kinds[step] == StepSeries.HIST && (mixed[n] == null || !mixed[n][step]);
  }

  /** Computes the series of a vector. */
  private interface OfVector {
    List<StepSeries> eval(Operators operators, List<Expr> arguments, Grid grid);
  }

  private static FunctionKernel ofVector(String name, OfVector f) {
    return FunctionKernel.ofValues(
        name, (o, c, grid) -> new Value.Vector(f.eval(o, c.arguments(), grid)));
  }

  /** A number taken from a histogram. */
  private interface HistFunction {
    double apply(Hist h);
  }

  /**
   * Returns a number of each native histogram.
   *
   * @param parts whether only count and sum are used, so that resets are detected while reading
   */
  private static List<StepSeries> numbers(
      Operators operators, List<Expr> a, Grid grid, HistFunction f, boolean parts) {
    QueryContext context = operators.context();
    List<StepSeries> out = new ArrayList<>();
    boolean outer = operators.detectResets(parts);
    operators.detectResets(parts || outer);
    operators.feed(
        a.get(0),
        grid,
        s -> {
          StepSeries r = LabelSets.renamed(context, s);
          boolean any = false;
          for (int i = 0; i < s.steps(); i++) {
            if (s.kinds[i] == StepSeries.HIST) {
              r.set(i, f.apply(s.hist(i)));
              any = true;
            }
          }
          if (any) {
            out.add(r);
          }
        });
    operators.detectResets(outer);
    return LabelSets.merge(context, out);
  }

  /** A number per step from a native histogram. */
  private interface Native {
    double apply(Hist h, String metric, int step);
  }

  /** A number per step from classic buckets. */
  private interface OfBuckets {
    double apply(ClassicBuckets b, String metric, int step);
  }

  private List<StepSeries> each(Native ofNative, OfBuckets ofBuckets) {
    List<StepSeries> out = new ArrayList<>();
    for (int n = 0; n < natives.size(); n++) {
      StepSeries s = natives.get(n);
      StepSeries r = LabelSets.renamed(context, s);
      boolean any = false;
      for (int i = 0; i < grid.size(); i++) {
        if (has(n, i)) {
          r.set(i, ofNative.apply(s.hist(i), s.labels.metricName(), i));
          any = true;
        }
      }
      if (any) {
        out.add(r);
      }
    }
    for (Classic c : classics.values()) {
      boolean delayed = context.options.delayedNameRemoval();
      Labels labels = delayed ? c.labels : LabelSets.withoutName(c.labels);
      StepSeries r = context.series(labels, delayed, grid.size());
      boolean any = false;
      String metric = c.buckets.get(0).series.labels.metricName();
      for (int i = 0; i < grid.size(); i++) {
        scratch.clear();
        if (c.refused.length > 0 && c.refused[i]) {
          continue;
        }
        for (Bucket b : c.buckets) {
          if (b.series.kinds[i] == StepSeries.FLOAT) {
            scratch.add(b.bound, b.series.floats[i]);
          }
        }
        if (scratch.size() > 0) {
          r.set(i, ofBuckets.apply(scratch, metric, i));
          any = true;
        }
      }
      if (any) {
        out.add(r);
      }
    }
    return LabelSets.merge(context, out);
  }

  List<StepSeries> quantile(double[] q, PosRange qPlace) {
    for (double x : q) {
      if (Double.isNaN(x) || x < 0 || x > 1) {
        annotations.invalidQuantile(x, qPlace);
      }
    }
    return each(
        (h, metric, i) -> quantile(q[i], h, metric),
        (b, metric, i) -> classicQuantile(q[i], b, metric));
  }

  private double classicQuantile(double q, ClassicBuckets b, String metric) {
    double v = b.quantile(q);
    if (b.forcedMonotonic) {
      annotations.forcedMonotonicity(metric, "", position);
    }
    return v;
  }

  List<StepSeries> quantiles(List<Expr> a) {
    String label = Expressions.text(a.get(1));
    if (!LabelFunctions.isLabelName(label)) {
      throw QueryContext.failed("invalid label name " + io.narthex.promql.Strings.quote(label));
    }
    List<StepSeries> out = new ArrayList<>();
    for (Expr x : a.subList(2, a.size())) {
      double[] q = operators.scalars(x, grid);
      for (StepSeries s : quantile(q, x.position())) {
        if (s.labels.has(label)) {
          throw QueryContext.failed(
              "conflicting label: histogram_quantiles label "
                  + io.narthex.promql.Strings.quote(label)
                  + " is already present");
        }
        split(s, label, q, out);
      }
    }
    return LabelSets.merge(context, out);
  }

  private void split(StepSeries s, String label, double[] q, List<StepSeries> out) {
    Map<String, StepSeries> byText = new LinkedHashMap<>();
    for (int i = 0; i < s.steps(); i++) {
      if (s.kinds[i] != StepSeries.NONE) {
        byText
            .computeIfAbsent(
                openMetrics(q[i]),
                t -> context.series(s.labels.with(label, t), s.dropName, s.steps()))
            .copy(i, s, i);
      }
    }
    out.addAll(byText.values());
  }

  /** Returns a number as label values of quantiles have it: {@code 1.0}, {@code 0.25}. */
  static String openMetrics(double v) {
    String s = Numbers.general(v);
    boolean plain = s.chars().allMatch(c -> c == '-' || (c >= '0' && c <= '9'));
    return plain ? s + ".0" : s;
  }

  List<StepSeries> fraction(double[] lower, double[] upper) {
    return each(
        (h, metric, i) -> fraction(lower[i], upper[i], h, metric),
        (b, metric, i) -> b.fraction(lower[i], upper[i]));
  }

  /* native histograms */

  /** Returns the quantile as HistogramQuantile in promql/quantile.go of Prometheus. */
  private double quantile(double q, Hist h, String metric) {
    if (q < 0) {
      return Double.NEGATIVE_INFINITY;
    }
    if (q > 1) {
      return Double.POSITIVE_INFINITY;
    }
    if (h.count == 0 || Double.isNaN(q)) {
      return Double.NaN;
    }
    boolean nan = Double.isNaN(h.sum);
    boolean forward = nan || q < 0.5;
    double rank = forward ? q * h.count : (1 - q) * h.count;
    BucketWalk w = new BucketWalk(h, !forward);
    double count = 0;
    double bucketCount = 0;
    double lower = 0;
    double upper = 0;
    while (w.next()) {
      lower = w.lower;
      upper = w.upper;
      bucketCount = w.count;
      if (w.count == 0) {
        continue;
      }
      count += w.count;
      if (count >= rank) {
        break;
      }
    }
    if (h.isCustom()) {
      if (lower == Double.NEGATIVE_INFINITY) {
        if (upper <= 0) {
          return upper;
        }
        lower = 0;
      } else if (upper == Double.POSITIVE_INFINITY) {
        return lower;
      }
    } else if (lower < 0 && upper > 0) {
      if (h.negative.size() == 0 && h.positive.size() > 0) {
        lower = 0;
      } else if (h.positive.size() == 0 && h.negative.size() > 0) {
        upper = 0;
      }
    }
    if (count > h.count) {
      count = h.count;
    }
    if (nan) {
      if (count < rank) {
        annotations.nanInQuantile("result is NaN", metric, position);
        return Double.NaN;
      }
      annotations.nanInQuantile("result is skewed higher", metric, position);
    } else if (count < rank) {
      return Double.NaN;
    }
    rank = forward ? rank - (count - bucketCount) : count - rank;
    double fraction = rank / bucketCount;
    if (h.isCustom() || (lower <= 0 && upper >= 0)) {
      return lower + (upper - lower) * fraction;
    }
    double logLower = GoMath.log2(Math.abs(lower));
    double logUpper = GoMath.log2(Math.abs(upper));
    if (lower > 0) {
      return GoMath.exp2(logLower + (logUpper - logLower) * fraction);
    }
    return -GoMath.exp2(logUpper + (logLower - logUpper) * (1 - fraction));
  }

  /** Returns the share of observations as HistogramFraction in promql/quantile.go. */
  private double fraction(double lower, double upper, Hist h, String metric) {
    if (h.count == 0 || Double.isNaN(lower) || Double.isNaN(upper)) {
      return Double.NaN;
    }
    boolean nan = Double.isNaN(h.sum);
    if (nan) {
      annotations.nanInFraction(metric, position);
    }
    if (lower >= upper) {
      return 0;
    }
    double count = h.count;
    if (nan) {
      count = 0;
      BucketWalk all = new BucketWalk(h, false);
      while (all.next()) {
        count += all.count;
      }
    }
    double rank = 0;
    double lowerRank = 0;
    double upperRank = 0;
    boolean lowerSet = false;
    boolean upperSet = false;
    BucketWalk w = new BucketWalk(h, false);
    while (w.next()) {
      double from = w.lower;
      double to = w.upper;
      boolean linear = h.isCustom();
      if (!linear && from <= 0 && to >= 0) {
        linear = true;
        if (h.negative.size() == 0 && h.positive.size() > 0) {
          from = 0;
        } else if (h.positive.size() == 0 && h.negative.size() > 0) {
          to = 0;
        }
      } else if (linear && from == Double.NEGATIVE_INFINITY && to > 0) {
        from = 0;
      }
      if (!lowerSet && from >= lower) {
        lowerRank = rank;
        lowerSet = true;
      }
      if (!upperSet && from >= upper) {
        upperRank = rank;
        upperSet = true;
      }
      if (lowerSet && upperSet) {
        break;
      }
      if (!lowerSet && from < lower && to > lower) {
        lowerRank = rank + HistogramMath.share(lower, from, to, w.count, linear);
        lowerSet = true;
      }
      if (!upperSet && from < upper && to > upper) {
        upperRank = rank + HistogramMath.share(upper, from, to, w.count, linear);
        upperSet = true;
      }
      if (lowerSet && upperSet) {
        break;
      }
      rank += w.count;
    }
    if (!lowerSet || lowerRank > count) {
      lowerRank = count;
    }
    if (!upperSet || upperRank > count) {
      upperRank = count;
    }
    return (upperRank - lowerRank) / h.count;
  }
}
