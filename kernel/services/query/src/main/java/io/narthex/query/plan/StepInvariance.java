package io.narthex.query.plan;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.NumberLiteral;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.StringLiteral;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.promql.Expr.UnaryExpr;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.query.functions.QueryFunctions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;

/** Finds the parts of a query that have the same value at all steps. Not thread-safe. */
final class StepInvariance {
  private final Map<Expr, Boolean> known = new IdentityHashMap<>(8);
  private final QueryFunctions functions;

  StepInvariance(QueryFunctions functions) {
    this.functions = functions;
  }

  /** Returns whether an expression has the same value at all steps. */
  boolean of(Expr e) {
    Boolean found = known.get(e);
    if (found != null) {
      return found;
    }
    // chains of operators from their first operand on, so that this does not recurse along them
    Deque<Expr> chain = new ArrayDeque<>();
    Expr at = e;
    while (at instanceof BinaryExpr b && !known.containsKey(b)) {
      chain.push(b);
      at = b.left();
    }
    while (!chain.isEmpty()) {
      Expr next = chain.pop();
      known.put(next, find(next));
    }
    return known.computeIfAbsent(e, this::find);
  }

  private boolean find(Expr e) {
    return switch (e) {
      case NumberLiteral _, StringLiteral _ -> true;
      case VectorSelector v -> v.at() != null;
      case MatrixSelector m -> m.selector().at() != null;
      case SubqueryExpr s -> s.at() != null;
      case ParenExpr p -> of(p.expr());
      case UnaryExpr u -> of(u.expr());
      case BinaryExpr b -> of(b.left()) & of(b.right());
      case Expr.AggregateExpr a -> {
        Expr param = a.param();
        yield of(a.expr()) && (param == null || of(param));
      }
      case Call c -> {
        boolean all = functions.of(c).isStepInvariant();
        for (Expr a : c.arguments()) {
          all = all && of(a);
        }
        yield all;
      }
    };
  }
}
