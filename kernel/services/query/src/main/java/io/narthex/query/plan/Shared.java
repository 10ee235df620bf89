package io.narthex.query.plan;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.PosRange;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.QueryContext;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Value;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The value of a part that occurs several times in a query with the same steps. It is calculated
 * for the first of them and dropped with the last; the others count the same cost and report the
 * same annotations, at their own positions. Not thread-safe.
 */
public final class Shared {
  /** Evaluates an expression, whether its value is shared or not. */
  public interface Evaluation {
    Value eval(Expr e, Grid grid);
  }

  private record Made(
      Expr at,
      Value value,
      boolean resets,
      QueryContext.Cost cost,
      Set<Annotations.Annotation> annotations) {}

  /** The number among the shared values of the query, from 1 on; 0 when it is not shared. */
  int number;

  private int uses;
  private @Nullable Made made;
  private final QueryContext.Retained kept = new QueryContext.Retained();

  /** Counts a use of the value; returns whether it is the first. */
  boolean add() {
    return ++uses == 1;
  }

  /** Returns how many uses are left. */
  int uses() {
    return uses;
  }

  /**
   * Returns the value for one of its uses.
   *
   * @param resets whether counter resets of histograms are detected
   * @throws io.narthex.service.query.QueryException as its evaluation would
   */
  public Value eval(
      Evaluation evaluation, QueryContext context, boolean resets, Expr e, Grid grid) {
    uses--;
    Made known = made;
    if (known == null && uses > 0) {
      return make(evaluation, context, e, grid, resets);
    }
    if (known == null || known.resets != resets) {
      return evaluation.eval(e, grid);
    }
    if (uses <= 0) {
      made = null;
      context.release(kept);
    }
    context.repeat(known.cost);
    if (!known.annotations.isEmpty()) {
      Map<PosRange, PosRange> moved = moved(known.at, e);
      context.annotations.repeat(known.annotations, p -> moved.getOrDefault(p, p));
    }
    return known.value;
  }

  private Value make(
      Evaluation evaluation, QueryContext context, Expr e, Grid grid, boolean resets) {
    QueryContext.Mark mark = context.mark();
    Set<Annotations.Annotation> outer = context.annotations.begin();
    Value v = frozen(evaluation.eval(e, grid));
    Set<Annotations.Annotation> annotations = context.annotations.end(outer);
    context.retain(kept, Value.bytes(v));
    made = new Made(e, v, resets, context.since(mark), annotations);
    return v;
  }

  private static Value frozen(Value v) {
    return v instanceof Value.Vector x
        ? new Value.Vector(Collections.unmodifiableList(x.series()))
        : v;
  }

  /** Maps the positions in one expression to those in another of the same structure. */
  private static Map<PosRange, PosRange> moved(Expr from, Expr to) {
    Map<PosRange, PosRange> out = new HashMap<>();
    Deque<Expr> pairs = new ArrayDeque<>(List.of(from, to));
    while (!pairs.isEmpty()) {
      Expr x = pairs.pop();
      Expr y = pairs.pop();
      out.put(x.position(), y.position());
      if (x instanceof MatrixSelector m && y instanceof MatrixSelector n) {
        out.put(m.selector().position(), n.selector().position());
      }
      List<Expr> xs = SyntaxTree.children(x);
      List<Expr> ys = SyntaxTree.children(y);
      for (int i = 0; i < xs.size(); i++) {
        pairs.add(xs.get(i));
        pairs.add(ys.get(i));
      }
    }
    return out;
  }
}
