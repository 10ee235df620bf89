package io.narthex.query.plan;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.promql.BinaryOp;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.AggregateExpr;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.Expr.UnaryExpr;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.ValueType;
import io.narthex.promql.VectorMatching;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.functions.Expressions;
import io.narthex.query.functions.QueryFunctions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Derives from one side of a binary operator which series of the other side can matter. Only plain
 * instant selectors are narrowed: they cannot fail and report nothing.
 */
final class Narrowing {
  private final boolean typeAndUnitLabels;
  private final QueryFunctions functions;

  Narrowing(EngineOptions options, QueryFunctions functions) {
    this.functions = functions;
    typeAndUnitLabels = options.typeAndUnitLabels();
  }

  /** Returns the plain instant selector that an expression is; null when it is something else. */
  static @Nullable VectorSelector plain(Expr e) {
    return Expressions.unwrap(e) instanceof VectorSelector v
            && v.mode() == RangeMode.PLAIN
            && v.offsetExpr() == null
        ? v
        : null;
  }

  /** Returns the matchers that may be added to the left side. */
  List<Matcher> forLeft(BinaryExpr b) {
    List<Matcher> more = compared(b, b.right());
    return more.isEmpty() || b.op() == BinaryOp.AND || isUniqueJoin(b) ? more : List.of();
  }

  /** Returns the matchers that may be added to the right side. */
  List<Matcher> forRight(BinaryExpr b) {
    List<Matcher> more = compared(b, b.left());
    boolean filters = b.op() == BinaryOp.AND || b.op() == BinaryOp.UNLESS;
    return more.isEmpty() || filters || isUniqueJoin(b) ? more : List.of();
  }

  /** Returns whether the result is empty when either side is. */
  static boolean needsBoth(BinaryExpr b) {
    VectorMatching m = b.matching();
    return m != null
        && b.op() != BinaryOp.OR
        && b.op() != BinaryOp.UNLESS
        && m.fillLeft() == null
        && m.fillRight() == null;
  }

  /** Returns whether the right side does not matter when the left one is empty. */
  static boolean needsLeft(BinaryExpr b) {
    return needsBoth(b) || b.op() == BinaryOp.UNLESS;
  }

  /** Returns whether the right side is to be evaluated first, as the left one may not be needed. */
  static boolean rightFirst(BinaryExpr b) {
    VectorSelector left = plain(b.left());
    if (left == null || !needsBoth(b)) {
      return false;
    }
    VectorSelector right = plain(b.right());
    return right == null || conditions(right) > conditions(left);
  }

  private static int conditions(VectorSelector v) {
    int n = 0;
    for (Matcher m : v.matchers()) {
      n += m.type() == Matcher.Type.EQUAL ? 2 : m.matchesEmpty() ? 0 : 1;
    }
    return n;
  }

  /** Returns whether no side can have two series in one match group. */
  private boolean isUniqueJoin(BinaryExpr b) {
    VectorMatching m = b.matching();
    return m != null
        && !b.op().isSet()
        && !m.on()
        && m.labels().isEmpty()
        && m.fillLeft() == null
        && m.fillRight() == null
        && !typeAndUnitLabels
        && isOneMetric(b.left())
        && isOneMetric(b.right());
  }

  private static boolean isOneMetric(Expr e) {
    VectorSelector v = plain(e);
    return v != null
        && v.matchers().stream()
            .anyMatch(m -> m.name().equals(Labels.METRIC_NAME) && m.type() == Matcher.Type.EQUAL);
  }

  /** Returns the conditions on compared labels that all series of a side satisfy. */
  private List<Matcher> compared(BinaryExpr b, Expr side) {
    VectorMatching m = b.matching();
    List<Matcher> out = new ArrayList<>();
    if (m == null) {
      return out;
    }
    for (Matcher x : met(side)) {
      boolean selective =
          x.type() == Matcher.Type.EQUAL || (x.type() == Matcher.Type.REGEX && !x.matchesEmpty());
      if (selective && isCompared(m, x.name())) {
        out.add(x);
      }
    }
    return out;
  }

  private boolean isCompared(VectorMatching m, String label) {
    if (label.equals(Labels.METRIC_NAME)) {
      return false;
    }
    if (m.on()) {
      return m.labels().contains(label);
    }
    boolean special = label.equals("__type__") || label.equals("__unit__");
    return !m.labels().contains(label) && !(typeAndUnitLabels && special);
  }

  /** Returns conditions that all series of a vector satisfy, except on the metric name. */
  private List<Matcher> met(Expr e) {
    return switch (Expressions.unwrap(e)) {
      case VectorSelector v -> v.matchers();
      case MatrixSelector m -> m.selector().matchers();
      case UnaryExpr u -> met(u.expr());
      case BinaryExpr b -> ofOperator(b);
      case AggregateExpr a -> ofAggregation(a);
      case Call c -> ofCall(c);
      default -> List.of();
    };
  }

  private List<Matcher> ofOperator(BinaryExpr b) {
    if (b.left().type() == ValueType.SCALAR) {
      return met(b.right());
    }
    // the labels are those of the left side; long chains are not followed
    boolean left =
        b.right().type() == ValueType.SCALAR || b.op() == BinaryOp.AND || b.op() == BinaryOp.UNLESS;
    return left && !(b.left() instanceof BinaryExpr) ? met(b.left()) : List.of();
  }

  private List<Matcher> ofAggregation(AggregateExpr a) {
    return switch (a.op()) {
      case TOPK, BOTTOMK, LIMITK, LIMIT_RATIO -> met(a.expr());
      case COUNT_VALUES -> List.of();
      default ->
          met(a.expr()).stream()
              .filter(m -> a.grouping().contains(m.name()) != a.without())
              .toList();
    };
  }

  /** Functions over ranges keep all labels but the name. */
  private List<Matcher> ofCall(Call c) {
    if (!functions.of(c).isPerSeries()) {
      return List.of();
    }
    for (Expr a : c.arguments()) {
      if (a.type() == ValueType.MATRIX) {
        return Expressions.unwrap(a) instanceof MatrixSelector m
            ? m.selector().matchers()
            : List.of();
      }
    }
    return List.of();
  }
}
