package io.narthex.query.oracle;

import io.narthex.model.Labels;
import io.narthex.promql.BinaryOp;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.VectorMatching;
import io.narthex.promql.VectorMatching.Card;
import io.narthex.query.BitExact;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The operators between two expressions. */
final class Operators {
  private final Oracle oracle;

  Operators(Oracle oracle) {
    this.oracle = oracle;
  }

  Oracle.Value eval(BinaryExpr b, long t) {
    Oracle.Value left = oracle.eval(b.left(), t);
    Oracle.Value right = oracle.eval(b.right(), t);
    if (left instanceof Oracle.Value.Scalar l && right instanceof Oracle.Value.Scalar r) {
      double v =
          b.op().isComparison()
              ? (holds(b.op(), l.value(), r.value()) ? 1 : 0)
              : calculate(b.op(), l.value(), r.value());
      return new Oracle.Value.Scalar(v);
    }
    List<Element> out;
    if (left instanceof Oracle.Value.Vector l && right instanceof Oracle.Value.Vector r) {
      VectorMatching m = Objects.requireNonNull(b.matching());
      out =
          b.op().isSet()
              ? sets(b.op(), m, l.elements(), r.elements())
              : new Join(b, m).run(l.elements(), r.elements());
      out = oracle.unordered(out);
    } else if (right instanceof Oracle.Value.Scalar r) {
      out = withNumber(b, ((Oracle.Value.Vector) left).elements(), r.value(), false);
    } else {
      double number = ((Oracle.Value.Scalar) left).value();
      out = withNumber(b, ((Oracle.Value.Vector) right).elements(), number, true);
    }
    return new Oracle.Value.Vector(Oracle.unique(out));
  }

  private static double calculate(BinaryOp op, double l, double r) {
    return switch (op) {
      case ADD -> l + r;
      case SUB -> l - r;
      case MUL -> l * r;
      case DIV -> l / r;
      case MOD -> l % r;
      case POW -> BitExact.pow(l, r);
      case ATAN2 -> BitExact.atan2(l, r);
      default -> throw new IllegalArgumentException("not arithmetic: " + op);
    };
  }

  private static boolean holds(BinaryOp op, double l, double r) {
    return switch (op) {
      case EQL -> l == r;
      case NEQ -> l != r;
      case LSS -> l < r;
      case LTE -> l <= r;
      case GTR -> l > r;
      case GTE -> l >= r;
      default -> throw new IllegalArgumentException("no comparison: " + op);
    };
  }

  private List<Element> withNumber(
      BinaryExpr b, List<Element> in, double number, boolean numberFirst) {
    List<Element> out = new ArrayList<>();
    for (Element e : in) {
      double l = numberFirst ? number : e.value();
      double r = numberFirst ? e.value() : number;
      if (!b.op().isComparison()) {
        out.add(oracle.nameless(e, calculate(b.op(), l, r)));
      } else if (b.returnBool()) {
        out.add(oracle.nameless(e, holds(b.op(), l, r) ? 1 : 0));
      } else if (holds(b.op(), l, r)) {
        out.add(e);
      }
    }
    return out;
  }

  /** Returns what two elements have to agree in. */
  private static Labels signature(VectorMatching m, Labels labels) {
    Set<String> names = new HashSet<>(m.labels());
    return m.on() ? labels.keep(names) : labels.without(Labels.METRIC_NAME).drop(names);
  }

  private static List<Element> sets(
      BinaryOp op, VectorMatching m, List<Element> left, List<Element> right) {
    Set<Labels> inLeft = new HashSet<>();
    left.forEach(e -> inLeft.add(signature(m, e.labels())));
    Set<Labels> inRight = new HashSet<>();
    right.forEach(e -> inRight.add(signature(m, e.labels())));
    List<Element> out = new ArrayList<>();
    for (Element e : left) {
      boolean both = inRight.contains(signature(m, e.labels()));
      if (op == BinaryOp.OR || both == (op == BinaryOp.AND)) {
        out.add(e);
      }
    }
    if (op == BinaryOp.OR) {
      for (Element e : right) {
        if (!inLeft.contains(signature(m, e.labels()))) {
          out.add(e);
        }
      }
    }
    return out;
  }

