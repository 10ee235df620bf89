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
import io.narthex.promql.Printer;
import io.narthex.promql.ValueType;
import io.narthex.promql.VectorMatching;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Syntax trees in the shape of {@code /api/v1/parse_query}; keys are sorted. */
public final class SyntaxTree {
  private SyntaxTree() {}

  public static Map<String, @Nullable Object> of(Expr e) {
    Map<String, @Nullable Object> out = new TreeMap<>();
    out.put("type", kind(e));
    switch (e) {
      case NumberLiteral n ->
          out.put("val", Printer.print(new NumberLiteral(n.value(), false, n.position())));
      case StringLiteral s -> out.put("val", s.value());
      case VectorSelector v -> selector(out, v);
      case MatrixSelector m -> {
        selector(out, m.selector());
        out.put("range", m.rangeMs());
      }
      case SubqueryExpr s -> {
        out.put("expr", of(s.expr()));
        out.put("range", s.rangeMs());
        out.put("step", s.stepMs());
        time(out, s.offsetMs(), s.at());
      }
      case ParenExpr p -> out.put("expr", of(p.expr()));
      case UnaryExpr u -> {
        out.put("op", u.minus() ? "-" : "+");
        out.put("expr", of(u.expr()));
      }
      case BinaryExpr b -> {
        out.put("op", b.op().symbol());
        out.put("lhs", of(b.left()));
        out.put("rhs", of(b.right()));
        out.put("bool", b.returnBool());
        VectorMatching m = b.matching();
        out.put("matching", m == null ? null : matching(m));
      }
      case AggregateExpr a -> {
        Expr param = a.param();
        out.put("op", a.op().text());
        out.put("expr", of(a.expr()));
        out.put("param", param == null ? null : of(param));
        out.put("grouping", a.grouping());
        out.put("without", a.without());
      }
      case Call c -> {
        Map<String, @Nullable Object> f = new TreeMap<>();
        f.put("name", c.function().name());
        f.put("argTypes", c.function().arguments().stream().map(ValueType::text).toList());
        f.put("variadic", c.function().variadic());
        f.put("returnType", c.function().returnType().text());
        out.put("func", f);
        out.put("args", c.arguments().stream().map(SyntaxTree::of).toList());
      }
    }
    return out;
  }

  static String kind(Expr e) {
    return switch (e) {
      case NumberLiteral _ -> "numberLiteral";
      case StringLiteral _ -> "stringLiteral";
      case VectorSelector _ -> "vectorSelector";
      case MatrixSelector _ -> "matrixSelector";
      case SubqueryExpr _ -> "subquery";
      case ParenExpr _ -> "parenExpr";
      case UnaryExpr _ -> "unaryExpr";
      case BinaryExpr _ -> "binaryExpr";
      case AggregateExpr _ -> "aggregation";
      case Call _ -> "call";
    };
  }

  /** Returns the direct parts of an expression. */
  public static List<Expr> children(Expr e) {
    return switch (e) {
      case NumberLiteral _, StringLiteral _, VectorSelector _, MatrixSelector _ -> List.of();
      case SubqueryExpr s -> List.of(s.expr());
      case ParenExpr p -> List.of(p.expr());
      case UnaryExpr u -> List.of(u.expr());
      case BinaryExpr b -> List.of(b.left(), b.right());
      case AggregateExpr a -> {
        Expr param = a.param();
        yield param == null ? List.of(a.expr()) : List.of(param, a.expr());
      }
      case Call c -> c.arguments();
    };
  }

  private static void selector(Map<String, @Nullable Object> out, VectorSelector v) {
    List<Object> matchers = new ArrayList<>();
    for (Matcher m : v.matchers()) {
      Map<String, Object> one = new TreeMap<>();
      one.put("name", m.name());
      one.put("type", m.type().symbol());
      one.put("value", m.value());
      matchers.add(one);
    }
    out.put("name", v.name());
    out.put("matchers", matchers);
    out.put("anchored", v.mode() == RangeMode.ANCHORED);
    out.put("smoothed", v.mode() == RangeMode.SMOOTHED);
    time(out, v.offsetMs(), v.at());
  }

  private static void time(Map<String, @Nullable Object> out, long offsetMs, @Nullable At at) {
    out.put("offset", offsetMs);
    out.put("timestamp", at != null && at.kind() == At.Kind.FIXED ? at.timestampMs() : null);
    out.put(
        "startOrEnd",
        at == null
            ? null
            : switch (at.kind()) {
              case FIXED -> null;
              case START -> "start";
              case END -> "end";
            });
  }

  private static Map<String, @Nullable Object> matching(VectorMatching m) {
    Map<String, @Nullable Object> out = new TreeMap<>();
    out.put("card", m.card().text());
    out.put("labels", m.labels());
    out.put("on", m.on());
    out.put("include", m.include());
    Map<String, @Nullable Object> fill = new TreeMap<>();
    fill.put("lhs", m.fillLeft());
    fill.put("rhs", m.fillRight());
    out.put("fillValues", fill);
    return out;
  }
}
