package io.narthex.query.script;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.At;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.Printer;
import io.narthex.query.functions.FunctionKernel;
import io.narthex.query.functions.FunctionKernel.Time;
import io.narthex.query.functions.FunctionTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Fixes all selectors of an expression to one time, so that it can be evaluated at any other. */
final class PinnedTime {
  private static final class DependsOnTime extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private PinnedTime() {}

  /** Returns the expression with {@code @}, or null when it depends on the time in other ways. */
  static @Nullable String pin(Expr e, long timeMs) {
    try {
      return Printer.print(pin(e, new At(At.Kind.FIXED, timeMs)));
    } catch (DependsOnTime x) {
      return null;
    }
  }

  private static Expr pin(Expr e, At at) {
    return switch (e) {
      case Expr.NumberLiteral n -> n;
      case Expr.StringLiteral s -> s;
      case VectorSelector v -> pin(v, at);
      case MatrixSelector m ->
          new MatrixSelector(pin(m.selector(), at), m.rangeMs(), m.rangeExpr(), m.end());
      case SubqueryExpr s ->
          new SubqueryExpr(
              s.expr(),
              s.rangeMs(),
              s.rangeExpr(),
              s.stepMs(),
              s.stepExpr(),
              s.offsetMs(),
              s.offsetExpr(),
              isFixed(s.at()) ? s.at() : at,
              s.end());
      case Expr.ParenExpr p -> new Expr.ParenExpr(pin(p.expr(), at), p.position());
      case Expr.UnaryExpr u -> new Expr.UnaryExpr(u.minus(), pin(u.expr(), at), u.position());
      case Expr.BinaryExpr b ->
          new Expr.BinaryExpr(
              b.op(),
              pin(b.left(), at),
              pin(b.right(), at),
              b.matching(),
              b.returnBool(),
              b.type(),
              b.position());
      case Expr.AggregateExpr a -> {
        Expr param = a.param();
        yield new Expr.AggregateExpr(
            a.op(),
            pin(a.expr(), at),
            param == null ? null : pin(param, at),
            a.grouping(),
            a.without(),
            a.position());
      }
      case Expr.Call c -> {
        FunctionKernel kernel =
            Objects.requireNonNull(FunctionTable.builtIn().get(c.function().name()));
        if (kernel.time() == Time.STEP || kernel.time() == Time.QUERY) {
          throw new DependsOnTime();
        }
        List<Expr> arguments = new ArrayList<>();
        for (Expr x : c.arguments()) {
          boolean selectorOnly = kernel.selects() && arguments.size() == 1;
          arguments.add(selectorOnly ? x : pin(x, at));
        }
        yield new Expr.Call(c.function(), arguments, c.position());
      }
    };
  }

  private static boolean isFixed(@Nullable At at) {
    return at != null && at.kind() == At.Kind.FIXED;
  }

  private static VectorSelector pin(VectorSelector v, At at) {
    return new VectorSelector(
        v.name(),
        v.matchers(),
        v.offsetMs(),
        v.offsetExpr(),
        isFixed(v.at()) ? v.at() : at,
        v.mode(),
        v.matchersOnly(),
        v.position());
  }

  /** Returns whether the value depends on where the query starts and ends. */
  static boolean usesQueryTimes(String expression) {
    String e = expression.replace(" ", "");
    return e.contains("start()")
        || e.contains("end()")
        || e.contains("step()")
        || e.contains("range()");
  }
}
