package io.narthex.query.functions;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.promql.DurationExpr;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.At;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.PosRange;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import io.narthex.text.re2.Re2;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code info()}: adds the data labels of info series to the series they describe. */
final class InfoFunction {
  static final List<FunctionKernel> KERNELS =
      List.of(
          FunctionKernel.ofValues(
                  "info",
                  (o, c, grid) -> new Value.Vector(new InfoFunction(o).eval(c.arguments(), grid)))
              .selecting());

  private static final Set<String> IDENTIFYING = Set.of("instance", "job");

  /** Info series of one metric and one set of identifying labels. */
  private record Key(String metric, String instance, String job) {}

  private record Candidate(StepSeries values, StepSeries times) {}

  private final Operators operators;
  private final QueryContext context;

  private InfoFunction(Operators operators) {
    this.operators = operators;
    this.context = operators.context();
  }

  private List<StepSeries> eval(List<Expr> a, Grid grid) {
    List<StepSeries> base = operators.vector(a.get(0), grid);
    List<Matcher> names = new ArrayList<>();
    List<Matcher> data = new ArrayList<>();
    if (a.size() > 1) {
      for (Matcher m : ((VectorSelector) Expressions.unwrap(a.get(1))).matchers()) {
        (m.name().equals(Labels.METRIC_NAME) ? names : data).add(m);
      }
    }
    if (names.isEmpty()) {
      names.add(Matcher.equal(Labels.METRIC_NAME, "target_info"));
    } else if (names.stream()
        .allMatch(m -> m.type() == Matcher.Type.NOT_EQUAL || m.type() == Matcher.Type.NOT_REGEX)) {
      String pattern = ".+_info";
      names.add(Matcher.regex(Labels.METRIC_NAME, pattern, Re2.compile(pattern)));
    }
    Map<Key, List<Candidate>> infos = candidates(names, data, reference(a.get(0)), grid);
    Set<String> wanted = new HashSet<>();
    data.forEach(m -> wanted.add(m.name()));
    boolean optional = data.stream().allMatch(Matcher::matchesEmpty);
    Set<String> metrics = new HashSet<>();
    infos.keySet().forEach(k -> metrics.add(k.metric()));
    List<StepSeries> out = new ArrayList<>();
    for (StepSeries s : base) {
      context.check();
      String name = s.labels.metricName();
      boolean isInfo = !name.isEmpty() && names.stream().allMatch(m -> m.matches(name));
      if (isInfo) {
        out.add(s);
      } else {
        enrich(s, infos, metrics, wanted, optional, out);
      }
    }
    return LabelSets.merge(context, out);
  }

  /** The time at which the samples of the base series are taken. */
  private record Reference(@Nullable At at, long offsetMs) {}

  /** Returns the time of the first selector in an expression, subqueries around it included. */
  private Reference reference(Expr base) {
    Reference r = reference(base, new Reference(null, 0));
    return r == null ? new Reference(null, 0) : r;
  }

  private @Nullable Reference reference(Expr e, Reference outer) {
    return switch (e) {
      case VectorSelector v -> shifted(outer, v.at(), v.offsetMs(), v.offsetExpr());
      case Expr.MatrixSelector m -> reference(m.selector(), outer);
      case Expr.SubqueryExpr s ->
          reference(s.expr(), shifted(outer, s.at(), s.offsetMs(), s.offsetExpr()));
      case Expr.ParenExpr p -> reference(p.expr(), outer);
      case Expr.UnaryExpr u -> reference(u.expr(), outer);
      case Expr.AggregateExpr a -> reference(a.expr(), outer);
      case Expr.BinaryExpr b -> {
        Reference left = reference(b.left(), outer);
        yield left != null ? left : reference(b.right(), outer);
      }
      case Expr.Call c -> {
        Reference found = null;
        for (Expr x : c.arguments()) {
          found = found != null ? found : reference(x, outer);
        }
        yield found;
      }
      case Expr.NumberLiteral _, Expr.StringLiteral _ -> null;
    };
  }

