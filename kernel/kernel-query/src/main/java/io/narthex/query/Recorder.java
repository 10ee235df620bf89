package io.narthex.query;

import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.Printer;
import io.narthex.service.query.QueryInspector.PlanNode;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Notes what the parts of a running query cost. One thread. */
final class Recorder {
  /** The cost of one expression over all its evaluations. */
  private static final class Cost {
    int evaluations;
    long series;
    long samples;
    long read;
    long nanos;
  }

  /** Counts the series of a selector. */
  interface Estimate {
    long series(List<Matcher> matchers);
  }

  private final Map<Expr, Cost> costs = new IdentityHashMap<>();
  private Plan plan = Plan.none();

  /** Sets the plan of the query, for its decisions. */
  void use(Plan p) {
    plan = p;
  }

  /** Notes one evaluation. */
  void add(Expr e, long series, long samples, long read, long nanos) {
    Cost c = costs.computeIfAbsent(e, k -> new Cost());
    c.evaluations++;
    c.series = Math.max(c.series, series);
    c.samples += samples;
    c.read += read;
    c.nanos += nanos;
  }

  /** Returns the plan with what was noted. */
  PlanNode plan(Expr e, Estimate estimate) {
    Cost c = costs.getOrDefault(e, new Cost());
    List<PlanNode> children = new ArrayList<>();
    for (Expr child : SyntaxTree.children(e)) {
      children.add(plan(child, estimate));
    }
    VectorSelector selector = selector(e);
    return new PlanNode(
        SyntaxTree.kind(e),
        Printer.print(e),
        e.position().start(),
        e.position().end(),
        c.evaluations,
        c.series,
        c.samples,
        c.read,
        c.nanos,
        selector == null ? null : estimate.series(selector.matchers()),
        children,
        plan.decisions(e));
  }

  private static @Nullable VectorSelector selector(Expr e) {
    return e instanceof VectorSelector v ? v : e instanceof MatrixSelector m ? m.selector() : null;
  }
}