  /** One match of two vectors; the right one is the "one" side, or they are swapped. */
  private final class Join {
    private final BinaryExpr expr;
    private final VectorMatching matching;
    private final boolean swapped;
    private final List<Element> out = new ArrayList<>();
    private final Map<Labels, Set<Labels>> made = new HashMap<>();

    Join(BinaryExpr expr, VectorMatching matching) {
      this.expr = expr;
      this.matching = matching;
      this.swapped = matching.card() == Card.ONE_TO_MANY;
    }

    List<Element> run(List<Element> left, List<Element> right) {
      List<Element> many = swapped ? right : left;
      List<Element> one = swapped ? left : right;
      Double manyFill = matching.fillLeft(); // also with group_right, which swaps first
      Double oneFill = matching.fillRight();
      boolean fills = manyFill != null || oneFill != null;
      if (!fills && (many.isEmpty() || one.isEmpty())) {
        return out;
      }
      Map<Labels, Element> ones = new HashMap<>();
      for (Element o : one) {
        if (ones.put(signature(matching, o.labels()), o) != null) {
          throw new OracleException("found duplicate series for the match group");
        }
      }
      Set<Labels> met = new HashSet<>();
      for (Element m : many) {
        Labels key = signature(matching, m.labels());
        Element o = ones.get(key);
        met.add(key);
        if (o != null || oneFill != null) {
          pair(m, o != null ? o : filled(key, oneFill), key);
        }
      }
      if (manyFill != null) {
        for (Element o : one) {
          Labels key = signature(matching, o.labels());
          if (!met.contains(key)) {
            pair(filled(key, manyFill), o, key);
          }
        }
      }
      return out;
    }

    private static Element filled(Labels key, @Nullable Double value) {
      return new Element(key, false, Objects.requireNonNull(value));
    }

    private void pair(Element m, Element o, Labels key) {
      BinaryOp op = expr.op();
      double l = swapped ? o.value() : m.value();
      double r = swapped ? m.value() : o.value();
      double v;
      boolean keep = true;
      if (!op.isComparison()) {
        v = calculate(op, l, r);
      } else {
        keep = holds(op, l, r);
        v = expr.returnBool() ? (keep ? 1 : 0) : l;
      }
      Labels labels = resultLabels(m.labels(), o.labels());
      boolean drop = m.dropName();
      if (expr.returnBool()) {
        drop = oracle.query.delayedNames();
        labels = drop ? labels : Oracle.withoutName(labels);
      }
      // two partners are an error even when the comparison drops one of them
      Set<Labels> before = made.computeIfAbsent(key, k -> new HashSet<>());
      if (matching.card() == Card.ONE_TO_ONE && !before.isEmpty()) {
        throw new OracleException("multiple matches for labels: many-to-one must be explicit");
      }
      if (matching.card() == Card.ONE_TO_ONE) {
        before.add(labels);
      }
      if (!keep && !expr.returnBool()) {
        return;
      }
      if (matching.card() != Card.ONE_TO_ONE && !before.add(labels)) {
        throw new OracleException("multiple matches for labels: grouping labels must be unique");
      }
      out.add(new Element(labels, drop, v));
    }

    private Labels resultLabels(Labels many, Labels one) {
      Labels labels = many;
      if (!expr.op().isComparison()) {
        labels = Oracle.withoutName(labels);
      }
      if (matching.card() == Card.ONE_TO_ONE) {
        Set<String> names = new HashSet<>(matching.labels());
        labels = matching.on() ? labels.keep(names) : labels.drop(names);
      }
      for (String name : matching.include()) {
        labels = labels.with(name, one.get(name));
      }
      return labels;
    }
  }
}