  private Reference shifted(
      Reference outer, @Nullable At at, long offsetMs, @Nullable DurationExpr offsetExpr) {
    long offset = context.duration(offsetMs, offsetExpr, false);
    return at != null
        ? new Reference(at, offset)
        : new Reference(outer.at, outer.offsetMs + offset);
  }

  private Map<Key, List<Candidate>> candidates(
      List<Matcher> names, List<Matcher> data, Reference time, Grid grid) {
    List<Matcher> matchers = new ArrayList<>(names);
    matchers.addAll(data);
    VectorSelector selector =
        new VectorSelector(
            "", matchers, time.offsetMs, null, time.at, RangeMode.PLAIN, true, new PosRange(0, 0));
    List<StepSeries> values = operators.select(selector, grid, SamplePart.VALUE);
    List<StepSeries> times = operators.select(selector, grid, SamplePart.TIME);
    Map<Key, List<Candidate>> out = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      Labels l = values.get(i).labels;
      for (byte kind : values.get(i).kinds) {
        if (kind == StepSeries.HIST) {
          throw QueryContext.failed("this should be an info metric, with float samples: " + l);
        }
      }
      out.computeIfAbsent(
              new Key(l.metricName(), l.get("instance"), l.get("job")), k -> new ArrayList<>())
          .add(new Candidate(values.get(i), times.get(i)));
    }
    return out;
  }

  private void enrich(
      StepSeries s,
      Map<Key, List<Candidate>> infos,
      Set<String> metrics,
      Set<String> wanted,
      boolean optional,
      List<StepSeries> out) {
    String instance = s.labels.get("instance");
    String job = s.labels.get("job");
    List<List<Candidate>> mine = new ArrayList<>();
    for (String metric : metrics) {
      List<Candidate> c = infos.get(new Key(metric, instance, job));
      if (c != null && !(instance.isEmpty() && job.isEmpty())) {
        mine.add(c);
      }
    }
    Map<Labels, StepSeries> results = new HashMap<>();
    for (int i = 0; i < s.steps(); i++) {
      if (s.kinds[i] == StepSeries.NONE) {
        continue;
      }
      Labels.Builder added = Labels.builder();
      boolean matched = false;
      for (List<Candidate> candidates : mine) {
        StepSeries info = newest(candidates, i);
        if (info != null) {
          matched = true;
          add(info.labels, s.labels, wanted, added);
        }
      }
      if (!matched && !optional) {
        continue;
      }
      Labels.Builder b = s.labels.toBuilder();
      added.build().forEach(b::set);
      results
          .computeIfAbsent(b.build(), l -> context.series(l, s.dropName, s.steps()))
          .copy(i, s, i);
    }
    out.addAll(results.values());
  }

  private static @Nullable StepSeries newest(List<Candidate> candidates, int step) {
    Candidate best = null;
    for (Candidate c : candidates) {
      if (c.values.kinds[step] == StepSeries.NONE) {
        continue;
      }
      if (best != null && best.times.floats[step] == c.times.floats[step]) {
        throw QueryContext.failed(
            "found duplicate series for info metric: existing "
                + best.values.labels
                + " @ "
                + Math.round(best.times.floats[step] * 1000)
                + ", new "
                + c.values.labels
                + " @ "
                + Math.round(c.times.floats[step] * 1000));
      }
      if (best == null || c.times.floats[step] > best.times.floats[step]) {
        best = c;
      }
    }
    return best == null ? null : best.values;
  }

  private static void add(Labels info, Labels base, Set<String> wanted, Labels.Builder added) {
    info.forEach((name, value) -> {
      if (name.equals(Labels.METRIC_NAME)
          || IDENTIFYING.contains(name)
          || (!wanted.isEmpty() && !wanted.contains(name))
          || base.has(name)) {
        return;
      }
      String known = added.get(name);
      if (!known.isEmpty() && !known.equals(value)) {
        throw QueryContext.failed("conflicting label: " + name);
      }
      added.set(name, value);
    });
  }
}
