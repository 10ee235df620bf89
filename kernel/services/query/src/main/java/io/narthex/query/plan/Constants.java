package io.narthex.query.plan;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.NumberLiteral;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.UnaryExpr;
import io.narthex.promql.ValueType;
import io.narthex.query.functions.FunctionKernel.OfNumbers;
import io.narthex.query.functions.QueryFunctions;
import io.narthex.query.math.ScalarOperators;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Folds the parts of a query that consist of numbers only, with the engine's arithmetic. */
final class Constants {
  private Constants() {}

  /**
   * Returns the values of all parts that can be calculated, except literals.
   *
   * @param nodes the parts of a query, each before the parts inside of it
   */
  static Map<Expr, Double> fold(List<Expr> nodes, QueryFunctions functions) {
    Map<Expr, Double> out = null;
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Expr e = nodes.get(i);
      if (e.type() != ValueType.SCALAR || e instanceof NumberLiteral) {
        continue;
      }
      Map<Expr, Double> known = out == null ? Map.of() : out;
      Double value = value(e, known, functions);
      if (value != null) {
        if (out == null) {
          out = new IdentityHashMap<>();
        }
        out.put(e, value);
      }
    }
    return out == null ? Map.of() : out;
  }

  private static @Nullable Double value(Expr e, Map<Expr, Double> known, QueryFunctions functions) {
    return switch (e) {
      case ParenExpr p -> of(p.expr(), known);
      case UnaryExpr u -> {
        Double v = of(u.expr(), known);
        yield v == null || !u.minus() ? v : (Double) (-v);
      }
      case BinaryExpr b -> {
        Double l = of(b.left(), known);
        Double r = of(b.right(), known);
        yield l == null || r == null ? null : (Double) ScalarOperators.apply(b.op(), l, r);
      }
      case Call c -> call(c, known, functions);
      default -> null;
    };
  }

  private static @Nullable Double call(Call c, Map<Expr, Double> known, QueryFunctions functions) {
    if (!(functions.of(c).evaluation() instanceof OfNumbers f)) {
      return null;
    }
    double[] numbers = {Double.NaN, Double.NaN};
    for (int i = 0; i < c.arguments().size(); i++) {
      Double x = of(c.arguments().get(i), known);
      if (x == null) {
        return null;
      }
      numbers[i] = x;
    }
    return f.function().applyAsDouble(numbers[0], numbers[1]);
  }

  private static @Nullable Double of(Expr e, Map<Expr, Double> known) {
    return e instanceof NumberLiteral n ? (Double) n.value() : known.get(e);
  }
}
