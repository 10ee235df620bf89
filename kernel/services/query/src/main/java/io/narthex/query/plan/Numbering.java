package io.narthex.query.plan;

import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.AggregateExpr;
import io.narthex.promql.Expr.At;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.NumberLiteral;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.Expr.StringLiteral;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.promql.Expr.UnaryExpr;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.query.functions.QueryFunctions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Numbers the parts of a query: equal parts, wherever they stand, have the same number. Parts that
 * may differ although they look the same have a number of their own: functions of plugins, and
 * calculated durations, whose errors name their position.
 */
final class Numbering {
  /**
   * What is known of a part.
   *
   * @param id its number
   * @param reads whether it has a selector inside
   */
  record Entry(int id, boolean reads) {}

  private record Selector(
      String name,
      List<Matcher> matchers,
      long offsetMs,
      @Nullable At at,
      RangeMode mode,
      boolean matchersOnly,
      long rangeMs) {}

  private record Subquery(int inner, long rangeMs, long stepMs, long offsetMs, @Nullable At at) {}

  private record Composite(
      Object what, @Nullable Object detail, boolean flag, List<Integer> inner) {}

  private final QueryFunctions functions;
  private final Map<Expr, Entry> entries;
  private final Map<Object, Integer> ids = new HashMap<>();

  /**
   * Numbers all parts.
   *
   * @param nodes the parts of a query, each before the parts inside of it
   */
  Numbering(List<Expr> nodes, QueryFunctions functions) {
    this.functions = functions;
    entries = new IdentityHashMap<>(nodes.size());
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Expr e = nodes.get(i);
      Object key = key(e);
      Integer known = ids.putIfAbsent(key, ids.size());
      entries.put(e, new Entry(known == null ? ids.size() - 1 : known, reads(e)));
    }
  }

  /**
   * Returns what is known of a part.
   *
   * @throws IllegalStateException when it is none of this query, or not numbered yet
   */
  Entry of(Expr e) {
    Entry known = entries.get(e);
    if (known == null) {
      throw new IllegalStateException("numbering: a part came before those inside of it");
    }
    return known;
  }

  private boolean reads(Expr e) {
    if (e instanceof VectorSelector || e instanceof MatrixSelector) {
      return true;
    }
    for (Expr inner : SyntaxTree.children(e)) {
      Entry known = entries.get(inner);
      if (known != null && known.reads()) {
        return true;
      }
    }
    return false;
  }

  private List<Integer> inner(Expr e) {
    List<Expr> parts = SyntaxTree.children(e);
    List<Integer> out = new ArrayList<>(parts.size());
    for (Expr part : parts) {
      out.add(of(part).id());
    }
    return out;
  }

  private Object key(Expr e) {
    return switch (e) {
      case NumberLiteral n -> Double.doubleToRawLongBits(n.value());
      case StringLiteral s -> s.value();
      case VectorSelector v -> selector(v, -1);
      case MatrixSelector m ->
          m.rangeExpr() != null ? new Object() : selector(m.selector(), m.rangeMs());
      case SubqueryExpr s ->
          s.rangeExpr() != null || s.stepExpr() != null || s.offsetExpr() != null
              ? new Object()
              : new Subquery(of(s.expr()).id(), s.rangeMs(), s.stepMs(), s.offsetMs(), s.at());
      case ParenExpr _ -> new Composite("()", null, false, inner(e));
      case UnaryExpr u -> new Composite("-", null, u.minus(), inner(e));
      case BinaryExpr b -> new Composite(b.op(), b.matching(), b.returnBool(), inner(e));
      case AggregateExpr a -> new Composite(a.op(), a.grouping(), a.without(), inner(e));
      case Call c ->
          functions.of(c).plugin()
              ? new Object()
              : new Composite(c.function().name(), null, false, inner(e));
    };
  }

  private static Object selector(VectorSelector v, long rangeMs) {
    return v.offsetExpr() != null
        ? new Object()
        : new Selector(
            v.name(), v.matchers(), v.offsetMs(), v.at(), v.mode(), v.matchersOnly(), rangeMs);
  }
}
